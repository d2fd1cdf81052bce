/* SPDX-License-Identifier: Apache-2.0 */
#include "app/json_member.h"

#include <stdio.h>

bool json_member(struct span json, const char *key, struct span *value)
{
    char wanted[64];
    int size = snprintf(wanted, sizeof(wanted), "\"%s\":", key);
    assert(size > 0 && (size_t)size < sizeof(wanted));
    const char *at = memmem(json.bytes, json.size, wanted, (size_t)size);
    if (at == NULL) {
        return false;
    }
    const char *end = json.bytes + json.size;
    at += size;
    bool quoted = at < end && *at == '"';
    at += quoted;
    const char *stop = at;
    while (stop < end && (quoted ? *stop != '"' : *stop != ',' && *stop != '}' && *stop != ']')) {
        stop++;
    }
    *value = (struct span){ at, (size_t)(stop - at) };
    return true;
}

int64_t json_member_i64(struct span json, const char *key, int64_t otherwise)
{
    struct span value;
    int64_t number;
    return json_member(json, key, &value) && span_to_i64(value, &number) ? number : otherwise;
}
