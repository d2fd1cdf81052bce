/* SPDX-License-Identifier: Apache-2.0 */
/* What the trade's commands share: opening, taking the money, ending, notices. */
#include "base/checked.h"
#include "base/civil.h"
#include "engine/engine_rows.h"
#include "ledger/ledger.h"
#include "till/line.h"
#include "till/offer.h"
#include "till/trade.h"

const struct trade_row *trade_ask(struct view *view, int64_t trade_id)
{
    struct trade_row key = { .trade_id = trade_id };
    return view_ask(view, &trade_table, &key);
}

const struct trade_detail_row *trade_detail_ask(struct view *view, int64_t trade_id)
{
    struct trade_detail_row key = { .trade_id = trade_id };
    return view_ask(view, &trade_detail_table, &key);
}

static const struct trade_number_row *number_ask(struct view *view, int64_t merchant_id, const char *out_trade_no)
{
    struct trade_number_row key = { .merchant_id = merchant_id };
    bool fits = span_copy(span_of(out_trade_no), key.out_trade_no, sizeof(key.out_trade_no));
    assert(fits);
    return view_ask(view, &trade_number_table, &key);
}

const struct trade_row *trade_by_number(struct view *view, int64_t merchant_id, const char *out_trade_no)
{
    return trade_ask(view, number_ask(view, merchant_id, out_trade_no)->trade_id);
}

enum refusal trade_seen_check(struct view *view, const struct moment *at, const struct trade_row *trade)
{
    bool mine = row_exists(trade) && trade->shopper_id != 0 && access_shopper(at, trade->shopper_id);
    return mine ? REFUSAL_none : trade_sold_check(view, at, trade);
}

enum refusal trade_sold_check(struct view *view, const struct moment *at, const struct trade_row *trade)
{
    bool sold = row_exists(trade) && access_shop(view, at, shop_ask(view, trade->shop_id));
    return sold ? REFUSAL_none : REFUSAL_trade_unknown;
}

bool trade_agrees(const struct trade_row *trade, const struct trade_terms *terms)
{
    return trade->shop_id == terms->shop->shop_id && trade->list_minor == terms->amount_minor &&
           trade->way == (int32_t)terms->way && strcmp(trade->subject, terms->subject) == 0 &&
           (terms->shopper_id == 0 || terms->shopper_id == trade->shopper_id);
}

bool trade_number_reserved(const char *out_trade_no)
{
    return strncmp(out_trade_no, TRADE_NUMBER_COUNTER, sizeof(TRADE_NUMBER_COUNTER) - 1) == 0 ||
           strncmp(out_trade_no, TRADE_NUMBER_LINE, sizeof(TRADE_NUMBER_LINE) - 1) == 0;
}

enum refusal trade_expiry(const struct moment *at, int64_t expires_at_us, int32_t expires_in_s, int32_t default_s,
                          int64_t *to_us)
{
    int64_t seconds = expires_in_s > 0 ? expires_in_s : default_s;
    *to_us = expires_at_us != 0 ? expires_at_us : at->now_us + seconds * US_PER_SECOND;
    bool near = *to_us > at->now_us && *to_us <= at->now_us + TRADE_EXPIRES_MOST_S * US_PER_SECOND;
    return near ? REFUSAL_none : REFUSAL_expiry_invalid;
}

enum trade_state trade_state_now(const struct trade_row *trade, const struct policy_row *policy, int64_t now_us)
{
    bool over = trade->state == TRADE_success && now_us - trade->paid_at_us > policy->refund_days * US_PER_DAY;
    return over ? TRADE_finished : (enum trade_state)trade->state;
}

void trade_show(struct view *view, const struct moment *at, const struct trade_row *trade, void *answer)
{
    struct trade_row *shown = answer;
    struct policy_row policy;
    policy_ask(view, &policy);
    *shown = *trade;
    shown->state = (int32_t)trade_state_now(trade, &policy, at->now_us);
}

