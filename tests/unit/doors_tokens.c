/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doors/tokens.h"

static struct master_key key_of(uint8_t first)
{
    uint8_t bytes[MASTER_KEY_SIZE] = { first };
    struct master_key key;
    master_key_init(&key, bytes);
    return key;
}

static void a_token_says_whom_it_speaks_for(void **state)
{
    static const struct caller callers[] = {
        { CALLER_operator, 0 },     { CALLER_merchant, 1 },
        { CALLER_shop, INT64_MAX }, { CALLER_terminal, 4839201928374650 },
        { CALLER_shopper, -1 },
    };
    struct master_key key = key_of(1);
    struct tokens *tokens = tokens_open(&key);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(callers); i++) {
        char text[TOKEN_TEXT_SIZE];
        tokens_issue(tokens, callers[i], (int64_t)i + 1, text);
        for (int again = 0; again < 3; again++) { /* read, then remembered */
            struct caller caller;
            int64_t token_id;
            assert_true(tokens_check(tokens, span_of(text), &caller, &token_id));
            assert_int_equal(caller.kind, callers[i].kind);
            assert_int_equal(caller.id, callers[i].id);
            assert_int_equal(token_id, i + 1);
        }
    }
    tokens_close(tokens);
}

static void the_text_form_is_frozen(void **state)
{
    struct master_key key = key_of(1);
    struct tokens *tokens = tokens_open(&key);
    char text[TOKEN_TEXT_SIZE];
    (void)state;
    tokens_issue(tokens, (struct caller){ CALLER_terminal, 1001 }, 7, text);
    assert_string_equal(
        text, "ot_BAAAAAAAAAPpAAAAAAAAAAdqvzBpGEb0izxTKwCQnn7r"); /* made by another implementation */
    tokens_close(tokens);
}

static void no_changed_token_passes(void **state)
{
    struct master_key key = key_of(1), other = key_of(2);
    struct tokens *tokens = tokens_open(&key);
    struct tokens *others = tokens_open(&other);
    char text[TOKEN_TEXT_SIZE];
    struct caller caller;
    int64_t token_id;
    (void)state;
    tokens_issue(tokens, (struct caller){ CALLER_shopper, 12 }, 5, text);
    assert_true(tokens_check(tokens, span_of(text), &caller, &token_id));
    for (size_t i = 0; i < TOKEN_TEXT_SIZE - 1; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            char changed[TOKEN_TEXT_SIZE];
            memcpy(changed, text, sizeof(changed));
            changed[i] = (char)(changed[i] ^ (char)(1u << bit));
            struct span span = { changed, TOKEN_TEXT_SIZE - 1 };
            assert_false(tokens_check(tokens, span, &caller, &token_id));
        }
        assert_false(tokens_check(tokens, (struct span){ text, i }, &caller, &token_id));
    }
    assert_false(tokens_check(others, span_of(text), &caller, &token_id));
    assert_true(tokens_check(tokens, span_of(text), &caller, &token_id));
    tokens_close(others);
    tokens_close(tokens);
}

static void revoked_tokens_are_refused_at_once(void **state)
{
    struct master_key key = key_of(1);
    struct tokens *tokens = tokens_open(&key);
    char texts[16][TOKEN_TEXT_SIZE];
    struct caller caller;
    int64_t token_id;
    (void)state;
    for (int64_t id = 1; id <= 16; id++) {
        tokens_issue(tokens, (struct caller){ CALLER_shop, id }, id, texts[id - 1]);
        assert_true(tokens_check(tokens, span_of(texts[id - 1]), &caller, &token_id));
    }
    /* Enough of them that the set grows several times. */
    for (int64_t id = 1; id <= 20000; id++) {
        if (id % 4 != 0) {
            assert_true(tokens_revoke(tokens, id));
            assert_true(tokens_revoke(tokens, id));
        }
    }
    for (int64_t id = 1; id <= 16; id++) {
        assert_int_equal(tokens_check(tokens, span_of(texts[id - 1]), &caller, &token_id), id % 4 == 0);
    }
    tokens_close(tokens);
}

/* 1 issued 2, 2 issued 3 and 4, 4 issued 5; 6 has nothing to do with them. */
static void check_family(struct tokens *tokens, const bool holds[6])
{
    for (int64_t id = 1; id <= 6; id++) {
        char text[TOKEN_TEXT_SIZE];
        struct caller caller;
        int64_t token_id;
        tokens_issue(tokens, (struct caller){ CALLER_shop, id }, id, text);
        for (int again = 0; again < 2; again++) { /* read, then remembered */
            assert_int_equal(tokens_check(tokens, span_of(text), &caller, &token_id), holds[id - 1]);
        }
    }
}

static void what_was_issued_with_a_token_goes_with_it(void **state)
{
    static const struct { int64_t token_id, parent_id; } issued[] = { { 2, 1 }, { 3, 2 }, { 4, 2 }, { 5, 4 } };
    struct master_key key = key_of(1);
    struct tokens *tokens = tokens_open(&key);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(issued); i++) {
        assert_true(tokens_descend(tokens, issued[i].token_id, issued[i].parent_id));
    }
    check_family(tokens, (const bool[]){ true, true, true, true, true, true });
    assert_true(tokens_revoke_alone(tokens, 2));
    check_family(tokens, (const bool[]){ true, false, true, true, true, true });
    assert_true(tokens_revoke(tokens, 4));
    check_family(tokens, (const bool[]){ true, false, true, false, false, true });
    assert_true(tokens_revoke_alone(tokens, 4)); /* takes nothing back */
    check_family(tokens, (const bool[]){ true, false, true, false, false, true });
    for (int64_t id = 7; id < 20000; id++) { /* so many that the table grows several times */
        assert_true(tokens_descend(tokens, id, id - 1));
    }
    check_family(tokens, (const bool[]){ true, false, true, false, false, true });
    assert_true(tokens_revoke(tokens, 1));
    check_family(tokens, (const bool[]){ false, false, false, false, false, true });
    tokens_close(tokens);
}

