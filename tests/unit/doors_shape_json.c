/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding and encoding by shape; what is refused is in doors_rest.c, where the code of each fault shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "doors/shape_json.h"
#include "doors_jars.h"

static int arena_make(void **state)
{
    static struct arena arena;
    arena_init(&arena, 64 * 1024, 16 * 1024 * 1024);
    *state = &arena;
    return 0;
}

static int arena_drop(void **state)
{
    arena_release(*state);
    return 0;
}

static void every_form_is_read(void **state)
{
    const struct shape_plan *plan = shape_plan_make(*state, &jar_fill_shape);
    struct jar_fill fill = { 0 };
    struct faults faults;
    faults.count = 0;
    shape_decode_body(
        plan,
        SPAN(" {\"mark\" : \"0a0b0c0d\", \"fragile\":true,\"shelf\":-7,\"name\":\"\xe6\x98\x9f caf\\u00e9\","
             "\"owner_id\":9007199254740993,\"weight_minor\":0,\"best_before\":\"2014-12-12\","
             "\"state\":\"sealed\",\"filled_at\":\"1970-01-01T00:00:01.5Z\",\"coins\":"
             "[{\"note\":\"old\",\"value_minor\":1},{\"value_minor\":1000,\"count\":9}]}\n"),
        &fill, &faults);
    assert_int_equal(faults.count, 0);
    assert_string_equal(fill.name, "\xe6\x98\x9f caf\xc3\xa9");
    assert_int_equal(fill.owner_id, INT64_C(9007199254740993));
    assert_int_equal(fill.shelf, -7);
    assert_int_equal(fill.best_before, 20141212);
    assert_int_equal(fill.state, JAR_sealed);
    assert_int_equal(fill.filled_at_us, 1500000);
    assert_int_equal(fill.fragile, 1);
    assert_memory_equal(fill.mark, "\x0a\x0b\x0c\x0d", 4);
    assert_int_equal(fill.coins_count, 2);
    assert_string_equal(fill.coins[0].note, "old");
    assert_int_equal(fill.coins[1].value_minor, 1000);
    assert_int_equal(fill.coins[1].count, 9);
}

static void limits_are_met_exactly(void **state)
{
    const struct shape_plan *plan = shape_plan_make(*state, &jar_fill_shape);
    struct jar_fill fill = { 0 };
    struct faults faults;
    faults.count = 0;
    shape_decode_body(plan,
                      SPAN("{\"name\":\"12345678901234567890123\",\"weight_minor\":100000000000000,"
                           "\"owner_id\":\"9223372036854775807\",\"shelf\":2147483647}"),
                      &fill, &faults);
    assert_int_equal(faults.count, 0);
    assert_int_equal(fill.weight_minor, AMOUNT_MAX);
    assert_int_equal(fill.owner_id, INT64_MAX);
    assert_int_equal(fill.shelf, INT32_MAX);
    assert_int_equal(strlen(fill.name), sizeof(fill.name) - 1);
    shape_decode_body(plan, SPAN("{\"name\":\"x\",\"shelf\":-2147483648}"), &fill, &faults);
    assert_int_equal(faults.count, 0);
    assert_int_equal(fill.shelf, INT32_MIN);
}

struct letter {
    char text[32], name[32];
};
static const struct column letter_columns[] = {
    COLUMN(letter, text, .flags = COLUMN_lines),
    COLUMN(letter, name),
};
static const struct shape letter_shape = SHAPE("letter", letter, letter_columns);

