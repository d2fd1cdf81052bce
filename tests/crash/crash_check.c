/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the store as the server left it, journal included, and compares it row by row with the book. */
#include "crash.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/engine_rows.h"
#include "store/store.h"

struct check {
    struct book *book;
    uint8_t *requests; /* per op: its kept request was seen */
    uint8_t *rows;     /* per op: rows it made, trades or refunds */
    uint8_t *again;    /* per opener: another request for the same trade may have come through before it */
    int64_t *wallets;  /* per shopper, by the book */
    int64_t *takings;  /* per shop, by the book */
    int64_t budget, budget_seen;
};

static bool said_yes(const struct op *op)
{
    return op->answered && op->http_status < 300;
}

/* "x00000012" -> 12; OP_NONE for anything else. */
static uint32_t index_read(const struct book *book, const char *text)
{
    int64_t value;
    if (text[0] != 'x' || !span_to_i64(span_of(text + 1), &value) || value < 0 || value >= book->count) {
        return OP_NONE;
    }
    return (uint32_t)value;
}

static bool request_check(void *context, const void *row)
{
    struct check *check = context;
    const struct request_row *kept = row;
    uint32_t index = index_read(check->book, kept->request_key);
    if (index == OP_NONE) {
        return true; /* of whoever set the city up */
    }
    const struct op *op = &check->book->ops[index];
    check->requests[index]++;
    if (op->sent == 0) {
        book_fault(check->book, FAULT_KIND_doubled, "op %u was never sent and has an answer in the store", index);
    }
    if (!op->answered) {
        check->book->landed++;
        return true;
    }
    struct span code = SPAN("none");
    struct span answer = { op->answer, op->answer_size };
    if (op->http_status >= 300) {
        (void)member(answer, "code", &code);
    }
    const struct refusal_text *text = refusal_text(kept->refusal);
    if (text == NULL || !span_equal(code, span_of(text->name))) {
        book_fault(check->book, FAULT_KIND_differs, "op %u was answered %.*s, the store keeps %s", index,
                   (int)code.size, code.bytes, text != NULL ? text->name : "nonsense");
    }
    return true;
}

/* A payment's trade stands in the store as it was answered. */
static void trade_compare(struct check *check, uint32_t index, const struct trade_row *trade)
{
    struct book *book = check->book;
    const struct op *opener = &book->ops[index];
    bool came_through = trade->subject[0] != '\0'; /* cancelled by its number before it arrived: without */
    bool other = came_through && check->again[index]; /* paid, and closed again before the opener's turn */
    if (opener->answered && came_through != (opener->http_status < 300) && !other) {
        book_fault(book, FAULT_KIND_doubled, "op %u was answered %d, its trade %s in the store", index,
                   opener->http_status, came_through ? "is" : "is not");
    }
    if (opener->trade_id != 0 && opener->trade_id != trade->trade_id) {
        book_fault(book, FAULT_KIND_differs, "op %u was told trade %lld, the store has %lld", index,
                   (long long)opener->trade_id, (long long)trade->trade_id);
    }
    if (came_through && trade->list_minor != opener->amount_minor) {
        book_fault(book, FAULT_KIND_differs, "op %u asked for %lld, the store has %lld", index,
                   (long long)opener->amount_minor, (long long)trade->list_minor);
    }
    if (opener->paid && (trade->paid_at_us == 0 || trade->paid_minor != opener->paid_minor ||
                         trade->discount_minor != opener->discount_minor)) {
        book_fault(book, FAULT_KIND_lost, "op %u was told that %lld is paid, the store has %lld", index,
                   (long long)opener->paid_minor, (long long)trade->paid_minor);
    }
    if (opener->cancelled && trade->state != TRADE_closed) {
        book_fault(book, FAULT_KIND_lost, "op %u was told cancelled and is open", index);
    }
}

