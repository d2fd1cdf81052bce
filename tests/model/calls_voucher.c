/* SPDX-License-Identifier: Apache-2.0 */
/* Vouchers, drawn at random and made through till and model. */
#include <stdio.h>

#include "lines/local/voucher.h"
#include "model/calls_local.h"
#include "model/pair.h"

/* ---- what the till calls them ---- */

static struct local_voucher *voucher_of(int64_t voucher_id)
{
    for (int i = 0; i < local.voucher_count; i++) {
        if (local.vouchers[i].id == voucher_id) {
            return &local.vouchers[i];
        }
    }
    return NULL;
}

static void same_reviews(struct run *run)
{
    int64_t reviews[MODEL_SHOPS] = { 0 }, stars[MODEL_SHOPS] = { 0 };
    for (int i = 0; i < local.voucher_count && run->wrong == NULL; i++) {
        const struct local_voucher *v = &local.vouchers[i];
        struct review_row row = { .voucher_id = v->id };
        bool there = house_row(&run->house, &review_table, &row);
        same(run, "whether a voucher is reviewed", v->stars != 0, there);
        if (there && run->wrong == NULL) {
            same(run, "stars", v->stars, row.stars);
            same(run, "the shop that is reviewed", id_of(run, v->reviewed_shop), row.shop_id);
            same(run, "who paid for what is reviewed", run->trade_ids[v->trade], row.trade_id);
            reviews[v->reviewed_shop]++;
            stars[v->reviewed_shop] += v->stars;
        }
    }
    for (int i = 0; i < run->model.shop_count; i++) {
        struct shop_place_row row = { .shop_id = id_of(run, i) };
        house_row(&run->house, &shop_place_table, &row);
        same(run, "reviews of a shop", reviews[i], row.reviews);
        same(run, "stars of a shop", stars[i], row.stars);
    }
}

static void same_quotas(struct run *run)
{
    for (int deal = 0; deal < local.deal_count; deal++) {
        for (int shop = 0; shop < run->model.shop_count; shop++) {
            const struct local_quota *quota = &local.deals[deal].quotas[shop];
            struct voucher_quota_row row = { .shop_id = id_of(run, shop), .deal_id = local.deals[deal].id };
            house_row(&run->house, &voucher_quota_table, &row);
            same(run, "what tills told of a quota", quota->taken, row.accepted);
            same(run, "what did not hold of a quota", quota->conflicts, row.conflicts);
        }
    }
}

/* Those of one purchase come in the order of its copies and their parts; those given for nothing one by one. */
static bool voucher_learn(void *context, const void *of)
{
    struct run *run = context;
    const struct voucher_row *row = of;
    if (voucher_of(row->voucher_id) != NULL) {
        return true;
    }
    for (int i = 0; i < local.voucher_count; i++) {
        struct local_voucher *v = &local.vouchers[i];
        int64_t purchase_id = v->purchase < 0 ? 0 : local.purchases[v->purchase].id;
        if (v->id == 0 && local.deals[v->deal].id == row->deal_id && purchase_id == row->purchase_id &&
            v->part == row->part && id_of(run, v->buyer) == row->buyer_id) {
            v->id = row->voucher_id;
            return true;
        }
    }
    same(run, "a voucher that only the till has", 0, row->voucher_id);
    return true;
}

void vouchers_learn(struct run *run)
{
    enum status status = STATUS_ok;
    if (voucher_of(0) != NULL) {
        status = run->house.store->ops->scan(run->house.store, &voucher_table, (struct span){ NULL, 0 }, voucher_learn,
                                             run);
    }
    assert(status == STATUS_ok);
    if (voucher_of(0) != NULL && run->wrong == NULL) {
        same(run, "a voucher that only the model has", 1, 0);
    }
}

