/* SPDX-License-Identifier: Apache-2.0 */
#include "app/demo_day.h"

#include "base/hash.h"

#define TRIES_MAX 500
#define POLL_MINUTES 17 /* later than any trade waits */
#define EVENING_MINUTE (19 * 60 + 30)

/* Of an answer that must come again byte for byte. */
static uint64_t answer_hash(const struct answer_in *answer)
{
    return hash_bytes(answer->body.bytes, answer->body.size);
}

static bool is_replayed(const struct answer_in *answer)
{
    struct span value;
    return http_header(answer->head, SPAN("Idempotent-Replayed"), &value);
}

static bool chance(struct play *play, uint32_t per_thousand)
{
    return random_below(&play->random, 1000) < per_thousand;
}

static void follow(struct play *play, const struct errand *after, enum errand_kind kind, uint32_t minutes)
{
    struct errand errand = *after;
    errand.kind = kind;
    errand.tries = 0;
    errand_add(play, &errand, minutes);
}

static struct demo_bought bought_of(const struct play *play, const struct flight *flight, int way)
{
    const struct order *order = &flight->errand.order;
    return (struct demo_bought){ .shop = order->shop,
                                 .shopper = order->shopper,
                                 .amount_minor = order->amount_minor,
                                 .minute = play->minute,
                                 .way = way,
                                 .before_unsure = flight->errand.kind != ERRAND_pay };
}

/* ---- payments ---- */

/* A code that was just accepted, on a photograph: shown again at the same till or in another shop. */
static void code_show_again(struct play *play, const struct errand *paid)
{
    struct errand again = *paid;
    again.order.serial = ++play->serial;
    again.order.trick = TRICK_used;
    if (chance(play, 500)) {
        again.order.shop = (again.order.shop + 1) % DOUBLE12_SHOPS;
        again.order.terminal = play->day->shops[again.order.shop].first_terminal;
    }
    follow(play, &again, ERRAND_pay, 0);
}

/* A payment went through: some are repeated by a nervous phone, some come back later. */
static void after_paid(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    struct errand errand = flight->errand;
    errand.trade_id = json_member_i64(answer->body, "trade_id", 0);
    errand.left_minor = errand.order.amount_minor;
    errand.first_status = answer->status;
    errand.first_hash = answer_hash(answer);
    enum shop_kind kind = play->day->brands[play->day->shops[errand.order.shop].brand].kind;
    play->uses_tried[kind == SHOP_supermarket ? CAMPAIGN12_supermarket : CAMPAIGN12_drink] +=
        kind == SHOP_supermarket || kind == SHOP_vending;
    if (errand.kind == ERRAND_pay || errand.kind == ERRAND_retry) {
        if (chance(play, 4)) {
            code_show_again(play, &errand);
        }
        if (chance(play, 30)) {
            follow(play, &errand, ERRAND_repeat, (uint32_t)random_below(&play->random, 3));
        }
    }
    if (chance(play, 45)) {
        play->shopper_flags[errand.order.shopper] |= SHOPPER_given_back;
        errand.number = 1;
        bool whole = chance(play, 400) || errand.left_minor < 3;
        errand.amount_minor = whole ? errand.left_minor : random_between(&play->random, 1, errand.left_minor - 1);
        follow(play, &errand, ERRAND_refund, 3 + (uint32_t)random_below(&play->random, 40));
    } else if (chance(play, 10)) {
        play->shopper_flags[errand.order.shopper] |= SHOPPER_given_back;
        follow(play, &errand, ERRAND_cancel, (uint32_t)random_below(&play->random, 4));
    }
}

/* A payment waits for its shopper, who looks at the phone, or does not. */
static void after_waits(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    struct errand errand = flight->errand;
    errand.trade_id = json_member_i64(answer->body, "trade_id", 0);
    play->book->waited++;
    if (chance(play, 750)) {
        follow(play, &errand, ERRAND_confirm, (uint32_t)random_below(&play->random, 2));
    } else if (chance(play, 500)) {
        follow(play, &errand, ERRAND_decline, (uint32_t)random_below(&play->random, 2));
    } else {
        play->book->left_waiting++;
        follow(play, &errand, ERRAND_poll, POLL_MINUTES);
    }
}

