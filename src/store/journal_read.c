/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a journal, also one that is being written. First all segments are looked through and the whole
 * batches found, then the file is synced, then their parts are read: so nothing is handed out that a power cut
 * could still take. Parts that changed in between show by their checksums.
 */
#include "store/journal.h"

#include <stdlib.h>

struct segment {
    uint64_t sequence;
    uint64_t at;          /* in the file */
    uint64_t first_batch; /* of its first part */
};

struct place {
    uint64_t at;
    uint64_t batch;
    size_t size;
};

struct walk {
    const struct journal_source *source;
    struct journal_handle handle;
    struct journal_header header;
    uint8_t *bytes; /* of one segment */
    struct segment *segments;
    size_t segment_count;
    struct place *places; /* parts beyond `written`, in order */
    size_t place_count, place_capacity;

    uint64_t newest;  /* batch of any whole part */
    uint64_t durable; /* that any frame knows of */
    uint64_t last;    /* whole batch in unbroken order */
    uint32_t part, part_count; /* of the batch after that one */
    uint64_t first;   /* batch beyond `written` that was found; 0: none */
    bool broken;      /* what comes now does not follow */
};

static int segment_order(const void *a, const void *b)
{
    const struct segment *left = a;
    const struct segment *right = b;
    return (left->sequence > right->sequence) - (left->sequence < right->sequence);
}

/* The newest life that shows in these blocks. */
static bool segment_note(struct walk *walk, size_t size, uint64_t at)
{
    struct segment found = { .at = at };
    for (size_t block = 0; block < size; block += JOURNAL_BLOCK) {
        struct frame frame;
        struct part_head head;
        if (frame_check(walk->bytes + block, size - block, &frame, &head) &&
            frame.journal == walk->source->journal && frame.sequence > found.sequence) {
            found.sequence = frame.sequence;
            found.first_batch = head.batch;
        }
    }
    if (found.sequence > 0) {
        walk->segments[walk->segment_count++] = found;
    }
    return found.sequence > 0;
}

/* As a rule its first block tells; when that is not whole, or continues, all of it is looked at. */
static enum status segment_find(struct walk *walk, uint64_t at)
{
    enum status status = journal_bytes_read(&walk->handle, walk->bytes, JOURNAL_BLOCK, at);
    if (status == STATUS_ok && !segment_note(walk, JOURNAL_BLOCK, at)) {
        status = journal_bytes_read(&walk->handle, walk->bytes, SEGMENT_BYTES, at);
        if (status == STATUS_ok) {
            (void)segment_note(walk, SEGMENT_BYTES, at); /* none: it was never used */
        }
    }
    return status;
}

/* Which segments there are, in the order in which they were written. */
static enum status segments_find(struct walk *walk)
{
    sqlite3_int64 size = 0;
    sqlite3_file *file = walk->handle.file;
    if (file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
        return STATUS_fault;
    }
    size_t most = (size_t)size / SEGMENT_BYTES + 1;
    walk->segments = calloc(most, sizeof(walk->segments[0]));
    walk->bytes = malloc(SEGMENT_BYTES);
    assert(walk->segments != NULL && walk->bytes != NULL);
    uint64_t at = JOURNAL_BLOCK;
    for (size_t i = 0; i < most && at < (uint64_t)size; i++, at += SEGMENT_BYTES) {
        enum status status = segment_find(walk, at);
        if (status != STATUS_ok) {
            return status;
        }
    }
    qsort(walk->segments, walk->segment_count, sizeof(walk->segments[0]), segment_order);
    return STATUS_ok;
}

static void place_add(struct walk *walk, struct place place)
{
    if (walk->place_count == walk->place_capacity) {
        walk->place_capacity = walk->place_capacity < 1024 ? 1024 : walk->place_capacity * 2;
        walk->places = realloc(walk->places, walk->place_capacity * sizeof(walk->places[0]));
        assert(walk->places != NULL);
    }
    walk->places[walk->place_count++] = place;
}

/* Whether this part comes next; parts of a batch that is not whole yet are on probation. */
static bool part_follows(struct walk *walk, const struct part_head *head)
{
    if (head->batch != walk->last + 1 || head->part != walk->part ||
        (walk->part > 0 && head->part_count != walk->part_count)) {
        return false;
    }
    walk->part = head->part + 1;
    walk->part_count = head->part_count;
    if (walk->part == walk->part_count) {
        walk->last = head->batch;
        walk->part = 0;
    }
    return true;
}

