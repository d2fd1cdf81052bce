/* SPDX-License-Identifier: Apache-2.0 */
/* Seats of a row: gaps by hand and against a plain reading of the rule, the best seats together, maps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/hash.h"
#include "lines/local/seats.h"

/* A row as one sees it: '.' free, 'x' taken, 'o' to be picked, '|' an aisle, ' ' no seat. */
static void line_of(const char *text, struct seat_line_row *line, int64_t *taken, int64_t *picked)
{
    int seat = 0;
    *line = (struct seat_line_row){ .label = "A" };
    *taken = *picked = 0;
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            line->aisles |= INT64_C(1) << (seat - 1);
            continue;
        }
        line->seats |= *text == ' ' ? 0 : INT64_C(1) << seat;
        *taken |= *text == 'x' ? INT64_C(1) << seat : 0;
        *picked |= *text == 'o' ? INT64_C(1) << seat : 0;
        seat++;
    }
}

static const struct {
    const char *row;
    bool between, strict;
} gaps[] = {
    { "..oo..", false, false },
    { "oo....", false, false },
    { ".oo...", false, true },      /* a single one at the wall */
    { "x.oo..", true, true },       /* between taken ones */
    { "xxoo.x", true, true },
    { "xxooxx", false, false },
    { "oo.oo.", true, true },       /* one's own */
    { "..oo.|..", false, true },    /* at an aisle */
    { "..oo|.x", false, false },    /* was single before, and is behind the aisle */
    { "x.x.oo", true, true },
    { "x.xoo.", false, true },      /* the one that was single before does not count */
    { "xoo x.", false, false },
    { "x.o", true, true },
    { ".o", false, true },
    { "o", false, false },
    { "x.xo..", false, false },
};

static void gaps_are_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(gaps); i++) {
        struct seat_line_row line;
        int64_t taken, picked;
        line_of(gaps[i].row, &line, &taken, &picked);
        print_message("# %s\n", gaps[i].row);
        assert_int_equal(seats_leave_gap(&line, taken, picked, GAP_between), gaps[i].between);
        assert_int_equal(seats_leave_gap(&line, taken, picked, GAP_strict), gaps[i].strict);
        assert_false(seats_leave_gap(&line, taken, picked, GAP_any));
    }
}

/* The rule once more, over a row written out with its walls. */
static int singles(const char *row, bool strict)
{
    int count = 0;
    for (size_t i = 1; row[i + 1] != '\0'; i++) {
        bool edge = row[i - 1] == '|' || row[i + 1] == '|';
        bool alone = row[i - 1] != '.' && row[i + 1] != '.';
        count += row[i] == '.' && alone && (strict || !edge);
    }
    return count;
}

/* Whoever is served by `seats_pick` only, in any row and with whatever was taken, never adds a single seat. */
static void picking_adds_no_gap(void **state)
{
    uint64_t random = 7;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[64], before[64];
        struct seat_line_row line;
        int64_t taken, picked;
        int size = 3 + (int)(hash_mix(++random) % 18);
        text[0] = '|';
        for (int i = 1; i <= size; i++) {
            uint64_t kind = hash_mix(++random) % 8;
            text[i] = kind == 0 && text[i - 1] != '|' && i < size ? '|' : kind < 4 ? 'x' : '.';
        }
        memcpy(text + size + 1, "|", 2);
        memcpy(before, text, sizeof(before));
        text[size + 1] = '\0';
        line_of(text + 1, &line, &taken, &picked);
        bool strict = round % 2 == 0;
        int32_t distance, count = 1 + (int32_t)(hash_mix(++random) % 4);
        picked = seats_pick(&line, taken, count, strict ? GAP_strict : GAP_between, &distance);
        if (picked == 0) {
            continue;
        }
        assert_int_equal(__builtin_popcountll((uint64_t)picked), count);
        assert_int_equal(picked & (taken | ~line.seats), 0);
        char after[64];
        memcpy(after, before, sizeof(after));
        for (int i = 1, seat = 0; i <= size; i++) {
            if (after[i] != '|') {
                after[i] = (picked >> seat & 1) != 0 ? 'x' : after[i];
                seat++;
            }
        }
        assert_true(singles(after, strict) <= singles(before, strict));
    }
}

