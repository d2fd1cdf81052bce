/* SPDX-License-Identifier: Apache-2.0 */
#include "app/demo.h"

#include <unistd.h>

#include "base/json_out.h"
#include "load/progress.h"

#define PLOT_COLUMNS 65
#define PLOT_ROWS 8

/* ---- what the server says ---- */

static void shop_day_add(void *context, const struct played_shop_day *row)
{
    struct demo_server *server = context;
    server->shop_days++;
    server->payments += (uint64_t)row->payments;
    server->refunds += (uint64_t)row->refunds;
    server->list_minor += row->list_minor;
    server->discount_minor += row->discount_minor;
    server->paid_minor += row->paid_minor;
    server->refunded_paid_minor += row->refunded_paid_minor;
    server->refunded_discount_minor += row->refunded_discount_minor;
}

static bool campaigns_read(struct played *played, struct demo_server *server)
{
    for (uint32_t i = 0; i < DOUBLE12_CAMPAIGNS; i++) {
        char path[64];
        struct span body, empty_at;
        int64_t at_us;
        snprintf(path, sizeof(path), "/v1/campaigns/%lld", (long long)double12_campaign_id(i));
        if (played_call(played, "GET", path, SPAN(""), &body) != 200) {
            return false;
        }
        server->campaigns[i].budget_minor = json_member_i64(body, "budget_minor", -1);
        server->campaigns[i].left_minor = json_member_i64(body, "left_minor", -1);
        server->campaigns[i].spent_minor = json_member_i64(body, "spent_minor", -1);
        server->campaigns[i].uses = json_member_i64(body, "uses", -1);
        server->spent_minor += server->campaigns[i].budget_minor - server->campaigns[i].left_minor;
        if (json_member(body, "empty_at", &empty_at) && instant_read(empty_at, &at_us)) {
            char text[INSTANT_TEXT_SIZE];
            instant_write(at_us, 480, text);
            snprintf(server->campaigns[i].empty_at, sizeof(server->campaigns[i].empty_at), "%.5s", text + 11);
        }
    }
    return true;
}

bool demo_ask(struct played *played, struct demo_server *server)
{
    memset(server, 0, sizeof(*server));
    if (!campaigns_read(played, server) || !played_shop_days(played, DOUBLE12_DAY, shop_day_add, server)) {
        return false;
    }
    played_audit(played, &server->audit);
    return true;
}

/* ---- whether it agrees ---- */

bool demo_agrees(const struct demo_book *book, const struct demo_server *server, char *why, size_t why_size)
{
    const struct {
        const char *what;
        int64_t ours, theirs;
    } sums[] = {
        { "payments", (int64_t)book->payments, (int64_t)server->payments },
        { "refunds", (int64_t)book->refunds, (int64_t)server->refunds },
        { "the price of what was bought", book->list_minor, server->list_minor },
        { "discounts", book->discount_minor, server->discount_minor },
        { "money paid", book->paid_minor, server->paid_minor },
        { "money given back", book->refunded_paid_minor, server->refunded_paid_minor },
        { "discounts returned by refunds", book->refunded_discount_minor, server->refunded_discount_minor },
        { "discount given and budget spent", book->discount_minor - book->refunded_discount_minor,
          server->spent_minor },
    };
    why[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(sums) && why[0] == '\0'; i++) {
        if (sums[i].ours != sums[i].theirs) {
            snprintf(why, why_size, "%s: tills and phones were told %lld, the server says %lld", sums[i].what,
                     (long long)sums[i].ours, (long long)sums[i].theirs);
        }
    }
    for (size_t i = 0; i < DOUBLE12_CAMPAIGNS && why[0] == '\0'; i++) {
        if (server->campaigns[i].spent_minor != server->campaigns[i].budget_minor - server->campaigns[i].left_minor ||
            server->campaigns[i].left_minor < 0) {
            snprintf(why, why_size, "campaign %zu: it gave %lld, its budget lost %lld", i + 1,
                     (long long)server->campaigns[i].spent_minor,
                     (long long)(server->campaigns[i].budget_minor - server->campaigns[i].left_minor));
        }
    }
    if (book->faults > 0) {
        snprintf(why, why_size, "%s", book->fault);
    } else if (why[0] == '\0' && book->payments == 0) {
        snprintf(why, why_size, "nobody paid anything");
    } else if (why[0] == '\0' && !server->audit.ok) {
        snprintf(why, why_size, "the audit does not hold: %.600s", server->audit.sentence);
    }
    return why[0] == '\0';
}

