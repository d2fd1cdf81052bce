/* SPDX-License-Identifier: Apache-2.0 */
#include "crash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TOLD_MAX 30 /* faults that are spelled out */

static const char *const kind_names[] = { "pay",     "create", "counter", "pay_again",     "qr_pay", "confirm",
                                          "decline", "refund", "cancel",  "cancel_number", "top_up", "withdraw" };
static_assert(COUNT_OF(kind_names) == OP_KIND_COUNT, "every kind has a name");

void book_init(struct book *book)
{
    *book = (struct book){ 0 };
    book->ops = calloc(OPS_MAX, sizeof(*book->ops));
    assert(book->ops != NULL);
}

void book_turn(struct book *book)
{
    for (uint32_t i = 0; i < book->count; i++) {
        free(book->ops[i].answer);
    }
    memset(book->ops, 0, sizeof(*book->ops) * book->count);
    book->count = 0;
    book->life = 0;
}

void book_release(struct book *book)
{
    book_turn(book);
    free(book->ops);
}

struct op *book_add(struct book *book, enum op_kind kind, uint32_t about)
{
    assert(book->count < OPS_MAX);
    struct op *op = &book->ops[book->count];
    *op = (struct op){ .kind = (uint8_t)kind, .about = about };
    if (kind <= OP_counter) {
        op->about = book->count;
    }
    book->count++;
    return op;
}

void book_fault(struct book *book, enum fault_kind kind, const char *format, ...)
{
    static const char *const names[] = { "LOST", "DOUBLED", "DIFFERS", "SUMS", "AUDIT", "SERVER" };
    va_list arguments;
    static_assert(COUNT_OF(names) == FAULT_KIND_COUNT, "every fault has a name");
    book->faults[kind]++;
    if (book->forging || book->told++ >= TOLD_MAX) {
        return;
    }
    printf("# %s: ", names[kind]);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

bool member(struct span json, const char *key, struct span *value)
{
    char wanted[64];
    int size = snprintf(wanted, sizeof(wanted), "\"%s\":", key);
    assert(size > 0 && (size_t)size < sizeof(wanted));
    const char *at = memmem(json.bytes, json.size, wanted, (size_t)size);
    if (at == NULL) {
        return false;
    }
    const char *end = json.bytes + json.size;
    at += size;
    bool quoted = at < end && *at == '"';
    at += quoted;
    const char *stop = at;
    while (stop < end && (quoted ? *stop != '"' : *stop != ',' && *stop != '}' && *stop != ']')) {
        stop++;
    }
    *value = (struct span){ at, (size_t)(stop - at) };
    return quoted || !span_equal(*value, SPAN("null"));
}

int64_t member_i64(struct span json, const char *key)
{
    struct span value;
    int64_t number;
    return member(json, key, &value) && span_to_i64(value, &number) ? number : 0;
}

/* ---- answers ---- */

/* A problem carries the number of the one HTTP request that it answers: that alone may differ. */
static char *answer_copy(struct span body)
{
    static const char mark[] = "urn:onetill:";
    char *copy = malloc(body.size + 1);
    assert(copy != NULL);
    if (body.size > 0) {
        memcpy(copy, body.bytes, body.size);
    }
    copy[body.size] = '\0';
    char *at = memmem(copy, body.size, mark, sizeof(mark) - 1);
    for (at = at != NULL ? at + sizeof(mark) - 1 : NULL; at != NULL && *at != '"' && *at != '\0'; at++) {
        *at = '-';
    }
    return copy;
}

/* What an answer that says yes tells of the trade, noted with whoever opened it. */
static void trade_note(struct book *book, const struct op *op, struct span body)
{
    struct op *opener = &book->ops[op->about];
    struct span value;
    opener->trade_id = member_i64(body, "trade_id");
    if (member(body, "paid_at", &value)) {
        int64_t paid_minor = member_i64(body, "paid_minor");
        int64_t discount_minor = member_i64(body, "discount_minor");
        if (opener->paid && (opener->paid_minor != paid_minor || opener->discount_minor != discount_minor)) {
            book_fault(book, FAULT_KIND_differs, "op %u: paid %lld, then paid %lld", op->about,
                       (long long)opener->paid_minor, (long long)paid_minor);
        }
        opener->paid = true;
        opener->paid_minor = paid_minor;
        opener->discount_minor = discount_minor;
    }
    if (member(body, "close_reason", &value) && span_equal(value, SPAN("cancelled"))) {
        opener->cancelled = true;
    }
}

static void first_answer(struct book *book, uint32_t index, int status, struct span body, char *copy)
{
    struct op *op = &book->ops[index];
    op->answered = true;
    op->http_status = (uint16_t)status;
    op->answer = copy;
    op->answer_size = (uint32_t)body.size;
    book->answered++;
    if (status >= 300) {
        book->refused++;
        return;
    }
    if (op->kind == OP_refund) {
        op->paid_minor = member_i64(body, "paid_minor");
        op->discount_minor = member_i64(body, "discount_minor");
    } else if (op->about != OP_NONE) {
        bool before = book->ops[op->about].paid;
        trade_note(book, op, body);
        book->payments += !before && book->ops[op->about].paid;
    }
}

void book_answer(struct book *book, uint32_t index, bool answered_before, int status, bool replayed,
                 struct span body)
{
    struct op *op = &book->ops[index];
    const char *name = kind_names[op->kind];
    bool expected = status == 200 || status == 201 || status == 402 || status == 403 || status == 404 ||
                    status == 409 || status == 422;
    if (!expected || memmem(body.bytes, body.size, "\"forbidden\"", 11) != NULL) {
        book_fault(book, FAULT_KIND_server, "op %u (%s) was answered %d: %.*s", index, name, status,
                   (int)body.size, body.bytes);
        return;
    }
    op->life = book->life;
    op->fresh += !replayed;
    if (!replayed && (answered_before || op->fresh > 1)) {
        book_fault(book, FAULT_KIND_doubled, "op %u (%s) was decided again: %.*s", index, name, (int)body.size,
                   body.bytes);
    }
    book->late += replayed && op->sent == 1;
    if (replayed && op->sent == 1 && !book->database) {
        book_fault(book, FAULT_KIND_doubled, "op %u (%s) was sent once and answered as repeated", index, name);
    }
    char *copy = answer_copy(body);
    if (!op->answered) {
        first_answer(book, index, status, body, copy);
        return;
    }
    book->repeated++;
    if (op->http_status != status || op->answer_size != body.size || memcmp(op->answer, copy, body.size) != 0) {
        book_fault(book, FAULT_KIND_differs, "op %u (%s) was answered %d %s and now %d %s", index, name,
                   op->http_status, op->answer, status, copy);
    }
    free(copy);
}

uint32_t book_open_count(const struct book *book)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < book->count; i++) {
        count += !book->ops[i].answered;
    }
    return count;
}
