/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers whose command was refused. Nobody waits for the answer of a timer, and it does not fire again: a refusal would
 * vanish without a trace. None is expected; so each is counted by its command, and said on stderr, a few a minute.
 *
 * timer_watch_commit is an observer of the engine's, one call at a time; the counts may be read from any thread.
 */
#ifndef DOORS_TIMER_WATCH_H
#define DOORS_TIMER_WATCH_H

#include <stdatomic.h>

#include "doors/metrics.h"
#include "engine/engine.h"

#define TIMER_WATCH_KINDS 32
#define TIMER_WATCH_SAID_MAX 10 /* lines a minute; how many were left out is said with the next */

struct timer_watch {
    struct timer_watch_kind {
        const struct command *_Atomic command; /* NULL: a free place, and so are all behind it */
        atomic_uint_fast64_t refused;
    } kinds[TIMER_WATCH_KINDS];
    /* of the observer alone */
    int64_t minute_us; /* when the minute began; the engine's clock */
    int32_t said, left_out;
};

void timer_watch_init(struct timer_watch *watch);
/* A commit_observer; `context` is the struct. */
void timer_watch_commit(void *context, const struct commit *commit);
/* Refusals of one timer's command so far. */
uint64_t timer_watch_count(const struct timer_watch *watch, const struct command *command);
/* onetill_timers_refused_total, a line for each command that was refused. */
void timer_watch_metrics(const struct timer_watch *watch, struct metrics_text *text);

#endif
