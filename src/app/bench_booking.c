/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench_booking.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/json_member.h"
#include "base/civil.h"
#include "base/hash.h"
#include "base/json_out.h"
#include "base/os_clock.h"
#include "till/text_out.h"

#define SHOP_ID 1
#define HALL_FIRST 900001
#define HALL_LINES 10
#define LINE_SEATS 20
#define HALL_SEATS (HALL_LINES * LINE_SEATS)
#define HALL_SHOWS 10 /* of a day, back to back */
#define SHOWS_MAX (BENCH_SEATS_MAX / HALL_SEATS)
#define TOKEN_ID INT64_C(7)
#define AGAIN_EACH 50  /* of so many bookings one is sent again under its key */
#define CANCEL_EACH 20 /* and one is cancelled */
#define FOLLOWING_MAX 16384
#define STRIDE UINT64_C(2654435761) /* a prime above any number of shoppers: they come in no order */

static_assert(STRIDE > CITY_SHOPPERS_MAX, "each shopper comes once");

enum press_kind {
    PRESS_pick,   /* two very seats */
    PRESS_best,   /* the best two */
    PRESS_again,  /* the same request once more */
    PRESS_cancel,
};

struct seat_press {
    enum press_kind kind, first; /* `first`: of what is sent again */
    uint64_t shopper;
    uint32_t show;
    uint32_t line, seat; /* of a pick: this seat and the next */
    uint64_t key;
    int64_t booking_id;
    int64_t seats[HALL_LINES]; /* of a booking: a bit for each */
};

struct audience {
    struct bench_server *server;
    struct bench_booking *booking;
    struct seat_press slots[DRIVER_CONNECTIONS_MAX];
    struct seat_press following[FOLLOWING_MAX];
    uint64_t following_first, following_count;
    uint64_t next, keys, open; /* shoppers who came; keys given; presses that are not answered yet */
    int64_t begun_us, last_us;
    int64_t shows[SHOWS_MAX];
    int64_t sold[SHOWS_MAX][HALL_LINES];
    struct histogram winning, losing, again;
    char codes[8][BENCH_CODE_SIZE]; /* answers that nobody expected */
    size_t code_count;
};

/* ---- what is asked ---- */

static void following_add(struct audience *audience, const struct seat_press *press)
{
    if (audience->following_count < FOLLOWING_MAX) {
        uint64_t at = (audience->following_first + audience->following_count++) % FOLLOWING_MAX;
        audience->following[at] = *press;
    }
}

static bool following_take(struct audience *audience, struct seat_press *press)
{
    if (audience->following_count == 0) {
        return false;
    }
    *press = audience->following[audience->following_first];
    audience->following_first = (audience->following_first + 1) % FOLLOWING_MAX;
    audience->following_count--;
    return true;
}

static bool shopper_take(struct audience *audience, struct seat_press *press)
{
    uint64_t shoppers = audience->booking->shoppers;
    if (audience->next == shoppers) {
        return false;
    }
    uint64_t chance = hash_mix(audience->next + 1);
    *press = (struct seat_press){ .kind = chance % 4 == 0 ? PRESS_best : PRESS_pick,
                                  .shopper = audience->next * STRIDE % shoppers,
                                  .show = (uint32_t)((chance >> 8) % audience->booking->shows),
                                  .line = (uint32_t)((chance >> 32) % HALL_LINES),
                                  .seat = 1 + (uint32_t)((chance >> 40) % (LINE_SEATS - 1)),
                                  .key = ++audience->keys };
    press->first = press->kind;
    audience->next++;
    return true;
}

/* Keys grow with time; the same press has the same. */
static void key_write(struct http_request *http, uint64_t key)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "Idempotency-Key: seats-%016llx\r\n", (unsigned long long)key);
    http_request_raw(http, (struct span){ text, (size_t)size });
}

