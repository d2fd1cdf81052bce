/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench_rush.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/json_member.h"
#include "base/civil.h"
#include "base/hash.h"
#include "base/os_clock.h"
#include "lines/local/give.h"
#include "till/text_out.h"

#define DEAL_ID INT64_C(2000000001)
#define SHOPS_MAX 100
#define TOKEN_ID INT64_C(7)
#define AGAIN_EACH 50 /* of so many winners one presses again, and of so many codes one is shown again */
#define AGAIN_MAX 4096
#define STRIDE UINT64_C(2654435761) /* a prime above any number of shoppers: they come in no order */

static_assert(STRIDE > CITY_SHOPPERS_MAX, "each shopper comes once");

struct winner {
    int64_t voucher_id;
    char code[VOUCHER_CODE_SIZE];
};

struct press {
    uint64_t shopper; /* index; or of a redemption: of the winner */
    bool again;       /* pressed before: must get the same answer, or, of a redemption, be refused */
};

struct crowd {
    const struct bench_settings *settings;
    struct bench_server *server;
    struct bench_rush *rush;
    struct press slots[DRIVER_CONNECTIONS_MAX];
    struct winner *winners; /* as many as there are pieces, and one more */
    uint32_t *winner_of;    /* by shopper: index among the winners, counted from 1 */
    uint64_t winner_count;
    uint64_t next;          /* who presses next, or which code is shown next */
    uint64_t again[AGAIN_MAX];
    uint64_t again_first, again_count;
    int64_t begun_us, won_us, ended_us; /* monotonic: first press; last winner; last answer */
    struct histogram winning, beside, late, repeated;
    char shop_tokens[SHOPS_MAX][TOKEN_TEXT_SIZE];
    int64_t shops[SHOPS_MAX];
    uint32_t shop_count;
};

static void error_count(struct bench_rush *rush, struct span code)
{
    char name[BENCH_CODE_SIZE];
    if (code.size == 0 || !span_copy(code, name, sizeof(name))) {
        memcpy(name, "no_answer", sizeof("no_answer"));
    }
    size_t i = 0;
    while (i < rush->error_count && strcmp(rush->errors[i].code, name) != 0) {
        i++;
    }
    if (i == BENCH_ERRORS_MAX) {
        return;
    }
    if (i == rush->error_count) {
        memcpy(rush->errors[rush->error_count++].code, name, sizeof(name));
    }
    rush->errors[i].count++;
}

/* ---- what is asked ---- */

void bench_rush_head(struct http_request *http, const char *path, const char *token)
{
    http_request_line(http, SPAN("POST"), span_of(path));
    http_request_raw(http, SPAN("Host: till\r\nContent-Type: application/json\r\nAuthorization: Bearer "));
    http_request_raw(http, (struct span){ token, TOKEN_TEXT_SIZE - 1 });
    http_request_raw(http, SPAN("\r\n"));
}

void bench_rush_body(struct http_request *http, const char *text)
{
    size_t capacity, size = strlen(text);
    char *to = http_request_body(http, &capacity);
    assert(capacity >= size);
    memcpy(to, text, size);
    http_request_body_end(http, size);
}

static bool again_take(struct crowd *crowd, uint64_t *what)
{
    if (crowd->again_count == 0) {
        return false;
    }
    *what = crowd->again[crowd->again_first];
    crowd->again_first = (crowd->again_first + 1) % AGAIN_MAX;
    crowd->again_count--;
    return true;
}

static void again_add(struct crowd *crowd, uint64_t what)
{
    if (crowd->again_count < AGAIN_MAX) {
        crowd->again[(crowd->again_first + crowd->again_count++) % AGAIN_MAX] = what;
    }
}

