/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/civil.h"
#include "base/hash.h"
#include "base/os_clock.h"
#include "till/text_out.h"

/*
 * A shopper's code is good for one payment a minute. The shoppers come in a fixed shuffled order, round after
 * round; in round r everybody shows the code of minute first_step + r, and with the round the server's clock
 * is moved to that minute. As a code may be a minute off, a round can begin while the clock of the round
 * before is still right, but not before that clock was set: then the generator waits.
 *
 * Payments through the gateway were planned and signed before, from the shoppers in front of first_position. Where
 * both doors are paid at, the REST door has the others, and takes no part in a round once they are through.
 */

#define TOKEN_ID INT64_C(7) /* tokens made here carry it; it was never issued, so it is never revoked */
#define PRICE_MIN_MINOR 100
#define PRICE_MAX_MINOR 5000
#define BESIDE_SHARE 4 /* where both doors are paid at, one of so many shoppers pays through the REST door */
#define GATHER_US 2000 /* closed loop at the gateway: the client's own time is taken from what it measures */
#define EMPTY_US US_PER_SECOND
#define EMPTY_WARMUP_US (US_PER_SECOND / 5)
#define FLOOR_US (5 * US_PER_SECOND)
#define FLOOR_WARMUP_US US_PER_SECOND

const char *const bench_budget_names[] = { "hot", "spread" };
const char *const bench_door_names[] = { "rest", "alipay" };

/* ---- shuffling: a bijection of 0 .. shoppers - 1 ---- */

static uint64_t permute(const struct bench_load *load, uint64_t index)
{
    unsigned half = load->permute_bits / 2;
    uint64_t mask = (UINT64_C(1) << half) - 1;
    do { /* Feistel over a power of four; what falls outside goes round again */
        uint64_t left = index >> half, right = index & mask;
        for (uint64_t round = 1; round <= 4; round++) {
            uint64_t mixed = hash_mix(right + (load->settings->seed << 20) + round * UINT64_C(0x9e3779b97f4a7c15));
            uint64_t next = left ^ (mixed & mask);
            left = right;
            right = next;
        }
        index = left << half | right;
    } while (index >= load->settings->shoppers);
    return index;
}

bool bench_load_open(struct bench_load *load, const struct bench_settings *settings, const struct bench_city *city,
                     struct bench_server *server)
{
    int64_t now_us;
    uint32_t shops = city_shop_count(&city->settings);
    *load = (struct bench_load){ .settings = settings, .city = city, .permute_bits = 2 };
    if (!bench_server_now(server, &now_us)) {
        return false;
    }
    if (settings->timeline_path != NULL) {
        load->timeline = fopen(settings->timeline_path, "w");
        if (load->timeline == NULL) {
            fprintf(stderr, "onetill bench: %s cannot be written\n", settings->timeline_path);
            return false;
        }
    }
    master_key_derive_hmac(&server->key, MASTER_LABEL_PAY_CODES, &load->paycode_key);
    random_init(&load->random, settings->seed, 1);
    memcpy(load->operator_token, server->operator_token, sizeof(load->operator_token));
    while (UINT64_C(1) << load->permute_bits < settings->shoppers) {
        load->permute_bits += 2;
    }
    load->first_step = paycode_step(now_us);
    load->number_base = os_now_us(); /* later runs on the same store have larger numbers */
    load->first_position = settings->door == DOOR_rest ? 0
                           : settings->beside > 0      ? settings->shoppers - settings->shoppers / BESIDE_SHARE
                                                       : settings->shoppers;
    load->position = load->first_position;
    if (settings->again) { /* codes of the minute that an earlier run may have ended in are used up */
        load->first_step++;
        load->position = settings->shoppers;
    }
    load->shop_tokens = calloc(shops, sizeof(load->shop_tokens[0]));
    load->slots = calloc(DRIVER_CONNECTIONS_MAX, sizeof(load->slots[0]));
    assert(load->shop_tokens != NULL);
    assert(load->slots != NULL);
    for (uint32_t i = 0; i < shops; i++) {
        tokens_issue(server->tokens, (struct caller){ .kind = CALLER_shop, .id = (int64_t)i + 1 }, TOKEN_ID,
                     load->shop_tokens[i]);
    }
    if (settings->door == DOOR_alipay) {
        load->gateway = malloc(sizeof(*load->gateway));
        load->beside = malloc(sizeof(*load->beside));
        load->alipay = bench_alipay_open(load, server);
        return load->gateway != NULL && load->beside != NULL && load->alipay != NULL;
    }
    return true;
}

