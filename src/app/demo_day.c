/* SPDX-License-Identifier: Apache-2.0 */
#include "app/demo_day.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os_clock.h"
#include "load/progress.h"

#define FUND_MINUTE 540          /* at nine the house knows how the day goes */
#define BEHIND_MINUTES 3         /* so late the clock jumps instead of going minute by minute */
#define AGAIN_US 500
#define BUDGET_PER_SECOND 13000  /* supermarket discounts a fast machine gives in a second: a guess until nine */
#define TRICKLE_GAP_US 1500
#define CONFIRM_SECONDS 600
#define GUESSES 14               /* of the stolen till: more than a till may miss in a minute */

static _Atomic(struct driver *) running;

void demo_stop(void)
{
    struct driver *driver = atomic_load(&running);
    if (driver != NULL) {
        driver_stop(driver);
    }
}

/* ---- the clock ---- */

/* The minute of the day in which it should be now. */
static uint32_t minute_wanted(const struct play *play, int64_t now_us)
{
    const uint64_t *weights = play->day->weight_until;
    uint64_t whole = weights[DEMO_MINUTES];
    int64_t length_us = play->settings->seconds * US_PER_SECOND;
    int64_t passed_us = min_i64(now_us - play->begun_us, length_us);
    uint64_t reached = (uint64_t)((uint128)whole * (uint64_t)passed_us / (uint64_t)length_us);
    uint32_t low = 0, high = DEMO_MINUTES;
    while (low < high) { /* the last minute that has begun */
        uint32_t middle = (low + high + 1) / 2;
        if (weights[middle] <= reached) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return DOUBLE12_MINUTE_FROM + low;
}

/* Whether a code of before `minute` is on its way. */
static bool code_before(const struct play *play, uint32_t minute)
{
    uint32_t recent = minute < MINUTES_MAX ? play->coded_in_flight[minute] : 0;
    return play->coded_total > recent;
}

/* Sends the clock on when it is time and nobody is left behind. */
static bool clock_write(struct play *play, int64_t now_us, struct errand *errand)
{
    uint32_t wanted = minute_wanted(play, now_us);
    if (play->day_over) { /* on to whatever is still to happen */
        bool idle = play->in_flight == 0 && play->waiting > 0;
        wanted = idle ? errand_next_minute(play) : play->minute;
    }
    if (play->clock_moving || wanted <= play->minute || wanted >= MINUTES_MAX) {
        return false;
    }
    bool behind = wanted > play->minute + BEHIND_MINUTES || play->day_over;
    bool due = play->waiting > 0 && errand_next_minute(play) <= play->minute;
    if (behind && (play->coded_total > 0 || due)) {
        play->clock_jumping = true; /* from now on only what is due already, so that soon no code is under way */
        return false;
    }
    if (!behind && code_before(play, play->minute)) {
        return false;
    }
    play->clock_moving = true;
    play->clock_jumping = behind;
    *errand = (struct errand){ .kind = ERRAND_clock, .number = behind ? wanted : play->minute + 1 };
    return true;
}

/* ---- what is asked next ---- */

static bool is_coded(enum errand_kind kind)
{
    return kind == ERRAND_pay || kind == ERRAND_repeat || kind == ERRAND_retry;
}

static void budgets_add(struct play *play)
{
    static const uint32_t campaigns[] = { CAMPAIGN12_supermarket, CAMPAIGN12_drink };
    for (size_t i = 0; i < COUNT_OF(campaigns); i++) {
        int64_t more = budget_until_evening(play, campaigns[i]) - play->budget->funded_minor[campaigns[i]];
        struct errand errand = { .kind = ERRAND_fund, .number = campaigns[i], .amount_minor = more };
        if (more > 0) {
            errand_add(play, &errand, 0);
        }
    }
    play->funded = true;
}

/* A fresh purchase: mostly by pay code, some by QR. */
static bool purchase_next(struct play *play, struct errand *errand)
{
    uint32_t luck = (uint32_t)random_below(&play->random, 1000);
    *errand = (struct errand){ .kind = ERRAND_pay };
    if (!order_make(play, &errand->order)) {
        return false;
    }
    if (errand->order.trick == TRICK_none && luck < 20) {
        errand->kind = ERRAND_create;
    } else if (errand->order.trick == TRICK_none && luck < 32 && play->counter_count > 0) {
        size_t counter = random_below(&play->random, play->counter_count);
        errand->kind = ERRAND_counter;
        errand->order.shop = play->counters[counter].shop;
        errand->order.terminal = play->day->shops[errand->order.shop].first_terminal;
        errand->order.amount_minor = (int32_t)random_between(&play->random, 500, 6000);
        memcpy(errand->qr, play->counters[counter].qr, sizeof(errand->qr));
    }
    return true;
}

static bool errand_next(struct play *play, int64_t now_us, struct errand *errand)
{
    if (clock_write(play, now_us, errand)) {
        return true;
    }
    if (!play->day_over && play->minute >= DOUBLE12_MINUTE_TO) {
        play->day_over = true;
        play->ended_us = now_us;
    }
    if (!play->funded && play->minute >= FUND_MINUTE) {
        budgets_add(play);
    }
    if (play->clock_jumping && play->clock_moving) {
        return false;
    }
    if (errand_take(play, errand)) {
        return true;
    }
    return !play->clock_jumping && !play->day_over && purchase_next(play, errand);
}

/* The networks of that day: half-sent, unheard, and at a trickle. */
static void network_spoil(struct play *play, const struct errand *errand, struct request_out *out)
{
    uint32_t luck = (uint32_t)random_below(&play->random, 1000);
    if (errand->kind != ERRAND_pay || errand->order.trick != TRICK_none) {
        return;
    }
    if (luck < 12) {
        out->fault = FAULT_half;
    } else if (luck < 24) {
        out->fault = FAULT_unread;
    } else if (luck < 40) {
        out->fault = FAULT_pieces;
        out->pieces = 2 + (uint32_t)random_below(&play->random, 6);
        out->piece_gap_us = TRICKLE_GAP_US;
        play->book->dribbled++;
    }
}

static enum make day_make(void *context, uint32_t slot, struct request_out *out)
{
    struct play *play = context;
    struct flight *flight = &play->flights[slot];
    int64_t now_us = os_monotonic_us();
    if (play->book->faults > 100) {
        return MAKE_finished; /* nothing to be learnt any more */
    }
    if (!errand_next(play, now_us, &flight->errand)) {
        bool finished = play->day_over && play->waiting == 0 && play->in_flight == 0;
        out->again_at_us = now_us + AGAIN_US;
        return finished ? MAKE_finished : MAKE_later;
    }
    errand_write(play, &flight->errand, &out->http);
    network_spoil(play, &flight->errand, out);
    flight->fault = out->fault;
    flight->coded = is_coded(flight->errand.kind);
    if (flight->coded) {
        play->coded_in_flight[flight->errand.order.minute]++;
        play->coded_total++;
    }
    play->in_flight++;
    return MAKE_send;
}

static void day_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    struct play *play = context;
    struct flight *flight = &play->flights[slot];
    play->in_flight--;
    if (flight->coded) {
        play->coded_in_flight[flight->errand.order.minute]--;
        play->coded_total--;
    }
    errand_answered(play, flight, answer);
}