static void part_note(struct walk *walk, const struct frame *frame, const struct part_head *head, uint64_t at)
{
    walk->newest = head->batch > walk->newest ? head->batch : walk->newest;
    walk->durable = frame->durable > walk->durable ? frame->durable : walk->durable;
    if (head->batch > walk->source->written) {
        walk->first = walk->first == 0 ? head->batch : walk->first;
        walk->broken = walk->broken || !part_follows(walk, head);
        if (!walk->broken) {
            place_add(walk, (struct place){ at, head->batch, RECORDS_AT + (size_t)head->size });
        }
    }
}

/* Also behind what is not whole: there may stand what tells that it was, once. */
static void segment_walk(struct walk *walk, const struct segment *segment)
{
    struct frame frame;
    struct part_head head;
    for (size_t at = 0; at < SEGMENT_BYTES;) {
        if (frame_check(walk->bytes + at, SEGMENT_BYTES - at, &frame, &head) &&
            frame.journal == walk->source->journal && frame.sequence == segment->sequence) {
            part_note(walk, &frame, &head, segment->at + at);
            at += block_end(RECORDS_AT + (size_t)head.size);
        } else {
            at += JOURNAL_BLOCK;
        }
    }
}

static enum status segments_walk(struct walk *walk)
{
    enum status status = STATUS_ok;
    for (size_t i = 0; i < walk->segment_count && status == STATUS_ok; i++) {
        if (i + 1 < walk->segment_count && walk->segments[i + 1].first_batch <= walk->source->written) {
            continue; /* all of it is in the tables */
        }
        status = journal_bytes_read(&walk->handle, walk->bytes, SEGMENT_BYTES, walk->segments[i].at);
        if (status == STATUS_ok) {
            segment_walk(walk, &walk->segments[i]);
        }
    }
    return status;
}

/* STATUS_busy: as it stands this is not a journal of what is missing in the tables. */
static enum status walk_judge(struct walk *walk, struct store_error *error)
{
    const char *path = walk->handle.path;
    uint64_t written = walk->source->written;
    if (walk->first > written + 1) {
        error_set(error, "%.120s begins with batch %llu, but the tables end with %llu", path,
                  (unsigned long long)walk->first, (unsigned long long)written);
        return STATUS_busy;
    }
    if (walk->durable > walk->last) {
        error_set(error, "%.120s is damaged: batch %llu is not whole, though batch %llu was durable", path,
                  (unsigned long long)walk->last + 1, (unsigned long long)walk->durable);
        return STATUS_busy;
    }
    if (walk->newest < written && walk->header.base < written) {
        error_set(error, "%.120s ends with batch %llu, but the tables with %llu: it is older than the store", path,
                  (unsigned long long)walk->newest, (unsigned long long)written);
        return STATUS_busy;
    }
    return STATUS_ok;
}

static enum status walk_open(struct walk *walk, struct store_error *error)
{
    const struct journal_source *source = walk->source;
    enum status status = journal_open_file(&walk->handle, source->vfs, source->store_path, false, error);
    if (status != STATUS_ok) {
        return status == STATUS_not_found ? STATUS_busy : status; /* or the server is just closing */
    }
    status = journal_header_read(&walk->handle, &walk->header);
    if (status == STATUS_bad_input) {
        error_set(error, "%.120s is not a journal, or damaged", walk->handle.path);
    } else if (status == STATUS_ok && walk->header.journal != source->journal) {
        error_set(error, "%.120s is the journal of another store, or of another time", walk->handle.path);
        status = STATUS_busy;
    }
    return status;
}

static void walk_close(struct walk *walk)
{
    journal_close_file(&walk->handle);
    free(walk->segments);
    free(walk->bytes);
    free(walk->places);
}

static enum status walk_run(struct walk *walk, struct store_error *error)
{
    enum status status = segments_find(walk);
    walk->last = walk->source->written;
    if (status == STATUS_ok) {
        status = segments_walk(walk);
    }
    if (status == STATUS_ok) {
        status = walk_judge(walk, error);
    }
    if (status == STATUS_ok && !journal_file_sync(&walk->handle)) {
        status = STATUS_fault;
    }
    return status;
}

/* Reads the parts once more, and hands them out. */
static enum status places_visit(struct walk *walk, part_visit *visit, void *context, struct store_error *error)
{
    uint64_t end = walk->last < walk->source->most ? walk->last : walk->source->most;
    for (size_t i = 0; i < walk->place_count && walk->places[i].batch <= end; i++) {
        const struct place *place = &walk->places[i];
        struct frame frame;
        struct part_head head;
        enum status status = journal_bytes_read(&walk->handle, walk->bytes, place->size, place->at);
        if (status != STATUS_ok) {
            return status;
        }
        if (!frame_check(walk->bytes, place->size, &frame, &head) || head.batch != place->batch ||
            frame.journal != walk->source->journal) {
            error_set(error, "%.120s changed while it was read", walk->handle.path);
            return STATUS_busy;
        }
        if (!visit(context, &head, walk->bytes + sizeof(struct frame))) {
            error_set(error, "%.120s makes no sense: batch %llu, part %u", walk->handle.path,
                      (unsigned long long)head.batch, head.part);
            return STATUS_bad_input;
        }
    }
    walk->last = end;
    return STATUS_ok;
}