void bench_load_close(struct bench_load *load)
{
    if (load->timeline != NULL) {
        (void)fclose(load->timeline);
    }
    bench_alipay_close(load->alipay);
    free(load->gateway);
    free(load->beside);
    free(load->shop_tokens);
    free(load->slots);
    free(load->paid);
    hmac_key_wipe(&load->paycode_key);
}

/* ---- requests ---- */

static void header_write(struct http_request *http, const char *token)
{
    http_request_raw(http, SPAN("Content-Type: application/json\r\nAuthorization: Bearer "));
    http_request_raw(http, (struct span){ token, TOKEN_TEXT_SIZE - 1 });
    http_request_raw(http, SPAN("\r\n"));
}

/* UUIDv7 (RFC 9562): keys made one after the other sort one after the other. */
static void request_key_write(struct bench_load *load, struct http_request *http)
{
    static const char digits[] = "0123456789abcdef";
    char text[37];
    uint64_t ms = (uint64_t)(os_now_us() / 1000);
    uint64_t high = ms << 16 | 0x7000 | (load->sequence & 0xFFF);
    uint64_t low = (random_u64(&load->random) >> 2) | UINT64_C(1) << 63;
    size_t at = 0;
    for (unsigned i = 0; i < 32; i++) {
        uint64_t half = i < 16 ? high : low;
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            text[at++] = '-';
        }
        text[at++] = digits[half >> (60 - 4 * (i % 16)) & 15];
    }
    http_request_raw(http, SPAN("Idempotency-Key: "));
    http_request_raw(http, (struct span){ text, at });
    http_request_raw(http, SPAN("\r\n"));
}

void bench_code_write(const struct bench_load *load, uint64_t position, uint64_t round, char code[PAYCODE_SIZE])
{
    uint8_t secret[PAYCODE_SECRET_SIZE];
    int64_t device_id = city_device_id(&load->city->settings, permute(load, position));
    paycode_secret(&load->paycode_key, device_id, 0, secret);
    paycode_write(device_id, secret, load->first_step + (int64_t)round, code);
}

void bench_payment_draw(struct bench_load *load, uint32_t *shop, int64_t *amount_minor)
{
    *shop = (uint32_t)random_below(&load->random, load->settings->shops);
    *shop += load->budget == BUDGET_spread ? load->settings->shops : 0;
    *amount_minor = random_between(&load->random, PRICE_MIN_MINOR, PRICE_MAX_MINOR);
}

static void body_write(struct http_request *http, uint32_t shop, int64_t terminal_id, int64_t number,
                       int64_t amount_minor, const char *code)
{
    size_t capacity;
    char *to = http_request_body(http, &capacity);
    struct text_out out = text_out_begin(to, capacity);
    text_out_literal(&out, "{\"shop_id\":\"");
    text_out_number(&out, (uint64_t)shop + 1, 1);
    text_out_literal(&out, "\",\"terminal_id\":\"");
    text_out_number(&out, (uint64_t)terminal_id, 1);
    text_out_literal(&out, "\",\"out_trade_no\":\"B");
    text_out_number(&out, (uint64_t)number, BENCH_NUMBER_DIGITS);
    text_out_literal(&out, "\",\"amount_minor\":");
    text_out_number(&out, (uint64_t)amount_minor, 1);
    text_out_literal(&out, ",\"subject\":\"groceries\",\"pay_code\":\"");
    text_out_literal(&out, code);
    text_out_literal(&out, "\"}");
    struct span body = text_out_end(&out);
    assert(!out.failed);
    http_request_body_end(http, body.size);
}

static void clock_make(struct bench_load *load, struct bench_slot *slot, struct http_request *http)
{
    char body[64], instant[INSTANT_TEXT_SIZE];
    int64_t to_us = (load->first_step + (int64_t)load->round) * PAYCODE_STEP_SECONDS * US_PER_SECOND;
    slot->clock = true;
    load->clock_pending = true;
    load->clock_moves++;
    (void)instant_write(to_us, 0, instant);
    int size = snprintf(body, sizeof(body), "{\"now\":\"%s\"}", instant);
    http_request_line(http, SPAN("POST"), SPAN("/v1/test/clock"));
    http_request_raw(http, SPAN("Host: till\r\n"));
    header_write(http, load->operator_token);
    size_t capacity;
    char *to = http_request_body(http, &capacity);
    assert(capacity >= (size_t)size);
    memcpy(to, body, (size_t)size);
    http_request_body_end(http, (size_t)size);
}

