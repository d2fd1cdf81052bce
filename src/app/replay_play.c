/* SPDX-License-Identifier: Apache-2.0 */
#include "app/replay.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/os_clock.h"
#include "load/driver.h"
#include "load/random.h"
#include "till/paycode_digits.h"

#define CONNECTIONS 96
#define DAY_MINUTES 1440
#define AGAIN_US 300
#define TRIES_MAX 1000
#define ZONE_MINUTES 480

/* Hours in which people in shops pay, of a thousand; nobody between midnight and six. */
static const uint32_t hours[24] = { 0,  0,  0,  0,  0,  0,  8,  28, 38, 40, 52, 92,
                                    98, 62, 50, 48, 54, 92, 118, 90, 62, 42, 20, 6 };

/* One payment that is still to be made. */
struct pay {
    uint32_t shop;
    uint16_t minute;
};

struct flight {
    uint32_t serial, shop, tries;
    uint16_t minute;
    bool clock; /* it moves the clock to `minute` */
};

struct play {
    struct played *played;
    const struct replay_data *data;
    const struct replay_settings *settings;
    struct replay_result *result;
    struct progress *progress;
    struct flight flights[CONNECTIONS];
    struct flight again[CONNECTIONS]; /* without an answer: to be sent once more */
    uint32_t again_count, in_flight;
    uint32_t shopper_count;
    char (*bearers)[BEARER_SIZE]; /* of the shops' terminals */
    /* the day */
    size_t count_next;  /* of the data, where the next day begins */
    int64_t day_us;     /* midnight */
    struct pay *pays;   /* of the day, by minute */
    size_t pay_count, pay_next;
    uint32_t serial;
    uint32_t minute;    /* of the server's clock */
    bool clock_moving, day_open;
    uint32_t under_way[DAY_MINUTES]; /* by the minute of their code */
    uint32_t under_way_total;
};

static _Atomic(struct driver *) running;

void replay_stop(void)
{
    struct driver *driver = atomic_load(&running);
    if (driver != NULL) {
        driver_stop(driver);
    }
}

/* ---- a day ---- */

/* Spreads each shop's payments over the day, then puts them in order by counting. */
static void day_fill(struct play *play, size_t begin, size_t end)
{
    struct random_source random;
    struct random_table table;
    uint64_t weights[24];
    size_t starts[DAY_MINUTES + 1] = { 0 };
    struct pay *loose = malloc(sizeof(*loose) * (play->pay_count + 1));
    size_t made = 0;
    assert(loose != NULL);
    for (size_t i = 0; i < COUNT_OF(hours); i++) {
        weights[i] = hours[i];
    }
    enum status status = random_table_init(&table, weights, COUNT_OF(hours));
    assert(status == STATUS_ok);
    random_init(&random, play->settings->seed, (uint64_t)play->data->counts[begin].day);
    for (size_t i = begin; i < end; i++) {
        for (uint32_t j = 0; j < play->data->counts[i].pays; j++) {
            uint32_t hour = random_table_pick(&table, &random);
            uint16_t minute = (uint16_t)(hour * 60 + random_below(&random, 60));
            loose[made++] = (struct pay){ .shop = play->data->counts[i].shop, .minute = minute };
            starts[minute + 1]++;
        }
    }
    for (size_t i = 0; i < DAY_MINUTES; i++) {
        starts[i + 1] += starts[i];
    }
    for (size_t i = 0; i < made; i++) {
        play->pays[starts[loose[i].minute]++] = loose[i];
    }
    random_table_release(&table);
    free(loose);
}

/* The next day of the data; false when there is none. */
static bool day_begin(struct play *play)
{
    const struct replay_data *data = play->data;
    size_t begin = play->count_next, end = begin;
    if (begin == data->count_count) {
        return false;
    }
    play->pay_count = 0;
    for (; end < data->count_count && data->counts[end].day == data->counts[begin].day; end++) {
        play->pay_count += data->counts[end].pays;
    }
    day_fill(play, begin, end);
    int64_t day = civil_day_of_yyyymmdd(data->counts[begin].day);
    play->day_us = day * US_PER_DAY - ZONE_MINUTES * US_PER_MINUTE;
    play->count_next = end;
    play->pay_next = 0;
    play->minute = 0;
    play->day_open = false;
    char note[PROGRESS_NOTE_SIZE];
    snprintf(note, sizeof(note), "%d", data->counts[begin].day);
    progress_note(play->progress, note);
    return true;
}

