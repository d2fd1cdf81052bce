/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a journal: header, frames, and files by way of SQLite's VFS, where faults can be injected. */
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>

#define HEADER_MAGIC UINT32_C(0x4c4a544f) /* "OTJL" */
#define FRAME_MAGIC UINT32_C(0x314c544f)  /* "OTL1" */
#define JOURNAL_VERSION 1
#define AT_ONCE_MAX ((size_t)120 << 10) /* SQLite's own VFS takes less than 128 KiB at a time */

struct header_image {
    uint32_t magic, version;
    uint64_t segment_bytes;
    uint64_t journal, base;
    uint64_t checksum; /* of the rest */
};

static_assert(sizeof(struct header_image) == 40, "a header has no padding");
static_assert(sizeof(struct frame) == 40, "a frame has no padding");

enum status journal_open_file(struct journal_handle *handle, const char *vfs, const char *store_path, bool create,
                              struct store_error *error)
{
    int flags = SQLITE_OPEN_MAIN_JOURNAL;
    int there = 0;
    *handle = (struct journal_handle){ .vfs = sqlite3_vfs_find(vfs) };
    /* Two zeros at the end: the VFS may look for parameters behind the name. */
    int size = snprintf(handle->path, sizeof(handle->path) - 1, "%s.journal", store_path);
    if (handle->vfs == NULL || size < 0 || (size_t)size >= sizeof(handle->path) - 1) {
        error_set(error, "the path is too long");
        return STATUS_bad_input;
    }
    int rc = handle->vfs->xAccess(handle->vfs, handle->path, SQLITE_ACCESS_EXISTS, &there);
    if (rc == SQLITE_OK && there == 0 && !create) {
        error_set(error, "%.150s is missing; without it the store lacks what was kept last", handle->path);
        return STATUS_not_found;
    }
    handle->file = calloc(1, (size_t)handle->vfs->szOsFile);
    assert(handle->file != NULL);
    flags |= create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    if (rc == SQLITE_OK) {
        rc = handle->vfs->xOpen(handle->vfs, handle->path, handle->file, flags, &flags);
    }
    if (rc != SQLITE_OK) {
        error_set(error, "%.150s cannot be opened", handle->path);
        journal_close_file(handle);
        return STATUS_fault;
    }
    return STATUS_ok;
}

void journal_close_file(struct journal_handle *handle)
{
    if (handle->file != NULL && handle->file->pMethods != NULL) {
        handle->file->pMethods->xClose(handle->file);
    }
    free(handle->file);
    handle->file = NULL;
}

bool journal_header_write(struct journal_handle *handle, const struct journal_header *header)
{
    uint8_t block[JOURNAL_BLOCK] = { 0 };
    struct header_image image = { .magic = HEADER_MAGIC,
                                  .version = JOURNAL_VERSION,
                                  .segment_bytes = SEGMENT_BYTES,
                                  .journal = header->journal,
                                  .base = header->base };
    image.checksum = checksum(&image, sizeof(image), 0);
    memcpy(block, &image, sizeof(image));
    return journal_bytes_write(handle, block, sizeof(block), 0) && journal_file_sync(handle);
}

enum status journal_header_read(struct journal_handle *handle, struct journal_header *header)
{
    struct header_image image;
    enum status status = journal_bytes_read(handle, &image, sizeof(image), 0);
    if (status != STATUS_ok) {
        return status;
    }
    uint64_t found = image.checksum;
    image.checksum = 0;
    if (image.magic != HEADER_MAGIC || image.version != JOURNAL_VERSION || image.segment_bytes != SEGMENT_BYTES ||
        found != checksum(&image, sizeof(image), 0)) {
        return STATUS_bad_input;
    }
    *header = (struct journal_header){ image.journal, image.base };
    return STATUS_ok;
}

enum status journal_bytes_read(struct journal_handle *handle, void *bytes, size_t size, uint64_t at)
{
    sqlite3_file *file = handle->file;
    for (size_t done = 0; done < size; done += AT_ONCE_MAX) {
        int part = (int)(size - done < AT_ONCE_MAX ? size - done : AT_ONCE_MAX);
        int rc = file->pMethods->xRead(file, (uint8_t *)bytes + done, part, (sqlite3_int64)(at + done));
        if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ) {
            return STATUS_fault;
        }
    }
    return STATUS_ok;
}

bool journal_bytes_write(struct journal_handle *handle, const void *bytes, size_t size, uint64_t at)
{
    sqlite3_file *file = handle->file;
    for (size_t done = 0; done < size; done += AT_ONCE_MAX) {
        int part = (int)(size - done < AT_ONCE_MAX ? size - done : AT_ONCE_MAX);
        if (file->pMethods->xWrite(file, (const uint8_t *)bytes + done, part, (sqlite3_int64)(at + done)) !=
            SQLITE_OK) {
            return false;
        }
    }
    return true;
}

bool journal_file_sync(struct journal_handle *handle)
{
    return handle->file->pMethods->xSync(handle->file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK;
}

static uint64_t frame_checksum(struct frame frame, const uint8_t *part_head)
{
    frame.checksum = 0;
    return checksum(part_head, sizeof(struct part_head), checksum(&frame, sizeof(frame), 1));
}

void frame_seal(uint8_t *at, const struct frame *frame)
{
    struct frame sealed = *frame;
    sealed.magic = FRAME_MAGIC;
    sealed.checksum = frame_checksum(sealed, at + sizeof(sealed));
    memcpy(at, &sealed, sizeof(sealed));
}

bool frame_check(const uint8_t *at, size_t left, struct frame *frame, struct part_head *head)
{
    if (left < RECORDS_AT) {
        return false;
    }
    memcpy(frame, at, sizeof(*frame));
    memcpy(head, at + sizeof(*frame), sizeof(*head));
    return frame->magic == FRAME_MAGIC && frame->checksum == frame_checksum(*frame, at + sizeof(*frame)) &&
           head->size <= left - RECORDS_AT &&
           part_check(at + sizeof(*frame), sizeof(*head) + (size_t)head->size, head);
}
