/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "lines/local/draw.h"

#define ENTRIES_MOST 2000

static void seed_make(uint64_t number, uint8_t seed[DRAW_SEED_SIZE])
{
    for (size_t i = 0; i < DRAW_SEED_SIZE; i++) {
        seed[i] = (uint8_t)hash_mix(number * DRAW_SEED_SIZE + i + 1);
    }
}

static void key_make(uint64_t number, uint8_t key[SHA256_SIZE])
{
    uint8_t seed[DRAW_SEED_SIZE], chain[SHA256_SIZE];
    seed_make(number, seed);
    draw_commit(seed, chain);
    draw_key(seed, chain, key);
}

static void each_entry_has_a_place_of_its_own(void **state)
{
    static const int64_t counts[] = { 1, 2, 3, 4, 5, 7, 15, 16, 17, 63, 64, 65, 255, 257, 1000, ENTRIES_MOST };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        bool taken[ENTRIES_MOST] = { false };
        uint8_t key[SHA256_SIZE];
        key_make(i, key);
        for (int64_t number = 1; number <= counts[i]; number++) {
            int64_t place = draw_place(key, counts[i], number);
            assert_in_range(place, 0, counts[i] - 1);
            assert_false(taken[place]);
            taken[place] = true;
            assert_int_equal(draw_number(key, counts[i], place), number);
        }
    }
}

static void the_largest_lottery_is_drawn(void **state)
{
    uint8_t key[SHA256_SIZE];
    (void)state;
    key_make(1, key);
    for (int64_t number = DRAW_ENTRIES_MAX - 20; number <= DRAW_ENTRIES_MAX; number++) {
        assert_int_equal(draw_number(key, DRAW_ENTRIES_MAX, draw_place(key, DRAW_ENTRIES_MAX, number)), number);
    }
}

/* Over many seeds each of ten entries wins one of three prizes about equally often. */
static void every_entry_has_the_same_chance(void **state)
{
    enum { ENTRIES = 10, WINNERS = 3, SEEDS = 20000 };
    int64_t won[ENTRIES] = { 0 }, expected = (int64_t)SEEDS * WINNERS / ENTRIES;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint8_t key[SHA256_SIZE];
        key_make(seed, key);
        for (int64_t place = 0; place < WINNERS; place++) {
            won[draw_number(key, ENTRIES, place) - 1]++;
        }
    }
    int64_t squares = 0;
    for (int i = 0; i < ENTRIES; i++) {
        squares += (won[i] - expected) * (won[i] - expected);
    }
    /* Nine degrees of freedom, and drawn without putting back (7/10): beyond 27.9 once in a thousand seeds of ours. */
    assert_true(squares * 10 < 28 * 7 * expected);
}

static void one_entry_more_or_another_ticket_is_another_draw(void **state)
{
    uint8_t seed[DRAW_SEED_SIZE], commit[SHA256_SIZE], chain[SHA256_SIZE], other[SHA256_SIZE];
    uint8_t key[SHA256_SIZE], other_key[SHA256_SIZE];
    (void)state;
    seed_make(9, seed);
    draw_commit(seed, commit);
    memcpy(chain, commit, sizeof(chain));
    memcpy(other, commit, sizeof(other));
    draw_chain(chain, 1, 1000);
    draw_chain(other, 1, 1001);
    assert_memory_not_equal(chain, other, sizeof(chain));
    draw_key(seed, chain, key);
    draw_key(seed, other, other_key);
    assert_memory_not_equal(key, other_key, sizeof(key));
    memcpy(other, chain, sizeof(other));
    draw_chain(other, 2, 1000);
    assert_memory_not_equal(chain, other, sizeof(chain));
}

/* Opens all of a packet; the pieces must be the whole, each at least 1. */
static void packet_open(uint64_t seed_number, int64_t total_minor, int64_t count, bool even)
{
    uint8_t seed[DRAW_SEED_SIZE];
    int64_t left_minor = total_minor;
    seed_make(seed_number, seed);
    for (int64_t number = 1; number <= count; number++) {
        int64_t left_count = count - number + 1;
        int64_t piece = even ? draw_piece_even(left_minor, left_count)
                             : draw_piece(seed, number, left_minor, left_count);
        assert_true(piece >= 1);
        assert_true(even || left_count == 1 || piece <= 2 * (left_minor / left_count) - 1);
        left_minor -= piece;
        assert_true(left_minor >= left_count - 1);
    }
    assert_int_equal(left_minor, 0);
}

static void a_packet_is_split_to_the_cent(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        int64_t count = 1 + (int64_t)(hash_mix(seed + 1) % 200);
        int64_t total_minor = count + (int64_t)(hash_mix(seed + 77) % 20000);
        packet_open(seed, total_minor, count, false);
        packet_open(seed, total_minor, count, true);
        packet_open(seed, count, count, false);
        packet_open(seed, INT64_C(100000000000000), count, false);
        packet_open(seed, INT64_C(100000000000000), count, true);
    }
}

static void even_pieces_differ_by_a_cent_at_most(void **state)
{
    int64_t left_minor = 100003, least = INT64_MAX, most = 0;
    (void)state;
    for (int64_t left_count = 7; left_count > 0; left_count--) {
        int64_t piece = draw_piece_even(left_minor, left_count);
        least = min_i64(least, piece);
        most = max_i64(most, piece);
        left_minor -= piece;
    }
    assert_int_equal(left_minor, 0);
    assert_int_equal(most - least, 1);
}

/* Coming first or last makes no difference to what one may expect: a fifth of a hundred yuan. */
static void every_piece_has_the_same_mean(void **state)
{
    enum { SEEDS = 20000, COUNT = 5 };
    int64_t sums[COUNT] = { 0 };
    (void)state;
    for (uint64_t number = 0; number < SEEDS; number++) {
        uint8_t seed[DRAW_SEED_SIZE];
        int64_t left_minor = 10000;
        seed_make(number, seed);
        for (int64_t i = 0; i < COUNT; i++) {
            int64_t piece = draw_piece(seed, i + 1, left_minor, COUNT - i);
            sums[i] += piece;
            left_minor -= piece;
        }
    }
    for (int i = 0; i < COUNT; i++) {
        assert_in_range(sums[i] / SEEDS, 1950, 2050);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_entry_has_a_place_of_its_own),
        cmocka_unit_test(the_largest_lottery_is_drawn),
        cmocka_unit_test(every_entry_has_the_same_chance),
        cmocka_unit_test(one_entry_more_or_another_ticket_is_another_draw),
        cmocka_unit_test(a_packet_is_split_to_the_cent),
        cmocka_unit_test(even_pieces_differ_by_a_cent_at_most),
        cmocka_unit_test(every_piece_has_the_same_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
