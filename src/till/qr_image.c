/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PNG is written here rather than by libpng: one grey bit a pixel needs three chunks, zlib packs the rows
 * straight into the caller's buffer, and libpng reports errors by long jumps.
 */
#include "till/qr_image.h"

#include <errno.h>
#include <qrencode.h>
#include <zlib.h>

#include "till/text_out.h"

#define MODULES_MAX 177 /* a side of version 40 */
#define PIXELS_MAX ((MODULES_MAX + 2 * QR_QUIET_MODULES) * QR_SCALE_MAX)

static QRecLevel level_of(enum qr_level level)
{
    switch (level) {
    case QR_LEVEL_medium:
        return QR_ECLEVEL_M;
    case QR_LEVEL_low:
        return QR_ECLEVEL_L;
    case QR_LEVEL_quarter:
        return QR_ECLEVEL_Q;
    case QR_LEVEL_high:
        return QR_ECLEVEL_H;
    }
    assert(false);
    return QR_ECLEVEL_M;
}

static enum status code_make(struct span payload, enum qr_level level, QRcode **code)
{
    char text[QR_PAYLOAD_MAX + 1];

    if (payload.size > QR_PAYLOAD_MAX) {
        return STATUS_too_large;
    }
    if (payload.size == 0 || !span_is_text(payload) || !span_copy(payload, text, sizeof(text))) {
        return STATUS_bad_input;
    }
    *code = QRcode_encodeString(text, 0, level_of(level), QR_MODE_8, 1);
    if (*code == NULL) {
        return errno == ERANGE ? STATUS_too_large : STATUS_fault;
    }
    assert((*code)->width > 0);
    assert((*code)->width <= MODULES_MAX);
    return STATUS_ok;
}

static bool is_dark(const QRcode *code, size_t row, size_t column)
{
    return code->data[row * (size_t)code->width + column] & 1;
}

static void row_path_write(struct text_out *out, const QRcode *code, size_t row)
{
    size_t width = (size_t)code->width;

    for (size_t at = 0; at < width;) {
        size_t run = 0;
        while (at + run < width && is_dark(code, row, at + run)) {
            run++;
        }
        if (run > 0) {
            text_out_literal(out, "M");
            text_out_number(out, at + QR_QUIET_MODULES, 1);
            text_out_literal(out, " ");
            text_out_number(out, row + QR_QUIET_MODULES, 1);
            text_out_literal(out, "h");
            text_out_number(out, run, 1);
            text_out_literal(out, "v1h-");
            text_out_number(out, run, 1);
            text_out_literal(out, "z");
        }
        at += run > 0 ? run : 1;
    }
}

enum status qr_svg_write(struct span payload, enum qr_level level, char *to, size_t capacity, size_t *size)
{
    QRcode *code = NULL;
    enum status status = code_make(payload, level, &code);
    if (status != STATUS_ok) {
        return status;
    }
    struct text_out out = text_out_begin(to, capacity);
    size_t side = (size_t)code->width + 2 * QR_QUIET_MODULES;

