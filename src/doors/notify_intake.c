/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which deliveries are pending: read from the outbox before the engine starts, told by commits from then on.
 *
 * What is told may be lost without harm: each attempt begins with reading the delivery's row, so a stale time
 * or state mends itself, and a new delivery that found no room is read from the store later. `more_from` is
 * the least id that may be missing in memory; as long as `more` is set no new one is taken in, so that the
 * order of the deliveries about one trade cannot be broken.
 *
 * Of a database that several processes serve only the leader makes deliveries. Who becomes it reads all that are
 * pending; what the one before had on its way is made again. Whatever was lost meanwhile, because news came late or two
 * held themselves for the leader, is found by a look through the outbox every SWEEP_US.
 */
#include "base/civil.h"
#include "base/hash.h"
#include "base/os_clock.h"
#include "doors/notify_internal.h"
#include "engine/engine_rows.h"
#include "engine/reader.h"

#define LOAD_AT_ONCE 512
#define LEADS_LOOK_US 250000
#define SWEEP_SOON_US (5 * US_PER_SECOND)
#define SWEEP_US (60 * US_PER_SECOND)
#define SKIPPED_MAX 256 /* rows read past between two that are wanted, before the next is looked for by its key */

/* Who shares the room of one endpoint. */
static int64_t endpoint_of(const struct delivery_row *row)
{
    return row->kind == DELIVERY_notice ? row->app_id : row->endpoint_id;
}

/* ---- from commits; on the store's thread ---- */

static void delivery_tell(struct notify *notify, const struct delivery_row *row)
{
    const struct delivery_row *before = row_before(row);
    bool was_pending = before == NULL || before->state == DELIVERY_pending;
    notify->counts.delivered += was_pending && row->state == DELIVERY_done;
    notify->counts.given_up += was_pending && row->state == DELIVERY_failed;
    struct told_list *inbox = &notify->inbox;
    if (inbox->list == NULL) {
        inbox->list = arena_take(&notify->inbox_arena, INBOX_MAX * sizeof(inbox->list[0]));
    }
    if (inbox->count == INBOX_MAX) {
        notify->inbox_missed_from =
            notify->inbox_missed ? min_i64(notify->inbox_missed_from, row->delivery_id) : row->delivery_id;
        notify->inbox_missed = true;
        return;
    }
    inbox->list[inbox->count++] = (struct told){ .delivery_id = row->delivery_id,
                                                 .endpoint_id = endpoint_of(row),
                                                 .subject_id = row->subject_id,
                                                 .next_at_us = row->next_at_us,
                                                 .pending = row->state == DELIVERY_pending };
}

void intake_watch(void *context, const struct commit *commit)
{
    struct notify *notify = context;
    bool told = false;
    if (!atomic_load_explicit(&notify->leads, memory_order_relaxed)) {
        return;
    }
    for (size_t i = 0; i < commit->change_count; i++) {
        const struct row_change *change = &commit->changes[i];
        if (change->table != &delivery_table || !change->exists) {
            continue;
        }
        if (!told) {
            pthread_mutex_lock(&notify->lock);
            told = true;
        }
        delivery_tell(notify, change->row);
    }
    if (told) {
        pthread_mutex_unlock(&notify->lock);
        (void)curl_multi_wakeup(notify->multi);
    }
}

/* ---- into the queue; the worker ---- */

static uint32_t pending_max(const struct notify *notify)
{
    return notify->settings.pending_max != 0 ? notify->settings.pending_max : NOTIFY_PENDING_MAX;
}

static void more_from(struct notify *notify, int64_t delivery_id)
{
    notify->more_from = notify->more ? min_i64(notify->more_from, delivery_id) : delivery_id;
    notify->more = true;
}

/* False: no room. */
static bool admit(struct notify *notify, const struct told *told)
{
    if (notify->queue.count >= pending_max(notify)) {
        more_from(notify, told->delivery_id);
        return false;
    }
    notify_queue_add(&notify->queue, told->delivery_id, told->endpoint_id, told->subject_id,
                     told->next_at_us);
    return true;
}

static void take_in(struct notify *notify, const struct told *told)
{
    struct delivery *delivery = notify_queue_find(&notify->queue, told->delivery_id);
    if (delivery == NULL) {
        if (told->pending && notify->more) {
            more_from(notify, told->delivery_id);
        } else if (told->pending) {
            (void)admit(notify, told);
        }
    } else if (told->pending) {
        notify_queue_move(&notify->queue, delivery, told->next_at_us);
    } else {
        notify_queue_end(&notify->queue, delivery);
    }
}

