/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line on standard error that says how far a long job is. On a terminal it is drawn anew several times a
 * second; otherwise (a log, a pipe) a plain line appears every few seconds. Nothing goes to standard output.
 * One thread. Costs one comparison when nothing is due.
 *
 *     payments  [#########.................]  37 %  370,128 of 1,000,000  41,203/s  15 s left  budget 61 %
 */
#ifndef LOAD_PROGRESS_H
#define LOAD_PROGRESS_H

#include "base/span.h"

#define PROGRESS_LINE_SIZE 256
#define PROGRESS_NOTE_SIZE 96

struct progress {
    char label[32];
    char note[PROGRESS_NOTE_SIZE];
    uint64_t total; /* 0: unknown, then there is neither bar nor end */
    uint64_t done;
    int64_t started_us, drawn_us, interval_us; /* monotonic */
    uint64_t drawn_done;
    uint64_t rate; /* per second, smoothed over some seconds; for the estimate and the line */
    int fd;        /* -1: silent */
    uint32_t columns;
    bool terminal;
};

/* `label` is cut at 31 bytes. `fd` is usually STDERR_FILENO, -1 for silence (--json, tests). */
void progress_init(struct progress *progress, const char *label, uint64_t total, int fd, int64_t now_us);
/* So much is done in all. Draws when it is due. */
void progress_set(struct progress *progress, uint64_t done, int64_t now_us);
/* A few words at the end of the line; cut when too long, dropped when the line is too short for them. */
void progress_note(struct progress *progress, const char *note);
/* Draws the last state, with the mean rate and the time taken, and ends the line. */
void progress_end(struct progress *progress, int64_t now_us);

/* The line for `columns` columns, terminated, at most PROGRESS_LINE_SIZE - 1 bytes; its size. For tests too.
 */
size_t progress_line(const struct progress *progress, bool ended, int64_t now_us, char *to);
/* 1234567 as "1,234,567"; `to` holds at least 27 bytes. */
size_t progress_number(uint64_t value, char *to);

#endif