static bool detail_given(const struct trade_detail *detail)
{
    return detail->subject[0] != '\0' || detail->body[0] != '\0' || detail->operator_id[0] != '\0' ||
           detail->store_code[0] != '\0' || detail->terminal_code[0] != '\0' || detail->passback[0] != '\0' ||
           detail->notify_url[0] != '\0' || detail->return_url[0] != '\0' || detail->goods[0] != '\0' ||
           detail->product[0] != '\0' || detail->query_options[0] != '\0' || detail->seller_text[0] != '\0' ||
           detail->charset != 0 || detail->sign_type != 0 || detail->app_cert != 0;
}

/* What was said of a new trade beside paying it; most often nothing, and then there is no row. */
static void detail_keep(struct view *view, int64_t trade_id, const struct trade_detail *detail)
{
    if (detail == NULL || !detail_given(detail)) {
        return;
    }
    struct trade_detail_row key = { .trade_id = trade_id };
    struct trade_detail_row *row = view_new(view, &trade_detail_table, &key);
    row->detail = *detail;
}

struct trade_row *trade_open(struct view *view, struct moment *at, const struct trade_terms *terms)
{
    struct trade_row key = { .trade_id = moment_id(at) };
    struct trade_row *trade = view_new(view, &trade_table, &key);
    trade->merchant_id = terms->shop->merchant_id;
    trade->shop_id = terms->shop->shop_id;
    trade->terminal_id = terms->terminal_id;
    bool fits = span_copy(span_of(terms->out_trade_no), trade->out_trade_no, sizeof(trade->out_trade_no)) &&
                span_copy(span_of(terms->subject), trade->subject, sizeof(trade->subject));
    assert(fits);
    trade->currency = terms->shop->currency;
    trade->state = TRADE_wait_buyer_pay;
    trade->way = (int32_t)terms->way;
    trade->list_minor = terms->amount_minor;
    trade->created_at_us = at->now_us;
    trade->expires_at_us = terms->expires_at_us;
    trade->shopper_id = terms->shopper_id;
    trade->app_id = terms->app_id;
    trade->royalty_frozen = terms->royalty_frozen;
    trade->line = (int32_t)terms->line;
    trade->line_kind = terms->line_kind;
    trade->line_id = terms->line_id;
    trade->escrow = terms->escrow;
    detail_keep(view, trade->trade_id, terms->detail);

    struct trade_number_row number_key = { .merchant_id = trade->merchant_id };
    memcpy(number_key.out_trade_no, trade->out_trade_no, sizeof(number_key.out_trade_no));
    /* A number of ours holds a fresh id, and nobody else may have given it; any other was asked for before. */
    struct trade_number_row *number =
        trade_number_reserved(trade->out_trade_no)
            ? view_new(view, &trade_number_table, &number_key)
            : view_change(view, number_ask(view, trade->merchant_id, trade->out_trade_no));
    number->trade_id = trade->trade_id;
    return trade;
}

bool trade_is_late(const struct moment *at, const struct trade_row *trade)
{
    return trade->expires_at_us != 0 && at->now_us >= trade->expires_at_us;
}

enum refusal trade_amount_check(const struct policy_row *policy, int64_t amount_minor)
{
    enum refusal magic = policy_magic(policy, amount_minor);
    if (magic != REFUSAL_none) {
        return magic;
    }
    if (amount_minor <= 0 || amount_minor > AMOUNT_MAX) {
        return REFUSAL_amount_out_of_range;
    }
    return amount_minor > policy->trade_max_minor ? REFUSAL_trade_limit_reached : REFUSAL_none;
}

/* ---- limits of the shopper ---- */

/* The shopper's sums of today; they go on when a shop further west is still in the day before. */
static int64_t paid_today(const struct shopper_row *shopper, int64_t sum_minor, int32_t today)
{
    return shopper->day >= today ? sum_minor : 0;
}