static void same_voucher(struct run *run, int index, const struct voucher_row *row)
{
    const struct local_voucher *v = &local.vouchers[index];
    same(run, "a voucher", v->id, row->voucher_id);
    same(run, "a voucher's buyer", id_of(run, v->buyer), row->buyer_id);
    same(run, "a voucher's holder", id_of(run, v->holder), row->holder_id);
    same(run, "a voucher's trade", v->trade < 0 ? 0 : run->trade_ids[v->trade], row->trade_id);
    same(run, "a voucher's state", v->state, row->state);
    same(run, "a voucher's pieces", v->pieces, row->pieces);
    same(run, "pieces redeemed of a voucher", v->redeemed, row->redeemed_pieces);
    same(run, "pieces returned of a voucher", v->returned, row->returned_pieces);
    same(run, "pieces lapsed of a voucher", v->lapsed, row->lapsed_pieces);
    same(run, "pieces left of a voucher", v->left, row->pieces_left);
    same(run, "money of a voucher", v->paid, row->paid_minor);
    same(run, "money redeemed of a voucher", v->redeemed_minor, row->redeemed_minor);
    same(run, "money returned of a voucher", v->returned_minor, row->returned_minor);
    same(run, "money lapsed of a voucher", v->lapsed_minor, row->lapsed_minor);
    same(run, "money left of a voucher", v->left_minor, row->left_minor);
    same(run, "face value left of a voucher", v->face_left, row->face_left_minor);
    same(run, "until when a voucher is valid", v->valid_until_us, row->valid_until_us);
    same(run, "redemptions of a voucher", v->redemptions, row->redemptions);
    same(run, "how often a voucher was given", v->gives, row->gives);
    same(run, "for whom a voucher is set aside", v->kept_shop < 0 ? 0 : id_of(run, v->kept_shop), row->kept_shop_id);
    same(run, "a voucher's last redemption", v->last_redemption < 0 ? 0 : local.redemptions[v->last_redemption].id,
         row->last_redemption_id);
}

static void same_holders(struct run *run)
{
    for (int deal = 0; deal < local.deal_count; deal++) {
        for (int shopper = 0; shopper < run->model.shopper_count; shopper++) {
            int64_t pieces = 0, deal_id = local.deals[deal].id;
            for (int i = 0; i < local.voucher_count; i++) {
                const struct local_voucher *v = &local.vouchers[i];
                pieces += v->deal == deal && v->holder == shopper && v->kept_shop < 0 ? v->left : 0;
            }
            same(run, "pieces that a shopper holds", pieces,
                 house_balance(&run->house, id_of(run, shopper), PURPOSE_vouchers, deal_id));
        }
    }
}

static void same_vouchers(struct run *run)
{
    vouchers_learn(run);
    same_holders(run);
    same_reviews(run);
    same_quotas(run);
    for (int i = 0; i < local.voucher_count && run->wrong == NULL; i++) {
        struct voucher_row row = { .voucher_id = local.vouchers[i].id };
        bool there = house_row(&run->house, &voucher_table, &row);
        assert(there);
        same_voucher(run, i, &row);
    }
    for (int i = 0; i < local.redemption_count && run->wrong == NULL; i++) {
        const struct local_redemption *r = &local.redemptions[i];
        struct redemption_row row = { .redemption_id = r->id };
        bool there = house_row(&run->house, &redemption_table, &row);
        assert(there);
        same(run, "a redemption's state", r->undone ? REDEMPTION_undone : REDEMPTION_done, row.state);
        same(run, "a redemption's pieces", r->pieces, row.pieces);
        same(run, "a redemption's money", r->gross, row.gross_minor);
        same(run, "a redemption's commission", r->commission, row.commission_minor);
        same(run, "a redemption's shop", id_of(run, r->shop), row.shop_id);
        same(run, "a redemption's holder", id_of(run, r->holder), row.holder_id);
    }
}

/* ---- calls ---- */

/* A voucher, mostly a young and open one; -1: there is none. */
static int voucher_draw(struct run *run)
{
    int count = local.voucher_count, index = -1;
    vouchers_learn(run);
    for (int tries = 0; tries < 12 && count > 0 && run->wrong == NULL; tries++) {
        index = chance(run, 60) ? count - 1 - pick(run, count < 10 ? count : 10) : pick(run, count);
        if (local.vouchers[index].state == VOUCHER_open || chance(run, 8)) {
            break;
        }
    }
    return run->wrong == NULL ? index : -1;
}

/* Its code, as only the holder is shown. */
static bool code_of(struct run *run, int index, char code[VOUCHER_CODE_SIZE])
{
    struct voucher_row row = { .voucher_id = local.vouchers[index].id };
    bool there = house_row(&run->house, &voucher_table, &row);
    assert(there);
    memcpy(code, row.code, sizeof(row.code));
    return row.code[0] != '\0';
}

