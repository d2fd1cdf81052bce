/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/redemption_number.h"

#include "lines/local/local_internal.h"
#include "lines/local/voucher_code.h"

static const struct column number_columns[] = {
    COLUMN(redemption_number_row, request_no),
    COLUMN(redemption_number_row, merchant_id, .form = FORM_id),
    COLUMN(redemption_number_row, redemption_id, .form = FORM_id),
};
const struct table redemption_number_table =
    TABLE("redemption_numbers", 96, redemption_number_row, number_columns, 2);

static const struct redemption_number_row *number_ask(struct view *view, int64_t merchant_id, const char *request_no)
{
    struct redemption_number_row key = { .merchant_id = merchant_id };
    bool fits = span_copy(span_of(request_no), key.request_no, sizeof(key.request_no));
    assert(fits);
    return view_ask(view, &redemption_number_table, &key);
}

const struct redemption_row *redemption_by_number(struct view *view, int64_t merchant_id, const char *request_no)
{
    return redemption_ask(view, number_ask(view, merchant_id, request_no)->redemption_id);
}

/*
 * Whether it is what is wanted once more. The code must be the voucher's own: one that was given away has another. One
 * that was taken back is not: whoever heard of a success would hand the goods out for nothing.
 */
static bool redemption_agrees(struct view *view, const struct redemption_row *redemption,
                              const struct redemption_request *want)
{
    char code[VOUCHER_CODE_SIZE];
    const struct voucher_row *voucher = voucher_ask(view, redemption->voucher_id);
    bool same = voucher_code_read(span_of(want->code), code) && strcmp(code, voucher->code) == 0;
    bool stored = voucher->face_minor > 0;
    return same && redemption->state == REDEMPTION_done && redemption->shop_id == want->shop_id &&
           (stored || redemption->pieces == max_i64(want->pieces, 1));
}

enum refusal redemption_request(struct view *view, struct moment *at, const struct redemption_request *want,
                                const struct redemption_row **redemption, bool *repeated)
{
    const struct voucher_row *voucher;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    const struct redemption_number_row *number = number_ask(view, want->merchant_id, want->request_no);
    *redemption = redemption_ask(view, number->redemption_id);
    *repeated = row_exists(number);
    if (!row_exists(shop) || shop->merchant_id != want->merchant_id || !access_shop(view, at, shop)) {
        return REFUSAL_shop_unknown;
    }
    if (*repeated) {
        return redemption_agrees(view, *redemption, want) ? REFUSAL_none : REFUSAL_request_reused;
    }
    enum refusal refusal = voucher_find(view, at, shop, want->code, &voucher);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct voucher_use use = { .voucher = voucher,
                               .shop = shop,
                               .pieces = want->pieces,
                               .amount_minor = voucher->face_minor > 0 ? voucher->face_left_minor : 0,
                               .accepted_at_us = at->now_us };
    refusal = voucher_use_check(view, at, &use);
    if (refusal == REFUSAL_none) {
        refusal = voucher_redeem_one(view, at, &use, redemption);
    }
    if (refusal == REFUSAL_none) {
        struct redemption_number_row *row = view_change(view, number);
        row->redemption_id = (*redemption)->redemption_id;
    }
    return refusal;
}

/* ---- the audit: each number names a redemption of its merchant's, and no two the same ---- */

struct numbers {
    struct audit_map named; /* by redemption: its merchant, how often */
};

static void numbers_begin(struct audit *audit, void *state)
{
    struct numbers *numbers = state;
    audit_map_init(&numbers->named, audit_memory_of(audit), 3 * sizeof(int64_t), 1);
}

static void numbers_release(struct audit *audit, void *state)
{
    struct numbers *numbers = state;
    (void)audit;
    audit_map_release(&numbers->named);
}

static bool number_each(struct audit *audit, void *state, const void *row)
{
    struct numbers *numbers = state;
    const struct redemption_number_row *number = row;
    struct audit_about about = { AUDIT_voucher_once, &redemption_number_table, row };
    int64_t *named = audit_map_put(&numbers->named, number->redemption_id, 0);
    if (named == NULL) {
        return audit_too_large(audit);
    }
    audit_expect(audit, about, "another number names the same redemption", named[2] == 0);
    named[1] = number->merchant_id;
    named[2]++;
    return true;
}

static bool redemption_each(struct audit *audit, void *state, const void *row)
{
    struct numbers *numbers = state;
    const struct redemption_row *redemption = row;
    struct audit_about about = { AUDIT_voucher_once, &redemption_table, row };
    int64_t *named = audit_map_get(&numbers->named, redemption->redemption_id, 0);
    if (named != NULL) {
        audit_expect_equal(audit, about, "the merchant whose number names it", redemption->merchant_id, named[1]);
        named[2] = 0;
    }
    return true;
}

static void numbers_tables(struct audit *audit, void *state)
{
    struct numbers *numbers = state;
    audit_scan_line(audit, &redemption_number_table, number_each, state);
    if (numbers->named.count > 0) {
        audit_look_line(audit, &redemption_table, redemption_each, state);
    }
    const int64_t *named;
    for (size_t place = 0; audit_reading(audit) && (named = audit_map_next(&numbers->named, &place)) != NULL;) {
        struct redemption_row key = { .redemption_id = named[0] };
        struct audit_about about = { AUDIT_voucher_once, &redemption_table, &key };
        audit_expect(audit, about, "a number names it, and it does not exist", named[2] == 0);
    }
}

const struct audit_part audit_part_redemption_number = { .state_size = sizeof(struct numbers),
                                                         .begin = numbers_begin,
                                                         .release = numbers_release,
                                                         .tables = numbers_tables };
