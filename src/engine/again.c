/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a batch that did not go through on a shared store.
 *
 *   conflict  Its calls stay together and are decided anew, alone: the store holds their rows for us by then.
 *             Failing again and again it is cut in half, the rest given back, until one call is left; that
 *             one is answered `busy` in the end.
 *   away      All calls are given back and wait, those that become too old are answered `busy`.
 *   unknown   The batch is put aside: whether it is durable is learnt from the progress row of this node,
 *             which every batch that changes something writes, before anything else is decided; only then do
 *             observers hear of it. Its calls that have a key are given back: decided anew they find their
 *             own answer or are decided for the first time; those that become too old are answered
 *             `unknown`, and so at once are those without a key.
 *
 * Whatever was decided on top of the batch is void in each case, and its calls come next, those first that were with
 * the store already.
 */
#include "base/hash.h"
#include "base/os_clock.h"
#include "engine/internal.h"

#define TRIES_WHOLE 3     /* so often a batch is tried as it is */
#define TRIES_ALONE 30    /* and so often in all, if it comes to that, when one call is left of it */
#define PAUSE_CONFLICT_US 1000
#define PAUSE_CONFLICT_MAX_US 64000
#define PAUSE_AWAY_US 10000
#define PAUSE_AWAY_MAX_US 500000

int64_t again_pause_us(const struct engine *engine)
{
    int64_t until_us = engine->again.pause_until_us;
    return until_us == 0 ? 0 : max_i64(0, until_us - os_monotonic_us());
}

/* Twice as long as the last time, with jitter so that two nodes do not keep step. Driven by hand there is no pause. */
static void pause_begin(struct engine *engine, int64_t first_us, int64_t most_us)
{
    struct again *again = &engine->again;
    again->pause_us = max_i64(first_us, min_i64(2 * again->pause_us, most_us));
    again->random = hash_mix(again->random + (uint64_t)os_monotonic_ns());
    if (engine->running) {
        int64_t jitter_us = (int64_t)(again->random % (uint64_t)again->pause_us);
        again->pause_until_us = os_monotonic_us() + again->pause_us / 2 + jitter_us;
    }
}

bool again_voided(const struct engine *engine)
{
    for (size_t i = 0; i < engine->sent_count; i++) {
        if (engine->sent[i]->told && engine->sent[i]->outcome != STATUS_ok) {
            return true;
        }
    }
    return false;
}

bool again_to_settle(const struct engine *engine)
{
    if (engine->sent_count == 0 || !engine->sent[0]->told) {
        return false;
    }
    return engine->sent[0]->outcome == STATUS_ok || engine->with_store == 0;
}

bool again_void(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool failed = again_voided(engine);
    pthread_mutex_unlock(&engine->lock);
    return failed;
}

/* ---- calls ---- */

static void calls_answer_with(struct call *calls, enum status status)
{
    for (struct call *call = calls; call != NULL; call = call->next) {
        call->status = status;
        call->refusal = REFUSAL_none;
        call->repeated = false;
    }
    calls_answer(calls);
}

/* Not decided, unless they were in a batch of which nobody knows. */
static void calls_dismiss(struct call *calls)
{
    while (calls != NULL) {
        struct call *call = calls;
        calls = call->next;
        call->next = NULL;
        calls_answer_with(call, call->unsure != 0 ? STATUS_unknown : STATUS_busy);
    }
}

/* Timers go back to the heap, the other calls are returned. */
static struct call *timers_give_back(struct engine *engine, struct call *calls)
{
    struct call *others = NULL, **tail = &others;
    while (calls != NULL) {
        struct call *call = calls;
        calls = call->next;
        if (call_is_timer(call)) {
            const struct timer_row *timer = call->request;
            timers_push(&engine->timers, timer->due_us, timer->kind, timer->subject_id);
            engine->counts.timers_fired--;
        } else {
            *tail = call;
            tail = &call->next;
        }
    }
    *tail = NULL;
    return others;
}

