/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/os_clock.h"
#include "engine/internal.h"

#define ROWS_RESERVED (2 * COMMAND_ROWS_MAX) /* a batch with less room than this takes no more calls */

void batch_init(struct batch *batch, struct engine *engine)
{
    *batch = (struct batch){ .engine = engine };
    view_init(&batch->view, engine->store);
    batch->calls_tail = &batch->calls;
    arena_init(&batch->own, 1 << 16, BATCH_ARENA_SIZE_MAX);
    batch->changes = calloc(BATCH_ROWS_MAX, sizeof(batch->changes[0]));
    assert(batch->changes != NULL);
    if (engine->shared) {
        batch->reads = calloc(BATCH_ROWS_MAX, sizeof(batch->reads[0]));
        assert(batch->reads != NULL);
    }
}

void batch_release(struct batch *batch)
{
    view_release(&batch->view);
    arena_release(&batch->own);
    free(batch->changes);
    free(batch->reads);
    free(batch->timers);
}

struct call *batch_calls_take(struct batch *batch)
{
    struct call *calls = batch->calls;
    batch->calls = NULL;
    batch->calls_tail = &batch->calls;
    batch->call_count = 0;
    return calls;
}

void batch_reset(struct batch *batch)
{
    view_reset(&batch->view);
    arena_rewind(&batch->own);
    (void)batch_calls_take(batch);
    batch->change_count = 0;
}

uint32_t batch_room(const struct batch *batch)
{
    uint32_t most = batch->engine->settings.batch_calls_max;
    uint32_t rows_left = BATCH_ROWS_MAX - batch->view.slot_count;
    if (batch->call_count >= most || rows_left < ROWS_RESERVED) {
        return 0;
    }
    return (uint32_t)min_i64(most - batch->call_count, rows_left / COMMAND_ROWS_MAX);
}

static const struct request_row *request_ask(struct view *view, const struct call *call)
{
    struct request_row key = { .caller_kind = call->caller.kind, .caller_id = call->caller.id };
    memcpy(key.request_key, call->request_key, sizeof(key.request_key));
    return view_ask(view, &request_table, &key);
}

/* The key was seen before: the kept answer, or the refusal to use it for something else. */
static void request_repeat(struct call *call, const struct request_row *kept)
{
    call->repeated = true;
    call->decided_at_us = kept->decided_at_us;
    if (kept->command != (int32_t)call->command->number ||
        memcmp(kept->body_hash, call->body_hash, sizeof(kept->body_hash)) != 0) {
        call->refusal = REFUSAL_request_reused;
        call->repeated = false;
        return;
    }
    assert(refusal_text(kept->refusal) != NULL);
    call->refusal = (enum refusal)kept->refusal;
    memset(call->answer, 0, call->command->answer->size);
    if (call->refusal == REFUSAL_none) {
        struct span packed = { (const char *)kept->answer.bytes, kept->answer.size };
        bool readable = shape_unpack(call->command->answer, 0, packed, call->answer);
        assert(readable);
    }
}

static void request_keep(struct view *view, const struct call *call, const struct request_row *asked)
{
    struct request_row *kept = view_change(view, asked);
    kept->command = (int32_t)call->command->number;
    kept->refusal = (int32_t)call->refusal;
    kept->decided_at_us = call->decided_at_us;
    memcpy(kept->body_hash, call->body_hash, sizeof(kept->body_hash));
    if (call->refusal == REFUSAL_none) {
        size_t size = shape_pack(call->command->answer, 0, call->answer, kept->answer.bytes, PACK_SIZE_MAX);
        assert(size > 0);
        kept->answer.size = (uint16_t)size;
    }
}

/* A refusal that only says "not now" is not kept under the key: the same request may succeed later. */
static bool refusal_passes(enum refusal refusal)
{
    return refusal == REFUSAL_attempts_exceeded || refusal == REFUSAL_forbidden;
}

/* A timer that was dropped after it came to the heap has nothing to do. */
static bool timer_is_due(struct view *view, const struct call *call)
{
    const struct timer_row *timer = view_ask(view, &timer_table, call->request);
    if (!row_exists(timer)) {
        return false;
    }
    view_drop(view, timer);
    view_keep(view);
    return true;
}

