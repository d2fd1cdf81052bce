/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tickets: vouchers of deals, redeemed at a counter by a program that speaks the protocol. What they stand for was sold
 * here; codes of other sellers are not taken.
 */
#include "base/checked.h"
#include "lines/local/deal.h"

#include "doors/alipay/told_fields.h"

#define BARE .invalid = RESULT_bare_invalid_parameter, .fault = RESULT_bare_system_error
#define TICKET_QUANTITY_MOST 9999

/* ---- requests ---- */

static enum alipay_result shop_read(struct alipay_job *job)
{
    struct span shop = json_in_plain(alipay_biz(job, "shop_id"));
    int64_t *shop_id = &job->ask.want.ticket.shop_id;
    job->ask.want.ticket.merchant_id = job->app->row.merchant_id;
    if (shop.size == 0) {
        *shop_id = job->app->row.shop_id;
        return RESULT_none;
    }
    return span_to_i64(shop, shop_id) && *shop_id > 0 ? RESULT_none : RESULT_ticket_shop;
}

static enum alipay_result quantity_read(struct alipay_job *job)
{
    struct span quantity = json_in_plain(alipay_biz(job, "quantity"));
    int64_t *pieces = &job->ask.want.ticket.pieces;
    if (quantity.size == 0) {
        return RESULT_none;
    }
    bool read = span_to_i64(quantity, pieces) && *pieces >= 1 && *pieces <= TICKET_QUANTITY_MOST;
    return read ? RESULT_none : alipay_invalid(job, "quantity", "应为1至9999 (is 1 to 9999)");
}

static enum alipay_result use_prepare(struct alipay_job *job)
{
    struct span code_type = json_in_plain(alipay_biz(job, "code_type"));
    struct span shop_type = json_in_plain(alipay_biz(job, "shop_type"));
    if (code_type.size > 0 && !span_equal(code_type, SPAN("INTERNAL_CODE"))) {
        return alipay_invalid(job, "code_type", "仅支持INTERNAL_CODE (only INTERNAL_CODE)");
    }
    if (shop_type.size > 0 && !span_equal(shop_type, SPAN("INTERNAL_SHOP"))) {
        return alipay_invalid(job, "shop_type", "仅支持INTERNAL_SHOP (only INTERNAL_SHOP)");
    }
    enum alipay_result result = shop_read(job);
    return result != RESULT_none ? result : quantity_read(job);
}

/* The use that is taken back: request_biz_no, or request_id when that is not given. */
static enum alipay_result cancel_prepare(struct alipay_job *job)
{
    struct span earlier = json_in_plain(alipay_biz(job, "request_biz_no"));
    struct span own = json_in_plain(alipay_biz(job, "request_id"));
    char *request_no = job->ask.want.ticket.request_no;
    struct span from = earlier.size > 0 ? earlier : own;
    if (from.size == 0) {
        return alipay_invalid(job, "request_id", "与request_biz_no不能同时为空 (or request_biz_no must be given)");
    }
    if (!span_copy(from, request_no, sizeof(job->ask.want.ticket.request_no))) {
        return alipay_invalid(job, "request_id", "超长 (is too long)");
    }
    job->ask.want.ticket.merchant_id = job->app->row.merchant_id;
    return quantity_read(job);
}

/* ---- decisions ---- */

/* A part of a price, for a share of it. */
static int64_t share_of(const struct trade_row *trade, int64_t part_minor, int64_t gross_minor)
{
    int64_t share = 0;
    bool fits = trade->list_minor == 0 ||
                checked_share(part_minor, gross_minor, trade->list_minor, ROUND_down, &share);
    assert(fits);
    return share;
}

static void voucher_tell(struct view *view, const struct voucher_row *voucher, struct alipay_ticket *ticket)
{
    const struct deal_row *deal = deal_ask(view, voucher->deal_id);
    ticket->voucher = *voucher;
    memcpy(ticket->title, deal->title, sizeof(ticket->title));
    ticket->price_minor = deal->price_minor;
    ticket->list_price_minor = deal->list_price_minor != 0 ? deal->list_price_minor : deal->price_minor;
    ticket->times_card = deal->kind == DEAL_times;
}

static void redemption_tell(struct view *view, const struct redemption_row *redemption, struct alipay_ticket *ticket)
{
    const struct trade_row *trade = trade_ask(view, redemption->trade_id);
    int64_t platform_minor = 0;
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        platform_minor += trade->discounts[i].platform_minor;
    }
    ticket->redemption = *redemption;
    ticket->buyer_minor = share_of(trade, trade->paid_minor, redemption->gross_minor);
    ticket->platform_minor = share_of(trade, platform_minor, redemption->gross_minor);
    ticket->discount_minor = redemption->gross_minor - ticket->buyer_minor;
    voucher_tell(view, voucher_ask(view, redemption->voucher_id), ticket);
}

