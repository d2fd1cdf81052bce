/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picks members out of answers that this program wrote itself, tens of thousands a second: by searching for the
 * name, without parsing. The first member of that name is taken, whatever object it stands in, and strings are
 * given as they stand there, escapes included. Not for anybody else's JSON. Pure, any thread.
 */
#ifndef APP_JSON_MEMBER_H
#define APP_JSON_MEMBER_H

#include "base/span.h"

/* The text of a value; a string without its quotes. `key` has at most 60 bytes. */
bool json_member(struct span json, const char *key, struct span *value);
/* The same as a number; `otherwise` when it is missing or none. */
int64_t json_member_i64(struct span json, const char *key, int64_t otherwise);

#endif
