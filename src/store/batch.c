/* SPDX-License-Identifier: Apache-2.0 */
/* Batches on their way to the journal, packed once. The thread that owns the batch. */
#include "store/internal.h"

#include "store/journal.h"

#include <stdlib.h>

#define PART_MAGIC UINT32_C(0x314a544f) /* "OTJ1" */

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "journal heads are little-endian");
static_assert(sizeof(struct part_head) == 40, "a journal head has no padding");

/* Room for `size` more bytes, and for the rest of the last block. */
static bool batch_reserve(struct batch *batch, size_t size)
{
    size += JOURNAL_BLOCK;
    if (batch->capacity - batch->size >= size) {
        return true;
    }
    size_t capacity = batch->capacity < 65536 ? 65536 : batch->capacity;
    while (capacity - batch->size < size) {
        capacity *= 2;
    }
    uint8_t *bytes = realloc(batch->bytes, capacity);
    if (bytes == NULL) {
        return false;
    }
    batch->bytes = bytes;
    batch->capacity = capacity;
    return true;
}

void batch_begin(struct batch *batch, uint64_t number)
{
    if (batch->capacity > 4 * PART_SIZE_MAX) { /* an unusually large one came before */
        free(batch->bytes);
        batch->bytes = NULL;
        batch->capacity = 0;
    }
    batch->number = number;
    batch->size = 0;
    batch->part_count = 0;
    batch->row_count = 0;
    batch->done = NULL;
}

/* The journal is written in whole blocks. */
static void block_fill(struct batch *batch)
{
    size_t end = block_end(batch->size);
    memset(batch->bytes + batch->size, 0, end - batch->size);
    batch->size = end;
}

static void part_end(struct batch *batch)
{
    if (batch->part_count > 0) {
        batch->part_size[batch->part_count - 1] = batch->size - batch->part_at[batch->part_count - 1];
        block_fill(batch);
    }
}

static bool part_open(struct batch *batch)
{
    assert(batch->part_count < BATCH_PARTS_MAX);
    if (!batch_reserve(batch, JOURNAL_BLOCK + RECORDS_AT)) {
        return false;
    }
    part_end(batch);
    struct part_head head = { .magic = PART_MAGIC, .part = batch->part_count, .batch = batch->number };
    memset(batch->bytes + batch->size, 0, sizeof(struct frame)); /* the journal fills it in */
    memcpy(batch->bytes + batch->size + sizeof(struct frame), &head, sizeof(head));
    batch->part_at[batch->part_count++] = batch->size;
    batch->size += RECORDS_AT;
    return true;
}

enum status batch_add(struct batch *batch, const struct row_change *change)
{
    size_t part_start = batch->part_count > 0 ? batch->part_at[batch->part_count - 1] : 0;
    if (batch->part_count == 0 || batch->size - part_start > PART_SIZE_MAX - RECORD_SIZE_MAX) {
        if (!part_open(batch)) {
            return STATUS_fault;
        }
        part_start = batch->part_at[batch->part_count - 1];
    }
    if (!batch_reserve(batch, RECORD_SIZE_MAX)) {
        return STATUS_fault;
    }
    uint8_t *at = batch->bytes + batch->size;
    uint8_t *image = at + RECORD_HEAD_SIZE + change->key.size;
    size_t image_size = change->exists ? row_pack(change->table, change->row, image, ROW_SIZE_MAX) : 0;
    if (change->exists && image_size == 0) {
        return STATUS_too_large;
    }
    batch->size +=
        record_write(at, change->table->number, change->exists, change->key, image_size) + image_size;
    batch->row_count++;
    uint32_t rows;
    uint8_t *counter = batch->bytes + part_start + sizeof(struct frame) + offsetof(struct part_head, rows);
    memcpy(&rows, counter, sizeof(rows));
    rows++;
    memcpy(counter, &rows, sizeof(rows));
    return STATUS_ok;
}

static uint64_t part_checksum(struct part_head head, const uint8_t *records)
{
    head.checksum = 0;
    return checksum(records, head.size, checksum(&head, sizeof(head), 0));
}

void batch_seal(struct batch *batch)
{
    if (batch->part_count == 0) { /* a batch without changes still has its number and its `done` */
        bool opened = part_open(batch);
        assert(opened);
    }
    part_end(batch);
    batch->part_at[batch->part_count] = batch->size;
    for (uint32_t i = 0; i < batch->part_count; i++) {
        struct part_head head;
        uint8_t *at = batch->bytes + batch->part_at[i] + sizeof(struct frame);
        memcpy(&head, at, sizeof(head));
        head.part_count = batch->part_count;
        head.size = batch->part_size[i] - RECORDS_AT;
        head.checksum = part_checksum(head, at + sizeof(head));
        memcpy(at, &head, sizeof(head));
    }
}

bool part_check(const uint8_t *bytes, size_t size, struct part_head *head)
{
    if (size < sizeof(*head)) {
        return false;
    }
    memcpy(head, bytes, sizeof(*head));
    return head->magic == PART_MAGIC && head->size == size - sizeof(*head) && head->part < head->part_count &&
           head->part_count <= BATCH_PARTS_MAX &&
           head->checksum == part_checksum(*head, bytes + sizeof(*head));
}
