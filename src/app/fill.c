/* SPDX-License-Identifier: Apache-2.0 */
#include "app/fill.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/place.h"
#include "base/digest.h"
#include "engine/engine.h"
#include "ledger/ledger.h"
#include "lines/product.h"

#define CALLS_MAX 4096 /* on their way at a time: two full batches */
#define CACHE_MB_DEFAULT 256
#define REPEATS_MAX 20 /* of one call */

static_assert(CALLS_MAX <= QUEUE_CALLS_MAX, "whoever has a place here has one in the queue");

struct fill_call {
    struct call call;
    struct command keyless; /* the command as one that takes no key */
    struct fill *fill;
    uint64_t tag;
    uint32_t repeats;
    struct fill_call *next; /* in the free list */
    _Alignas(16) uint8_t request[FILL_STRUCT_SIZE_MAX];
    _Alignas(16) uint8_t answer[FILL_STRUCT_SIZE_MAX];
};

struct fill {
    struct fill_settings settings;
    struct store *store;
    struct engine *engine;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t wake;
    struct fill_call *free;
    uint32_t free_count;
    uint64_t refused;
    struct fill_call *calls; /* CALLS_MAX */
};

static int64_t fill_now(void *context)
{
    return ((const struct fill *)context)->settings.now_us;
}

static bool row_seen(void *context, const void *row)
{
    (void)row;
    *(bool *)context = true;
    return false;
}

static bool store_is_empty(struct store *store, const struct place *place, char *error, size_t error_size)
{
    static const struct table *const tables[] = { &shopper_table, &shop_table, &trade_table };
    struct span all = { NULL, 0 };
    bool seen = false, read = true;
    for (size_t i = 0; read && !seen && i < COUNT_OF(tables); i++) {
        read = store->ops->scan(store, tables[i], all, row_seen, &seen) == STATUS_ok;
    }
    if (!read || seen) {
        snprintf(error, error_size, "%s: %s", place->name,
                 seen ? "it is in use; an empty one is needed" : "it cannot be read");
    }
    return read && !seen;
}

static bool store_open(struct fill *fill, struct place *place, char *error, size_t error_size)
{
    struct place_settings settings = { .cache_mb = fill->settings.cache_mb > 0 ? fill->settings.cache_mb
                                                                              : CACHE_MB_DEFAULT };
    const char *wrong = place_read(place, fill->settings.path, NULL);
    if (wrong != NULL) {
        snprintf(error, error_size, "%s", wrong);
        return false;
    }
    if (!place_open(place, &settings, &fill->store, error, error_size)) {
        return false;
    }
    if (fill->settings.empty && !store_is_empty(fill->store, place, error, error_size)) {
        fill->store->ops->close(fill->store);
        return false;
    }
    return true;
}

struct fill *fill_open(const struct fill_settings *settings, char *error, size_t error_size)
{
    struct place place;
    struct fill *fill = calloc(1, sizeof(*fill));
    assert(fill != NULL);
    fill->settings = *settings;
    if (!store_open(fill, &place, error, error_size)) {
        free(fill);
        return NULL;
    }
    struct engine_settings engine = { .store = fill->store, .timer_commands = product_timers, .check = ledger_check };
    if (settings->now_us != 0) {
        engine.now_us = fill_now;
        engine.clock_context = fill;
    }
    fill->engine = engine_open(&engine);
    if (fill->engine == NULL) {
        snprintf(error, error_size, "%s: the store cannot be read", place.name);
        fill->store->ops->close(fill->store);
        free(fill);
        return NULL;
    }
    fill->calls = calloc(CALLS_MAX, sizeof(*fill->calls));
    assert(fill->calls != NULL);
    pthread_mutex_init(&fill->lock, NULL);
    pthread_cond_init(&fill->wake, NULL);
    for (size_t i = 0; i < CALLS_MAX; i++) {
        fill->calls[i].fill = fill;
        fill->calls[i].next = fill->free;
        fill->free = &fill->calls[i];
    }
    fill->free_count = CALLS_MAX;
    engine_start(fill->engine);
    return fill;
}

/*
 * On a file calls without a deadline are decided. On a database one may have been beaten by others too often, or be
 * lost with the connection: the first did not happen, and the second has its effect once when it has a key.
 */