static enum make claim_make(void *context, uint32_t slot, struct request_out *out)
{
    static char path[64];
    struct crowd *crowd = context;
    struct press *press = &crowd->slots[slot];
    char token[TOKEN_TEXT_SIZE];
    uint64_t shoppers = crowd->rush->shoppers;
    press->again = again_take(crowd, &press->shopper);
    if (!press->again && crowd->next == shoppers) {
        return MAKE_finished;
    }
    if (!press->again) {
        press->shopper = crowd->next++ * STRIDE % shoppers;
    }
    if (crowd->begun_us == 0) {
        crowd->begun_us = os_monotonic_us();
        snprintf(path, sizeof(path), "/v1/gives/%lld/claims", (long long)DEAL_ID);
    }
    tokens_issue(crowd->server->tokens, (struct caller){ .kind = CALLER_shopper, .id = (int64_t)press->shopper + 1 },
                 TOKEN_ID, token);
    bench_rush_head(&out->http, path, token);
    bench_rush_body(&out->http, "{}");
    return MAKE_send;
}

static void winner_add(struct crowd *crowd, const struct press *press, struct span body)
{
    struct span code;
    int64_t voucher_id = 0;
    struct span id;
    bool whole = json_member(body, "voucher_id", &id) && span_to_i64(id, &voucher_id) &&
                 json_member(body, "code", &code) && code.size == VOUCHER_CODE_SIZE - 1;
    if (!whole || crowd->winner_count > crowd->rush->pieces) {
        crowd->rush->odd++;
        return;
    }
    struct winner *winner = &crowd->winners[crowd->winner_count++];
    winner->voucher_id = voucher_id;
    crowd->winner_of[press->shopper] = (uint32_t)crowd->winner_count;
    memcpy(winner->code, code.bytes, code.size);
    if (crowd->winner_count % AGAIN_EACH == 0) {
        again_add(crowd, press->shopper);
    }
}

/* The same person again: the answer names a voucher of theirs, and no other than the first time. */
static void repeat_check(struct crowd *crowd, const struct press *press, struct span body)
{
    struct span id;
    int64_t voucher_id = 0;
    uint32_t winner = crowd->winner_of[press->shopper];
    bool same = json_member(body, "voucher_id", &id) && span_to_i64(id, &voucher_id) && winner != 0 &&
                crowd->winners[winner - 1].voucher_id == voucher_id;
    crowd->rush->odd += !same;
}

static void claim_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    struct crowd *crowd = context;
    const struct press *press = &crowd->slots[slot];
    struct bench_rush *rush = crowd->rush;
    struct span code = SPAN("");
    crowd->ended_us = os_monotonic_us();
    rush->answers_5xx += answer->status >= 500;
    if (answer->status == 201 && press->again) {
        histogram_record(&crowd->repeated, answer->latency_us);
        repeat_check(crowd, press, answer->body);
    } else if (answer->status == 201) {
        histogram_record(&crowd->winning, answer->latency_us);
        crowd->won_us = crowd->ended_us;
        winner_add(crowd, press, answer->body);
    } else {
        bool gone = answer->status == 409 && json_member(answer->body, "code", &code) &&
                    span_equal(code, SPAN("give_gone"));
        bool late = crowd->winner_count >= rush->pieces && answer->sent_us > crowd->won_us;
        rush->odd += !gone || press->again;
        histogram_record(late ? &crowd->late : &crowd->beside, answer->latency_us);
        if (!gone) {
            error_count(rush, code);
        }
    }
}

/* ---- counters of the shops ---- */

static void key_write(struct http_request *http, uint64_t number)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "Idempotency-Key: %013llx-%016llx\r\n",
                        (unsigned long long)(os_now_us() / 1000), (unsigned long long)hash_mix(number + 1));
    http_request_raw(http, (struct span){ text, (size_t)size });
}

