/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read is a list, a search or a report: hand-written portable SQL over durable rows, run on a read
 * connection of its own, beside the pipeline. Like a command it is described once; whoever offers it (the
 * REST door) decodes the request, carries the cursor and encodes the elements.
 *
 * A list is given out page by page. Each element comes with its key: the values that the list is ordered
 * by, in whatever bytes the read likes. The next page begins after the key of the last one. A read asks for
 * one row more than `limit` and hands out what it gets; the page itself counts and ends.
 *
 *     static enum refusal run(const struct read_call *call, struct read_page *page)
 *     {
 *         const struct trade_list *want = call->request;
 *         struct value binds[] = { VALUE_I64(want->shop_id), VALUE_I64(read_after_i64(call, INT64_MAX)),
 *                                  VALUE_I64(call->limit + 1) };
 *         call->reader->ops->query(call->reader, "SELECT … AND trade_id < ? ORDER BY trade_id DESC LIMIT ?", …);
 *
 * Runs on a reader's thread. A query's status goes back through `read_status`: a fault ends the page.
 */
#ifndef ENGINE_READ_H
#define ENGINE_READ_H

#include "engine/command.h"
#include "engine/reader.h"

#define READ_KEY_SIZE_MAX 96

struct read_call {
    struct reader *reader; /* its snapshot is open */
    const void *request;
    struct caller caller;
    int64_t now_us;
    int32_t limit;     /* elements wanted, 1 to PAGE_ROWS_MAX; 1 for a report */
    struct span after; /* key of the last element of the page before; empty: from the beginning */
};

/* Who takes the elements; `emit` returns false when it wants no more. */
struct read_page {
    bool (*emit)(struct read_page *page, const void *element, struct span key);
    enum status status; /* of the queries */
};

typedef enum refusal read_fn(const struct read_call *call, struct read_page *page);

enum read_flag {
    READ_single = 1, /* a report: one object, no pages; no element means 404 */
};

struct read {
    const char *name;  /* noun_verb: "trade_list" */
    const char *route; /* GET "/v1/shops/{shop_id}/trades" */
    unsigned flags;    /* enum read_flag */
    unsigned callers;  /* CALLER_BIT of those who may call it at all */
    const struct shape *request; /* path and query; not `limit` and `cursor` */
    const struct shape *element;
    read_fn *run;
    const char *summary; /* one sentence for people */
};

/* Keys that are one number. */
static inline int64_t read_after_i64(const struct read_call *call, int64_t from_the_beginning)
{
    int64_t value = from_the_beginning;
    if (call->after.size == sizeof(value)) {
        memcpy(&value, call->after.bytes, sizeof(value));
    }
    return value;
}

static inline bool read_emit_i64(struct read_page *page, const void *element, int64_t key)
{
    struct span bytes = { (const char *)&key, sizeof(key) };
    return page->emit(page, element, bytes);
}

/* Keeps the first fault of a read's queries. */
static inline bool read_status(struct read_page *page, enum status status)
{
    if (page->status == STATUS_ok) {
        page->status = status;
    }
    return status == STATUS_ok;
}

#endif
