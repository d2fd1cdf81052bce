/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/feed.h"

#include "base/hash.h"

#define FEED_VERSION 1
#define HEAD_SIZE (1 + 3 * 8 + 3 * 4)
#define REFUSAL_SIZE 8
#define ROW_HEAD_SIZE 6
#define FEED_ROW_SIZE_MAX (ROW_HEAD_SIZE + KEY_SIZE_MAX + 2 * ROW_SIZE_MAX)

static_assert(KEY_SIZE_MAX <= UINT8_MAX, "the size of a key is one byte");
static_assert(ROW_SIZE_MAX <= UINT16_MAX, "the size of an image is two bytes");
static_assert(TABLE_COUNT_MAX <= UINT8_MAX, "the number of a table is one byte");

void feed_tally_calls(struct feed_tally *tally, const struct call *calls)
{
    for (const struct call *call = calls; call != NULL; call = call->next) {
        if (call->status != STATUS_ok) {
            continue;
        }
        tally->answered++;
        if (call->refusal != REFUSAL_none && !call->repeated && call->caller.kind != CALLER_system) {
            assert((uint32_t)call->refusal < FEED_REFUSALS_MAX);
            tally->refused[call->refusal]++;
        }
    }
}

void feed_tally_add(struct feed_tally *tally, const struct feed_tally *more)
{
    tally->answered += more->answered;
    for (uint32_t i = 0; i < FEED_REFUSALS_MAX; i++) {
        tally->refused[i] += more->refused[i];
    }
}

/* ---- writing ---- */

struct feed_buffer {
    struct arena *arena;
    uint8_t *bytes;
    size_t size, capacity;
};

/* Room for `size` more bytes. */
static void buffer_reserve(struct feed_buffer *buffer, size_t size)
{
    if (buffer->capacity - buffer->size >= size) {
        return;
    }
    size_t capacity = 2 * buffer->capacity + size;
    uint8_t *bytes = arena_try_uncleared(buffer->arena, capacity);
    assert(bytes != NULL);
    if (buffer->size > 0) {
        memcpy(bytes, buffer->bytes, buffer->size);
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
}

static void number_write(struct feed_buffer *buffer, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        buffer->bytes[buffer->size++] = (uint8_t)(value >> (8 * i));
    }
}

static size_t image_write(struct feed_buffer *buffer, const struct table *table, const void *row)
{
    size_t size = row == NULL ? 0 : row_pack(table, row, buffer->bytes + buffer->size, ROW_SIZE_MAX);
    assert(row == NULL || size > 0);
    buffer->size += size;
    return size;
}

static void row_write(struct feed_buffer *buffer, const struct row_change *change)
{
    buffer_reserve(buffer, FEED_ROW_SIZE_MAX);
    size_t head = buffer->size;
    buffer->size += ROW_HEAD_SIZE;
    memcpy(buffer->bytes + buffer->size, change->key.bytes, change->key.size);
    buffer->size += change->key.size;
    size_t before = image_write(buffer, change->table, row_before(change->row));
    size_t after = image_write(buffer, change->table, change->exists ? change->row : NULL);
    size_t end = buffer->size;
    buffer->size = head;
    number_write(buffer, change->table->number, 1);
    number_write(buffer, change->key.size, 1);
    number_write(buffer, before, 2);
    number_write(buffer, after, 2);
    buffer->size = end;
}

static void head_write(struct feed_buffer *buffer, const struct commit *commit, const struct feed_tally *tally,
                       uint32_t refusals, uint32_t rows)
{
    number_write(buffer, FEED_VERSION, 1);
    number_write(buffer, commit->number, 8);
    number_write(buffer, (uint64_t)commit->at_us, 8);
    number_write(buffer, (uint64_t)commit->stamp, 8);
    number_write(buffer, tally->answered, 4);
    number_write(buffer, refusals, 4);
    number_write(buffer, rows, 4);
}