static void lines_are_taken_only_where_a_text_may_have_them(void **state)
{
    const struct shape_plan *plan = shape_plan_make(*state, &letter_shape);
    static const struct { const char *body; uint32_t faults; } cases[] = {
        { "{\"text\":\"one\\ntwo\\r\\n\\nend\\n\"}", 0 },
        { "{\"text\":\"\\n\"}", 0 },
        { "{\"text\":\"a tab\\there\"}", 1 },
        { "{\"text\":\"one\\rtwo\"}", 1 },
        { "{\"text\":\"one\\n\\u0001\"}", 1 },
        { "{\"text\":\"32 bytes are one more than fit\\n\\n\"}", 1 },
        { "{\"name\":\"one\\ntwo\"}", 1 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct letter letter = { .text = "" };
        struct faults faults;
        faults.count = 0;
        shape_decode_body(plan, span_of(cases[i].body), &letter, &faults);
        assert_int_equal(faults.count, cases[i].faults);
        if (i == 0) {
            assert_string_equal(letter.text, "one\ntwo\r\n\nend\n");
        }
    }
}

/* Brackets inside texts are no nesting. */
static void depth_is_counted_outside_of_texts(void **state)
{
    const struct shape_plan *plan = shape_plan_make(*state, &jar_fill_shape);
    struct jar_fill fill = { 0 };
    struct faults faults;
    faults.count = 0;
    shape_decode_body(plan, SPAN("{\"name\":\"[[[[[[[[[[\\\"{{{{{{{{{{\"}"), &fill, &faults);
    assert_int_equal(faults.count, 0);
    assert_string_equal(fill.name, "[[[[[[[[[[\"{{{{{{{{{{");
}

/* One letter written as an escape: no plain body any more, but the same one. */
static void escape_a_letter(const char *body, char *to, size_t capacity)
{
    const char *quote = strchr(body, '"');
    assert_non_null(quote);
    int size = snprintf(to, capacity, "%.*s\\u%04x%s", (int)(quote + 1 - body), body, (unsigned)quote[1], quote + 2);
    assert_in_range(size, 1, capacity - 1);
}

/* Plain bodies are read without the library, and must mean what they mean to it, right or wrong. */
static void plain_bodies_mean_what_they_mean_to_the_library(void **state)
{
    static const char *const bodies[] = {
        "{\"name\":\"x\"}",
        " { \"name\" : \"\" , \"shelf\" : 0 }\r\n",
        "{\"name\":\"a b/c\",\"weight_minor\":100000000000000,\"fragile\":false,\"owner_id\":\"12\"}",
        "{\"name\":null,\"shelf\":null}",
        "{\"name\":12,\"shelf\":\"7\",\"fragile\":1,\"owner_id\":true,\"weight_minor\":false}",
        "{\"name\":true,\"state\":\"sealed\",\"filled_at\":5,\"best_before\":\"2014-02-30\",\"coins\":\"none\"}",
        "{\"name\":\"x\",\"coins\":3,\"mark\":\"0a0b0c0d\",\"unknown\":1,\"filled_at\":\"1970-01-01T00:00:01Z\"}",
        "{\"name\":\"x\",\"shelf\":999999999999999999,\"weight_minor\":100000000000001,\"state\":\"\"}",
        "{\"name\":\"x\",\"shelf\":01}",
        "{\"name\":\"x\",\"shelf\":1.0}",
        "{\"name\":\"x\",\"shelf\":9223372036854775808}",
        "{\"name\":\"x\",\"shelf\":-1}",
        "{\"name\":\"x\",\"name\":\"x\"}",
        "{\"name\":\"x\",}",
        "{\"name\":\"x\"} {}",
        "{\"name\":\"x\"",
        "{\"name\":\"x",
        "{\"name\":truely}",
        "{\"name\" \"x\"}",
    };
    const struct shape_plan *plan = shape_plan_make(*state, &jar_fill_shape);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        char twin[512];
        struct jar_fill fills[2];
        struct faults faults[2];
        memset(fills, 0, sizeof(fills));
        memset(faults, 0, sizeof(faults));
        escape_a_letter(bodies[i], twin, sizeof(twin));
        shape_decode_body(plan, span_of(bodies[i]), &fills[0], &faults[0]);
        shape_decode_body(plan, span_of(twin), &fills[1], &faults[1]);
        assert_memory_equal(&fills[0], &fills[1], sizeof(fills[0]));
        assert_int_equal(faults[0].count, faults[1].count);
        for (uint32_t j = 0; j < faults[0].count; j++) {
            assert_int_equal(faults[0].list[j].kind, faults[1].list[j].kind);
            assert_string_equal(faults[0].list[j].field, faults[1].list[j].field);
            if (faults[0].list[j].kind != FAULT_malformed) { /* there the reason names the column */
                assert_string_equal(faults[0].list[j].reason, faults[1].list[j].reason);
            }
        }
    }
}

