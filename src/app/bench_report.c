/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench.h"

#include <stdio.h>
#include <unistd.h>

#include "base/json_out.h"

#define JSON_SIZE_MAX 65536

/* ---- for people ---- */

struct shown {
    char text[32];
};

/* 1234 as "1.23": `value` counts thousandths. */
static struct shown thousandths(int64_t value)
{
    struct shown shown;
    snprintf(shown.text, sizeof(shown.text), "%lld.%02lld", (long long)(value / 1000),
             (long long)(value % 1000 / 10));
    return shown;
}

static struct shown number(uint64_t value)
{
    struct shown shown;
    (void)progress_number(value, shown.text);
    return shown;
}

static uint64_t share_per_mille(const struct bench_run *run)
{
    uint64_t empty = (run->empty_before + run->empty_after) / 2;
    return empty > 0 ? run->per_second * 1000 / empty : 0;
}

static int64_t rsa_share_per_mille(const struct bench_run *run)
{
    uint64_t ceiling = (run->gateway.before.per_second + run->gateway.after.per_second) / 2;
    return ceiling > 0 ? (int64_t)(run->per_second * 1000 / ceiling) : 0;
}

static int64_t all_ns(const struct bench_run *run)
{
    return run->http_ns + run->gateway.all_ns + run->decide_ns + run->store_ns + run->other_ns + run->client_ns +
           run->database_ns;
}

/* Both sides' time counted in: what the share above would be on processors that do nothing else. */
static int64_t rsa_cpu_per_mille(const struct bench_run *run)
{
    return (run->gateway.verify_ns + run->gateway.sign_ns) * 1000 / max_i64(all_ns(run), 1);
}

void bench_report_head(const struct bench_report *report)
{
    const struct city_settings *city = &report->city->settings;
    fprintf(stderr,
            "Payments by scanned code at half price: code checked and burnt, campaign and its budget applied,\n"
            "double entry, idempotency kept, durable before the answer. Generator and server on %ld processors.\n"
            "disk    %s, %lld us for a write with fdatasync%s\n"
            "city    %s shops of %u brands, %s shoppers with money and devices, made in %s s (%s commands)\n",
            sysconf(_SC_NPROCESSORS_ONLN), report->disk.file_system, (long long)report->disk.sync_us,
            report->disk.real ? "" : "; IN MEMORY ONLY: nothing here is durable",
            number(city_shop_count(city)).text, city_brand_count(city), number(city->shopper_count).text,
            thousandths(report->city->fill_us / 1000).text, number(report->city->commands).text);
    if (report->settings->door == DOOR_alipay) {
        fprintf(stderr, "door    alipay.trade.pay at /gateway.do, RSA2 with 2048 bits. The server verifies requests\n"
                        "        and signs answers; the client signs before the measured time, verifies after it.\n");
    }
}

/* What is only told of payments through the gateway. */
static void gateway_print(const struct bench_run *run)
{
    const struct bench_gateway *gateway = &run->gateway;
    fprintf(stderr,
            "  RSA alone      %s a second before, %s after (verify and sign, all processors); payments are %s of it,\n"
            "                 and of the CPU time of a payment RSA is %s\n",
            number(gateway->before.per_second).text, number(gateway->after.per_second).text,
            thousandths(rsa_share_per_mille(run)).text, thousandths(rsa_cpu_per_mille(run)).text);
    fprintf(stderr,
            "  gateway us     read %s (of it verifying %s)  write %s (of it signing %s)  rest %s; RSA alone %s\n",
            thousandths(gateway->read_ns).text, thousandths(gateway->verify_ns).text,
            thousandths(gateway->write_ns).text, thousandths(gateway->sign_ns).text,
            thousandths(max_i64(gateway->all_ns - gateway->read_ns - gateway->write_ns, 0)).text,
            thousandths((gateway->before.pair_ns + gateway->after.pair_ns) / 2).text);
    fprintf(stderr, "  signatures     %s requests signed ahead in %s s; of the answers %s checked, %s wrong\n",
            number(gateway->prepared).text, thousandths(gateway->prepare_us / 1000).text,
            number(gateway->signatures.checked).text, number(gateway->signatures.wrong).text);
    if (gateway->beside > 0) {
        fprintf(stderr, "  REST beside    %s a second, latency ms p50 %s  p99 %s  p99.9 %s  max %s\n",
                number(gateway->beside_per_second).text, thousandths(gateway->beside_latency.p50_us).text,
                thousandths(gateway->beside_latency.p99_us).text, thousandths(gateway->beside_latency.p999_us).text,
                thousandths(gateway->beside_latency.max_us).text);
    }
}