struct span feed_write(struct arena *arena, const struct commit *commit, const struct feed_tally *tally,
                       bool (*tells)(const struct row_change *change))
{
    struct feed_buffer room = { .arena = arena }, *buffer = &room;
    uint32_t refusals = 0, rows = 0;
    buffer_reserve(buffer, HEAD_SIZE + FEED_REFUSALS_MAX * REFUSAL_SIZE);
    buffer->size = HEAD_SIZE;
    for (uint32_t i = 0; i < FEED_REFUSALS_MAX; i++) {
        if (tally->refused[i] > 0) {
            number_write(buffer, i, 4);
            number_write(buffer, tally->refused[i], 4);
            refusals++;
        }
    }
    for (size_t i = 0; i < commit->change_count; i++) {
        if (tells != NULL && tells(&commit->changes[i])) {
            row_write(buffer, &commit->changes[i]);
            rows++;
        }
    }
    size_t end = buffer->size;
    buffer->size = 0;
    head_write(buffer, commit, tally, refusals, rows);
    assert(buffer->size == HEAD_SIZE);
    buffer->size = end;
    return (struct span){ (const char *)buffer->bytes, buffer->size };
}

/* ---- reading ---- */

/* Once bytes were missing it stays failed and yields zeroes. */
struct input {
    struct span left;
    bool failed;
};

static struct span bytes_read(struct input *input, size_t size)
{
    if (input->failed || input->left.size < size) {
        input->failed = true;
        return (struct span){ NULL, 0 };
    }
    struct span bytes = { input->left.bytes, size };
    input->left = (struct span){ input->left.bytes + size, input->left.size - size };
    return bytes;
}

static uint64_t number_read(struct input *input, size_t size)
{
    struct span bytes = bytes_read(input, size);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        value |= (uint64_t)(uint8_t)bytes.bytes[i] << (8 * i);
    }
    return value;
}

static const struct table *table_of(const struct table *const *tables, uint32_t number)
{
    for (size_t i = 0; tables[i] != NULL; i++) {
        if (tables[i]->number == number) {
            return tables[i];
        }
    }
    return NULL;
}

static bool row_read(struct input *input, struct arena *arena, const struct table *const *tables,
                     struct row_change *change)
{
    change->table = table_of(tables, (uint32_t)number_read(input, 1));
    size_t key_size = number_read(input, 1);
    size_t before_size = number_read(input, 2);
    size_t after_size = number_read(input, 2);
    struct span key = bytes_read(input, key_size);
    struct span before = bytes_read(input, before_size);
    struct span after = bytes_read(input, after_size);
    if (input->failed || change->table == NULL) {
        return false;
    }
    change->key = (struct span){ arena_copy(arena, key.bytes, key.size), key.size };
    change->hash = row_hash(change->table, hash_bytes(key.bytes, key.size));
    change->exists = after.size > 0;
    change->version = VERSION_UNREAD;
    change->row = row_image(arena, change->table, change->key, before, after);
    return change->row != NULL;
}

static bool refusals_read(struct input *input, struct arena *arena, size_t count, struct commit *commit)
{
    if (count > FEED_REFUSALS_MAX) {
        return false;
    }
    struct refused *refused = arena_take(arena, count * sizeof(*refused));
    for (size_t i = 0; i < count; i++) {
        int number = (int)(number_read(input, 4) % FEED_REFUSALS_MAX);
        refused[i].count = (uint32_t)number_read(input, 4);
        if (input->failed || refusal_text(number) == NULL) {
            return false;
        }
        refused[i].refusal = (enum refusal)number;
    }
    commit->refused = refused;
    commit->refused_count = count;
    return true;
}

bool feed_read(struct arena *arena, const struct table *const *tables, uint32_t node, struct span feed,
               struct commit *commit)
{
    struct input input = { .left = feed };
    *commit = (struct commit){ .node = node, .foreign = true };
    if (number_read(&input, 1) != FEED_VERSION) {
        return false;
    }
    commit->number = number_read(&input, 8);
    commit->at_us = (int64_t)number_read(&input, 8);
    commit->stamp = (int64_t)number_read(&input, 8);
    commit->answered = (uint32_t)number_read(&input, 4);
    size_t refusals = number_read(&input, 4);
    size_t rows = number_read(&input, 4);
    if (input.failed || rows > BATCH_ROWS_MAX || !refusals_read(&input, arena, refusals, commit)) {
        return false;
    }
    struct row_change *changes = arena_take(arena, rows * sizeof(*changes));
    for (size_t i = 0; i < rows; i++) {
        if (!row_read(&input, arena, tables, &changes[i])) {
            return false;
        }
    }
    commit->changes = changes;
    commit->change_count = rows;
    return input.left.size == 0;
}