static void what_is_no_json_is_named_in_our_words_with_its_place(void **state)
{
    static const struct {
        const char *body;
        size_t size; /* 0: to its end */
        const char *reason;
    } bodies[] = {
        { "{\"name\":tea}", 0, "line 1, column 11: this is not JSON" },
        { "{\n  \"name\": \"x\"\n  \"shelf\": 1}", 0, "line 3, column 9: this is not JSON" },
        { "{\"name\":\"x\",}", 0, "line 1, column 13: this is not JSON" },
        { "{\"name\":\"x\"", 0, "line 1, column 11: the body ends before its object does" },
        { "{\"name\":\"x", 0, "line 1, column 10: the body ends before its object does" },
        { "{\"name\":\"x\"} {}", 0, "line 1, column 14: the body goes on behind its object" },
        { "{\"name\":\"x\",\n\"name\":\"x\"}", 0, "line 2, column 6: a member stands twice in its object" },
        { "{\"name\":\"\xff\"}", 0, "line 1, column 9: a text that is not UTF-8" },
        { "{\"name\":\"a\\u0000b\"}", 0, "line 1, column 18: a text holds the character zero" },
        { "{\"name\":\"a\0b\"}", 14, "line 1, column 10: this is not JSON" },
        { "{\"shelf\":1e999}", 0, "line 1, column 14: a number is too large" },
        { "{\"shelf\":99999999999999999999}", 0, "line 1, column 29: a number is too large" },
        { "[1]", 0, "the body must be a JSON object" },
        { "tea", 0, "line 1, column 3: this is not JSON" },
    };
    const struct shape_plan *plan = shape_plan_make(*state, &jar_fill_shape);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct jar_fill fill = { 0 };
        struct faults faults;
        size_t size = bodies[i].size > 0 ? bodies[i].size : strlen(bodies[i].body);
        faults.count = 0;
        shape_decode_body(plan, (struct span){ bodies[i].body, size }, &fill, &faults);
        assert_int_equal(faults.count, 1);
        assert_int_equal(faults.list[0].kind, FAULT_malformed);
        assert_string_equal(faults.list[0].field, "");
        assert_string_equal(faults.list[0].reason, bodies[i].reason);
    }
}

static void no_more_than_twenty_faults_are_named(void **state)
{
    const struct shape_plan *plan = shape_plan_make(*state, &jar_fill_shape);
    struct jar_fill fill = { 0 };
    struct faults *faults = calloc(1, sizeof(*faults));
    char body[4096] = "{";
    for (int i = 0; i < 60; i++) {
        size_t size = strlen(body);
        snprintf(body + size, sizeof(body) - size, "%s\"unknown_%d\":[%d]", i > 0 ? "," : "", i, i);
    }
    body[strlen(body) + 1] = '\0';
    body[strlen(body)] = '}';
    shape_decode_body(plan, span_of(body), &fill, faults);
    assert_int_equal(faults->count, FAULTS_MAX);
    assert_string_equal(faults->list[19].field, "unknown_19");
    free(faults);
}

/* What a client sends never reaches a fault as it is: neither control characters nor endless names. */
static void faults_quote_safely(void **state)
{
    const struct shape_plan *plan = shape_plan_make(*state, &jar_fill_shape);
    struct jar_fill fill = { 0 };
    struct faults faults;
    char body[2000];
    faults.count = 0;
    snprintf(body, sizeof(body), "{\"name\":\"x\",\"%0*d\\n\\u001b\xc3\xa9\":1,\"\\n\":1}", 900, 1);
    shape_decode_body(plan, span_of(body), &fill, &faults);
    assert_int_equal(faults.count, 2);
    assert_int_equal(strlen(faults.list[0].field), FAULT_FIELD_SIZE - 1);
    assert_string_equal(faults.list[1].field, "?");
}