static enum refusal query_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                 struct alipay_told *told)
{
    const struct redemption_request *want = &ask->want.ticket;
    struct alipay_ticket *ticket = &told->made.ticket;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    const struct voucher_row *voucher;
    if (!row_exists(shop) || !access_shop(view, at, shop)) {
        return REFUSAL_shop_unknown;
    }
    enum refusal refusal = voucher_find(view, at, shop, want->code, &voucher);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct voucher_use use = { .voucher = voucher,
                               .shop = shop,
                               .amount_minor = voucher->face_minor > 0 ? voucher->face_left_minor : 0,
                               .accepted_at_us = at->now_us };
    voucher_tell(view, voucher, ticket);
    ticket->why_not = voucher_use_check(view, at, &use);
    int64_t redemption_id = voucher->last_redemption_id;
    while (redemption_id != 0 && ticket->uses_count < ALIPAY_TICKET_USES_MAX) {
        const struct redemption_row *redemption = redemption_ask(view, redemption_id);
        ticket->uses[ticket->uses_count++] = *redemption;
        redemption_id = redemption->previous_id;
    }
    return REFUSAL_none;
}

static enum refusal use_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                               struct alipay_told *told)
{
    const struct redemption_row *redemption;
    enum refusal refusal =
        redemption_request(view, at, &ask->want.ticket, &redemption, &told->made.ticket.repeated);
    if (refusal == REFUSAL_none) {
        redemption_tell(view, redemption, &told->made.ticket);
    }
    return refusal;
}

static enum refusal cancel_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                  struct alipay_told *told)
{
    const struct redemption_request *want = &ask->want.ticket;
    const struct redemption_row *redemption = redemption_by_number(view, want->merchant_id, want->request_no);
    const struct voucher_row *voucher;
    if (!row_exists(redemption)) {
        return REFUSAL_redemption_unknown;
    }
    enum refusal refusal =
        voucher_find(view, at, shop_ask(view, redemption->shop_id), want->code, &voucher);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (voucher->voucher_id != redemption->voucher_id || (want->pieces > 0 && want->pieces != redemption->pieces)) {
        return REFUSAL_request_reused;
    }
    told->made.ticket.repeated = redemption->state == REDEMPTION_undone;
    if (!told->made.ticket.repeated) {
        refusal = redemption_undo(view, at, redemption);
    }
    if (refusal == REFUSAL_none) {
        redemption_tell(view, redemption, &told->made.ticket);
    }
    return refusal;
}

/* ---- answers ---- */

static void write_status(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const struct alipay_ticket *ticket = &job->told.made.ticket;
    const struct voucher_row *voucher = &ticket->voucher;
    const char *status = ticket->why_not == REFUSAL_none ? "EFFECTIVE" : "UN_EFFECTIVE";
    if (voucher->state == VOUCHER_redeemed) {
        status = "USED";
    } else if (voucher->state == VOUCHER_returned) {
        status = "REFUNDED";
    }
    alipay_write_text(out, name, span_of(status));
}

static void write_number(struct json_out *out, const char *name, int64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof(text), "%lld", (long long)number);
    alipay_write_text(out, name, (struct span){ text, (size_t)size });
}

static void write_available(const struct alipay_job *job, struct json_out *out, const char *name)
{
    write_number(out, name, job->told.made.ticket.voucher.pieces_left);
}

static void write_quantity(const struct alipay_job *job, struct json_out *out, const char *name)
{
    write_number(out, name, job->told.made.ticket.voucher.pieces);
}

static void write_times_card(const struct alipay_job *job, struct json_out *out, const char *name)
{
    json_out_key(out, name);
    json_out_bool(out, job->told.made.ticket.times_card != 0);
}

static void write_use(struct json_out *out, const struct redemption_row *redemption)
{
    char text[BEIJING_TEXT_SIZE];
    json_out_object(out);
    write_number(out, "ticket_trans_id", redemption->redemption_id);
    alipay_write_text(out, "use_date", (struct span){ text, beijing_write(redemption->booked_at_us, text) });
    write_number(out, "quantity", redemption->pieces);
    write_number(out, "shop_id", redemption->shop_id);
    alipay_write_yuan(out, "receipt_amount", redemption->gross_minor);
    json_out_object_end(out);
}

static void write_uses(const struct alipay_job *job, struct json_out *out, const char *name)
{
    json_out_key(out, name);
    json_out_array(out);
    for (int32_t i = 0; i < job->told.made.ticket.uses_count; i++) {
        write_use(out, &job->told.made.ticket.uses[i]);
    }
    json_out_array_end(out);
}

static void write_details(const struct alipay_job *job, struct json_out *out, const char *name)
{
    json_out_key(out, name);
    json_out_array(out);
    write_use(out, &job->told.made.ticket.redemption);
    json_out_array_end(out);
}

