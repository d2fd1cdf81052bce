/* SPDX-License-Identifier: Apache-2.0 */
/* Content of a request of the Alipay door: whatever another reader takes is taken, with the same names and texts. */
#include <jansson.h>

#include "doors/alipay/json_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void agree(const struct json_value *ours, json_t *theirs)
{
    size_t index = 0;
    if (json_is_object(theirs)) {
        assert(ours->kind == JSON_object);
        assert(ours->count == json_object_size(theirs));
        for (const struct json_value *member = ours->first; member != NULL; member = member->next) {
            json_t *other = json_object_getn(theirs, member->name.bytes, member->name.size);
            assert(other != NULL);
            agree(member, other);
        }
    } else if (json_is_array(theirs)) {
        assert(ours->kind == JSON_list);
        assert(ours->count == json_array_size(theirs));
        for (const struct json_value *element = ours->first; element != NULL; element = element->next) {
            agree(element, json_array_get(theirs, index++));
        }
    } else if (json_is_string(theirs)) {
        struct span text = { json_string_value(theirs), json_string_length(theirs) };
        assert(ours->kind == JSON_text);
        assert(span_equal(ours->text, text));
    } else {
        assert(ours->kind != JSON_object);
        assert(ours->kind != JSON_list);
        assert(json_is_number(theirs) == (ours->kind == JSON_number));
    }
}

static bool is_within_limits(json_t *value, int depth, unsigned *values)
{
    const char *name;
    json_t *member;
    size_t index;
    bool inside = json_is_object(value) || json_is_array(value);
    if ((inside && depth >= JSON_IN_DEPTH_MAX) || ++*values > JSON_IN_VALUES_MAX ||
        json_object_size(value) > JSON_IN_MEMBERS_MAX) {
        return false;
    }
    json_object_foreach(value, name, member) {
        if (!is_within_limits(member, depth + 1, values)) {
            return false;
        }
    }
    json_array_foreach(value, index, member) {
        if (!is_within_limits(member, depth + 1, values)) {
            return false;
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    unsigned values = 0;
    arena_init(&arena, 64 * 1024, 16 * 1024 * 1024);
    const struct json_value *ours = json_in_read((struct span){ (const char *)data, size }, &arena);
    /* The other one takes a zero for the end. */
    bool zero = size > 0 && memchr(data, '\0', size) != NULL;
    json_t *theirs =
        zero ? NULL : json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (theirs != NULL && is_within_limits(theirs, 0, &values)) {
        assert(ours != NULL);
        agree(ours, theirs);
    }
    json_decref(theirs);
    arena_release(&arena);
    return 0;
}
