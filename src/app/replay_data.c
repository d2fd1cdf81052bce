/* SPDX-License-Identifier: Apache-2.0 */
#include "app/replay.h"

#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "base/civil.h"

#define LINE_SIZE_MAX 4096
#define CHUNK_SIZE 65536
#define MEMORY_MAX (UINT64_C(512) << 20) /* that decompressing may take */

/* ---- lines of a compressed file ---- */

struct lines {
    const char *path;
    uint64_t number;
    size_t size;
    char text[LINE_SIZE_MAX];
    /* Returns NULL, or what is wrong with the line. */
    const char *(*each)(void *context, uint64_t number, struct span line);
    void *context;
    char *error;
    size_t error_size;
};

static bool line_take(struct lines *lines)
{
    struct span line = { lines->text, lines->size };
    if (line.size > 0 && line.bytes[line.size - 1] == '\r') {
        line.size--;
    }
    lines->number++;
    lines->size = 0;
    const char *wrong = lines->each(lines->context, lines->number, line);
    if (wrong != NULL) {
        snprintf(lines->error, lines->error_size, "%s:%llu: %s", lines->path, (unsigned long long)lines->number,
                 wrong);
    }
    return wrong == NULL;
}

static bool bytes_take(struct lines *lines, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            if (!line_take(lines)) {
                return false;
            }
        } else if (lines->size == LINE_SIZE_MAX) {
            snprintf(lines->error, lines->error_size, "%s:%llu: the line is longer than %d bytes", lines->path,
                     (unsigned long long)lines->number + 1, LINE_SIZE_MAX);
            return false;
        } else {
            lines->text[lines->size++] = (char)bytes[i];
        }
    }
    return true;
}

/* Feeds the file through the decoder and what comes out into lines. */
static bool stream_take(lzma_stream *stream, FILE *file, struct lines *lines)
{
    static uint8_t in[CHUNK_SIZE], out[CHUNK_SIZE];
    lzma_ret ret = LZMA_OK;
    while (ret == LZMA_OK) {
        if (stream->avail_in == 0 && !feof(file)) {
            stream->next_in = in;
            stream->avail_in = fread(in, 1, sizeof(in), file);
            if (ferror(file)) {
                snprintf(lines->error, lines->error_size, "%s: %s", lines->path, strerror(errno));
                return false;
            }
        }
        stream->next_out = out;
        stream->avail_out = sizeof(out);
        ret = lzma_code(stream, feof(file) ? LZMA_FINISH : LZMA_RUN);
        if (!bytes_take(lines, out, sizeof(out) - stream->avail_out)) {
            return false;
        }
    }
    if (ret != LZMA_STREAM_END) {
        snprintf(lines->error, lines->error_size, "%s: %s", lines->path,
                 ret == LZMA_FORMAT_ERROR ? "this is not an xz file" : "the file is damaged or cut short");
        return false;
    }
    return lines->size == 0 || line_take(lines);
}

static bool lines_read(struct lines *lines)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    bool ok = false;
    FILE *file = fopen(lines->path, "rbe");
    if (file == NULL) {
        snprintf(lines->error, lines->error_size, "%s: %s", lines->path, strerror(errno));
        return false;
    }
    if (lzma_stream_decoder(&stream, MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK) {
        ok = stream_take(&stream, file, lines);
    } else {
        snprintf(lines->error, lines->error_size, "%s: there is no memory to decompress it", lines->path);
    }
    lzma_end(&stream);
    fclose(file);
    return ok;
}

/* ---- shops ---- */

struct reading {
    struct replay_data *data;
    const struct replay_settings *settings;
};

/* More room for one more element; the old room grows by half. */
static void *room_grow(void *elements, size_t size, size_t *capacity, size_t count)
{
    if (count < *capacity) {
        return elements;
    }
    *capacity = *capacity + *capacity / 2 + 1024;
    elements = realloc(elements, size * *capacity);
    assert(elements != NULL);
    return elements;
}

/* shop_id, city, location, per_pay, score, comments, level, kind, kind below, kind below that */
static const char *shop_take(void *context, uint64_t number, struct span line)
{
    struct reading *reading = context;
    struct replay_data *data = reading->data;
    struct span fields[10];
    size_t count = 0;
    for (struct span rest = line; count < COUNT_OF(fields); count++) {
        fields[count] = span_cut(rest, ',', &rest);
    }
    if (line.size == 0) {
        return NULL;
    }
    if (reading->settings->shops_most > 0 && number > reading->settings->shops_most) {
        return NULL;
    }
    if (data->shop_count == REPLAY_SHOPS_MAX) {
        return "there are too many shops";
    }
    size_t capacity = data->shop_capacity;
    data->shops = room_grow(data->shops, sizeof(*data->shops), &capacity, data->shop_count);
    data->shop_capacity = (uint32_t)capacity;
    struct replay_shop *shop = &data->shops[data->shop_count];
    int64_t per_pay;
    *shop = (struct replay_shop){ .shop_id = 0 };
    if (!span_to_i64(fields[0], &shop->shop_id) || shop->shop_id < 1 || shop->shop_id > REPLAY_SHOPS_MAX) {
        return "the shop has no number";
    }
    if (data->shop_count > 0 && shop[-1].shop_id >= shop->shop_id) {
        return "the shops are not in order";
    }
    shop->per_pay = span_to_i64(fields[3], &per_pay) && per_pay >= 1 && per_pay <= 20 ? (int32_t)per_pay : 10;
    if (!span_is_text(line) || !span_copy(fields[1], shop->city, sizeof(shop->city)) ||
        !span_copy(fields[7], shop->kind, sizeof(shop->kind)) ||
        !span_copy(fields[9], shop->name, sizeof(shop->name))) {
        return "a name is too long or not UTF-8";
    }
    data->shop_count++;
    return NULL;
}

