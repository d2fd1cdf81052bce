/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads CSV (RFC 4180) record by record from text in memory: fields between commas, a field in double quotes
 * may hold commas, line ends and doubled quotes; lines end in LF or CRLF; a UTF-8 byte order mark at the
 * beginning is skipped; empty lines are no records. Strict: a quote inside a field without quotes, or
 * anything but a comma after a closing quote, is malformed. After a malformed record reading goes on at the
 * next line, so that every bad line can be named. No I/O, no allocation, any thread.
 */
#ifndef APP_CSV_H
#define APP_CSV_H

#include "base/span.h"

#define CSV_FIELDS_MAX 64
#define CSV_RECORD_SIZE_MAX 65536 /* of the fields of one record together */

enum csv_status {
    CSV_record,
    CSV_malformed, /* `wrong` says why */
    CSV_end,
};

struct csv {
    const char *at, *end;
    uint64_t line;      /* of `at`, from 1 */
    uint64_t from_line; /* where the last record began */
    const char *wrong;
    size_t field_count;
    struct span fields[CSV_FIELDS_MAX]; /* into `room`, until the next call */
    char room[CSV_RECORD_SIZE_MAX];
};

/* About 66 kB: not for a small stack. The text must outlive it. */
void csv_init(struct csv *csv, struct span text);
enum csv_status csv_next(struct csv *csv);

#endif