static enum make round_make(struct bench_load *load, struct bench_slot *slot, struct http_request *http)
{
    if (load->clock_pending) {
        return MAKE_later;
    }
    load->round++;
    load->position = load->first_position;
    clock_make(load, slot, http);
    return MAKE_send;
}

static enum make gateway_make(struct bench_load *load, struct bench_slot *slot, struct http_request *http)
{
    const struct bench_ready *ready = bench_alipay_first(load->alipay);
    if (ready == NULL) {
        return MAKE_finished; /* more was paid than the ceiling allows for: it was measured in a bad second */
    }
    if (ready->round > load->round) {
        return round_make(load, slot, http);
    }
    *slot = (struct bench_slot){ .sequence = ready->sequence, .amount_minor = ready->amount_minor, .gateway = true };
    http_request_raw(http, (struct span){ ready->text, ready->size });
    bench_alipay_pass(load->alipay);
    return MAKE_send;
}

static enum make pay_make(void *context, uint32_t slot_number, struct request_out *out)
{
    struct bench_load *load = context;
    struct bench_slot *slot = &load->slots[slot_number];
    const struct city_settings *city = &load->city->settings;
    bool through = load->position == load->settings->shoppers;
    char code[PAYCODE_SIZE];
    if (load->alipay != NULL && (through || slot_number >= load->settings->beside)) {
        return gateway_make(load, slot, &out->http);
    }
    if (through) {
        return round_make(load, slot, &out->http);
    }
    uint32_t shop;
    *slot = (struct bench_slot){ .sequence = load->sequence };
    bench_payment_draw(load, &shop, &slot->amount_minor);
    int64_t terminal = (int64_t)random_below(&load->random, city->terminals_per_shop);
    bench_code_write(load, load->position, load->round, code);
    http_request_line(&out->http, SPAN("POST"), SPAN("/v1/trades/pay"));
    http_request_raw(&out->http, SPAN("Host: till\r\n"));
    header_write(&out->http, load->shop_tokens[shop]);
    request_key_write(load, &out->http);
    body_write(&out->http, shop, (int64_t)shop * city->terminals_per_shop + terminal + 1,
               load->number_base + (int64_t)slot->sequence, slot->amount_minor, code);
    load->sequence++;
    load->position++;
    return MAKE_send;
}

/* ---- answers ---- */

static void error_count_in(struct bench_load *load, struct span code)
{
    char name[BENCH_CODE_SIZE];
    if (code.size == 0 || !span_copy(code, name, sizeof(name))) {
        memcpy(name, "other", sizeof("other"));
    }
    for (size_t i = 0; i < load->error_count; i++) {
        if (strcmp(load->errors[i].code, name) == 0) {
            load->errors[i].count++;
            return;
        }
    }
    if (load->error_count < BENCH_ERRORS_MAX) {
        struct bench_error *error = &load->errors[load->error_count++];
        memcpy(error->code, name, sizeof(name));
        error->count = 1;
    }
}

/* The text after `"name":` up to a comma, a brace or a quotation mark; empty when there is none. */
static struct span member_of(struct span body, struct span name)
{
    const char *at = memmem(body.bytes, body.size, name.bytes, name.size);
    if (at == NULL) {
        return (struct span){ NULL, 0 };
    }
    at += name.size;
    const char *end = at;
    while (end < body.bytes + body.size && *end != ',' && *end != '}' && *end != '"') {
        end++;
    }
    return (struct span){ at, (size_t)(end - at) };
}

static void paid_mark(struct bench_load *load, uint64_t sequence)
{
    size_t byte = sequence / 8;
    if (byte >= load->paid_size) {
        size_t size = load->paid_size == 0 ? (size_t)1 << 20 : load->paid_size * 2;
        load->paid = realloc(load->paid, size);
        assert(load->paid != NULL);
        memset(load->paid + load->paid_size, 0, size - load->paid_size);
        load->paid_size = size;
    }
    load->paid[byte] |= (uint8_t)(1u << (sequence % 8));
}