/* ---- in words ---- */

/* 1234567 minor units as "12,345.67". */
static const char *yuan(int64_t minor, char to[40])
{
    char whole[32];
    int64_t size = minor < 0 ? -minor : minor;
    progress_number((uint64_t)(size / 100), whole);
    snprintf(to, 40, "%s%s.%02d", minor < 0 ? "-" : "", whole, (int)(size % 100));
    return to;
}

static const char *number(uint64_t value, char to[32])
{
    progress_number(value, to);
    return to;
}

static uint64_t per_second(const struct demo_book *book)
{
    return book->day_us > 0 ? book->payments * 1000000 / (uint64_t)book->day_us : 0;
}

/* The day as a picture: payments per second of the day's own clock. */
static void plot(FILE *to, const struct demo_book *book)
{
    static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
    uint64_t columns[PLOT_COLUMNS], most = 1;
    uint32_t minutes = DEMO_MINUTES / PLOT_COLUMNS;
    for (uint32_t i = 0; i < PLOT_COLUMNS; i++) {
        columns[i] = 0;
        for (uint32_t j = 0; j < minutes; j++) {
            columns[i] += book->minute_payments[i * minutes + j];
        }
        most = columns[i] > most ? columns[i] : most;
    }
    fprintf(to, "\n  payments over the day, at most %llu in a second of its own clock\n",
            (unsigned long long)(most / (minutes * 60)));
    for (int row = PLOT_ROWS - 1; row >= 0; row--) {
        fputs("  ", to);
        for (uint32_t i = 0; i < PLOT_COLUMNS; i++) {
            int64_t level = (int64_t)(columns[i] * PLOT_ROWS * 8 / most) - row * 8;
            fputs(blocks[max_i64(0, min_i64(level, 8))], to);
        }
        fputc('\n', to);
    }
    fputs("  08:00            12:00             16:00             20:00   22:00\n", to);
}

static void campaigns_words(FILE *to, const struct demo_book *book, const struct demo_server *server)
{
    char given[40], left[40];
    fprintf(to, "\nCampaigns                                           given (yuan)  left of its budget\n");
    for (uint32_t i = 0; i < DOUBLE12_CAMPAIGNS; i++) {
        fprintf(to, "  %-48s %13s %13s%s%s\n", double12_campaign_words[i],
                yuan(server->campaigns[i].spent_minor, given), yuan(server->campaigns[i].left_minor, left),
                server->campaigns[i].empty_at[0] != '\0' ? "  empty since " : "", server->campaigns[i].empty_at);
    }
    fprintf(to, "\nDiscount given, as tills and phones were told  %18s yuan\n",
            yuan(book->discount_minor - book->refunded_discount_minor, given));
    fprintf(to, "Budget spent, as the ledger says               %18s yuan\n", yuan(server->spent_minor, left));
}

static const char *refusal_words(const char *code)
{
    for (size_t i = 0; refusal_at(i) != NULL; i++) {
        if (strcmp(refusal_at(i)->name, code) == 0) {
            return refusal_at(i)->text;
        }
    }
    return code;
}

static void refusals_words(FILE *to, const struct demo_book *book)
{
    char count[32];
    fprintf(to, "\nRefused\n");
    for (size_t i = 0; i < book->refusal_count; i++) {
        fprintf(to, "  %10s  %s\n", number(book->refusals[i].count, count), refusal_words(book->refusals[i].code));
    }
}