struct checker {
    struct tokens *tokens;
    const char *text;
    atomic_bool revoked;
    atomic_int late; /* checks that began after the revocation and passed */
};

static void *checker_main(void *context)
{
    struct checker *checker = context;
    struct caller caller;
    int64_t token_id;
    for (int i = 0; i < 200000; i++) {
        bool revoked = atomic_load(&checker->revoked);
        if (tokens_check(checker->tokens, span_of(checker->text), &caller, &token_id) && revoked) {
            atomic_fetch_add(&checker->late, 1);
        }
    }
    return NULL;
}

static void a_revocation_reaches_other_threads(void **state)
{
    struct master_key key = key_of(1);
    struct checker checker = { .tokens = tokens_open(&key) };
    char text[TOKEN_TEXT_SIZE];
    pthread_t threads[2];
    (void)state;
    tokens_issue(checker.tokens, (struct caller){ CALLER_shop, 3 }, 1 << 20, text);
    checker.text = text;
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, checker_main, &checker), 0);
    }
    for (int64_t id = 1; id < 3000; id++) {
        assert_true(tokens_revoke(checker.tokens, id));
    }
    assert_true(tokens_revoke(checker.tokens, 1 << 20));
    atomic_store(&checker.revoked, true);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&checker.late), 0);
    tokens_close(checker.tokens);
}

/* ---- the master key ---- */

static int folder_make(void **state)
{
    static char folder[64];
    snprintf(folder, sizeof(folder), "/tmp/onetill-key-XXXXXX");
    *state = mkdtemp(folder);
    return *state != NULL ? 0 : -1;
}

static int folder_remove(void **state)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/till.key", (char *)*state);
    (void)unlink(path);
    return rmdir(*state); /* fails when a draft was left behind */
}

static void the_key_is_made_once_and_read_again(void **state)
{
    char path[128], error[256] = "";
    struct master_key first, second;
    uint8_t a[SHA256_SIZE], b[SHA256_SIZE], c[SHA256_SIZE];
    struct stat found;
    snprintf(path, sizeof(path), "%s/till.key", (char *)*state);
    assert_int_equal(master_key_open(path, false, &first, error, sizeof(error)), STATUS_not_found);
    assert_int_equal(master_key_open(path, true, &first, error, sizeof(error)), STATUS_ok);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_size, MASTER_KEY_SIZE);
    assert_int_equal(found.st_mode & 07777, 0600);
    assert_int_equal(found.st_nlink, 1);
    assert_int_equal(master_key_open(path, true, &second, error, sizeof(error)), STATUS_ok);
    master_key_derive(&first, "label", a);
    master_key_derive(&second, "label", b);
    master_key_derive(&second, "other label", c);
    assert_memory_equal(a, b, sizeof(a));
    assert_memory_not_equal(a, c, sizeof(a));
}

static void a_key_that_others_may_read_is_refused(void **state)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0601, 0660 };
    char path[128], error[256] = "";
    struct master_key key;
    snprintf(path, sizeof(path), "%s/till.key", (char *)*state);
    assert_int_equal(master_key_open(path, true, &key, error, sizeof(error)), STATUS_ok);
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(master_key_open(path, true, &key, error, sizeof(error)), STATUS_bad_input);
        assert_non_null(strstr(error, "chmod 600"));
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(master_key_open(path, true, &key, error, sizeof(error)), STATUS_ok);
}

static void what_is_no_key_is_refused(void **state)
{
    char path[128], target[128], error[256] = "";
    struct master_key key;
    snprintf(path, sizeof(path), "%s/till.key", (char *)*state);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "short", 5), 5);
    (void)close(fd);
    assert_int_equal(master_key_open(path, true, &key, error, sizeof(error)), STATUS_bad_input);
    (void)unlink(path);
    /* A link is not followed: who can place one must not choose the key. */
    snprintf(target, sizeof(target), "%s/elsewhere", (char *)*state);
    assert_int_equal(master_key_open(target, true, &key, error, sizeof(error)), STATUS_ok);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(master_key_open(path, true, &key, error, sizeof(error)), STATUS_fault);
    (void)unlink(target);
    (void)unlink(path);
    assert_int_equal(master_key_open("/nowhere/at/all.key", true, &key, error, sizeof(error)), STATUS_fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_says_whom_it_speaks_for),
        cmocka_unit_test(the_text_form_is_frozen),
        cmocka_unit_test(no_changed_token_passes),
        cmocka_unit_test(revoked_tokens_are_refused_at_once),
        cmocka_unit_test(what_was_issued_with_a_token_goes_with_it),
        cmocka_unit_test(a_revocation_reaches_other_threads),
        cmocka_unit_test_setup_teardown(the_key_is_made_once_and_read_again, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(a_key_that_others_may_read_is_refused, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(what_is_no_key_is_refused, folder_make, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