static void pay_count(struct bench_load *load, const struct bench_slot *slot, const struct answer_in *answer,
                      int64_t discount_minor)
{
    bool measured = answer->intended_us >= load->measure_from_us;
    paid_mark(load, slot->sequence);
    load->paid_count++;
    load->paid_sum_minor += slot->amount_minor;
    load->discount_sum_minor += discount_minor;
    load->run_paid++;
    if (load->alipay != NULL && !slot->gateway) {
        load->run_beside += measured;
    } else {
        load->run_measured += measured;
    }
}

/* Whether the answer says that it is paid; else `*code` is what it says. */
static bool answer_read(struct bench_load *load, const struct bench_slot *slot, const struct answer_in *answer,
                        int64_t *discount_minor, struct span *code)
{
    if (slot->gateway) {
        return bench_alipay_paid(load->alipay, answer, load->number_base + (int64_t)slot->sequence, slot->amount_minor,
                                 discount_minor, code);
    }
    if ((answer->status != 201 && answer->status != 200) ||
        !span_equal(member_of(answer->body, SPAN("\"state\":\"")), SPAN("TRADE_SUCCESS"))) {
        *code = member_of(answer->body, SPAN("\"code\":\""));
        return false;
    }
    *code = SPAN("answer_unreadable");
    return span_to_i64(member_of(answer->body, SPAN("\"discount_minor\":")), discount_minor);
}

static void latency_record(struct bench_load *load, const struct bench_slot *slot, const struct answer_in *answer)
{
    load->timeline_slowest_us = max_i64(load->timeline_slowest_us, answer->latency_us);
    if (load->alipay != NULL && !slot->clock && answer->intended_us >= load->measure_from_us) {
        histogram_record(slot->gateway ? load->gateway : load->beside, answer->latency_us);
    }
}

static void pay_done(void *context, uint32_t slot_number, const struct answer_in *answer)
{
    struct bench_load *load = context;
    struct bench_slot *slot = &load->slots[slot_number];
    int64_t discount_minor = 0;
    struct span code;
    latency_record(load, slot, answer);
    if (slot->clock) {
        slot->clock = false;
        load->clock_pending = false;
        if (answer->status != 200) {
            error_count_in(load, SPAN("clock_not_moved"));
        }
        return;
    }
    if (answer->outcome != OUTCOME_answered) {
        load->run_unknown++;
        error_count_in(load, answer->outcome == OUTCOME_timed_out ? SPAN("timed_out") : SPAN("broken"));
        return;
    }
    if (answer_read(load, slot, answer, &discount_minor, &code)) {
        pay_count(load, slot, answer, discount_minor);
    } else {
        error_count_in(load, code);
    }
}

/* ---- the empty endpoint ---- */

struct empty {
    struct bench_server *server;
    uint64_t answered;
};

static enum make empty_make(void *context, uint32_t slot, struct request_out *out)
{
    struct empty *empty = context;
    (void)slot;
    http_request_line(&out->http, SPAN("GET"), SPAN("/v1/time"));
    http_request_raw(&out->http, SPAN("Host: till\r\n"));
    header_write(&out->http, empty->server->operator_token);
    http_request_end(&out->http);
    return MAKE_send;
}

static void empty_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    (void)slot;
    ((struct empty *)context)->answered += answer->status == 200;
}

/* Of the rate 0: as fast as it goes. `warmup_us` of the time are not measured. */
static bool empty_run(struct bench_server *server, uint32_t connections, uint32_t rate, int64_t warmup_us,
                      int64_t measured_us, struct driver_report *report)
{
    struct empty empty = { .server = server };
    struct driver_options options = { .address = server->addresses[0],
                                      .others = server->addresses + 1,
                                      .other_count = server->count - 1,
                                      .connections = connections,
                                      .threads = 1,
                                      .rate = rate,
                                      .poisson = true,
                                      .duration_us = measured_us + warmup_us,
                                      .warmup_us = warmup_us,
                                      .context = &empty,
                                      .make = empty_make,
                                      .done = empty_done };
    struct driver *driver = driver_open(&options);
    bool ok = driver != NULL;
    if (ok) {
        driver_run(driver, report);
        ok = report->measured_us > 0 && empty.answered == report->counts.made;
    }
    driver_close(driver);
    if (!ok) {
        fprintf(stderr, "onetill bench: the empty endpoint did not answer every time\n");
    }
    return ok;
}