static void errors_print(const struct bench_run *run)
{
    for (size_t i = 0; i < run->error_count; i++) {
        fprintf(stderr, "  not paid       %s x %s\n", run->errors[i].code, number(run->errors[i].count).text);
    }
}

void bench_report_run(const struct bench_run *run)
{
    fprintf(stderr, "\n%s budget, %u connections, ", bench_budget_names[run->budget], run->connections);
    if (run->rate > 0) {
        fprintf(stderr, "open loop at %s a second (latency from the intended instant)\n", number(run->rate).text);
    } else {
        fprintf(stderr, "closed loop\n");
    }
    fprintf(stderr, "  payments       %s in %s s = %s a second\n", number(run->payments).text,
            thousandths(run->measured_us / 1000).text, number(run->per_second).text);
    fprintf(stderr, "  empty endpoint %s a second before, %s after; payments are %s of it\n",
            number(run->empty_before).text, number(run->empty_after).text,
            thousandths((int64_t)share_per_mille(run)).text);
    fprintf(stderr, "  latency ms     p50 %s  p99 %s  p99.9 %s  max %s\n", thousandths(run->latency.p50_us).text,
            thousandths(run->latency.p99_us).text, thousandths(run->latency.p999_us).text,
            thousandths(run->latency.max_us).text);
    if (run->rate > 0) {
        fprintf(stderr, "  empty endpoint at this rate: p50 %s  p99 %s  p99.9 %s  max %s\n",
                thousandths(run->floor.p50_us).text, thousandths(run->floor.p99_us).text,
                thousandths(run->floor.p999_us).text, thousandths(run->floor.max_us).text);
    }
    fprintf(stderr,
            "  CPU us/payment http %s (decode %s, encode %s)  gateway %s  decide %s  store %s  database %s  other %s  "
            "client %s  all %s\n",
            thousandths(run->http_ns).text, thousandths(run->decode_ns).text, thousandths(run->encode_ns).text,
            thousandths(run->gateway.all_ns).text, thousandths(run->decide_ns).text,
            thousandths(run->store_ns).text, thousandths(run->database_ns).text, thousandths(run->other_ns).text,
            thousandths(run->client_ns).text, thousandths(all_ns(run)).text);
    if (run->door == DOOR_alipay) {
        gateway_print(run);
    }
    fprintf(stderr, "  disk           %s bytes/payment to the device, %s by the store; %s syncs a second\n",
            number((uint64_t)max_i64(run->disk_bytes, 0)).text, number((uint64_t)max_i64(run->store_bytes, 0)).text,
            number((uint64_t)max_i64(run->syncs_per_second, 0)).text);
    fprintf(stderr, "  engine         %lld calls in a batch, %s rows changed and %s loaded per payment\n",
            (long long)run->batch_calls, thousandths(run->rows_changed).text, thousandths(run->rows_loaded).text);
    if (run->batch_trips > 0) {
        fprintf(stderr, "  database       %s round trips for a batch; %lld batches a second were decided anew\n",
                thousandths(run->batch_trips).text, (long long)run->conflicts_per_second);
    }
    fprintf(stderr, "  memory         %lld MB resident; log %lld MB; clock moved %llu minutes; load average %s\n",
            (long long)run->resident_bytes >> 20, (long long)run->wal_bytes >> 20,
            (unsigned long long)run->clock_moves, thousandths((int64_t)run->load_average_percent * 10).text);
    if (run->rate > 0) {
        fprintf(stderr, "  late           %s arrivals found no connection free\n", number(run->late).text);
    }
    errors_print(run);
}

