/* SPDX-License-Identifier: Apache-2.0 */
#include "load/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define US_PER_SECOND UINT64_C(1000000)
#define REDRAW_US 100000
#define LINE_EVERY_US 5000000
#define SMOOTHING_US 3000000 /* older rates fade away over this time */
#define BAR_SIZE 26
#define COLUMNS_MIN 20

void progress_init(struct progress *progress, const char *label, uint64_t total, int fd, int64_t now_us)
{
    struct winsize window;
    memset(progress, 0, sizeof *progress);
    (void)snprintf(progress->label, sizeof progress->label, "%s", label);
    progress->total = total;
    progress->fd = fd;
    progress->started_us = progress->drawn_us = now_us;
    progress->terminal = fd >= 0 && isatty(fd) == 1;
    progress->interval_us = progress->terminal ? REDRAW_US : LINE_EVERY_US;
    progress->columns = PROGRESS_LINE_SIZE - 1;
    if (progress->terminal && ioctl(fd, TIOCGWINSZ, &window) == 0 && window.ws_col >= COLUMNS_MIN &&
        window.ws_col < progress->columns) {
        progress->columns = window.ws_col;
    }
}

size_t progress_number(uint64_t value, char *to)
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) {
            to[size++] = ',';
        }
        to[size++] = digits[i];
    }
    to[size] = '\0';
    return size;
}

static void time_write(uint64_t seconds, char *to, size_t capacity)
{
    if (seconds < 120) {
        (void)snprintf(to, capacity, "%u s", (unsigned)seconds);
    } else if (seconds < 7200) {
        (void)snprintf(to, capacity, "%u min %u s", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
    } else {
        (void)snprintf(to, capacity, "%llu h %u min", (unsigned long long)(seconds / 3600),
                       (unsigned)(seconds / 60 % 60));
    }
}

static uint64_t per_second(uint64_t count, int64_t us)
{
    return us <= 0 ? 0 : (uint64_t)((uint128)count * US_PER_SECOND / (uint64_t)us);
}

/* Adds a part, two blanks before it, when the columns allow; parts come in order of importance. */
static size_t part_add(char *line, size_t size, size_t columns, const char *part)
{
    size_t part_size = strlen(part);
    size_t gap = size > 0 ? 2 : 0;
    if (part_size == 0 || size + gap + part_size > columns) {
        return size;
    }
    memcpy(line + size, "  ", gap);
    memcpy(line + size + gap, part, part_size + 1);
    return size + gap + part_size;
}

/* The part of `total` that is done, never more than the whole. */
static unsigned share(const struct progress *progress, unsigned whole)
{
    uint64_t done = progress->done < progress->total ? progress->done : progress->total;
    return (unsigned)((uint128)done * whole / progress->total);
}

static void bar_write(const struct progress *progress, char *to, size_t capacity)
{
    char bar[BAR_SIZE + 1];
    unsigned full = share(progress, BAR_SIZE);
    memset(bar, '.', BAR_SIZE);
    memset(bar, '#', full);
    bar[BAR_SIZE] = '\0';
    (void)snprintf(to, capacity, "[%s] %3u %%", bar, share(progress, 100));
}

static void time_part_write(const struct progress *progress, bool ended, int64_t now_us, char *to,
                            size_t capacity)
{
    char time[40];
    uint64_t elapsed_s =
        now_us > progress->started_us ? (uint64_t)(now_us - progress->started_us) / US_PER_SECOND : 0;
    to[0] = '\0';
    if (ended || progress->total == 0) {
        time_write(elapsed_s, time, sizeof time);
        (void)snprintf(to, capacity, ended ? "in %s" : "%s", time);
    } else if (progress->rate > 0 && progress->done < progress->total) {
        time_write((progress->total - progress->done + progress->rate - 1) / progress->rate, time,
                   sizeof time);
        (void)snprintf(to, capacity, "%s left", time);
    }
}

size_t progress_line(const struct progress *progress, bool ended, int64_t now_us, char *to)
{
    char part[128];
    char number[32];
    size_t columns = progress->columns;
    assert(columns < PROGRESS_LINE_SIZE);
    to[0] = '\0';
    size_t size = part_add(to, 0, columns, progress->label);
    if (progress->total > 0) {
        bar_write(progress, part, sizeof part);
        size = part_add(to, size, columns, part);
    }
    size_t at = progress_number(progress->done, part);
    if (progress->total > 0) {
        progress_number(progress->total, number);
        (void)snprintf(part + at, sizeof part - at, " of %s", number);
    }
    size = part_add(to, size, columns, part);
    progress_number(ended ? per_second(progress->done, now_us - progress->started_us) : progress->rate,
                    number);
    (void)snprintf(part, sizeof part, "%s/s", number);
    size = part_add(to, size, columns, part);
    time_part_write(progress, ended, now_us, part, sizeof part);
    size = part_add(to, size, columns, part);
    return part_add(to, size, columns, progress->note);
}

static void draw(struct progress *progress, bool ended, int64_t now_us)
{
    char line[PROGRESS_LINE_SIZE + 16];
    size_t size = 0;
    if (progress->fd < 0) {
        return;
    }
    if (progress->terminal) {
        line[size++] = '\r';
    }
    size += progress_line(progress, ended, now_us, line + size);
    if (progress->terminal) {
        memcpy(line + size, "\033[K", 3); /* clears what is left of a longer line */
        size += 3;
    }
    if (ended || !progress->terminal) {
        line[size++] = '\n';
    }
    if (write(progress->fd, line, size) < 0) {
        progress->fd = -1; /* nobody reads it any more; the job goes on */
    }
}

/* Exponential smoothing by elapsed time, in integers: weight of the new rate = step / (step + SMOOTHING_US).
 */
static void rate_update(struct progress *progress, int64_t now_us)
{
    int64_t step_us = now_us - progress->drawn_us;
    uint64_t done = progress->done > progress->drawn_done ? progress->done - progress->drawn_done : 0;
    uint64_t rate = per_second(done, step_us);
    if (progress->drawn_us == progress->started_us) {
        progress->rate = rate;
    } else {
        uint128 sum = (uint128)rate * (uint64_t)step_us + (uint128)progress->rate * SMOOTHING_US;
        progress->rate = (uint64_t)(sum / ((uint64_t)step_us + SMOOTHING_US));
    }
    progress->drawn_us = now_us;
    progress->drawn_done = progress->done;
}

void progress_set(struct progress *progress, uint64_t done, int64_t now_us)
{
    progress->done = done;
    if (now_us - progress->drawn_us < progress->interval_us) {
        return;
    }
    rate_update(progress, now_us);
    draw(progress, false, now_us);
}

void progress_note(struct progress *progress, const char *note)
{
    (void)snprintf(progress->note, sizeof progress->note, "%s", note);
}

void progress_end(struct progress *progress, int64_t now_us)
{
    draw(progress, true, now_us);
    progress->fd = -1;
}