void intake_take(struct notify *notify)
{
    pthread_mutex_lock(&notify->lock);
    struct told_list taken = notify->inbox;
    notify->inbox = notify->taken; /* the empty one */
    bool missed = notify->inbox_missed;
    int64_t missed_from = notify->inbox_missed_from;
    notify->inbox_missed = false;
    pthread_mutex_unlock(&notify->lock);
    for (uint32_t i = 0; i < taken.count; i++) {
        take_in(notify, &taken.list[i]);
    }
    if (missed) {
        more_from(notify, missed_from);
    }
    taken.count = 0;
    notify->taken = taken;
}

static bool more_row(void *context, const void *row)
{
    struct notify *notify = context;
    const struct delivery_row *delivery = row;
    if (delivery->state != DELIVERY_pending ||
        notify_queue_find(&notify->queue, delivery->delivery_id) != NULL) {
        return true;
    }
    struct told told = { .delivery_id = delivery->delivery_id,
                         .endpoint_id = endpoint_of(delivery),
                         .subject_id = delivery->subject_id,
                         .next_at_us = delivery->next_at_us };
    return admit(notify, &told);
}

/* ---- at the start ---- */

struct pending_ids {
    int64_t *list;
    uint32_t count, most;
    int64_t beyond; /* the first that found no place; 0: none */
};

static bool outbox_row(void *context, const void *row)
{
    struct pending_ids *ids = context;
    const struct outbox_row *outbox = row;
    if (ids->count == ids->most) {
        ids->beyond = outbox->delivery_id;
        return false;
    }
    ids->list[ids->count++] = outbox->delivery_id;
    return true;
}

static enum status deliveries_load(struct notify *notify, struct arena *arena, const int64_t *ids,
                                   uint32_t count)
{
    struct store *store = notify->settings.store;
    struct delivery_row *rows = arena_take(arena, LOAD_AT_ONCE * sizeof(rows[0]));
    struct row_want *wants = arena_take(arena, LOAD_AT_ONCE * sizeof(wants[0]));
    uint8_t *keys = arena_take(arena, LOAD_AT_ONCE * KEY_SIZE_MAX);
    enum status status = STATUS_ok;
    for (uint32_t done = 0; done < count && status == STATUS_ok; done += LOAD_AT_ONCE) {
        uint32_t part = count - done < LOAD_AT_ONCE ? count - done : LOAD_AT_ONCE;
        memset(rows, 0, part * sizeof(rows[0]));
        for (uint32_t i = 0; i < part; i++) {
            uint8_t *key = keys + i * KEY_SIZE_MAX;
            rows[i].delivery_id = ids[done + i];
            struct span encoded = { (const char *)key, row_key_write(&delivery_table, &rows[i], key) };
            uint64_t hash = row_hash(&delivery_table, hash_bytes(key, encoded.size));
            wants[i] =
                (struct row_want){ .table = &delivery_table, .key = encoded, .hash = hash, .row = &rows[i] };
        }
        status = store->ops->load(store, wants, part);
        for (uint32_t i = 0; i < part && status == STATUS_ok; i++) {
            if (wants[i].exists) {
                (void)more_row(notify, &rows[i]);
            }
        }
    }
    return status;
}

/* ---- later, on a read connection ---- */

/* Goes along the outbox and the deliveries, both in the order of ids. */
struct sweep {
    struct notify *notify;
    const int64_t *ids;
    uint32_t count, at, skipped;
};

static bool sweep_row(void *context, const void *row)
{
    struct sweep *sweep = context;
    const struct delivery_row *delivery = row;
    while (sweep->at < sweep->count && sweep->ids[sweep->at] < delivery->delivery_id) {
        sweep->at++;
    }
    if (sweep->at == sweep->count) {
        return false;
    }
    if (sweep->ids[sweep->at] != delivery->delivery_id) {
        return ++sweep->skipped < SKIPPED_MAX;
    }
    sweep->at++;
    sweep->skipped = 0;
    return more_row(sweep->notify, row) && sweep->at < sweep->count;
}