static void proof_print(const struct bench_proof *proof)
{
    fprintf(stderr, "\nIn the store: %s of %s counted payments, %s of %s yuan%s.\n", number(proof->found).text,
            number(proof->counted).text, thousandths(proof->found_minor * 10).text,
            thousandths(proof->counted_minor * 10).text, proof->missing == 0 ? "" : ": PAYMENTS ARE MISSING");
    if (proof->uncounted > 0) {
        fprintf(stderr, "%s more were made without an answer that was read.\n", number(proof->uncounted).text);
    }
    if (proof->audited) {
        uint64_t per_second = proof->audit.transfers * 1000000 / (uint64_t)max_i64(proof->audit_us, 1);
        fprintf(stderr, "The audit %s: %s transfers in %s s (%s a second).\n",
                proof->audit.ok ? "holds" : proof->audit.first.sentence, number(proof->audit.transfers).text,
                thousandths(proof->audit_us / 1000).text, number(per_second).text);
    }
}

/* Runs side by side, each beside the one of the other budget with the same connections. */
static void matrix_print(const struct bench_report *report)
{
    fprintf(stderr, "\nconnections        hot     spread  hot/spread\n");
    for (size_t i = 0; i + 1 < report->run_count; i += 2) {
        size_t hot_first = report->runs[i].budget == BUDGET_hot;
        const struct bench_run *hot = &report->runs[i + !hot_first], *spread = &report->runs[i + hot_first];
        fprintf(stderr, "%11u %10s %10s  %s\n", hot->connections, number(hot->per_second).text,
                number(spread->per_second).text,
                thousandths((int64_t)hot->per_second * 1000 / max_i64((int64_t)spread->per_second, 1)).text);
    }
}

void bench_report_end(const struct bench_report *report)
{
    if (report->settings->matrix) {
        matrix_print(report);
    }
    fprintf(stderr, "\nAfter its start the server was busy for %s s; that is not measured.\n",
            thousandths(report->settle_us / 1000).text);
    proof_print(&report->proof);
}

/* ---- for programs ---- */

static void json_number(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_i64(out, value);
}

/* `value` counts thousandths. */
static void json_decimal(struct json_out *out, const char *key, int64_t value)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%lld.%03lld", (long long)(value / 1000), (long long)(value % 1000));
    json_out_key(out, key);
    json_out_raw(out, (struct span){ text, (size_t)size });
}

static void json_text(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, span_of(text));
}

static void json_flag(struct json_out *out, const char *key, bool value)
{
    json_out_key(out, key);
    json_out_bool(out, value);
}

static void json_latency(struct json_out *out, const char *key, const struct bench_latency *latency)
{
    json_out_key(out, key);
    json_out_object(out);
    json_decimal(out, "p50", latency->p50_us);
    json_decimal(out, "p99", latency->p99_us);
    json_decimal(out, "p999", latency->p999_us);
    json_decimal(out, "max", latency->max_us);
    json_out_object_end(out);
}

static void json_gateway(struct json_out *out, const struct bench_run *run)
{
    const struct bench_gateway *gateway = &run->gateway;
    json_out_key(out, "gateway");
    json_out_object(out);
    json_number(out, "rsa_per_second", (int64_t)(gateway->before.per_second + gateway->after.per_second) / 2);
    json_decimal(out, "rsa_us", (gateway->before.pair_ns + gateway->after.pair_ns) / 2);
    json_decimal(out, "share_of_rsa", rsa_share_per_mille(run));
    json_decimal(out, "share_of_cpu", rsa_cpu_per_mille(run));
    json_number(out, "prepared", (int64_t)gateway->prepared);
    json_decimal(out, "prepare_seconds", gateway->prepare_us / 1000);
    json_decimal(out, "read_us", gateway->read_ns);
    json_decimal(out, "verify_us", gateway->verify_ns); /* a part of reading, as signing is of writing */
    json_decimal(out, "write_us", gateway->write_ns);
    json_decimal(out, "sign_us", gateway->sign_ns);
    json_number(out, "signatures_checked", (int64_t)gateway->signatures.checked);
    json_number(out, "signatures_wrong", (int64_t)gateway->signatures.wrong);
    json_number(out, "beside", (int64_t)gateway->beside);
    json_latency(out, "beside_latency_ms", &gateway->beside_latency);
    json_out_object_end(out);
}