static bool needs_confirmation(const struct payment *payment, const struct trade_row *trade, int64_t paid_minor,
                               int32_t today)
{
    const struct shopper_row *shopper = payment->shopper;
    int64_t limit = min_i64(shopper->no_password_limit_minor, payment->policy->no_password_minor);
    if (payment->confirmed) {
        return false;
    }
    if (payment->guessed) {
        return true;
    }
    if (trade->way == WAY_static) {
        return paid_minor > limit;
    }
    int64_t today_minor = paid_today(shopper, shopper->day_code_minor, today) + paid_minor;
    return paid_minor > limit || today_minor > payment->policy->day_code_minor;
}

static enum refusal day_limits_check(const struct payment *payment, const struct trade_row *trade, int64_t paid_minor,
                                     int32_t today)
{
    const struct shopper_row *shopper = payment->shopper;
    const struct policy_row *policy = payment->policy;
    if (trade->way == WAY_static &&
        paid_today(shopper, shopper->day_static_minor, today) + paid_minor > policy->day_static_minor) {
        return REFUSAL_day_limit_reached;
    }
    if (payment->confirmed &&
        paid_today(shopper, shopper->day_confirmed_minor, today) + paid_minor > policy->day_confirmed_minor) {
        return REFUSAL_day_limit_reached;
    }
    return REFUSAL_none;
}

static void shopper_book(struct view *view, const struct moment *at, const struct payment *payment,
                         const struct trade_row *trade)
{
    struct shopper_row *shopper = view_change(view, payment->shopper);
    shopper_day_begin(shopper, trade->day);
    if (trade->way == WAY_static) {
        shopper->day_static_minor += trade->paid_minor;
    }
    if (payment->confirmed) {
        shopper->day_confirmed_minor += trade->paid_minor;
    } else if (trade->way != WAY_static) {
        shopper->day_code_minor += trade->paid_minor;
    }
    shopper->payments++;
    if (shopper->first_paid_at_us == 0) {
        shopper->first_paid_at_us = at->now_us;
    }
}

/* ---- taking the money ---- */

struct account_key trade_payee(const struct trade_row *trade)
{
    return trade->escrow != 0 ? (struct account_key){ trade->trade_id, PURPOSE_escrow, trade->currency }
                              : (struct account_key){ trade->shop_id, PURPOSE_takings, trade->currency };
}

static enum refusal money_move(struct view *view, struct moment *at, struct trade_row *trade)
{
    struct leg legs[1 + 2 * DISCOUNTS_MAX];
    size_t count = 0;
    int64_t unit = trade->currency;
    struct account_key payee = trade_payee(trade);
    struct account_key wallet = { trade->shopper_id, PURPOSE_wallet, unit };

    if (trade->paid_minor > 0) {
        if (account_free(view, wallet) < trade->paid_minor) {
            return REFUSAL_balance_short;
        }
        legs[count++] = (struct leg){ .from = wallet, .to = payee, .amount = trade->paid_minor };
    }
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        const struct discount_row *line = &trade->discounts[i];
        struct account_key platform = { line->campaign_id, PURPOSE_budget_platform, unit };
        struct account_key merchant = { line->campaign_id, PURPOSE_budget_merchant, unit };
        if (line->platform_minor > 0) {
            legs[count++] = (struct leg){ .from = platform, .to = payee, .amount = line->platform_minor };
        }
        if (line->merchant_minor > 0) {
            legs[count++] = (struct leg){ .from = merchant, .to = payee, .amount = line->merchant_minor };
        }
    }
    struct cause cause = { CAUSE_trade_pay, trade->trade_id };
    return ledger_move(view, at, cause, legs, count, &trade->transfer_id);
}

struct shop_day_row *shop_day_change(struct view *view, int64_t shop_id, int32_t day)
{
    struct shop_day_row key = { .shop_id = shop_id, .day = day };
    return view_change(view, view_ask(view, &shop_day_table, &key));
}

