/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of images: hands a picture to zbarimg, an independent reader, and gives back what it read. Where
 * the programs are not installed the test is skipped, which cmocka reports. Include after cmocka.h.
 */
#ifndef TESTS_UNIT_SCAN_H
#define TESTS_UNIT_SCAN_H

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

extern char **environ;

/* Runs a program with its standard output in the file `output`; its exit status, -1 when it did not run. */
static inline int program_run(const char *const arguments[], const char *output)
{
    posix_spawn_file_actions_t actions;
    pid_t process;
    int ended = 0;
    char *copies[8];
    size_t count = 0;

    for (; arguments[count] != NULL; count++) {
        assert_true(count + 1 < COUNT_OF(copies));
        copies[count] = strdup(arguments[count]);
    }
    copies[count] = NULL;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int failure = posix_spawnp(&process, copies[0], &actions, NULL, copies, environ);
    posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; i < count; i++) {
        free(copies[i]);
    }
    if (failure != 0 || waitpid(process, &ended, 0) != process) {
        return -1;
    }
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
}

static inline bool program_is_there(const char *name)
{
    const char *const arguments[] = { name, "--version", NULL };
    return program_run(arguments, "/dev/null") == 0;
}

/* Makes a file of its own for this run and puts the bytes into it. */
static inline void file_make(char *path, const char *suffix, const void *bytes, size_t size)
{
    snprintf(path, 64, "/tmp/onetill-scan-XXXXXX%s", suffix);
    int handle = mkstemps(path, (int)strlen(suffix));
    assert_true(handle >= 0);
    assert_int_equal(write(handle, bytes, size), size);
    close(handle);
}

static inline size_t file_take(const char *path, void *to, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(to, 1, capacity, file);
    fclose(file);
    unlink(path);
    return size;
}

/* Asserts that zbarimg reads exactly `expected` from the picture and nothing else. */
static inline void picture_reads(const void *picture, size_t size, const char *suffix, const char *expected)
{
    char path[64], output[64], text[4096];

    file_make(path, suffix, picture, size);
    file_make(output, ".txt", "", 0);
    const char *const arguments[] = { "zbarimg", "--raw", "--quiet", path, NULL };
    (void)program_run(arguments, output); /* what it read says whether it worked */
    unlink(path);
    size_t got = file_take(output, text, sizeof(text) - 1);
    text[got] = '\0';
    if (got > 0 && text[got - 1] == '\n') {
        text[got - 1] = '\0'; /* zbarimg ends each symbol with a line feed */
    }
    assert_string_equal(text, expected);
}

/* The same for an SVG, drawn by librsvg `width` pixels wide. */
static inline void svg_reads(const char *svg, size_t size, int width, const char *expected)
{
    static char png[1 << 20];
    char path[64], output[64], pixels[16];

    snprintf(pixels, sizeof(pixels), "%d", width);
    file_make(path, ".svg", svg, size);
    file_make(output, ".png", "", 0);
    const char *const arguments[] = { "rsvg-convert", "-w", pixels, path, NULL };
    assert_int_equal(program_run(arguments, output), 0);
    unlink(path);
    size_t got = file_take(output, png, sizeof(png));
    assert_true(got > 0);
    picture_reads(png, got, ".png", expected);
}

#endif
