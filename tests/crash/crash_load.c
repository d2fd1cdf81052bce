/* SPDX-License-Identifier: Apache-2.0 */
#include "crash.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/os_clock.h"
#include "till/paycode_digits.h"

#define LOOKUP_BIT UINT32_C(0x80000000)
#define CODES_PER_MINUTE 3 /* the codes of the minute before, of this one and of the next are good */
#define TOKEN_ID 1

void load_init(struct load *load, struct book *book, const struct city_settings *city, const struct tokens *tokens,
               uint64_t seed)
{
    memset(load, 0, sizeof(*load));
    load->book = book;
    load->city = city;
    load->tokens = tokens;
    load->shop_count = city_shop_count(city);
    load->counters = calloc(load->shop_count, sizeof(*load->counters));
    load->queue_capacity = 4 * OPS_MAX;
    load->queue = calloc(load->queue_capacity, sizeof(*load->queue));
    assert(load->counters != NULL && load->queue != NULL);
    random_init(&load->random, seed, 1);
}

void load_release(struct load *load)
{
    free(load->counters);
    free(load->queue);
}

static void queue_add(struct load *load, uint32_t entry)
{
    if (load->queue_count < load->queue_capacity) {
        load->queue[load->queue_count++] = entry;
    }
}

void load_queue(struct load *load, uint16_t answered_since)
{
    struct book *book = load->book;
    load->queue_count = 0;
    load->flying = 0;
    for (uint32_t i = 0; i < book->count; i++) {
        const struct op *op = &book->ops[i];
        if (!op->answered || op->life >= answered_since) {
            queue_add(load, i);
        }
        bool of_late = op->life >= answered_since && i % 4 == 0;
        if (op->answered && op->kind == OP_pay && (of_late || i % 64 == 0)) {
            queue_add(load, i | LOOKUP_BIT);
        }
    }
    for (uint32_t i = load->queue_count; i > 1; i--) { /* in no order that the server could rely on */
        uint32_t other = (uint32_t)random_below(&load->random, i);
        uint32_t entry = load->queue[i - 1];
        load->queue[i - 1] = load->queue[other];
        load->queue[other] = entry;
    }
}

void load_lookup(struct load *load, uint32_t op)
{
    queue_add(load, op | LOOKUP_BIT);
}

/* ---- what is asked for next ---- */

static int64_t amount_pick(struct load *load)
{
    return random_chance(&load->random, 900000) ? random_between(&load->random, 1, 4000)
                                                : random_between(&load->random, 1, 70000);
}

static struct op *opener_add(struct load *load, enum op_kind kind)
{
    struct op *op = book_add(load->book, kind, OP_NONE);
    op->shopper = (uint32_t)random_below(&load->random, load->city->shopper_count);
    op->shop = (uint16_t)random_below(&load->random, load->shop_count);
    op->terminal = (uint8_t)random_below(&load->random, load->city->terminals_per_shop);
    op->amount_minor = amount_pick(load);
    return op;
}

/* Every shopper shows three codes at each minute of the test clock, in the order of their minutes. */
static struct op *pay_add(struct load *load)
{
    if (load->codes_used >= CODES_PER_MINUTE * load->city->shopper_count) {
        return NULL;
    }
    struct op *op = opener_add(load, OP_pay);
    op->shopper = (uint32_t)(load->codes_used % load->city->shopper_count);
    op->step = load->step - 1 + (int64_t)(load->codes_used / load->city->shopper_count);
    load->codes_used++;
    if (random_chance(&load->random, 3000)) {
        op->step -= 100; /* a screenshot */
    }
    return op;
}

static struct op *follow_add(struct load *load, enum op_kind kind, uint32_t opener)
{
    struct op *op = book_add(load->book, kind, opener);
    const struct op *about = &load->book->ops[opener];
    op->shop = about->shop;
    op->shopper = about->shopper;
    op->terminal = about->terminal;
    op->step = about->step;
    op->amount_minor = about->amount_minor;
    return op;
}

/* What becomes of a trade that waits for somebody. */
static struct op *lead_add(struct load *load)
{
    uint32_t opener = load->leads[--load->lead_count];
    const struct op *op = &load->book->ops[opener];
    uint64_t dice = random_below(&load->random, 10);
    if (dice == 9) {
        return NULL; /* nobody comes: its timer closes it */
    }
    if (op->kind == OP_create && dice < 7) {
        return follow_add(load, OP_qr_pay, opener);
    }
    return follow_add(load, dice < 7 ? OP_confirm : dice < 8 ? OP_decline : OP_cancel, opener);
}