static void seats_body(const struct seat_press *press, char *to, size_t size)
{
    if (press->first == PRESS_best) {
        snprintf(to, size, "{\"count\":2,\"confirmed\":true}");
    } else {
        snprintf(to, size, "{\"confirmed\":true,\"seats\":[{\"line\":%u,\"seat\":%u},{\"line\":%u,\"seat\":%u}]}",
                 press->line, press->seat, press->line, press->seat + 1);
    }
}

static enum make press_make(void *context, uint32_t slot, struct request_out *out)
{
    struct audience *audience = context;
    struct seat_press *press = &audience->slots[slot];
    char path[64], body[160] = "", token[TOKEN_TEXT_SIZE];
    if (!following_take(audience, press) && !shopper_take(audience, press)) {
        return audience->open > 0 ? MAKE_later : MAKE_finished;
    }
    if (audience->begun_us == 0) {
        audience->begun_us = os_monotonic_us();
    }
    audience->open++;
    tokens_issue(audience->server->tokens,
                 (struct caller){ .kind = CALLER_shopper, .id = (int64_t)press->shopper + 1 }, TOKEN_ID, token);
    if (press->kind == PRESS_cancel) {
        for (size_t i = 0; i < HALL_LINES; i++) { /* from now on somebody else may have them */
            audience->sold[press->show][i] &= ~press->seats[i];
        }
        snprintf(path, sizeof(path), "/v1/bookings/%lld/cancel", (long long)press->booking_id);
    } else {
        snprintf(path, sizeof(path), "/v1/shows/%lld/bookings", (long long)audience->shows[press->show]);
        seats_body(press, body, sizeof(body));
    }
    bench_rush_head(&out->http, path, token);
    key_write(&out->http, press->key);
    bench_rush_body(&out->http, body);
    return MAKE_send;
}

/* ---- what came of it ---- */

/* The seats of a booking's answer; false when it has none. */
static bool seats_read(struct span body, int64_t seats[HALL_LINES])
{
    static const char name[] = "\"seats\":[";
    const char *at = memmem(body.bytes, body.size, name, sizeof(name) - 1);
    size_t count = 0;
    memset(seats, 0, sizeof(seats[0]) * HALL_LINES);
    while (at != NULL) {
        struct span rest = { at, body.size - (size_t)(at - body.bytes) };
        int64_t line = json_member_i64(rest, "line", -1), seat = json_member_i64(rest, "seat", -1);
        if (line < 0 || line >= HALL_LINES || seat < 1 || seat > LINE_SEATS) {
            break;
        }
        seats[line] |= INT64_C(1) << (seat - 1);
        count++;
        const char *next = memchr(at, '}', rest.size);
        at = next != NULL && next + 1 < body.bytes + body.size && next[1] == ',' ? next + 1 : NULL;
    }
    return count == 2;
}

static void booked(struct audience *audience, struct seat_press *press, const struct answer_in *answer)
{
    struct bench_booking *booking = audience->booking;
    struct span id;
    bool whole = json_member(answer->body, "booking_id", &id) && span_to_i64(id, &press->booking_id) &&
                 seats_read(answer->body, press->seats);
    booking->odd += !whole;
    audience->last_us = os_monotonic_us();
    histogram_record(&audience->winning, answer->latency_us);
    booking->bookings++;
    for (size_t i = 0; i < HALL_LINES; i++) {
        int64_t *sold = &audience->sold[press->show][i];
        booking->overlaps += (uint64_t)__builtin_popcountll((uint64_t)(*sold & press->seats[i]));
        *sold |= press->seats[i];
    }
    struct seat_press more = *press;
    if (booking->bookings % AGAIN_EACH == 0) {
        more.kind = PRESS_again;
        following_add(audience, &more);
    } else if (booking->bookings % CANCEL_EACH == 0) {
        more.kind = PRESS_cancel;
        more.key = ++audience->keys;
        following_add(audience, &more);
    }
}