void calls_give_back(struct engine *engine, struct call *calls)
{
    struct call *others = timers_give_back(engine, calls), **tail = &others;
    while (*tail != NULL) {
        tail = &(*tail)->next;
    }
    *tail = engine->again.back;
    engine->again.back = others;
}

static void batch_give_back(struct engine *engine, struct batch *batch)
{
    calls_give_back(engine, batch_calls_take(batch));
    batch_reset(batch);
}

/* Takes those that are too old out of a list. */
static struct call *calls_expired_take(struct call **calls, int64_t monotonic_us, uint32_t *count)
{
    struct call *expired = NULL, **tail = &expired;
    *count = 0;
    while (*calls != NULL) {
        struct call *call = *calls;
        if (call->deadline_us != 0 && call->deadline_us < monotonic_us) {
            *calls = call->next;
            *tail = call;
            tail = &call->next;
            ++*count;
        } else {
            calls = &call->next;
        }
    }
    *tail = NULL;
    return expired;
}

/* Those that have waited too long are not decided any more: nothing is under way now. */
static void calls_expire(struct engine *engine)
{
    struct again *again = &engine->again;
    int64_t now_us = os_monotonic_us();
    uint32_t counts[3];
    struct call *of_redo = calls_expired_take(&again->redo, now_us, &counts[0]);
    struct call *of_back = calls_expired_take(&again->back, now_us, &counts[1]);
    pthread_mutex_lock(&engine->lock);
    struct call *of_queue = calls_expired_take(&engine->queue_head, now_us, &counts[2]);
    engine->queue_count -= counts[2];
    engine->queue_tail = &engine->queue_head;
    while (*engine->queue_tail != NULL) {
        engine->queue_tail = &(*engine->queue_tail)->next;
    }
    pthread_mutex_unlock(&engine->lock);
    engine->counts.expired += counts[0] + counts[1] + counts[2];
    calls_dismiss(of_redo);
    calls_dismiss(of_back);
    calls_dismiss(of_queue);
}

/* The database is away and the engine stops: nobody waits any longer. */
static void give_up(struct engine *engine)
{
    struct again *again = &engine->again;
    pthread_mutex_lock(&engine->lock);
    struct call *queued = engine->queue_head;
    engine->queue_head = NULL;
    engine->queue_tail = &engine->queue_head;
    engine->queue_count = 0;
    pthread_mutex_unlock(&engine->lock);
    struct call *redo = timers_give_back(engine, again->redo);
    struct call *back = again->back;
    again->redo = NULL;
    again->back = NULL;
    again->holds = false;
    again->unsure = NULL; /* whoever repeats its calls learns what became of them */
    calls_dismiss(redo);
    calls_dismiss(back);
    calls_dismiss(queued);
}

/* ---- failures ---- */

static void away(struct engine *engine, struct batch *batch)
{
    struct again *again = &engine->again;
    engine->counts.aways++;
    if (atomic_load(&again->away_since_us) == 0) {
        atomic_store(&again->away_since_us, os_monotonic_us());
    }
    batch_give_back(engine, batch);
    calls_expire(engine);
    pause_begin(engine, PAUSE_AWAY_US, PAUSE_AWAY_MAX_US);
}

static void conflict(struct engine *engine, struct batch *batch)
{
    struct again *again = &engine->again;
    assert(again->redo == NULL);
    engine->counts.conflicts++;
    again->tries++;
    again->holds = true;
    uint32_t count = batch->call_count;
    again->redo = batch_calls_take(batch);
    view_reset(&batch->view); /* and not the batch: calls of timers live in it */
    if (again->tries >= TRIES_WHOLE && count > 1) {
        struct call *rest = again->redo;
        again->redo = calls_split(&rest, count / 2, &count);
        calls_give_back(engine, rest);
    } else if (again->tries >= TRIES_ALONE) {
        calls_dismiss(timers_give_back(engine, again->redo));
        again->redo = NULL;
        again->tries = 0;
    }
    if (again->tries > 1) {
        pause_begin(engine, PAUSE_CONFLICT_US, PAUSE_CONFLICT_MAX_US);
        calls_expire(engine);
    }
}

