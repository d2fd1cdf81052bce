/* SPDX-License-Identifier: Apache-2.0 */
/* The model's vouchers: what becomes of what was bought. */
#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"
#include "lines/local/voucher_rows.h"
#include "model/local.h"
#include "model/model_internal.h"

#define OPEN 1
#define REDEEMED 2
#define RETURNED 3
#define LAPSED 4
#define ANY_TIME 1
#define NEVER 3
#define HOUR_US (60 * MINUTE)

/* The share of `pieces` in what `left` pieces have left; the last takes all of it. */
static int64_t share_of(int64_t minor, int64_t pieces, int64_t left)
{
    return pieces == left ? minor : (int64_t)((uint128)minor * (uint128)pieces / (uint128)left);
}

static int64_t commission_of(const struct local_deal *d, int64_t minor)
{
    int64_t rounding = model_canary == MODEL_CANARY_voucher ? 9999 : 0;
    return (minor * d->commission_bp + rounding) / 10000;
}

static void one_issue(struct model *m, int deal, int part, int purchase, int shopper)
{
    const struct local_deal *d = &local.deals[deal];
    assert(local.voucher_count < LOCAL_VOUCHERS);
    struct local_voucher *v = &local.vouchers[local.voucher_count++];
    *v = (struct local_voucher){ .deal = deal, .part = part, .purchase = purchase, .trade = -1, .buyer = shopper,
                                 .holder = shopper, .state = OPEN, .last_redemption = -1, .kept_shop = -1 };
    if (purchase >= 0) {
        v->trade = local.purchases[purchase].trade;
        v->paid = v->left_minor = local.purchases[purchase].shares[part];
    }
    v->pieces = v->left = d->parts[part].pieces;
    v->face = v->face_left = d->face;
    v->valid_until_us = v->due_us = local_valid_until(m, deal);
}

int local_issue(struct model *m, int deal, int purchase, int shopper, int64_t copies)
{
    struct local_deal *d = &local.deals[deal];
    struct local_sums sold = { .sold_pieces = copies * d->pieces_each, .sold_copies = copies };
    int first = local.voucher_count;
    int64_t *from = purchase < 0 ? &d->stock : &d->held;
    *from -= sold.sold_pieces;
    for (int64_t i = 0; i < copies; i++) {
        for (int part = 0; part < d->part_count; part++) {
            one_issue(m, deal, part, purchase, shopper);
            sold.sold_minor += local.vouchers[local.voucher_count - 1].paid;
        }
    }
    local_book(m, deal, d->shop, &sold);
    return first;
}

int64_t local_voucher_due(int *voucher)
{
    int64_t first_us = INT64_MAX;
    for (int i = 0; i < local.voucher_count; i++) {
        if (local.vouchers[i].state == OPEN && local.vouchers[i].due_us < first_us) {
            first_us = local.vouchers[i].due_us;
            *voucher = i;
        }
    }
    return first_us;
}

/* ---- at the counter ---- */

static int state_check(const struct local_voucher *v, int64_t at_us)
{
    if (v->state != OPEN) {
        return v->state == REDEEMED   ? (int)REFUSAL_voucher_redeemed
               : v->state == RETURNED ? (int)REFUSAL_voucher_returned
                                      : (int)REFUSAL_voucher_lapsed;
    }
    return at_us >= v->valid_until_us ? (int)REFUSAL_voucher_lapsed : 0;
}

static int use_check(const struct local_voucher *v, const struct model *m, int shop, int64_t pieces, int64_t amount,
                     int64_t at_us)
{
    int refusal = state_check(v, at_us);
    if (refusal == 0) {
        refusal = local_valid_check(m, v->deal, v->part, shop, at_us);
    }
    if (refusal == 0 && v->kept_shop >= 0 && v->kept_shop != shop) {
        refusal = REFUSAL_voucher_kept;
    }
    if (refusal != 0) {
        return refusal;
    }
    bool fits = v->face == 0 ? pieces <= v->left && amount == 0 : pieces == 0 && amount > 0 && amount <= v->face_left;
    return fits ? 0 : REFUSAL_voucher_short;
}

int local_use_check(const struct model *m, int voucher, int shop, int64_t pieces, int64_t amount)
{
    return use_check(&local.vouchers[voucher], m, shop, pieces, amount, m->now_us);
}

