/* SPDX-License-Identifier: Apache-2.0 */
/* Shared inside engine/ only: batches, the timer heap, what shared stores need, and the engine's own struct. */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/feed.h"
#include "engine/reader.h"

#define DECIDE_CALLS_AT_ONCE 256   /* calls decided between two looks at whether the store is free */
#define US_AT_MOST_ASLEEP 1000000
#define OBSERVERS_MAX 8
#define SENT_MAX 2 /* batches between keep and done */

/* ---- batch.c: one transaction in the making. Deciding thread until sealed, then the store's ---- */

struct timer_entry {
    int64_t due_us;
    int64_t subject_id;
    int32_t kind;
};

struct batch {
    struct engine *engine;
    struct view view;
    struct arena own; /* calls of timers: they outlast a second deciding */
    uint64_t number;
    struct call *calls, **calls_tail;
    uint32_t call_count;
    struct row_change *changes; /* BATCH_ROWS_MAX */
    size_t change_count;
    int64_t at_us;              /* the engine's time at its completion */
    struct keep keep;
    /* of shared stores */
    struct row_change *reads;   /* BATCH_ROWS_MAX */
    struct timer_entry *timers; /* that it set: for the heap once it is kept */
    _Atomic bool durable;       /* it is kept, and whoever set a timer may know */
    uint32_t size;              /* its calls when it was handed over */
    bool told;                  /* the store is done with it: under the engine's lock, and so is `outcome` */
    enum status outcome;
    size_t timer_count, timer_capacity;
    struct feed_tally tally;    /* its own calls */
};

void batch_init(struct batch *batch, struct engine *engine);
void batch_release(struct batch *batch);
void batch_reset(struct batch *batch);
/* Takes the calls out, linked. */
struct call *batch_calls_take(struct batch *batch);
/* How many more calls fit. */
uint32_t batch_room(const struct batch *batch);
/* Decides the linked calls in order and appends them; on failure too, undecided. */
MUST_CHECK enum status batch_decide(struct batch *batch, struct call *calls);
/* Writes the progress row and collects what shall be kept; feeds the timer heap. */
MUST_CHECK enum status batch_complete(struct batch *batch);

/* ---- timers.c: due timers in memory, a binary heap with lazy deletion ---- */

struct timers {
    struct timer_entry *entries;
    size_t count, capacity;
    _Atomic int64_t pending; /* published for other threads */
    _Atomic int64_t next_us;
};

bool timer_earlier(const struct timer_entry *a, const struct timer_entry *b);
void timers_push(struct timers *timers, int64_t due_us, int32_t kind, int64_t subject_id);
/* Takes the earliest when it is due by `now_us`. */
bool timers_pop(struct timers *timers, int64_t now_us, struct timer_entry *entry);
/* When the earliest is due; 0 when there is none. */
int64_t timers_next(const struct timers *timers);
void timers_release(struct timers *timers);

/* ---- again.c: batches of a shared store that did not go through. Deciding thread ---- */

struct again {
    struct call *redo;     /* to be decided into the open batch before any others, and kept alone */
    struct call *back;     /* were taken from the queue and given back: they come before what waits there */
    bool holds;            /* the store holds rows since a conflict; a keep, of nothing if need be, gives them back */
    struct batch *unsure;  /* whose outcome is not known yet */
    int tries;             /* failed in a row */
    int64_t pause_us;      /* the last one */
    int64_t pause_until_us; /* os_monotonic_us; 0: none */
    uint64_t random;
    struct feed_tally tally; /* calls that no feed has told of */
    _Atomic int64_t away_since_us;
};

enum again_step {
    AGAIN_nothing, /* to be seen to: new calls may be decided */
    AGAIN_worked,
    AGAIN_waits,   /* until a pause is over */
};