static void latency_fill(struct bench_latency *latency, const struct histogram *histogram)
{
    latency->p50_us = histogram_quantile(histogram, 500000);
    latency->p99_us = histogram_quantile(histogram, 990000);
    latency->p999_us = histogram_quantile(histogram, 999000);
    latency->max_us = histogram->max;
}

bool bench_empty(struct bench_server *server, uint32_t connections, uint64_t *per_second)
{
    struct driver_report *report = malloc(sizeof(*report));
    assert(report != NULL);
    bool ok = empty_run(server, connections, 0, EMPTY_WARMUP_US, EMPTY_US, report);
    *per_second = ok ? report->measured * 1000000 / (uint64_t)report->measured_us : 0;
    free(report);
    return ok;
}

bool bench_floor(struct bench_server *server, struct bench_run *run)
{
    if (run->rate == 0) {
        return true;
    }
    struct driver_report *report = malloc(sizeof(*report));
    assert(report != NULL);
    bool ok = empty_run(server, run->connections, run->rate, FLOOR_WARMUP_US, FLOOR_US, report);
    if (ok) {
        latency_fill(&run->floor, &report->latency);
    }
    free(report);
    return ok;
}

/* ---- a run ---- */

static void run_fill(struct bench_run *run, const struct bench_load *load, const struct driver_report *report)
{
    run->measured_us = max_i64(report->measured_us, 1);
    run->payments = load->run_measured;
    run->payments_all = load->run_paid;
    run->per_second = load->run_measured * 1000000 / (uint64_t)run->measured_us;
    run->unknown = load->run_unknown;
    run->late = report->counts.waited + report->counts.unsent;
    run->error_count = load->error_count;
    memcpy(run->errors, load->errors, sizeof(run->errors));
    latency_fill(&run->latency, load->alipay != NULL ? load->gateway : &report->latency);
    if (load->alipay != NULL) {
        run->gateway.beside = load->run_beside;
        run->gateway.beside_per_second = load->run_beside * 1000000 / (uint64_t)run->measured_us;
        latency_fill(&run->gateway.beside_latency, load->beside);
    }
}

static void gateway_use_fill(struct bench_run *run, const struct bench_sample *before, const struct bench_sample *after)
{
    static const char *const gateway[] = { "gateway", NULL };
    struct bench_gateway *use = &run->gateway;
    int64_t count = max_i64((int64_t)(run->payments_all), 1);
    use->all_ns = bench_cpu_ns(before, after, gateway) / count;
    use->read_ns = (after->gateway_read_ns - before->gateway_read_ns) / count;
    use->verify_ns = (after->gateway_verify_ns - before->gateway_verify_ns) / count;
    use->write_ns = (after->gateway_write_ns - before->gateway_write_ns) / count;
    use->sign_ns = (after->gateway_sign_ns - before->gateway_sign_ns) / count;
}

static void use_fill(struct bench_run *run, const struct bench_sample *before, const struct bench_sample *after,
                     int64_t run_us)
{
    static const char *const http[] = { "http", NULL }, *const decide[] = { "decide", NULL },
                            *const store[] = { "keeper", "write-back", "node", NULL };
    int64_t count = max_i64((int64_t)run->payments_all, 1);
    int64_t all_us = after->process.user_us + after->process.system_us - before->process.user_us -
                     before->process.system_us;
    int64_t http_ns = bench_cpu_ns(before, after, http), decide_ns = bench_cpu_ns(before, after, decide);
    int64_t store_ns = bench_cpu_ns(before, after, store);
    run->http_ns = http_ns / count;
    run->decide_ns = decide_ns / count;
    run->store_ns = store_ns / count;
    run->database_ns = (after->database_ns - before->database_ns) / count;
    gateway_use_fill(run, before, after);
    run->other_ns =
        max_i64((all_us * 1000 - http_ns - decide_ns - store_ns) / count - run->gateway.all_ns, 0);
    run->decode_ns = (after->decode_ns - before->decode_ns) / count;
    run->encode_ns = (after->encode_ns - before->encode_ns) / count;
    run->disk_bytes = (after->process.write_bytes - before->process.write_bytes) / count;
    run->store_bytes = (after->written_bytes - before->written_bytes) / count;
    run->syncs_per_second = (after->syncs - before->syncs) * 1000000 / max_i64(run_us, 1);
    run->batch_calls = (after->calls - before->calls) / max_i64(after->batches - before->batches, 1);
    run->batch_trips = (after->round_trips - before->round_trips) * 1000 / max_i64(after->batches - before->batches, 1);
    run->conflicts_per_second = (after->conflicts - before->conflicts) * 1000000 / max_i64(run_us, 1);
    run->rows_loaded = (after->rows_loaded - before->rows_loaded) * 1000 / count;
    run->rows_changed = (after->rows_changed - before->rows_changed) * 1000 / count;
    run->resident_bytes = after->process.resident_bytes;
}

