/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench_rush.h"

#include <unistd.h>

#include "base/json_out.h"

#define JSON_SIZE_MAX 16384

struct shown {
    char text[32];
};

static struct shown number(uint64_t value)
{
    struct shown shown;
    (void)progress_number(value, shown.text);
    return shown;
}

/* Thousandths with two digits: microseconds as milliseconds. */
static struct shown ms(int64_t us)
{
    struct shown shown;
    snprintf(shown.text, sizeof(shown.text), "%lld.%02lld", (long long)(us / 1000), (long long)(us % 1000 / 10));
    return shown;
}

void bench_rush_latency_words(const char *who, const struct bench_rush_latency *latency)
{
    if (latency->count > 0) {
        fprintf(stderr, "  %-42s %10s   p50 %s  p99 %s  p99.9 %s  slowest %s ms\n", who, number(latency->count).text,
                ms(latency->us.p50_us).text, ms(latency->us.p99_us).text, ms(latency->us.p999_us).text,
                ms(latency->us.max_us).text);
    }
}

void bench_rush_words(const struct bench_rush *rush, const struct bench_disk *disk)
{
    fprintf(stderr,
            "A give-away: %s vouchers at %lld fen, %s shoppers with a token each press at once over %u connections.\n"
            "Generator and server on %ld processors; %s, %lld us for a write with fdatasync%s\n",
            number(rush->pieces).text, (long long)rush->price_minor, number(rush->shoppers).text, rush->connections,
            sysconf(_SC_NPROCESSORS_ONLN), disk->file_system, (long long)disk->sync_us,
            disk->real ? "" : "; IN MEMORY ONLY: nothing is durable");
    fprintf(stderr, "  %s vouchers given a second, each durable before its answer, until none was left after %s s\n",
            number(rush->claims_per_second).text, ms(rush->rush_us / 1000).text);
    fprintf(stderr, "  of the server's CPU each press costs %s us of HTTP, %s us of deciding, %s us of the store\n",
            ms(rush->http_ns).text, ms(rush->decide_ns).text, ms(rush->store_ns).text);
    fprintf(stderr, "  %s answers a second to those who came later; %s batches, %s syncs in all\n",
            number(rush->losers_per_second).text, number((uint64_t)rush->batches).text,
            number((uint64_t)rush->syncs).text);
    bench_rush_latency_words("winners", &rush->winners);
    bench_rush_latency_words("winners who pressed again: the same answer", &rush->repeats);
    bench_rush_latency_words("losers while others still won", &rush->beside);
    bench_rush_latency_words("losers afterwards", &rush->late);
    fprintf(stderr, "  given %s of %s, %s different vouchers, %lld left; faults %s, answers that break a promise %s\n",
            number(rush->given).text, number(rush->pieces).text, number(rush->distinct).text, (long long)rush->left,
            number(rush->answers_5xx).text, number(rush->odd).text);
    if (rush->redeem) {
        fprintf(stderr, "  %s vouchers redeemed a second, each under a key of its own\n",
                number(rush->redeemed_per_second).text);
        bench_rush_latency_words("redemptions", &rush->redemptions);
        fprintf(stderr, "  codes shown a second time: %s refused, %s redeemed again\n",
                number(rush->refused_again).text, number(rush->redeemed_again).text);
    }
    for (size_t i = 0; i < rush->error_count; i++) {
        fprintf(stderr, "  %10s answers %s\n", number(rush->errors[i].count).text, rush->errors[i].code);
    }
    if (rush->audited) {
        fprintf(stderr, "  audit in %s s: %s\n", ms(rush->audit_us / 1000).text,
                rush->audit.ok ? "every law holds" : rush->audit.first.sentence);
    }
    fprintf(stderr, "%s\n", bench_rush_holds(rush) ? "Exactly what there was has been given." : "IT DOES NOT HOLD.");
}

static void whole(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_i64(out, value);
}

void bench_rush_latency_json(struct json_out *out, const char *key, const struct bench_rush_latency *latency)
{
    json_out_key(out, key);
    json_out_object(out);
    whole(out, "count", (int64_t)latency->count);
    whole(out, "p50_us", latency->us.p50_us);
    whole(out, "p99_us", latency->us.p99_us);
    whole(out, "p999_us", latency->us.p999_us);
    whole(out, "max_us", latency->us.max_us);
    json_out_object_end(out);
}

void bench_rush_json(const struct bench_rush *rush)
{
    static char bytes[JSON_SIZE_MAX];
    struct json_out out;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "ok");
    json_out_bool(&out, bench_rush_holds(rush));
    whole(&out, "connections", rush->connections);
    whole(&out, "pieces", (int64_t)rush->pieces);
    whole(&out, "shoppers", (int64_t)rush->shoppers);
    whole(&out, "price_minor", rush->price_minor);
    whole(&out, "claims_per_second", (int64_t)rush->claims_per_second);
    whole(&out, "losers_per_second", (int64_t)rush->losers_per_second);
    whole(&out, "http_ns", rush->http_ns);
    whole(&out, "decide_ns", rush->decide_ns);
    whole(&out, "store_ns", rush->store_ns);
    whole(&out, "given", (int64_t)rush->given);
    whole(&out, "distinct", (int64_t)rush->distinct);
    whole(&out, "left", rush->left);
    whole(&out, "faults", (int64_t)rush->answers_5xx);
    whole(&out, "odd", (int64_t)rush->odd);
    bench_rush_latency_json(&out, "winners", &rush->winners);
    bench_rush_latency_json(&out, "repeats", &rush->repeats);
    bench_rush_latency_json(&out, "losers_beside", &rush->beside);
    bench_rush_latency_json(&out, "losers_late", &rush->late);
    if (rush->redeem) {
        whole(&out, "redeemed", (int64_t)rush->redeemed);
        whole(&out, "redeemed_per_second", (int64_t)rush->redeemed_per_second);
        whole(&out, "redeemed_again", (int64_t)rush->redeemed_again);
        bench_rush_latency_json(&out, "redemptions", &rush->redemptions);
    }
    if (rush->audited) {
        json_out_key(&out, "audit");
        json_out_bool(&out, rush->audit.ok);
    }
    json_out_object_end(&out);
    struct span text = json_out_end(&out);
    assert(text.size > 0);
    printf("%.*s\n", (int)text.size, text.bytes);
}
