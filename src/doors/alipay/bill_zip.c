/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that knows libzip. */
#include <zip.h>

#include "doors/alipay/bill_internal.h"

#define NAME_SIZE_MAX 256
#define FILES_MAX 4

/* The bytes are the caller's and stay until the archive is closed. */
static bool file_add(zip_t *archive, const struct bill_file *file, bool utf8, int64_t at_us)
{
    char name[NAME_SIZE_MAX];
    struct civil at = civil_of(at_us, BEIJING_MINUTES);
    zip_uint16_t date = (zip_uint16_t)((at.year - 1980) << 9 | at.month << 5 | at.day);
    zip_uint16_t time_of_day = (zip_uint16_t)(at.hour << 11 | at.minute << 5 | at.second / 2);
    if (!span_copy(file->name, name, sizeof(name))) {
        return false;
    }
    zip_source_t *source = zip_source_buffer(archive, file->bytes.bytes, file->bytes.size, 0);
    if (source == NULL) {
        return false;
    }
    /* CP437 means: these bytes as they are. Unpackers in China take them for GBK. */
    zip_int64_t index = zip_file_add(archive, name, source, utf8 ? ZIP_FL_ENC_UTF_8 : ZIP_FL_ENC_CP437);
    if (index < 0) {
        zip_source_free(source);
        return false;
    }
    return zip_file_set_dostime(archive, (zip_uint64_t)index, time_of_day, date, 0) == 0;
}

static bool archive_fill(zip_source_t *buffer, const struct bill_file *files, size_t count, bool utf8, int64_t at_us)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_keep(buffer); /* closing the archive lets go of it once */
    zip_t *archive = zip_open_from_source(buffer, ZIP_TRUNCATE, &error);
    zip_error_fini(&error);
    if (archive == NULL) {
        zip_source_free(buffer);
        return false;
    }
    bool added = true;
    for (size_t i = 0; i < count && added; i++) {
        added = file_add(archive, &files[i], utf8, at_us);
    }
    if (!added || zip_close(archive) != 0) {
        zip_discard(archive);
        return false;
    }
    return true;
}

static bool archive_take(zip_source_t *buffer, struct arena *arena, struct span *archive)
{
    zip_stat_t stat;
    if (zip_source_stat(buffer, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0 || zip_source_open(buffer) != 0) {
        return false;
    }
    char *bytes = arena_try(arena, stat.size);
    bool taken = bytes != NULL && zip_source_read(buffer, bytes, stat.size) == (zip_int64_t)stat.size;
    (void)zip_source_close(buffer);
    *archive = (struct span){ bytes, stat.size };
    return taken;
}

bool bill_zip_write(const struct bill_file *files, size_t count, bool utf8, int64_t at_us, struct arena *arena,
                    struct span *archive)
{
    zip_error_t error;
    assert(count <= FILES_MAX);
    zip_error_init(&error);
    zip_source_t *buffer = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_error_fini(&error);
    if (buffer == NULL) {
        return false;
    }
    bool written = archive_fill(buffer, files, count, utf8, at_us) && archive_take(buffer, arena, archive);
    zip_source_free(buffer);
    return written;
}
