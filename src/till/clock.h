/* SPDX-License-Identifier: Apache-2.0 */
/* The test clock's command: only servers started with --test-clock offer it, and the door moves the clock. */
#ifndef TILL_CLOCK_H
#define TILL_CLOCK_H

#include "engine/command.h"

struct clock_move {
    int64_t now_us;
};

/* Answers with the time after everything that was due by then has happened. */
extern const struct command clock_move;

#endif