static void unknown(struct engine *engine, struct batch *batch)
{
    struct call *calls = timers_give_back(engine, batch_calls_take(batch));
    struct call *repeatable = NULL, **repeatable_tail = &repeatable;
    struct call *others = NULL, **others_tail = &others;
    engine->counts.unknowns++;
    engine->again.unsure = batch;
    engine->again.holds = false;
    for (struct call *call = calls; call != NULL; call = call->next) {
        bool reads = (call->command->flags & COMMAND_reads) != 0;
        bool keyed = call->request_key[0] != '\0';
        call->unsure = reads ? 0 : batch->number;
        struct call ***tail = reads || keyed ? &repeatable_tail : &others_tail;
        **tail = call;
        *tail = &call->next;
    }
    *repeatable_tail = NULL;
    *others_tail = NULL;
    calls_give_back(engine, repeatable);
    calls_answer_with(others, STATUS_unknown);
}

static void failed(struct engine *engine, struct batch *batch, enum status status)
{
    if (engine->shared && status == STATUS_conflict) {
        conflict(engine, batch);
    } else if (engine->shared && status == STATUS_away) {
        away(engine, batch);
    } else {
        engine_fatal(engine, engine->shared ? "the database failed" : "the store cannot be read");
    }
}

void again_failed(struct engine *engine, enum status status)
{
    if (engine->sent_count == 0) {
        failed(engine, engine->open, status);
        return;
    }
    /* What was decided ahead is not urgent; a batch before it will tell how things stand. */
    if (status == STATUS_away) {
        away(engine, engine->open);
    } else if (status == STATUS_conflict) {
        batch_give_back(engine, engine->open);
    } else {
        failed(engine, engine->open, status);
    }
}

/* ---- outcomes ---- */

/* The database answers. */
static void there(struct engine *engine)
{
    engine->again.pause_us = 0;
    engine->again.pause_until_us = 0;
    atomic_store(&engine->again.away_since_us, 0);
}

static void timers_gain(struct engine *engine, struct batch *batch)
{
    for (size_t i = 0; i < batch->timer_count; i++) {
        const struct timer_entry *timer = &batch->timers[i];
        timers_push(&engine->timers, timer->due_us, timer->kind, timer->subject_id);
    }
    batch->timer_count = 0;
}

void again_timers_gain(struct engine *engine)
{
    for (size_t i = 0; i < engine->sent_count; i++) {
        if (atomic_load(&engine->sent[i]->durable)) {
            timers_gain(engine, engine->sent[i]);
        }
    }
}

/* It is durable: its timers count, and whether others heard of its calls. */
static void kept(struct engine *engine, struct batch *batch)
{
    struct again *again = &engine->again;
    timers_gain(engine, batch);
    if (batch->keep.feed.size > 0) {
        memset(&again->tally, 0, sizeof(again->tally));
    } else {
        feed_tally_add(&again->tally, &batch->tally);
    }
    again->tries = 0;
    again->holds = false;
    there(engine);
}

static void counts_take_back(struct engine *engine, const struct batch *batch)
{
    engine->counts.batches--;
    engine->counts.calls -= batch->call_count;
    engine->counts.rows_changed -= batch->change_count;
}

/* What followed a batch that failed: the store has nothing of it. */
static void followers_give_back(struct engine *engine)
{
    batch_give_back(engine, engine->open);
    while (engine->sent_count > 0) {
        struct batch *follower = engine->sent[--engine->sent_count];
        assert(follower->outcome != STATUS_ok);
        counts_take_back(engine, follower);
        batch_give_back(engine, follower);
        engine->batch_number--;
    }
}

