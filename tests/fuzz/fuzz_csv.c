/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the text: reading ends, lines only grow, and fields stay within their record. What is read, written
 * with every field in quotes, is read again as the same fields.
 */
#include "app/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char written[2 * CSV_RECORD_SIZE_MAX + 4 * CSV_FIELDS_MAX];

static size_t record_write(const struct csv *csv)
{
    size_t size = 0;
    for (size_t i = 0; i < csv->field_count; i++) {
        written[size++] = '"';
        for (size_t j = 0; j < csv->fields[i].size; j++) {
            char byte = csv->fields[i].bytes[j];
            if (byte == '"') {
                written[size++] = '"';
            }
            written[size++] = byte;
        }
        written[size++] = '"';
        written[size++] = i + 1 < csv->field_count ? ',' : '\n';
    }
    assert(size <= sizeof(written));
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct csv csv, again;
    uint64_t records = 0;
    enum csv_status status;
    csv_init(&csv, (struct span){ (const char *)data, size });
    while ((status = csv_next(&csv)) != CSV_end) {
        assert(++records <= size + 1);
        assert(csv.from_line < csv.line || csv.at == csv.end);
        if (status == CSV_malformed) {
            assert(csv.wrong != NULL);
            continue;
        }
        assert(csv.field_count > 0);
        csv_init(&again, (struct span){ written, record_write(&csv) });
        status = csv_next(&again);
        assert(status == CSV_record);
        assert(again.field_count == csv.field_count);
        for (size_t i = 0; i < csv.field_count; i++) {
            assert(span_equal(csv.fields[i], again.fields[i]));
        }
        status = csv_next(&again);
        assert(status == CSV_end);
    }
    return 0;
}