/* ---- the line that is shown meanwhile ---- */

static void day_tick(void *context, uint64_t made, uint64_t finished)
{
    struct play *play = context;
    char payments[32], rate[32];
    int64_t now_us = os_monotonic_us();
    bool terminal = isatty(STDERR_FILENO) == 1;
    (void)made;
    (void)finished;
    if (play->settings->json || now_us - play->shown_us < (terminal ? 200000 : 5000000)) {
        return;
    }
    uint64_t fresh = play->book->payments - play->shown_payments;
    int64_t funded = play->budget->funded_minor[CAMPAIGN12_supermarket];
    int64_t left = max_i64(0, funded - play->book->given_minor[CAMPAIGN12_supermarket]);
    progress_number(play->book->payments, payments);
    progress_number(fresh * 1000000 / (uint64_t)max_i64(now_us - play->shown_us, 1), rate);
    int64_t share = funded > 0 ? left * 100 / funded : 0;
    fprintf(stderr, "%s%02u:%02u  %s payments  %s/s  national budget left %lld %%%s", terminal ? "\r  " : "  ",
            play->minute / 60 % 24, play->minute % 60, payments, rate, (long long)share,
            terminal ? "   \033[K" : "\n");
    play->shown_us = now_us;
    play->shown_payments = play->book->payments;
}

/* ---- the day ---- */

static void counters_read(struct play *play)
{
    for (uint32_t i = 0; i < COUNTERS; i++) {
        char path[64];
        struct span body, qr;
        uint32_t shop = play->day->kind_first[SHOP_snack] + i * 37;
        snprintf(path, sizeof(path), "/v1/shops/%lld", (long long)double12_shop_id(shop));
        if (played_call(play->played, "GET", path, SPAN(""), &body) == 200 && json_member(body, "qr_url", &qr) &&
            span_copy(qr, play->counters[play->counter_count].qr, COUNTER_QR_SIZE)) {
            play->counters[play->counter_count++].shop = shop;
        }
    }
}

/* Whoever is asked to confirm has longer than usual: at this speed two minutes of the day are gone too soon. */
static bool policy_set(struct play *play)
{
    char text[1024];
    struct span body, seconds;
    if (played_call(play->played, "GET", "/v1/policy", SPAN(""), &body) != 200 ||
        !json_member(body, "confirm_timeout_s", &seconds)) {
        return false;
    }
    const char *rest = seconds.bytes + seconds.size;
    int size = snprintf(text, sizeof(text), "%.*s%d%.*s", (int)(seconds.bytes - body.bytes), body.bytes,
                        CONFIRM_SECONDS, (int)(body.bytes + body.size - rest), rest);
    return (size_t)size < sizeof(text) &&
           played_call(play->played, "PUT", "/v1/policy", (struct span){ text, (size_t)size }, &body) == 200;
}

