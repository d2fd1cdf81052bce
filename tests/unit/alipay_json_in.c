/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader of the Alipay door: what it takes, what it refuses, and that another reader agrees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>

#include "base/hash.h"
#include "doors/alipay/json_in.h"

static struct arena arena;

static int arena_setup(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024, 64 * 1024 * 1024);
    return 0;
}

static int arena_teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const struct json_value *read_text(const char *text)
{
    arena_rewind(&arena);
    return json_in_read(span_of(text), &arena);
}

static void members_are_found_by_name(void **state)
{
    const struct json_value *object =
        read_text(" {\"a\" : 1.50 , \"b\":\"x\",\"c\":null,\"d\":[true,false,{}],\"\":-0.1e+2} ");
    (void)state;
    assert_non_null(object);
    assert_int_equal(object->kind, JSON_object);
    assert_int_equal(object->count, 5);
    assert_true(span_equal(json_in_plain(json_in_member(object, "a")), SPAN("1.50")));
    assert_true(span_equal(json_in_plain(json_in_member(object, "b")), SPAN("x")));
    assert_null(json_in_member(object, "c")); /* null counts as not there */
    assert_null(json_in_member(object, "e"));
    assert_true(span_equal(json_in_plain(json_in_member(object, "")), SPAN("-0.1e+2")));
    const struct json_value *list = json_in_member(object, "d");
    assert_int_equal(list->kind, JSON_list);
    assert_int_equal(list->count, 3);
    assert_true(span_equal(list->text, SPAN("[true,false,{}]")));
    assert_int_equal(list->first->kind, JSON_true);
    assert_int_equal(list->first->next->next->kind, JSON_object);
    assert_null(json_in_member(list, "a"));
    assert_null(json_in_member(NULL, "a"));
    assert_null(json_in_plain(list).bytes);
}

static void texts_are_decoded(void **state)
{
    static const struct {
        const char *json, *text;
    } cases[] = {
        { "\"\"", "" },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
        { "\"\\u0041\\u00e9\\u4e2D\\uD83D\\uDE00\"", "A\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80" },
        { "\"\xE4\xB8\xAD\"", "\xE4\xB8\xAD" },
        { "\"a\nb\"", "a\nb" }, /* clients do send that */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct json_value *value = read_text(cases[i].json);
        if (value == NULL || !span_equal(value->text, span_of(cases[i].text))) {
            fail_msg("%s is read wrongly", cases[i].json);
        }
    }
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const cases[] = {
        "",         " ",         "{",          "}",           "{\"a\"}",      "{\"a\":}",     "{\"a\":1,}",
        "[1,]",     "[1 2]",     "01",         "1.",          ".5",           "-",            "1e",
        "+1",       "nul",       "truex",      "\"a",         "\"\\\"",       "\"\\x\"",      "\"\\u12\"",
        "\"\\u0000\"", "\"\\uD800\"", "\"\\uDC00\"", "\"\\uD800\\u0041\"", "\"\xC0\x80\"",
        "\"\xED\xA0\x80\"", "\"\xFF\"",
        "{} {}",    "{\"a\":1,\"a\":2}", "{'a':1}", "{a:1}",  "[",            "\"\\",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (read_text(cases[i]) != NULL) {
            fail_msg("%s is taken", cases[i]);
        }
    }
    assert_null(json_in_read((struct span){ "\"a\0b\"", 5 }, &arena));
}

static void limits_hold(void **state)
{
    char deep[2 * JSON_IN_DEPTH_MAX + 8];
    static char wide[2 * JSON_IN_VALUES_MAX + 16], members[JSON_IN_MEMBERS_MAX * 16];
    size_t size = 0;
    (void)state;
    for (int more = 0; more < 2; more++) {
        size_t depth = JSON_IN_DEPTH_MAX + (size_t)more;
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        assert_int_equal(json_in_read((struct span){ deep, 2 * depth }, &arena) != NULL, more == 0);
        arena_rewind(&arena);
        size_t count = JSON_IN_VALUES_MAX - 1 + (size_t)more; /* and the list itself */
        wide[0] = '[';
        for (size_t i = 0; i < count; i++) {
            memcpy(wide + 1 + 2 * i, "1,", 2);
        }
        wide[2 * count] = ']';
        assert_int_equal(json_in_read((struct span){ wide, 2 * count + 1 }, &arena) != NULL, more == 0);
        arena_rewind(&arena);
    }
    for (int i = 0; i < JSON_IN_MEMBERS_MAX; i++) {
        size += (size_t)snprintf(members + size, sizeof(members) - size, "%c\"m%d\":1", i == 0 ? '{' : ',', i);
    }
    members[size] = '}';
    assert_non_null(json_in_read((struct span){ members, size + 1 }, &arena));
    size += (size_t)snprintf(members + size, sizeof(members) - size, ",\"more\":1}");
    arena_rewind(&arena);
    assert_null(json_in_read((struct span){ members, size }, &arena));
}

