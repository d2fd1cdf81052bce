/* SPDX-License-Identifier: Apache-2.0 */
#include "app/demo.h"

#include <stdarg.h>

void demo_fault(struct demo_book *book, const char *format, ...)
{
    va_list arguments;
    if (book->faults++ > 0) {
        return; /* the first one says the most */
    }
    va_start(arguments, format);
    vsnprintf(book->fault, sizeof(book->fault), format, arguments);
    va_end(arguments);
}

/* ---- refusals ---- */

/* Refusals that no day of this demo can lead to when the till keeps its promises. */
static const char *const impossible[] = {
    "request_reused",   "forbidden",        "trade_differs",     "shop_unknown",   "terminal_unknown",
    "shopper_unknown",  "merchant_unknown", "id_taken",          "account_full",   "refund_differs",
    "campaign_unknown", "campaign_ended",   "unauthenticated",   "route_unknown",  "method_not_allowed",
    "key_missing",      "malformed_json",   "invalid_field",     "missing_field",  "unknown_field",
    "type_unsupported", "clock_fixed",      "clock_backwards",   "currency_differs", "qr_invalid",
    "amount_out_of_range", "buyer_differs", "refund_unknown",    "device_unknown", "too_large",
};

static void refusal_count(struct demo_book *book, struct span code)
{
    for (size_t i = 0; i < book->refusal_count; i++) {
        if (span_equal(span_of(book->refusals[i].code), code)) {
            book->refusals[i].count++;
            return;
        }
    }
    if (book->refusal_count < DEMO_REFUSALS_MAX &&
        span_copy(code, book->refusals[book->refusal_count].code, sizeof(book->refusals[0].code))) {
        book->refusals[book->refusal_count++].count = 1;
    }
}

uint64_t demo_refusals_of(const struct demo_book *book, const char *code)
{
    for (size_t i = 0; i < book->refusal_count; i++) {
        if (strcmp(book->refusals[i].code, code) == 0) {
            return book->refusals[i].count;
        }
    }
    return 0;
}

enum demo_answer demo_refusal(struct demo_book *book, struct span body)
{
    struct span code;
    if (!json_member(body, "code", &code)) {
        demo_fault(book, "a refusal without a code: %.*s", (int)min_i64((int64_t)body.size, 120), body.bytes);
        return DEMO_odd;
    }
    if (span_equal(code, SPAN("busy")) || span_equal(code, SPAN("late"))) {
        return DEMO_again;
    }
    refusal_count(book, code);
    for (size_t i = 0; i < COUNT_OF(impossible); i++) {
        if (span_equal(code, span_of(impossible[i]))) {
            demo_fault(book, "refused with %s: %.*s", impossible[i], (int)min_i64((int64_t)body.size, 160), body.bytes);
            return DEMO_odd;
        }
    }
    return DEMO_refused;
}

/* ---- receipts ---- */

static bool campaign_of(int64_t campaign_id, uint32_t *campaign)
{
    *campaign = (uint32_t)(campaign_id - double12_campaign_id(0));
    return campaign_id >= double12_campaign_id(0) && *campaign < DOUBLE12_CAMPAIGNS;
}

/* Once per account, while nothing of the shopper's was given back. */
static void once_check(struct demo_book *book, uint8_t *flags, uint32_t campaign, const struct demo_bought *bought)
{
    uint8_t flag = campaign == CAMPAIGN12_supermarket  ? SHOPPER_supermarket
                   : campaign == CAMPAIGN12_drink      ? SHOPPER_drink
                   : campaign == CAMPAIGN12_department ? SHOPPER_department
                                                       : 0;
    if ((*flags & flag) != 0 && (*flags & SHOPPER_given_back) == 0) {
        demo_fault(book, "shopper %lld was given %s twice", (long long)double12_shopper_id(bought->shopper),
                   double12_campaign_words[campaign]);
    }
    *flags |= flag;
}

/* One campaign's line of the receipt: of the right campaign, and to the cent what its rules say. */
static int64_t line_check(struct demo_book *book, const struct double12 *day, const struct demo_bought *bought,
                          struct span line, int64_t on_top_of, uint8_t *flags)
{
    uint32_t campaign;
    int64_t platform = json_member_i64(line, "platform_minor", -1);
    int64_t merchant = json_member_i64(line, "merchant_minor", -1);
    if (!campaign_of(json_member_i64(line, "campaign_id", 0), &campaign) || platform < 0 || merchant < 0) {
        demo_fault(book, "a discount of an unknown campaign: %.*s", (int)min_i64((int64_t)line.size, 160), line.bytes);
        return 0;
    }
    int64_t given = platform + merchant;
    int64_t due = double12_discount(day, campaign, bought->shop, bought->amount_minor, on_top_of);
    bool right = due == -2 ? given >= 1 && given <= 800 : given == due;
    if (!right) {
        demo_fault(book, "%s gave %lld on %lld, due were %lld", double12_campaign_words[campaign], (long long)given,
                   (long long)bought->amount_minor, (long long)due);
    }
    int64_t share = campaign == CAMPAIGN12_department ? given * 3 / 10 : campaign == CAMPAIGN12_chain ? given : 0;
    if (merchant != share) {
        demo_fault(book, "%s: the merchant pays %lld of %lld, agreed are %lld", double12_campaign_words[campaign],
                   (long long)merchant, (long long)given, (long long)share);
    }
    once_check(book, flags, campaign, bought);
    book->given_minor[campaign] += given;
    book->given[campaign]++;
    return given;
}

