/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a give-away, and looking at it. */
#include "lines/local/give.h"

#include "lines/local/deal.h"
#include "lines/local/give_internal.h"

#define PAY_IN_DEFAULT_S 900
#define PAY_IN_MOST_S 86400

const struct give_row *give_ask(struct view *view, int64_t deal_id)
{
    struct give_row key = { .deal_id = deal_id };
    return view_ask(view, &give_table, &key);
}

const struct give_claim_row *give_claim_ask(struct view *view, int64_t deal_id, int64_t person_id)
{
    struct give_claim_row key = { .deal_id = deal_id, .person_id = person_id };
    return view_ask(view, &give_claim_table, &key);
}

const struct lottery_entry_row *lottery_entry_ask(struct view *view, int64_t deal_id, int64_t number)
{
    struct lottery_entry_row key = { .deal_id = deal_id, .number = number };
    return view_ask(view, &lottery_entry_table, &key);
}

static const struct column rules_columns[] = {
    COLUMN(give_rules, deal_id, .form = FORM_id, .flags = COLUMN_required,
           .text = "A deal of kind give; its stock is what is given away."),
    COLUMN(give_rules, kind, .form = FORM_choice, .names = give_kinds, .flags = COLUMN_required,
           .text = "claim: first come, first served. lottery: drawn among all who entered in time."),
    COLUMN(give_rules, starts_at_us, .form = FORM_instant, .text = "Left out: when the deal goes on sale."),
    COLUMN(give_rules, ends_at_us, .form = FORM_instant,
           .text = "Exclusive; a lottery is drawn then. Left out: when the deal's sale ends."),
    COLUMN(give_rules, pay_in_s, .least = 0, .most = PAY_IN_MOST_S,
           .text = "At a token price: how many seconds a claim waits for its payment; left out: 15 minutes."),
    COLUMN(give_rules, winners, .least = 0, .most = GIVE_WINNERS_MAX, .text = "Of a lottery; what is given is free."),
    COLUMN(give_rules, seed, .form = FORM_hidden),
};
static const struct shape rules_shape = SHAPE("give_rules", give_rules, rules_columns);

static void rules_apply(const struct give_rules *rules, const struct deal_row *deal, struct give_row *give)
{
    give->merchant_id = deal->merchant_id;
    give->kind = rules->kind;
    give->starts_at_us = rules->starts_at_us != 0 ? rules->starts_at_us : deal->sale_from_us;
    give->ends_at_us = rules->ends_at_us != 0 ? rules->ends_at_us : deal->sale_until_us;
    give->pay_in_s = rules->pay_in_s != 0 ? rules->pay_in_s : PAY_IN_DEFAULT_S;
    give->winners = rules->winners;
}

static bool create_check(const void *request, struct complaint *complaint)
{
    const struct give_rules *rules = request;
    bool lottery = rules->kind == GIVE_lottery;
    bool known = lottery || rules->kind == GIVE_claim;
    bool in_order = rules->starts_at_us == 0 || rules->ends_at_us == 0 || rules->starts_at_us < rules->ends_at_us;
    return complain_unless(complaint, known, "kind", "is claim or lottery") &&
           complain_unless(complaint, !lottery || rules->winners >= 1, "winners", "a lottery has at least one") &&
           complain_unless(complaint, lottery || rules->winners == 0, "winners", "are of lotteries only") &&
           complain_unless(complaint, in_order, "ends_at", "must be later than starts_at");
}

/* Whether it makes sense with its deal. */
static bool rules_agree(struct view *view, const struct moment *at, const struct give_row *give,
                        const struct deal_row *deal)
{
    bool in_time = deal->sale_from_us <= give->starts_at_us && give->starts_at_us < give->ends_at_us &&
                   give->ends_at_us <= deal->sale_until_us && give->ends_at_us > at->now_us;
    if (deal->kind != DEAL_give || deal->state == DEAL_ended || !in_time) {
        return false;
    }
    int64_t copies = account_free(view, deal_stock(deal)) / max_i64(deal->pieces_each, 1);
    return give->kind == GIVE_claim || (deal->price_minor == 0 && give->winners <= copies);
}

