/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of images: hands a picture to zbarimg, an independent reader, and gives back what it read. Where
 * the programs are not installed the test is skipped, which cmocka reports. Include after cmocka.h.
 */
#ifndef TESTS_SCAN_H
#define TESTS_SCAN_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"

static inline bool program_is_there(const char *name)
{
    char command[128];
    snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", name);
    return system(command) == 0;
}

/* Runs head, path of the picture, tail as a shell command and returns the size of what it printed. */
static inline size_t picture_run(const void *picture, size_t size, const char *suffix,
                                 const char *command_head, const char *command_tail, char *to,
                                 size_t capacity)
{
    char path[64], command[256];
    snprintf(path, sizeof(path), "/tmp/onetill-scan-XXXXXX%s", suffix);
    int handle = mkstemps(path, (int)strlen(suffix));
    assert_true(handle >= 0);
    assert_int_equal(write(handle, picture, size), size);
    close(handle);
    snprintf(command, sizeof(command), "%s %s %s 2>/dev/null", command_head, path, command_tail);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    size_t got = fread(to, 1, capacity, output);
    pclose(output);
    unlink(path);
    return got;
}

/* Asserts that zbarimg reads exactly `expected` from the picture and nothing else. */
static inline void picture_reads(const void *picture, size_t size, const char *suffix, const char *expected)
{
    char text[4096];
    size_t got = picture_run(picture, size, suffix, "zbarimg --raw --quiet", "", text, sizeof(text) - 1);
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
    char head[64];
    snprintf(head, sizeof(head), "rsvg-convert -w %d", width);
    size_t got = picture_run(svg, size, ".svg", head, "", png, sizeof(png));
    assert_true(got > 0);
    picture_reads(png, got, ".png", expected);
}

#endif