static struct op *after_payment_add(struct load *load, bool refund)
{
    uint64_t known = (uint64_t)min_i64(load->paid_count, COUNT_OF(load->paid));
    uint32_t opener = load->paid[random_below(&load->random, known)];
    if (!refund) {
        return follow_add(load, OP_cancel, opener);
    }
    struct op *op = follow_add(load, OP_refund, opener);
    op->amount_minor = random_between(&load->random, 1, op->amount_minor); /* the third often exceeds */
    return op;
}

/* Something about a payment that was sent lately, answered or not. */
static struct op *recent_add(struct load *load, enum op_kind kind)
{
    uint32_t count = load->book->count;
    uint32_t opener = count - 1 - (uint32_t)random_below(&load->random, (uint64_t)min_i64(count, 300));
    return load->book->ops[opener].kind == OP_pay ? follow_add(load, kind, opener) : NULL;
}

static struct op *wallet_add(struct load *load, enum op_kind kind)
{
    struct op *op = book_add(load->book, kind, OP_NONE);
    op->shopper = (uint32_t)random_below(&load->random, load->city->shopper_count);
    op->amount_minor = random_between(&load->random, 1, 100000);
    return op;
}

static struct op *op_next(struct load *load)
{
    uint64_t dice = random_below(&load->random, 1000);
    struct op *op = NULL;
    if (load->lead_count > 0 && dice >= 500) {
        op = lead_add(load);
    } else if (dice < 30) {
        op = wallet_add(load, dice < 20 ? OP_top_up : OP_withdraw);
    } else if (dice < 60) {
        op = opener_add(load, OP_create);
    } else if (dice < 90) {
        op = opener_add(load, OP_counter);
    } else if (dice < 190 && load->paid_count > 0) {
        op = after_payment_add(load, dice < 160);
    } else if (dice < 220 && load->book->count > 0) {
        op = recent_add(load, dice < 205 ? OP_cancel_number : OP_pay_again);
    }
    return op != NULL ? op : pay_add(load);
}

/* ---- requests ---- */

static void head_write(const struct load *load, uint32_t index, struct span path, struct caller caller,
                       struct http_request *http)
{
    char token[TOKEN_TEXT_SIZE];
    char head[160];
    tokens_issue(load->tokens, caller, TOKEN_ID, token);
    http_request_line(http, SPAN("POST"), path);
    int size = snprintf(head, sizeof(head),
                        "Host: till\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
                        "Idempotency-Key: x%08u\r\n",
                        token, index);
    assert(size > 0 && (size_t)size < sizeof(head));
    http_request_raw(http, (struct span){ head, (size_t)size });
}

static struct caller caller_of(const struct load *load, const struct op *op)
{
    switch ((enum op_kind)op->kind) {
    case OP_pay:
    case OP_pay_again:
    case OP_create:
        return (struct caller){ CALLER_terminal,
                                (int64_t)op->shop * load->city->terminals_per_shop + op->terminal + 1 };
    case OP_refund:
    case OP_cancel:
    case OP_cancel_number:
        return (struct caller){ CALLER_shop, (int64_t)op->shop + 1 };
    case OP_counter:
    case OP_qr_pay:
    case OP_confirm:
    case OP_decline:
    case OP_withdraw:
        return (struct caller){ CALLER_shopper, (int64_t)op->shopper + 1 };
    case OP_top_up:
    case OP_KIND_COUNT:
        break;
    }
    return (struct caller){ CALLER_operator, 0 };
}

static int pay_body(const struct load *load, const struct op *op, char *to, size_t capacity)
{
    char code[PAYCODE_SIZE];
    uint8_t secret[PAYCODE_SECRET_SIZE];
    int64_t device_id = city_device_id(load->city, op->shopper);
    paycode_secret(&load->paycode_key, device_id, 0, secret);
    paycode_write(device_id, secret, op->step, code);
    return snprintf(to, capacity,
                    "{\"shop_id\":\"%d\",\"terminal_id\":\"%d\",\"out_trade_no\":\"x%08u\",\"subject\":\"x%08u\","
                    "\"amount_minor\":%lld,\"pay_code\":\"%s\"}",
                    op->shop + 1, op->shop * (int)load->city->terminals_per_shop + op->terminal + 1, op->about,
                    op->about, (long long)op->amount_minor, code);
}

