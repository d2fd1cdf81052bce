/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a bill. CSV as the protocol has it: no quotes, CRLF, a TAB behind each text. */
#include <sys/mman.h>

#include "doors/alipay/bill_internal.h"

#define SCRATCH_SIZE 65536
#define CELL_SIZE 3072 /* of one text, made harmless */

bool bill_text_init(struct bill_text *text, size_t capacity, bool gbk)
{
    *text = (struct bill_text){ .capacity = capacity, .gbk = gbk };
    void *bytes = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) {
        return false;
    }
    text->bytes = bytes;
    arena_init(&text->scratch, SCRATCH_SIZE, SCRATCH_SIZE);
    return true;
}

void bill_text_release(struct bill_text *text)
{
    if (text->bytes != NULL) {
        (void)munmap(text->bytes, text->capacity);
        arena_release(&text->scratch);
    }
    text->bytes = NULL;
}

static void bytes_add(struct bill_text *text, struct span bytes)
{
    if (text->failed || bytes.size > text->capacity - text->size) {
        text->failed = true;
        return;
    }
    if (bytes.size > 0) {
        memcpy(text->bytes + text->size, bytes.bytes, bytes.size);
    }
    text->size += bytes.size;
}

void bill_text_add(struct bill_text *text, struct span utf8)
{
    struct span encoded = utf8;
    if (text->gbk && utf8.size > 0) {
        arena_rewind(&text->scratch);
        text->failed = charset_encode(CHARSET_gbk, utf8, '?', &text->scratch, &encoded) != CHARSET_ok || text->failed;
    }
    if (!text->failed) {
        bytes_add(text, encoded);
    }
}

/*
 * Texts come from shoppers and shops and end in spreadsheets: a comma would be a new field, a control character a
 * new line, and =, +, - or @ in front a formula that is run. They become the full-width characters that look alike.
 */
static struct span cell_tame(struct span text, char to[CELL_SIZE])
{
    size_t size = 0;
    for (size_t i = 0; i < text.size && size + 3 < CELL_SIZE; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];
        bool formula = i == 0 && (byte == '=' || byte == '+' || byte == '-' || byte == '@');
        if (byte < 0x20 || byte == 0x7f) {
            to[size++] = ' ';
        } else if (byte == ',' || formula) { /* U+FF01 to U+FF5E stand for 0x21 to 0x7e */
            unsigned wide = 0xff00u + byte - 0x20u;
            to[size++] = (char)(0xe0u | wide >> 12);
            to[size++] = (char)(0x80u | (wide >> 6 & 0x3fu));
            to[size++] = (char)(0x80u | (wide & 0x3fu));
        } else {
            to[size++] = (char)byte;
        }
    }
    return (struct span){ to, size };
}

static void number_add(struct bill_text *text, int64_t number)
{
    char digits[24];
    size_t at = sizeof(digits);
    assert(number >= 0);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    bytes_add(text, (struct span){ digits + at, sizeof(digits) - at });
}

void bill_titles_write(struct bill_text *text, const struct bill_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bill_text_add(text, i > 0 ? SPAN(",") : SPAN(""));
        bill_text_add(text, span_of(columns[i].title));
    }
    bill_text_add(text, SPAN("\r\n"));
}

void bill_row_write(struct bill_text *text, const struct bill_column *columns, const struct bill_cell *cells,
                    size_t count)
{
    char cell[CELL_SIZE], yuan[YUAN_TEXT_SIZE];
    for (size_t i = 0; i < count; i++) {
        bytes_add(text, i > 0 ? SPAN(",") : SPAN(""));
        switch (columns[i].form) {
        case BILL_CELL_text:
            bill_text_add(text, cell_tame(cells[i].text, cell));
            bytes_add(text, SPAN("\t"));
            break;
        case BILL_CELL_money:
            bytes_add(text, (struct span){ yuan, yuan_write(cells[i].number, yuan) });
            break;
        case BILL_CELL_count:
            number_add(text, cells[i].number);
            break;
        }
    }
    bytes_add(text, SPAN("\r\n"));
}

void bill_row_json(struct json_out *out, const struct bill_column *columns, const struct bill_cell *cells,
                   size_t count)
{
    json_out_object(out);
    for (size_t i = 0; i < count; i++) {
        json_out_key(out, columns[i].json);
        if (columns[i].form == BILL_CELL_text) {
            json_out_text(out, cells[i].text);
        } else {
            json_out_i64(out, cells[i].number);
        }
    }
    json_out_object_end(out);
}
