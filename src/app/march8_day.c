/* SPDX-License-Identifier: Apache-2.0 */
#include "app/march8_day.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os_clock.h"

#define AGAIN_US 200
#define BLOCK_ACTS 4096
#define EARLY_PRESSES 500
#define PRESSES_PER_TICKET_PERCENT 125
#define BOOKING_TRIES 12 /* for each booking that there shall be, when hours are full */

struct act_block {
    struct act_block *next;
    struct act acts[BLOCK_ACTS];
};

static _Atomic(struct driver *) running;

void march8_stop(void)
{
    struct driver *driver = atomic_load(&running);
    if (driver != NULL) {
        driver_stop(driver);
    }
}

/* ---- what is due ---- */

static struct act *act_take_spent(struct march8_play *play)
{
    if (play->spent == NULL) {
        struct act_block *block = calloc(1, sizeof(*block));
        assert(block != NULL);
        block->next = play->blocks;
        play->blocks = block;
        for (size_t i = 0; i < BLOCK_ACTS; i++) {
            block->acts[i].next = play->spent;
            play->spent = &block->acts[i];
        }
    }
    struct act *act = play->spent;
    play->spent = act->next;
    return act;
}

void act_add(struct march8_play *play, const struct act *act, uint32_t steps)
{
    uint32_t step = play->step + steps;
    if (step >= MARCH8_TO) {
        return; /* the day is over by then */
    }
    struct act *added = act_take_spent(play);
    *added = *act;
    added->next = NULL;
    if (play->first[step] == NULL) {
        play->last[step] = &play->first[step];
    }
    *play->last[step] = added;
    play->last[step] = &added->next;
    play->waiting++;
}

static bool act_due(struct march8_play *play, struct act *act)
{
    struct act *first = play->first[play->step];
    if (first == NULL) {
        return false;
    }
    *act = *first;
    play->first[play->step] = first->next;
    first->next = play->spent;
    play->spent = first;
    play->waiting--;
    return true;
}