static int shop_draw(struct run *run, int index)
{
    const struct local_voucher *v = &local.vouchers[index];
    int shop = pick(run, run->model.shop_count);
    for (int tries = 0; tries < 8 && (local.deals[v->deal].parts[v->part].shops & 1u << shop) == 0; tries++) {
        shop = pick(run, run->model.shop_count);
    }
    return v->kept_shop >= 0 && chance(run, 80) ? v->kept_shop : shop;
}

/* All of them or none: what was before is put back when one is refused. */
static int model_redeem(struct run *run, const struct voucher_redeem *want, const int *vouchers, int shop)
{
    static struct local before;
    struct model *m = &run->model;
    int64_t takings = m->shops[shop].takings, escrow[REDEEM_CODES_MAX];
    int refusal = 0;
    before = local;
    for (int i = 0; i < want->codes_count; i++) {
        int trade = local.vouchers[vouchers[i]].trade;
        escrow[i] = trade < 0 ? 0 : m->trades[trade].in_escrow;
    }
    for (int i = 0; i < want->codes_count && refusal == 0; i++) {
        refusal = local_use_check(m, vouchers[i], shop, want->codes[i].pieces, want->codes[i].amount_minor);
        if (refusal == 0) {
            local_redeem(m, vouchers[i], shop, want->codes[i].pieces, want->codes[i].amount_minor);
        }
    }
    for (int i = 0; i < want->codes_count && refusal != 0; i++) {
        int trade = before.vouchers[vouchers[i]].trade;
        if (trade >= 0) {
            m->trades[trade].in_escrow = escrow[i];
        }
    }
    if (refusal != 0) {
        local = before;
        m->shops[shop].takings = takings;
    }
    return refusal;
}

static void use_draw(struct run *run, int index, struct voucher_code_use *use)
{
    const struct local_voucher *v = &local.vouchers[index];
    if (v->face > 0) {
        bool all = chance(run, 30) || v->face_left == 0;
        use->amount_minor = all ? v->face_left : 1 + (int64_t)(draw(run) % (uint64_t)v->face_left);
        use->amount_minor += chance(run, 4);
    } else {
        use->pieces = chance(run, 50) ? 0 : 1 + pick(run, 3);
    }
}

static void redeem(struct run *run)
{
    struct voucher_redeemed_list list = { 0 };
    struct voucher_redeem want = { 0 };
    int vouchers[REDEEM_CODES_MAX], first = voucher_draw(run);
    if (first < 0 || local.redemption_count + 4 > LOCAL_REDEMPTIONS) {
        return;
    }
    int shop = shop_draw(run, first), count = chance(run, 70) ? 1 : 1 + pick(run, 3);
    want.shop_id = id_of(run, shop);
    for (int i = 0; i < count; i++) {
        char code[VOUCHER_CODE_SIZE];
        vouchers[i] = i == 0 ? first : voucher_draw(run);
        if (!code_of(run, vouchers[i], code)) {
            return;
        }
        snprintf(want.codes[i].code, sizeof(want.codes[i].code), "%.4s %.4s-%s", code, code + 4, code + 8);
        use_draw(run, vouchers[i], &want.codes[i]);
        want.codes_count++;
    }
    int before = local.redemption_count;
    enum refusal till = call(run, house_shop(want.shop_id), &voucher_redeem, &want, &list);
    same_refusal(run, "voucher_redeem", model_redeem(run, &want, vouchers, shop), till);
    for (int i = 0; i < count && till == REFUSAL_none && run->wrong == NULL; i++) {
        struct local_redemption *r = &local.redemptions[before + i];
        r->id = list.redemptions[i].redemption_id;
        same(run, "which voucher was redeemed", local.vouchers[vouchers[i]].id, list.redemptions[i].voucher_id);
        same(run, "pieces that were redeemed", r->pieces, list.redemptions[i].pieces);
        same(run, "money that was redeemed", r->gross, list.redemptions[i].gross_minor);
        same(run, "commission of what was redeemed", r->commission, list.redemptions[i].commission_minor);
    }
}

static void undo(struct run *run)
{
    struct redemption_row row;
    int count = local.redemption_count;
    if (count == 0) {
        return;
    }
    int index = chance(run, 60) ? count - 1 : pick(run, count);
    const struct local_redemption *r = &local.redemptions[index];
    enum refusal till = call(run, house_shop(id_of(run, r->shop)), &voucher_undo, &r->id, &row);
    same_refusal(run, "voucher_undo", local_undo(&run->model, index), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same(run, "whether it is undone", REDEMPTION_undone, row.state);
    }
}