static enum status table_scan(struct notify *notify, const struct table *table, const void *from, scan_row *each,
                              void *context)
{
    uint8_t key[KEY_SIZE_MAX];
    struct span encoded = { (const char *)key, row_key_write(table, from, key) };
    return notify->reader->ops->scan(notify->reader, table, encoded, each, context);
}

static enum status sweep_run(struct notify *notify, int64_t from_id)
{
    uint32_t most = pending_max(notify);
    struct pending_ids ids = { .list = notify->sweep_ids, .most = most };
    struct outbox_row from = { .delivery_id = from_id };
    enum status status = table_scan(notify, &outbox_table, &from, outbox_row, &ids);
    struct sweep sweep = { .notify = notify, .ids = ids.list, .count = ids.count };
    while (status == STATUS_ok && sweep.at < sweep.count && !notify->more) {
        struct delivery_row next = { .delivery_id = sweep.ids[sweep.at] };
        uint32_t before = sweep.at;
        sweep.skipped = 0;
        status = table_scan(notify, &delivery_table, &next, sweep_row, &sweep);
        sweep.at += sweep.at == before; /* its row is not there */
    }
    if (ids.beyond != 0) {
        more_from(notify, ids.beyond);
    }
    return status;
}

/*
 * What the snapshot does not hold yet is told after it was taken, and waits in the inbox meanwhile: nothing
 * falls in between.
 */
void intake_more(struct notify *notify)
{
    bool waits = notify->settings.store->shared && !atomic_load(&notify->leads);
    if (!notify->more || notify->reader == NULL || notify->queue.count > pending_max(notify) / 2 || waits) {
        return;
    }
    if (notify->sweep_ids == NULL) {
        notify->sweep_ids = arena_take(&notify->arena, pending_max(notify) * sizeof(notify->sweep_ids[0]));
    }
    int64_t from_id = notify->more_from;
    if (notify->reader->ops->begin(notify->reader) != STATUS_ok) {
        return; /* the next round tries again */
    }
    notify->more = false;
    enum status status = sweep_run(notify, from_id);
    notify->reader->ops->end(notify->reader);
    if (status != STATUS_ok) {
        more_from(notify, from_id);
    }
}

/* ---- which of several processes ---- */

static bool is_leader(struct store *store)
{
    struct store_node nodes[NODES_MAX];
    size_t count = store->ops->nodes(store, nodes, COUNT_OF(nodes));
    for (size_t i = 0; i < count; i++) {
        if (nodes[i].node == store->node) {
            return nodes[i].leads;
        }
    }
    return false;
}

void intake_lead(struct notify *notify)
{
    int64_t now_us = os_monotonic_us();
    if (!notify->settings.store->shared || now_us < notify->leads_look_us) {
        return;
    }
    notify->leads_look_us = now_us + LEADS_LOOK_US;
    bool leads = is_leader(notify->settings.store);
    bool begins = leads && !atomic_load(&notify->leads);
    atomic_store(&notify->leads, leads); /* first: what is told from now on waits in the inbox */
    if (begins || (leads && now_us >= notify->sweep_us)) {
        notify->sweep_us = now_us + (begins ? SWEEP_SOON_US : SWEEP_US);
        more_from(notify, 0);
    }
}

/* ---- opening ---- */

bool intake_open(struct notify *notify)
{
    struct store *store = notify->settings.store;
    struct pending_ids ids = { .most = pending_max(notify) };
    struct arena arena;
    atomic_init(&notify->leads, !store->shared);
    if (store->shared) { /* read when it turns out to lead */
        return store->ops->reader_open(store, &notify->reader) == STATUS_ok;
    }
    arena_init(&arena, 64 * 1024, 8 * 1024 * 1024 + ids.most * sizeof(ids.list[0]));
    ids.list = arena_take(&arena, ids.most * sizeof(ids.list[0]));
    enum status status = store->ops->scan(store, &outbox_table, (struct span){ NULL, 0 }, outbox_row, &ids);
    if (status == STATUS_ok) {
        status = deliveries_load(notify, &arena, ids.list, ids.count);
    }
    arena_release(&arena);
    if (ids.beyond != 0) {
        more_from(notify, ids.beyond);
    }
    if (status != STATUS_ok) {
        return false;
    }
    status = store->ops->reader_open(store, &notify->reader);
    return status == STATUS_ok || status == STATUS_not_found;
}
