/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one batch, as a decision sees them. `view_ask` hands out a row by key; when it is not at hand
 * the row comes back empty, the view remembers that something was missing, and the engine throws the
 * decision's outcome away, fetches everything the batch lacked and decides again. Rows are valid until the
 * decision returns and are changed only after `view_change` or `view_drop`.
 *
 * A refused decision leaves no trace: its changes are taken back to the last `view_keep` (normally none).
 * Deciding thread only. Memory is the batch's arena.
 */
#ifndef ENGINE_VIEW_H
#define ENGINE_VIEW_H

#include "base/arena.h"
#include "engine/store.h"

struct slot;
struct undo;

struct view {
    struct store *store;
    struct arena arena;
    struct slot **index;   /* open addressing, `index_count` a power of two */
    uint32_t index_count;
    struct slot **slots;   /* in order of first asking */
    uint32_t slot_count;
    struct undo *undo;     /* newest first, of the current decision */
    struct undo *kept;     /* what a refusal rewinds to */
    uint64_t stamp;        /* of the current decision and its `view_keep`s; never comes round */
    int64_t version_most;  /* of a shared store: highest version of a row that another node wrote */
    int64_t id_before;     /* the last id of the batches before; the engine sets it */
    bool missed;           /* the current decision asked for a row that is not at hand */
    uint32_t missing_count; /* rows to fetch, of all decisions since the last `view_load` */
    struct row_want *missing; /* BATCH_ROWS_MAX */
    struct slot **missing_slots;
};

void view_init(struct view *view, struct store *store);
void view_release(struct view *view);
/* Forgets all rows, for the next batch. */
void view_reset(struct view *view);

/* ---- for decisions ---- */

/* The row with the key members of `key` (a struct of the table's type). */
const void *view_ask(struct view *view, const struct table *table, const void *key);
/* Whether a row handed out by this view exists. */
bool row_exists(const void *row);
/* The same row for writing; it exists from now on. Key members must not be changed. */
void *view_change(struct view *view, const void *row);
/*
 * A row for writing whose key says by itself that there is none yet: the store is not asked. For keys that
 * hold the moment or a fresh id, which are others at each round of deciding: asked for, such a row would be
 * missing again and again. Should it exist after all, it is replaced.
 */
void *view_new(struct view *view, const struct table *table, const void *key);
void view_drop(struct view *view, const void *row);
/* What was changed until here stays even when the command is refused later (a pay code is burnt). */
void view_keep(struct view *view);

/* Whether the decision has asked for a row that is not at hand: it is decided again when it is. */
bool view_missed(const struct view *view);
/*
 * Whether rows may contradict each other: one is not at hand, or the store is shared, where another process may have
 * changed some of them since others were read. The batch is decided anew then; so what holds between several rows is
 * asserted only when this is false, and otherwise the decision goes on with what it has.
 */
bool view_unsure(const struct view *view);

/* ---- for the engine ---- */

void view_begin(struct view *view);
/* Takes the decision's changes back: to the last `view_keep`, or all of them. */
void view_rewind(struct view *view, bool all);
/* Fetches all rows that were missing. */
MUST_CHECK enum status view_load(struct view *view);
/* All changed rows of the batch into `changes` (at least `slot_count` entries); returns their number. */
size_t view_changes(struct view *view, struct row_change *changes);
/* All rows that the store was asked for and that are not among them, as it answered; of a shared store. */
size_t view_reads(struct view *view, struct row_change *reads);
/* A row outside of any view, for observers: `row_exists` and `row_before` work on it. An image without bytes
 * says that the row did not exist. NULL when the bytes make no sense. */
const void *row_image(struct arena *arena, const struct table *table, struct span key, struct span before,
                      struct span image);
/* The row's image before this batch; NULL when it did not exist then. For checks at the end of a batch. */
const void *row_before(const void *row);

#endif
