/* SPDX-License-Identifier: Apache-2.0 */
/* Royalties and transfers, drawn at random and made through till and model. */
#include <stdio.h>

#include "model/pair.h"
#include "model/shares.h"

/* A party of the world: a kind as in the till, and an index. */
static int party_draw(struct run *run, int kind)
{
    const struct model *m = &run->model;
    return pick(run, kind == PARTY_shopper ? m->shopper_count : kind == PARTY_merchant ? 2 : m->shop_count);
}

static void bind(struct run *run)
{
    struct royalty_bound answer;
    int merchant = pick(run, 2), before = 0, after = 0;
    bool binds = chance(run, 75);
    struct royalty_bind want = { .merchant_id = id_of(run, merchant), .receivers_count = 1 + pick(run, 6) };
    struct caller caller = { .kind = CALLER_merchant, .id = want.merchant_id };
    bool (*bound)[MODEL_PEOPLE] = run->model.bound[merchant];
    for (int i = 0; i < 4 * MODEL_PEOPLE; i++) {
        before += bound[i / MODEL_PEOPLE][i % MODEL_PEOPLE];
    }
    for (int i = 0; i < want.receivers_count; i++) {
        int kind = 1 + pick(run, 3), who = party_draw(run, kind);
        want.receivers[i].kind = kind;
        want.receivers[i].id = id_of(run, who);
        bound[kind][who] = binds;
    }
    for (int i = 0; i < 4 * MODEL_PEOPLE; i++) {
        after += bound[i / MODEL_PEOPLE][i % MODEL_PEOPLE];
    }
    enum refusal till = call(run, caller, binds ? &royalty_bind : &royalty_unbind, &want, &answer);
    same_refusal(run, binds ? "royalty_bind" : "royalty_unbind", 0, till);
    same(run, "receivers", after, answer.receivers);
    same(run, "receivers that changed", binds ? after - before : before - after, answer.changed);
}

/* A trade, mostly one that may be split, or was when `split`; -1: there is none. */
static int trade_draw(struct run *run, bool split)
{
    int count = run->model.trade_count, trade = -1;
    for (int i = 0; i < 20 && count > 0; i++) {
        trade = pick(run, count);
        const struct model_trade *t = &run->model.trades[trade];
        if ((t->state == TRADE_success && (split ? t->split != 0 : t->frozen)) || chance(run, 2)) {
            break;
        }
    }
    return trade;
}

static void settle_draw(struct run *run, int trade, struct model_settle *settle)
{
    const struct model_trade *t = &run->model.trades[trade];
    const struct model_split *split = model_split_of(&run->model, trade);
    int known = split == NULL ? 0 : split->settle_count;
    *settle = (struct model_settle){ .finish = chance(run, 10), .count = pick(run, 4) };
    for (int i = 0; i < settle->count; i++) {
        struct model_line_of *line = &settle->lines[i];
        int merchant = run->model.shops[t->shop].merchant;
        for (int j = 0; j < 8; j++) {
            line->kind = 1 + pick(run, 3);
            line->who = party_draw(run, line->kind);
            if (run->model.bound[merchant][line->kind][line->who]) {
                break;
            }
        }
        int64_t most = t->list / (chance(run, 20) ? 2 : 10);
        line->amount = chance(run, 20) ? 0 : (int64_t)(draw(run) % (uint64_t)(most + 1)) + chance(run, 95);
        line->percent = pick(run, 20);
    }
    snprintf(settle->number, sizeof(settle->number), "s%d", chance(run, 85) ? known : pick(run, known + 1));
    if (known > 0 && chance(run, 10)) {
        *settle = split->settles[pick(run, known)];
    }
}

static void settle(struct run *run)
{
    struct model_settle want;
    struct settle_row row;
    int trade = trade_draw(run, false);
    if (trade < 0) {
        return;
    }
    const struct model_split *split = model_split_of(&run->model, trade);
    if (split != NULL && split->settle_count == MODEL_SETTLES) {
        return;
    }
    settle_draw(run, trade, &want);
    struct trade_settle request = { .trade_id = run->trade_ids[trade], .finish = want.finish,
                                    .lines_count = want.count };
    bool fits = span_copy(span_of(want.number), request.out_request_no, sizeof(request.out_request_no));
    assert(fits);
    for (int i = 0; i < want.count; i++) {
        request.lines[i].kind = want.lines[i].kind;
        request.lines[i].id = id_of(run, want.lines[i].who);
        request.lines[i].amount_minor = want.lines[i].amount;
        request.lines[i].percent = (int32_t)want.lines[i].percent;
    }
    int merchant = run->model.shops[run->model.trades[trade].shop].merchant;
    struct caller caller = { .kind = CALLER_merchant, .id = id_of(run, merchant) };
    enum refusal till = call(run, caller, &trade_settle, &request, &row);
    same_refusal(run, "trade_settle", model_settle_make(&run->model, trade, &want), till);
}