static bool when_repeated(const struct alipay_job *job)
{
    return job->told.made.ticket.repeated;
}

static void write_biz_code(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_text(out, name, when_repeated(job) ? SPAN("BIZ_ALREADY_SUCCESS") : SPAN("SUCCESS"));
}

/* request_id as it was given: of a cancellation that names the use by it, the use's. */
static void write_request_id(const struct alipay_job *job, struct json_out *out, const char *name)
{
    struct span own = json_in_plain(alipay_biz(job, "request_id"));
    alipay_write_text(out, name, own.size > 0 ? own : span_of(job->ask.want.ticket.request_no));
}

static void write_invoice_due(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_yuan(out, name, job->told.made.ticket.buyer_minor);
}

/* ---- descriptions ---- */

#define TICKET(member) TOLD(made.ticket.member)

static const struct alipay_refused ticket_refused[] = {
    { REFUSAL_shop_unknown, RESULT_ticket_shop },
    { REFUSAL_deal_shop_differs, RESULT_ticket_shop },
    { REFUSAL_shop_closed, RESULT_ticket_shop },
    { REFUSAL_voucher_malformed, RESULT_ticket_not_exist },
    { REFUSAL_voucher_unknown, RESULT_ticket_not_exist },
    { REFUSAL_voucher_redeemed, RESULT_ticket_used },
    { REFUSAL_voucher_returned, RESULT_ticket_refunded },
    { REFUSAL_voucher_lapsed, RESULT_ticket_expired },
    { REFUSAL_voucher_kept, RESULT_ticket_shop },
    { REFUSAL_voucher_short, RESULT_ticket_quantity },
    { REFUSAL_deal_early, RESULT_ticket_time },
    { REFUSAL_deal_day_closed, RESULT_ticket_time },
    { REFUSAL_deal_hour_closed, RESULT_ticket_time },
    { REFUSAL_request_reused, RESULT_ticket_inconsistent },
    { REFUSAL_redemption_unknown, RESULT_ticket_use_not_exist },
    { REFUSAL_undo_late, RESULT_ticket_cancel_late },
    { REFUSAL_undo_order, RESULT_ticket_cancel_order },
    { REFUSAL_takings_short, RESULT_ticket_cancel_funds },
    { REFUSAL_attempts_exceeded, RESULT_ticket_attempts },
    { REFUSAL_none, RESULT_none },
};

#define FIELD_CODE \
    { "ticket_code", TYPE_text, NEED_must, USE_honoured, 20, INTO_text, FIELD_INTO(want.ticket.code), \
      "The 12 digits, blanks allowed." }
#define FIELD_SHOP \
    { "shop_id", TYPE_text, NEED_may, USE_honoured, 64, INTO_nothing, 0, 0, \
      "The shop's number here; left out: the app's shop." }

static const struct alipay_field query_fields[] = { FIELD_CODE, FIELD_SHOP };

static const struct alipay_answer query_answers[] = {
    { "ticket_status", SOURCE_write, 0, NULL, write_status,
      "always: EFFECTIVE (here and now), UN_EFFECTIVE, USED, REFUNDED" },
    { "item_id", SOURCE_id, TICKET(voucher.deal_id), NULL, NULL, "always: the deal" },
    { "item_name", SOURCE_text, TICKET(title), NULL, NULL, "always" },
    { "item_alias", SOURCE_text, TICKET(title), NULL, NULL, "always: the same" },
    { "original_price", SOURCE_yuan, TICKET(list_price_minor), NULL, NULL, "always: without the deal" },
    { "current_price", SOURCE_yuan, TICKET(price_minor), NULL, NULL, "always" },
    { "order_no", SOURCE_id, TICKET(voucher.purchase_id), NULL, NULL, "when it was bought" },
    { "voucher_id", SOURCE_id, TICKET(voucher.voucher_id), NULL, NULL, "always" },
    { "effect_date", SOURCE_time, TICKET(voucher.issued_at_us), NULL, NULL, "always" },
    { "expire_date", SOURCE_time, TICKET(voucher.valid_until_us), NULL, NULL, "always" },
    { "available_quantity", SOURCE_write, 0, NULL, write_available, "always" },
    { "total_quantity", SOURCE_write, 0, NULL, write_quantity, "always" },
    { "time_cards", SOURCE_write, 0, NULL, write_times_card, "always" },
    { "ticket_trans_info_list", SOURCE_write, 0, NULL, write_uses,
      "always: uses that stand, newest first, at most 20" },
};