static bool give_same(const struct give_row *a, const struct give_row *b)
{
    return a->kind == b->kind && a->starts_at_us == b->starts_at_us && a->ends_at_us == b->ends_at_us &&
           a->pay_in_s == b->pay_in_s && a->winners == b->winners;
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct give_rules *rules = request;
    const struct deal_row *deal;
    const struct give_row *known = give_ask(view, rules->deal_id);
    enum refusal refusal = deal_find(view, at, rules->deal_id, &deal);
    struct give_row wanted = { .deal_id = rules->deal_id };
    struct complaint complaint;
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (!create_check(rules, &complaint)) {
        return REFUSAL_give_invalid;
    }
    rules_apply(rules, deal, &wanted);
    if (row_exists(known)) {
        memcpy(answer, known, sizeof(*known));
        return give_same(known, &wanted) ? REFUSAL_none : REFUSAL_id_taken;
    }
    if (!rules_agree(view, at, &wanted, deal)) {
        return REFUSAL_give_invalid;
    }
    struct give_row *give = view_change(view, known);
    rules_apply(rules, deal, give);
    give->state = GIVE_open;
    give->created_at_us = at->now_us;
    if (give->kind == GIVE_lottery) {
        memcpy(give->secret, rules->seed, sizeof(give->secret));
        draw_commit(give->secret, give->seed_hash);
        memcpy(give->chain, give->seed_hash, sizeof(give->chain));
        give->due_us = give->ends_at_us;
        timer_set(view, at->now_us, give->due_us, TIMER_lottery_draw, give->deal_id);
    }
    memcpy(answer, give, sizeof(*give));
    return REFUSAL_none;
}

const struct command give_create = {
    .name = "give_create",
    .number = 240,
    .method = "POST",
    .route = "/v1/gives",
    .http_status = 201,
    .callers = CALLERS_MERCHANT,
    .request = &rules_shape,
    .answer = &give_table.shape,
    .decide = decide_create,
    .check = create_check,
    .summary = "Gives the stock of a deal away: to who claims it first, one each, or to who is drawn among all who "
               "enter. A lottery tells the SHA-256 of its seed from here on.",
};

static const struct column ref_columns[] = {
    COLUMN(give_ref, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("give_ref", give_ref, ref_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct give_ref *want = request;
    const struct give_row *give = give_ask(view, want->deal_id);
    (void)at;
    if (!row_exists(give)) {
        return REFUSAL_give_unknown;
    }
    memcpy(answer, give, sizeof(*give));
    return REFUSAL_none;
}

const struct command give_query = {
    .name = "give_query",
    .number = 242,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/gives/{deal_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &give_table.shape,
    .decide = decide_query,
    .summary = "A give-away as it stands. A lottery shows its seed when it is drawn.",
};

/* ---- what claims and entries share ---- */

enum refusal give_person_check(struct view *view, const struct moment *at, struct give_want *want,
                               struct give_person *person)
{
    if (want->shopper_id == 0 && at->caller.kind == CALLER_shopper) {
        want->shopper_id = at->caller.id;
    }
    person->give = give_ask(view, want->deal_id);
    person->shopper = shopper_ask(view, want->shopper_id);
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(person->shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (!row_exists(person->give)) {
        return REFUSAL_give_unknown;
    }
    person->known = give_claim_ask(view, want->deal_id, person->shopper->person_id);
    return REFUSAL_none;
}

enum refusal give_open_check(const struct moment *at, const struct give_person *person)
{
    const struct give_row *give = person->give;
    if (person->shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    if (at->now_us < give->starts_at_us) {
        return REFUSAL_give_early;
    }
    return at->now_us >= give->ends_at_us || give->state != GIVE_open ? REFUSAL_give_over : REFUSAL_none;
}

struct give_claim_row *give_claim_make(struct view *view, const struct moment *at, const struct give_person *person)
{
    struct give_row *give = view_change(view, person->give);
    give->renewed += row_exists(person->known);
    struct give_claim_row *claim = view_change(view, person->known);
    give->claims++;
    claim->shopper_id = person->shopper->shopper_id;
    claim->number = give->claims;
    claim->at_us = at->now_us;
    return claim;
}
