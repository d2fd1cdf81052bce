/* SPDX-License-Identifier: Apache-2.0 */
#include "till/paycode.h"

#include "base/civil.h"

#define CODE_DRIFT_STEPS 1 /* minutes that a phone's clock may be off */

/*
 * Guessing: wrong codes are counted per terminal, per shop and per device, and minute. Where terminal or shop
 * have shown too many nothing is taken any more. Who has many shops can still try each of them at one device:
 * after too many wrong codes of it, wherever they were shown, a right one may be a lucky guess, and its shopper
 * is asked. It is not refused, or anybody could keep anybody from paying.
 */

bool code_misses_exceeded(int64_t code_minute, int32_t code_misses, const struct moment *at, int32_t most)
{
    return code_minute == at->now_us / US_PER_MINUTE && code_misses >= most;
}

bool paycode_attempts_exceeded(const struct moment *at, const struct policy_row *policy, const struct shown_code *shown)
{
    const struct shop_row *shop = shown->shop;
    const struct terminal_row *terminal = shown->terminal;
    return (shop != NULL && code_misses_exceeded(shop->code_minute, shop->code_misses, at, policy->code_misses_shop)) ||
           (terminal != NULL &&
            code_misses_exceeded(terminal->code_minute, terminal->code_misses, at, policy->code_misses_terminal));
}

bool paycode_device_exceeded(const struct moment *at, const struct policy_row *policy, const struct device_row *device)
{
    return code_misses_exceeded(device->code_minute, device->code_misses, at, policy->code_misses_device);
}

void code_miss_count(int64_t *code_minute, int32_t *code_misses, const struct moment *at)
{
    int64_t minute = at->now_us / US_PER_MINUTE;
    *code_misses = *code_minute == minute ? *code_misses + 1 : 1;
    *code_minute = minute;
}

static enum refusal code_missed(struct view *view, const struct moment *at, const struct shown_code *shown,
                                const struct device_row *device)
{
    if (shown->shop != NULL) {
        struct shop_row *counted = view_change(view, shown->shop);
        code_miss_count(&counted->code_minute, &counted->code_misses, at);
    }
    if (shown->terminal != NULL) {
        struct terminal_row *scanner = view_change(view, shown->terminal);
        code_miss_count(&scanner->code_minute, &scanner->code_misses, at);
    }
    if (row_exists(device)) {
        struct device_row *tried = view_change(view, device);
        code_miss_count(&tried->code_minute, &tried->code_misses, at);
    }
    view_keep(view);
    return REFUSAL_code_unknown;
}

enum refusal paycode_accept(struct view *view, const struct moment *at, const struct shown_code *shown,
                            const struct device_row **accepted)
{
    struct device_row key = { .device_id = shown->device_id };
    if (shown->device_id < 0) {
        return REFUSAL_code_malformed;
    }
    const struct device_row *asked = view_ask(view, &device_table, &key);
    int64_t step_now = at->now_us / US_PER_MINUTE;
    int64_t shop_id = shown->shop != NULL ? shown->shop->shop_id : 0;
    int64_t terminal_id = shown->terminal != NULL ? shown->terminal->terminal_id : 0;
    bool near = shown->step >= step_now - CODE_DRIFT_STEPS && shown->step <= step_now + CODE_DRIFT_STEPS;
    bool whose = shown->shopper_id == 0 || shown->shopper_id == asked->shopper_id;
    if (!row_exists(asked) || asked->revoked != 0 || !near || !whose) {
        return code_missed(view, at, shown, asked);
    }
    if (shown->step <= asked->last_step) {
        bool here = asked->last_shop_id == shop_id && asked->last_terminal_id == terminal_id;
        return here ? REFUSAL_code_used : REFUSAL_code_elsewhere;
    }
    struct device_row *device = view_change(view, asked);
    device->last_step = shown->step;
    device->last_shop_id = shop_id;
    device->last_terminal_id = terminal_id;
    view_keep(view);
    *accepted = device;
    return REFUSAL_none;
}

/*
 * ---- proving on a page who one is ----
 *
 * By a log-in code. It burns the device's minute like a pay code: one step per device is enough for both.
 */

static const struct column login_columns[] = {
    COLUMN(paycode_login, shopper_id, .form = FORM_id),
    COLUMN(paycode_login, logon_id),
    COLUMN(paycode_login, shop_id, .form = FORM_id),
    COLUMN(paycode_login, code_device_id, .form = FORM_hidden),
    COLUMN(paycode_login, code_step, .form = FORM_hidden),
};
static const struct shape login_shape = SHAPE("paycode_login", paycode_login, login_columns);

static const struct column logged_in_columns[] = {
    COLUMN(paycode_logged_in, shopper_id, .form = FORM_id),
    COLUMN(paycode_logged_in, name),
};
static const struct shape logged_in_shape = SHAPE("paycode_logged_in", paycode_logged_in, logged_in_columns);

/* Whom nobody knows is refused like a wrong code: a page does not tell who has a wallet. */
static enum refusal decide_login(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct paycode_login *want = request;
    const struct shop_row *shop = want->shop_id != 0 ? shop_ask(view, want->shop_id) : NULL;
    const struct shopper_row *shopper =
        want->shopper_id != 0 ? shopper_ask(view, want->shopper_id) : shopper_by_logon(view, want->logon_id);
    const struct device_row *device = NULL;
    struct device_row key = { .device_id = want->code_device_id };
    struct policy_row policy;

    policy_ask(view, &policy);
    if (shop != NULL && !row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    struct shown_code shown = { .device_id = want->code_device_id,
                                .step = want->code_step,
                                .shopper_id = row_exists(shopper) ? shopper->shopper_id : -1,
                                .shop = shop };
    if (want->code_device_id < 0) {
        return REFUSAL_login_code_malformed;
    }
    /* Nobody can be asked here, so that a right code after too many wrong ones is refused. */
    const struct device_row *tried = view_ask(view, &device_table, &key);
    if (paycode_attempts_exceeded(at, &policy, &shown) || paycode_device_exceeded(at, &policy, tried)) {
        return REFUSAL_attempts_exceeded;
    }
    enum refusal refusal = paycode_accept(view, at, &shown, &device);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    struct paycode_logged_in *in = answer;
    in->shopper_id = shopper->shopper_id;
    memcpy(in->name, shopper->name, sizeof(in->name));
    return REFUSAL_none;
}

const struct command paycode_login = {
    .name = "paycode_login",
    .number = 49,
    .flags = COMMAND_internal,
    .callers = CALLERS_PLATFORM,
    .request = &login_shape,
    .answer = &logged_in_shape,
    .decide = decide_login,
    .summary = "A shopper proves by the current log-in code who he is.",
};
