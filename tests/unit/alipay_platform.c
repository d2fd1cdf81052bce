/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doors/alipay/certificate.h"
#include "doors/alipay/platform.h"

#define THREADS 4

static char folder[64], store[128], file[160];

static struct platform *platform_at(const char *path)
{
    return platform_open(&(struct platform_settings){ .store_path = path });
}

static const struct platform_keys *keys_of(struct platform *platform)
{
    char error[256] = "";
    const struct platform_keys *keys = platform_keys(platform, error, sizeof(error));
    if (keys == NULL) {
        fail_msg("%s", error);
    }
    return keys;
}

static void the_keys_are_made_when_first_needed(void **state)
{
    struct stat found;
    char public_text[ALIPAY_PUBLIC_TEXT_SIZE];
    (void)state;
    struct platform *platform = platform_at(store);
    assert_false(platform_ready(platform));
    assert_int_not_equal(stat(file, &found), 0);
    const struct platform_keys *keys = keys_of(platform);
    assert_true(platform_ready(platform));
    assert_ptr_equal(keys_of(platform), keys);
    assert_int_equal(stat(file, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    memcpy(public_text, keys->public_text, sizeof(public_text));
    platform_close(platform);

    platform = platform_at(store); /* as after a restart */
    assert_string_equal(keys_of(platform)->public_text, public_text);
    platform_close(platform);
}

/* What the processes on a database share. */
struct board {
    pthread_mutex_t lock;
    uint8_t bytes[PLATFORM_NOTE_MAX];
    size_t size;
    uint32_t written;
    bool away;
};

static bool board_note(void *context, struct span wanted, uint8_t *found, size_t *size, char *error, size_t error_size)
{
    struct board *board = context;
    pthread_mutex_lock(&board->lock);
    if (wanted.bytes != NULL && board->size == 0) {
        memcpy(board->bytes, wanted.bytes, wanted.size);
        board->size = wanted.size;
        board->written++;
    }
    memcpy(found, board->bytes, board->size);
    *size = board->size;
    pthread_mutex_unlock(&board->lock);
    snprintf(error, error_size, "the database is away");
    return !board->away;
}

static struct platform *platform_of(struct board *board, const char *path, uint8_t key)
{
    struct platform_settings settings = { .store_path = path, .note = board_note, .note_context = board };
    memset(settings.note_key, key, sizeof(settings.note_key));
    return platform_open(&settings);
}

static void all_processes_on_a_database_have_the_same_keys(void **state)
{
    char error[256] = "";
    static struct board board = { .lock = PTHREAD_MUTEX_INITIALIZER, .away = true };
    (void)state;
    struct platform *first = platform_of(&board, NULL, 7), *second = platform_of(&board, NULL, 7);
    struct platform *stranger = platform_of(&board, NULL, 8);
    assert_null(platform_keys(first, error, sizeof(error)));
    assert_string_equal(error, "the database is away");
    board.away = false;
    char public_text[ALIPAY_PUBLIC_TEXT_SIZE];
    assert_true(platform_look(second, error, sizeof(error)));
    assert_false(platform_ready(second)); /* to look makes none */
    memcpy(public_text, keys_of(first)->public_text, sizeof(public_text));
    assert_true(platform_look(second, error, sizeof(error)));
    assert_true(platform_ready(second));
    assert_string_equal(keys_of(second)->public_text, public_text);
    assert_string_equal(keys_of(second)->cert_sn, keys_of(first)->cert_sn);
    assert_int_equal(board.written, 1);
    assert_null(memmem(board.bytes, board.size, "BEGIN", 5)); /* they are sealed */
    assert_null(platform_keys(stranger, error, sizeof(error)));
    assert_non_null(strstr(error, "another master key"));
    board.bytes[board.size / 2] ^= 1;
    struct platform *damaged = platform_of(&board, NULL, 7);
    assert_null(platform_keys(damaged, error, sizeof(error)));
    platform_close(first);
    platform_close(second);
    platform_close(stranger);
    platform_close(damaged);
}

/* A business that moves to a database brings its keys along. */
static void keys_in_the_file_become_those_of_the_database(void **state)
{
    static struct board board = { .lock = PTHREAD_MUTEX_INITIALIZER };
    (void)state;
    struct platform *alone = platform_at(store);
    struct platform *first = platform_of(&board, store, 7), *second = platform_of(&board, NULL, 7);
    const char *public_text = keys_of(alone)->public_text;
    assert_string_equal(keys_of(first)->public_text, public_text);
    assert_string_equal(keys_of(second)->public_text, public_text);
    platform_close(alone);
    platform_close(first);
    platform_close(second);
}

static void *key_take(void *context)
{
    char error[256];
    struct platform *platform = context;
    return (void *)(uintptr_t)platform_keys(platform, error, sizeof(error));
}

static void threads_that_ask_at_once_get_the_same(void **state)
{
    pthread_t threads[THREADS];
    void *got[THREADS];
    (void)state;
    (void)unlink(file);
    struct platform *platform = platform_at(store);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, key_take, platform), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &got[i]), 0);
        assert_non_null(got[i]);
        assert_ptr_equal(got[i], got[0]);
    }
    platform_close(platform);
}

