/* SPDX-License-Identifier: Apache-2.0 */
#include "app/march8.h"

#include <jansson.h>

#include "base/json_out.h"
#include "base/os_clock.h"
#include "load/progress.h"

#define READ_TRIES 120
#define READ_AGAIN_US 500000

/* ---- what the server says ---- */

static int64_t member(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void deal_add(struct march8_server *server, const json_t *deal)
{
    const char *id = json_string_value(json_object_get(deal, "deal_id"));
    int64_t deal_id = 0;
    server->sold_copies += member(deal, "sold_copies");
    server->sold_minor += member(deal, "sold_minor");
    server->redeemed_pieces += member(deal, "redeemed_pieces");
    server->redeemed_minor += member(deal, "redeemed_minor");
    server->returned_pieces += member(deal, "returned_pieces");
    server->returned_minor += member(deal, "returned_minor");
    server->earned_minor += member(deal, "earned_minor");
    server->commission_minor += member(deal, "commission_minor");
    server->escrow_minor += member(deal, "escrow_minor");
    if (id != NULL && span_to_i64(span_of(id), &deal_id) && deal_id < march8_dinner_deal(0)) {
        server->stock_copies += member(deal, "stock_copies");
        server->given_copies += member(deal, "sold_copies") - member(deal, "returned_pieces");
    }
}

/* A page of a list. A server that writes back a whole day says for a while that it is busy. */
static bool page_read(struct played *played, const char *path, struct span *body)
{
    int status = 0;
    for (int tries = 0; tries < READ_TRIES; tries++) {
        status = played_call(played, "GET", path, SPAN(""), body);
        if (status != 503) {
            break;
        }
        os_sleep_us(READ_AGAIN_US);
    }
    if (status != 200) {
        int shown = (int)min_i64((int64_t)body->size, 400);
        fprintf(stderr, "onetill demo: %s: %d %.*s\n", path, status, shown, body->bytes);
    }
    return status == 200;
}

static bool deals_read(struct played *played, int64_t merchant_id, struct march8_server *server)
{
    char cursor[256] = "";
    for (;;) {
        char path[384];
        struct span body;
        snprintf(path, sizeof(path), "/v1/merchants/%lld/deal_money?limit=100%s%s", (long long)merchant_id,
                 cursor[0] != '\0' ? "&cursor=" : "", cursor);
        if (!page_read(played, path, &body)) {
            return false;
        }
        json_t *json = json_loadb(body.bytes, body.size, 0, NULL);
        const json_t *data = json_object_get(json, "data"), *deal;
        const json_t *next = json_object_get(json, "next_cursor");
        bool readable = json_is_array(data);
        size_t index;
        json_array_foreach(data, index, deal) {
            deal_add(server, deal);
        }
        bool more = readable && json_is_string(next);
        readable = readable && (!more || span_copy(span_of(json_string_value(next)), cursor, sizeof(cursor)));
        json_decref(json);
        if (!readable || !more) {
            return readable;
        }
    }
}

bool march8_ask(struct played *played, struct march8_server *server)
{
    memset(server, 0, sizeof(*server));
    for (int64_t merchant_id = 1; merchant_id <= MARCH8_MERCHANTS; merchant_id++) {
        if (!deals_read(played, merchant_id, server)) {
            return false;
        }
    }
    played_audit(played, &server->audit);
    return true;
}

/* ---- whether it agrees ---- */

bool march8_agrees(const struct march8 *day, const struct march8_book *book, const struct march8_server *server,
                   char *why, size_t why_size)
{
    int64_t prizes = min_i64(MARCH8_WINNERS, (int64_t)book->entries);
    const struct {
        const char *what;
        int64_t ours, theirs;
    } sums[] = {
        { "tickets, dinners and prizes", (int64_t)(book->tickets + book->dinners) + prizes, server->sold_copies },
        { "money paid for them", book->paid_minor, server->sold_minor },
        { "vouchers redeemed", (int64_t)book->redeemed, server->redeemed_pieces },
        { "their money", book->redeemed_minor, server->redeemed_minor },
        { "the platform's part of it", book->commission_minor, server->commission_minor },
        { "the shops' part of it", book->redeemed_minor - book->commission_minor, server->earned_minor },
        { "tickets returned", (int64_t)book->returned, server->returned_pieces },
        { "money given back", book->returned_minor, server->returned_minor },
        { "money that waits in escrow", book->paid_minor - book->redeemed_minor - book->returned_minor,
          server->escrow_minor },
        { "tickets there were", (int64_t)day->tickets, server->stock_copies },
        { "winners of the lottery", prizes, (int64_t)book->won },
    };
    why[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(sums) && why[0] == '\0'; i++) {
        if (sums[i].ours != sums[i].theirs) {
            snprintf(why, why_size, "%s: phones and counters were told %lld, the server says %lld", sums[i].what,
                     (long long)sums[i].ours, (long long)sums[i].theirs);
        }
    }
    if (book->faults > 0) {
        snprintf(why, why_size, "%s", book->fault);
    } else if (why[0] == '\0' && server->given_copies > server->stock_copies) {
        snprintf(why, why_size, "more tickets were given than there were");
    } else if (why[0] == '\0' && (book->tickets == 0 || book->redeemed == 0 || book->bookings == 0)) {
        snprintf(why, why_size, "nobody came");
    } else if (why[0] == '\0' && !server->audit.ok) {
        snprintf(why, why_size, "the audit does not hold: %.600s", server->audit.sentence);
    }
    return why[0] == '\0';
}

/* ---- in words ---- */

struct shown {
    char text[40];
};

static struct shown number(uint64_t value)
{
    struct shown shown;
    (void)progress_number(value, shown.text);
    return shown;
}

/* 1234567 minor units as "12,345.67". */
static struct shown yuan(int64_t minor)
{
    struct shown shown;
    char whole[32];
    (void)progress_number((uint64_t)(minor / 100), whole);
    snprintf(shown.text, sizeof(shown.text), "%.30s.%02d", whole, (int)(minor % 100));
    return shown;
}

static struct shown ms(const struct histogram *histogram, uint32_t per_million)
{
    struct shown shown;
    int64_t us = per_million > 0 ? histogram_quantile(histogram, per_million) : histogram->max;
    snprintf(shown.text, sizeof(shown.text), "%lld.%lld", (long long)(us / 1000), (long long)(us / 100 % 10));
    return shown;
}

static void latency_words(FILE *to, const char *who, const struct histogram *histogram)
{
    fprintf(to, "  %-28s p50 %s ms, p99 %s ms, p99.9 %s ms, slowest %s ms\n", who, ms(histogram, 500000).text,
            ms(histogram, 990000).text, ms(histogram, 999000).text, ms(histogram, 0).text);
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

static uint64_t per_second(uint64_t count, int64_t us)
{
    return us > 0 ? count * 1000000 / (uint64_t)us : 0;
}

static void evening_words(FILE *to, const struct march8_book *book)
{
    fprintf(to, "  %10s  hours of karaoke booked, %s found their hour full, %s rooms were booked twice\n",
            number(book->bookings).text, number(book->full).text, number(book->overlaps).text);
    fprintf(to, "  %10s  entered the lottery, %d won; the draw was computed again from %s tickets and its seed\n",
            number(book->entries).text, (int)book->won, number(book->entries).text);
    fprintf(to, "  %10s  red packets of %s yuan, %s parts of together %s yuan; %s came too late\n",
            number(book->packets).text, yuan(MARCH8_PACKET_MINOR).text, number(book->opened).text,
            yuan(book->opened_minor).text, number(book->packets_empty).text);
}

void march8_report_words(FILE *to, const struct march8 *day, const struct march8_book *book,
                         const struct march8_server *server, bool agrees, const char *why)
{
    fprintf(to, "\n8 March 2014 at one part in %s, in %lld.%lld s: %d cinemas, %d karaoke houses, %d restaurants,"
                " %s shoppers\n\n",
            number(day->scale).text, (long long)(book->day_us / 1000000), (long long)(book->day_us / 100000 % 10),
            MARCH8_CINEMAS, MARCH8_KARAOKE, MARCH8_RESTAURANTS, number(day->shoppers).text);
    fprintf(to, "  %10s  tickets at 3.80 yuan, paid and given with a code, out of %s and those that came back:\n"
                "              %s a second while they lasted\n",
            number(book->tickets).text, number(day->tickets).text,
            number(per_second(book->tickets, book->rush_us)).text);
    fprintf(to, "  %10s  pressed too late, %s too early, %s pressed again and got the same answer,\n",
            number(book->gone).text, number(book->early).text, number(book->repeats).text);
    fprintf(to, "              of them %s who never heard the first one\n", number(book->unheard).text);
    fprintf(to, "  %10s  dinners for two at 38 %%\n", number(book->dinners).text);
    fprintf(to, "  %10s  vouchers redeemed at their counters, %s shown a second time and refused, %s returned\n",
            number(book->redeemed).text, number(book->refused_twice).text, number(book->returned).text);
    evening_words(to, book);
    fprintf(to, "\n  %10s  requests, %s a second over the day\n", number(book->requests).text,
            number(per_second(book->requests, book->day_us)).text);
    latency_words(to, "who got a ticket", &book->won_latency);
    latency_words(to, "who came too late", &book->lost_latency);
    latency_words(to, "at the counters", &book->counter_latency);
    fprintf(to, "\nMoney (yuan)                                  phones and counters          the ledger\n");
    fprintf(to, "  paid for tickets and dinners            %20s %20s\n", yuan(book->paid_minor).text,
            yuan(server->sold_minor).text);
    fprintf(to, "  earned by shops                         %20s %20s\n",
            yuan(book->redeemed_minor - book->commission_minor).text, yuan(server->earned_minor).text);
    fprintf(to, "  commission                              %20s %20s\n", yuan(book->commission_minor).text,
            yuan(server->commission_minor).text);
    fprintf(to, "  given back                              %20s %20s\n", yuan(book->returned_minor).text,
            yuan(server->returned_minor).text);
    fprintf(to, "  waits in escrow                         %20s %20s\n",
            yuan(book->paid_minor - book->redeemed_minor - book->returned_minor).text,
            yuan(server->escrow_minor).text);
    fprintf(to, "\nRefused\n");
    for (size_t i = 0; i < book->refusal_count; i++) {
        fprintf(to, "  %10s  %s\n", number(book->refusals[i].count).text, refusal_words(book->refusals[i].code));
    }
    fprintf(to, "\nAudit: %s transfers in %lld.%02lld s, while the server is running: %s\n",
            number(server->audit.transfers).text, (long long)(server->audit.took_us / 1000000),
            (long long)(server->audit.took_us / 10000 % 100),
            server->audit.ok ? "every law holds" : server->audit.sentence);
    if (agrees) {
        fprintf(to, "The books of phones, counters and the server agree to the cent; nothing was given twice.\n");
    } else {
        fprintf(to, "THE BOOKS DO NOT AGREE: %s\n", why);
    }
}

/* ---- as one object ---- */

static void whole(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_i64(out, value);
}

static void latency_json(struct json_out *out, const char *key, const struct histogram *histogram)
{
    json_out_key(out, key);
    json_out_object(out);
    whole(out, "p50", histogram_quantile(histogram, 500000));
    whole(out, "p99", histogram_quantile(histogram, 990000));
    whole(out, "p999", histogram_quantile(histogram, 999000));
    whole(out, "max", histogram->max);
    json_out_object_end(out);
}

void march8_report_json(FILE *to, const struct march8 *day, const struct march8_book *book,
                        const struct march8_server *server, bool agrees, const char *why)
{
    static char bytes[32768];
    struct json_out out;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "ok");
    json_out_bool(&out, agrees);
    if (!agrees) {
        json_out_key(&out, "why");
        json_out_text(&out, span_of(why));
    }
    whole(&out, "scale", day->scale);
    whole(&out, "seed", (int64_t)day->seed);
    whole(&out, "shoppers", day->shoppers);
    whole(&out, "tickets_there_were", day->tickets);
    whole(&out, "tickets", (int64_t)book->tickets);
    whole(&out, "tickets_per_second", (int64_t)per_second(book->tickets, book->rush_us));
    whole(&out, "gone", (int64_t)book->gone);
    whole(&out, "early", (int64_t)book->early);
    whole(&out, "repeats", (int64_t)book->repeats);
    whole(&out, "unheard", (int64_t)book->unheard);
    whole(&out, "dinners", (int64_t)book->dinners);
    whole(&out, "redeemed", (int64_t)book->redeemed);
    whole(&out, "refused_twice", (int64_t)book->refused_twice);
    whole(&out, "returned", (int64_t)book->returned);
    whole(&out, "bookings", (int64_t)book->bookings);
    whole(&out, "full", (int64_t)book->full);
    whole(&out, "arrived", (int64_t)book->arrived);
    whole(&out, "overlaps", (int64_t)book->overlaps);
    whole(&out, "entries", (int64_t)book->entries);
    whole(&out, "won", (int64_t)book->won);
    whole(&out, "packets", (int64_t)book->packets);
    whole(&out, "parts_opened", (int64_t)book->opened);
    whole(&out, "paid_minor", book->paid_minor);
    whole(&out, "sold_minor", server->sold_minor);
    whole(&out, "escrow_minor", server->escrow_minor);
    whole(&out, "requests", (int64_t)book->requests);
    latency_json(&out, "won_us", &book->won_latency);
    latency_json(&out, "lost_us", &book->lost_latency);
    latency_json(&out, "counter_us", &book->counter_latency);
    json_out_key(&out, "audit");
    json_out_bool(&out, server->audit.ok);
    whole(&out, "transfers", (int64_t)server->audit.transfers);
    whole(&out, "day_us", book->day_us);
    json_out_object_end(&out);
    struct span text = json_out_end(&out);
    assert(text.size > 0);
    fprintf(to, "%.*s\n", (int)text.size, text.bytes);
}