static void the_middle_is_best(void **state)
{
    struct seat_line_row line;
    int64_t taken, picked, wanted;
    int32_t distance;
    (void)state;
    line_of("..oo..", &line, &taken, &wanted);
    assert_int_equal(seats_pick(&line, 0, 2, GAP_strict, &distance), wanted);
    assert_int_equal(distance, 0);
    line_of("...o..", &line, &taken, &wanted); /* two middles: the one further on would leave as much */
    picked = seats_pick(&line, 0, 1, GAP_any, &distance);
    assert_int_equal(distance, 1);
    assert_int_equal(picked, INT64_C(1) << 2);
    line_of(".ooxx..", &line, &taken, &wanted);
    assert_int_equal(seats_pick(&line, taken, 2, GAP_any, &distance), wanted);
    line_of("...xxoo", &line, &taken, &wanted);
    assert_int_equal(seats_pick(&line, taken, 2, GAP_strict, &distance), wanted); /* of three, one would be left */
    assert_int_equal(seats_pick(&line, taken, 4, GAP_any, &distance), 0);
    line_of("..|..", &line, &taken, &wanted);
    assert_int_equal(seats_pick(&line, 0, 3, GAP_any, &distance), 0); /* an aisle parts them */
    line_of("xx.x.", &line, &taken, &wanted);
    assert_int_equal(seats_pick(&line, taken, 2, GAP_any, &distance), 0);
}

static void a_row_fills_without_singles(void **state)
{
    struct seat_line_row line = { .label = "A", .seats = (INT64_C(1) << SEATS_OF_LINE_MAX) - 1 };
    int64_t taken = 0, picked;
    int32_t distance, pairs = 0;
    (void)state;
    while ((picked = seats_pick(&line, taken, 2, GAP_strict, &distance)) != 0) {
        taken |= picked;
        pairs++;
    }
    assert_int_equal(pairs, SEATS_OF_LINE_MAX / 2 - 3); /* beginning in the middle leaves three on each side */
    assert_int_equal(line.seats & ~taken, INT64_C(7) | INT64_C(7) << (SEATS_OF_LINE_MAX - 3));
    while ((picked = seats_pick(&line, taken, 3, GAP_strict, &distance)) != 0) {
        taken |= picked;
    }
    assert_int_equal(taken, line.seats);
}

static void maps_are_checked(void **state)
{
    struct seat_map_row map = { .lines_count = 2,
                                .lines = { { .label = "A", .seats = 0x3ff, .aisles = 0x10 },
                                           { .label = "B", .seats = 0x7fe, .price = SEAT_PRICES_MAX - 1 } } };
    (void)state;
    assert_true(seat_map_valid(&map));
    assert_int_equal(seat_map_count(&map), 20);
    struct seat_map_row wrong = map;
    wrong.lines[1].label[0] = 'A';
    assert_false(seat_map_valid(&wrong));
    wrong = map;
    wrong.lines[0].seats = 0;
    assert_false(seat_map_valid(&wrong));
    wrong = map;
    wrong.lines[0].seats = INT64_C(1) << SEATS_OF_LINE_MAX;
    assert_false(seat_map_valid(&wrong));
    wrong = map;
    wrong.lines[0].seats = -1;
    assert_false(seat_map_valid(&wrong));
    wrong = map;
    wrong.lines[1].aisles = 1;
    assert_false(seat_map_valid(&wrong));
    wrong = map;
    wrong.lines[1].price = SEAT_PRICES_MAX;
    assert_false(seat_map_valid(&wrong));
    wrong = map;
    wrong.lines_count = 0;
    assert_false(seat_map_valid(&wrong));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_seen),      cmocka_unit_test(picking_adds_no_gap),
        cmocka_unit_test(the_middle_is_best), cmocka_unit_test(a_row_fills_without_singles),
        cmocka_unit_test(maps_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