/* ---- requests ---- */

static void clock_write(struct play *play, uint32_t minute, struct http_request *http)
{
    char now[INSTANT_TEXT_SIZE];
    size_t capacity;
    instant_write(play->day_us + minute * US_PER_MINUTE, ZONE_MINUTES, now);
    http_request_line(http, SPAN("POST"), SPAN("/v1/test/clock"));
    http_request_raw(http, span_of(play->played->operator_bearer));
    http_request_raw(http, SPAN("Content-Type: application/json\r\n"));
    char *to = http_request_body(http, &capacity);
    int size = snprintf(to, capacity, "{\"now\":\"%s\"}", now);
    http_request_body_end(http, (size_t)size);
}

/* Everything about a payment follows from its number, so that it is the same when it is sent again. */
static void pay_write(struct play *play, const struct flight *flight, struct http_request *http)
{
    struct random_source random;
    uint8_t secret[PAYCODE_SECRET_SIZE];
    char code[PAYCODE_SIZE];
    size_t capacity;
    const struct replay_shop *shop = &play->data->shops[flight->shop];
    uint32_t shopper = flight->serial % play->shopper_count;
    int64_t alias = replay_device_id(shopper);
    random_init(&random, play->settings->seed + 1, flight->serial);
    int64_t amount = min_i64(REPLAY_AMOUNT_MAX, random_between(&random, 100, 200 + shop->per_pay * 900));
    paycode_secret(&play->played->paycode_key, alias, 0, secret);
    paycode_write(alias, secret, paycode_step(play->day_us + flight->minute * US_PER_MINUTE), code);
    http_request_line(http, SPAN("POST"), SPAN("/v1/trades/pay"));
    http_request_raw(http, span_of(play->bearers[flight->shop]));
    char key[64];
    int size = snprintf(key, sizeof(key), "Idempotency-Key: pay-%010u\r\n", flight->serial);
    http_request_raw(http, (struct span){ key, (size_t)size });
    http_request_raw(http, SPAN("Content-Type: application/json\r\n"));
    char *to = http_request_body(http, &capacity);
    size = snprintf(to, capacity,
                    "{\"shop_id\":\"%lld\",\"terminal_id\":\"%lld\",\"out_trade_no\":\"K%010u\",\"amount_minor\":%lld,"
                    "\"subject\":\"%s\",\"pay_code\":\"%s\"}",
                    (long long)shop->shop_id, (long long)replay_terminal_id(flight->shop), flight->serial,
                    (long long)amount, shop->kind, code);
    http_request_body_end(http, (size_t)size);
}

/* Whether a code of before `minute` is on its way. */
static bool code_before(const struct play *play, uint32_t minute)
{
    uint32_t recent = minute < DAY_MINUTES ? play->under_way[minute] : 0;
    return play->under_way_total > recent;
}

/* A payment of `minute` may go out when the clock shows it, or will within a moment. */
static bool minute_ready(const struct play *play, uint32_t minute)
{
    return play->day_open && (minute == play->minute || (play->clock_moving && minute == play->minute + 1));
}

/* The clock goes on when no code would be more than a minute old then; to another day when all is quiet. */
static bool clock_due(const struct play *play, uint32_t minute)
{
    if (play->clock_moving) {
        return false;
    }
    if (!play->day_open) {
        return play->under_way_total == 0;
    }
    return minute > play->minute && !code_before(play, minute - 1);
}

static bool flight_next(struct play *play, struct flight *flight)
{
    if (play->again_count > 0) {
        *flight = play->again[--play->again_count];
        return true;
    }
    if (play->pay_next == play->pay_count) {
        return false;
    }
    const struct pay *pay = &play->pays[play->pay_next];
    if (minute_ready(play, pay->minute)) {
        *flight = (struct flight){ .serial = play->serial++, .shop = pay->shop, .minute = pay->minute };
        play->pay_next++;
        return true;
    }
    if (clock_due(play, pay->minute)) {
        *flight = (struct flight){ .clock = true, .minute = pay->minute };
        play->clock_moving = true;
        return true;
    }
    return false;
}

