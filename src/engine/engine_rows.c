/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_rows.h"

static const struct column request_columns[] = {
    COLUMN(request_row, request_key),
    COLUMN(request_row, caller_kind),
    COLUMN(request_row, caller_id),
    COLUMN(request_row, command),
    COLUMN(request_row, refusal),
    COLUMN(request_row, body_hash),
    COLUMN(request_row, decided_at_us, .form = FORM_instant),
    COLUMN(request_row, answer),
};
/* Unguarded: who misses it and acts on that inserts it. */
const struct table request_table = TABLE_UNGUARDED("requests", 1, request_row, request_columns, 3);

static const struct column timer_columns[] = {
    COLUMN(timer_row, due_us, .form = FORM_instant),
    COLUMN(timer_row, kind),
    COLUMN(timer_row, subject_id),
    COLUMN(timer_row, set_us, .form = FORM_instant),
};
const struct table timer_table = TABLE("timers", 2, timer_row, timer_columns, 3);

static const struct column progress_columns[] = {
    COLUMN(progress_row, one),
    COLUMN(progress_row, now_us, .form = FORM_instant),
    COLUMN(progress_row, id_last),
    COLUMN(progress_row, batch),
};
/* Unguarded: of one node alone. */
const struct table progress_table = TABLE_UNGUARDED("progress", 3, progress_row, progress_columns, 1);

static const struct column timer_due_columns[] = {
    COLUMN(timer_due, due_us, .form = FORM_instant),
    COLUMN(timer_due, subject_id, .form = FORM_id),
};
const struct shape timer_due_shape = SHAPE("timer_due", timer_due, timer_due_columns);

static const struct column nothing_columns[] = {
    COLUMN(nothing, none, .form = FORM_hidden),
};
const struct shape nothing_shape = SHAPE("nothing", nothing, nothing_columns);

void timer_set(struct view *view, int64_t now_us, int64_t due_us, int32_t kind, int64_t subject_id)
{
    struct timer_row key = { .due_us = due_us, .kind = kind, .subject_id = subject_id };
    struct timer_row *timer = view_new(view, &timer_table, &key); /* due_us follows from the moment */
    timer->set_us = now_us;
}

void timer_drop(struct view *view, int64_t due_us, int32_t kind, int64_t subject_id)
{
    struct timer_row key = { .due_us = due_us, .kind = kind, .subject_id = subject_id };
    const struct timer_row *timer = view_ask(view, &timer_table, &key);
    if (row_exists(timer)) {
        view_drop(view, timer);
    }
}
