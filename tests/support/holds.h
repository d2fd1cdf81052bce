/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's holds as commands, for tests: no line of business offers them by themselves. */
#ifndef TESTS_SUPPORT_HOLDS_H
#define TESTS_SUPPORT_HOLDS_H

#include "engine/command.h"

struct hold_request {
    int64_t shopper_id; /* hold_take: from this wallet */
    int64_t amount_minor;
    int64_t keep_s;     /* hold_take: until it lapses */
    int64_t hold_id;    /* the others */
    int64_t shop_id;    /* hold_capture: to this shop's takings */
};

struct hold_answer {
    int64_t hold_id;
};

extern const struct command hold_take, hold_capture, hold_release;
extern const struct command *const hold_commands[]; /* NULL-terminated */

#endif
