/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scan.h"
#include "till/qr_image.h"

static const char *const payloads[] = {
    "1",
    "281234567890123456",
    "HTTPS://TILL.EXAMPLE",
    "https://till.example/q/t/20141212000001.Ab-_Ab-_Ab",
    "星巴克咖啡（王府井店） 拿铁 ¥32.00，半价优惠",
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST "
    "TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A6008667"
    "0902ME91320016A0112233449988770708123456786304A13A",
};

static void a_phone_reads_the_png(void **state)
{
    static const int scales[] = { 2, 5, 8 };
    static uint8_t png[1 << 18];
    (void)state;
    if (!program_is_there("zbarimg")) {
        skip();
    }
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        for (size_t j = 0; j < COUNT_OF(scales); j++) {
            size_t size = 0;
            assert_int_equal(
                qr_png_write(span_of(payloads[i]), QR_LEVEL_medium, scales[j], png, sizeof(png), &size),
                STATUS_ok);
            picture_reads(png, size, ".png", payloads[i]);
        }
    }
}

static void a_phone_reads_the_svg(void **state)
{
    static char svg[QR_SVG_SIZE_COMMON];
    (void)state;
    if (!program_is_there("zbarimg") || !program_is_there("rsvg-convert")) {
        skip();
    }
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        size_t size = 0;
        assert_int_equal(qr_svg_write(span_of(payloads[i]), QR_LEVEL_medium, svg, sizeof(svg), &size),
                         STATUS_ok);
        assert_int_equal(size, strlen(svg));
        svg_reads(svg, size, 600, payloads[i]);
    }
}

static void every_level_is_read(void **state)
{
    static const enum qr_level levels[] = { QR_LEVEL_low, QR_LEVEL_medium, QR_LEVEL_quarter, QR_LEVEL_high };
    static uint8_t png[1 << 18];
    size_t width_before = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        size_t size = 0;
        assert_int_equal(qr_png_write(span_of(payloads[5]), levels[i], 4, png, sizeof(png), &size),
                         STATUS_ok);
        size_t width = (size_t)png[18] << 8 | png[19];
        assert_true(width > width_before); /* more safety needs more modules */
        width_before = width;
        if (program_is_there("zbarimg")) {
            picture_reads(png, size, ".png", payloads[5]);
        }
    }
}

/* Where the picture begins is blank, and where the first finder pattern begins is black. */
static void a_png_is_what_its_head_says(void **state)
{
    static uint8_t png[4096];
    size_t size = 0;
    (void)state;
    assert_int_equal(qr_png_write(SPAN("1"), QR_LEVEL_medium, 3, png, sizeof(png), &size), STATUS_ok);
    static const uint8_t head[] = { 0x89, 'P', 'N', 'G',          '\r', '\n', 0x1A, '\n', 0, 0,
                                    0,    13,  'I', 'H',          'D',  'R',  0,    0,    0, (21 + 8) * 3,
                                    0,    0,   0,   (21 + 8) * 3, 1,    0,    0,    0,    0 };
    static const uint8_t tail[] = { 0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82 };
    assert_memory_equal(png, head, sizeof(head));
    assert_memory_equal(png + size - sizeof(tail), tail, sizeof(tail));
}

static void a_buffer_that_is_too_small_is_said(void **state)
{
    static uint8_t whole[4096], png[4096];
    static char svg[QR_SVG_SIZE_COMMON];
    size_t size = 0;
    (void)state;
    assert_int_equal(qr_png_write(span_of(payloads[3]), QR_LEVEL_medium, 4, whole, sizeof(whole), &size),
                     STATUS_ok);
    size_t needed = size;
    for (size_t capacity = 0; capacity < needed; capacity++) {
        memset(png, 0x5A, sizeof(png));
        assert_int_equal(qr_png_write(span_of(payloads[3]), QR_LEVEL_medium, 4, png, capacity, &size),
                         STATUS_too_large);
        assert_int_equal(png[capacity], 0x5A); /* nothing behind the end is touched */
    }
    assert_int_equal(qr_png_write(span_of(payloads[3]), QR_LEVEL_medium, 4, png, needed, &size), STATUS_ok);
    assert_memory_equal(png, whole, needed);
    assert_int_equal(qr_svg_write(span_of(payloads[3]), QR_LEVEL_medium, svg, sizeof(svg), &size), STATUS_ok);
    needed = size + 1;
    for (size_t capacity = 0; capacity < needed; capacity += 7) {
        assert_int_equal(qr_svg_write(span_of(payloads[3]), QR_LEVEL_medium, svg, capacity, &size),
                         STATUS_too_large);
    }
    assert_int_equal(qr_svg_write(span_of(payloads[3]), QR_LEVEL_medium, svg, needed, &size), STATUS_ok);
}

static void payloads_out_of_bounds_are_refused(void **state)
{
    static uint8_t png[1 << 20];
    static char long_text[QR_PAYLOAD_MAX + 1];
    size_t size = 0;
    (void)state;
    memset(long_text, '~', sizeof(long_text));
    struct span too_long = { long_text, sizeof(long_text) };
    struct span longest = { long_text, QR_PAYLOAD_MAX };
    assert_int_equal(qr_png_write(too_long, QR_LEVEL_low, 1, png, sizeof(png), &size), STATUS_too_large);
    assert_int_equal(qr_png_write(longest, QR_LEVEL_high, QR_SCALE_MAX, png, sizeof(png), &size), STATUS_ok);
    assert_int_equal(qr_png_write(SPAN(""), QR_LEVEL_low, 1, png, sizeof(png), &size), STATUS_bad_input);
    assert_int_equal(qr_png_write(SPAN("a\0b"), QR_LEVEL_low, 1, png, sizeof(png), &size), STATUS_bad_input);
    assert_int_equal(qr_png_write(SPAN("\xc3"), QR_LEVEL_low, 1, png, sizeof(png), &size), STATUS_bad_input);
}

/* Lower-case letters pack worst; the header promises these sizes to callers who take a fixed buffer. */
static void common_sizes_suffice(void **state)
{
    static uint8_t png[QR_PNG_SIZE_COMMON];
    static char svg[QR_SVG_SIZE_COMMON], text[512];
    size_t size = 0;
    uint32_t seed = 1;
    (void)state;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof(text); i++) {
            seed = seed * 1664525 + 1013904223;
            text[i] = (char)('a' + (seed >> 24) % 26);
        }
        struct span payload = { text, sizeof(text) };
        assert_int_equal(qr_svg_write(payload, QR_LEVEL_medium, svg, sizeof(svg), &size), STATUS_ok);
        assert_true(size < sizeof(svg) / 4 * 3);
        assert_int_equal(qr_png_write(payload, QR_LEVEL_medium, 8, png, sizeof(png), &size), STATUS_ok);
        assert_true(size < sizeof(png) / 4 * 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_phone_reads_the_png),
        cmocka_unit_test(a_phone_reads_the_svg),
        cmocka_unit_test(every_level_is_read),
        cmocka_unit_test(a_png_is_what_its_head_says),
        cmocka_unit_test(a_buffer_that_is_too_small_is_said),
        cmocka_unit_test(payloads_out_of_bounds_are_refused),
        cmocka_unit_test(common_sizes_suffice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
