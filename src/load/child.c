/* SPDX-License-Identifier: Apache-2.0 */
#include "load/child.h"

#include "base/os_clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_STEP_US 2000
#define PROC_FILE_SIZE 8192

/* In the child between fork and exec: only calls that are safe there. Reports errno through `report`. */
__attribute__((noreturn)) static void become(const char *const arguments[], int output, int errors,
                                             int report, pid_t parent)
{
    char *copies[CHILD_ARGUMENTS_MAX + 1];
    size_t count = 0;
    int error = 0;
    for (; arguments[count] != NULL && count < CHILD_ARGUMENTS_MAX; count++) {
        memcpy(&copies[count], &arguments[count], sizeof copies[count]); /* exec takes them without const */
    }
    copies[count] = NULL;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent && dup2(output, STDOUT_FILENO) >= 0 &&
        (errors < 0 || dup2(errors, STDERR_FILENO) >= 0)) {
        execvp(copies[0], copies);
    }
    error = errno;
    while (write(report, &error, sizeof error) < 0 && errno == EINTR) {
    }
    _exit(127);
}

enum status child_start(struct child *child, const char *const arguments[], const char *errors)
{
    int output[2] = { -1, -1 };
    int report[2] = { -1, -1 };
    int error_file = -1;
    int error = 0;
    enum status status = STATUS_fault;
    pid_t parent = getpid();
    assert(arguments[0] != NULL);
    memset(child, 0, sizeof *child);
    child->output = -1;
    if (pipe2(output, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0) {
        goto out;
    }
    if (errors != NULL) {
        error_file = open(errors, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (error_file < 0) {
            goto out;
        }
    }
    child->pid = fork();
    if (child->pid == 0) {
        become(arguments, output[1], error_file, report[1], parent);
    }
    if (child->pid < 0) {
        child->pid = 0;
        goto out;
    }
    close(report[1]);
    report[1] = -1;
    ssize_t got;
    do {
        got = read(report[0], &error, sizeof error); /* nothing: exec closed the pipe */
    } while (got < 0 && errno == EINTR);
    if (got != 0) {
        (void)waitpid(child->pid, &child->exit_status, 0);
        child->pid = 0;
        status = STATUS_not_found;
        goto out;
    }
    child->output = output[0];
    output[0] = -1;
    (void)fcntl(child->output, F_SETFL, O_NONBLOCK);
    status = STATUS_ok;
out:
    for (size_t i = 0; i < 2; i++) {
        if (output[i] >= 0) {
            close(output[i]);
        }
        if (report[i] >= 0) {
            close(report[i]);
        }
    }
    if (error_file >= 0) {
        close(error_file);
    }
    return status;
}

enum status child_line(struct child *child, int64_t timeout_us, struct span *line)
{
    int64_t deadline_us = os_monotonic_us() + timeout_us;
    while (child->output >= 0) {
        char byte;
        /* Byte by byte, so that nothing of the next line is taken: ready lines are short and rare. */
        ssize_t got = read(child->output, &byte, 1);
        if (got == 0) {
            return STATUS_not_found;
        }
        if (got > 0 && byte == '\n') {
            *line = (struct span){ child->line, child->line_size };
            child->line_size = 0;
            return STATUS_ok;
        }
        if (got > 0) {
            if (child->line_size == sizeof child->line) {
                return STATUS_too_large;
            }
            child->line[child->line_size++] = byte;
            continue;
        }
        int64_t left_us = deadline_us - os_monotonic_us();
        if (errno != EAGAIN && errno != EINTR) {
            return STATUS_fault;
        }
        if (left_us <= 0) {
            return STATUS_busy;
        }
        struct pollfd item = { .fd = child->output, .events = POLLIN };
        (void)poll(&item, 1, (int)min_i64((left_us + 999) / 1000, 60000));
    }
    return STATUS_not_found;
}

/* So that a talkative child never waits for us. */
static void output_discard(struct child *child)
{
    char bytes[4096];
    while (child->output >= 0 && read(child->output, bytes, sizeof bytes) > 0) {
    }
}

bool child_wait(struct child *child, int64_t timeout_us)
{
    int64_t deadline_us = os_monotonic_us() + timeout_us;
    while (child->pid != 0) {
        pid_t ended = waitpid(child->pid, &child->exit_status, WNOHANG);
        if (ended == child->pid) {
            child->pid = 0;
            return true;
        }
        assert(ended == 0 || errno == EINTR);
        if (os_monotonic_us() >= deadline_us) {
            return false;
        }
        output_discard(child);
        os_sleep_us(WAIT_STEP_US);
    }
    return true;
}

void child_signal(struct child *child, int number)
{
    if (child->pid != 0) {
        (void)kill(child->pid, number); /* it is not waited for yet, so its number is still its own */
    }
}

bool child_stop(struct child *child, int64_t timeout_us)
{
    child_signal(child, SIGTERM);
    if (!child_wait(child, timeout_us)) {
        child_signal(child, SIGKILL);
        while (!child_wait(child, 1000000)) {
        }
    }
    if (child->output >= 0) {
        close(child->output);
        child->output = -1;
    }
    return WIFEXITED(child->exit_status) && WEXITSTATUS(child->exit_status) == 0;
}

/* The whole of a small file of /proc, terminated. False when there is none or it may not be read. */
static bool proc_read(const char *path, char *bytes, size_t capacity)
{
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    while (size < capacity - 1) {
        ssize_t got = read(fd, bytes + size, capacity - 1 - size);
        if (got <= 0) {
            break;
        }
        size += (size_t)got;
    }
    close(fd);
    bytes[size] = '\0';
    return size > 0;
}

/* The number after `key` in a text of "key: number" lines, or -1. */
static int64_t number_of(const char *text, const char *key)
{
    size_t size = strlen(key);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, key, size) == 0 && line[size] == ':') {
            return strtoll(line + size + 1, NULL, 10);
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return -1;
}

/* Fields 14 and 15 of a stat file, counted after the name, which is in parentheses and may hold anything. */
static bool stat_times(const char *text, int64_t *user_us, int64_t *system_us)
{
    int64_t tick_us = 1000000 / max_i64(sysconf(_SC_CLK_TCK), 1);
    const char *at = strrchr(text, ')');
    if (at == NULL) {
        return false;
    }
    at++;
    for (int field = 3; field < 14; field++) {
        at = strchr(at + 1, ' ');
        if (at == NULL) {
            return false;
        }
    }
    char *end;
    *user_us = strtoll(at, &end, 10) * tick_us;
    *system_us = strtoll(end, NULL, 10) * tick_us;
    return true;
}

static struct child_thread *thread_named(struct child_sample *sample, const char *stat_text)
{
    char name[16] = { 0 };
    const char *first = strchr(stat_text, '(');
    const char *last = strrchr(stat_text, ')');
    if (first == NULL || last == NULL || last <= first) {
        return NULL;
    }
    size_t size = (size_t)(last - first) - 1;
    memcpy(name, first + 1, size < sizeof name ? size : sizeof name - 1);
    for (uint32_t i = 0; i < sample->thread_count; i++) {
        if (strcmp(sample->threads[i].name, name) == 0) {
            return &sample->threads[i];
        }
    }
    if (sample->thread_count == CHILD_THREADS_MAX) {
        return NULL;
    }
    struct child_thread *thread = &sample->threads[sample->thread_count++];
    memcpy(thread->name, name, sizeof name);
    return thread;
}

/* A thread may end between two reads: then it is left out. */
static void thread_add(struct child_sample *sample, pid_t pid, const char *number)
{
    char path[128];
    char text[PROC_FILE_SIZE];
    int64_t user_us;
    int64_t system_us;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%.16s/stat", (int)pid, number);
    if (!proc_read(path, text, sizeof text) || !stat_times(text, &user_us, &system_us)) {
        return;
    }
    struct child_thread *thread = thread_named(sample, text);
    if (thread == NULL) {
        return;
    }
    thread->count++;
    thread->user_us += user_us;
    thread->system_us += system_us;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", (int)pid, number);
    if (thread->run_us >= 0 && proc_read(path, text, sizeof text)) {
        thread->run_us += strtoll(text, NULL, 10) / 1000;
    } else {
        thread->run_us = -1;
    }
}

static void threads_add(struct child_sample *sample, pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks)) {
        if (entry->d_name[0] != '.') {
            thread_add(sample, pid, entry->d_name);
        }
    }
    closedir(tasks);
}

enum status child_sample(struct child *child, struct child_sample *sample)
{
    char path[64];
    char text[PROC_FILE_SIZE];
    memset(sample, 0, sizeof *sample);
    output_discard(child);
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)child->pid);
    if (child->pid == 0 || !proc_read(path, text, sizeof text) ||
        !stat_times(text, &sample->user_us, &sample->system_us)) {
        return STATUS_not_found;
    }
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)child->pid);
    if (!proc_read(path, text, sizeof text)) {
        return STATUS_not_found;
    }
    sample->resident_bytes = max_i64(number_of(text, "VmRSS"), 0) * 1024;
    sample->resident_max_bytes = max_i64(number_of(text, "VmHWM"), 0) * 1024;
    (void)snprintf(path, sizeof path, "/proc/%d/io", (int)child->pid);
    if (!proc_read(path, text, sizeof text)) {
        text[0] = '\0';
    }
    sample->read_bytes = number_of(text, "read_bytes");
    sample->write_bytes = number_of(text, "write_bytes");
    sample->write_chars = number_of(text, "wchar");
    threads_add(sample, child->pid);
    return STATUS_ok;
}