static void troubles_words(FILE *to, const struct demo_book *book)
{
    char a[32], b[32], c[32], d[32];
    fprintf(to, "\nBad networks and second thoughts\n");
    fprintf(to, "  %10s  requests came by half, %s were sent by phones that never heard the answer, %s at a trickle\n",
            number(book->half_sent, a), number(book->unread, b), number(book->dribbled, c));
    fprintf(to, "  %10s  repeats had no second effect: the same answer, byte for byte\n",
            number(book->repeats_without_effect, a));
    fprintf(to, "  %10s  unknown outcomes were closed by asking for the number and cancelling\n",
            number(book->closed_unknown, a));
    fprintf(to, "  %10s  waited for the shopper: %s confirmed, %s declined, %s closed by themselves\n",
            number(book->waited, a), number(book->confirmed, b), number(book->declined, c),
            number(book->left_waiting, d));
    fprintf(to, "  %10s  refunds, %s of them of cancelled payments\n", number(book->refunds, a),
            number(book->cancelled, b));
}

void demo_report_words(FILE *to, const struct demo_settings *settings, const struct double12 *day,
                       const struct demo_book *book, const struct demo_server *server, bool agrees, const char *why)
{
    char a[40], b[32], c[32], d[32];
    const struct histogram *latency = &book->latency;
    fprintf(to, "\nDouble 12, 2014-12-12, 08:00 to 22:05, in %lld.%lld s: %d brands, %s shops, %s tills,"
                " %s shoppers\n\n",
            (long long)(book->day_us / 1000000), (long long)(book->day_us / 100000 % 10), DOUBLE12_BRANDS,
            number(DOUBLE12_SHOPS, b), number(day->terminal_count, c), number(settings->shoppers, d));
    fprintf(to, "  %10s  payments, %s a second, each durable before its answer\n", number(book->payments, b),
            number(per_second(book), c));
    fprintf(to, "              %s by pay code, %s by a trade's QR, %s at a counter's QR\n", number(book->by_way[0], b),
            number(book->by_way[1], c), number(book->by_way[2], d));
    fprintf(to, "  %10s  yuan of goods, ", yuan(book->list_minor, a));
    fprintf(to, "%s paid\n", yuan(book->paid_minor, a));
    fprintf(to, "  answers     p50 %lld.%lld ms, p99 %lld.%lld ms, p99.9 %lld.%lld ms, slowest %lld.%lld ms\n",
            (long long)(histogram_quantile(latency, 500000) / 1000),
            (long long)(histogram_quantile(latency, 500000) / 100 % 10),
            (long long)(histogram_quantile(latency, 990000) / 1000),
            (long long)(histogram_quantile(latency, 990000) / 100 % 10),
            (long long)(histogram_quantile(latency, 999000) / 1000),
            (long long)(histogram_quantile(latency, 999000) / 100 % 10), (long long)(latency->max / 1000),
            (long long)(latency->max / 100 % 10));
    if (isatty(fileno(to)) == 1) {
        plot(to, book);
    }
    campaigns_words(to, book, server);
    refusals_words(to, book);
    troubles_words(to, book);
    fprintf(to, "\nAudit: %s transfers in %lld.%02lld s, while the server is running: %s\n",
            number(server->audit.transfers, b), (long long)(server->audit.took_us / 1000000),
            (long long)(server->audit.took_us / 10000 % 100),
            server->audit.ok ? "every law holds" : server->audit.sentence);
    if (agrees) {
        fprintf(to, "The books of %s tills and of the server agree to the cent.\n", number(day->terminal_count, c));
    } else {
        fprintf(to, "THE BOOKS DO NOT AGREE: %s\n", why);
    }
}

/* ---- as one object ---- */

/* Thousandths as a JSON number: 12.345. */
static void thousandths(struct json_out *out, const char *key, int64_t value)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%lld.%03lld", (long long)(value / 1000), (long long)(value % 1000));
    json_out_key(out, key);
    json_out_raw(out, (struct span){ text, (size_t)size });
}

static void whole(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_i64(out, value);
}