    text_out_literal(&out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ");
    text_out_number(&out, side, 1);
    text_out_literal(&out, " ");
    text_out_number(&out, side, 1);
    text_out_literal(&out, "\" shape-rendering=\"crispEdges\"><rect width=\"100%\" height=\"100%\" "
                           "fill=\"#fff\"/><path d=\"");
    for (size_t row = 0; row < (size_t)code->width; row++) {
        row_path_write(&out, code, row);
    }
    text_out_literal(&out, "\"/></svg>\n");
    QRcode_free(code);
    *size = text_out_end(&out).size;
    return out.failed ? STATUS_too_large : STATUS_ok;
}

static void put_be32(uint8_t to[4], uint32_t number)
{
    to[0] = (uint8_t)(number >> 24);
    to[1] = (uint8_t)(number >> 16);
    to[2] = (uint8_t)(number >> 8);
    to[3] = (uint8_t)number;
}

struct png_out {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
};

#define CHUNK_HEAD 8 /* size of the data, type */
#define CHUNK_TAIL 4 /* CRC of type and data */

/* Puts head and tail around `data_size` bytes that stand behind the room for the head. False when full. */
static bool chunk_finish(struct png_out *out, const char type[4], size_t data_size)
{
    if (out->capacity - out->size < CHUNK_HEAD + data_size + CHUNK_TAIL) {
        return false;
    }
    uint8_t *head = out->bytes + out->size;
    put_be32(head, (uint32_t)data_size);
    memcpy(head + 4, type, 4);
    put_be32(head + CHUNK_HEAD + data_size, (uint32_t)crc32(0, head + 4, (uInt)(4 + data_size)));
    out->size += CHUNK_HEAD + data_size + CHUNK_TAIL;
    return true;
}

static bool head_write(struct png_out *out, size_t pixels)
{
    static const uint8_t signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n' };
    uint8_t data[13] = { 0 };

    if (out->capacity < sizeof(signature) + CHUNK_HEAD + sizeof(data) + CHUNK_TAIL) {
        return false;
    }
    memcpy(out->bytes, signature, sizeof(signature));
    out->size = sizeof(signature);
    put_be32(data, (uint32_t)pixels);
    put_be32(data + 4, (uint32_t)pixels);
    data[8] = 1; /* one bit a pixel; grey, deflate, no interlacing are all 0 */
    memcpy(out->bytes + out->size + CHUNK_HEAD, data, sizeof(data));
    return chunk_finish(out, "IHDR", sizeof(data));
}

/* One line of pixels behind its filter byte (0, none); 1 is white. `row` may lie in the quiet zone. */
static void line_draw(uint8_t *line, size_t line_size, const QRcode *code, size_t row, size_t scale)
{
    size_t width = (size_t)code->width;

    memset(line, 0xFF, line_size);
    line[0] = 0;
    if (row < QR_QUIET_MODULES || row >= QR_QUIET_MODULES + width) {
        return;
    }
    for (size_t column = 0; column < width; column++) {
        if (!is_dark(code, row - QR_QUIET_MODULES, column)) {
            continue;
        }
        size_t pixel = (column + QR_QUIET_MODULES) * scale;
        for (size_t i = 0; i < scale; i++, pixel++) {
            line[1 + pixel / 8] &= (uint8_t) ~(0x80U >> pixel % 8);
        }
    }
}

/* Packs all lines into the room that `stream` was given. Z_STREAM_END, or else why not. */
static int lines_pack(z_stream *stream, const QRcode *code, size_t scale)
{
    uint8_t line[1 + (PIXELS_MAX + 7) / 8];
    size_t side = (size_t)code->width + 2 * QR_QUIET_MODULES;
    size_t line_size = 1 + (side * scale + 7) / 8;

    assert(line_size <= sizeof(line));
    for (size_t row = 0; row < side; row++) {
        line_draw(line, line_size, code, row, scale);
        for (size_t i = 0; i < scale; i++) {
            stream->next_in = line;
            stream->avail_in = (uInt)line_size;
            int result = deflate(stream, Z_NO_FLUSH);
            if (result != Z_OK || stream->avail_in > 0) {
                return Z_BUF_ERROR;
            }
        }
    }
    return deflate(stream, Z_FINISH);
}

static enum status pixels_write(struct png_out *out, const QRcode *code, size_t scale)
{
    z_stream stream = { 0 };
    size_t room = out->capacity - out->size;

    if (room <= CHUNK_HEAD + CHUNK_TAIL) {
        return STATUS_too_large;
    }
    room -= CHUNK_HEAD + CHUNK_TAIL;
    if (room > UINT32_MAX / 2) {
        room = UINT32_MAX / 2;
    }
    if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK) {
        return STATUS_fault;
    }
    stream.next_out = out->bytes + out->size + CHUNK_HEAD;
    stream.avail_out = (uInt)room;
    int result = lines_pack(&stream, code, scale);
    size_t packed = room - stream.avail_out;
    (void)deflateEnd(&stream); /* says "data error" for a stream given up half-way, which is no news */
    if (result != Z_STREAM_END || !chunk_finish(out, "IDAT", packed)) {
        return STATUS_too_large;
    }
    return STATUS_ok;
}

enum status qr_png_write(struct span payload, enum qr_level level, int scale, uint8_t *to, size_t capacity,
                         size_t *size)
{
    struct png_out out = { .bytes = to, .capacity = capacity };
    QRcode *code = NULL;

    assert(scale >= 1);
    assert(scale <= QR_SCALE_MAX);
    enum status status = code_make(payload, level, &code);
    if (status != STATUS_ok) {
        return status;
    }
    if (!head_write(&out, ((size_t)code->width + 2 * QR_QUIET_MODULES) * (size_t)scale)) {
        status = STATUS_too_large;
    } else {
        status = pixels_write(&out, code, (size_t)scale);
    }
    if (status == STATUS_ok && !chunk_finish(&out, "IEND", 0)) {
        status = STATUS_too_large;
    }
    QRcode_free(code);
    if (status == STATUS_ok) {
        *size = out.size;
    }
    return status;
}
