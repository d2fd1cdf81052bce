/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

#include <stdlib.h>

#define PART_MAGIC UINT32_C(0x314a544f) /* "OTJ1" */

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "journal heads are little-endian");
static_assert(sizeof(struct part_head) == 40, "a journal head has no padding");

static bool batch_reserve(struct batch *batch, size_t size)
{
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

static bool part_open(struct batch *batch)
{
    assert(batch->part_count < BATCH_PARTS_MAX);
    if (!batch_reserve(batch, sizeof(struct part_head))) {
        return false;
    }
    struct part_head head = { .magic = PART_MAGIC, .part = batch->part_count, .batch = batch->number };
    memcpy(batch->bytes + batch->size, &head, sizeof(head));
    batch->part_at[batch->part_count++] = batch->size;
    batch->size += sizeof(head);
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
    uint8_t *counter = batch->bytes + part_start + offsetof(struct part_head, rows);
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
    batch->part_at[batch->part_count] = batch->size;
    for (uint32_t i = 0; i < batch->part_count; i++) {
        struct part_head head;
        uint8_t *at = batch->bytes + batch->part_at[i];
        memcpy(&head, at, sizeof(head));
        head.part_count = batch->part_count;
        head.size = batch->part_at[i + 1] - batch->part_at[i] - sizeof(head);
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

bool journal_insert(sqlite3_stmt *insert, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->part_count; i++) {
        size_t size = batch->part_at[i + 1] - batch->part_at[i];
        sqlite3_bind_int64(insert, 1, journal_sequence(batch->number, i));
        sqlite3_bind_blob64(insert, 2, batch->bytes + batch->part_at[i], size, SQLITE_STATIC);
        int rc = sqlite3_step(insert);
        sqlite3_reset(insert);
        if (rc != SQLITE_DONE) {
            return false;
        }
    }
    return true;
}

/* Where the reading of a journal stands: which part must come next. */
struct journal_place {
    uint64_t batch;
    uint32_t part, part_count;
};

static bool place_next(struct journal_place *place, const struct part_head *head)
{
    bool batch_begins = place->part == place->part_count;
    if (batch_begins ? (head->part != 0 || (place->batch != 0 && head->batch != place->batch + 1))
                     : (head->batch != place->batch || head->part != place->part ||
                        head->part_count != place->part_count)) {
        return false;
    }
    *place = (struct journal_place){ head->batch, head->part + 1, head->part_count };
    return true;
}

static enum status journal_step(sqlite3_stmt *select, struct dirty *dirty, struct journal_extent *extent,
                                struct journal_place *place, struct store_error *error)
{
    struct part_head head;
    int64_t batch = sqlite3_column_int64(select, 0) / JOURNAL_PARTS;
    int64_t part = sqlite3_column_int64(select, 0) % JOURNAL_PARTS;
    const uint8_t *bytes = sqlite3_column_blob(select, 1);
    size_t size = (size_t)sqlite3_column_bytes(select, 1);
    if (bytes == NULL || !part_check(bytes, size, &head) || head.batch != (uint64_t)batch ||
        head.part != part) {
        error_set(error, "the journal is damaged: batch %lld, part %lld", (long long)batch, (long long)part);
        return STATUS_bad_input;
    }
    if (!place_next(place, &head)) {
        error_set(error, "the journal has a gap before batch %lld, part %lld", (long long)batch,
                  (long long)part);
        return STATUS_bad_input;
    }
    if (extent->first == 0) {
        extent->first = head.batch;
        if (head.batch > extent->written + 1) {
            error_set(error, "the journal begins with batch %lld, but the tables end with %lld",
                      (long long)batch, (long long)extent->written);
            return STATUS_bad_input;
        }
    }
    extent->last = head.batch;
    if (head.batch > extent->written && !dirty_add(dirty, bytes + sizeof(head), head.size)) {
        error_set(error, "the journal makes no sense: batch %lld, part %lld", (long long)batch,
                  (long long)part);
        return STATUS_bad_input;
    }
    return STATUS_ok;
}

enum status journal_read(sqlite3 *db, struct dirty *dirty, struct journal_extent *extent,
                         struct store_error *error)
{
    sqlite3_stmt *select = NULL;
    struct journal_place place = { 0 };
    int64_t written = 0;
    *extent = (struct journal_extent){ 0 };
    enum status status = meta_get(db, "written", &written);
    extent->written = (uint64_t)written;
    if (status == STATUS_ok) {
        const char *sql = "SELECT sequence, image FROM journal ORDER BY sequence";
        status = status_of(sqlite3_prepare_v2(db, sql, -1, &select, NULL));
    }
    int rc = SQLITE_DONE;
    while (status == STATUS_ok && (rc = sqlite3_step(select)) == SQLITE_ROW) {
        status = journal_step(select, dirty, extent, &place, error);
    }
    if (status == STATUS_ok && rc != SQLITE_DONE) {
        status = status_of(rc);
        error_set(error, "reading the journal: %s", sqlite3_errmsg(db));
    }
    sqlite3_finalize(select);
    if (status == STATUS_ok && place.part != place.part_count) {
        error_set(error, "the journal ends inside batch %llu", (unsigned long long)place.batch);
        status = STATUS_bad_input;
    }
    dirty->batch_last = extent->last > extent->written ? extent->last : extent->written;
    return status;
}
