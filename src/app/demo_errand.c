/* SPDX-License-Identifier: Apache-2.0 */
#include "app/demo_day.h"

#include <stdarg.h>
#include <stdlib.h>


#define BLOCK_ERRANDS 1024
#define STALE_MINUTES 7
#define GUESSES_FROM 900 /* 15:00 */

struct errand_block {
    struct errand_block *next;
    struct errand errands[BLOCK_ERRANDS];
};

/* ---- what is due when ---- */

static struct errand *errand_fresh(struct play *play)
{
    if (play->spent == NULL) {
        struct errand_block *block = calloc(1, sizeof(*block));
        assert(block != NULL);
        block->next = play->blocks;
        play->blocks = block;
        for (size_t i = 0; i < BLOCK_ERRANDS; i++) {
            block->errands[i].next = play->spent;
            play->spent = &block->errands[i];
        }
    }
    struct errand *errand = play->spent;
    play->spent = errand->next;
    return errand;
}

void errand_add(struct play *play, const struct errand *errand, uint32_t minutes)
{
    uint32_t minute = play->minute + minutes;
    assert(minute < MINUTES_MAX);
    struct errand *kept = errand_fresh(play);
    *kept = *errand;
    kept->next = NULL;
    if (play->due_first[minute] == NULL) {
        play->due_last[minute] = &play->due_first[minute];
    }
    *play->due_last[minute] = kept;
    play->due_last[minute] = &kept->next;
    play->due_from = minute < play->due_from ? minute : play->due_from;
    play->waiting++;
}

uint32_t errand_next_minute(const struct play *play)
{
    uint32_t minute = play->due_from;
    while (minute < MINUTES_MAX && play->due_first[minute] == NULL) {
        minute++;
    }
    return minute;
}

bool errand_take(struct play *play, struct errand *errand)
{
    if (play->waiting == 0) {
        return false;
    }
    play->due_from = errand_next_minute(play);
    if (play->due_from > play->minute) {
        return false;
    }
    struct errand *first = play->due_first[play->due_from];
    play->due_first[play->due_from] = first->next;
    *errand = *first;
    first->next = play->spent;
    play->spent = first;
    play->waiting--;
    return true;
}

void errands_release(struct play *play)
{
    while (play->blocks != NULL) {
        struct errand_block *block = play->blocks;
        play->blocks = block->next;
        free(block);
    }
}

/* ---- fresh payments ---- */

/* A shopper whose phone has not shown a code in this minute yet. */
static bool shopper_pick(struct play *play, uint32_t *shopper)
{
    for (int draw = 0; draw < 16; draw++) {
        *shopper = (uint32_t)random_below(&play->random, play->day->shopper_count);
        if (play->shopper_minute[*shopper] != play->minute) {
            play->shopper_minute[*shopper] = (uint16_t)play->minute;
            return true;
        }
    }
    return false;
}

static void code_write(struct play *play, struct order *order, uint32_t minute)
{
    uint8_t secret[PAYCODE_SECRET_SIZE];
    int64_t alias = double12_device_id(order->shopper);
    paycode_secret(&play->played->paycode_key, alias, 0, secret);
    paycode_write(alias, secret, paycode_step(DOUBLE12_MIDNIGHT_US + minute * US_PER_MINUTE), order->code);
}

static void code_forge(struct play *play, struct order *order)
{
    paycode_join((int64_t)random_below(&play->random, PAYCODE_ALIAS_LIMIT),
                 (uint32_t)random_below(&play->random, PAYCODE_OTP_LIMIT), order->code);
    order->trick = TRICK_forged;
}

static enum shop_kind kind_pick(struct play *play)
{
    enum shop_kind kind = double12_kind_pick(&play->random);
    bool queue_gone = play->drinks_gone && random_chance(&play->random, 970000);
    return kind == SHOP_vending && queue_gone ? SHOP_snack : kind;
}