static int qr_body(const struct load *load, const struct op *op, char *to, size_t capacity)
{
    const struct op *opener = &load->book->ops[op->about];
    struct span qr = SPAN("gone");
    if (op->kind == OP_counter) {
        return snprintf(to, capacity, "{\"qr\":\"%s\",\"amount_minor\":%lld,\"subject\":\"x%08u\"}",
                        load->counters[op->shop], (long long)op->amount_minor, op->about);
    }
    (void)member((struct span){ opener->answer, opener->answer_size }, "qr_emvco", &qr);
    return snprintf(to, capacity, "{\"qr\":\"%.*s\",\"confirmed\":%s}", (int)qr.size, qr.bytes,
                    op->amount_minor % 2 == 0 ? "true" : "false");
}

static int body_write(const struct load *load, const struct op *op, uint32_t index, char *to, size_t capacity)
{
    switch ((enum op_kind)op->kind) {
    case OP_pay:
    case OP_pay_again:
        return pay_body(load, op, to, capacity);
    case OP_create:
        return snprintf(to, capacity,
                        "{\"shop_id\":\"%d\",\"out_trade_no\":\"x%08u\",\"subject\":\"x%08u\",\"amount_minor\":%lld}",
                        op->shop + 1, index, index, (long long)op->amount_minor);
    case OP_counter:
    case OP_qr_pay:
        return qr_body(load, op, to, capacity);
    case OP_refund:
        return snprintf(to, capacity, "{\"out_request_no\":\"x%08u\",\"amount_minor\":%lld}", index,
                        (long long)op->amount_minor);
    case OP_cancel_number:
        return snprintf(to, capacity, "{\"shop_id\":\"%d\"}", op->shop + 1);
    case OP_top_up:
    case OP_withdraw:
        return snprintf(to, capacity, "{\"amount_minor\":%lld}", (long long)op->amount_minor);
    case OP_confirm:
    case OP_decline:
    case OP_cancel:
    case OP_KIND_COUNT:
        break;
    }
    return snprintf(to, capacity, "{}");
}

static struct span path_write(const struct load *load, const struct op *op, char to[160])
{
    static const char *const verbs[OP_KIND_COUNT] = { [OP_confirm] = "confirm", [OP_decline] = "decline",
                                                      [OP_refund] = "refunds",  [OP_cancel] = "cancel",
                                                      [OP_top_up] = "top_up",   [OP_withdraw] = "withdraw" };
    switch ((enum op_kind)op->kind) {
    case OP_pay:
    case OP_pay_again:
        return SPAN("/v1/trades/pay");
    case OP_create:
        return SPAN("/v1/trades");
    case OP_counter:
    case OP_qr_pay:
        return SPAN("/v1/qr/pay");
    case OP_cancel_number:
        snprintf(to, 160, "/v1/merchants/%lld/trades/x%08u/cancel",
                 (long long)city_merchant_of_shop(load->city, op->shop), op->about);
        break;
    case OP_top_up:
    case OP_withdraw:
        snprintf(to, 160, "/v1/shoppers/%u/wallet/%s", op->shopper + 1, verbs[op->kind]);
        break;
    case OP_confirm:
    case OP_decline:
    case OP_refund:
    case OP_cancel:
    case OP_KIND_COUNT:
        snprintf(to, 160, "/v1/trades/%lld/%s", (long long)load->book->ops[op->about].trade_id, verbs[op->kind]);
        break;
    }
    return span_of(to);
}

static void op_send(struct load *load, uint32_t slot, uint32_t index, struct request_out *out)
{
    char body[1024], path[160];
    struct op *op = &load->book->ops[index];
    int size = body_write(load, op, index, body, sizeof(body));
    assert(size > 0 && (size_t)size < sizeof(body));
    head_write(load, index, path_write(load, op, path), caller_of(load, op), &out->http);
    size_t room;
    char *to = http_request_body(&out->http, &room);
    assert(room >= (size_t)size);
    memcpy(to, body, (size_t)size);
    http_request_body_end(&out->http, (size_t)size);
    uint64_t dice = random_below(&load->random, 1000);
    if (dice < 15 && !load->settle_only) {
        out->fault = dice < 5 ? FAULT_half : dice < 10 ? FAULT_unread : FAULT_pieces;
        out->pieces = 3;
        out->piece_gap_us = 2000;
    }
    load->slots[slot] = (struct slot){ .what = SLOT_op, .op = index, .answered_before = op->answered };
    op->sent++;
    load->flying++;
}

