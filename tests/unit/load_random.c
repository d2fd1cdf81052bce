/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/random.h"

static void same_seed_gives_the_same_numbers(void **state)
{
    struct random_source a;
    struct random_source b;
    struct random_source other;
    unsigned same = 0;
    (void)state;
    random_init(&a, 42, 7);
    random_init(&b, 42, 7);
    random_init(&other, 42, 8);
    for (int i = 0; i < 1000; i++) {
        uint64_t x = random_u64(&a);
        assert_int_equal(x, random_u64(&b));
        same += x == random_u64(&other);
    }
    assert_int_equal(same, 0);
}

/* The reference sequence of the generator's authors for the state 1, 2, 3, 4. */
static void the_generator_is_xoshiro256starstar(void **state)
{
    static const uint64_t expected[] = { 11520, 0, 1509978240, 1215971899390074240 };
    struct random_source source = { { 1, 2, 3, 4 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(random_u64(&source), expected[i]);
    }
}

static void ranges_hold_and_are_even(void **state)
{
    struct random_source source;
    unsigned counts[7] = { 0 };
    (void)state;
    random_init(&source, 1, 0);
    for (int i = 0; i < 70000; i++) {
        counts[random_below(&source, 7)]++;
        int64_t value = random_between(&source, -3, 3);
        assert_in_range(value + 3, 0, 6);
    }
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        assert_in_range(counts[i], 9500, 10500);
    }
    assert_int_equal(random_below(&source, 1), 0);
    assert_int_equal(random_between(&source, INT64_MIN, INT64_MIN), INT64_MIN);
    for (int i = 0; i < 100; i++) {
        (void)random_between(&source, INT64_MIN, INT64_MAX);
        /* Most of 2^64 is unfair for this count: the loop that draws again is needed and ends. */
        assert_true(random_below(&source, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
}

static void chances_are_as_named(void **state)
{
    struct random_source source;
    unsigned hits = 0;
    (void)state;
    random_init(&source, 3, 0);
    for (int i = 0; i < 100000; i++) {
        hits += random_chance(&source, 250000);
        assert_true(random_chance(&source, 1000000));
        assert_false(random_chance(&source, 0));
    }
    assert_in_range(hits, 24500, 25500);
}

static void exponential_gaps_have_their_mean_and_shape(void **state)
{
    struct random_source source;
    uint64_t sum = 0;
    unsigned beyond_mean = 0;
    unsigned beyond_five = 0;
    (void)state;
    random_init(&source, 4, 0);
    for (int i = 0; i < 200000; i++) {
        uint64_t gap = random_exponential(&source, 50000);
        sum += gap;
        beyond_mean += gap > 50000;
        beyond_five += gap > 250000;
    }
    assert_in_range(sum / 200000, 49500, 50500);
    assert_in_range(beyond_mean, 72500, 74700); /* 1/e of them: 73576 */
    assert_in_range(beyond_five, 1200, 1500);   /* e^-5: 1348 */
    assert_int_equal(random_exponential(&source, 0), 0);
}

static void weights_are_respected_and_zero_is_never_chosen(void **state)
{
    static const uint64_t weights[] = { 1, 0, 5, 4, 0, 90 };
    unsigned counts[COUNT_OF(weights)] = { 0 };
    struct random_table table;
    struct random_source source;
    (void)state;
    random_init(&source, 5, 0);
    assert_int_equal(random_table_init(&table, weights, COUNT_OF(weights)), STATUS_ok);
    for (int i = 0; i < 100000; i++) {
        counts[random_table_pick(&table, &source)]++;
    }
    random_table_release(&table);
    for (size_t i = 0; i < COUNT_OF(weights); i++) {
        unsigned expected = (unsigned)weights[i] * 1000;
        assert_in_range(counts[i], expected - expected / 10, expected + expected / 10);
    }
}

/* The table represents the weights exactly: what all columns give to an entry is weight x count. */
static void the_alias_table_is_exact(void **state)
{
    enum { COUNT = 97 };
    uint64_t weights[COUNT];
    uint64_t given[COUNT] = { 0 };
    struct random_table table;
    struct random_source source;
    (void)state;
    random_init(&source, 6, 0);
    for (size_t i = 0; i < COUNT; i++) {
        weights[i] = random_below(&source, 1000000);
    }
    assert_int_equal(random_table_init(&table, weights, COUNT), STATUS_ok);
    for (size_t i = 0; i < COUNT; i++) {
        given[i] += table.thresholds[i];
        given[table.aliases[i]] += table.total - table.thresholds[i];
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(given[i], weights[i] * COUNT);
    }
    random_table_release(&table);
}

static void bad_weights_are_refused(void **state)
{
    static const uint64_t none[] = { 0, 0 };
    static const uint64_t huge[] = { UINT64_C(1) << 62, UINT64_C(1) << 62 };
    struct random_table table;
    (void)state;
    assert_int_equal(random_table_init(&table, none, 2), STATUS_bad_input);
    assert_int_equal(random_table_init(&table, none, 0), STATUS_bad_input);
    assert_int_equal(random_table_init(&table, huge, 2), STATUS_bad_input);
    assert_int_equal(random_table_init(&table, none, RANDOM_TABLE_COUNT_MAX + 1), STATUS_too_large);
    assert_int_equal(random_table_zipf(&table, 10, RANDOM_EXPONENT_MAX + 1), STATUS_bad_input);
    random_table_release(&table);
}

static void zipf_halves_with_the_rank(void **state)
{
    unsigned counts[1000] = { 0 };
    struct random_table table;
    struct random_source source;
    (void)state;
    random_init(&source, 8, 0);
    assert_int_equal(random_table_zipf(&table, 1000, 1000), STATUS_ok);
    for (int i = 0; i < 748547; i++) { /* 100000 x the 1000th harmonic number */
        counts[random_table_pick(&table, &source)]++;
    }
    random_table_release(&table);
    assert_in_range(counts[0], 99000, 101000);
    assert_in_range(counts[1], 49200, 50800);
    assert_in_range(counts[9], 9600, 10400);
    assert_in_range(counts[99], 880, 1120);
    assert_int_equal(random_table_zipf(&table, 100, 0), STATUS_ok);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(table.thresholds[i], table.total); /* uniform: no alias is ever used */
    }
    random_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_gives_the_same_numbers),
        cmocka_unit_test(the_generator_is_xoshiro256starstar),
        cmocka_unit_test(ranges_hold_and_are_even),
        cmocka_unit_test(chances_are_as_named),
        cmocka_unit_test(exponential_gaps_have_their_mean_and_shape),
        cmocka_unit_test(weights_are_respected_and_zero_is_never_chosen),
        cmocka_unit_test(the_alias_table_is_exact),
        cmocka_unit_test(bad_weights_are_refused),
        cmocka_unit_test(zipf_halves_with_the_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
