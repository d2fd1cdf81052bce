/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a journal: which segment, where in it, and which are free. */
#include "store/journal.h"

#include <stdlib.h>
#include <sys/stat.h>

#define SPARES_WANTED 4
#define BUSY_BYTES ((size_t)1 << 20) /* a journal that never came so far needs no spare segments */
#define PREPARE_BYTES ((size_t)1 << 20) /* written at a time */

struct life {
    uint32_t segment;
    uint64_t last_batch;
};

struct journal {
    struct journal_handle handle; /* keeper */
    struct journal_handle spare_handle; /* write-back thread */
    struct journal_header header;
    const atomic_uint_least64_t *written;

    /* keeper */
    uint64_t sequence;
    uint64_t durable;
    size_t at; /* in the newest segment */
    struct life lives[SEGMENTS_MAX]; /* of segments in use, oldest first, taken modulo their number */
    uint64_t oldest, newest;         /* counts; the newest is being written when they differ */

    pthread_mutex_t lock;
    bool busy;
    uint32_t segment_count; /* of the file, also such as are being prepared */
    uint32_t spares[SEGMENTS_MAX];
    uint32_t spare_count;
};

static uint64_t segment_at(uint32_t segment)
{
    return JOURNAL_BLOCK + (uint64_t)segment * SEGMENT_BYTES;
}

/* As readable as the store itself: its rows are in it. */
static enum status mode_take(const char *path, const char *store_path, struct store_error *error)
{
    struct stat about;
    if (stat(store_path, &about) != 0 || chmod(path, about.st_mode & 0777) != 0) {
        error_set(error, "%.150s cannot be given the mode of the store", path);
        return STATUS_fault;
    }
    return STATUS_ok;
}

enum status journal_create(const char *vfs, const char *store_path, const struct journal_header *header,
                           const atomic_uint_least64_t *written, struct journal **created,
                           struct store_error *error)
{
    enum status status = journal_remove(vfs, store_path, error);
    if (status != STATUS_ok) {
        return status;
    }
    struct journal *journal = calloc(1, sizeof(*journal));
    assert(journal != NULL);
    journal->header = *header;
    journal->durable = header->base;
    journal->written = written;
    pthread_mutex_init(&journal->lock, NULL);
    status = journal_open_file(&journal->handle, vfs, store_path, true, error);
    if (status == STATUS_ok) {
        status = mode_take(journal->handle.path, store_path, error);
    }
    if (status == STATUS_ok) {
        status = journal_open_file(&journal->spare_handle, vfs, store_path, true, error);
    }
    if (status == STATUS_ok && !journal_header_write(&journal->handle, header)) {
        error_set(error, "%.150s cannot be written", journal->handle.path);
        status = STATUS_fault;
    }
    if (status != STATUS_ok) {
        journal_close(journal);
        return status;
    }
    *created = journal;
    return STATUS_ok;
}

void journal_close(struct journal *journal)
{
    if (journal != NULL) {
        journal_close_file(&journal->handle);
        journal_close_file(&journal->spare_handle);
        pthread_mutex_destroy(&journal->lock);
        free(journal);
    }
}

enum status journal_remove(const char *vfs, const char *store_path, struct store_error *error)
{
    struct journal_handle handle;
    enum status status = journal_open_file(&handle, vfs, store_path, false, NULL);
    if (status != STATUS_ok) {
        return status == STATUS_not_found ? STATUS_ok : status;
    }
    journal_close_file(&handle);
    if (handle.vfs->xDelete(handle.vfs, handle.path, 1) != SQLITE_OK) {
        error_set(error, "%.150s cannot be removed", handle.path);
        return STATUS_fault;
    }
    return STATUS_ok;
}

/* ---- segments ---- */

/* With `lock` held: segments of which the tables hold everything. The newest is never one of them. */
static void segments_free(struct journal *journal)
{
    uint64_t written = atomic_load_explicit(journal->written, memory_order_acquire);
    while (journal->newest - journal->oldest > 1 &&
           journal->lives[journal->oldest % SEGMENTS_MAX].last_batch <= written) {
        journal->spares[journal->spare_count++] = journal->lives[journal->oldest % SEGMENTS_MAX].segment;
        journal->oldest++;
    }
}