static int64_t wal_size(const char *path)
{
    char wal[APP_PATH_SIZE];
    struct stat found;
    return path_beside(path, "-wal", wal) && stat(wal, &found) == 0 ? found.st_size : 0;
}

static void timeline_tick(void *context, uint64_t made, uint64_t finished)
{
    struct bench_load *load = context;
    (void)made;
    (void)finished;
    if (load->timeline != NULL) {
        fprintf(load->timeline, "%lld %llu %lld\n", (long long)(os_monotonic_us() - load->run_start_us) / 1000,
                (unsigned long long)(load->run_paid - load->timeline_paid), (long long)load->timeline_slowest_us);
    }
    load->timeline_paid = load->run_paid;
    load->timeline_slowest_us = 0;
}

static void requests_prepare(struct bench_load *load, struct bench_run *run)
{
    int64_t begun_us = os_monotonic_us();
    run->gateway.prepared = bench_alipay_need(load->alipay, run->connections);
    bench_alipay_prepare(load->alipay, load, run->gateway.prepared);
    run->gateway.prepare_us = os_monotonic_us() - begun_us;
}

static void run_begin(struct bench_load *load)
{
    load->run_paid = load->run_measured = load->run_beside = load->run_unknown = 0;
    if (load->alipay != NULL) {
        histogram_init(load->gateway);
        histogram_init(load->beside);
    }
    load->error_count = 0;
    memset(load->errors, 0, sizeof(load->errors));
    load->run_start_us = os_monotonic_us();
    if (load->timeline != NULL) {
        fprintf(load->timeline, "# from %lld on the monotonic clock, in us\n", (long long)load->run_start_us);
    }
    load->timeline_paid = 0;
    load->timeline_slowest_us = 0;
    load->measure_from_us = load->run_start_us + load->settings->warmup * US_PER_SECOND;
}

bool bench_pay(struct bench_load *load, struct bench_server *server, const char *path, struct bench_run *run)
{
    const struct bench_settings *settings = load->settings;
    struct driver_options options = { .address = server->addresses[0],
                                      .others = server->addresses + 1,
                                      .other_count = server->count - 1,
                                      .connections = run->connections,
                                      .threads = 1,
                                      .rate = run->rate,
                                      .poisson = true,
                                      .seed = settings->seed,
                                      .gather_us = load->alipay != NULL && run->rate == 0 ? GATHER_US : 0,
                                      .duration_us = (settings->seconds + settings->warmup) * US_PER_SECOND,
                                      .warmup_us = settings->warmup * US_PER_SECOND,
                                      .context = load,
                                      .make = pay_make,
                                      .done = pay_done,
                                      .tick = timeline_tick };
    struct bench_sample before, after;
    struct driver_report *report = malloc(sizeof(*report));
    struct driver *driver = driver_open(&options);
    uint64_t clock_moves = load->clock_moves;
    load->budget = run->budget;
    if (load->alipay != NULL) {
        requests_prepare(load, run);
    }
    bool ok = report != NULL && driver != NULL && bench_server_sample(server, &before);
    if (ok) {
        run_begin(load);
        int64_t start_us = os_monotonic_us(), start_ns = os_thread_cpu_ns();
        driver_run(driver, report);
        int64_t client_ns = os_thread_cpu_ns() - start_ns, run_us = os_monotonic_us() - start_us;
        ok = bench_server_sample(server, &after);
        run_fill(run, load, report);
        use_fill(run, &before, &after, run_us);
        run->client_ns = client_ns / max_i64((int64_t)run->payments_all, 1);
        run->clock_moves = load->clock_moves - clock_moves;
        run->wal_bytes = wal_size(path);
        double load_average;
        run->load_average_percent = getloadavg(&load_average, 1) == 1 ? (int)(load_average * 100) : 0;
    }
    if (load->alipay != NULL) {
        run->gateway.signatures = bench_alipay_check(load->alipay);
    }
    driver_close(driver);
    free(report);
    return ok;
}