/* ---- another reader ---- */

static void agree(const struct json_value *ours, json_t *theirs)
{
    size_t index = 0;
    switch (json_typeof(theirs)) {
    case JSON_OBJECT:
        assert_int_equal(ours->kind, JSON_object);
        assert_int_equal(ours->count, json_object_size(theirs));
        for (const struct json_value *member = ours->first; member != NULL; member = member->next) {
            json_t *other = json_object_getn(theirs, member->name.bytes, member->name.size);
            assert_non_null(other);
            agree(member, other);
        }
        break;
    case JSON_ARRAY:
        assert_int_equal(ours->kind, JSON_list);
        for (const struct json_value *element = ours->first; element != NULL; element = element->next) {
            agree(element, json_array_get(theirs, index++));
        }
        assert_int_equal(index, json_array_size(theirs));
        break;
    case JSON_STRING:
        assert_int_equal(ours->kind, JSON_text);
        assert_true(span_equal(ours->text, (struct span){ json_string_value(theirs), json_string_length(theirs) }));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        assert_int_equal(ours->kind, JSON_number);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        assert_true(ours->kind == JSON_null || ours->kind == JSON_true || ours->kind == JSON_false);
        break;
    }
}

struct inventor {
    uint64_t random;
    char *to;
    size_t size;
};

static uint64_t any(struct inventor *inventor, uint64_t below)
{
    inventor->random = hash_mix(inventor->random + UINT64_C(0x9e3779b97f4a7c15));
    return inventor->random % below;
}

static void say(struct inventor *inventor, const char *text)
{
    size_t size = strlen(text);
    memcpy(inventor->to + inventor->size, text, size);
    inventor->size += size;
}

static void value_invent(struct inventor *inventor, int depth)
{
    static const char *const plain[] = { "1", "-2.50", "1e9", "0.1E-3", "true", "null", "\"\"", "\"a/\\/\\u4e2d\"",
                                         "\"\\uD83D\\uDE00\\\"\"", "false", "\"\xE4\xB8\xAD\"" };
    static const char *const names[] = { "\"a\":", "\"b\" : ", "\"\\u0061\":", "\"c d\":" };
    uint64_t count = any(inventor, 4), kind = depth < 4 ? any(inventor, 3) : 0;
    if (kind == 0) {
        say(inventor, plain[any(inventor, COUNT_OF(plain))]);
        return;
    }
    say(inventor, kind == 1 ? "{" : "[");
    for (uint64_t i = 0; i < count; i++) {
        say(inventor, i > 0 ? any(inventor, 9) == 0 ? " ,\n" : "," : "");
        say(inventor, kind == 1 ? names[any(inventor, COUNT_OF(names))] : "");
        value_invent(inventor, depth + 1);
    }
    say(inventor, kind == 1 ? "}" : "]");
}

/* JSON, and often nearly: a byte of it is another, or missing. */
static size_t invented(uint64_t seed, char to[8192])
{
    static const char bytes[] = "{}[],:\"\\019.-e tnu\x80";
    struct inventor inventor = { .random = hash_mix(seed + 1), .to = to };
    value_invent(&inventor, 0);
    size_t at = any(&inventor, inventor.size);
    switch (any(&inventor, 3)) {
    case 0:
        to[at] = bytes[any(&inventor, sizeof(bytes) - 1)];
        break;
    case 1:
        memmove(to + at, to + at + 1, --inventor.size - at);
        break;
    default:
        break;
    }
    return inventor.size;
}

static void another_reader_agrees(void **state)
{
    char text[8192];
    unsigned taken = 0, refused = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 100000; seed++) {
        size_t size = invented(seed, text);
        arena_rewind(&arena);
        const struct json_value *ours = json_in_read((struct span){ text, size }, &arena);
        json_t *theirs = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        if ((ours != NULL) != (theirs != NULL)) {
            fail_msg("%.*s: only one reader takes it", (int)size, text);
        }
        refused += theirs == NULL;
        if (theirs != NULL) {
            taken++;
            agree(ours, theirs);
            json_decref(theirs);
        }
    }
    assert_true(taken > 10000);
    assert_true(refused > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_by_name),
        cmocka_unit_test(texts_are_decoded),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(another_reader_agrees),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