static void read_send(struct load *load, uint32_t slot, uint32_t index, struct request_out *out)
{
    char token[TOKEN_TEXT_SIZE], path[160], head[160];
    const struct op *op = &load->book->ops[index];
    bool list = index == OP_NONE;
    if (list) { /* a list makes the server write back first: a kill shall find that half done */
        snprintf(path, sizeof(path), "/v1/shops/%u/trades?limit=%d",
                 (unsigned)random_below(&load->random, load->shop_count) + 1, LIST_MAX);
    } else {
        snprintf(path, sizeof(path), "/v1/merchants/%lld/trades/x%08u",
                 (long long)city_merchant_of_shop(load->city, op->shop), index);
    }
    tokens_issue(load->tokens, (struct caller){ CALLER_operator, 0 }, TOKEN_ID, token);
    http_request_line(&out->http, SPAN("GET"), span_of(path));
    int size = snprintf(head, sizeof(head), "Host: till\r\nAuthorization: Bearer %s\r\n", token);
    http_request_raw(&out->http, (struct span){ head, (size_t)size });
    http_request_end(&out->http);
    load->slots[slot] = (struct slot){ .what = list ? SLOT_list : SLOT_lookup, .op = index };
    load->flying++;
}

enum make load_make(void *context, uint32_t slot, struct request_out *out)
{
    struct load *load = context;
    struct book *book = load->book;
    if (load->queue_count > 0) {
        uint32_t entry = load->queue[--load->queue_count];
        if ((entry & LOOKUP_BIT) != 0) {
            read_send(load, slot, entry & ~LOOKUP_BIT, out);
        } else {
            op_send(load, slot, entry, out);
        }
        return MAKE_send;
    }
    if (load->settle_only) {
        return load->flying == 0 ? MAKE_finished : MAKE_later;
    }
    uint64_t dice = random_below(&load->random, 1000);
    if (dice < 40 && book->count > 0) { /* the same again, perhaps beside itself on another connection */
        uint32_t back = (uint32_t)random_below(&load->random, (uint64_t)min_i64(book->count, 200));
        op_send(load, slot, book->count - 1 - back, out);
        return MAKE_send;
    }
    if (dice == 999) {
        read_send(load, slot, OP_NONE, out);
        return MAKE_send;
    }
    struct op *op = book->count < OPS_MAX ? op_next(load) : NULL;
    if (op == NULL) {
        out->again_at_us = os_monotonic_us() + 1000;
        return MAKE_later;
    }
    op_send(load, slot, (uint32_t)(op - book->ops), out);
    return MAKE_send;
}

/* ---- answers ---- */

static void lookup_check(struct load *load, uint32_t index, const struct answer_in *answer)
{
    const struct op *op = &load->book->ops[index];
    bool there = answer->status == 200;
    load->lookups++;
    if (op->http_status < 300 && (!there || member_i64(answer->body, "trade_id") != op->trade_id)) {
        book_fault(load->book, FAULT_KIND_lost, "op %u: its trade %lld is not found: %d %.*s", index,
                   (long long)op->trade_id, answer->status, (int)answer->body.size, answer->body.bytes);
    }
}

static void lead_note(struct load *load, uint32_t index)
{
    const struct op *op = &load->book->ops[index];
    uint32_t opener = op->about;
    if (op->http_status >= 300 || opener == OP_NONE) {
        return;
    }
    if (load->book->ops[opener].paid) {
        load->paid[load->paid_count++ % COUNT_OF(load->paid)] = opener;
    } else if (op->kind <= OP_counter || op->kind == OP_qr_pay) {
        if (load->lead_count < COUNT_OF(load->leads)) {
            load->leads[load->lead_count++] = opener;
        }
    }
}

void load_done(void *context, uint32_t number, const struct answer_in *answer)
{
    struct load *load = context;
    struct slot slot = load->slots[number];
    load->flying--;
    if (answer->outcome == OUTCOME_malformed) {
        book_fault(load->book, FAULT_KIND_server, "an answer is not HTTP, to op %u", slot.op);
    }
    bool busy = answer->outcome == OUTCOME_answered && (answer->status == 503 || answer->status == 504);
    if (answer->outcome != OUTCOME_answered || busy) {
        load->busy += busy;
        load->cut += !busy;
        if (slot.what == SLOT_op && (busy || answer->outcome == OUTCOME_gave_up)) {
            queue_add(load, slot.op);
        }
        return;
    }
    if (slot.what == SLOT_list) {
        load->lists++;
        if (answer->status != 200) {
            book_fault(load->book, FAULT_KIND_server, "a list was answered %d", answer->status);
        }
    } else if (slot.what == SLOT_lookup) {
        lookup_check(load, slot.op, answer);
    } else {
        struct span value;
        bool replayed = http_header(answer->head, SPAN("Idempotent-Replayed"), &value);
        bool before = load->book->ops[slot.op].answered;
        book_answer(load->book, slot.op, slot.answered_before, answer->status, replayed, answer->body);
        if (!before && load->book->ops[slot.op].answered) {
            lead_note(load, slot.op);
        }
    }
}
