/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a day's vouchers: some are redeemed, undone, given, returned, set aside and taken offline. */
#include <stdio.h>

#include "base/civil.h"
#include "lines/local/local.h"
#include "support/local_day.h"

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fprintf(stderr, "vouchers of a day: refused: %s\n", refusal_text((int)refusal)->name);
    }
    assert(refusal == REFUSAL_none);
}

struct search {
    int64_t holder_id, deal_id;
    int nth;
    struct voucher_row row;
};

static bool search_each(void *context, const void *row)
{
    struct search *search = context;
    const struct voucher_row *voucher = row;
    if (voucher->holder_id != search->holder_id || voucher->deal_id != search->deal_id || search->nth-- > 0) {
        return true;
    }
    search->row = *voucher;
    return false;
}

struct voucher_row local_day_voucher(struct house *house, int64_t holder_id, int64_t deal_id, int nth)
{
    struct search search = { .holder_id = holder_id, .deal_id = deal_id, .nth = nth };
    enum status status =
        house->store->ops->scan(house->store, &voucher_table, (struct span){ NULL, 0 }, search_each, &search);
    assert(status == STATUS_ok);
    assert(search.row.voucher_id != 0);
    return search.row;
}

int64_t local_day_redeem(struct house *house, int64_t shop_id, struct voucher_row voucher, int64_t pieces,
                         int64_t amount_minor)
{
    struct voucher_redeem want = { .shop_id = shop_id, .codes_count = 1 };
    struct voucher_redeemed_list list;
    memcpy(want.codes[0].code, voucher.code, sizeof(voucher.code));
    want.codes[0].pieces = pieces;
    want.codes[0].amount_minor = amount_minor;
    house->now_us += 1000;
    must(house_call(house, house_shop(shop_id), &voucher_redeem, &want, &list));
    return list.redemptions[0].redemption_id;
}

/* Taken without a network: one voucher that was set aside for it, and a code that is none. */
static void offline_make(struct house *house)
{
    struct voucher_quota_reserve quota = { .shop_id = 1, .pieces = 30, .accept_in_s = 86400 };
    for (quota.deal_id = LOCAL_DAY_DEAL; quota.deal_id <= LOCAL_DAY_VALUE; quota.deal_id += 2) {
        must(house_call(house, house_operator, &voucher_quota_reserve, &quota, NULL));
    }
    struct voucher_row aside = local_day_voucher(house, 2, LOCAL_DAY_DEAL, 0);
    struct voucher_row value = local_day_voucher(house, 2, LOCAL_DAY_VALUE, 0);
    struct voucher_keep keep = { .voucher_id = aside.voucher_id, .shop_id = 1 };
    must(house_call(house, house_operator, &voucher_keep, &keep, NULL));
    keep.voucher_id = value.voucher_id;
    must(house_call(house, house_operator, &voucher_keep, &keep, NULL));
    struct voucher_reconcile told = { .shop_id = 1, .taken_count = 2 };
    memcpy(told.taken[0].code, value.code, sizeof(value.code));
    told.taken[0].amount_minor = 100;
    told.taken[0].accepted_at_us = house->now_us;
    memcpy(told.taken[1].code, "000000000000", 13);
    told.taken[1].accepted_at_us = house->now_us;
    must(house_call(house, house_shop(1), &voucher_reconcile, &told, NULL));
}

void local_day_vouchers(struct house *house)
{
    struct voucher_row first = local_day_voucher(house, 1, LOCAL_DAY_DEAL, 0);
    int64_t undone = local_day_redeem(house, 2, local_day_voucher(house, 1, LOCAL_DAY_TIMES, 0), 2, 0);
    local_day_redeem(house, 1, first, 1, 0);
    local_day_redeem(house, 1, local_day_voucher(house, 2, LOCAL_DAY_VALUE, 0), 0, 999);
    must(house_call(house, house_operator, &voucher_undo, &undone, NULL));
    local_day_redeem(house, 2, local_day_voucher(house, 1, LOCAL_DAY_TIMES, 0), 1, 0);
    struct review_write review = { .voucher_id = first.voucher_id, .stars = 4, .text = "很好 \"O'Brien\" again" };
    must(house_call(house, house_shopper(1), &review_write, &review, NULL));
    struct review_reply reply = { .voucher_id = first.voucher_id, .reply = "谢谢" };
    must(house_call(house, house_shop(1), &review_reply, &reply, NULL));
    struct voucher_give give = { .voucher_id = local_day_voucher(house, 1, LOCAL_DAY_DEAL, 1).voucher_id,
                                 .to_shopper_id = 3 };
    must(house_call(house, house_shopper(1), &voucher_give, &give, NULL));
    struct voucher_return back = { .voucher_id = give.voucher_id };
    must(house_call(house, house_shopper(3), &voucher_return, &back, NULL));
    offline_make(house);
    struct deal_rules rules = { .deal_id = LOCAL_DAY_SOLD_OUT, .shop_id = 1, .kind = DEAL_voucher,
                                .category = CATEGORY_dining, .title = "卖完 sold out", .price_minor = 10,
                                .sale_until_us = house->now_us + US_PER_DAY,
                                .valid_until_us = house->now_us + US_PER_DAY };
    must(house_call(house, house_operator, &deal_publish, &rules, NULL));
    for (int64_t shopper_id = 1; shopper_id <= 4; shopper_id++) {
        struct waiting_join wait = { .deal_id = LOCAL_DAY_SOLD_OUT, .shopper_id = shopper_id };
        must(house_call(house, house_operator, &waiting_join, &wait, NULL));
    }
    struct waiting_join leave = { .deal_id = LOCAL_DAY_SOLD_OUT, .shopper_id = 2 };
    must(house_call(house, house_operator, &waiting_leave, &leave, NULL));
    struct { int64_t deal_id, copies; } stock = { LOCAL_DAY_SOLD_OUT, 1 };
    must(house_call(house, house_operator, &deal_stock_add, &stock, NULL));
}