/* What comes with pay codes that must not work. */
static void trick_check(struct play *play, const struct flight *flight, enum demo_answer outcome)
{
    static const char *const names[] = { "", "stale", "forged", "used" };
    if (flight->errand.order.trick != TRICK_none && (outcome == DEMO_paid || outcome == DEMO_waits)) {
        demo_fault(play->book, "a %s pay code was accepted", names[flight->errand.order.trick]);
    }
}

static enum demo_answer pay_answered(struct play *play, const struct flight *flight, const struct answer_in *answer,
                                     int way)
{
    if (answer->status >= 300) {
        enum demo_answer refusal = demo_refusal(play->book, answer->body);
        struct span code;
        if (refusal == DEMO_refused && json_member(answer->body, "code", &code) &&
            span_equal(code, SPAN("budget_exhausted"))) {
            play->drinks_gone = true;
        }
        return refusal;
    }
    struct demo_bought bought = bought_of(play, flight, way);
    enum demo_answer outcome = demo_trade(play->book, play->day, play->shopper_flags, &bought, answer->body);
    trick_check(play, flight, outcome);
    if (outcome == DEMO_paid) {
        after_paid(play, flight, answer);
    } else if (outcome == DEMO_waits) {
        after_waits(play, flight, answer);
    } else if (outcome == DEMO_closed) {
        demo_fault(play->book, "a payment was answered with a closed trade");
    }
    return outcome;
}

static enum demo_answer scan_answered(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    if (flight->errand.kind == ERRAND_pay && flight->fault == FAULT_none && flight->errand.order.trick == TRICK_none &&
        answer->status < 300) {
        histogram_record(&play->book->latency, answer->latency_us);
    }
    if (flight->errand.kind == ERRAND_retry && is_replayed(answer)) {
        play->book->repeats_without_effect++; /* the first one had arrived; only its answer was lost */
    }
    enum demo_answer outcome = pay_answered(play, flight, answer, 0);
    /* "Not now" is not kept: the same request may be answered otherwise a minute later. */
    bool kept = outcome == DEMO_refused && answer->status != 429;
    if (kept && flight->errand.kind == ERRAND_pay && chance(play, 100)) {
        struct errand again = flight->errand;
        again.first_status = answer->status;
        again.first_hash = answer_hash(answer);
        follow(play, &again, ERRAND_repeat, 0);
    }
    return outcome;
}

static enum demo_answer repeat_answered(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    const struct errand *errand = &flight->errand;
    struct span code;
    if (answer->status == 503 && json_member(answer->body, "code", &code)) {
        return DEMO_again;
    }
    if (answer->status != errand->first_status || answer_hash(answer) != errand->first_hash || !is_replayed(answer)) {
        demo_fault(play->book, "a repeated request was answered differently: first %d, then %d %.*s",
                   errand->first_status, answer->status, (int)min_i64((int64_t)answer->body.size, 120),
                   answer->body.bytes);
        return DEMO_odd;
    }
    play->book->repeats_without_effect++;
    return DEMO_closed;
}

/* ---- trades that wait, and QR codes ---- */

static enum demo_answer confirm_answered(struct play *play, const struct flight *flight,
                                         const struct answer_in *answer)
{
    if (flight->errand.kind == ERRAND_decline) {
        if (answer->status >= 300) {
            return demo_refusal(play->book, answer->body);
        }
        play->book->declined++;
        return DEMO_closed;
    }
    enum demo_answer outcome = pay_answered(play, flight, answer, flight->errand.qr[0] == '\0' ? 0 : 1);
    play->book->confirmed += outcome == DEMO_paid;
    return outcome;
}

