/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/timer_watch.h"

#include <stdio.h>

#include "engine/engine_rows.h"

#define MINUTE_US INT64_C(60000000)

void timer_watch_init(struct timer_watch *watch)
{
    memset(watch, 0, sizeof(*watch));
}

/* Its place, or that of a command that is new; more commands than places are a bug. */
static struct timer_watch_kind *kind_of(struct timer_watch *watch, const struct command *command)
{
    for (size_t i = 0; i < TIMER_WATCH_KINDS; i++) {
        const struct command *known = atomic_load(&watch->kinds[i].command);
        if (known == NULL) {
            atomic_store(&watch->kinds[i].command, command);
        }
        if (known == NULL || known == command) {
            return &watch->kinds[i];
        }
    }
    assert(!"there are more timers than places");
    return NULL;
}

static void say(struct timer_watch *watch, const struct commit *commit, const struct call *call)
{
    const struct timer_row *timer = call->request;
    if (commit->at_us - watch->minute_us >= MINUTE_US) {
        watch->minute_us = commit->at_us;
        watch->said = 0;
    }
    if (watch->said == TIMER_WATCH_SAID_MAX) {
        watch->left_out++;
        return;
    }
    fprintf(stderr, "onetill: the timer %s of %lld was refused: %s", call->command->name,
            (long long)timer->subject_id, refusal_text((int)call->refusal)->name);
    if (watch->left_out > 0) {
        fprintf(stderr, " (%d others were not said)", watch->left_out);
    }
    fprintf(stderr, "\n");
    watch->said++;
    watch->left_out = 0;
}

void timer_watch_commit(void *context, const struct commit *commit)
{
    struct timer_watch *watch = context;
    for (const struct call *call = commit->calls; call != NULL; call = call->next) {
        bool refused = call->command->request == &timer_due_shape && call->status == STATUS_ok &&
                       call->refusal != REFUSAL_none;
        if (refused) {
            atomic_fetch_add(&kind_of(watch, call->command)->refused, 1);
            say(watch, commit, call);
        }
    }
}

uint64_t timer_watch_count(const struct timer_watch *watch, const struct command *command)
{
    for (size_t i = 0; i < TIMER_WATCH_KINDS; i++) {
        if (atomic_load(&watch->kinds[i].command) == command) {
            return atomic_load(&watch->kinds[i].refused);
        }
    }
    return 0;
}

void timer_watch_metrics(const struct timer_watch *watch, struct metrics_text *text)
{
    metrics_text_head(text, "onetill_timers_refused_total", "counter",
                      "Timers whose command was refused. None is expected: each is said on stderr.");
    for (size_t i = 0; i < TIMER_WATCH_KINDS; i++) {
        const struct command *command = atomic_load(&watch->kinds[i].command);
        if (command != NULL) {
            metrics_text_labelled(text, "onetill_timers_refused_total", "timer", command->name,
                                  (int64_t)atomic_load(&watch->kinds[i].refused));
        }
    }
}
