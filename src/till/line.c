/* SPDX-License-Identifier: Apache-2.0 */
#include "till/line.h"

const struct line *line_of(int32_t number)
{
    if (number == LINE_none) {
        return NULL;
    }
    for (size_t i = 0; product_lines[i] != NULL; i++) {
        if ((int32_t)product_lines[i]->number == number) {
            return product_lines[i];
        }
    }
    assert(!"a trade names a line that this build does not have");
    return NULL;
}

enum refusal line_refundable(struct view *view, const struct moment *at, const struct trade_row *trade)
{
    const struct line *line = line_of(trade->line);
    return line != NULL ? line->refundable(view, at, trade) : REFUSAL_none;
}