static enum demo_answer poll_answered(struct play *play, const struct answer_in *answer)
{
    struct span state;
    if (answer->status != 200 || !json_member(answer->body, "state", &state)) {
        return demo_refusal(play->book, answer->body);
    }
    if (!span_equal(state, SPAN("TRADE_CLOSED"))) {
        demo_fault(play->book, "a trade that nobody confirmed is %.*s after its time", (int)state.size, state.bytes);
    }
    return DEMO_closed;
}

static enum demo_answer create_answered(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    struct errand errand = flight->errand;
    struct span qr;
    if (answer->status >= 300) {
        return demo_refusal(play->book, answer->body);
    }
    if (!json_member(answer->body, "qr_url", &qr) || !span_copy(qr, errand.qr, sizeof(errand.qr))) {
        demo_fault(play->book, "a trade to be paid by QR has none");
        return DEMO_odd;
    }
    errand.trade_id = json_member_i64(answer->body, "trade_id", 0);
    if (chance(play, 880)) {
        follow(play, &errand, ERRAND_qr, (uint32_t)random_below(&play->random, 3));
    } else {
        play->book->left_waiting++;
        follow(play, &errand, ERRAND_poll, POLL_MINUTES);
    }
    return DEMO_waits;
}

/* ---- money back ---- */

static enum demo_answer refund_answered(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    if (answer->status >= 300) {
        return demo_refusal(play->book, answer->body);
    }
    struct errand errand = flight->errand;
    demo_refunded(play->book, answer->body);
    errand.first_status = answer->status;
    errand.first_hash = answer_hash(answer);
    if (chance(play, 200)) {
        follow(play, &errand, ERRAND_refund_again, (uint32_t)random_below(&play->random, 2));
    }
    errand.left_minor -= errand.amount_minor;
    if (errand.left_minor > 0 && chance(play, 500)) {
        errand.number++;
        bool rest = errand.number >= 3 || errand.left_minor < 3;
        errand.amount_minor = rest ? errand.left_minor : random_between(&play->random, 1, errand.left_minor - 1);
        follow(play, &errand, ERRAND_refund, 1 + (uint32_t)random_below(&play->random, 10));
    }
    return DEMO_closed;
}

/* ---- unknown outcomes ---- */

static enum demo_answer lookup_answered(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    struct span state;
    if (answer->status == 200 && json_member(answer->body, "state", &state) &&
        span_equal(state, SPAN("TRADE_SUCCESS")) && chance(play, 700)) {
        struct demo_bought bought = bought_of(play, flight, 0);
        play->book->closed_unknown++;
        return demo_trade(play->book, play->day, play->shopper_flags, &bought, answer->body);
    }
    if (answer->status == 503) {
        return DEMO_again;
    }
    follow(play, &flight->errand, ERRAND_cancel_number, 0);
    return DEMO_closed;
}

static enum demo_answer undo_answered(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    if (answer->status >= 300) {
        return demo_refusal(play->book, answer->body);
    }
    struct demo_bought bought = bought_of(play, flight, 0);
    demo_undone(play->book, play->day, play->shopper_flags, &bought, answer->body);
    return DEMO_closed;
}

static enum demo_answer cancel_answered(struct play *play, const struct answer_in *answer)
{
    if (answer->status >= 300) {
        return demo_refusal(play->book, answer->body);
    }
    demo_given_back(play->book, answer->body);
    return DEMO_closed;
}

/* ---- the operator ---- */

static enum demo_answer clock_answered(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    play->clock_moving = false;
    play->clock_jumping = false;
    if (answer->outcome == OUTCOME_answered && answer->status == 200) {
        play->minute = flight->errand.number;
    } else if (answer->outcome == OUTCOME_answered && answer->status != 503) {
        demo_fault(play->book, "the clock does not move: %d %.*s", answer->status,
                   (int)min_i64((int64_t)answer->body.size, 120), answer->body.bytes);
    }
    return DEMO_closed;
}

static enum demo_answer fund_answered(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    if (answer->status >= 300) {
        return demo_refusal(play->book, answer->body);
    }
    play->budget->funded_minor[flight->errand.number] += flight->errand.amount_minor;
    return DEMO_closed;
}