void local_redeem(struct model *m, int voucher, int shop, int64_t pieces, int64_t amount)
{
    struct local_voucher *v = &local.vouchers[voucher];
    struct local_deal *d = &local.deals[v->deal];
    assert(local.redemption_count < LOCAL_REDEMPTIONS);
    struct local_redemption *r = &local.redemptions[local.redemption_count++];
    *r = (struct local_redemption){ .voucher = voucher, .shop = shop, .holder = v->holder, .amount = amount,
                                    .previous = v->last_redemption, .booked_us = m->now_us };
    if (v->face == 0) {
        r->pieces = pieces == 0 ? 1 : pieces;
        r->gross = share_of(v->left_minor, r->pieces, v->left);
    } else {
        r->pieces = amount == v->face_left; /* the last of it takes the piece */
        r->gross = share_of(v->left_minor, amount, v->face_left);
        v->face_left -= amount;
    }
    r->commission = commission_of(d, r->gross);
    v->left -= r->pieces;
    v->redeemed += r->pieces;
    v->left_minor -= r->gross;
    v->redeemed_minor += r->gross;
    v->last_redemption = local.redemption_count - 1;
    v->redemptions++;
    if (v->kept_shop >= 0) {
        d->kept[v->kept_shop] -= r->pieces;
    }
    if (v->left == 0) {
        v->state = REDEEMED;
        v->kept_shop = -1;
        v->due_us = 0;
    }
    d->redeemed[shop] += r->pieces;
    if (v->trade >= 0) {
        m->trades[v->trade].in_escrow -= r->gross;
    }
    m->shops[shop].takings += r->gross - r->commission;
    local.fees += r->commission;
    struct local_sums sums = { .redeemed_pieces = r->pieces, .redeemed_minor = r->gross,
                               .earned_minor = r->gross - r->commission, .commission_minor = r->commission };
    local_book(m, v->deal, shop, &sums);
}

int local_undo(struct model *m, int redemption)
{
    struct local_redemption *r = &local.redemptions[redemption];
    struct local_voucher *v = &local.vouchers[r->voucher];
    struct local_deal *d = &local.deals[v->deal];
    if (r->undone) {
        return REFUSAL_redemption_undone;
    }
    if (v->state == RETURNED || v->state == LAPSED) { /* the rest is settled for good */
        return v->state == RETURNED ? REFUSAL_voucher_returned : REFUSAL_voucher_lapsed;
    }
    if (m->now_us > r->booked_us + HOUR_US) {
        return REFUSAL_undo_late;
    }
    if (v->last_redemption != redemption) {
        return REFUSAL_undo_order;
    }
    if (r->gross - r->commission > m->shops[r->shop].takings) {
        return REFUSAL_takings_short;
    }
    r->undone = true;
    v->left += r->pieces;
    v->redeemed -= r->pieces;
    v->left_minor += r->gross;
    v->redeemed_minor -= r->gross;
    v->face_left += v->face == 0 ? 0 : r->amount;
    v->last_redemption = r->previous;
    v->redemptions--;
    if (v->state != OPEN) {
        v->state = OPEN;
        v->due_us = v->valid_until_us;
    }
    if (v->kept_shop >= 0) {
        d->kept[v->kept_shop] += r->pieces;
    }
    d->redeemed[r->shop] -= r->pieces;
    if (v->trade >= 0) {
        m->trades[v->trade].in_escrow += r->gross;
    }
    m->shops[r->shop].takings -= r->gross - r->commission;
    local.fees -= r->commission;
    struct local_sums sums = { .redeemed_pieces = -r->pieces, .redeemed_minor = -r->gross,
                               .earned_minor = r->commission - r->gross, .commission_minor = -r->commission };
    local_book(m, v->deal, r->shop, &sums);
    return 0;
}

/* ---- the holder ---- */