enum status journal_visit(const struct journal_source *source, part_visit *visit, void *context, uint64_t *last,
                          struct store_error *error)
{
    struct walk walk = { .source = source };
    enum status status = walk_open(&walk, error);
    if (status == STATUS_ok) {
        status = walk_run(&walk, error);
    }
    if (status == STATUS_ok) {
        status = places_visit(&walk, visit, context, error);
        *last = walk.last > source->written ? walk.last : source->written;
    }
    if (status == STATUS_fault) {
        error_set(error, "reading %.120s", walk.handle.path);
    }
    walk_close(&walk);
    return status;
}

static bool rows_visit(void *context, const struct part_head *head, const uint8_t *part)
{
    return dirty_add(context, part + sizeof(*head), head->size);
}

enum status journal_rows(const struct journal_source *source, struct dirty *dirty, struct store_error *error)
{
    return journal_visit(source, rows_visit, dirty, &dirty->batch_last, error);
}

/* ---- copying ---- */

struct copy {
    struct journal *to;
    uint64_t number;
    uint8_t bytes[RECORDS_AT + PART_SIZE_MAX + JOURNAL_BLOCK];
};

/* Each part goes over as if it were a batch of its own: what it says of itself stays. */
static bool part_copy(void *context, const struct part_head *head, const uint8_t *part)
{
    struct copy *copy = context;
    size_t size = sizeof(*head) + (size_t)head->size;
    struct batch batch = { .number = head->batch, .bytes = copy->bytes, .part_count = 1 };
    if (sizeof(struct frame) + size > RECORDS_AT + PART_SIZE_MAX) {
        return false;
    }
    memset(copy->bytes, 0, sizeof(struct frame));
    memcpy(copy->bytes + sizeof(struct frame), part, size);
    size += sizeof(struct frame);
    batch.part_at[1] = block_end(size);
    memset(copy->bytes + size, 0, batch.part_at[1] - size);
    return journal_write(copy->to, &batch);
}

enum status journal_copy(const struct journal_source *source, const char *to_path, struct store_error *error)
{
    struct journal_header header = { source->journal, source->written };
    atomic_uint_least64_t written = source->written;
    uint64_t last;
    struct copy *copy = calloc(1, sizeof(*copy));
    assert(copy != NULL);
    enum status status = journal_create(NULL, to_path, &header, &written, &copy->to, error);
    if (status == STATUS_ok) {
        status = journal_visit(source, part_copy, copy, &last, error);
    }
    if (status == STATUS_ok && !journal_sync(copy->to, last)) {
        error_set(error, "%.150s.journal cannot be synced", to_path);
        status = STATUS_fault;
    }
    journal_close(copy->to);
    free(copy);
    return status;
}

/* ---- a file that is not needed ---- */

enum status journal_idle_check(const struct journal_source *source, struct store_error *error)
{
    struct walk walk = { .source = source };
    sqlite3_int64 size = 0;
    enum status status = journal_open_file(&walk.handle, source->vfs, source->store_path, false, NULL);
    if (status != STATUS_ok) {
        return status == STATUS_not_found ? STATUS_ok : status;
    }
    sqlite3_file *file = walk.handle.file;
    status = journal_header_read(&walk.handle, &walk.header);
    if (status != STATUS_fault && file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
        status = STATUS_fault;
    }
    if (status != STATUS_fault && (size_t)size <= JOURNAL_BLOCK) {
        status = STATUS_ok; /* begun, and nothing else */
    } else if (status == STATUS_bad_input) {
        error_set(error, "%.120s is not a journal; move it away", walk.handle.path);
    } else if (status == STATUS_ok) {
        struct journal_source own = *source;
        own.journal = walk.header.journal;
        walk.source = &own;
        walk.last = source->written;
        status = segments_find(&walk);
        if (status == STATUS_ok) {
            status = segments_walk(&walk);
        }
        if (status == STATUS_ok && (own.journal == source->journal ? walk.first != 0 : walk.newest != 0)) {
            error_set(error,
                      "%.120s holds batches up to %llu that the store lacks or does not know; move it away "
                      "if it belongs to another store",
                      walk.handle.path, (unsigned long long)walk.newest);
            status = STATUS_bad_input;
        }
    }
    walk_close(&walk);
    return status;
}