static bool trade_check(void *context, const void *row)
{
    struct check *check = context;
    const struct trade_row *trade = row;
    uint32_t index = index_read(check->book, trade->subject[0] != '\0' ? trade->subject : trade->out_trade_no);
    if (index == OP_NONE || check->book->ops[index].kind > OP_counter) {
        book_fault(check->book, FAULT_KIND_doubled, "nobody asked for trade %s", trade->out_trade_no);
        return true;
    }
    check->book->found++;
    if (check->rows[index]++ > 0) {
        book_fault(check->book, FAULT_KIND_doubled, "op %u has two trades", index);
    }
    trade_compare(check, index, trade);
    return true;
}

static bool refund_check(void *context, const void *row)
{
    struct check *check = context;
    const struct refund_row *refund = row;
    if (strcmp(refund->out_request_no, REFUND_OF_CANCEL) == 0) {
        return true; /* seen in the sums */
    }
    uint32_t index = index_read(check->book, refund->out_request_no);
    if (index == OP_NONE || check->book->ops[index].kind != OP_refund) {
        book_fault(check->book, FAULT_KIND_doubled, "nobody asked for refund %s", refund->out_request_no);
        return true;
    }
    const struct op *op = &check->book->ops[index];
    if (check->rows[index]++ > 0 || (op->answered && op->http_status >= 300)) {
        book_fault(check->book, FAULT_KIND_doubled, "op %u was refunded again or in spite of its answer", index);
    }
    if (said_yes(op) && (refund->paid_minor != op->paid_minor || refund->discount_minor != op->discount_minor)) {
        book_fault(check->book, FAULT_KIND_differs, "op %u was told %lld back, the store has %lld", index,
                   (long long)op->paid_minor, (long long)refund->paid_minor);
    }
    return true;
}

static void missing_check(struct check *check)
{
    struct book *book = check->book;
    for (uint32_t i = 0; i < book->count; i++) {
        const struct op *op = &book->ops[i];
        if (op->answered && check->requests[i] == 0) {
            book_fault(book, FAULT_KIND_lost, "op %u, answered %d in life %u of %u, has no kept answer", i,
                       op->http_status, op->life, book->life);
        }
        bool makes_row = op->kind <= OP_counter || op->kind == OP_refund;
        if (said_yes(op) && makes_row && check->rows[i] == 0) {
            book_fault(book, FAULT_KIND_lost, "op %u, answered %d, is not in the store", i, op->http_status);
        }
        /* The trade may be there by this request alone: its opener can have been refused, or not be answered. */
        if (said_yes(op) && op->about != OP_NONE && op->about != i && check->rows[op->about] == 0) {
            book_fault(book, FAULT_KIND_lost, "op %u, answered %d: its trade, of op %u, is not in the store", i,
                       op->http_status, op->about);
        }
    }
}

/* ---- sums ---- */

static void op_sum(struct check *check, const struct op *op)
{
    const struct op *opener = op->about != OP_NONE ? &check->book->ops[op->about] : NULL;
    if (op == opener && op->paid) {
        bool back = op->cancelled; /* everything, whatever part of it came back before */
        check->wallets[op->shopper] -= back ? 0 : op->paid_minor;
        check->takings[op->shop] += back ? 0 : op->paid_minor + op->discount_minor;
        check->budget -= back ? 0 : op->discount_minor;
    } else if (op->kind == OP_refund && said_yes(op) && !opener->cancelled) {
        check->wallets[opener->shopper] += op->paid_minor;
        check->takings[opener->shop] -= op->paid_minor + op->discount_minor;
        check->budget += op->discount_minor;
    } else if (op->kind == OP_top_up && said_yes(op)) {
        check->wallets[op->shopper] += op->amount_minor;
    } else if (op->kind == OP_withdraw && said_yes(op)) {
        check->wallets[op->shopper] -= op->amount_minor;
    }
}

static void account_compare(struct check *check, const char *what, int64_t owner, int64_t booked, int64_t balance)
{
    if (booked != balance) {
        book_fault(check->book, FAULT_KIND_sums, "%s of %lld: the book has %lld, the store %lld", what,
                   (long long)owner, (long long)booked, (long long)balance);
    }
}

