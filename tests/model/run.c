/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded random histories, and every short history of a small world, through the real till and through the
 * model: each answer is compared, and at the end every balance, trade, deposit, campaign and shopper; then the
 * books are audited. Prints TAP. A failing history prints its seed: `model_run --from SEED --seeds 1` does it again.
 * ONETILL_SEEDS sets how many histories there are.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/os_clock.h"
#include "model/world.h"
#include "support/arguments.h"
#include "support/missing.h"

static void run_open(struct run *run, uint64_t seed)
{
    run_clear(run, seed);
    if (seed % 3 == 0) {
        house_open_missing(&run->house, seed, 20); /* rows that are not at hand change nothing */
    } else {
        house_open_memory(&run->house, &(struct memory_settings){ .cold = seed % 2 == 1 });
    }
}

/* False, with its words in `run`, when model and till do not agree. */
static bool history(struct run *run, uint64_t seed)
{
    run_open(run, seed);
    bool ok = history_run(run);
    house_close(&run->house);
    return ok;
}

/* ---- every history of a small world ---- */

#define SMALL_STEPS 5
#define SMALL_KINDS 11
#define WORLDS_PER_STORE 1500

static void small_world(struct run *run)
{
    struct model *m = &run->model;
    model_clear(m);
    m->shopper_count = m->shop_count = 2;
    m->campaign_count = 1;
    for (int i = 0; i < 2; i++) {
        m->shops[i] = (struct model_shop){ .merchant = i, .zone_minutes = 480 };
        m->shoppers[i] = (struct model_shopper){ .person = i, .limit = 4 };
    }
    people_open(run);
    m->campaigns[0] = (struct model_campaign){ .kind = 1, .percent_bp = 5000, .uses_per_person = 2, .share_bp = 5000,
                                               .target_kind = 4, .refuse = true,
                                               .starts_us = HOUSE_NOON_US - US_PER_DAY,
                                               .ends_us = HOUSE_NOON_US + 300 * US_PER_DAY };
    campaign_open(run, 0);
    for (int i = 0; i < 2; i++) {
        uint8_t answer[256];
        struct wallet_move want = { .shopper_id = id_of(run, i), .amount_minor = 6 };
        same_refusal(run, "wallet_top_up", model_top_up(m, i, 6),
                     call(run, house_operator, &wallet_top_up, &want, answer));
    }
}

static void small_step(struct run *run, int kind)
{
    struct trade_row row;
    char number[40];
    int last = run->model.trade_count - 1;
    int64_t trade_id = last >= 0 ? run->trade_ids[last] : 0;
    run->call_number++;
    run->house.now_us += 100 * US_PER_SECOND; /* a new pay code, and still time to confirm */
    snprintf(number, sizeof(number), "%" PRId64 "-n%d", run->base, run->call_number);
    if (kind < 6) { /* two shoppers, two shops, two or three amounts */
        static const struct { int shopper, shop; int64_t amount; } pays[] = { { 0, 0, 1 }, { 0, 1, 4 }, { 1, 0, 4 },
                                                                              { 1, 1, 3 }, { 0, 0, 12 }, { 1, 0, 12 } };
        do_pay(run, pays[kind].shopper, pays[kind].shop, number, pays[kind].amount, 0);
    } else if (kind == 9) { /* the next step may end it, then it lapses */
        do_deposit(run, 0, 1, 4, 180);
    } else if (kind == 10) {
        if (run->model.deposit_count > 0) {
            do_deposit_end(run, run->model.deposit_count - 1, 3);
        }
    } else if (last < 0) {
        return;
    } else if (kind == 6) {
        snprintf(number, sizeof(number), "r%d", run->model.trades[last].refund_count);
        do_refund(run, last, number, 1);
    } else if (kind == 7) {
        struct caller caller = house_shop(id_of(run, run->model.trades[last].shop));
        enum refusal till = call(run, caller, &trade_cancel, &trade_id, &row);
        same_answer(run, "trade_cancel", model_cancel(&run->model, last), till, last, &row);
    } else {
        int shopper = max_i64(run->model.trades[last].shopper, 0) != 0;
        enum refusal till = call(run, house_shopper(id_of(run, shopper)), &trade_confirm, &trade_id, &row);
        same_answer(run, "trade_confirm", model_confirm(&run->model, shopper, last), till, last, &row);
    }
}