int local_give(struct model *m, int voucher, int to)
{
    struct local_voucher *v = &local.vouchers[voucher];
    int refusal = state_check(v, m->now_us);
    if (refusal == 0 && v->kept_shop >= 0) {
        refusal = REFUSAL_voucher_kept;
    }
    if (refusal != 0) {
        return refusal;
    }
    if (m->shoppers[to].blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (to == v->holder) {
        return REFUSAL_give_same;
    }
    v->holder = to;
    v->gives++;
    return 0;
}

int local_return(struct model *m, int voucher, int64_t pieces)
{
    struct local_voucher *v = &local.vouchers[voucher];
    const struct local_deal *d = &local.deals[v->deal];
    int refusal = state_check(v, m->now_us);
    if (refusal == 0 && v->kept_shop >= 0) {
        refusal = REFUSAL_voucher_kept;
    }
    if (refusal != 0) {
        return refusal;
    }
    if (d->refund == NEVER) {
        return REFUSAL_return_closed;
    }
    pieces = pieces == 0 ? v->left : pieces;
    if (pieces > v->left) {
        return REFUSAL_voucher_short;
    }
    int64_t minor = share_of(v->left_minor, pieces, v->left);
    if (minor > 0) {
        refusal = model_give_back(m, &m->trades[v->trade], "", minor, NULL);
        assert(refusal == 0);
    }
    bool whole = d->part_count == 1 && pieces == v->pieces && v->face_left == v->face;
    v->left -= pieces;
    v->returned += pieces;
    v->left_minor -= minor;
    v->returned_minor += minor;
    if (v->left == 0) {
        v->state = RETURNED;
        v->face_left = v->due_us = 0;
    }
    struct local_sums sums = { .returned_pieces = pieces, .returned_minor = minor };
    local_book(m, v->deal, d->shop, &sums);
    local_take_back(m, v->deal, pieces, whole);
    if (whole && v->purchase >= 0) {
        local.deals[v->deal].copies[m->shoppers[v->buyer].person]--;
    }
    return 0;
}

/* ---- without a network ---- */

static unsigned shops_of(const struct local_deal *d)
{
    unsigned shops = 0;
    for (int i = 0; i < d->part_count; i++) {
        shops |= d->parts[i].shops;
    }
    return shops;
}

int local_quota_reserve(struct model *m, int deal, int shop, int64_t pieces, int64_t seconds)
{
    struct local_deal *d = &local.deals[deal];
    if ((shops_of(d) & 1u << shop) == 0) {
        return REFUSAL_deal_shop_differs;
    }
    int64_t accept_us = m->now_us + seconds * 1000000;
    struct local_quota *quota = &d->quotas[shop];
    *quota = (struct local_quota){ pieces, accept_us, accept_us + 24 * HOUR_US, quota->taken, quota->conflicts };
    return 0;
}

int local_keep(struct model *m, int voucher, int shop)
{
    struct local_voucher *v = &local.vouchers[voucher];
    struct local_deal *d = &local.deals[v->deal];
    const struct local_quota *quota = &d->quotas[shop];
    int refusal = state_check(v, m->now_us);
    if (refusal != 0 || v->kept_shop == shop) {
        return refusal; /* again: the same */
    }
    if ((d->parts[v->part].shops & 1u << shop) == 0) {
        return REFUSAL_deal_shop_differs;
    }
    if (v->kept_shop >= 0) {
        return REFUSAL_voucher_kept;
    }
    if (quota->accept_us <= m->now_us) {
        return REFUSAL_quota_unknown;
    }
    if (d->kept[shop] + v->left > quota->pieces) {
        return REFUSAL_quota_short;
    }
    d->kept[shop] += v->left;
    v->kept_shop = shop;
    v->kept_accept_us = less(quota->accept_us, v->valid_until_us);
    v->kept_until_us = v->due_us = quota->keep_us;
    return 0;
}

void local_unkeep(struct model *m, int voucher)
{
    struct local_voucher *v = &local.vouchers[voucher];
    (void)m;
    local.deals[v->deal].kept[v->kept_shop] -= v->left;
    v->kept_shop = -1;
    v->due_us = v->valid_until_us;
}

static int reason_of(int refusal)
{
    switch (refusal) {
    case REFUSAL_voucher_redeemed:
        return CONFLICT_redeemed;
    case REFUSAL_voucher_returned:
        return CONFLICT_returned;
    case REFUSAL_voucher_lapsed:
        return CONFLICT_lapsed;
    case REFUSAL_voucher_kept:
        return CONFLICT_elsewhere;
    case REFUSAL_voucher_short:
        return CONFLICT_short;
    default:
        return CONFLICT_invalid;
    }
}

/* The same was told before, and was not taken back. */
static int told_before(const struct local_taken *taken)
{
    int64_t pieces = taken->pieces > 0 ? taken->pieces : 1;
    for (int i = 0; i < local.redemption_count; i++) {
        const struct local_redemption *r = &local.redemptions[i];
        bool face = local.vouchers[r->voucher].face > 0;
        if (r->voucher == taken->voucher && r->shop == taken->shop && !r->undone && r->taken_us == taken->taken_us &&
            r->amount == taken->amount && (face || r->pieces == pieces) && model_canary != MODEL_CANARY_told) {
            return i;
        }
    }
    return -1;
}

int local_told(struct model *m, const struct local_taken *taken, int *reason)
{
    const struct local_voucher *v = &local.vouchers[taken->voucher];
    struct local_quota *quota = &local.deals[v->deal].quotas[taken->shop];
    int known = told_before(taken);
    *reason = 0;
    if (known >= 0) {
        return known;
    }
    int refusal = use_check(v, m, taken->shop, taken->pieces, taken->amount, taken->taken_us);
    bool then = taken->taken_us <= m->now_us && taken->taken_us >= taken->issued_us &&
                (v->kept_shop < 0 || taken->taken_us <= v->kept_accept_us);
    if (refusal != 0 || !then) {
        *reason = reason_of(refusal);
        quota->conflicts += quota->accept_us != 0;
        return -1;
    }
    local_redeem(m, taken->voucher, taken->shop, taken->pieces, taken->amount);
    struct local_redemption *r = &local.redemptions[local.redemption_count - 1];
    r->taken_us = taken->taken_us;
    quota->taken += quota->accept_us != 0 ? r->pieces : 0;
    return local.redemption_count - 1;
}

int local_review(struct model *m, int voucher, int shopper, int stars)
{
    struct local_voucher *v = &local.vouchers[voucher];
    (void)m;
    if (v->holder != shopper) {
        return REFUSAL_voucher_unknown;
    }
    if (v->stars != 0) {
        return v->stars == stars ? 0 : REFUSAL_review_written;
    }
    if (v->trade < 0 || v->buyer != v->holder) {
        return model_canary == MODEL_CANARY_review ? 0 : REFUSAL_review_unpaid;
    }
    if (v->last_redemption < 0) {
        return REFUSAL_review_unredeemed;
    }
    v->stars = stars;
    v->reviewed_shop = local.redemptions[v->last_redemption].shop;
    return 0;
}

/* Whose the money is when nobody gets it back: who would have redeemed it. */
static int home_shop(const struct local_voucher *v)
{
    const struct local_deal *d = &local.deals[v->deal];
    int shop = 0;
    while ((d->parts[v->part].shops & 1u << shop) == 0) {
        shop++;
    }
    return d->parts[v->part].merchant == d->merchant ? d->shop : shop;
}

static void lapse(struct model *m, struct local_voucher *v)
{
    struct local_deal *d = &local.deals[v->deal];
    struct local_sums sums = { .lapsed_pieces = v->left, .lapsed_minor = v->left_minor };
    int shop = home_shop(v);
    if (v->left_minor > 0 && (d->lapse_refunds || d->refund == ANY_TIME)) {
        int refusal = model_give_back(m, &m->trades[v->trade], "", v->left_minor, NULL);
        assert(refusal == 0);
    } else if (v->left_minor > 0) {
        sums.commission_minor = commission_of(d, v->left_minor);
        sums.earned_minor = v->left_minor - sums.commission_minor;
        m->trades[v->trade].in_escrow -= v->left_minor;
        m->shops[shop].takings += sums.earned_minor;
        local.fees += sums.commission_minor;
    }
    v->lapsed += v->left;
    v->lapsed_minor += v->left_minor;
    d->lapsed += v->left;
    v->left = v->left_minor = v->face_left = v->due_us = 0;
    v->state = LAPSED;
    local_book(m, v->deal, shop, &sums);
}

void local_voucher_end(struct model *m, int voucher)
{
    struct local_voucher *v = &local.vouchers[voucher];
    if (v->kept_shop >= 0) { /* no till told of it in time */
        local_unkeep(m, voucher);
    }
    if (m->now_us >= v->valid_until_us) {
        lapse(m, v);
    } else {
        v->due_us = v->valid_until_us;
    }
}
