/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/voucher_template.h"

#include "lines/local/local_internal.h"

static const struct column template_columns[] = {
    COLUMN(voucher_template_row, deal_id, .form = FORM_id),
    COLUMN(voucher_template_row, merchant_id, .form = FORM_id),
    COLUMN(voucher_template_row, out_biz_no),
    COLUMN(voucher_template_row, amount_minor, .form = FORM_amount),
    COLUMN(voucher_template_row, floor_minor, .form = FORM_amount),
    COLUMN(voucher_template_row, sent),
    COLUMN(voucher_template_row, print, .form = FORM_hidden),
};
const struct table voucher_template_table =
    TABLE("voucher_templates", 97, voucher_template_row, template_columns, 1);

static const struct column template_number_columns[] = {
    COLUMN(template_number_row, out_biz_no),
    COLUMN(template_number_row, merchant_id, .form = FORM_id),
    COLUMN(template_number_row, deal_id, .form = FORM_id),
};
const struct table template_number_table =
    TABLE("template_numbers", 98, template_number_row, template_number_columns, 2);

static const struct column send_number_columns[] = {
    COLUMN(send_number_row, out_biz_no),
    COLUMN(send_number_row, deal_id, .form = FORM_id),
    COLUMN(send_number_row, voucher_id, .form = FORM_id),
    COLUMN(send_number_row, shopper_id, .form = FORM_id),
};
const struct table send_number_table = TABLE("send_numbers", 99, send_number_row, send_number_columns, 2);

const struct voucher_template_row *voucher_template_ask(struct view *view, int64_t deal_id)
{
    struct voucher_template_row key = { .deal_id = deal_id };
    return view_ask(view, &voucher_template_table, &key);
}

static void number_put(const char *from, char to[NUMBER_SIZE])
{
    bool fits = span_copy(span_of(from), to, NUMBER_SIZE);
    assert(fits);
}

enum refusal voucher_template_make(struct view *view, struct moment *at, const struct voucher_template *want,
                                   const struct voucher_template_row **made)
{
    struct deal deal = { .copies_left = 0 };
    struct deal_rules rules = want->rules;
    const struct shop_row *shop = shop_ask(view, rules.shop_id);
    struct template_number_row key = { .merchant_id = shop->merchant_id };
    number_put(want->out_biz_no, key.out_biz_no);
    const struct template_number_row *number = view_ask(view, &template_number_table, &key);
    *made = voucher_template_ask(view, number->deal_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_merchant(at, shop->merchant_id)) {
        return REFUSAL_forbidden;
    }
    if (row_exists(number)) {
        return (*made)->print == want->print ? REFUSAL_none : REFUSAL_request_reused;
    }
    rules.kind = DEAL_give;
    rules.price_minor = 0;
    rules.list_price_minor = want->amount_minor;
    rules.refund = DEAL_REFUND_never;
    enum refusal refusal = deal_publish.decide(&rules, at, view, &deal);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct template_number_row *named = view_change(view, number);
    named->deal_id = deal.row.deal_id;
    struct voucher_template_row *row = view_change(view, voucher_template_ask(view, deal.row.deal_id));
    row->merchant_id = shop->merchant_id;
    number_put(want->out_biz_no, row->out_biz_no);
    row->amount_minor = want->amount_minor;
    row->floor_minor = want->floor_minor;
    row->print = want->print;
    *made = row;
    return REFUSAL_none;
}