static bool account_check(void *context, const void *row)
{
    struct check *check = context;
    const struct account_row *account = row;
    const struct city_settings *city = check->book->city;
    int64_t owner = account->owner_id;
    if (account->purpose == PURPOSE_wallet && owner <= (int64_t)city->shopper_count) {
        account_compare(check, "the wallet", owner, check->wallets[owner - 1], account->balance);
        check->wallets[owner - 1] = 0;
    } else if (account->purpose == PURPOSE_takings && owner <= city_shop_count(city)) {
        account_compare(check, "the takings", owner, check->takings[owner - 1], account->balance);
        check->takings[owner - 1] = 0;
    } else if (account->purpose == PURPOSE_budget_platform || account->purpose == PURPOSE_budget_merchant) {
        check->budget_seen += account->balance;
    }
    return true;
}

static void sums_book(struct check *check)
{
    const struct city_settings *city = check->book->city;
    for (uint64_t i = 0; i < city->shopper_count; i++) {
        check->wallets[i] = city->balance_minor;
    }
    for (size_t i = 0; i < city->campaign_count; i++) {
        check->budget += city->campaigns[i].platform_minor + city->campaigns[i].merchant_minor;
    }
    for (uint32_t i = 0; i < check->book->count; i++) {
        op_sum(check, &check->book->ops[i]);
    }
}

/* Accounts that the store should have and has not. */
static void sums_left(struct check *check)
{
    const struct city_settings *city = check->book->city;
    account_compare(check, "the budgets", 0, check->budget, check->budget_seen);
    for (uint64_t i = 0; i < city->shopper_count; i++) {
        account_compare(check, "the missing wallet", (int64_t)i + 1, check->wallets[i], 0);
    }
    for (uint32_t i = 0; i < city_shop_count(city); i++) {
        account_compare(check, "the missing takings", (int64_t)i + 1, check->takings[i], 0);
    }
}

/* ---- */

static bool scan(struct reader *reader, const struct table *table, scan_row *each, struct check *check)
{
    struct span all = { NULL, 0 };
    return reader->ops->scan(reader, table, all, each, check) == STATUS_ok;
}

static void again_note(struct check *check)
{
    for (uint32_t i = 0; i < check->book->count; i++) {
        const struct op *op = &check->book->ops[i];
        if (op->kind == OP_pay_again && (!op->answered || said_yes(op))) {
            check->again[op->about] = 1;
        }
    }
}

void store_check(struct book *book, const char *store, bool settled)
{
    struct reader *reader;
    struct store_error error = { .text = "" };
    struct check check = { .book = book };
    check.requests = calloc((size_t)book->count + 1, 1);
    check.rows = calloc((size_t)book->count + 1, 1);
    check.again = calloc((size_t)book->count + 1, 1);
    check.wallets = calloc(book->city->shopper_count, sizeof(*check.wallets));
    check.takings = calloc(city_shop_count(book->city), sizeof(*check.takings));
    assert(check.requests != NULL && check.rows != NULL && check.again != NULL);
    assert(check.wallets != NULL && check.takings != NULL);
    again_note(&check);
    if (store_snapshot_open(store, product_tables, &reader, &error) != STATUS_ok) {
        book_fault(book, FAULT_KIND_server, "the store cannot be read: %s", error.text);
    } else {
        bool read = reader->ops->begin(reader) == STATUS_ok;
        read = read && scan(reader, &request_table, request_check, &check) &&
               scan(reader, &trade_table, trade_check, &check) && scan(reader, &refund_table, refund_check, &check);
        if (read) {
            missing_check(&check);
        }
        if (read && settled) {
            sums_book(&check);
            read = scan(reader, &account_table, account_check, &check);
            sums_left(&check);
        }
        if (!read) {
            book_fault(book, FAULT_KIND_server, "the store cannot be read: %s", reader_error(reader));
        }
        reader->ops->end(reader);
        reader->ops->close(reader);
    }
    free(check.requests);
    free(check.rows);
    free(check.again);
    free(check.wallets);
    free(check.takings);
}