static void json_run(struct json_out *out, const struct bench_run *run)
{
    json_text(out, "door", bench_door_names[run->door]);
    json_text(out, "budget", bench_budget_names[run->budget]);
    json_number(out, "connections", run->connections);
    json_number(out, "rate", run->rate);
    json_number(out, "payments", (int64_t)run->payments);
    json_decimal(out, "seconds", run->measured_us / 1000);
    json_number(out, "payments_per_second", (int64_t)run->per_second);
    json_number(out, "empty_per_second", (int64_t)(run->empty_before + run->empty_after) / 2);
    json_decimal(out, "share_of_empty", (int64_t)share_per_mille(run));
    json_latency(out, "latency_ms", &run->latency);
    if (run->rate > 0) {
        json_latency(out, "empty_latency_ms", &run->floor);
    }
    if (run->door == DOOR_alipay) {
        json_gateway(out, run);
    }
    json_out_key(out, "cpu_us_per_payment");
    json_out_object(out);
    json_decimal(out, "http", run->http_ns);
    json_decimal(out, "decode", run->decode_ns); /* decode and encode are parts of http */
    json_decimal(out, "encode", run->encode_ns);
    json_decimal(out, "gateway", run->gateway.all_ns);
    json_decimal(out, "decide", run->decide_ns);
    json_decimal(out, "store", run->store_ns);
    json_decimal(out, "database", run->database_ns);
    json_decimal(out, "other", run->other_ns);
    json_decimal(out, "client", run->client_ns);
    json_decimal(out, "total", all_ns(run));
    json_out_object_end(out);
    json_number(out, "disk_bytes_per_payment", run->disk_bytes);
    json_number(out, "store_bytes_per_payment", run->store_bytes);
    json_number(out, "syncs_per_second", run->syncs_per_second);
    json_number(out, "batch_calls", run->batch_calls);
    json_decimal(out, "round_trips_per_batch", run->batch_trips);
    json_number(out, "conflicts_per_second", run->conflicts_per_second);
    json_number(out, "resident_mb", run->resident_bytes >> 20);
    json_number(out, "wal_mb", run->wal_bytes >> 20);
    json_number(out, "clock_moves", (int64_t)run->clock_moves);
    json_number(out, "unknown", (int64_t)run->unknown);
    json_number(out, "late", (int64_t)run->late);
    json_decimal(out, "load_average", (int64_t)run->load_average_percent * 10);
    json_out_key(out, "errors");
    json_out_object(out);
    for (size_t i = 0; i < run->error_count; i++) {
        json_number(out, run->errors[i].code, (int64_t)run->errors[i].count);
    }
    json_out_object_end(out);
}

static void json_proof(struct json_out *out, const struct bench_proof *proof)
{
    json_out_key(out, "verified");
    json_out_object(out);
    json_number(out, "counted", (int64_t)proof->counted);
    json_number(out, "found", (int64_t)proof->found);
    json_number(out, "missing", (int64_t)proof->missing);
    json_number(out, "uncounted", (int64_t)proof->uncounted);
    json_flag(out, "sums_agree", proof->counted_minor == proof->found_minor);
    json_out_object_end(out);
    if (proof->audited) {
        json_out_key(out, "audit");
        json_out_object(out);
        json_flag(out, "ok", proof->audit.ok);
        json_number(out, "transfers", (int64_t)proof->audit.transfers);
        json_decimal(out, "seconds", proof->audit_us / 1000);
        json_out_object_end(out);
    }
}

void bench_report_json(const struct bench_report *report)
{
    static char bytes[JSON_SIZE_MAX];
    struct json_out out;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_run(&out, &report->runs[0]); /* the first run stands at the top, all of them below */
    json_text(&out, "file_system", report->disk.file_system);
    json_flag(&out, "durable", report->disk.real);
    json_number(&out, "fdatasync_us", report->disk.sync_us);
    json_number(&out, "processors", sysconf(_SC_NPROCESSORS_ONLN));
    json_number(&out, "servers", report->settings->servers);
    json_number(&out, "shoppers", (int64_t)report->settings->shoppers);
    json_number(&out, "seed", (int64_t)report->settings->seed);
    json_decimal(&out, "fill_seconds", report->city->fill_us / 1000);
    json_decimal(&out, "settle_seconds", report->settle_us / 1000);
    json_proof(&out, &report->proof);
    json_out_key(&out, "runs");
    json_out_array(&out);
    for (size_t i = 0; i < report->run_count; i++) {
        json_out_object(&out);
        json_run(&out, &report->runs[i]);
        json_out_object_end(&out);
    }
    json_out_array_end(&out);
    json_out_object_end(&out);
    struct span json = json_out_end(&out);
    assert(json.size > 0);
    printf("%.*s\n", (int)json.size, json.bytes);
}