static void every_form_is_written(void **state)
{
    const struct shape_plan *plan = shape_plan_make(*state, &jar_table.shape);
    struct jar_row empty = { 0 };
    struct jar_row full = { .jar_id = INT64_MIN,
                            .total_minor = INT64_MIN,
                            .state = JAR_sealed,
                            .best_before = 99991231,
                            .filled_at_us = INT64_C(253402300799999999),
                            .fragile = 1,
                            .mark = { 255, 0, 1, 16 },
                            .secret_number = 5 };
    char bytes[1024];
    struct json_out out;
    memset(full.name, 1, sizeof(full.name) - 1);
    json_out_init(&out, bytes, sizeof(bytes));
    shape_encode(plan, &empty, &out);
    struct span text = json_out_end(&out);
    bytes[text.size] = '\0';
    assert_string_equal(
        bytes, "{\"jar_id\":null,\"name\":\"\",\"total_minor\":0,\"state\":null,\"best_before\":null,"
               "\"filled_at\":null,\"fragile\":false,\"mark\":\"00000000\"}");
    json_out_init(&out, bytes, sizeof(bytes));
    shape_encode(plan, &full, &out);
    text = json_out_end(&out);
    assert_true(text.size > 0);
    assert_true(text.size <= plan->json_size_max);
    bytes[text.size] = '\0';
    assert_non_null(strstr(bytes, "\"jar_id\":\"-9223372036854775808\""));
    assert_non_null(
        strstr(bytes, "\"best_before\":\"9999-12-31\",\"filled_at\":\"9999-12-31T23:59:59.999999Z\""));
    assert_non_null(strstr(bytes, "\\u0001\\u0001"));
    assert_null(strstr(bytes, "secret"));
}

static void parameters_are_read_as_texts(void **state)
{
    const struct shape_plan *plan = shape_plan_make(*state, &jar_list_shape);
    struct jar_list list = { 0 };
    struct faults faults;
    uint8_t given[8] = { 0 };
    faults.count = 0;
    shape_decode_query(plan, SPAN("fragile"), SPAN("true"), &list, given, &faults);
    shape_decode_query(plan, SPAN("least_minor"), SPAN("100"), &list, given, &faults);
    shape_decode_query_end(plan, given, &faults);
    assert_int_equal(faults.count, 0);
    assert_int_equal(list.fragile, 1);
    assert_int_equal(list.least_minor, 100);
    shape_decode_query(plan, SPAN("least_minor"), SPAN("1"), &list, given, &faults);
    shape_decode_query(plan, SPAN("least_minor"), SPAN("1"), &list, given, &faults);
    shape_decode_query(plan, SPAN("nothing"), SPAN("1"), &list, given, &faults);
    assert_int_equal(faults.count, 3);
    assert_string_equal(faults.list[0].reason, "is given twice");
    assert_int_equal(list.least_minor, 100);
    assert_int_equal(faults.list[2].kind, FAULT_unknown);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, arena_make, arena_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(every_form_is_read),
        WITH_ARENA(limits_are_met_exactly),
        WITH_ARENA(lines_are_taken_only_where_a_text_may_have_them),
        WITH_ARENA(depth_is_counted_outside_of_texts),
        WITH_ARENA(plain_bodies_mean_what_they_mean_to_the_library),
        WITH_ARENA(what_is_no_json_is_named_in_our_words_with_its_place),
        WITH_ARENA(no_more_than_twenty_faults_are_named),
        WITH_ARENA(faults_quote_safely),
        WITH_ARENA(every_form_is_written),
        WITH_ARENA(parameters_are_read_as_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