/* All sequences of SMALL_STEPS steps; each in a world of its own, many worlds in one store. */
static bool small_worlds(struct run *run, int steps, uint64_t *count)
{
    uint64_t all = 1;
    for (int i = 0; i < steps; i++) {
        all *= SMALL_KINDS;
    }
    for (*count = 0; *count < all; (*count)++) {
        if (*count % WORLDS_PER_STORE == 0) {
            if (*count > 0) {
                audit(run);
                house_close(&run->house);
            }
            if (*count > 0 && run->wrong != NULL) {
                return false;
            }
            run_open(run, 0);
        }
        run->base += 1000;
        run->call_number = 0;
        run->old_count = 0;
        memset(run->trade_ids, 0, sizeof(run->trade_ids[0]) * SMALL_STEPS);
        small_world(run);
        uint64_t sequence = *count;
        for (int i = 0; i < steps && run->wrong == NULL; i++, sequence /= SMALL_KINDS) {
            small_step(run, (int)(sequence % SMALL_KINDS));
        }
        if (run->wrong != NULL) {
            break;
        }
        same_state(run);
    }
    audit(run);
    house_close(&run->house);
    return run->wrong == NULL;
}

/* A model that is wrong on purpose must be noticed, by the random histories and, about the till, by the short ones. */
static bool canary_sings(struct run *run, enum model_canary canary)
{
    uint64_t worlds, seed = 0;
    bool sings = false;
    model_canary = canary;
    while (seed < 400 && !sings) {
        sings = !history(run, ++seed);
    }
    printf("# canary %d, seed %" PRIu64 ": %s\n", (int)canary, seed, sings ? run->wrong : "not noticed");
    if (canary == MODEL_CANARY_till) {
        sings = sings && !small_worlds(run, 3, &worlds);
    }
    model_canary = MODEL_CANARY_none;
    return sings;
}

int main(int argc, char **argv)
{
    static struct run run;
    uint64_t from = number_after(argc, argv, "--from", 1), seeds = number_after(argc, argv, "--seeds", 0);
    uint64_t seconds = number_after(argc, argv, "--seconds", 12), done = 0, worlds = 0;
    int64_t start_us = os_monotonic_us();
    bool ok = true, single = seeds > 0;
    seeds = single ? seeds : seeds_wanted();
    mallopt(M_MMAP_THRESHOLD, 1 << 19); /* large and mostly untouched: fresh pages need no clearing */
    printf("1..3\n");
    while (ok && (seeds > 0 ? done < seeds : os_monotonic_us() - start_us < (int64_t)seconds * 1000000)) {
        ok = history(&run, from + done);
        done += ok;
    }
    int64_t took_us = max_i64(1, os_monotonic_us() - start_us);
    printf("# %" PRIu64 " histories of %d calls, %" PRIu64 " a second\n", done, CALLS_PER_HISTORY,
           done * 1000000 / (uint64_t)took_us);
    if (!ok) {
        printf("# seed %" PRIu64 ": %s\n", from + done, run.wrong);
    }
    printf("%sok 1 - random histories end as the model says\n", ok ? "" : "not ");
    int steps = (int)number_after(argc, argv, "--steps", 4);
    bool small = single || small_worlds(&run, steps, &worlds);
    printf("# %" PRIu64 " worlds of %d steps\n", worlds, steps);
    if (!small) {
        printf("# world %" PRIu64 ": %s\n", worlds, run.wrong);
    }
    printf("%sok 2 - every short history of a small world ends as the model says\n", small ? "" : "not ");
    bool sings = true;
    for (enum model_canary canary = MODEL_CANARY_till; canary < MODEL_CANARY_count; canary++) {
        sings = canary_sings(&run, canary) && sings;
    }
    printf("%sok 3 - a model that is wrong on purpose is noticed\n", sings ? "" : "not ");
    return ok && small && sings ? 0 : 1;
}
