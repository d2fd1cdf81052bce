/* SPDX-License-Identifier: Apache-2.0 */
/* Where a store is: what belongs to it, and that no password of it is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "app/place.h"

static void places_are_told_apart_and_have_their_files(void **state)
{
    static const struct {
        const char *text, *key;
        enum place_kind kind;
        const char *stem, *key_path;
    } cases[] = {
        { "shop.db", NULL, PLACE_file, "shop.db", "shop.db.key" },
        { "/var/shop.db", "/etc/a.key", PLACE_file, "/var/shop.db", "/etc/a.key" },
        { "memory:", NULL, PLACE_memory, "", "" },
        { "./memory:", NULL, PLACE_file, "./memory:", "./memory:.key" },
        { "postgres://till@db/till", NULL, PLACE_postgres, "onetill", "onetill.key" },
        { "postgresql:///till", "/etc/till/main.key", PLACE_postgres, "/etc/till/main", "/etc/till/main.key" },
        { "postgres:///till", "/etc/till/secret", PLACE_postgres, "/etc/till/secret", "/etc/till/secret" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct place place;
        assert_null(place_read(&place, cases[i].text, cases[i].key));
        assert_int_equal(place.kind, cases[i].kind);
        assert_string_equal(place.stem, cases[i].stem);
        assert_string_equal(place.key_path, cases[i].key_path);
        assert_string_equal(place.name, cases[i].text);
    }
}

static void names_have_no_passwords(void **state)
{
    static const struct {
        const char *text, *name;
    } cases[] = {
        { "postgres://till:secret@db/till", "postgres://till:***@db/till" },
        { "postgres://till:se%40cret@db:5432/till?sslmode=require",
          "postgres://till:***@db:5432/till?sslmode=require" },
        { "postgres://db/till?password=secret", "postgres://db/till?password=***" },
        { "postgres://db/till?user=a&password=secret&x=1&sslpassword=other",
          "postgres://db/till?user=a&password=***&x=1&sslpassword=***" },
        { "postgres://till:one@db/till?password=two", "postgres://till:***@db/till?password=***" },
        { "postgres://till@db/till?application_name=a:b@c", "postgres://till@db/till?application_name=a:b@c" },
        { "postgres://till:@db/till?password=", "postgres://till:@db/till?password=" },
        { "postgres://a:pw@h1,h2/till", "postgres://a:***@h1,h2/till" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct place place;
        assert_null(place_read(&place, cases[i].text, NULL));
        assert_string_equal(place.name, cases[i].name);
    }
}

static void a_name_that_is_too_long_is_cut(void **state)
{
    static char text[2 * PLACE_NAME_SIZE];
    struct place place;
    (void)state;
    int size = snprintf(text, sizeof(text), "postgres://till:secret@db/");
    memset(text + size, 'x', sizeof(text) - (size_t)size - 1);
    assert_null(place_read(&place, text, NULL));
    assert_true(strlen(place.name) < PLACE_NAME_SIZE);
    assert_non_null(strstr(place.name, "till:***@db/xxx"));
}

static void messages_are_covered_in_both_spellings(void **state)
{
    struct place place;
    char error[] = "cannot use se%63ret: the server does not take 'secret' for till";
    (void)state;
    assert_null(place_read(&place, "postgres://till:se%63ret@db/till", NULL));
    place_cover(&place, error);
    assert_null(strstr(error, "secret"));
    assert_null(strstr(error, "se%63ret"));
    assert_non_null(strstr(error, "the server does not take '******' for till"));
    char stars[] = "***";
    assert_null(place_read(&place, "postgres://till:*@db/till", NULL));
    place_cover(&place, stars); /* ends */
    assert_string_equal(stars, "***");
}

static void arguments_are_covered_and_still_work(void **state)
{
    char program[] = "onetill", store[] = "--store=postgres://till:secret@db/till", plain[] = "a:b@c";
    char *arguments[] = { program, store, plain, NULL };
    (void)state;
    arguments_hide(3, arguments);
    assert_string_equal(store, "--store=postgres://till:******@db/till"); /* what ps shows */
    assert_string_equal(arguments[1], "--store=postgres://till:secret@db/till");
    assert_ptr_equal(arguments[2], plain);
    assert_string_equal(plain, "a:b@c");
}

static void the_environment_may_name_the_place(void **state)
{
    struct place place;
    char to[APP_PATH_SIZE];
    (void)state;
    assert_int_equal(unsetenv("APP_PLACE_TEST"), 0);
    assert_non_null(place_read(&place, "env:APP_PLACE_TEST", NULL));
    assert_int_equal(setenv("APP_PLACE_TEST", "postgres://till:secret@db/till", 1), 0);
    assert_null(place_read(&place, "env:APP_PLACE_TEST", NULL));
    assert_int_equal(place.kind, PLACE_postgres);
    assert_string_equal(place.text, "postgres://till:secret@db/till");
    assert_true(place_for_child(&place, to));
    assert_null(strstr(to, "secret"));
    struct place child;
    assert_null(place_read(&child, to, NULL));
    assert_string_equal(child.text, place.text);
    assert_null(place_read(&place, "shop.db", NULL));
    assert_true(place_for_child(&place, to));
    assert_string_equal(to, "shop.db");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_told_apart_and_have_their_files),
        cmocka_unit_test(names_have_no_passwords),
        cmocka_unit_test(a_name_that_is_too_long_is_cut),
        cmocka_unit_test(messages_are_covered_in_both_spellings),
        cmocka_unit_test(arguments_are_covered_and_still_work),
        cmocka_unit_test(the_environment_may_name_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