bool order_make(struct play *play, struct order *order)
{
    struct purchase12 purchase;
    *order = (struct order){ .minute = (uint16_t)play->minute };
    if (!shopper_pick(play, &order->shopper)) {
        return false;
    }
    double12_purchase(play->day, &play->random, kind_pick(play), &purchase);
    order->serial = ++play->serial;
    order->shop = purchase.shop;
    order->terminal = purchase.terminal;
    order->amount_minor = purchase.amount_minor;
    order->goods = purchase.goods;
    uint32_t luck = (uint32_t)random_below(&play->random, 1000);
    if (play->minute >= GUESSES_FROM && play->guesses_left > 0) { /* somebody tries his luck with a stolen till */
        play->guesses_left--;
        order->terminal = play->day->shops[0].first_terminal;
        order->shop = 0;
        code_forge(play, order);
    } else if (luck < 4 && play->minute > DOUBLE12_MINUTE_FROM + STALE_MINUTES) {
        order->trick = TRICK_stale;
        code_write(play, order, play->minute - STALE_MINUTES);
    } else if (luck < 7) {
        code_forge(play, order);
    } else {
        code_write(play, order, play->minute);
    }
    return true;
}

/* ---- requests ---- */

static void line(struct http_request *http, const char *method, const char *path, const char *bearer)
{
    http_request_line(http, span_of(method), span_of(path));
    http_request_raw(http, span_of(bearer));
}