static void latency_json(struct json_out *out, const struct histogram *latency)
{
    json_out_key(out, "latency_ms");
    json_out_object(out);
    thousandths(out, "p50", histogram_quantile(latency, 500000));
    thousandths(out, "p99", histogram_quantile(latency, 990000));
    thousandths(out, "p999", histogram_quantile(latency, 999000));
    thousandths(out, "max", latency->max);
    json_out_object_end(out);
}

static void refusals_json(struct json_out *out, const struct demo_book *book)
{
    json_out_key(out, "refusals");
    json_out_object(out);
    for (size_t i = 0; i < book->refusal_count; i++) {
        whole(out, book->refusals[i].code, (int64_t)book->refusals[i].count);
    }
    json_out_object_end(out);
}

static void campaigns_json(struct json_out *out, const struct demo_server *server)
{
    json_out_key(out, "campaigns");
    json_out_array(out);
    for (uint32_t i = 0; i < DOUBLE12_CAMPAIGNS; i++) {
        json_out_object(out);
        json_out_key(out, "name");
        json_out_text(out, span_of(double12_campaign_words[i]));
        whole(out, "budget_minor", server->campaigns[i].budget_minor);
        whole(out, "spent_minor", server->campaigns[i].spent_minor);
        whole(out, "left_minor", server->campaigns[i].left_minor);
        whole(out, "uses", server->campaigns[i].uses);
        json_out_key(out, "empty_at");
        if (server->campaigns[i].empty_at[0] != '\0') {
            json_out_text(out, span_of(server->campaigns[i].empty_at));
        } else {
            json_out_null(out);
        }
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void audit_json(struct json_out *out, const struct played_audit *audit)
{
    json_out_key(out, "audit");
    json_out_object(out);
    json_out_key(out, "ok");
    json_out_bool(out, audit->ok);
    whole(out, "transfers", (int64_t)audit->transfers);
    thousandths(out, "seconds", audit->took_us / 1000);
    json_out_object_end(out);
}

void demo_report_json(FILE *to, const struct demo_settings *settings, const struct double12 *day,
                      const struct demo_book *book, const struct demo_server *server, bool agrees, const char *why)
{
    static char bytes[65536];
    struct json_out out;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "ok");
    json_out_bool(&out, agrees);
    if (!agrees) {
        json_out_key(&out, "why");
        json_out_text(&out, span_of(why));
    }
    whole(&out, "payments", (int64_t)book->payments);
    whole(&out, "payments_per_second", (int64_t)per_second(book));
    latency_json(&out, &book->latency);
    whole(&out, "discount_minor", book->discount_minor - book->refunded_discount_minor);
    whole(&out, "budget_spent_minor", server->spent_minor);
    refusals_json(&out, book);
    whole(&out, "repeats_without_effect", (int64_t)book->repeats_without_effect);
    audit_json(&out, &server->audit);
    thousandths(&out, "seconds", book->day_us / 1000);
    whole(&out, "seed", (int64_t)settings->seed);
    whole(&out, "brands", DOUBLE12_BRANDS);
    whole(&out, "shops", DOUBLE12_SHOPS);
    whole(&out, "tills", day->terminal_count);
    whole(&out, "shoppers", settings->shoppers);
    whole(&out, "list_minor", book->list_minor);
    whole(&out, "paid_minor", book->paid_minor);
    whole(&out, "refunds", (int64_t)book->refunds);
    whole(&out, "cancelled", (int64_t)book->cancelled);
    whole(&out, "paid_by_qr", (int64_t)(book->by_way[1] + book->by_way[2]));
    whole(&out, "waited", (int64_t)book->waited);
    whole(&out, "confirmed", (int64_t)book->confirmed);
    whole(&out, "declined", (int64_t)book->declined);
    whole(&out, "half_sent", (int64_t)book->half_sent);
    whole(&out, "unread", (int64_t)book->unread);
    whole(&out, "outcomes_closed", (int64_t)book->closed_unknown);
    campaigns_json(&out, server);
    json_out_object_end(&out);
    struct span text = json_out_end(&out);
    assert(text.size > 0);
    fprintf(to, "%.*s\n", (int)text.size, text.bytes);
}
