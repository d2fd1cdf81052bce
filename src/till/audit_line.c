/* SPDX-License-Identifier: Apache-2.0 */
/* What lines of business add to the audit: their turns, and what they may ask. */
#include "till/audit_line.h"

#include "till/audit_internal.h"
#include "till/line.h"

/* ---- the lines' turns ---- */

static void *state_of(const struct audit *audit, size_t place)
{
    return audit_list_at(&audit->lines[place], 0);
}

bool audit_lines_open(struct audit *audit)
{
    for (size_t i = 0; product_lines[i] != NULL; i++) {
        assert(i < AUDIT_LINES_MAX);
        audit_list_init(&audit->lines[i], &audit->memory, product_lines[i]->audit->state_size);
        void *state = audit_list_add(&audit->lines[i]);
        if (state == NULL) {
            return audit_too_large(audit);
        }
        product_lines[i]->audit->begin(audit, state);
    }
    return true;
}

void audit_lines_release(struct audit *audit)
{
    for (size_t i = 0; product_lines[i] != NULL; i++) {
        if (audit->lines[i].count == 1) {
            product_lines[i]->audit->release(audit, state_of(audit, i));
            audit_list_release(&audit->lines[i]);
        }
    }
}

void audit_lines_tables(struct audit *audit)
{
    for (size_t i = 0; product_lines[i] != NULL && audit->status == STATUS_ok; i++) {
        product_lines[i]->audit->tables(audit, state_of(audit, i));
    }
}

bool audit_line_trade(struct audit *audit, const struct trade_row *trade)
{
    struct audit_about about = { AUDIT_answer_durable, &trade_table, trade };
    if (trade->escrow != 0 && audit_map_put(&audit->escrowed, trade->trade_id, 0) == NULL) {
        return audit_too_large(audit);
    }
    for (size_t i = 0; product_lines[i] != NULL; i++) {
        if ((int32_t)product_lines[i]->number == trade->line) {
            return product_lines[i]->audit->trade(audit, state_of(audit, i), trade);
        }
    }
    audit_wrong(audit, about, "its line does not exist");
    return true;
}

bool audit_line_transfer(struct audit *audit, const struct transfer_row *transfer)
{
    for (size_t i = 0; product_lines[i] != NULL; i++) {
        const struct audit_line *line = product_lines[i]->audit;
        if (transfer->cause >= line->cause_first && transfer->cause <= line->cause_last) {
            if (audit->status == STATUS_ok && !line->transfer(audit, state_of(audit, i), transfer)) {
                assert(audit->status != STATUS_ok);
            }
            return true;
        }
    }
    return false;
}

void audit_lines_end(struct audit *audit)
{
    for (size_t i = 0; product_lines[i] != NULL && audit->status == STATUS_ok; i++) {
        product_lines[i]->audit->end(audit, state_of(audit, i));
    }
}

static bool purpose_of(const struct audit_line *line, int32_t purpose)
{
    return purpose >= line->purpose_first && purpose <= line->purpose_last;
}

const struct audit_line *audit_line_of_purpose(int32_t purpose)
{
    for (size_t i = 0; product_lines[i] != NULL; i++) {
        if (purpose_of(product_lines[i]->audit, purpose)) {
            return product_lines[i]->audit;
        }
    }
    return NULL;
}

bool audit_line_owner_known(const struct audit *audit, int64_t owner_id, int32_t purpose)
{
    for (size_t i = 0; product_lines[i] != NULL; i++) {
        const struct audit_line *line = product_lines[i]->audit;
        if (purpose_of(line, purpose)) {
            return line->owner_known(audit, state_of(audit, i), owner_id, purpose);
        }
    }
    return false;
}

/* ---- what they may ask ---- */

struct audit_memory *audit_memory_of(struct audit *audit)
{
    return &audit->memory;
}

bool audit_expect(struct audit *audit, struct audit_about about, const char *what, bool holds)
{
    return audit_true(audit, about, what, holds);
}

bool audit_expect_equal(struct audit *audit, struct audit_about about, const char *what, int64_t expected,
                        int64_t found)
{
    return audit_equal(audit, about, what, expected, found);
}

bool audit_reading(const struct audit *audit)
{
    return audit->status == STATUS_ok;
}

static const struct audit_shop *shop_of(const struct audit *audit, int64_t shop_id)
{
    return audit_map_get(&audit->shops, shop_id, 0);
}

bool audit_shop_known(const struct audit *audit, int64_t shop_id)
{
    return shop_of(audit, shop_id) != NULL;
}

int64_t audit_shop_merchant(const struct audit *audit, int64_t shop_id)
{
    const struct audit_shop *shop = shop_of(audit, shop_id);
    return shop == NULL ? 0 : shop->merchant_id;
}

int64_t audit_shop_zone_minutes(const struct audit *audit, int64_t shop_id)
{
    const struct audit_shop *shop = shop_of(audit, shop_id);
    return shop == NULL ? 0 : shop->zone_minutes;
}

int32_t audit_shop_currency(const struct audit *audit, int64_t shop_id)
{
    const struct audit_shop *shop = shop_of(audit, shop_id);
    return shop == NULL ? 0 : (int32_t)shop->currency;
}

bool audit_merchant_known(const struct audit *audit, int64_t merchant_id)
{
    return audit_map_get(&audit->merchants, merchant_id, 0) != NULL;
}

bool audit_shopper_known(const struct audit *audit, int64_t shopper_id)
{
    return audit_map_get(&audit->shoppers, shopper_id, 0) != NULL;
}
