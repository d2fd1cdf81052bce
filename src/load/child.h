/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child process, such as the server under test: start it, wait until it says that it is ready, watch what
 * it uses, stop it. The child gets SIGTERM when the thread that started it ends, so that no server outlives a
 * broken test run. Its standard output is a pipe to us, standard error is ours or a file. After the ready
 * line what it writes is thrown away at each child_sample and child_stop; beyond 64 KiB in between it would
 * wait. One thread at a time.
 */
#ifndef LOAD_CHILD_H
#define LOAD_CHILD_H

#include "base/span.h"

#include <sys/types.h>

#define CHILD_ARGUMENTS_MAX 64
#define CHILD_THREADS_MAX 64
#define CHILD_LINE_SIZE_MAX 4096

struct child {
    pid_t pid;       /* 0: not running */
    int output;      /* -1: closed */
    int exit_status; /* as of waitpid(2), once it has ended */
    size_t line_size;
    char line[CHILD_LINE_SIZE_MAX];
};

/* Threads of one name, added up: a pool shows as one line. */
struct child_thread {
    char name[16];
    uint32_t count;
    int64_t user_us, system_us; /* in steps of the kernel's clock tick, usually 10 ms */
    int64_t run_us;             /* exact sum of both; -1 where the kernel does not tell */
};

struct child_sample {
    int64_t resident_bytes;
    int64_t resident_max_bytes;
    int64_t user_us, system_us;      /* of the whole process, ended threads included */
    int64_t read_bytes, write_bytes; /* from and to storage; -1 where the kernel does not tell */
    int64_t write_chars;             /* bytes passed to write calls, sockets included; -1 likewise */
    uint32_t thread_count;           /* entries in `threads` */
    struct child_thread threads[CHILD_THREADS_MAX]; /* names beyond the limit are left out */
};

/*
 * Starts `arguments` (ended by NULL; [0] is looked up in PATH unless it has a slash). `errors` is the file
 * that standard error is appended to, NULL to share ours. STATUS_not_found when it cannot be executed,
 * STATUS_fault when no process can be made.
 */
MUST_CHECK enum status child_start(struct child *child, const char *const arguments[], const char *errors);
/*
 * The next line of its output, without the line's end, valid until the next call. STATUS_busy after
 * `timeout_us`, STATUS_not_found when the output ended first, STATUS_too_large for a line beyond the limit.
 */
MUST_CHECK enum status child_line(struct child *child, int64_t timeout_us, struct span *line);
/* Whether it has ended; `exit_status` is valid then. Waits at most `timeout_us`, 0 just looks. */
bool child_wait(struct child *child, int64_t timeout_us);
/* Sends a signal if it is still running. */
void child_signal(struct child *child, int number);
/* SIGTERM, and SIGKILL after `timeout_us`; then releases everything. True when it ended by itself with status
 * 0. */
bool child_stop(struct child *child, int64_t timeout_us);
/* What a process uses now. STATUS_not_found when there is no such process. `child` may be any process of
 * ours. */
MUST_CHECK enum status child_sample(struct child *child, struct child_sample *sample);

#endif