static void a_file_that_others_may_read_is_refused(void **state)
{
    char error[256] = "";
    (void)state;
    struct platform *platform = platform_at(store);
    (void)keys_of(platform);
    platform_close(platform);
    assert_int_equal(chmod(file, 0644), 0);
    platform = platform_at(store);
    assert_null(platform_keys(platform, error, sizeof(error)));
    assert_true(strlen(error) > 0);
    assert_false(platform_ready(platform));
    assert_int_equal(chmod(file, 0600), 0);
    assert_non_null(platform_keys(platform, error, sizeof(error))); /* mended: tried again */
    platform_close(platform);
}

static void a_file_without_keys_is_refused_and_kept(void **state)
{
    char error[256] = "";
    (void)state;
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs("not a key\n", out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(file, 0600), 0);
    struct platform *platform = platform_at(store);
    assert_null(platform_keys(platform, error, sizeof(error)));
    assert_true(strlen(error) > 0);
    platform_close(platform);
    struct stat found;
    assert_int_equal(stat(file, &found), 0);
    assert_int_equal(found.st_size, 10);
    assert_int_equal(unlink(file), 0);
}

static void given_keys_are_used_and_nothing_is_written(void **state)
{
    static char pem[PLATFORM_PEM_MAX];
    static struct platform_keys made;
    struct stat found;
    (void)state;
    platform_keys_make(INT64_C(1767232805000000), &made);
    size_t size = platform_keys_write(&made, pem);
    struct platform *platform =
        platform_open(&(struct platform_settings){ .store_path = store, .bundle = { pem, size } });
    memset(pem, 0, sizeof(pem)); /* it was copied */
    assert_string_equal(keys_of(platform)->public_text, made.public_text);
    assert_string_equal(keys_of(platform)->cert_sn, made.cert_sn);
    assert_int_not_equal(stat(file, &found), 0);
    platform_close(platform);
    platform_keys_release(&made);
}

static void nothing_is_kept_of_a_store_in_memory(void **state)
{
    (void)state;
    struct platform *one = platform_at("memory:"), *other = platform_at(NULL);
    assert_string_not_equal(keys_of(one)->public_text, keys_of(other)->public_text);
    platform_close(one);
    platform_close(other);
    assert_int_not_equal(access("memory:" PLATFORM_FILE_SUFFIX, F_OK), 0);
}

static int prepare(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/onetill-platform-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(store, sizeof(store), "%s/store", folder);
    snprintf(file, sizeof(file), "%s%s", store, PLATFORM_FILE_SUFFIX);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    (void)unlink(file);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_are_made_when_first_needed),
        cmocka_unit_test(threads_that_ask_at_once_get_the_same),
        cmocka_unit_test(a_file_that_others_may_read_is_refused),
        cmocka_unit_test(a_file_without_keys_is_refused_and_kept),
        cmocka_unit_test(given_keys_are_used_and_nothing_is_written),
        cmocka_unit_test(nothing_is_kept_of_a_store_in_memory),
        cmocka_unit_test(all_processes_on_a_database_have_the_same_keys),
        cmocka_unit_test(keys_in_the_file_become_those_of_the_database),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