static void transfer(struct run *run)
{
    struct wallet_transfer_row row;
    const struct model *m = &run->model;
    bool sends = chance(run, 50);
    struct model_transfer want = { .payer_kind = sends ? PARTY_shopper : PARTY_shop, .amount = amount_make(run),
                                   .payee = pick(run, m->shopper_count) };
    want.payer = party_draw(run, want.payer_kind);
    if (m->transfer_count == MODEL_TRANSFERS) {
        return;
    }
    snprintf(want.number, sizeof(want.number), "t%d", chance(run, 85) ? run->call_number : pick(run, 160));
    struct wallet_transfer request = { .payee_id = id_of(run, want.payee), .amount_minor = want.amount };
    bool fits = span_copy(span_of(want.number), request.out_biz_no, sizeof(request.out_biz_no));
    assert(fits);
    int64_t *payer_id = sends ? &request.shopper_id : &request.shop_id;
    *payer_id = id_of(run, want.payer);
    struct caller merchant = { .kind = CALLER_merchant,
                               .id = sends ? 0 : id_of(run, m->shops[want.payer].merchant) };
    enum refusal till = call(run, sends ? house_shopper(request.shopper_id) : merchant,
                             sends ? &wallet_send : &wallet_transfer, &request, &row);
    same_refusal(run, sends ? "wallet_send" : "wallet_transfer", model_transfer_make(&run->model, &want), till);
    if (till == REFUSAL_none) {
        same(run, "what was transferred", want.amount, row.amount_minor);
    }
}

/* A refund with which receivers give back what they are told, and not their share. */
static void refund_given(struct run *run)
{
    struct model_given given = { .count = 0 };
    char number[16];
    int trade = trade_draw(run, true);
    const struct model_split *split = trade < 0 ? NULL : model_split_of(&run->model, trade);
    const struct model_trade *t = &run->model.trades[trade < 0 ? 0 : trade];
    if (split == NULL || t->refund_count >= MODEL_REFUNDS - 2) {
        return;
    }
    for (int i = 0; i < split->part_count && given.count < MODEL_GIVEN; i++) {
        if (chance(run, 60)) {
            given.kind[given.count] = split->parts[i].kind;
            given.who[given.count] = chance(run, 95) ? split->parts[i].who : party_draw(run, split->parts[i].kind);
            given.amount[given.count++] = (int64_t)(draw(run) % (uint64_t)(split->parts[i].left + 2));
        }
    }
    if (t->refund_count > 0 && chance(run, 20)) { /* one that is there, with other shares or the same */
        const struct model_refund *known = &t->refunds[draw(run) % (uint64_t)t->refund_count];
        for (int i = 0; i < given.count && chance(run, 50); i++) {
            given.amount[i] = i < split->part_count ? known->back[i] : 0;
        }
        if (strcmp(known->number, "onetill:cancel") == 0) {
            return; /* nobody may use that number */
        }
        snprintf(number, sizeof(number), "%s", known->number);
        do_refund_given(run, trade, number, known->amount, &given);
        return;
    }
    snprintf(number, sizeof(number), "r%d", t->refund_count);
    do_refund_given(run, trade, number, t->left > 0 ? 1 + (int64_t)(draw(run) % (uint64_t)t->left) : 1, &given);
}

void do_share(struct run *run)
{
    int which = pick(run, 10);
    if (which < 1) {
        bind(run);
    } else if (which < 6) {
        settle(run);
    } else if (which < 8) {
        transfer(run);
    } else {
        refund_given(run);
    }
}

void same_shares(struct run *run)
{
    const struct model *m = &run->model;
    for (int i = 0; i < 2; i++) {
        same(run, "a merchant's balance", m->balances[i],
             house_balance(&run->house, id_of(run, i), PURPOSE_balance, UNIT_CNY));
    }
    for (int i = 0; i < m->trade_count; i++) {
        const struct model_split *split = model_split_of(m, i);
        struct royalty_row row = { .trade_id = run->trade_ids[i] };
        bool there = house_row(&run->house, &royalty_table, &row);
        same(run, "a trade's shares", split != NULL, there);
        if (split == NULL || !there) {
            continue;
        }
        same(run, "settlements", split->settle_count, row.settles);
        same(run, "receivers of a trade", split->part_count, row.parts_count);
        same(run, "whether the splitting is over", split->finished, row.finished);
        for (int j = 0; j < split->part_count && j < row.parts_count; j++) {
            same(run, "a receiver", id_of(run, split->parts[j].who), row.parts[j].id);
            same(run, "what a receiver got", split->parts[j].paid, row.parts[j].paid_minor);
            same(run, "what a receiver has left", split->parts[j].left, row.parts[j].left_minor);
        }
    }
}
