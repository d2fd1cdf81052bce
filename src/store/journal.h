/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: a file beside the store, FILE.journal, that makes batches durable before their rows are in the
 * tables. A header, then segments of one size. A segment is written from its start, is free once all its
 * batches are in the tables, and is then written anew: so a commit overwrites blocks that the file has
 * already, and its sync moves those and nothing else.
 *
 *   header    one block: who the journal belongs to, and what the tables held when it began
 *   segment   parts, each behind a frame and beginning on a block; no block is written twice before its
 *             segment is free: what was synced is not touched by a torn write
 *   frame     in which life of the segment this was written (`sequence` ascends over the whole file), and
 *             which batch was known to be durable then
 *
 * The journal ends with the last batch whose parts are all whole. What stands behind was never answered:
 * if a frame anywhere knows a later batch to be durable, something is missing, and that is said.
 *
 * Written by the keeper thread; spare segments are prepared by the write-back thread, with a handle of its own.
 * Read by anybody, also of another process, with handles of their own.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/internal.h"

#define JOURNAL_BLOCK ((size_t)4096)
#define SEGMENT_BYTES ((size_t)8 << 20)
#define SEGMENTS_MAX 4096 /* 32 GiB; write-back bounds what is used far below */

static_assert(SEGMENT_BYTES > 2 * PART_SIZE_MAX + JOURNAL_BLOCK, "any part fits into a segment");

/* Before each part, in memory and in the file. */
struct frame {
    uint32_t magic;
    uint32_t zero;
    uint64_t journal;  /* whose */
    uint64_t sequence; /* of the segment's life */
    uint64_t durable;  /* the last batch that was known to be durable */
    uint64_t checksum; /* of frame, with this member 0, and part head, whose own covers the records */
};

#define RECORDS_AT (sizeof(struct frame) + sizeof(struct part_head)) /* in a part */

static inline size_t block_end(size_t size)
{
    return (size + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
}

/* ---- the bytes (journal_file.c) ---- */

struct journal_handle {
    sqlite3_file *file;
    sqlite3_vfs *vfs;
    char path[4096]; /* the VFS keeps pointing at it */
};

struct journal_header {
    uint64_t journal;
    uint64_t base; /* the tables held every batch up to here when the journal began */
};

/* STATUS_not_found: no such file, when it shall be there. `vfs` NULL: the default one. */
enum status journal_open_file(struct journal_handle *handle, const char *vfs, const char *store_path, bool create,
                              struct store_error *error);
void journal_close_file(struct journal_handle *handle);
MUST_CHECK bool journal_header_write(struct journal_handle *handle, const struct journal_header *header);
/* STATUS_bad_input: not one. */
enum status journal_header_read(struct journal_handle *handle, struct journal_header *header);
/* Bytes beyond the end of the file read as zero. */
enum status journal_bytes_read(struct journal_handle *handle, void *bytes, size_t size, uint64_t at);
MUST_CHECK bool journal_bytes_write(struct journal_handle *handle, const void *bytes, size_t size, uint64_t at);
/* Of all that was written, by whomever. */
MUST_CHECK bool journal_file_sync(struct journal_handle *handle);
void frame_seal(uint8_t *at, const struct frame *frame);
/* Whether frame and part are whole, with `left` bytes there. */
bool frame_check(const uint8_t *at, size_t left, struct frame *frame, struct part_head *head);

/* ---- writing (journal.c) ---- */

struct journal;
/* A new and durable file in place of any other. `written` rises as batches reach the tables. */
enum status journal_create(const char *vfs, const char *store_path, const struct journal_header *header,
                           const atomic_uint_least64_t *written, struct journal **journal,
                           struct store_error *error);
/* Of the process's memory only; the file stays. */
void journal_close(struct journal *journal);
enum status journal_remove(const char *vfs, const char *store_path, struct store_error *error);
/* Keeper: puts a batch into the file; durable after the next sync. False: it failed, and is not to be repeated. */
MUST_CHECK bool journal_write(struct journal *journal, struct batch *batch);
MUST_CHECK bool journal_sync(struct journal *journal, uint64_t last_batch);
/* Whether a spare segment is wanted. Any thread. */
bool journal_wants(struct journal *journal);
/* Write-back thread: prepares one. */
MUST_CHECK bool journal_prepare(struct journal *journal);

/* ---- reading (journal_read.c) ---- */

/* One part of a batch beyond what the tables hold; in order, and only of whole batches. False: makes no sense. */
typedef bool part_visit(void *context, const struct part_head *head, const uint8_t *records);

/* What there is to be read. */
struct journal_source {
    const char *vfs, *store_path;
    uint64_t journal; /* whose it must be */
    uint64_t written; /* the tables hold every batch up to here */
    uint64_t most;    /* the last batch that is wanted, if there */
};

/*
 * `*last`: of the batches visited, or `written`. All that was visited is durable. STATUS_busy: a gap, a later
 * batch known to be durable, or no such file; either damage, or while it is being served the writer has gone on:
 * take a new snapshot and try again. STATUS_bad_input: damage.
 */
enum status journal_visit(const struct journal_source *source, part_visit *visit, void *context, uint64_t *last,
                          struct store_error *error);
/* The rows of those batches. */
enum status journal_rows(const struct journal_source *source, struct dirty *dirty, struct store_error *error);
/* A new journal beside `to_path` that holds the same. */
enum status journal_copy(const struct journal_source *source, const char *to_path, struct store_error *error);
/*
 * Whether a file beside a store that needs none may go: it is not there, or holds nothing that the tables do not
 * hold. STATUS_bad_input: it may not, with the reason.
 */
enum status journal_idle_check(const struct journal_source *source, struct store_error *error);

#endif