static void decide(struct batch *batch, struct call *call, struct moment *at)
{
    struct view *view = &batch->view;
    const struct command *command = call->command;
    const void *request = call->request;
    struct timer_due due;

    call->status = STATUS_ok;
    call->repeated = false;
    call->refusal = REFUSAL_none;
    call->decided_at_us = at->now_us;
    memset(call->answer, 0, command->answer->size);
    if (call_is_timer(call)) {
        const struct timer_row *timer = call->request;
        if (!timer_is_due(view, call)) {
            return;
        }
        due = (struct timer_due){ .due_us = timer->due_us, .subject_id = timer->subject_id };
        request = &due;
    }
    const struct request_row *asked = call->request_key[0] != '\0' ? request_ask(view, call) : NULL;
    if (asked != NULL && row_exists(asked)) {
        request_repeat(call, asked);
        return;
    }
    call->refusal = command->decide(request, at, view, call->answer);
    if (call->refusal != REFUSAL_none) {
        view_rewind(view, false);
    }
    if (asked != NULL && !refusal_passes(call->refusal)) {
        request_keep(view, call, asked);
    }
}

static bool call_expired(const struct call *call, int64_t monotonic_us)
{
    return call->deadline_us != 0 && call->deadline_us < monotonic_us;
}

/*
 * Time and ids go on beyond every row that another node wrote. Returns whether a decision of this time, that
 * read such a row, was made too early.
 */
static bool clock_follow(struct engine *engine, const struct view *view, int64_t now_us)
{
    int64_t version = view->version_most;
    int64_t us = version == 0 ? 0 : moment_id_us(version) + 999; /* the writer's time may be that late */
    if (now_us > us && (version <= engine->id_last || version < moment_id_least(now_us))) {
        return false;
    }
    engine->now_us = max_i64(engine->now_us, us);
    int64_t id = version - version % NODES_MAX + engine->store->node;
    engine->id_last = max_i64(engine->id_last, id < version ? id + NODES_MAX : id);
    return true;
}

/* Decides one call; false when rows were missing and it must be decided again. */
static bool decide_once(struct batch *batch, struct call *call)
{
    struct engine *engine = batch->engine;
    int64_t clock = engine->settings.now_us(engine->settings.clock_context);
    struct moment at;
    for (;;) {
        at = engine_moment(engine, max_i64(clock, engine->now_us + 1));
        at.caller = call->caller;
        at.token_id = call->token_id;
        view_begin(&batch->view);
        decide(batch, call, &at);
        bool early = engine->shared && clock_follow(engine, &batch->view, at.now_us);
        if (view_missed(&batch->view)) {
            view_rewind(&batch->view, true);
            return false;
        }
        if (!early) {
            break;
        }
        view_rewind(&batch->view, true);
    }
    engine->now_us = at.now_us;
    engine->id_last = at.id_last;
    return true;
}

static void append_all(struct batch *batch, struct call *calls)
{
    *batch->calls_tail = calls;
    for (struct call *call = calls; call != NULL; call = call->next) {
        batch->calls_tail = &call->next;
        batch->call_count++;
    }
}

static void append(struct batch *batch, struct call *call)
{
    call->next = NULL;
    *batch->calls_tail = call;
    batch->calls_tail = &call->next;
    batch->call_count++;
}

/* Calls that ask for ever more rows: a bug of theirs, which must not end the others' business. Nothing came of them. */
static void rounds_given_up(struct batch *batch, struct call *calls)
{
    fprintf(stderr, "onetill: %s asks for rows without end; it is answered as undecided\n", calls->command->name);
    while (calls != NULL) {
        struct call *next = calls->next;
        calls->status = calls->unsure != 0 ? STATUS_unknown : STATUS_busy;
        batch->engine->counts.expired++;
        append(batch, calls);
        calls = next;
    }
}

enum status batch_decide(struct batch *batch, struct call *calls)
{
    int64_t monotonic_us = os_monotonic_us();
    int idle_rounds = 0; /* in a row in which nothing could be decided */
    if (batch->view.slot_count == 0) {
        batch->view.id_before = max_i64(batch->engine->id_last, moment_id_least(engine_now_us(batch->engine)) - 1);
    }
    for (bool first = true; calls != NULL; first = false) {
        struct call *again = NULL, **again_tail = &again;
        uint32_t count_before = batch->call_count;
        if (idle_rounds == ROUNDS_MAX) {
            rounds_given_up(batch, calls);
            break;
        }
        while (calls != NULL) {
            struct call *call = calls;
            calls = call->next;
            if (first && call_expired(call, monotonic_us)) {
                call->status = call->unsure != 0 ? STATUS_unknown : STATUS_busy;
                batch->engine->counts.expired++;
                append(batch, call);
            } else if (decide_once(batch, call)) {
                append(batch, call);
            } else {
                call->next = NULL;
                *again_tail = call;
                again_tail = &call->next;
            }
        }
        batch->engine->counts.rounds++;
        if (again != NULL) {
            bool is_void = batch->engine->shared && again_void(batch->engine);
            enum status status = is_void ? STATUS_conflict : view_load(&batch->view);
            if (status != STATUS_ok) {
                append_all(batch, again);
                return status;
            }
        }
        idle_rounds = batch->call_count == count_before ? idle_rounds + 1 : 0;
        calls = again;
    }
    atomic_store(&batch->engine->now_published, batch->engine->now_us);
    return STATUS_ok;
}