static void give(struct run *run)
{
    struct voucher answer;
    int index = voucher_draw(run), to = pick(run, run->model.shopper_count);
    if (index < 0) {
        return;
    }
    const struct local_voucher *v = &local.vouchers[index];
    struct voucher_give want = { .voucher_id = v->id, .to_shopper_id = id_of(run, to) };
    enum refusal till = call(run, house_shopper(id_of(run, v->holder)), &voucher_give, &want, &answer);
    same_refusal(run, "voucher_give", local_give(&run->model, index, to), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_voucher(run, index, &answer.row);
    }
}

static void give_back(struct run *run)
{
    struct voucher answer;
    int index = voucher_draw(run);
    if (index < 0) {
        return;
    }
    const struct local_voucher *v = &local.vouchers[index];
    struct voucher_return want = { .voucher_id = v->id, .pieces = chance(run, 50) ? 0 : 1 + pick(run, 3) };
    if (v->trade >= 0 && run->model.trades[v->trade].refund_count > MODEL_REFUNDS - 15) {
        return;
    }
    enum refusal till = call(run, house_shopper(id_of(run, v->holder)), &voucher_return, &want, &answer);
    same_refusal(run, "voucher_return", local_return(&run->model, index, want.pieces), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_voucher(run, index, &answer.row);
    }
}

/* ---- without a network ---- */

static void reserve(struct run *run)
{
    struct voucher_quota_row row;
    int deal = pick(run, local.deal_count), shop = pick(run, run->model.shop_count);
    for (int tries = 0; tries < 3 && (local.deals[deal].parts[0].shops & 1u << shop) == 0; tries++) {
        shop = pick(run, run->model.shop_count);
    }
    struct voucher_quota_reserve want = { .shop_id = id_of(run, shop), .deal_id = local.deals[deal].id,
                                          .pieces = pick(run, 8), .accept_in_s = 60 + pick(run, 50000) };
    enum refusal till = call(run, house_shop(want.shop_id), &voucher_quota_reserve, &want, &row);
    int model = local_quota_reserve(&run->model, deal, shop, want.pieces, want.accept_in_s);
    same_refusal(run, "voucher_quota_reserve", model, till);
    if (till == REFUSAL_none) {
        same(run, "until when tills accept", local.deals[deal].quotas[shop].accept_us, row.accept_until_us);
    }
}

static void keep(struct run *run)
{
    struct voucher_kept kept;
    int index = voucher_draw(run);
    if (index < 0) {
        return;
    }
    const struct local_voucher *v = &local.vouchers[index];
    int shop = shop_draw(run, index);
    struct voucher_keep want = { .voucher_id = v->id, .shop_id = id_of(run, shop) };
    enum refusal till = call(run, house_shopper(id_of(run, v->holder)), &voucher_keep, &want, &kept);
    same_refusal(run, "voucher_keep", local_keep(&run->model, index, shop), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same(run, "pieces set aside", v->left, kept.pieces);
        same(run, "until when it is accepted", v->kept_accept_us, kept.accept_until_us);
    }
}

static void unkeep(struct run *run)
{
    struct voucher answer;
    int index = voucher_draw(run);
    for (int i = 0; index >= 0 && i < local.voucher_count && local.vouchers[index].kept_shop < 0; i++) {
        index = i; /* one that is set aside, when there is any */
    }
    if (index < 0 || local.vouchers[index].kept_shop < 0) {
        return;
    }
    const struct local_voucher *v = &local.vouchers[index];
    enum refusal till = call(run, house_shop(id_of(run, v->kept_shop)), &voucher_unkeep, &v->id, &answer);
    same_refusal(run, "voucher_unkeep", 0, till);
    local_unkeep(&run->model, index);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_voucher(run, index, &answer.row);
    }
}

