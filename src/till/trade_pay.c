/* SPDX-License-Identifier: Apache-2.0 */
/* The shop scans the shopper: one call, one payment. */
#include "base/civil.h"
#include "till/trade.h"

static const struct column pay_columns[] = {
    COLUMN(trade_pay, shop_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(trade_pay, terminal_id, .form = FORM_id,
           .text = "The terminal that scanned; left out, that of the token. Wrong codes are counted on it."),
    COLUMN(trade_pay, out_trade_no, .flags = COLUMN_required, .least = 1,
           .text = "The merchant's number of the trade, unique per merchant; best in order of time."),
    COLUMN(trade_pay, subject, .text = "What is bought, as the shopper shall see it."),
    COLUMN(trade_pay, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1,
           .most = AMOUNT_MAX, .text = "Price before discounts."),
    COLUMN(trade_pay, currency, .least = 0, .most = 999, .text = "ISO 4217 number; left out: the shop's."),
    COLUMN(trade_pay, pay_code, .flags = COLUMN_required, .least = 1,
           .text = "The 18 digits on the shopper's phone."),
    COLUMN(trade_pay, code_device_id, .form = FORM_hidden),
    COLUMN(trade_pay, code_step, .form = FORM_hidden),
};
static const struct shape pay_shape = SHAPE("trade_pay", trade_pay, pay_columns);

#define CODE_DRIFT_STEPS 1 /* minutes that a phone's clock may be off */

/*
 * Guessing: wrong codes are counted per terminal, per shop and per device, and minute. Where terminal or shop
 * have shown too many nothing is taken any more. Who has many shops can still try each of them at one device:
 * after too many wrong codes of it, wherever they were shown, a right one may be a lucky guess, and its shopper
 * is asked. It is not refused, or anybody could keep anybody from paying.
 */

static bool misses_exceeded(int64_t code_minute, int32_t code_misses, const struct moment *at, int32_t most)
{
    return code_minute == at->now_us / US_PER_MINUTE && code_misses >= most;
}

static void miss_count(int64_t *code_minute, int32_t *code_misses, const struct moment *at)
{
    int64_t minute = at->now_us / US_PER_MINUTE;
    *code_misses = *code_minute == minute ? *code_misses + 1 : 1;
    *code_minute = minute;
}

static enum refusal code_missed(struct view *view, const struct moment *at, const struct shop_row *shop,
                                const struct terminal_row *terminal, const struct device_row *device)
{
    struct shop_row *counted = view_change(view, shop);
    miss_count(&counted->code_minute, &counted->code_misses, at);
    if (terminal != NULL) {
        struct terminal_row *scanner = view_change(view, terminal);
        miss_count(&scanner->code_minute, &scanner->code_misses, at);
    }
    if (row_exists(device)) {
        struct device_row *tried = view_change(view, device);
        miss_count(&tried->code_minute, &tried->code_misses, at);
    }
    view_keep(view);
    return REFUSAL_code_unknown;
}

/* Accepts the code once and for all: from here on it is burnt, whatever becomes of the payment. */
static enum refusal code_accept(struct view *view, const struct moment *at, const struct trade_pay *want,
                                const struct shop_row *shop, const struct terminal_row *terminal,
                                const struct device_row **accepted)
{
    struct device_row key = { .device_id = want->code_device_id };
    if (want->code_device_id < 0) {
        return REFUSAL_code_malformed;
    }
    const struct device_row *asked = view_ask(view, &device_table, &key);
    int64_t step_now = at->now_us / US_PER_MINUTE;
    bool near =
        want->code_step >= step_now - CODE_DRIFT_STEPS && want->code_step <= step_now + CODE_DRIFT_STEPS;
    if (!row_exists(asked) || asked->revoked != 0 || !near) {
        return code_missed(view, at, shop, terminal, asked);
    }
    if (want->code_step <= asked->last_step) {
        bool here = asked->last_shop_id == want->shop_id && asked->last_terminal_id == want->terminal_id;
        return here ? REFUSAL_code_used : REFUSAL_code_elsewhere;
    }
    struct device_row *device = view_change(view, asked);
    device->last_step = want->code_step;
    device->last_shop_id = want->shop_id;
    device->last_terminal_id = want->terminal_id;
    view_keep(view);
    *accepted = device;
    return REFUSAL_none;
}

/* `fresh`: it would be a new trade. One that is known is answered also after the shop has closed. */
static enum refusal place_check(struct view *view, const struct moment *at, const struct trade_pay *want,
                                const struct shop_row *shop, const struct terminal_row *terminal, bool fresh)
{
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (fresh && shop->open == 0) {
        return REFUSAL_shop_closed;
    }
    if (terminal != NULL && (!row_exists(terminal) || terminal->shop_id != want->shop_id)) {
        return REFUSAL_terminal_unknown;
    }
    if (at->caller.kind == CALLER_terminal && want->terminal_id != at->caller.id) {
        return REFUSAL_forbidden; /* or its wrong codes would count on another */
    }
    return want->currency != 0 && want->currency != shop->currency ? REFUSAL_currency_differs : REFUSAL_none;
}

/* The same number again: the trade as it stands, when it is the same trade. */
static enum refusal pay_again(const struct trade_row *trade, const struct trade_terms *terms, void *answer)
{
    if (trade->state == TRADE_closed) {
        return REFUSAL_trade_closed;
    }
    if (!trade_agrees(trade, terms)) {
        return REFUSAL_trade_differs;
    }
    memcpy(answer, trade, sizeof(*trade));
    return REFUSAL_none;
}

static enum refusal decide(const void *request, struct moment *at, struct view *view, void *answer)
{
    struct trade_pay copy = *(const struct trade_pay *)request;
    const struct trade_pay *want = &copy;
    const struct device_row *device = NULL;
    struct policy_row policy;

    if (copy.terminal_id == 0 && at->caller.kind == CALLER_terminal) {
        copy.terminal_id = at->caller.id;
    }
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    const struct terminal_row *terminal =
        want->terminal_id != 0 ? terminal_ask(view, want->terminal_id) : NULL;

    policy_ask(view, &policy);
    const struct trade_row *known = trade_by_number(view, shop->merchant_id, want->out_trade_no);
    enum refusal refusal = place_check(view, at, want, shop, terminal, !row_exists(known));
    if (refusal == REFUSAL_none && !row_exists(known)) {
        refusal = trade_amount_check(&policy, want->amount_minor);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct trade_terms terms = { .shop = shop,
                                 .terminal_id = want->terminal_id,
                                 .out_trade_no = want->out_trade_no,
                                 .subject = want->subject,
                                 .amount_minor = want->amount_minor,
                                 .way = WAY_scan };
    if (row_exists(known)) {
        return pay_again(known, &terms, answer);
    }
    if (trade_number_reserved(want->out_trade_no)) {
        return REFUSAL_trade_differs;
    }
    if (misses_exceeded(shop->code_minute, shop->code_misses, at, policy.code_misses_shop) ||
        (terminal != NULL &&
         misses_exceeded(terminal->code_minute, terminal->code_misses, at, policy.code_misses_terminal))) {
        return REFUSAL_attempts_exceeded;
    }
    refusal = code_accept(view, at, want, shop, terminal, &device);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    const struct shopper_row *shopper = shopper_ask(view, device->shopper_id);
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    struct trade_row *trade = trade_open(view, at, &terms);
    bool guessed = misses_exceeded(device->code_minute, device->code_misses, at, policy.code_misses_device);
    struct payment payment = { .policy = &policy, .shop = shop, .shopper = shopper, .guessed = guessed };
    refusal = trade_take(view, at, trade, &payment);
    memcpy(answer, trade, sizeof(*trade));
    return refusal;
}

const struct command trade_pay = {
    .name = "trade_pay",
    .number = 50,
    .method = "POST",
    .route = "/v1/trades/pay",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &pay_shape,
    .answer = &trade_table.shape,
    .decide = decide,
    .summary = "Takes a payment by the shopper's scanned pay code. WAIT_BUYER_PAY: the shopper must confirm; "
               "ask again.",
};