/* Takes note of what became of the eldest batch with the store, and does what has to be done before anything else. */
enum again_step again_step(struct engine *engine);
/* Takes calls, linked, back to where they come before all others. Those of timers go to the heap. */
void calls_give_back(struct engine *engine, struct call *calls);
/* The timers of a batch with the store count from the moment on when its callers may hear of them. */
void again_timers_gain(struct engine *engine);
/* The open batch could not be decided, completed or handed over. Its calls are all linked to it. */
void again_failed(struct engine *engine, enum status status);
/* Whether a batch with the store has failed: what is decided on top of it is void. */
bool again_void(struct engine *engine);
/* Under the engine's lock: the same, and whether the eldest is to be taken note of; when it failed all are done. */
bool again_voided(const struct engine *engine), again_to_settle(const struct engine *engine);
/* What is left of a pause: us; 0: none. */
int64_t again_pause_us(const struct engine *engine);

/* ---- peers.c: other nodes of a shared store ---- */

#define ORPHANS_MAX 4096u /* timers taken over at a time */

struct peers {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;           /* under `lock` */
    struct reader *reader;   /* opened when this node leads */
    struct arena arena;      /* one foreign commit */
    int64_t looked_at_us;    /* for orphans; os_monotonic_us */
    struct timer_entry *found, *found_before; /* in the order of their keys; each one of the rooms */
    size_t found_count, found_before_count;
    struct timer_entry rooms[2][ORPHANS_MAX];
    /* on their way to the deciding thread; under the engine's lock */
    struct timer_entry orphans[ORPHANS_MAX];
    _Atomic size_t orphan_count;
    _Atomic uint64_t heard, taken;
};

void peers_init(struct engine *engine);
void peers_release(struct engine *engine);
void peers_start(struct engine *engine);
void peers_stop(struct engine *engine);
/* Moves the orphans into the heap. Deciding thread. */
void peers_orphans_take(struct engine *engine);

struct engine {
    struct engine_settings settings;
    struct store *store;
    pthread_mutex_t lock; /* queue, with_store, sleeping, stopping, published */
    pthread_cond_t wake;
    struct call *queue_head, **queue_tail;
    uint32_t queue_count;
    uint32_t with_store; /* batches between keep and done */
    bool sleeping, stopping, running;
    pthread_t thread;
    struct engine_counts published; /* copy of `counts` for other threads */
    uint64_t refused_queue_full;
    bool shared; /* so is the store */
    pthread_mutex_t observing;
    struct peers peers;
    /* deciding thread only */
    struct again again;
    struct batch *sent[SENT_MAX]; /* of a shared store: whose outcomes have not been taken note of; the eldest first */
    size_t sent_count;
    struct batch batches[SENT_MAX + 1];
    struct batch *open;
    struct engine_counts counts;
    struct timers timers;
    uint64_t batch_number;
    int64_t now_us, id_last;
    _Atomic int64_t now_published;
    struct {
        commit_observer *observer;
        void *context;
    } observers[OBSERVERS_MAX];
    size_t observer_count;
};

static inline struct moment engine_moment(const struct engine *engine, int64_t now_us)
{
    return (struct moment){ .now_us = now_us,
                            .id_last = engine->id_last,
                            .node_bits = engine->shared ? NODE_BITS : 0,
                            .node = engine->store->node };
}

/* Tells the observers, one commit at a time. */
void engine_tell(struct engine *engine, const struct commit *commit);
/* What observers hear of a batch of our own that is durable. */
struct commit batch_commit(const struct batch *batch);
/* Answers the linked calls and forgets them. */
void calls_answer(struct call *calls);
/* Takes up to `most` calls off the front of a list. */
struct call *calls_split(struct call **calls, uint32_t most, uint32_t *count);
/* Whether the call is one of a timer. */
static inline bool call_is_timer(const struct call *call)
{
    return call->command->request == &timer_due_shape;
}
/* Gives the open batch to the store and opens another one. */
void batch_hand_over(struct engine *engine);
keep_done batch_done;
/* Ends the process. */
_Noreturn void engine_fatal(struct engine *engine, const char *what);

#endif