static const struct alipay_field use_fields[] = {
    { "request_id", TYPE_text, NEED_must, USE_honoured, 64, INTO_text, FIELD_INTO(want.ticket.request_no),
      "The same number with the same content is the same use." },
    FIELD_CODE,
    FIELD_SHOP,
    { "shop_type", TYPE_text, NEED_may, USE_honoured, 32, INTO_nothing, 0, 0, "INTERNAL_SHOP." },
    { "code_type", TYPE_text, NEED_may, USE_honoured, 32, INTO_nothing, 0, 0, "INTERNAL_CODE." },
    { "order_no", TYPE_text, NEED_may, USE_accepted, 64, INTO_nothing, 0, 0, "" },
    { "quantity", TYPE_number, NEED_may, USE_honoured, 0, INTO_nothing, 0, 0,
      "Pieces of a card of several visits; left out: one. A stored value is used up whole." },
    { "gmt_biz", TYPE_text, NEED_may, USE_accepted, 32, INTO_nothing, 0, 0, "" },
    { "ext", TYPE_text, NEED_may, USE_accepted, 0, INTO_nothing, 0, 0, "" },
};

static const struct alipay_answer use_answers[] = {
    { "biz_code", SOURCE_write, 0, NULL, write_biz_code, "always: SUCCESS, or BIZ_ALREADY_SUCCESS of a repetition" },
    { "ticket_trans_id", SOURCE_id, TICKET(redemption.redemption_id), NULL, NULL, "always" },
    { "use_date", SOURCE_time, TICKET(redemption.booked_at_us), NULL, NULL, "always" },
    { "order_no", SOURCE_id, TICKET(voucher.purchase_id), NULL, NULL, "when it was bought" },
    { "receipt_amount", SOURCE_yuan, TICKET(redemption.gross_minor), NULL, NULL,
      "always: out of escrow, commission included" },
    { "buyer_pay_amount", SOURCE_yuan, TICKET(buyer_minor), NULL, NULL, "always: of that, the buyer's own money" },
    { "discount_amount", SOURCE_yuan, TICKET(discount_minor), NULL, NULL, "always: the rest, of campaigns" },
    { "koubei_subsidy_amount", SOURCE_yuan, TICKET(platform_minor), NULL, NULL,
      "always: of the discount, the platform's" },
    { "invoice_amount", SOURCE_write, 0, NULL, write_invoice_due, "always: buyer_pay_amount" },
    { "ticket_use_details", SOURCE_write, 0, NULL, write_details, "always: the one use" },
};

static const struct alipay_field cancel_fields[] = {
    { "request_id", TYPE_text, NEED_depends, USE_honoured, 64, INTO_nothing, 0, 0,
      "That of the use, when request_biz_no is left out; otherwise only given back." },
    { "request_biz_no", TYPE_text, NEED_depends, USE_honoured, 64, INTO_nothing, 0, 0, "The request_id of the use." },
    FIELD_CODE,
    { "quantity", TYPE_number, NEED_may, USE_honoured, 0, INTO_nothing, 0, 0,
      "That of the use: it is taken back whole." },
};

static const struct alipay_answer cancel_answers[] = {
    { "biz_code", SOURCE_write, 0, NULL, write_biz_code, "always: SUCCESS, or BIZ_ALREADY_SUCCESS of a repetition" },
    { "request_id", SOURCE_write, 0, NULL, write_request_id, "always" },
};

const struct alipay_method method_ticket_query = {
    .name = "koubei.trade.ticket.ticketcode.query",
    .flags = METHOD_v2_only,
    .summary = "What a code stands for, how much is left, and whether it may be used in that shop now.",
    .command = "voucher_prepare",
    .fields = query_fields,
    .field_count = COUNT_OF(query_fields),
    .answers = query_answers,
    .answer_count = COUNT_OF(query_answers),
    .refused = ticket_refused,
    BARE,
    .prepare = shop_read,
    .decide = query_decide,
};

const struct alipay_method method_ticket_use = {
    .name = "koubei.trade.ticket.ticketcode.use",
    .flags = METHOD_v2_only,
    .summary = "Redeems a code at the counter, whole or some pieces of it.",
    .command = "voucher_redeem",
    .fields = use_fields,
    .field_count = COUNT_OF(use_fields),
    .answers = use_answers,
    .answer_count = COUNT_OF(use_answers),
    .refused = ticket_refused,
    BARE,
    .prepare = use_prepare,
    .decide = use_decide,
};

const struct alipay_method method_ticket_cancel = {
    .name = "koubei.trade.ticket.ticketcode.cancel",
    .flags = METHOD_v2_only,
    .summary = "Takes a use back, within an hour.",
    .command = "voucher_undo",
    .fields = cancel_fields,
    .field_count = COUNT_OF(cancel_fields),
    .answers = cancel_answers,
    .answer_count = COUNT_OF(cancel_answers),
    .refused = ticket_refused,
    BARE,
    .prepare = cancel_prepare,
    .decide = cancel_decide,
};