/* ---- counts ---- */

static int shop_compare(const void *key, const void *element)
{
    int64_t wanted = *(const int64_t *)key, there = ((const struct replay_shop *)element)->shop_id;
    return wanted < there ? -1 : wanted > there;
}

/* shop_id, date, payments of that day */
static const char *count_take(void *context, uint64_t number, struct span line)
{
    struct reading *reading = context;
    struct replay_data *data = reading->data;
    struct span rest;
    struct span shop_text = span_cut(line, ',', &rest);
    struct span day_text = span_cut(rest, ',', &rest);
    int64_t shop_id, day, pays;
    if (number == 1 || line.size == 0) {
        return NULL; /* the names of the columns */
    }
    if (!span_to_i64(shop_text, &shop_id) || !day_read(day_text, &day) || !span_to_i64(rest, &pays)) {
        return "this is not shop,date,payments";
    }
    int32_t date = civil_yyyymmdd(day);
    if (date < reading->settings->from || date > reading->settings->to) {
        return NULL;
    }
    const struct replay_shop *shop =
        bsearch(&shop_id, data->shops, data->shop_count, sizeof(*data->shops), shop_compare);
    if (shop == NULL) {
        return reading->settings->shops_most > 0 ? NULL : "there is no such shop in shop_info";
    }
    if (pays < 0 || pays > REPLAY_PAYS_MAX || data->count_count == REPLAY_COUNTS_MAX) {
        return "the number of payments is out of range";
    }
    data->counts = room_grow(data->counts, sizeof(*data->counts), &data->count_capacity, data->count_count);
    data->counts[data->count_count++] =
        (struct replay_count){ .day = date, .shop = (uint32_t)(shop - data->shops), .pays = (uint32_t)pays };
    return NULL;
}

static int count_compare(const void *a, const void *b)
{
    const struct replay_count *one = a, *other = b;
    if (one->day != other->day) {
        return one->day < other->day ? -1 : 1;
    }
    return one->shop < other->shop ? -1 : one->shop > other->shop;
}

static bool counts_sum(struct replay_data *data, char *error, size_t error_size)
{
    uint64_t today = 0;
    if (data->count_count > 0) {
        qsort(data->counts, data->count_count, sizeof(*data->counts), count_compare);
    }
    for (size_t i = 0; i < data->count_count; i++) {
        const struct replay_count *count = &data->counts[i];
        bool new_day = i == 0 || count[-1].day != count->day;
        if (i > 0 && count_compare(count - 1, count) == 0) {
            snprintf(error, error_size, "shop %lld has two counts on %d",
                     (long long)data->shops[count->shop].shop_id, count->day);
            return false;
        }
        today = new_day ? count->pays : today + count->pays;
        data->days += new_day;
        data->pays += count->pays;
        data->day_most = today > data->day_most ? today : data->day_most;
    }
    return true;
}

bool replay_read(struct replay_data *data, const struct replay_settings *settings, char *error, size_t error_size)
{
    char path[APP_PATH_SIZE];
    static struct lines lines; /* large */
    struct reading reading = { .data = data, .settings = settings };
    *data = (struct replay_data){ .shops = NULL };
    lines = (struct lines){ .path = path, .each = shop_take, .context = &reading, .error = error,
                            .error_size = error_size };
    if (!path_beside(settings->folder, "/shop_info.txt.xz", path) || !lines_read(&lines)) {
        return false;
    }
    lines = (struct lines){ .path = path, .each = count_take, .context = &reading, .error = error,
                            .error_size = error_size };
    if (!path_beside(settings->folder, "/pay_daily.csv.xz", path) || !lines_read(&lines)) {
        return false;
    }
    return counts_sum(data, error, error_size);
}

void replay_release(struct replay_data *data)
{
    free(data->shops);
    free(data->counts);
}

/* ---- what is invented ---- */

uint32_t replay_shoppers(const struct replay_data *data)
{
    /* Nobody pays more than twice a day, and never twice in a minute. */
    return (uint32_t)max_i64(2000, (int64_t)data->day_most);
}

int64_t replay_balance(const struct replay_data *data)
{
    return ((int64_t)(data->pays / replay_shoppers(data)) + 2) * REPLAY_AMOUNT_MAX;
}

int64_t replay_device_id(uint32_t shopper)
{
    return ((int64_t)shopper * 618033989 + 314159265) % 1000000000;
}