static void payment_book(struct view *view, const struct trade_row *trade)
{
    struct shop_day_row *day = shop_day_change(view, trade->shop_id, trade->day);
    day->payments++;
    day->list_minor += trade->list_minor;
    day->discount_minor += trade->discount_minor;
    day->paid_minor += trade->paid_minor;
}

/* The trade waits for its shopper; it closes by itself when nobody confirms. */
static void trade_wait(struct view *view, struct moment *at, struct trade_row *trade, const struct payment *payment)
{
    trade->shopper_id = payment->shopper->shopper_id;
    if (trade->expires_at_us != 0) {
        return; /* its timer runs: since it was opened, or since it was scanned first */
    }
    trade->expires_at_us = payment->expires_at_us != 0
                               ? payment->expires_at_us
                               : at->now_us + payment->policy->confirm_timeout_s * US_PER_SECOND;
    timer_set(view, at->now_us, trade->expires_at_us, TIMER_trade_expire, trade->trade_id);
    trade_notify(view, at, trade, TOPIC_trade_waiting, NULL);
}

enum refusal trade_take(struct view *view, struct moment *at, struct trade_row *trade, const struct payment *payment)
{
    struct quote quote;
    int64_t grace_us = at->now_us - payment->policy->pay_timeout_s * US_PER_SECOND;
    struct offer_terms terms = { .shop = payment->shop,
                                 .shopper = payment->shopper,
                                 .list_minor = trade->list_minor,
                                 .at_us = max_i64(trade->created_at_us,
                                                  grace_us), /* who came in time is served in time */
                                 .day = civil_yyyymmdd(civil_day(at->now_us, payment->shop->zone_minutes)),
                                 .trade_id = trade->trade_id };
    assert(trade->state == TRADE_wait_buyer_pay);
    offer_quote(view, &terms, &quote);
    if (quote.refuse && quote.count == 0) {
        return REFUSAL_budget_exhausted;
    }
    int64_t paid_minor = trade->list_minor - quote.discount_minor;
    int32_t today = terms.day;
    enum refusal refusal = day_limits_check(payment, trade, paid_minor, today);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (needs_confirmation(payment, trade, paid_minor, today)) {
        trade_wait(view, at, trade, payment);
        return REFUSAL_none;
    }
    int64_t timer_us = trade->expires_at_us;
    trade->shopper_id = payment->shopper->shopper_id;
    trade->state = TRADE_success;
    trade->discount_minor = quote.discount_minor;
    trade->paid_minor = paid_minor;
    trade->paid_left_minor = paid_minor;
    trade->left_minor = trade->list_minor;
    trade->confirmed = payment->confirmed;
    trade->discounts_count = quote.count;
    memcpy(trade->discounts, quote.lines, sizeof(trade->discounts[0]) * (size_t)quote.count);
    trade->day = today;
    trade->paid_at_us = at->now_us;
    refusal = money_move(view, at, trade);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (timer_us != 0) {
        timer_drop(view, timer_us, TIMER_trade_expire, trade->trade_id);
    }
    shopper_book(view, at, payment, trade);
    offer_use(view, at, &terms, &quote);
    payment_book(view, trade);
    trade_notify(view, at, trade, TOPIC_trade_paid, NULL);
    const struct line *line = line_of(trade->line);
    return line != NULL ? line->paid(view, at, trade) : REFUSAL_none;
}

void trade_end(struct view *view, struct moment *at, struct trade_row *trade, enum close_reason reason)
{
    assert(view_unsure(view) || trade->state == TRADE_wait_buyer_pay); /* a line ends it by rows of its own */
    trade->state = TRADE_closed;
    trade->close_reason = (int32_t)reason;
    trade->closed_at_us = at->now_us;
    if (trade->expires_at_us != 0) {
        timer_drop(view, trade->expires_at_us, TIMER_trade_expire, trade->trade_id);
    }
    trade_notify(view, at, trade, TOPIC_trade_closed, NULL);
    const struct line *line = line_of(trade->line);
    if (line != NULL) {
        line->ended(view, at, trade);
    }
}
