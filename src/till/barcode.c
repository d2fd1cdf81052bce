/* SPDX-License-Identifier: Apache-2.0 */
#include "till/barcode.h"

#include "till/text_out.h"

#define HEIGHT_MODULES 50

/* Widths of bar, space, bar, space, bar, space for the pairs 00 to 99, which are also their check values. */
static const char *const pair_widths[100] = {
    /* clang-format off */
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213",
    "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132",
    "221231", "213212", "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211",
    "212123", "212321", "232121", "111323", "131123", "131321", "112313", "132113", "132311", "211313",
    "231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121", "313121", "211331",
    "231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
    "314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214",
    "112412", "122114", "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",
    "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311", "113141",
    /* clang-format on */
};
static const char start_c_widths[] = "211232";
static const char stop_widths[] = "2331112";
#define START_C_VALUE 105
#define CHECK_MODULUS 103

/* The check symbol may have any value below 103; the three beyond the pairs are not digits in subset C. */
static const char *value_widths(unsigned value)
{
    static const char *const beyond_pairs[] = { "114131", "311141", "411131" };
    assert(value < CHECK_MODULUS);
    return value < COUNT_OF(pair_widths) ? pair_widths[value] : beyond_pairs[value - COUNT_OF(pair_widths)];
}

static void symbol_append(struct barcode *barcode, const char *widths)
{
    for (size_t i = 0; widths[i] != '\0'; i++) {
        for (int width = widths[i] - '0'; width > 0; width--) {
            assert(barcode->module_count < BARCODE_MODULES_MAX);
            barcode->dark[barcode->module_count++] = i % 2 == 0;
        }
    }
}

enum status barcode_make(struct span digits, struct barcode *barcode)
{
    if (digits.size == 0 || digits.size % 2 != 0 || digits.size > BARCODE_DIGITS_MAX) {
        return STATUS_bad_input;
    }
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.bytes[i] < '0' || digits.bytes[i] > '9') {
            return STATUS_bad_input;
        }
    }
    unsigned check = START_C_VALUE;
    barcode->module_count = 0;
    symbol_append(barcode, start_c_widths);
    for (size_t i = 0; i < digits.size; i += 2) {
        unsigned pair = (unsigned)((digits.bytes[i] - '0') * 10 + (digits.bytes[i + 1] - '0'));
        check += pair * (unsigned)(i / 2 + 1);
        symbol_append(barcode, value_widths(pair));
    }
    symbol_append(barcode, value_widths(check % CHECK_MODULUS));
    symbol_append(barcode, stop_widths);
    return STATUS_ok;
}

enum status barcode_svg_write(const struct barcode *barcode, char *to, size_t capacity, size_t *size)
{
    struct text_out out = text_out_begin(to, capacity);
    size_t width = barcode->module_count + 2 * BARCODE_QUIET_MODULES;

    text_out_literal(&out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"");
    text_out_number(&out, width * 2, 1);
    text_out_literal(&out, "\" height=\"");
    text_out_number(&out, HEIGHT_MODULES * 2, 1);
    text_out_literal(&out, "\" viewBox=\"0 0 ");
    text_out_number(&out, width, 1);
    text_out_literal(&out, " ");
    text_out_number(&out, HEIGHT_MODULES, 1);
    text_out_literal(&out, "\" shape-rendering=\"crispEdges\"><rect width=\"100%\" height=\"100%\" "
                           "fill=\"#fff\"/><path d=\"");
    for (size_t at = 0; at < barcode->module_count;) {
        size_t run = 0;
        while (at + run < barcode->module_count && barcode->dark[at + run]) {
            run++;
        }
        if (run > 0) {
            text_out_literal(&out, "M");
            text_out_number(&out, at + BARCODE_QUIET_MODULES, 1);
            text_out_literal(&out, " 0h");
            text_out_number(&out, run, 1);
            text_out_literal(&out, "v");
            text_out_number(&out, HEIGHT_MODULES, 1);
            text_out_literal(&out, "h-");
            text_out_number(&out, run, 1);
            text_out_literal(&out, "z");
        }
        at += run > 0 ? run : 1;
    }
    text_out_literal(&out, "\"/></svg>\n");
    *size = text_out_end(&out).size;
    return out.failed ? STATUS_too_large : STATUS_ok;
}