static void call_repeat(struct fill_call *self)
{
    struct call *call = &self->call;
    bool harmless = call->status == STATUS_busy || (call->status == STATUS_unknown && call->request_key[0] != '\0');
    if (harmless && self->repeats++ < REPEATS_MAX && engine_submit(self->fill->engine, call)) {
        return;
    }
    fprintf(stderr, "onetill: the database does not answer any more; what is in it is whole, but not all of it\n");
    _exit(EXIT_fault);
}

/* On a thread of the store's. */
static void call_done(struct call *call)
{
    struct fill_call *self = call->context;
    struct fill *fill = self->fill;
    if (call->status != STATUS_ok) {
        call_repeat(self);
        return;
    }
    if (fill->settings.done != NULL) {
        struct fill_done done = { .tag = self->tag,
                                  .command = call->command,
                                  .request = call->request,
                                  .answer = call->answer,
                                  .refusal = call->refusal };
        fill->settings.done(fill->settings.context, &done);
    }
    pthread_mutex_lock(&fill->lock);
    fill->refused += call->refusal != REFUSAL_none;
    self->next = fill->free;
    fill->free = self;
    fill->free_count++;
    if (fill->free_count == CALLS_MAX || fill->free_count == CALLS_MAX / 4) {
        pthread_cond_signal(&fill->wake);
    }
    pthread_mutex_unlock(&fill->lock);
}

/* Waits until a quarter is free, so that putting and deciding take turns in long strides. */
static struct fill_call *call_take(struct fill *fill)
{
    pthread_mutex_lock(&fill->lock);
    if (fill->free == NULL) {
        while (fill->free_count < CALLS_MAX / 4) {
            pthread_cond_wait(&fill->wake, &fill->lock);
        }
    }
    struct fill_call *self = fill->free;
    fill->free = self->next;
    fill->free_count--;
    pthread_mutex_unlock(&fill->lock);
    return self;
}

/* What makes two requests under one key the same: the command and every member, the same in every process. */
static void body_hash(const struct command *command, const void *request, uint8_t hash[16])
{
    uint8_t packed[sizeof(uint32_t) + 2 * FILL_STRUCT_SIZE_MAX];
    uint8_t digest[SHA256_SIZE];
    memcpy(packed, &command->number, sizeof(command->number));
    size_t size = shape_pack(command->request, 0, request, packed + sizeof(command->number),
                             sizeof(packed) - sizeof(command->number));
    assert(size > 0);
    sha256_write(packed, sizeof(command->number) + size, digest);
    memcpy(hash, digest, 16);
}

void fill_put(struct fill *fill, const struct command *command, const void *request, const char *key, uint64_t tag)
{
    assert(command->request->size <= FILL_STRUCT_SIZE_MAX);
    assert(command->answer->size <= FILL_STRUCT_SIZE_MAX);
    struct fill_call *self = call_take(fill);
    self->tag = tag;
    self->repeats = 0;
    memcpy(self->request, request, command->request->size);
    memset(self->answer, 0, command->answer->size);
    self->call = (struct call){ .command = command,
                                .request = self->request,
                                .answer = self->answer,
                                .caller = { .kind = CALLER_operator },
                                .done = call_done,
                                .context = self };
    if (key != NULL) {
        bool fits = span_copy(span_of(key), self->call.request_key, sizeof(self->call.request_key));
        assert(fits);
        body_hash(command, request, self->call.body_hash);
    } else {
        self->keyless = *command;
        self->keyless.flags |= COMMAND_unkeyed;
        self->call.command = &self->keyless;
    }
    bool taken = engine_submit(fill->engine, &self->call);
    assert(taken);
}

uint64_t fill_settle(struct fill *fill)
{
    pthread_mutex_lock(&fill->lock);
    while (fill->free_count < CALLS_MAX) {
        pthread_cond_wait(&fill->wake, &fill->lock);
    }
    uint64_t refused = fill->refused;
    pthread_mutex_unlock(&fill->lock);
    return refused;
}

void fill_close(struct fill *fill)
{
    (void)fill_settle(fill);
    engine_stop(fill->engine);
    engine_close(fill->engine);
    fill->store->ops->close(fill->store);
    pthread_mutex_destroy(&fill->lock);
    pthread_cond_destroy(&fill->wake);
    free(fill->calls);
    free(fill);
}