/*
 * Everybody buys at random, so of n purchases S * (1 - (1 - 1/S)^n) are the first of their shopper. What the
 * hours until now have brought tells n for the hours until the evening, and what a discount costs.
 */
int64_t budget_until_evening(const struct play *play, uint32_t campaign)
{
    const uint64_t *weights = play->day->weight_until;
    int64_t shoppers = (int64_t)play->day->shopper_count;
    int64_t uses = (int64_t)play->book->given[campaign];
    uint64_t until_now = weights[play->minute - DOUBLE12_MINUTE_FROM];
    if (uses == 0 || until_now == 0) {
        return 0;
    }
    uint64_t tried = play->uses_tried[campaign] * weights[EVENING_MINUTE - DOUBLE12_MINUTE_FROM] / until_now;
    int64_t stride = (int64_t)(tried / 4000 + 1);
    int64_t unused = shoppers;
    for (uint64_t i = 0; i < tried && unused > 0; i += (uint64_t)stride) {
        unused -= max_i64(1, min_i64(unused, unused * stride / shoppers));
    }
    return play->book->given_minor[campaign] / uses * (shoppers - max_i64(unused, 0)) / 100 * 97;
}

/* ---- dispatch ---- */

/* As the till meant it: half a request, or an answer that nobody read. The outcome is unknown to the till. */
static void gave_up(struct play *play, const struct flight *flight)
{
    bool half = flight->fault == FAULT_half;
    play->book->half_sent += half;
    play->book->unread += !half;
    if (half && chance(play, 200)) {
        play->book->abandoned++; /* and goes home */
    } else if (chance(play, 300)) {
        play->shopper_flags[flight->errand.order.shopper] |= SHOPPER_given_back; /* perhaps: it may be undone */
        follow(play, &flight->errand, ERRAND_lookup, (uint32_t)random_below(&play->random, 2));
    } else {
        follow(play, &flight->errand, ERRAND_retry, 0);
    }
}

static void once_more(struct play *play, const struct flight *flight)
{
    struct errand errand = flight->errand;
    if (errand.kind == ERRAND_pay) {
        errand.kind = ERRAND_retry;
    }
    if (++errand.tries > TRIES_MAX) {
        demo_fault(play->book, "no answer after %d tries", TRIES_MAX);
        return;
    }
    errand_add(play, &errand, 0);
}

static enum demo_answer answered(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    switch (flight->errand.kind) {
    case ERRAND_pay:
    case ERRAND_retry:
        return scan_answered(play, flight, answer);
    case ERRAND_repeat:
    case ERRAND_refund_again:
        return repeat_answered(play, flight, answer);
    case ERRAND_confirm:
    case ERRAND_decline:
        return confirm_answered(play, flight, answer);
    case ERRAND_poll:
        return poll_answered(play, answer);
    case ERRAND_create:
        return create_answered(play, flight, answer);
    case ERRAND_qr:
        return pay_answered(play, flight, answer, 1);
    case ERRAND_counter:
        return pay_answered(play, flight, answer, 2);
    case ERRAND_refund:
        return refund_answered(play, flight, answer);
    case ERRAND_cancel:
        return cancel_answered(play, answer);
    case ERRAND_lookup:
        return lookup_answered(play, flight, answer);
    case ERRAND_cancel_number:
        return undo_answered(play, flight, answer);
    case ERRAND_fund:
        return fund_answered(play, flight, answer);
    case ERRAND_clock:
        break;
    }
    return DEMO_closed;
}

void errand_answered(struct play *play, const struct flight *flight, const struct answer_in *answer)
{
    if (flight->errand.kind == ERRAND_clock) {
        (void)clock_answered(play, flight, answer);
    } else if (answer->outcome == OUTCOME_gave_up) {
        gave_up(play, flight);
    } else if (answer->outcome != OUTCOME_answered || answered(play, flight, answer) == DEMO_again) {
        once_more(play, flight);
    }
}