static void timer_remember(struct batch *batch, const struct timer_row *timer)
{
    if (batch->timer_count == batch->timer_capacity) {
        batch->timer_capacity = batch->timer_capacity == 0 ? 1024 : batch->timer_capacity * 2;
        batch->timers = realloc(batch->timers, batch->timer_capacity * sizeof(batch->timers[0]));
        assert(batch->timers != NULL);
    }
    batch->timers[batch->timer_count++] =
        (struct timer_entry){ .due_us = timer->due_us, .kind = timer->kind, .subject_id = timer->subject_id };
}

/* What it set goes to the heap; when it may still fail only once it did not. */
static void timers_collect(struct batch *batch)
{
    batch->timer_count = 0;
    atomic_store(&batch->durable, false);
    for (size_t i = 0; i < batch->change_count; i++) {
        if (batch->changes[i].table == &timer_table && batch->changes[i].exists) {
            const struct timer_row *timer = batch->changes[i].row;
            if (batch->engine->shared) {
                timer_remember(batch, timer);
            } else {
                timers_push(&batch->engine->timers, timer->due_us, timer->kind, timer->subject_id);
            }
        }
    }
}

static enum status progress_write(struct batch *batch)
{
    struct engine *engine = batch->engine;
    struct progress_row key = { .one = (int32_t)engine->store->node + 1 };
    view_begin(&batch->view);
    const struct progress_row *asked = view_ask(&batch->view, &progress_table, &key);
    if (view_missed(&batch->view)) {
        enum status status = view_load(&batch->view);
        if (status != STATUS_ok) {
            return status;
        }
    }
    struct progress_row *progress = view_change(&batch->view, asked);
    progress->now_us = engine->now_us;
    progress->id_last = engine->id_last;
    progress->batch = (int64_t)batch->number;
    return STATUS_ok;
}

/* Calls that no feed has told of once the batches are kept that are with the store. */
static struct feed_tally tally_before(const struct engine *engine)
{
    struct feed_tally tally = engine->again.tally;
    for (size_t i = 0; i < engine->sent_count; i++) {
        if (engine->sent[i]->keep.feed.size > 0) {
            memset(&tally, 0, sizeof(tally));
        } else {
            feed_tally_add(&tally, &engine->sent[i]->tally);
        }
    }
    return tally;
}

/* What only other processes need: a version for its rows, what it was based on, and what they shall hear. */
static void shared_complete(struct batch *batch)
{
    struct engine *engine = batch->engine;
    const struct store_ops *ops = engine->store->ops;
    batch->keep.reads = batch->reads;
    batch->keep.read_count = view_reads(&batch->view, batch->reads);
    memset(&batch->tally, 0, sizeof(batch->tally));
    if (ops->heard == NULL || !ops->heard(engine->store)) {
        return;
    }
    feed_tally_calls(&batch->tally, batch->calls);
    if (batch->change_count > 0) {
        struct feed_tally tally = tally_before(engine);
        struct commit commit = batch_commit(batch);
        feed_tally_add(&tally, &batch->tally);
        batch->keep.feed = feed_write(&batch->view.arena, &commit, &tally, engine->settings.tells);
    }
}

/*
 * The version of the batch's changes on a shared store. A batch that changes nothing has none: how many of those there
 * are depends on how calls meet, and ids do not.
 */
static void stamp_take(struct batch *batch)
{
    struct engine *engine = batch->engine;
    if (!engine->shared) {
        return;
    }
    struct moment at = engine_moment(engine, engine->now_us);
    batch->keep.stamp = moment_id(&at);
    assert(batch->keep.stamp > batch->view.version_most);
    engine->id_last = at.id_last;
}

enum status batch_complete(struct batch *batch)
{
    struct engine *engine = batch->engine;
    batch->keep = (struct keep){ .done = batch_done, .context = batch };
    batch->at_us = engine->now_us;
    batch->change_count = view_changes(&batch->view, batch->changes);
    timers_collect(batch);
    if (batch->change_count > 0) {
        stamp_take(batch);
        enum status status = progress_write(batch);
        if (status != STATUS_ok) {
            return status;
        }
        batch->change_count = view_changes(&batch->view, batch->changes);
    }
    batch->keep.changes = batch->changes;
    batch->keep.change_count = batch->change_count;
    if (engine->shared) {
        shared_complete(batch);
    }
    return STATUS_ok;
}