static void code_note(struct audience *audience, struct span code)
{
    if (code.size == 0 || code.size >= BENCH_CODE_SIZE || audience->code_count == COUNT_OF(audience->codes)) {
        return;
    }
    for (size_t i = 0; i < audience->code_count; i++) {
        if (span_equal(span_of(audience->codes[i]), code)) {
            return;
        }
    }
    memcpy(audience->codes[audience->code_count++], code.bytes, code.size);
}

static void refused(struct audience *audience, struct seat_press *press, const struct answer_in *answer)
{
    struct bench_booking *booking = audience->booking;
    struct span code = SPAN("");
    bool told = answer->status == 409 && json_member(answer->body, "code", &code);
    bool taken = told && span_equal(code, SPAN("seat_taken")), gap = told && span_equal(code, SPAN("seat_gap"));
    bool full = told && span_equal(code, SPAN("slot_full"));
    histogram_record(&audience->losing, answer->latency_us);
    booking->taken += taken;
    booking->gaps += gap;
    booking->full += full;
    if (!taken && !gap && !full) {
        booking->odd++;
        code_note(audience, code);
    } else if (press->kind == PRESS_pick) {
        press->kind = press->first = PRESS_best;
        press->key = ++audience->keys;
        following_add(audience, press);
    }
}

static void press_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    struct audience *audience = context;
    struct seat_press *press = &audience->slots[slot];
    struct bench_booking *booking = audience->booking;
    audience->open--;
    booking->answers_5xx += answer->status >= 500;
    switch (press->kind) {
    case PRESS_pick:
    case PRESS_best:
        if (answer->status == 201) {
            booked(audience, press, answer);
        } else {
            refused(audience, press, answer);
        }
        break;
    case PRESS_again: {
        int64_t known_id = press->booking_id, known[HALL_LINES];
        struct span id;
        bool same = answer->status == 201 && seats_read(answer->body, known) &&
                    json_member(answer->body, "booking_id", &id) && span_to_i64(id, &press->booking_id) &&
                    press->booking_id == known_id && memcmp(known, press->seats, sizeof(known)) == 0;
        booking->odd += !same;
        booking->repeated++;
        histogram_record(&audience->again, answer->latency_us);
        break;
    }
    case PRESS_cancel:
        booking->odd += answer->status != 200;
        booking->cancelled++;
        break;
    }
}

/* ---- before and after ---- */

static bool hall_open(struct audience *audience, int64_t hall_id)
{
    char body[1024], path[96];
    snprintf(body, sizeof(body),
             "{\"resource_id\":\"%lld\",\"shop_id\":\"%d\",\"name\":\"Hall\",\"kind\":\"hall\",\"pay\":\"before\","
             "\"gap_rule\":\"between\"}",
             (long long)hall_id, SHOP_ID);
    if (!bench_rush_post(audience->server, "/v1/resources", body, NULL)) {
        return false;
    }
    struct text_out out = text_out_begin(body, sizeof(body));
    text_out_literal(&out, "{\"lines\":[");
    for (uint64_t line = 0; line < HALL_LINES; line++) {
        text_out_literal(&out, line == 0 ? "{\"label\":\"" : ",{\"label\":\"");
        text_out_number(&out, line + 1, 1);
        text_out_literal(&out, "\",\"seats\":");
        text_out_number(&out, (UINT64_C(1) << LINE_SEATS) - 1, 1);
        text_out_literal(&out, "}");
    }
    text_out_literal(&out, "]}");
    assert(!out.failed);
    snprintf(path, sizeof(path), "/v1/resources/%lld/seat-map", (long long)hall_id);
    return bench_rush_post(audience->server, path, body, NULL);
}