static enum make play_make(void *context, uint32_t slot, struct request_out *out)
{
    struct play *play = context;
    struct flight *flight = &play->flights[slot];
    bool quiet = play->in_flight == 0 && play->again_count == 0 && play->pay_next == play->pay_count;
    while (quiet && play->pay_next == play->pay_count) {
        if (!day_begin(play)) {
            return MAKE_finished;
        }
    }
    if (!flight_next(play, flight)) {
        out->again_at_us = os_monotonic_us() + AGAIN_US;
        return MAKE_later;
    }
    if (flight->clock) {
        clock_write(play, flight->minute, &out->http);
    } else {
        pay_write(play, flight, &out->http);
        play->under_way[flight->minute]++;
        play->under_way_total++;
    }
    play->in_flight++;
    return MAKE_send;
}

static void refused(struct play *play, const struct answer_in *answer)
{
    struct replay_result *result = play->result;
    if (result->refused++ == 0) {
        struct span code = SPAN("no code");
        (void)json_member(answer->body, "code", &code);
        snprintf(result->refusal, sizeof(result->refusal), "%d %.*s", answer->status,
                 (int)min_i64((int64_t)code.size, 100), code.bytes);
    }
}

static void play_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    struct play *play = context;
    struct flight *flight = &play->flights[slot];
    bool answered = answer->outcome == OUTCOME_answered && answer->status != 503;
    play->in_flight--;
    if (flight->clock) {
        play->clock_moving = false;
        if (answered && answer->status == 200) {
            play->minute = flight->minute;
            play->day_open = true;
        } else if (answered) {
            refused(play, answer);
        }
        return;
    }
    play->under_way[flight->minute]--;
    play->under_way_total--;
    struct span state;
    if (!answered) {
        play->result->unanswered++;
        if (++flight->tries < TRIES_MAX) {
            play->again[play->again_count++] = *flight;
        }
    } else if (answer->status < 300 && json_member(answer->body, "state", &state) &&
               span_equal(state, SPAN("TRADE_SUCCESS"))) {
        play->result->payments++;
        histogram_record(&play->result->latency, answer->latency_us);
    } else {
        refused(play, answer);
    }
}

static void play_tick(void *context, uint64_t made, uint64_t finished)
{
    struct play *play = context;
    (void)made;
    (void)finished;
    progress_set(play->progress, play->result->payments + play->result->refused, os_monotonic_us());
}

/* ---- all days ---- */

static bool play_drive(struct play *play)
{
    struct driver_options options = { .address = play->played->address,
                                      .connections = CONNECTIONS,
                                      .threads = 1,
                                      .timeout_us = 20 * US_PER_SECOND,
                                      .context = play,
                                      .make = play_make,
                                      .done = play_done,
                                      .tick = play_tick };
    struct driver_report *report = malloc(sizeof(*report));
    struct driver *driver = driver_open(&options);
    assert(report != NULL);
    if (driver == NULL) {
        free(report);
        return false;
    }
    atomic_store(&running, driver);
    int64_t begun_us = os_monotonic_us();
    driver_run(driver, report);
    play->result->took_us = os_monotonic_us() - begun_us;
    atomic_store(&running, NULL);
    driver_close(driver);
    bool whole = !report->gave_up && play->pay_next == play->pay_count && play->again_count == 0;
    free(report);
    return whole;
}

bool replay_play(struct played *played, const struct replay_data *data, const struct replay_settings *settings,
                 struct progress *progress, struct replay_result *result)
{
    struct play *play = calloc(1, sizeof(*play));
    assert(play != NULL);
    play->played = played;
    play->data = data;
    play->settings = settings;
    play->result = result;
    play->progress = progress;
    play->shopper_count = replay_shoppers(data);
    play->bearers = calloc(data->shop_count + 1, sizeof(*play->bearers));
    play->pays = malloc(sizeof(*play->pays) * (data->day_most + 1));
    assert(play->bearers != NULL);
    assert(play->pays != NULL);
    histogram_init(&result->latency);
    for (uint32_t i = 0; i < data->shop_count; i++) {
        played_bearer(played, (struct caller){ CALLER_terminal, replay_terminal_id(i) }, play->bearers[i]);
    }
    bool whole = play_drive(play) && play->count_next == data->count_count;
    free(play->bearers);
    free(play->pays);
    free(play);
    return whole;
}