static enum make redeem_make(void *context, uint32_t slot, struct request_out *out)
{
    struct crowd *crowd = context;
    struct press *press = &crowd->slots[slot];
    char path[64], body[64];
    press->again = again_take(crowd, &press->shopper);
    if (!press->again && crowd->next == crowd->winner_count) {
        return MAKE_finished;
    }
    if (!press->again) {
        press->shopper = crowd->next++;
    }
    uint64_t count = crowd->next * 2 + press->again;
    uint32_t shop = (uint32_t)(hash_mix(count) % crowd->shop_count);
    snprintf(path, sizeof(path), "/v1/shops/%lld/redemptions", (long long)crowd->shops[shop]);
    bench_rush_head(&out->http, path, crowd->shop_tokens[shop]);
    key_write(&out->http, count + press->shopper * 4);
    snprintf(body, sizeof(body), "{\"codes\":[{\"code\":\"%s\"}]}", crowd->winners[press->shopper].code);
    bench_rush_body(&out->http, body);
    return MAKE_send;
}

static void redeem_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    struct crowd *crowd = context;
    const struct press *press = &crowd->slots[slot];
    struct bench_rush *rush = crowd->rush;
    struct span code = SPAN("");
    crowd->ended_us = os_monotonic_us();
    rush->answers_5xx += answer->status >= 500;
    if (press->again) {
        rush->refused_again += answer->status == 409;
        rush->redeemed_again += answer->status == 201;
        rush->odd += answer->status != 409;
        return;
    }
    if (answer->status != 201) {
        (void)json_member(answer->body, "code", &code);
        error_count(rush, code);
        rush->odd++;
        return;
    }
    rush->redeemed++;
    histogram_record(&crowd->winning, answer->latency_us);
    if (rush->redeemed % AGAIN_EACH == 0) {
        again_add(crowd, press->shopper);
    }
}

/* ---- before and after ---- */

static void histograms_init(struct crowd *crowd)
{
    histogram_init(&crowd->winning);
    histogram_init(&crowd->beside);
    histogram_init(&crowd->late);
    histogram_init(&crowd->repeated);
}

struct bench_rush_latency bench_rush_latency_of(const struct histogram *histogram)
{
    return (struct bench_rush_latency){ .count = histogram->count,
                                        .us = { .p50_us = histogram_quantile(histogram, 500000),
                                                .p99_us = histogram_quantile(histogram, 990000),
                                                .p999_us = histogram_quantile(histogram, 999000),
                                                .max_us = histogram->max } };
}

bool bench_rush_post(struct bench_server *server, const char *path, const char *body, struct span *made)
{
    static char answer[65536];
    static uint32_t number;
    char headers[256];
    int size = snprintf(headers, sizeof(headers),
                        "Content-Type: application/json\r\nIdempotency-Key: rush-%u\r\nAuthorization: Bearer %s\r\n",
                        ++number, server->operator_token);
    struct http_call call = { .method = SPAN("POST"),
                              .path = span_of(path),
                              .headers = { headers, (size_t)size },
                              .body = span_of(body),
                              .timeout_us = 10 * US_PER_SECOND,
                              .answer = answer,
                              .answer_capacity = sizeof(answer) };
    bool ok = http_call(&server->addresses[0], &call) == STATUS_ok && call.status == 201;
    if (!ok) {
        fprintf(stderr, "onetill bench: %s: %.*s\n", path, (int)min_i64((int64_t)call.answer_body.size, 400),
                call.answer_body.bytes);
    }
    if (ok && made != NULL) {
        *made = call.answer_body;
    }
    return ok;
}

