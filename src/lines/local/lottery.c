/* SPDX-License-Identifier: Apache-2.0 */
/* Lotteries: entering, the draw with its handing out, and looking at a ticket. */
#include "lines/local/deal.h"
#include "lines/local/give.h"
#include "lines/local/give_internal.h"
#include "lines/local/voucher.h"

static const struct column enter_columns[] = {
    COLUMN(give_want, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(give_want, shopper_id, .form = FORM_id, .text = "Left out: the shopper who asks."),
};
static const struct shape enter_shape = SHAPE("lottery_want", give_want, enter_columns);

static const struct column ticket_columns[] = {
    COLUMN(lottery_ticket, deal_id, .form = FORM_id),
    COLUMN(lottery_ticket, shopper_id, .form = FORM_id),
    COLUMN(lottery_ticket, number, .text = "In the order in which people entered, from 1."),
    COLUMN(lottery_ticket, ticket_id, .form = FORM_id, .text = "Stands in the list of all entries."),
    COLUMN(lottery_ticket, at_us, .form = FORM_instant),
    COLUMN(lottery_ticket, drawn, .form = FORM_flag),
    COLUMN(lottery_ticket, won, .form = FORM_flag),
    COLUMN(lottery_ticket, entries, .text = "When it is drawn."),
    COLUMN(lottery_ticket, winners),
    COLUMN(lottery_ticket, place, .text = "From 1, when it is drawn: who is not behind the last winner has won."),
    COLUMN(lottery_ticket, voucher_id, .form = FORM_id),
    COLUMN(lottery_ticket, code, .text = "Of the voucher."),
    COLUMN(lottery_ticket, seed_hash, .form = FORM_hex, .text = "SHA-256 of the seed, told before anybody entered."),
    COLUMN(lottery_ticket, chain, .form = FORM_hex, .text = "Over all entries; until the draw zeros."),
    COLUMN(lottery_ticket, seed, .form = FORM_hex, .text = "What was drawn by; until the draw zeros."),
};
static const struct shape ticket_shape = SHAPE("lottery_ticket", lottery_ticket, ticket_columns);

static int64_t place_of(const struct give_row *give, int64_t number)
{
    uint8_t key[SHA256_SIZE];
    draw_key(give->secret, give->chain, key);
    return draw_place(key, give->claims, number);
}

static void ticket_show(struct view *view, const struct give_row *give, const struct give_claim_row *claim,
                        struct lottery_ticket *shown)
{
    shown->deal_id = claim->deal_id;
    shown->shopper_id = claim->shopper_id;
    shown->number = claim->number;
    shown->ticket_id = claim->ticket_id;
    shown->at_us = claim->at_us;
    shown->winners = give->winners;
    memcpy(shown->seed_hash, give->seed_hash, sizeof(shown->seed_hash));
    if (give->state == GIVE_open) {
        return;
    }
    shown->drawn = 1;
    shown->entries = give->claims;
    shown->place = place_of(give, claim->number) + 1;
    shown->won = shown->place <= give->winners;
    shown->voucher_id = claim->voucher_id;
    memcpy(shown->chain, give->chain, sizeof(shown->chain));
    memcpy(shown->seed, give->seed, sizeof(shown->seed));
    const struct voucher_row *voucher = voucher_ask(view, claim->voucher_id);
    if (voucher->holder_id == claim->shopper_id) { /* given to somebody else, its code is for the new holder alone */
        memcpy(shown->code, voucher->code, sizeof(shown->code));
    }
}

static enum refusal decide_enter(const void *request, struct moment *at, struct view *view, void *answer)
{
    struct give_want want = *(const struct give_want *)request;
    struct give_person person;
    enum refusal refusal = give_person_check(view, at, &want, &person);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (person.give->kind != GIVE_lottery) {
        return REFUSAL_give_unknown;
    }
    if (row_exists(person.known)) {
        ticket_show(view, person.give, person.known, answer);
        return REFUSAL_none;
    }
    refusal = give_open_check(at, &person);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct give_claim_row *claim = give_claim_make(view, at, &person);
    claim->ticket_id = moment_id(at);
    struct lottery_entry_row key = { .deal_id = want.deal_id, .number = claim->number };
    struct lottery_entry_row *entry = view_change(view, view_ask(view, &lottery_entry_table, &key));
    entry->ticket_id = claim->ticket_id;
    entry->person_id = claim->person_id;
    struct give_row *give = view_change(view, person.give);
    draw_chain(give->chain, claim->number, claim->ticket_id);
    ticket_show(view, give, claim, answer);
    return REFUSAL_none;
}

const struct command lottery_enter = {
    .name = "lottery_enter",
    .number = 243,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/gives/{deal_id}/entries",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &enter_shape,
    .answer = &ticket_shape,
    .decide = decide_enter,
    .summary = "Enters a lottery, once for each person; the same person again gets the same ticket. No "
               "Idempotency-Key is needed.",
};

/* ---- the draw ---- */

/* From here on nobody enters, and what is drawn is fixed: by the seed and all entries. */
static void lottery_close(const struct moment *at, struct give_row *give)
{
    give->winners = min_i64(give->winners, give->claims);
    give->state = GIVE_handing;
    give->drawn_at_us = at->now_us;
    memcpy(give->seed, give->secret, sizeof(give->seed));
}

/* One winner gets a voucher; the stock was looked at. */
static enum refusal prize_hand(struct view *view, struct moment *at, const struct deal_row *deal, int64_t person_id)
{
    const struct give_claim_row *asked = give_claim_ask(view, deal->deal_id, person_id);
    if (!row_exists(asked)) {
        return REFUSAL_none; /* it is being fetched */
    }
    struct voucher_order order = { .deal = deal, .shopper_id = asked->shopper_id, .copies = 1 };
    const struct voucher_row *first;
    enum refusal refusal = voucher_issue(view, at, &order, &first, NULL);
    if (refusal == REFUSAL_none) {
        struct give_claim_row *claim = view_change(view, asked);
        claim->won = 1;
        claim->voucher_id = first->voucher_id;
    }
    return refusal;
}

/* To some winners what they won. All rows are asked for before any is used: one round for all. */
static enum refusal prizes_hand(struct view *view, struct moment *at, const struct deal_row *deal,
                                struct give_row *give)
{
    int64_t persons[LOTTERY_HAND_OUT];
    uint8_t key[SHA256_SIZE];
    int64_t copies = account_free(view, deal_stock(deal)) / max_i64(deal->pieces_each, 1);
    give->winners = min_i64(give->winners, give->handed + copies); /* a deal that is ended has none left */
    int64_t count = min_i64(LOTTERY_HAND_OUT, give->winners - give->handed);
    draw_key(give->secret, give->chain, key);
    for (int64_t i = 0; i < count; i++) {
        int64_t number = draw_number(key, give->claims, give->handed + i);
        persons[i] = lottery_entry_ask(view, give->deal_id, number)->person_id;
        (void)give_claim_ask(view, give->deal_id, persons[i]);
    }
    for (int64_t i = 0; i < count; i++) {
        enum refusal refusal = prize_hand(view, at, deal, persons[i]);
        if (refusal != REFUSAL_none) {
            return refusal;
        }
        give->handed++;
    }
    return REFUSAL_none;
}

/* The timer's: draws, then hands out to some winners at a time until all have what they won. */
static enum refusal decide_draw(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct give_row *asked = give_ask(view, due->subject_id);
    const struct deal_row *deal = deal_ask(view, due->subject_id);
    (void)answer;
    (void)account_ask(view, deal_stock(deal));
    if (!row_exists(asked) || !row_exists(deal) || asked->state == GIVE_drawn) {
        return REFUSAL_none;
    }
    struct give_row *give = view_change(view, asked);
    if (give->state == GIVE_open) {
        lottery_close(at, give);
    }
    enum refusal refusal = prizes_hand(view, at, deal, give);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    give->due_us = 0;
    if (give->handed < give->winners) {
        give->due_us = at->now_us + 1;
        timer_set(view, at->now_us, give->due_us, TIMER_lottery_draw, give->deal_id);
    } else {
        give->state = GIVE_drawn;
    }
    return REFUSAL_none;
}

const struct command lottery_draw = {
    .name = "lottery_draw",
    .number = 244,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_draw,
    .summary = "Draws a lottery when it ends, and hands out what was won.",
};

/* ---- looking at a ticket ---- */

static const struct column check_columns[] = {
    COLUMN(lottery_ref, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(lottery_ref, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape check_shape = SHAPE("lottery_ref", lottery_ref, check_columns);

static enum refusal decide_check(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct lottery_ref *want = request;
    struct give_want of = { .deal_id = want->deal_id, .shopper_id = want->shopper_id };
    struct give_person person;
    enum refusal refusal = give_person_check(view, at, &of, &person);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (person.give->kind != GIVE_lottery) {
        return REFUSAL_give_unknown;
    }
    if (!row_exists(person.known)) {
        return REFUSAL_entry_unknown;
    }
    ticket_show(view, person.give, person.known, answer);
    return REFUSAL_none;
}

const struct command lottery_check = {
    .name = "lottery_check",
    .number = 245,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/gives/{deal_id}/entries/{shopper_id}",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &check_shape,
    .answer = &ticket_shape,
    .decide = decide_check,
    .summary = "A shopper's ticket of a lottery: once it is drawn with its place, the seed and the chain over all "
               "entries, so that whoever lost can compute the draw again as well.",
};
