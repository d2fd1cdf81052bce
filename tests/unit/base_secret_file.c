/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/secret_file.h"

struct place {
    char folder[64], path[96], error[256];
};

static int place_make(void **state)
{
    static struct place place;
    (void)snprintf(place.folder, sizeof(place.folder), "/tmp/onetill-secret-XXXXXX");
    assert_non_null(mkdtemp(place.folder));
    (void)snprintf(place.path, sizeof(place.path), "%s/secret", place.folder);
    place.error[0] = '\0';
    *state = &place;
    return 0;
}

static int place_clear(void **state)
{
    struct place *place = *state;
    (void)unlink(place->path);
    return rmdir(place->folder); /* nothing else was left behind */
}

static void what_was_written_is_read(void **state)
{
    struct place *place = *state;
    char bytes[16] = { 0 };
    size_t size = 99;
    struct stat found;
    assert_int_equal(secret_file_read(place->path, bytes, 16, &size, place->error, 256), STATUS_not_found);
    assert_non_null(strstr(place->error, place->path));
    assert_int_equal(size, 99);
    assert_int_equal(secret_file_create(place->path, "12345", 5, place->error, 256), STATUS_ok);
    assert_int_equal(stat(place->path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    assert_int_equal(secret_file_read(place->path, bytes, 5, &size, place->error, 256), STATUS_ok);
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "12345", 6);
    assert_int_equal(secret_file_read(place->path, bytes, 4, &size, place->error, 256), STATUS_too_large);
}

static void who_comes_second_finds_the_first(void **state)
{
    struct place *place = *state;
    char bytes[16] = { 0 };
    size_t size;
    assert_int_equal(secret_file_create(place->path, "first", 5, place->error, 256), STATUS_ok);
    assert_int_equal(secret_file_create(place->path, "second", 6, place->error, 256), STATUS_ok);
    assert_int_equal(secret_file_read(place->path, bytes, 16, &size, place->error, 256), STATUS_ok);
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "first", 5);
}

static void what_others_may_read_is_refused(void **state)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0601 };
    struct place *place = *state;
    char bytes[16];
    size_t size;
    assert_int_equal(secret_file_create(place->path, "12345", 5, place->error, 256), STATUS_ok);
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        assert_int_equal(chmod(place->path, modes[i]), 0);
        assert_int_equal(secret_file_read(place->path, bytes, 16, &size, place->error, 256), STATUS_bad_input);
        assert_non_null(strstr(place->error, "chmod 600"));
    }
    assert_int_equal(chmod(place->path, 0400), 0);
    assert_int_equal(secret_file_read(place->path, bytes, 16, &size, place->error, 256), STATUS_ok);
}

static void neither_links_nor_folders_are_followed(void **state)
{
    struct place *place = *state;
    char bytes[16];
    size_t size;
    assert_int_equal(symlink("/etc/hostname", place->path), 0);
    assert_int_equal(secret_file_read(place->path, bytes, 16, &size, place->error, 256), STATUS_fault);
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_int_equal(secret_file_read(place->path, bytes, 16, &size, place->error, 256), STATUS_bad_input);
    assert_int_equal(secret_file_read(place->folder, bytes, 16, &size, place->error, 256), STATUS_bad_input);
    assert_int_equal(secret_file_create("/nowhere/at/all", "12345", 5, place->error, 256), STATUS_fault);
    assert_non_null(strstr(place->error, "/nowhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read, place_make, place_clear),
        cmocka_unit_test_setup_teardown(who_comes_second_finds_the_first, place_make, place_clear),
        cmocka_unit_test_setup_teardown(what_others_may_read_is_refused, place_make, place_clear),
        cmocka_unit_test_setup_teardown(neither_links_nor_folders_are_followed, place_make, place_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