/* The shops of the first merchant take what it gives away. */
static bool give_open(struct crowd *crowd, const struct bench_city *city)
{
    char body[8192], until[INSTANT_TEXT_SIZE];
    int64_t now_us;
    if (!bench_server_now(crowd->server, &now_us)) {
        return false;
    }
    (void)instant_write(now_us + 30 * US_PER_DAY, 0, until);
    struct text_out out = text_out_begin(body, sizeof(body));
    text_out_literal(&out, "{\"deal_id\":\"");
    text_out_number(&out, (uint64_t)DEAL_ID, 1);
    text_out_literal(&out, "\",\"shop_id\":\"1\",\"kind\":\"give\",\"category\":\"film\",\"title\":\"a free film\","
                           "\"price_minor\":");
    text_out_number(&out, (uint64_t)crowd->settings->price_minor, 1);
    text_out_literal(&out, ",\"stock\":");
    text_out_number(&out, crowd->rush->pieces, 1);
    text_out_literal(&out, ",\"sale_until\":\"");
    text_out_literal(&out, until);
    text_out_literal(&out, "\",\"valid_until\":\"");
    text_out_literal(&out, until);
    text_out_literal(&out, "\",\"shops\":[");
    for (uint32_t shop = 0; shop < city_shop_count(&city->settings) && crowd->shop_count < SHOPS_MAX; shop++) {
        if (city_merchant_of_shop(&city->settings, shop) != 1) {
            continue;
        }
        text_out_literal(&out, crowd->shop_count == 0 ? "{\"shop_id\":\"" : ",{\"shop_id\":\"");
        text_out_number(&out, (uint64_t)shop + 1, 1);
        text_out_literal(&out, "\"}");
        tokens_issue(crowd->server->tokens, (struct caller){ .kind = CALLER_shop, .id = (int64_t)shop + 1 }, TOKEN_ID,
                     crowd->shop_tokens[crowd->shop_count]);
        crowd->shops[crowd->shop_count++] = (int64_t)shop + 1;
    }
    text_out_literal(&out, "]}");
    assert(!out.failed);
    if (!bench_rush_post(crowd->server, "/v1/deals", body, NULL)) {
        return false;
    }
    snprintf(body, sizeof(body), "{\"deal_id\":\"%lld\",\"kind\":\"claim\"}", (long long)DEAL_ID);
    return bench_rush_post(crowd->server, "/v1/gives", body, NULL);
}

static bool drive(struct crowd *crowd, enum make (*make)(void *, uint32_t, struct request_out *),
                  void (*done)(void *, uint32_t, const struct answer_in *))
{
    struct driver_options options = { .address = crowd->server->addresses[0],
                                      .others = crowd->server->addresses + 1,
                                      .other_count = crowd->server->count - 1,
                                      .connections = crowd->rush->connections,
                                      .threads = 1,
                                      .timeout_us = 20 * US_PER_SECOND,
                                      .context = crowd,
                                      .make = make,
                                      .done = done };
    struct driver_report *report = malloc(sizeof(*report));
    struct driver *driver = driver_open(&options);
    crowd->next = 0;
    crowd->begun_us = 0;
    histograms_init(crowd);
    bool ok = report != NULL && driver != NULL;
    if (ok) {
        driver_run(driver, report);
        ok = !report->gave_up;
    }
    driver_close(driver);
    free(report);
    return ok;
}

static int voucher_order_of(const void *a, const void *b)
{
    int64_t left = ((const struct winner *)a)->voucher_id, right = ((const struct winner *)b)->voucher_id;
    return (left > right) - (left < right);
}

static void cpu_fill(struct bench_rush *rush, const struct bench_sample *before, const struct bench_sample *after)
{
    static const char *const http[] = { "http", NULL }, *const decide[] = { "decide", NULL },
                            *const store[] = { "keeper", "write-back", "node", NULL };
    int64_t presses = max_i64((int64_t)(rush->winners.count + rush->beside.count + rush->late.count), 1);
    rush->http_ns = bench_cpu_ns(before, after, http) / presses;
    rush->decide_ns = bench_cpu_ns(before, after, decide) / presses;
    rush->store_ns = bench_cpu_ns(before, after, store) / presses;
}