/* Tomorrow's shows, two hours each, one after the other in each hall. */
static bool show_open(struct audience *audience, int64_t now_us, uint32_t show)
{
    char body[512], path[96], starts[INSTANT_TEXT_SIZE], ends[INSTANT_TEXT_SIZE];
    int64_t starts_us = now_us + US_PER_DAY + (show % HALL_SHOWS) * 2 * US_PER_HOUR;
    struct span made, id;
    (void)instant_write(starts_us, 0, starts);
    (void)instant_write(starts_us + 2 * US_PER_HOUR, 0, ends);
    snprintf(path, sizeof(path), "/v1/resources/%d/shows", HALL_FIRST + (int)(show / HALL_SHOWS));
    snprintf(body, sizeof(body),
             "{\"title\":\"Film\",\"starts_at\":\"%s\",\"ends_at\":\"%s\",\"prices\":[{\"price_minor\":380}]}", starts,
             ends);
    return bench_rush_post(audience->server, path, body, &made) && json_member(made, "show_id", &id) &&
           span_to_i64(id, &audience->shows[show]);
}

static bool cinema_open(struct audience *audience)
{
    int64_t now_us;
    uint32_t shows = (uint32_t)audience->booking->shows;
    if (!bench_server_now(audience->server, &now_us)) {
        return false;
    }
    for (uint32_t hall = 0; hall * HALL_SHOWS < shows; hall++) {
        if (!hall_open(audience, HALL_FIRST + hall)) {
            return false;
        }
    }
    bool open = true;
    for (uint32_t show = 0; show < shows && open; show++) {
        open = show_open(audience, now_us, show);
    }
    return open;
}

/* What the server says of each seat. */
static bool seats_compare(struct audience *audience)
{
    struct bench_booking *booking = audience->booking;
    for (uint32_t show = 0; show < booking->shows; show++) {
        char path[96];
        struct span body;
        snprintf(path, sizeof(path), "/v1/shows/%lld/seats?limit=100", (long long)audience->shows[show]);
        if (!bench_server_get(audience->server, span_of(path), &body)) {
            return false;
        }
        for (size_t line = 0; line < HALL_LINES; line++) {
            int64_t taken = json_member_i64(body, "taken", -1);
            booking->differing += (uint64_t)__builtin_popcountll((uint64_t)(taken ^ audience->sold[show][line]));
            booking->sold += (uint64_t)__builtin_popcountll((uint64_t)audience->sold[show][line]);
            const char *next = memchr(body.bytes, '}', body.size);
            if (next != NULL) {
                body = (struct span){ next + 1, body.size - (size_t)(next + 1 - body.bytes) };
            }
        }
    }
    return true;
}

static bool audience_run(struct audience *audience)
{
    struct bench_booking *booking = audience->booking;
    struct driver_options options = { .address = audience->server->addresses[0],
                                      .others = audience->server->addresses + 1,
                                      .other_count = audience->server->count - 1,
                                      .connections = booking->connections,
                                      .threads = 1,
                                      .timeout_us = 20 * US_PER_SECOND,
                                      .context = audience,
                                      .make = press_make,
                                      .done = press_done };
    struct driver_report *report = malloc(sizeof(*report));
    struct driver *driver = driver_open(&options);
    histogram_init(&audience->winning);
    histogram_init(&audience->losing);
    histogram_init(&audience->again);
    bool ok = report != NULL && driver != NULL;
    if (ok) {
        driver_run(driver, report);
        ok = !report->gave_up;
    }
    driver_close(driver);
    free(report);
    booking->rush_us = max_i64(audience->last_us - audience->begun_us, 1);
    booking->bookings_per_second = booking->bookings * 1000000 / (uint64_t)booking->rush_us;
    booking->winners = bench_rush_latency_of(&audience->winning);
    booking->losers = bench_rush_latency_of(&audience->losing);
    booking->again = bench_rush_latency_of(&audience->again);
    for (size_t i = 0; i < audience->code_count; i++) {
        fprintf(stderr, "onetill bench: answers %s\n", audience->codes[i]);
    }
    return ok;
}

bool bench_booking_run(const struct bench_settings *settings, struct bench_server *server,
                       struct bench_booking *booking)
{
    struct audience *audience = calloc(1, sizeof(*audience));
    assert(audience != NULL);
    uint64_t shows = (settings->pieces + HALL_SEATS - 1) / HALL_SEATS;
    *booking = (struct bench_booking){ .connections = settings->connections[0],
                                       .shoppers = settings->shoppers,
                                       .shows = shows,
                                       .seats = shows * HALL_SEATS };
    audience->server = server;
    audience->booking = booking;
    bool ok = cinema_open(audience) && audience_run(audience) && seats_compare(audience);
    free(audience);
    return ok;
}

