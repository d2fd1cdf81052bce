/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "load/histogram.h"
#include "load/random.h"

#define COUNT 50000

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static struct histogram whole, part;
static int64_t values[COUNT];

/* Values of every magnitude up to 100 s. */
static void values_make(uint64_t seed)
{
    struct random_source source;
    random_init(&source, seed, 0);
    for (size_t i = 0; i < COUNT; i++) {
        int64_t ceiling = INT64_C(1) << random_between(&source, 0, 27);
        values[i] = min_i64(random_between(&source, 0, ceiling), HISTOGRAM_VALUE_MAX);
    }
}

static void quantiles_agree_with_a_sorted_array(void **state)
{
    static const uint32_t asked[] = { 0,      1,      1000,   100000, 500000, 900000,
                                      990000, 999000, 999900, 999999, 1000000 };
    (void)state;
    values_make(11);
    histogram_init(&whole);
    int64_t sum = 0;
    for (size_t i = 0; i < COUNT; i++) {
        histogram_record(&whole, values[i]);
        sum += values[i];
    }
    qsort(values, COUNT, sizeof values[0], compare);
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        uint64_t rank = ((uint64_t)COUNT * asked[i] + 999999) / 1000000;
        int64_t exact = values[rank == 0 ? 0 : rank - 1];
        int64_t told = histogram_quantile(&whole, asked[i]);
        assert_true(told >= exact);
        assert_true(told - exact <= exact / 1000);
    }
    assert_int_equal(whole.min, values[0]);
    assert_int_equal(whole.max, values[COUNT - 1]);
    assert_int_equal(histogram_quantile(&whole, 1000000), values[COUNT - 1]);
    assert_int_equal((int64_t)(histogram_mean(&whole) * COUNT + 0.5), sum);
}

static void every_value_up_to_the_limit_keeps_three_digits(void **state)
{
    (void)state;
    for (int64_t value = 0; value <= HISTOGRAM_VALUE_MAX; value += 1 + value / 5000) {
        histogram_init(&part);
        histogram_record(&part, value);
        histogram_record(&part, HISTOGRAM_VALUE_MAX); /* so that the maximum does not help */
        int64_t told = histogram_quantile(&part, 500000);
        assert_true(told >= value && told - value <= value / 1000);
        value += value > 100000 ? value / 50 : 0;
    }
}

static void merged_parts_equal_the_whole(void **state)
{
    static struct histogram merged;
    (void)state;
    values_make(12);
    histogram_init(&whole);
    histogram_init(&merged);
    for (size_t chunk = 0; chunk < 5; chunk++) {
        histogram_init(&part);
        for (size_t i = chunk * COUNT / 5; i < (chunk + 1) * COUNT / 5; i++) {
            histogram_record(&part, values[i]);
            histogram_record(&whole, values[i]);
        }
        histogram_merge(&merged, &part);
    }
    histogram_init(&part);
    histogram_merge(&merged, &part); /* an empty one changes nothing, its minimum of 0 neither */
    assert_memory_equal(&merged, &whole, sizeof merged);
}

static void values_beyond_the_range_are_told_by_the_maximum(void **state)
{
    (void)state;
    histogram_init(&whole);
    histogram_record(&whole, -5);
    histogram_record(&whole, 7);
    histogram_record(&whole, HISTOGRAM_VALUE_MAX * 3);
    assert_int_equal(whole.beyond, 1);
    assert_int_equal(whole.min, 0);
    assert_int_equal(whole.max, HISTOGRAM_VALUE_MAX * 3);
    assert_int_equal(histogram_quantile(&whole, 500000), 7);
    assert_int_equal(histogram_quantile(&whole, 999000), HISTOGRAM_VALUE_MAX * 3);
}

static void an_empty_histogram_is_all_zero(void **state)
{
    (void)state;
    histogram_init(&whole);
    assert_int_equal(histogram_quantile(&whole, 990000), 0);
    assert_true(histogram_mean(&whole) < 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_agree_with_a_sorted_array),
        cmocka_unit_test(every_value_up_to_the_limit_keeps_three_digits),
        cmocka_unit_test(merged_parts_equal_the_whole),
        cmocka_unit_test(values_beyond_the_range_are_told_by_the_maximum),
        cmocka_unit_test(an_empty_histogram_is_all_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