static uint32_t anybody(struct march8_play *play)
{
    return (uint32_t)random_below(&play->random, play->day->shoppers);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What is begun in each step: the two rounds, bookings and dinners, the lottery, packets in the evening. */
static void step_begin(struct march8_play *play)
{
    const struct march8 *day = play->day;
    uint64_t presses = (uint64_t)day->tickets * PRESSES_PER_TICKET_PERCENT / 100 / MARCH8_ROUNDS;
    uint32_t step = play->step;
    bool rush = step == MARCH8_STEP(10, 0) || step == MARCH8_STEP(15, 0);
    play->step_begun_us = os_monotonic_us();
    play->presses = rush ? presses : step == MARCH8_FROM ? least(EARLY_PRESSES, presses) : 0;
    play->round = step >= MARCH8_STEP(15, 0);
    play->bookings = step == MARCH8_STEP(10, 0) ? play->bookings_left : 0;
    bool eating = step >= MARCH8_STEP(10, 0) && step < MARCH8_STEP(20, 0);
    play->dinners = eating ? 1 + day->dinners / (MARCH8_STEP(20, 0) - MARCH8_STEP(10, 0)) : 0;
    play->entries = step < MARCH8_DRAW ? 1 + day->entrants / (MARCH8_DRAW - MARCH8_FROM) : 0;
    if (step == MARCH8_STEP(20, 10)) {
        for (uint32_t i = 0; i < MARCH8_PACKETS; i++) {
            struct act packet = { .kind = ACT_packet, .shopper = anybody(play), .serial = ++play->serial };
            act_add(play, &packet, 0);
        }
        lottery_verify(play);
    }
}

/* Something that somebody decides to do now; what there is most of most often. */
static bool act_fresh(struct march8_play *play, struct act *act)
{
    uint64_t all = play->presses + play->bookings + play->dinners + play->entries;
    if (all == 0) {
        return false;
    }
    uint64_t luck = random_below(&play->random, all);
    *act = (struct act){ .shopper = anybody(play), .serial = ++play->serial, .round = play->round };
    if (luck < play->presses) {
        play->presses--;
        act->kind = ACT_claim;
        act->place = (uint16_t)random_table_pick(&play->day->cinemas, &play->random);
    } else if (luck < play->presses + play->bookings) {
        play->bookings--;
        act->kind = ACT_book;
        act->place = (uint16_t)random_table_pick(&play->day->karaoke, &play->random);
        act->id = (int64_t)random_below(&play->random, MARCH8_SLOTS);
    } else if (luck < play->presses + play->bookings + play->dinners) {
        play->dinners--;
        act->kind = ACT_dinner;
        act->place = (uint16_t)random_table_pick(&play->day->restaurants, &play->random);
    } else {
        play->entries--;
        act->kind = ACT_enter;
    }
    return true;
}

static bool act_next(struct march8_play *play, struct act *act)
{
    if (act_due(play, act) || act_fresh(play, act)) {
        return true;
    }
    if (play->in_flight > 0 || play->clock_moving) {
        return false;
    }
    if (play->bookings_left > 0 && play->step == MARCH8_STEP(10, 0) && play->booking_tries > 0) {
        play->bookings = least(play->bookings_left, play->booking_tries);
        play->booking_tries -= play->bookings;
        return act_fresh(play, act);
    }
    if (play->step == MARCH8_STEP(10, 0) || play->step == MARCH8_STEP(15, 0)) {
        play->book->rush_us += os_monotonic_us() - play->step_begun_us;
    }
    play->clock_moving = true;
    *act = (struct act){ .kind = ACT_clock };
    return true;
}

/* ---- what is asked ---- */

__attribute__((format(printf, 2, 3))) static void body(struct http_request *http, const char *format, ...)
{
    va_list arguments;
    size_t capacity;
    http_request_raw(http, SPAN("Content-Type: application/json\r\n"));
    char *to = http_request_body(http, &capacity);
    va_start(arguments, format);
    int size = vsnprintf(to, capacity, format, arguments);
    va_end(arguments);
    assert(size >= 0 && (capacity == 0 || (size_t)size < capacity));
    http_request_body_end(http, (size_t)size);
}

static void line(struct march8_play *play, struct http_request *http, struct caller caller, const char *path,
                 const struct act *act)
{
    char bearer[BEARER_SIZE], key[48];
    played_bearer(play->played, caller, bearer);
    http_request_line(http, SPAN("POST"), span_of(path));
    http_request_raw(http, span_of(bearer));
    int size = snprintf(key, sizeof(key), "m8-%u-%u-%u", act->kind, act->serial, act->again);
    http_request_header(http, SPAN("Idempotency-Key"), (struct span){ key, (size_t)size });
}

static void get_write(struct march8_play *play, struct http_request *http, struct caller caller, const char *path)
{
    char bearer[BEARER_SIZE];
    played_bearer(play->played, caller, bearer);
    http_request_line(http, SPAN("GET"), span_of(path));
    http_request_raw(http, span_of(bearer));
    http_request_end(http);
}

static int64_t shop_of(const struct act *act)
{
    return act->round != ROUND_DINNER ? march8_cinema_id(act->place) : march8_restaurant_id(act->place);
}

/* What shops do: redeem a voucher, see somebody arrive. */
static void shop_write(struct march8_play *play, const struct act *act, struct http_request *http)
{
    char path[96];
    bool arrives = act->kind == ACT_arrive;
    int64_t shop_id = arrives ? march8_karaoke_id(act->place) : shop_of(act);
    struct caller shop = { CALLER_shop, shop_id };
    if (arrives) {
        snprintf(path, sizeof(path), "/v1/bookings/%lld/arrive", (long long)act->id);
        line(play, http, shop, path, act);
        body(http, "{}");
    } else {
        snprintf(path, sizeof(path), "/v1/shops/%lld/redemptions", (long long)shop_id);
        line(play, http, shop, path, act);
        body(http, "{\"codes\":[{\"code\":\"%s\"}]}", act->code);
    }
}

static void clock_write(struct march8_play *play, struct http_request *http)
{
    char now[INSTANT_TEXT_SIZE];
    http_request_line(http, SPAN("POST"), SPAN("/v1/test/clock"));
    http_request_raw(http, span_of(play->played->operator_bearer));
    instant_write(march8_step_us(play->step + 1), 480, now);
    body(http, "{\"now\":\"%s\"}", now);
}

void act_write(struct march8_play *play, const struct act *act, struct http_request *http)
{
    char path[96], starts_at[INSTANT_TEXT_SIZE];
    struct caller shopper = { CALLER_shopper, march8_shopper_id(act->shopper) };
    switch ((enum act_kind)act->kind) {
    case ACT_claim:
        snprintf(path, sizeof(path), "/v1/gives/%lld/claims", (long long)march8_ticket_deal(act->round, act->place));
        line(play, http, shopper, path, act);
        body(http, "{}");
        break;
    case ACT_dinner:
        snprintf(path, sizeof(path), "/v1/deals/%lld/purchases", (long long)march8_dinner_deal(act->place));
        line(play, http, shopper, path, act);
        body(http, "{\"confirmed\":true}");
        break;
    case ACT_return:
        snprintf(path, sizeof(path), "/v1/vouchers/%lld/return", (long long)act->id);
        line(play, http, shopper, path, act);
        body(http, "{}");
        break;
    case ACT_book:
        snprintf(path, sizeof(path), "/v1/resources/%lld/bookings", (long long)march8_resource_id(act->place));
        instant_write(march8_step_us(MARCH8_STEP(12, 0) + 6 * (uint32_t)act->id), 480, starts_at);
        line(play, http, shopper, path, act);
        body(http, "{\"starts_at\":\"%s\",\"confirmed\":true}", starts_at);
        break;
    case ACT_enter:
        snprintf(path, sizeof(path), "/v1/gives/%lld/entries", (long long)MARCH8_LOTTERY_DEAL);
        line(play, http, shopper, path, act);
        body(http, "{}");
        break;
    case ACT_check:
        snprintf(path, sizeof(path), "/v1/gives/%lld/entries/%lld", (long long)MARCH8_LOTTERY_DEAL,
                 (long long)shopper.id);
        get_write(play, http, shopper, path);
        break;
    case ACT_look:
        snprintf(path, sizeof(path), "/v1/vouchers/%lld", (long long)act->id);
        get_write(play, http, shopper, path);
        break;
    case ACT_packet:
        line(play, http, shopper, "/v1/packets", act);
        body(http,
             "{\"sender_kind\":\"shopper\",\"sender_id\":\"%lld\",\"amount_minor\":%d,\"people\":%d,"
             "\"greeting\":\"节日快乐\"}",
             (long long)shopper.id, MARCH8_PACKET_MINOR, MARCH8_PACKET_PEOPLE);
        break;
    case ACT_open:
        snprintf(path, sizeof(path), "/v1/packets/%lld/claims", (long long)act->id);
        line(play, http, shopper, path, act);
        body(http, "{\"packet_key\":\"%lld\"}", (long long)act->key);
        break;
    case ACT_redeem:
    case ACT_arrive:
        shop_write(play, act, http);
        break;
    case ACT_clock:
    case ACT_KIND_COUNT:
        clock_write(play, http);
        break;
    }
}

/* ---- driving ---- */

static enum make day_make(void *context, uint32_t slot, struct request_out *out)
{
    struct march8_play *play = context;
    struct act *act = &play->flights[slot];
    if (play->book->faults > 100) {
        return MAKE_finished;
    }
    if (play->step >= MARCH8_TO) {
        return MAKE_finished;
    }
    if (!act_next(play, act)) {
        out->again_at_us = os_monotonic_us() + AGAIN_US;
        return MAKE_later;
    }
    act_write(play, act, &out->http);
    if (act->kind == ACT_claim && act->again == 0 && random_below(&play->random, 100) == 0) {
        out->fault = FAULT_unread; /* a phone that never hears the answer, and presses again */
    }
    play->in_flight++;
    return MAKE_send;
}

static void day_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    struct march8_play *play = context;
    const struct act *act = &play->flights[slot];
    play->in_flight--;
    play->book->requests++;
    if (act->kind != ACT_clock) {
        act_answered(play, act, answer);
        return;
    }
    play->clock_moving = false;
    if (answer->status != 200) {
        march8_fault(play->book, "the clock could not be moved");
        play->book->faults += 100;
        return;
    }
    play->step++;
    step_begin(play);
}