/* The eldest batch with the store. */
static void settle(struct engine *engine, enum status outcome)
{
    struct batch *batch = engine->sent[0];
    engine->sent_count--;
    memmove(engine->sent, engine->sent + 1, engine->sent_count * sizeof(engine->sent[0]));
    if (outcome == STATUS_ok) {
        kept(engine, batch);
        return;
    }
    followers_give_back(engine);
    counts_take_back(engine, batch);
    if (outcome == STATUS_unknown) {
        unknown(engine, batch);
        return;
    }
    engine->open = batch;
    engine->batch_number--;
    failed(engine, batch, outcome);
}

/* What became of a batch whose outcome was unknown, by the progress row of this node as it is now. */
static void resolve(struct engine *engine, const struct row_want *want)
{
    struct batch *batch = engine->again.unsure;
    const struct progress_row *progress = want->row;
    engine->again.unsure = NULL;
    if (want->exists && progress->batch == (int64_t)batch->number && want->version == batch->keep.stamp) {
        struct commit commit = batch_commit(batch);
        engine_tell(engine, &commit);
        kept(engine, batch);
    } else {
        for (struct call *call = engine->again.back; call != NULL; call = call->next) {
            call->unsure = call->unsure == batch->number ? 0 : call->unsure;
        }
        engine->batch_number--;
    }
    batch_reset(batch);
}

/* Asks the database, which was away or lost, how things stand. */
static void probe(struct engine *engine)
{
    uint8_t key[KEY_SIZE_MAX];
    struct progress_row progress = { .one = (int32_t)engine->store->node + 1 };
    struct row_want want = { .table = &progress_table, .row = &progress };
    want.key = (struct span){ (const char *)key, row_key_write(&progress_table, &progress, key) };
    want.hash = row_hash(&progress_table, hash_bytes(key, want.key.size));
    enum status status = engine->store->ops->load(engine->store, &want, 1);
    if (status == STATUS_ok) {
        there(engine);
        if (engine->again.unsure != NULL) {
            resolve(engine, &want);
        }
    } else if (status == STATUS_conflict) {
        pause_begin(engine, PAUSE_CONFLICT_US, PAUSE_CONFLICT_MAX_US);
    } else {
        failed(engine, engine->open, status); /* which is empty: a pause */
    }
}

static bool is_stopping(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool stopping = engine->stopping;
    pthread_mutex_unlock(&engine->lock);
    return stopping;
}

/* Decides the calls of the failed batch anew and hands them over before any others, even if none is left. */
static void redo(struct engine *engine)
{
    struct call *calls = engine->again.redo;
    engine->again.redo = NULL;
    enum status status = calls != NULL ? batch_decide(engine->open, calls) : STATUS_ok;
    if (status != STATUS_ok) {
        again_failed(engine, status);
        return;
    }
    batch_hand_over(engine);
}

enum again_step again_step(struct engine *engine)
{
    struct again *again = &engine->again;
    pthread_mutex_lock(&engine->lock);
    bool to_settle = again_to_settle(engine);
    enum status outcome = to_settle ? engine->sent[0]->outcome : STATUS_ok;
    pthread_mutex_unlock(&engine->lock);
    if (to_settle) {
        settle(engine, outcome);
        return AGAIN_worked;
    }
    peers_orphans_take(engine);
    if (again_pause_us(engine) > 0) {
        return AGAIN_waits;
    }
    if (engine->sent_count > 0) {
        return AGAIN_nothing;
    }
    bool is_away = atomic_load(&again->away_since_us) != 0;
    if (is_away && is_stopping(engine)) {
        give_up(engine);
        return AGAIN_waits;
    }
    if (is_away || again->unsure != NULL) {
        probe(engine);
        return AGAIN_worked;
    }
    if (again->redo != NULL || again->holds) {
        redo(engine);
        return AGAIN_worked;
    }
    return AGAIN_nothing;
}