/* Until nine the budget is a guess, a small one: what a fast machine would give in that hour. */
static bool budgets_begin(struct play *play)
{
    int64_t first = play->settings->seconds * BUDGET_PER_SECOND * 2500 / 12;
    first = min_i64(first, (int64_t)play->settings->shoppers * 600);
    const int64_t shares[DOUBLE12_CAMPAIGNS] = { first, (int64_t)play->settings->shoppers * 8000,
                                                 (int64_t)play->settings->shoppers * 10000, first / 20,
                                                 (int64_t)play->settings->shoppers * 600,
                                                 (int64_t)play->settings->shoppers * 800 };
    for (uint32_t i = 0; i < DOUBLE12_CAMPAIGNS; i++) {
        char path[64], text[128];
        struct span body;
        /* The department stores and the chain bring in their own part. */
        int64_t merchant = i == CAMPAIGN12_department ? shares[i] * 3 / 7 : i == CAMPAIGN12_chain ? shares[i] : 0;
        int64_t platform = i == CAMPAIGN12_chain ? 0 : shares[i];
        snprintf(path, sizeof(path), "/v1/campaigns/%lld/fund", (long long)double12_campaign_id(i));
        int size = snprintf(text, sizeof(text), "{\"platform_minor\":%lld,\"merchant_minor\":%lld}",
                            (long long)platform, (long long)merchant);
        if (played_call(play->played, "POST", path, (struct span){ text, (size_t)size }, &body) != 201) {
            demo_fault(play->book, "the budgets cannot be funded: %.*s", (int)min_i64((int64_t)body.size, 160),
                       body.bytes);
            return false;
        }
        play->budget->funded_minor[i] = platform + merchant;
    }
    return true;
}

static struct play *play_open(struct played *played, const struct double12 *day, const struct demo_settings *settings,
                              struct demo_budget *budget, struct demo_book *book)
{
    struct play *play = calloc(1, sizeof(*play));
    assert(play != NULL);
    play->played = played;
    play->day = day;
    play->settings = settings;
    play->budget = budget;
    play->book = book;
    play->minute = DOUBLE12_MINUTE_FROM;
    play->due_from = MINUTES_MAX;
    play->guesses_left = GUESSES;
    random_init(&play->random, settings->seed, 3);
    play->shopper_flags = calloc(settings->shoppers, sizeof(*play->shopper_flags));
    play->shopper_minute = calloc(settings->shoppers, sizeof(*play->shopper_minute));
    play->terminal_bearer = calloc(day->terminal_count, sizeof(*play->terminal_bearer));
    assert(play->shopper_flags != NULL);
    assert(play->shopper_minute != NULL);
    assert(play->terminal_bearer != NULL);
    for (uint32_t i = 0; i < day->terminal_count; i++) {
        played_bearer(played, (struct caller){ CALLER_terminal, double12_terminal_id(i) }, play->terminal_bearer[i]);
    }
    return play;
}

static void play_close(struct play *play)
{
    errands_release(play);
    free(play->shopper_flags);
    free(play->shopper_minute);
    free(play->terminal_bearer);
    free(play);
}

static bool day_drive(struct play *play)
{
    struct driver_options options = {
        .address = play->played->address,
        .connections = CONNECTIONS,
        .threads = 1,
        .timeout_us = 20 * US_PER_SECOND,
        .context = play,
        .make = day_make,
        .done = day_done,
        .tick = day_tick,
    };
    struct driver_report *report = malloc(sizeof(*report));
    struct driver *driver = driver_open(&options);
    assert(report != NULL);
    if (driver == NULL) {
        free(report);
        return false;
    }
    atomic_store(&running, driver);
    play->begun_us = play->shown_us = os_monotonic_us();
    driver_run(driver, report);
    atomic_store(&running, NULL);
    driver_close(driver);
    bool whole = !report->gave_up && play->day_over && play->waiting == 0;
    free(report);
    play->book->day_us = (play->day_over ? play->ended_us : os_monotonic_us()) - play->begun_us;
    return whole;
}

bool demo_play(struct played *played, const struct double12 *day, const struct demo_settings *settings,
               struct demo_budget *budget, struct demo_book *book)
{
    histogram_init(&book->latency);
    struct play *play = play_open(played, day, settings, budget, book);
    counters_read(play);
    bool whole = policy_set(play) && budgets_begin(play);
    if (whole) {
        whole = day_drive(play);
        if (!settings->json && isatty(STDERR_FILENO) == 1) {
            fputs("\r\033[K", stderr);
        }
        if (!whole) {
            demo_fault(book, "the day ended before its time: the server did not answer any more");
        }
    }
    /* Whatever still waits for somebody closes by itself within the half hour. */
    if (whole && !played_clock(played, DOUBLE12_MIDNIGHT_US + (play->minute + 30) * US_PER_MINUTE)) {
        demo_fault(book, "the clock could not be moved on after the day");
        whole = false;
    }
    play_close(play);
    if (!whole) {
        demo_fault(book, "the day could not be begun");
    }
    return whole;
}
