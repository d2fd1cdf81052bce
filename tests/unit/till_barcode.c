/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scan.h"
#include "till/barcode.h"

static void pay_codes_have_the_modules_of_the_standard(void **state)
{
    struct barcode barcode;
    (void)state;
    assert_int_equal(barcode_make(SPAN("281234567890123456"), &barcode), STATUS_ok);
    assert_int_equal(barcode.module_count, 11 * (1 + 9 + 1) + 13);
    /* Start C is 11010011100; stop is 1100011101011. */
    static const uint8_t start[] = { 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0 };
    static const uint8_t stop[] = { 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1 };
    assert_memory_equal(barcode.dark, start, sizeof(start));
    assert_memory_equal(barcode.dark + barcode.module_count - sizeof(stop), stop, sizeof(stop));
}

static void what_is_not_pairs_of_digits_is_refused(void **state)
{
    static const char *const refused[] = { "",
                                           "1",
                                           "123",
                                           "12a4",
                                           "12 4",
                                           "12345678901234567890123456789012345678901x",
                                           "123456789012345678901234567890123456789012" };
    struct barcode barcode = { .module_count = 5 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_int_equal(barcode_make(span_of(refused[i]), &barcode), STATUS_bad_input);
    }
    assert_int_equal(barcode.module_count, 5);
    assert_int_equal(barcode_make(SPAN("1234567890123456789012345678901234567890"), &barcode), STATUS_ok);
    assert_int_equal(barcode.module_count, BARCODE_MODULES_MAX);
}

/* A plain grey map, drawn from the modules, without any image library of ours. */
static void modules_read(const struct barcode *barcode, const char *expected)
{
    enum { SCALE = 3, HEIGHT = 60 };
    static uint8_t picture[64 + (BARCODE_MODULES_MAX + 2 * BARCODE_QUIET_MODULES) * SCALE * HEIGHT];
    size_t width = (barcode->module_count + 2 * BARCODE_QUIET_MODULES) * SCALE;
    int head = snprintf((char *)picture, 64, "P5\n%zu %d\n255\n", width, HEIGHT);
    uint8_t *pixels = picture + head;
    for (size_t y = 0; y < HEIGHT; y++) {
        for (size_t x = 0; x < width; x++) {
            size_t module = x / SCALE;
            bool dark = module >= BARCODE_QUIET_MODULES &&
                        module < BARCODE_QUIET_MODULES + barcode->module_count &&
                        barcode->dark[module - BARCODE_QUIET_MODULES];
            pixels[y * width + x] = dark ? 0 : 255;
        }
    }
    picture_reads(picture, (size_t)head + width * HEIGHT, ".pgm", expected);
}

static void a_scanner_reads_every_pair_of_digits(void **state)
{
    (void)state;
    if (!program_is_there("zbarimg")) {
        skip();
    }
    for (int first = 0; first < 100; first += 20) {
        char digits[41];
        struct barcode barcode;
        digits[40] = '\0';
        for (int i = 0; i < 20; i++) {
            digits[2 * i] = (char)('0' + (first + i) / 10);
            digits[2 * i + 1] = (char)('0' + (first + i) % 10);
        }
        assert_int_equal(barcode_make(span_of(digits), &barcode), STATUS_ok);
        modules_read(&barcode, digits);
    }
}

static void a_scanner_reads_the_svg(void **state)
{
    static const char *const codes[] = { "281234567890123456", "280000000000000000", "289999999999999999" };
    char svg[BARCODE_SVG_SIZE_MAX];
    size_t size = 0;
    (void)state;
    if (!program_is_there("zbarimg") || !program_is_there("rsvg-convert")) {
        skip();
    }
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        struct barcode barcode;
        assert_int_equal(barcode_make(span_of(codes[i]), &barcode), STATUS_ok);
        assert_int_equal(barcode_svg_write(&barcode, svg, sizeof(svg), &size), STATUS_ok);
        assert_int_equal(size, strlen(svg));
        svg_reads(svg, size, 616, codes[i]);
    }
}

static void an_svg_needs_its_room(void **state)
{
    char svg[BARCODE_SVG_SIZE_MAX];
    struct barcode barcode;
    size_t size = 0;
    (void)state;
    /* Every symbol has three bars, so the longest digits make the longest path. */
    assert_int_equal(barcode_make(SPAN("4242424242424242424242424242424242424242"), &barcode), STATUS_ok);
    assert_int_equal(barcode_svg_write(&barcode, svg, sizeof(svg), &size), STATUS_ok);
    size_t whole = size;
    for (size_t capacity = 0; capacity <= whole; capacity++) {
        assert_int_equal(barcode_svg_write(&barcode, svg, capacity, &size), STATUS_too_large);
        assert_int_equal(size, 0);
    }
    assert_int_equal(barcode_svg_write(&barcode, svg, whole + 1, &size), STATUS_ok);
    assert_int_equal(size, whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pay_codes_have_the_modules_of_the_standard),
        cmocka_unit_test(what_is_not_pairs_of_digits_is_refused),
        cmocka_unit_test(a_scanner_reads_every_pair_of_digits),
        cmocka_unit_test(a_scanner_reads_the_svg),
        cmocka_unit_test(an_svg_needs_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