static int64_t lines_check(struct demo_book *book, const struct double12 *day, const struct demo_bought *bought,
                           struct span body, uint8_t *flags)
{
    int64_t sum = 0;
    const char *end = body.bytes + body.size;
    const char *at = memmem(body.bytes, body.size, "\"discounts\":[", 13);
    while (at != NULL && at < end && *at != ']') {
        if (*at == '{') {
            const char *close = memchr(at, '}', (size_t)(end - at));
            close = close != NULL ? close : end;
            sum += line_check(book, day, bought, (struct span){ at, (size_t)(close - at) }, sum, flags);
            at = close;
        } else {
            at++;
        }
    }
    return sum;
}

static void paid_book(struct demo_book *book, const struct double12 *day, uint8_t *flags,
                      const struct demo_bought *bought, struct span body)
{
    int64_t list = json_member_i64(body, "list_minor", -1);
    int64_t discount = json_member_i64(body, "discount_minor", -1);
    int64_t paid = json_member_i64(body, "paid_minor", -1);
    if (list != bought->amount_minor || discount < 0 || paid < 0 || list != discount + paid) {
        demo_fault(book, "asked %lld, the answer says %lld less %lld is %lld", (long long)bought->amount_minor,
                   (long long)list, (long long)discount, (long long)paid);
        return;
    }
    int64_t lines = lines_check(book, day, bought, body, flags);
    if (lines != discount) {
        demo_fault(book, "the lines of a receipt add up to %lld, its discount is %lld", (long long)lines,
                   (long long)discount);
    }
    book->payments++;
    book->by_way[bought->way]++;
    book->list_minor += list;
    book->discount_minor += discount;
    book->paid_minor += paid;
    if (bought->minute >= DOUBLE12_MINUTE_FROM && bought->minute <= DOUBLE12_MINUTE_TO) {
        book->minute_payments[bought->minute - DOUBLE12_MINUTE_FROM]++;
    }
    if (discount > 0 && bought->minute > DOUBLE12_MINUTE_END + 1 && !bought->before_unsure && bought->way == 0) {
        demo_fault(book, "a discount of %lld after 22:00", (long long)discount);
    }
}

enum demo_answer demo_trade(struct demo_book *book, const struct double12 *day, uint8_t *shopper_flags,
                            const struct demo_bought *bought, struct span body)
{
    struct span state;
    if (!json_member(body, "state", &state)) {
        demo_fault(book, "a trade without a state: %.*s", (int)min_i64((int64_t)body.size, 120), body.bytes);
        return DEMO_odd;
    }
    if (span_equal(state, SPAN("TRADE_SUCCESS"))) {
        paid_book(book, day, &shopper_flags[bought->shopper], bought, body);
        return DEMO_paid;
    }
    if (span_equal(state, SPAN("WAIT_BUYER_PAY"))) {
        return DEMO_waits;
    }
    return DEMO_closed;
}

void demo_refunded(struct demo_book *book, struct span body)
{
    int64_t paid = json_member_i64(body, "paid_minor", -1);
    int64_t discount = json_member_i64(body, "discount_minor", -1);
    int64_t amount = json_member_i64(body, "amount_minor", -1);
    if (paid < 0 || discount < 0 || paid + discount != amount) {
        demo_fault(book, "a refund of %lld gives back %lld and %lld", (long long)amount, (long long)paid,
                   (long long)discount);
        return;
    }
    book->refunds++;
    book->refunded_paid_minor += paid;
    book->refunded_discount_minor += discount;
}

void demo_given_back(struct demo_book *book, struct span body)
{
    int64_t paid = json_member_i64(body, "paid_minor", 0);
    int64_t discount = json_member_i64(body, "discount_minor", 0);
    book->cancelled++;
    if (json_member_i64(body, "left_minor", -1) != 0 || json_member_i64(body, "paid_left_minor", -1) != 0) {
        demo_fault(book, "a cancelled trade keeps money: %.*s", (int)min_i64((int64_t)body.size, 160), body.bytes);
    }
    book->refunds++;
    book->refunded_paid_minor += paid;
    book->refunded_discount_minor += discount;
}

void demo_undone(struct demo_book *book, const struct double12 *day, uint8_t *shopper_flags,
                 const struct demo_bought *bought, struct span body)
{
    struct span state, paid_at;
    if (!json_member(body, "state", &state) || !span_equal(state, SPAN("TRADE_CLOSED")) ||
        !json_member(body, "paid_at", &paid_at)) {
        demo_fault(book, "an undone trade is not closed: %.*s", (int)min_i64((int64_t)body.size, 160), body.bytes);
        return;
    }
    book->closed_unknown++;
    if (!span_equal(paid_at, SPAN("null"))) {
        paid_book(book, day, &shopper_flags[bought->shopper], bought, body);
        demo_given_back(book, body);
    }
}