static void day_tick(void *context, uint64_t made, uint64_t finished)
{
    struct march8_play *play = context;
    char tickets[32], rate[32];
    int64_t now_us = os_monotonic_us();
    bool terminal = isatty(STDERR_FILENO) == 1;
    (void)made;
    (void)finished;
    if (play->settings->json || now_us - play->shown_us < (terminal ? 200000 : 5000000)) {
        return;
    }
    progress_number(play->book->tickets, tickets);
    progress_number((play->book->requests - play->shown_requests) * 1000000 /
                        (uint64_t)max_i64(now_us - play->shown_us, 1), rate);
    fprintf(stderr, "%s%02u:%02u  %s tickets  %s requests/s%s", terminal ? "\r  " : "  ",
            play->step * MARCH8_STEP_MINUTES / 60, play->step * MARCH8_STEP_MINUTES % 60, tickets, rate,
            terminal ? "   \033[K" : "\n");
    play->shown_us = now_us;
    play->shown_requests = play->book->requests;
}

static bool day_drive(struct march8_play *play)
{
    struct driver_options options = {
        .address = play->played->address,
        .connections = MARCH8_CONNECTIONS,
        .threads = 1,
        .timeout_us = 30 * US_PER_SECOND,
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
    step_begin(play);
    driver_run(driver, report);
    atomic_store(&running, NULL);
    driver_close(driver);
    bool whole = !report->gave_up && play->step >= MARCH8_TO && play->in_flight == 0;
    free(report);
    play->book->day_us = os_monotonic_us() - play->begun_us;
    return whole;
}

static struct march8_play *play_open(struct played *played, const struct march8 *day,
                                     const struct demo_settings *settings, struct march8_book *book)
{
    struct march8_play *play = calloc(1, sizeof(*play));
    assert(play != NULL);
    play->played = played;
    play->day = day;
    play->settings = settings;
    play->book = book;
    play->step = MARCH8_FROM;
    play->bookings_left = day->bookings;
    play->booking_tries = (uint64_t)day->bookings * BOOKING_TRIES;
    random_init(&play->random, day->seed, 3);
    play->holdings_count = 1024;
    while (play->holdings_count < 3 * (uint64_t)day->tickets) {
        play->holdings_count *= 2;
    }
    play->holdings = calloc(play->holdings_count, sizeof(play->holdings[0]));
    play->booked = calloc(MARCH8_KARAOKE, sizeof(play->booked[0]));
    play->tickets = calloc((size_t)day->shoppers + 1, sizeof(play->tickets[0]));
    play->entrants = calloc((size_t)day->shoppers + 1, sizeof(play->entrants[0]));
    assert(play->holdings != NULL && play->booked != NULL);
    assert(play->tickets != NULL && play->entrants != NULL);
    return play;
}

static void play_close(struct march8_play *play)
{
    while (play->blocks != NULL) {
        struct act_block *next = play->blocks->next;
        free(play->blocks);
        play->blocks = next;
    }
    free(play->holdings);
    free(play->booked);
    free(play->tickets);
    free(play->entrants);
    free(play);
}

bool march8_play(struct played *played, const struct march8 *day, const struct demo_settings *settings,
                 struct march8_book *book)
{
    histogram_init(&book->won_latency);
    histogram_init(&book->lost_latency);
    histogram_init(&book->counter_latency);
    struct march8_play *play = play_open(played, day, settings, book);
    bool whole = day_drive(play);
    if (!settings->json && isatty(STDERR_FILENO) == 1) {
        fputs("\r\033[K", stderr);
    }
    /* What is left in red packets goes back after a day. */
    if (whole && !played_clock(played, march8_step_us(MARCH8_TO) + 26 * 3600 * US_PER_SECOND)) {
        whole = false;
    }
    if (!whole) {
        march8_fault(book, "the day ended before its time: the server did not answer any more");
    }
    play_close(play);
    return whole;
}