static bool claims_run(struct crowd *crowd)
{
    struct bench_rush *rush = crowd->rush;
    struct bench_sample before, after;
    char path[64];
    struct span body;
    bool ok = bench_server_sample(crowd->server, &before) && drive(crowd, claim_make, claim_done) &&
              bench_server_sample(crowd->server, &after);
    if (!ok) {
        return false;
    }
    rush->rush_us = max_i64(crowd->won_us - crowd->begun_us, 1);
    rush->after_us = max_i64(crowd->ended_us - crowd->won_us, 1);
    rush->winners = bench_rush_latency_of(&crowd->winning);
    rush->beside = bench_rush_latency_of(&crowd->beside);
    rush->late = bench_rush_latency_of(&crowd->late);
    rush->repeats = bench_rush_latency_of(&crowd->repeated);
    rush->claims_per_second = rush->winners.count * 1000000 / (uint64_t)rush->rush_us;
    rush->losers_per_second = rush->late.count * 1000000 / (uint64_t)rush->after_us;
    rush->syncs = after.syncs - before.syncs;
    rush->batches = after.batches - before.batches;
    cpu_fill(rush, &before, &after);
    rush->given = crowd->winner_count;
    qsort(crowd->winners, crowd->winner_count, sizeof(crowd->winners[0]), voucher_order_of);
    for (uint64_t i = 0; i < crowd->winner_count; i++) {
        rush->distinct += i == 0 || crowd->winners[i].voucher_id != crowd->winners[i - 1].voucher_id;
    }
    snprintf(path, sizeof(path), "/v1/deals/%lld", (long long)DEAL_ID);
    ok = bench_server_get(crowd->server, span_of(path), &body);
    rush->left = ok ? json_member_i64(body, "copies_left", -1) : -1;
    return ok;
}

static bool redemptions_run(struct crowd *crowd)
{
    struct bench_rush *rush = crowd->rush;
    int64_t begun_us = os_monotonic_us();
    if (!drive(crowd, redeem_make, redeem_done)) {
        return false;
    }
    rush->redeem_us = max_i64(crowd->ended_us - begun_us, 1);
    rush->redemptions = bench_rush_latency_of(&crowd->winning);
    rush->redeemed_per_second = rush->redeemed * 1000000 / (uint64_t)rush->redeem_us;
    return true;
}

bool bench_rush_run(const struct bench_settings *settings, const struct bench_city *city, struct bench_server *server,
                    struct bench_rush *rush)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    assert(crowd != NULL);
    *rush = (struct bench_rush){ .connections = settings->connections[0],
                                 .pieces = settings->pieces,
                                 .shoppers = settings->shoppers,
                                 .price_minor = settings->price_minor,
                                 .redeem = settings->rush == RUSH_redeem };
    crowd->settings = settings;
    crowd->server = server;
    crowd->rush = rush;
    crowd->winners = calloc(settings->pieces + 1, sizeof(crowd->winners[0]));
    crowd->winner_of = calloc(settings->shoppers, sizeof(crowd->winner_of[0]));
    assert(crowd->winners != NULL);
    assert(crowd->winner_of != NULL);
    bool ok = give_open(crowd, city) && claims_run(crowd) && (!rush->redeem || redemptions_run(crowd));
    free(crowd->winners);
    free(crowd->winner_of);
    free(crowd);
    return ok;
}

bool bench_rush_audit(const char *path, struct audit_report *audit, int64_t *audit_us)
{
    struct reader *reader;
    struct place place;
    char error[512] = "the place is not to be read";
    if (place_read(&place, path, NULL) != NULL || !place_snapshot(&place, &reader, error, sizeof(error))) {
        fprintf(stderr, "onetill bench: %s\n", error);
        return false;
    }
    int64_t start_us = os_monotonic_us();
    bool read = audit_run(reader, NULL, audit) == STATUS_ok;
    *audit_us = os_monotonic_us() - start_us;
    reader->ops->close(reader);
    return read;
}

bool bench_rush_holds(const struct bench_rush *rush)
{
    uint64_t due = rush->shoppers < rush->pieces ? rush->shoppers : rush->pieces;
    bool redeemed = !rush->redeem || (rush->redeemed == rush->given && rush->redeemed_again == 0);
    return rush->given == due && rush->distinct == due && rush->left == (int64_t)(rush->pieces - due) &&
           rush->answers_5xx == 0 && rush->odd == 0 && redeemed && (!rush->audited || rush->audit.ok);
}
