/* SPDX-License-Identifier: Apache-2.0 */
#include "app/copy_flow.h"

#include <pthread.h>
#include <stdlib.h>

#define PIECES 4
#define PIECE_BYTES ((size_t)1 << 20)

struct piece {
    size_t size;
    uint8_t bytes[PIECE_BYTES + RECORD_SIZE_MAX]; /* records */
};

struct flow {
    struct reader *reader;
    const struct table *const *tables;
    pthread_t thread;
    /* the reading thread's */
    const struct table *table;
    struct piece *filling;
    enum status status; /* until it has ended */
    /* shared */
    pthread_mutex_t lock;
    pthread_cond_t filled_wake, taken_wake;
    uint64_t filled, taken; /* pieces; they stand at these numbers modulo PIECES */
    bool ended, stopping;
    /* the taking thread's */
    size_t at;
    struct record row;
    struct piece pieces[PIECES];
};

/* ---- reading ---- */

/* The next piece to fill; NULL: nobody wants more. */
static struct piece *piece_await(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    while (!flow->stopping && flow->filled - flow->taken == PIECES) {
        pthread_cond_wait(&flow->taken_wake, &flow->lock);
    }
    struct piece *piece = flow->stopping ? NULL : &flow->pieces[flow->filled % PIECES];
    pthread_mutex_unlock(&flow->lock);
    if (piece != NULL) {
        piece->size = 0;
    }
    return piece;
}

static void piece_pass(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    flow->filled++;
    pthread_cond_signal(&flow->filled_wake);
    pthread_mutex_unlock(&flow->lock);
}

static bool row_take(void *context, const void *row)
{
    struct flow *flow = context;
    uint8_t key[KEY_SIZE_MAX], image[ROW_SIZE_MAX];
    if (flow->filling->size >= PIECE_BYTES) {
        piece_pass(flow);
        flow->filling = piece_await(flow);
        if (flow->filling == NULL) {
            return false;
        }
    }
    size_t key_size = row_key_write(flow->table, row, key);
    size_t image_size = row_pack(flow->table, row, image, sizeof(image));
    assert(image_size > 0); /* it came out of a store, which packs all its rows */
    uint8_t *to = flow->filling->bytes + flow->filling->size;
    size_t size = record_write(to, flow->table->number, true, (struct span){ (const char *)key, key_size }, image_size);
    memcpy(to + size, image, image_size);
    flow->filling->size += size + image_size;
    return true;
}

static void *flow_run(void *context)
{
    struct flow *flow = context;
    struct span all = { NULL, 0 };
    flow->filling = piece_await(flow);
    for (size_t i = 0; flow->tables[i] != NULL && flow->status == STATUS_ok && flow->filling != NULL; i++) {
        flow->table = flow->tables[i];
        flow->status = flow->reader->ops->scan(flow->reader, flow->table, all, row_take, flow);
    }
    if (flow->filling != NULL && flow->filling->size > 0) {
        piece_pass(flow);
    }
    pthread_mutex_lock(&flow->lock);
    flow->ended = true;
    pthread_cond_signal(&flow->filled_wake);
    pthread_mutex_unlock(&flow->lock);
    return NULL;
}

/* ---- taking ---- */

struct flow *flow_open(struct reader *reader, const struct table *const *tables)
{
    struct flow *flow = calloc(1, sizeof(*flow));
    assert(flow != NULL);
    flow->reader = reader;
    flow->tables = tables;
    flow->status = STATUS_ok;
    pthread_mutex_init(&flow->lock, NULL);
    pthread_cond_init(&flow->filled_wake, NULL);
    pthread_cond_init(&flow->taken_wake, NULL);
    int rc = pthread_create(&flow->thread, NULL, flow_run, flow);
    assert(rc == 0);
    return flow;
}

/* Whether a piece is there to be taken from. */
static bool filled_await(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    while (!flow->ended && flow->filled == flow->taken) {
        pthread_cond_wait(&flow->filled_wake, &flow->lock);
    }
    bool there = flow->filled > flow->taken;
    pthread_mutex_unlock(&flow->lock);
    return there;
}

const struct record *flow_row(struct flow *flow)
{
    if (flow->row.exists) {
        return &flow->row;
    }
    if (!filled_await(flow)) {
        return NULL;
    }
    const struct piece *piece = &flow->pieces[flow->taken % PIECES];
    size_t size = record_read(piece->bytes + flow->at, piece->size - flow->at, &flow->row);
    assert(size > 0); /* as they were written */
    flow->at += size;
    return &flow->row;
}

bool flow_failed(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    bool failed = flow->ended && flow->status != STATUS_ok;
    pthread_mutex_unlock(&flow->lock);
    return failed;
}

void flow_step(struct flow *flow)
{
    assert(flow->row.exists);
    flow->row.exists = false;
    if (flow->at == flow->pieces[flow->taken % PIECES].size) {
        flow->at = 0;
        pthread_mutex_lock(&flow->lock);
        flow->taken++;
        pthread_cond_signal(&flow->taken_wake);
        pthread_mutex_unlock(&flow->lock);
    }
}

enum status flow_close(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    flow->stopping = true;
    pthread_cond_signal(&flow->taken_wake);
    pthread_mutex_unlock(&flow->lock);
    pthread_join(flow->thread, NULL);
    enum status status = flow->status;
    pthread_mutex_destroy(&flow->lock);
    pthread_cond_destroy(&flow->filled_wake);
    pthread_cond_destroy(&flow->taken_wake);
    free(flow);
    return status;
}
