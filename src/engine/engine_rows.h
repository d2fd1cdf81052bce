/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's own rows: kept requests (idempotency), due timers, and where ids and time stand. */
#ifndef ENGINE_ENGINE_ROWS_H
#define ENGINE_ENGINE_ROWS_H

#include "engine/row.h"
#include "engine/view.h"

/* One kept request per key and caller: the same request again gets the same answer for the life of the store. */
struct request_row {
    char request_key[REQUEST_KEY_SIZE]; /* first in the key: time-ordered keys (UUIDv7) stay together */
    int32_t caller_kind;
    int64_t caller_id;
    int32_t command; /* number */
    int32_t refusal; /* 0: none */
    uint8_t body_hash[16];
    int64_t decided_at_us;
    struct pack answer; /* packed by the command's answer shape; empty when refused */
};

/* Something that shall happen at a time. It is dropped by the engine when it fires. */
struct timer_row {
    int64_t due_us;
    int32_t kind;       /* index into the engine's timer commands */
    int64_t subject_id; /* what it is about */
    int64_t set_us;
};

/* One row: the high-water marks that make ids and time strictly increasing across restarts. */
struct progress_row {
    int32_t one; /* always 1 */
    int64_t now_us;
    int64_t id_last;
    int64_t batch;
};

extern const struct table request_table;
extern const struct table timer_table;
extern const struct table progress_table;

/* Sets or drops a timer from inside a decision. Both may be called again with the same values. */
void timer_set(struct view *view, int64_t now_us, int64_t due_us, int32_t kind, int64_t subject_id);
void timer_drop(struct view *view, int64_t due_us, int32_t kind, int64_t subject_id);

/* What a timer command is called with. */
struct timer_due {
    int64_t due_us;
    int64_t subject_id;
};
extern const struct shape timer_due_shape;

/* For commands without a request or without an answer. */
struct nothing {
    int32_t none;
};
extern const struct shape nothing_shape;

#endif