__attribute__((format(printf, 2, 3))) static void key(struct http_request *http, const char *format, ...)
{
    char text[REQUEST_KEY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    assert(size > 0 && (size_t)size < sizeof(text));
    http_request_header(http, SPAN("Idempotency-Key"), (struct span){ text, (size_t)size });
}

__attribute__((format(printf, 2, 3))) static void body(struct http_request *http, const char *format, ...)
{
    va_list arguments;
    size_t capacity;
    http_request_raw(http, SPAN("Content-Type: application/json\r\n"));
    char *to = http_request_body(http, &capacity);
    va_start(arguments, format);
    int size = vsnprintf(to, capacity, format, arguments);
    va_end(arguments);
    assert(size >= 0 && (capacity == 0 || (size_t)size < capacity));
    http_request_body_end(http, (size_t)size);
}

static void shopper_line(struct play *play, struct http_request *http, const char *path, uint32_t shopper)
{
    char bearer[BEARER_SIZE];
    played_bearer(play->played, (struct caller){ CALLER_shopper, double12_shopper_id(shopper) }, bearer);
    line(http, "POST", path, bearer);
}

/* What is bought, to the shop, by its till: a payment by pay code, or a trade to be paid by QR. */
static void purchase_write(struct play *play, const struct errand *errand, struct http_request *http)
{
    const struct order *order = &errand->order;
    enum shop_kind kind = play->day->brands[play->day->shops[order->shop].brand].kind;
    const char *bearer = play->terminal_bearer[order->terminal];
    bool by_code = errand->kind != ERRAND_create;
    line(http, "POST", by_code ? "/v1/trades/pay" : "/v1/trades", bearer);
    key(http, "%s-%08x", by_code ? "pay" : "open", order->serial);
    body(http,
         "{\"shop_id\":\"%lld\",\"terminal_id\":\"%lld\",\"out_trade_no\":\"D12-%08x\",\"amount_minor\":%d,"
         "\"subject\":\"%s\",\"%s\":%s%s%s}",
         (long long)double12_shop_id(order->shop), (long long)double12_terminal_id(order->terminal), order->serial,
         order->amount_minor, double12_goods(kind, order->goods), by_code ? "pay_code" : "expires_in_s",
         by_code ? "\"" : "", by_code ? order->code : "900", by_code ? "\"" : "");
}

static void number_write(struct play *play, const struct errand *errand, struct http_request *http, bool cancel)
{
    char path[128];
    const struct order *order = &errand->order;
    const char *bearer = play->terminal_bearer[order->terminal];
    snprintf(path, sizeof(path), "/v1/merchants/%lld/trades/D12-%08x%s",
             (long long)double12_merchant_id(play->day->shops[order->shop].brand), order->serial,
             cancel ? "/cancel" : "");
    line(http, cancel ? "POST" : "GET", path, bearer);
    if (cancel) {
        key(http, "undo-%08x", order->serial);
        body(http, "{\"shop_id\":\"%lld\"}", (long long)double12_shop_id(order->shop));
    } else {
        http_request_end(http);
    }
}

static void trade_write(struct play *play, const struct errand *errand, struct http_request *http)
{
    char path[96];
    const struct order *order = &errand->order;
    const char *bearer = play->terminal_bearer[order->terminal];
    const char *what = errand->kind == ERRAND_confirm    ? "/confirm"
                       : errand->kind == ERRAND_decline  ? "/decline"
                       : errand->kind == ERRAND_cancel   ? "/cancel"
                       : errand->kind == ERRAND_poll     ? ""
                                                         : "/refunds";
    snprintf(path, sizeof(path), "/v1/trades/%lld%s", (long long)errand->trade_id, what);
    switch ((int)errand->kind) {
    case ERRAND_poll:
        line(http, "GET", path, bearer);
        http_request_end(http);
        break;
    case ERRAND_cancel:
        line(http, "POST", path, bearer);
        key(http, "cancel-%llx", (unsigned long long)errand->trade_id);
        body(http, "{}");
        break;
    case ERRAND_refund:
    case ERRAND_refund_again:
        line(http, "POST", path, bearer);
        key(http, "refund-%llx-%u", (unsigned long long)errand->trade_id, errand->number);
        body(http, "{\"out_request_no\":\"R%u\",\"amount_minor\":%lld,\"reason\":\"退货 returned\"}", errand->number,
             (long long)errand->amount_minor);
        break;
    default:
        shopper_line(play, http, path, order->shopper);
        key(http, "%s-%llx", what + 1, (unsigned long long)errand->trade_id);
        body(http, "{}");
    }
}

static void operator_write(struct play *play, const struct errand *errand, struct http_request *http)
{
    char path[96], now[INSTANT_TEXT_SIZE];
    if (errand->kind == ERRAND_clock) {
        line(http, "POST", "/v1/test/clock", play->played->operator_bearer);
        instant_write(DOUBLE12_MIDNIGHT_US + errand->number * US_PER_MINUTE, 480, now);
        body(http, "{\"now\":\"%s\"}", now);
        return;
    }
    snprintf(path, sizeof(path), "/v1/campaigns/%lld/fund", (long long)double12_campaign_id(errand->number));
    line(http, "POST", path, play->played->operator_bearer);
    key(http, "fund-%u", errand->number);
    body(http, "{\"platform_minor\":%lld}", (long long)errand->amount_minor);
}

void errand_write(struct play *play, const struct errand *errand, struct http_request *http)
{
    switch (errand->kind) {
    case ERRAND_pay:
    case ERRAND_repeat:
    case ERRAND_retry:
    case ERRAND_create:
        purchase_write(play, errand, http);
        break;
    case ERRAND_lookup:
        number_write(play, errand, http, false);
        break;
    case ERRAND_cancel_number:
        number_write(play, errand, http, true);
        break;
    case ERRAND_qr:
        shopper_line(play, http, "/v1/qr/pay", errand->order.shopper);
        key(http, "qr-%08x", errand->order.serial);
        body(http, "{\"qr\":\"%s\"}", errand->qr);
        break;
    case ERRAND_counter:
        shopper_line(play, http, "/v1/qr/pay", errand->order.shopper);
        key(http, "counter-%08x", errand->order.serial);
        body(http, "{\"qr\":\"%s\",\"amount_minor\":%d,\"subject\":\"柜台 counter\"}", errand->qr,
             errand->order.amount_minor);
        break;
    case ERRAND_confirm:
    case ERRAND_decline:
    case ERRAND_poll:
    case ERRAND_refund:
    case ERRAND_refund_again:
    case ERRAND_cancel:
        trade_write(play, errand, http);
        break;
    case ERRAND_fund:
    case ERRAND_clock:
        operator_write(play, errand, http);
        break;
    }
}