/* What a till took a while ago, or something that it told before. */
static bool taken_draw(struct run *run, struct local_taken *taken)
{
    int index = voucher_draw(run), old = local.redemption_count > 0 ? pick(run, local.redemption_count) : -1;
    for (int i = 0; i < 8 && index >= 0 && local.vouchers[index].kept_shop < 0; i++) {
        index = pick(run, local.voucher_count);
    }
    if (index < 0) {
        return false;
    }
    if (old >= 0 && local.redemptions[old].taken_us != 0 && chance(run, 40)) {
        const struct local_redemption *r = &local.redemptions[old];
        bool face = local.vouchers[r->voucher].face > 0;
        *taken = (struct local_taken){ .voucher = r->voucher, .shop = r->shop, .pieces = face ? 0 : r->pieces,
                                       .amount = r->amount, .taken_us = r->taken_us };
    } else {
        struct voucher_code_use use = { .pieces = 0 };
        use_draw(run, index, &use);
        *taken = (struct local_taken){ .voucher = index, .shop = shop_draw(run, index), .pieces = use.pieces,
                                       .amount = use.amount_minor,
                                       .taken_us = run->house.now_us - pick(run, 300) * US_PER_SECOND };
        taken->taken_us -= chance(run, 10) ? pick(run, 30) * US_PER_HOUR : 0;
        taken->taken_us += chance(run, 3) ? US_PER_HOUR : 0;
    }
    struct voucher_row row = { .voucher_id = local.vouchers[taken->voucher].id };
    bool there = house_row(&run->house, &voucher_table, &row);
    assert(there);
    taken->issued_us = row.issued_at_us;
    return row.code[0] != '\0';
}

static void tell(struct run *run)
{
    struct voucher_reconciled_list list = { 0 };
    struct voucher_reconcile want = { 0 };
    struct local_taken taken[3];
    int count = 1 + pick(run, 3);
    if (local.redemption_count + count > LOCAL_REDEMPTIONS) {
        return;
    }
    for (int i = 0; i < count; i++) {
        struct voucher_taken *told = &want.taken[want.taken_count];
        if (!taken_draw(run, &taken[i])) {
            return;
        }
        taken[i].shop = taken[0].shop; /* one till tells all of them */
        char code[VOUCHER_CODE_SIZE];
        bool shown = code_of(run, taken[i].voucher, code);
        assert(shown);
        memcpy(told->code, code, sizeof(code));
        told->pieces = taken[i].pieces;
        told->amount_minor = taken[i].amount;
        told->accepted_at_us = taken[i].taken_us;
        want.taken_count++;
    }
    want.shop_id = id_of(run, taken[0].shop);
    enum refusal till = call(run, house_shop(want.shop_id), &voucher_reconcile, &want, &list);
    same_refusal(run, "voucher_reconcile", 0, till);
    for (int i = 0; i < count && run->wrong == NULL; i++) {
        int reason, redemption = local_told(&run->model, &taken[i], &reason);
        same(run, "why what a till took does not hold", reason, list.taken[i].reason);
        same(run, "whether what a till took holds", redemption >= 0, list.taken[i].redemption_id != 0);
        if (redemption >= 0 && run->wrong == NULL) {
            struct local_redemption *r = &local.redemptions[redemption];
            r->id = r->id == 0 ? list.taken[i].redemption_id : r->id;
            same(run, "which redemption it is", r->id, list.taken[i].redemption_id);
        }
    }
}

static void review(struct run *run)
{
    struct review_row row;
    int index = voucher_draw(run);
    for (int i = 0; i < 12 && index >= 0 && local.vouchers[index].redemptions == 0; i++) {
        index = pick(run, local.voucher_count);
    }
    if (index < 0) {
        return;
    }
    const struct local_voucher *v = &local.vouchers[index];
    int shopper = chance(run, 92) ? v->holder : pick(run, run->model.shopper_count);
    struct review_write want = { .voucher_id = v->id, .stars = 1 + pick(run, 5), .text = "as it was" };
    enum refusal till = call(run, house_shopper(id_of(run, shopper)), &review_write, &want, &row);
    same_refusal(run, "review_write", local_review(&run->model, index, shopper, want.stars), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same(run, "the trade of what is reviewed", run->trade_ids[v->trade], row.trade_id);
    }
}

static const struct call_kind kinds[] = {
    { 26, redeem }, { 7, undo },  { 6, give },   { 7, give_back }, { 9, reserve },
    { 14, keep },   { 4, unkeep }, { 12, tell }, { 5, review },    { 0, NULL },
};

const struct part voucher_part = { .name = "vouchers", .always = true, .calls = kinds, .same = same_vouchers };
