/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The laws of one batch, checked before it is made durable, from the rows alone:
 *  1. per unit, the changes of all balances sum to zero;
 *  2. no changed account is below its floor;
 *  3. the legs of the batch's transfers add up to the change of every account, and the last leg of an
 *     account states its balance.
 */
#include <pthread.h>

#include "base/arena.h"
#include "base/hash.h"
#include "ledger/ledger.h"

/* Change of one account in the batch, in an open-addressing table of the calling thread's. */
struct change {
    const struct account_row *account;
    int64_t legs_sum;
    int64_t last_transfer_id; /* ids grow with each decision; the rows of a batch are in no such order */
    int64_t last_balance;
};

#define CHANGES_MAX (2u * BATCH_ROWS_MAX)

static uint32_t place_of(const struct change *changes, int64_t owner_id, int32_t purpose, int64_t unit)
{
    uint64_t hash = hash_mix((uint64_t)owner_id * 31 + (uint64_t)purpose) ^ hash_mix((uint64_t)unit);
    uint32_t at = (uint32_t)hash & (CHANGES_MAX - 1);
    while (changes[at].account != NULL &&
           (changes[at].account->owner_id != owner_id || changes[at].account->purpose != purpose ||
            changes[at].account->unit != unit)) {
        at = (at + 1) & (CHANGES_MAX - 1);
    }
    return at;
}

static void leg_add(struct change *change, int64_t transfer_id, int64_t amount, int64_t balance)
{
    change->legs_sum += amount;
    if (transfer_id >= change->last_transfer_id) {
        change->last_transfer_id = transfer_id;
        change->last_balance = balance;
    }
}

static const char *leg_count_in(struct change *changes, int64_t transfer_id, const struct leg_row *leg)
{
    struct change *from = &changes[place_of(changes, leg->from_owner_id, leg->from_purpose, leg->unit)];
    struct change *to = &changes[place_of(changes, leg->to_owner_id, leg->to_purpose, leg->unit)];
    if (from->account == NULL || to->account == NULL) {
        return "a transfer moves an amount without changing its accounts";
    }
    leg_add(from, transfer_id, -leg->amount, leg->from_balance);
    leg_add(to, transfer_id, leg->amount, leg->to_balance);
    return NULL;
}

static const char *transfers_count_in(struct change *changes, const struct row_change *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].table != &transfer_table) {
            continue;
        }
        if (!rows[i].exists || row_before(rows[i].row) != NULL) {
            return "a transfer was changed or removed";
        }
        const struct transfer_row *transfer = rows[i].row;
        if (transfer->legs_count < 1) {
            return "a transfer moves nothing";
        }
        for (int32_t j = 0; j < transfer->legs_count; j++) {
            const char *broken = leg_count_in(changes, transfer->transfer_id, &transfer->legs[j]);
            if (broken != NULL) {
                return broken;
            }
        }
    }
    return NULL;
}

static const char *account_holds(const struct change *change)
{
    const struct account_row *before = row_before(change->account);
    int64_t was = before == NULL ? 0 : before->balance;
    if (change->account->balance < change->account->floor) {
        return "an account is below its floor";
    }
    if (change->account->balance - was != change->legs_sum) {
        return "a balance changed without a transfer";
    }
    bool moved = change->last_transfer_id != 0;
    if (moved && (change->last_balance != change->account->balance ||
                  change->last_transfer_id != change->account->last_transfer_id)) {
        return "a transfer states another balance than the account";
    }
    return NULL;
}

/*
 * What a check is worked out on: four megabytes, for the one thread that decides. It is taken at that thread's first
 * check; as a thread-local array every thread of the process would have to have one, zeroed at its start.
 */
struct pad {
    struct arena arena; /* holds the pad itself */
    struct change changes[CHANGES_MAX];
    uint32_t used[BATCH_ROWS_MAX];
};

static pthread_key_t pad_key;

static void pad_release(void *context)
{
    struct arena arena = ((struct pad *)context)->arena;
    arena_release(&arena);
}

static void pad_key_make(void)
{
    int rc = pthread_key_create(&pad_key, pad_release);
    assert(rc == 0);
}

static struct pad *pad_of_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, pad_key_make);
    struct pad *pad = pthread_getspecific(pad_key);
    if (pad == NULL) {
        struct arena arena;
        arena_init(&arena, sizeof(*pad) + 64, 2 * sizeof(*pad));
        pad = arena_take(&arena, sizeof(*pad));
        pad->arena = arena;
        int rc = pthread_setspecific(pad_key, pad);
        assert(rc == 0);
    }
    return pad;
}

const char *ledger_check(void *context, const struct row_change *rows, size_t count)
{
    struct pad *pad = pad_of_thread();
    struct change *changes = pad->changes;
    uint32_t *used = pad->used;
    uint32_t used_count = 0;
    (void)context;

    for (size_t i = 0; i < count; i++) {
        if (rows[i].table != &account_table) {
            continue;
        }
        const struct account_row *account = rows[i].row;
        assert(rows[i].exists); /* accounts are never removed */
        uint32_t at = place_of(changes, account->owner_id, account->purpose, account->unit);
        changes[at] = (struct change){ .account = account };
        used[used_count++] = at;
    }
    const char *broken = transfers_count_in(changes, rows, count);
    int64_t sum = 0; /* the legs of a unit sum to zero by their form; the balances must agree with them */
    for (uint32_t i = 0; i < used_count; i++) {
        if (broken == NULL) {
            broken = account_holds(&changes[used[i]]);
        }
        sum += changes[used[i]].legs_sum;
        changes[used[i]] = (struct change){ 0 };
    }
    return broken != NULL ? broken : sum != 0 ? "the batch does not balance" : NULL;
}