/* Goes on in another segment. Without a spare one the file grows by what is written, which is slower. */
static bool segment_start(struct journal *journal)
{
    bool ok = true;
    uint32_t segment = 0;
    pthread_mutex_lock(&journal->lock);
    segments_free(journal);
    if (journal->spare_count > 0) {
        segment = journal->spares[--journal->spare_count];
    } else if (journal->segment_count < SEGMENTS_MAX) {
        segment = journal->segment_count++;
    } else {
        ok = false;
    }
    pthread_mutex_unlock(&journal->lock);
    if (ok) {
        journal->lives[journal->newest++ % SEGMENTS_MAX] = (struct life){ .segment = segment };
        journal->sequence++;
        journal->at = 0;
    }
    return ok;
}

bool journal_wants(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    bool wants =
        journal->busy && journal->spare_count < SPARES_WANTED && journal->segment_count < SEGMENTS_MAX;
    pthread_mutex_unlock(&journal->lock);
    return wants;
}

bool journal_prepare(struct journal *journal)
{
    static const uint8_t zeroes[PREPARE_BYTES];
    pthread_mutex_lock(&journal->lock);
    uint32_t segment = journal->segment_count;
    bool ok = segment < SEGMENTS_MAX;
    journal->segment_count += ok;
    pthread_mutex_unlock(&journal->lock);
    if (!ok) {
        return true; /* the keeper will say so when it comes to that */
    }
    for (size_t at = 0; at < SEGMENT_BYTES; at += PREPARE_BYTES) {
        if (!journal_bytes_write(&journal->spare_handle, zeroes, PREPARE_BYTES, segment_at(segment) + at) ||
            !journal_file_sync(&journal->spare_handle)) {
            return false;
        }
    }
    pthread_mutex_lock(&journal->lock);
    journal->spares[journal->spare_count++] = segment;
    pthread_mutex_unlock(&journal->lock);
    return true;
}

/* ---- batches ---- */

/* As many parts, from `first` on, as there is room for at `at`. */
static uint32_t parts_fitting(const struct batch *batch, uint32_t first, size_t at)
{
    uint32_t end = first;
    while (end < batch->part_count && batch->part_at[end + 1] - batch->part_at[first] <= SEGMENT_BYTES - at) {
        end++;
    }
    return end;
}

static bool parts_write(struct journal *journal, struct batch *batch, uint32_t first, uint32_t end)
{
    struct life *life = &journal->lives[(journal->newest - 1) % SEGMENTS_MAX];
    struct frame frame = { .journal = journal->header.journal,
                           .sequence = journal->sequence,
                           .durable = journal->durable };
    for (uint32_t i = first; i < end; i++) {
        frame_seal(batch->bytes + batch->part_at[i], &frame);
    }
    size_t size = batch->part_at[end] - batch->part_at[first];
    bool ok = journal_bytes_write(&journal->handle, batch->bytes + batch->part_at[first], size,
                          segment_at(life->segment) + journal->at);
    life->last_batch = batch->number;
    if (journal->at < BUSY_BYTES && journal->at + size >= BUSY_BYTES) {
        pthread_mutex_lock(&journal->lock);
        journal->busy = true;
        pthread_mutex_unlock(&journal->lock);
    }
    journal->at += size;
    return ok;
}

bool journal_write(struct journal *journal, struct batch *batch)
{
    for (uint32_t first = 0; first < batch->part_count;) {
        uint32_t end = journal->newest == 0 ? first : parts_fitting(batch, first, journal->at);
        if (end == first) {
            if (!segment_start(journal)) {
                return false;
            }
            end = parts_fitting(batch, first, 0);
            assert(end > first); /* a part fits into a segment */
        }
        if (!parts_write(journal, batch, first, end)) {
            return false;
        }
        first = end;
    }
    return true;
}

bool journal_sync(struct journal *journal, uint64_t last_batch)
{
    bool ok = journal_file_sync(&journal->handle);
    if (ok) {
        journal->durable = last_batch;
    }
    return ok;
}