bool bench_booking_holds(const struct bench_booking *booking)
{
    return booking->bookings > 0 && booking->overlaps == 0 && booking->differing == 0 && booking->answers_5xx == 0 &&
           booking->odd == 0 && (!booking->audited || booking->audit.ok);
}

void bench_booking_words(const struct bench_booking *booking)
{
    fprintf(stderr,
            "One cinema, %llu shows of %d seats, %llu shoppers, %u connections\n"
            "  %llu bookings of two seats a second, each paid into escrow (%llu bookings, %llu of them cancelled)\n",
            (unsigned long long)booking->shows, HALL_SEATS, (unsigned long long)booking->shoppers,
            booking->connections, (unsigned long long)booking->bookings_per_second,
            (unsigned long long)booking->bookings, (unsigned long long)booking->cancelled);
    bench_rush_latency_words("bookings", &booking->winners);
    bench_rush_latency_words("refusals", &booking->losers);
    bench_rush_latency_words("the same request again", &booking->again);
    fprintf(stderr,
            "  refused: %llu as somebody was faster, %llu for a single seat left, %llu as the show was sold out\n"
            "  seats booked %llu of %llu; booked twice %llu, differing from the server %llu, faults %llu, answers that "
            "break a promise %llu\n",
            (unsigned long long)booking->taken, (unsigned long long)booking->gaps, (unsigned long long)booking->full,
            (unsigned long long)booking->sold, (unsigned long long)booking->seats,
            (unsigned long long)booking->overlaps, (unsigned long long)booking->differing,
            (unsigned long long)booking->answers_5xx, (unsigned long long)booking->odd);
    if (booking->audited) {
        fprintf(stderr, "  audit in %lld ms: %s\n", (long long)(booking->audit_us / 1000),
                booking->audit.ok ? "every law holds" : booking->audit.first.sentence);
    }
    fprintf(stderr, "%s\n", bench_booking_holds(booking) ? "No seat was booked twice." : "IT DOES NOT HOLD.");
}

static void whole(struct json_out *out, const char *key, uint64_t value)
{
    json_out_key(out, key);
    json_out_i64(out, (int64_t)value);
}

void bench_booking_json(const struct bench_booking *booking)
{
    static char bytes[8192];
    struct json_out out;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "ok");
    json_out_bool(&out, bench_booking_holds(booking));
    whole(&out, "connections", booking->connections);
    whole(&out, "shoppers", booking->shoppers);
    whole(&out, "shows", booking->shows);
    whole(&out, "seats", booking->seats);
    whole(&out, "bookings", booking->bookings);
    whole(&out, "bookings_per_second", booking->bookings_per_second);
    whole(&out, "cancelled", booking->cancelled);
    whole(&out, "repeated", booking->repeated);
    whole(&out, "sold", booking->sold);
    whole(&out, "overlaps", booking->overlaps);
    whole(&out, "differing", booking->differing);
    whole(&out, "seat_taken", booking->taken);
    whole(&out, "seat_gap", booking->gaps);
    whole(&out, "slot_full", booking->full);
    whole(&out, "faults", booking->answers_5xx);
    whole(&out, "odd", booking->odd);
    bench_rush_latency_json(&out, "winners", &booking->winners);
    bench_rush_latency_json(&out, "losers", &booking->losers);
    bench_rush_latency_json(&out, "repeats", &booking->again);
    if (booking->audited) {
        json_out_key(&out, "audit");
        json_out_bool(&out, booking->audit.ok);
    }
    json_out_object_end(&out);
    struct span text = json_out_end(&out);
    assert(text.size > 0);
    printf("%.*s\n", (int)text.size, text.bytes);
}