enum refusal voucher_send(struct view *view, struct moment *at, const struct voucher_send *want,
                          const struct voucher_row **voucher)
{
    struct send_number_row key = { .deal_id = want->deal_id };
    number_put(want->out_biz_no, key.out_biz_no);
    const struct send_number_row *number = view_ask(view, &send_number_table, &key);
    const struct voucher_template_row *template = voucher_template_ask(view, want->deal_id);
    const struct deal_row *deal = deal_ask(view, want->deal_id);
    const struct shopper_row *shopper = shopper_ask(view, want->shopper_id);
    *voucher = voucher_ask(view, number->voucher_id);
    if (!row_exists(template) || template->merchant_id != want->merchant_id) {
        return REFUSAL_deal_unknown;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (row_exists(number)) {
        return number->shopper_id == want->shopper_id ? REFUSAL_none : REFUSAL_request_reused;
    }
    enum refusal refusal = deal_sale_check(deal, at->now_us);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct voucher_order order = { .deal = deal, .shopper_id = want->shopper_id, .copies = 1 };
    refusal = voucher_issue(view, at, &order, voucher, NULL);
    if (refusal != REFUSAL_none) {
        return refusal == REFUSAL_floor_reached ? REFUSAL_deal_sold_out : refusal;
    }
    struct send_number_row *named = view_change(view, number);
    named->voucher_id = (*voucher)->voucher_id;
    named->shopper_id = want->shopper_id;
    struct voucher_template_row *row = view_change(view, template);
    row->sent++;
    return REFUSAL_none;
}

/* ---- the audit: numbers lead to templates and vouchers, each once, and what was sent is counted ---- */

struct template_mark {
    int64_t deal_id;
    int64_t sent; /* as its row says, less the numbers found */
    int64_t merchant_id, numbers;
};

struct templates {
    struct audit_map marks; /* by deal */
};

static void templates_begin(struct audit *audit, void *state)
{
    struct templates *templates = state;
    audit_map_init(&templates->marks, audit_memory_of(audit), sizeof(struct template_mark), 1);
}

static void templates_release(struct audit *audit, void *state)
{
    struct templates *templates = state;
    (void)audit;
    audit_map_release(&templates->marks);
}

static bool template_each(struct audit *audit, void *state, const void *row)
{
    struct templates *templates = state;
    const struct voucher_template_row *template = row;
    struct audit_about about = { AUDIT_voucher_once, &voucher_template_table, row };
    struct template_mark *mark = audit_map_put(&templates->marks, template->deal_id, 0);
    if (mark == NULL) {
        return audit_too_large(audit);
    }
    mark->sent = template->sent;
    mark->merchant_id = template->merchant_id;
    audit_expect(audit, about, "its merchant does not exist", audit_merchant_known(audit, template->merchant_id));
    return true;
}

static bool template_number_each(struct audit *audit, void *state, const void *row)
{
    struct templates *templates = state;
    const struct template_number_row *number = row;
    struct audit_about about = { AUDIT_voucher_once, &template_number_table, row };
    struct template_mark *mark = audit_map_get(&templates->marks, number->deal_id, 0);
    if (audit_expect(audit, about, "its template does not exist", mark != NULL)) {
        audit_expect_equal(audit, about, "the merchant of its template", mark->merchant_id, number->merchant_id);
        mark->numbers++;
    }
    return true;
}

static bool send_number_each(struct audit *audit, void *state, const void *row)
{
    struct templates *templates = state;
    const struct send_number_row *number = row;
    struct audit_about about = { AUDIT_voucher_once, &send_number_table, row };
    struct template_mark *mark = audit_map_get(&templates->marks, number->deal_id, 0);
    if (audit_expect(audit, about, "its template does not exist", mark != NULL)) {
        mark->sent--;
    }
    audit_expect(audit, about, "whom it was sent to does not exist", audit_shopper_known(audit, number->shopper_id));
    return true;
}

static void templates_tables(struct audit *audit, void *state)
{
    struct templates *templates = state;
    audit_scan_line(audit, &voucher_template_table, template_each, state);
    audit_scan_line(audit, &template_number_table, template_number_each, state);
    audit_scan_line(audit, &send_number_table, send_number_each, state);
    const struct template_mark *mark;
    for (size_t place = 0; audit_reading(audit) && (mark = audit_map_next(&templates->marks, &place)) != NULL;) {
        struct voucher_template_row key = { .deal_id = mark->deal_id };
        struct audit_about about = { AUDIT_voucher_once, &voucher_template_table, &key };
        audit_expect_equal(audit, about, "what was sent of it, less the numbers", 0, mark->sent);
        audit_expect_equal(audit, about, "the numbers that lead to it", 1, mark->numbers);
    }
}

const struct audit_part audit_part_voucher_template = { .state_size = sizeof(struct templates),
                                                        .begin = templates_begin,
                                                        .release = templates_release,
                                                        .tables = templates_tables };
