/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting a trade's takings: one settlement moves all of its lines, or none. */
#include "base/checked.h"
#include "base/civil.h"
#include "till/policy.h"
#include "till/royalty.h"
#include "till/royalty_internal.h"
#include "till/trade.h"

static const struct column line_columns[] = {
    COLUMN(trade_settle_line, kind, .form = FORM_choice, .names = party_kinds, .flags = COLUMN_required),
    COLUMN(trade_settle_line, id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(trade_settle_line, amount_minor, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX),
    COLUMN(trade_settle_line, percent, .least = 0, .most = 100,
           .text = "Of the price, rounded down, when no amount is given."),
    COLUMN(trade_settle_line, description),
    COLUMN(trade_settle_line, name, .text = "When given it must be the receiver's."),
};
static const struct shape line_shape = SHAPE("trade_settle_line", trade_settle_line, line_columns);

static const struct column settle_columns[] = {
    COLUMN(trade_settle, trade_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(trade_settle, out_request_no, .flags = COLUMN_required, .least = 1,
           .text = "The merchant's number of this settlement, unique per trade."),
    COLUMN(trade_settle, finish, .form = FORM_flag,
           .text = "This was the last settlement of the trade; it may then be without lines."),
    COLUMN_LIST(trade_settle, lines, line_shape, .text = "Who gets how much; all of them or none."),
};
static const struct shape settle_shape = SHAPE("trade_settle", trade_settle, settle_columns);

static const struct settle_row *settle_ask(struct view *view, int64_t trade_id, const char *out_request_no)
{
    struct settle_row key = { .trade_id = trade_id };
    bool fits = span_copy(span_of(out_request_no), key.out_request_no, sizeof(key.out_request_no));
    assert(fits);
    return view_ask(view, &settle_table, &key);
}

static int64_t line_amount(const struct trade_row *trade, const struct trade_settle_line *line)
{
    int64_t amount_minor = line->amount_minor;
    if (amount_minor == 0 && line->percent > 0) {
        bool fits = checked_share(trade->list_minor, min_i64(line->percent, 100), 100, ROUND_down, &amount_minor);
        assert(fits);
    }
    /* What is out of range is refused later; until then it adds up. */
    return max_i64(-1, min_i64(amount_minor, AMOUNT_MAX + 1));
}

/* The settlement as the request wants it, but for what is given to it when it is made. */
static void settle_fill(struct settle_row *settle, const struct trade_row *trade, const struct trade_settle *want)
{
    settle->shop_id = trade->shop_id;
    settle->finish = want->finish;
    settle->lines_count = want->lines_count;
    settle->amount_minor = 0;
    for (int32_t i = 0; i < want->lines_count; i++) {
        settle->lines[i] = (struct settle_line_row){ .kind = want->lines[i].kind,
                                                     .id = want->lines[i].id,
                                                     .amount_minor = line_amount(trade, &want->lines[i]) };
        memcpy(settle->lines[i].description, want->lines[i].description, sizeof(settle->lines[i].description));
        settle->amount_minor += settle->lines[i].amount_minor;
    }
}

static bool settle_agrees(const struct settle_row *known, const struct trade_row *trade,
                          const struct trade_settle *want)
{
    struct settle_row other = { .trade_id = known->trade_id };
    settle_fill(&other, trade, want);
    bool same = known->finish == other.finish && known->lines_count == other.lines_count;
    for (int32_t i = 0; same && i < known->lines_count; i++) {
        same = known->lines[i].kind == other.lines[i].kind && known->lines[i].id == other.lines[i].id &&
               known->lines[i].amount_minor == other.lines[i].amount_minor;
    }
    return same;
}

/* Whether the trade may be split at all, now. */
static enum refusal trade_check(struct view *view, const struct moment *at, const struct trade_row *trade,
                                const struct royalty_row *royalty)
{
    struct policy_row policy;
    policy_ask(view, &policy);
    if (trade->state == TRADE_wait_buyer_pay) {
        return REFUSAL_trade_waiting;
    }
    if (trade->state == TRADE_closed) {
        return REFUSAL_trade_closed;
    }
    if (trade_state_now(trade, &policy, at->now_us) == TRADE_finished) {
        return REFUSAL_trade_finished;
    }
    if (trade->royalty_frozen == 0) {
        return REFUSAL_royalty_unagreed;
    }
    if (royalty->finished != 0 || at->now_us > trade->paid_at_us + ROYALTY_WINDOW_DAYS * US_PER_DAY) {
        return REFUSAL_royalty_finished;
    }
    return royalty->settles >= ROYALTY_SETTLES_MAX ? REFUSAL_settles_full : REFUSAL_none;
}

/* All that the receiver of this line gets by this settlement: it may stand there twice. */
static int64_t amount_of_receiver(const struct settle_row *settle, const struct settle_line_row *line)
{
    int64_t sum_minor = 0;
    for (int32_t i = 0; i < settle->lines_count; i++) {
        bool same = settle->lines[i].kind == line->kind && settle->lines[i].id == line->id;
        sum_minor += same ? settle->lines[i].amount_minor : 0;
    }
    return sum_minor;
}

static enum refusal line_check(struct view *view, const struct trade_row *trade, const struct settle_row *settle,
                               const struct settle_line_row *line, const char *name)
{
    struct party party = { line->kind, line->id };
    if (line->amount_minor <= 0 || line->amount_minor > AMOUNT_MAX) {
        return REFUSAL_amount_out_of_range;
    }
    if (!party_exists(view, party)) {
        return REFUSAL_receiver_unknown;
    }
    if (party.kind == PARTY_shop && party.id == trade->shop_id) {
        return REFUSAL_receiver_same;
    }
    if (!row_exists(royalty_relation_ask(view, trade->merchant_id, party))) {
        return REFUSAL_receiver_unbound;
    }
    if (!party_is_called(view, party, name)) {
        return REFUSAL_name_differs;
    }
    return party_may_receive(view, party, trade->currency, amount_of_receiver(settle, line));
}

/* Everything that the lines are checked by, at once. */
static void lines_ask(struct view *view, const struct trade_row *trade, const struct settle_row *settle)
{
    for (int32_t i = 0; i < settle->lines_count; i++) {
        struct party party = { settle->lines[i].kind, settle->lines[i].id };
        party_ask(view, party, trade->currency);
        (void)royalty_relation_ask(view, trade->merchant_id, party);
    }
}

static enum refusal lines_check(struct view *view, const struct trade_row *trade, const struct trade_settle *want,
                                const struct settle_row *settle)
{
    struct policy_row policy;
    int64_t most_minor;
    lines_ask(view, trade, settle);
    if (settle->lines_count == 0 && settle->finish == 0) {
        return REFUSAL_amount_out_of_range;
    }
    for (int32_t i = 0; i < settle->lines_count; i++) {
        enum refusal refusal = line_check(view, trade, settle, &settle->lines[i], want->lines[i].name);
        if (refusal != REFUSAL_none) {
            return refusal;
        }
    }
    policy_ask(view, &policy);
    bool fits = checked_share(trade->list_minor, policy.royalty_max_bp, 10000, ROUND_down, &most_minor);
    assert(fits);
    most_minor = min_i64(most_minor, trade->left_minor);
    /* One that only ends the splitting takes nothing, whatever refunds and the policy have left. */
    if (settle->amount_minor > 0 && settle->amount_minor > most_minor - trade->royalty_minor) {
        return REFUSAL_royalty_exceeds;
    }
    struct account_key takings = { trade->shop_id, PURPOSE_takings, trade->currency };
    return account_free(view, takings) < settle->amount_minor ? REFUSAL_takings_short : REFUSAL_none;
}

static struct royalty_part_row *part_of(struct royalty_row *royalty, const struct settle_line_row *line)
{
    for (int32_t i = 0; i < royalty->parts_count; i++) {
        if (royalty->parts[i].kind == line->kind && royalty->parts[i].id == line->id) {
            return &royalty->parts[i];
        }
    }
    if (royalty->parts_count == ROYALTY_PARTS_MAX) {
        return NULL;
    }
    struct royalty_part_row *part = &royalty->parts[royalty->parts_count++];
    *part = (struct royalty_part_row){ .kind = line->kind, .id = line->id };
    return part;
}

static enum refusal settle_move(struct view *view, struct moment *at, struct trade_row *trade,
                                struct royalty_row *royalty, struct settle_row *settle)
{
    struct leg legs[SETTLE_LINES_MAX];
    for (int32_t i = 0; i < settle->lines_count; i++) {
        const struct settle_line_row *line = &settle->lines[i];
        struct royalty_part_row *part = part_of(royalty, line);
        if (part == NULL) {
            return REFUSAL_settles_full;
        }
        part->paid_minor += line->amount_minor;
        part->left_minor += line->amount_minor;
        legs[i] = (struct leg){ .from = { trade->shop_id, PURPOSE_takings, trade->currency },
                                .to = party_account((struct party){ line->kind, line->id }, trade->currency),
                                .amount = line->amount_minor };
    }
    trade->royalty_minor += settle->amount_minor;
    if (settle->lines_count == 0) {
        return REFUSAL_none;
    }
    struct cause cause = { CAUSE_royalty, settle->settle_id };
    return ledger_move(view, at, cause, legs, (size_t)settle->lines_count, &settle->transfer_id);
}

static enum refusal decide_settle(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_settle *want = request;
    const struct trade_row *asked = trade_ask(view, want->trade_id);
    const struct settle_row *known = settle_ask(view, want->trade_id, want->out_request_no);
    struct royalty_row key = { .trade_id = want->trade_id };
    enum refusal refusal = trade_sold_check(view, at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (row_exists(known)) {
        memcpy(answer, known, sizeof(*known));
        return settle_agrees(known, asked, want) ? REFUSAL_none : REFUSAL_settle_differs;
    }
    const struct royalty_row *split = view_ask(view, &royalty_table, &key);
    refusal = trade_check(view, at, asked, split);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct settle_row *settle = view_change(view, known);
    settle_fill(settle, asked, want);
    refusal = lines_check(view, asked, want, settle);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    settle->settle_id = moment_id(at);
    settle->at_us = at->now_us;
    struct settle_number_row number_key = { .settle_id = settle->settle_id };
    struct settle_number_row *number = view_new(view, &settle_number_table, &number_key);
    number->trade_id = settle->trade_id;
    memcpy(number->out_request_no, settle->out_request_no, sizeof(number->out_request_no));
    struct royalty_row *royalty = view_change(view, split);
    royalty->settles++;
    royalty->finished = settle->finish;
    refusal = settle_move(view, at, view_change(view, asked), royalty, settle);
    memcpy(answer, settle, sizeof(*settle));
    return refusal;
}

const struct command trade_settle = {
    .name = "trade_settle",
    .number = 102,
    .method = "POST",
    .route = "/v1/trades/{trade_id}/settlements",
    .http_status = 201,
    .callers = CALLERS_MERCHANT,
    .request = &settle_shape,
    .answer = &settle_table.shape,
    .decide = decide_settle,
    .summary = "Pays shares of a trade's takings to bound receivers. Refunds take them back in proportion.",
};

static const struct column query_columns[] = {
    COLUMN(trade_settle_query, trade_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(trade_settle_query, out_request_no, .flags = COLUMN_required | COLUMN_in_path, .least = 1),
    COLUMN(trade_settle_query, settle_id, .form = FORM_hidden),
};
static const struct shape query_shape = SHAPE("trade_settle_query", trade_settle_query, query_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_settle_query *want = request;
    struct settle_number_row key = { .settle_id = want->settle_id, .trade_id = want->trade_id };
    const struct settle_number_row *number = &key;
    const char *out_request_no = want->out_request_no;
    if (want->settle_id != 0) {
        number = view_ask(view, &settle_number_table, &key);
        out_request_no = number->out_request_no;
    }
    const struct settle_row *settle = settle_ask(view, number->trade_id, out_request_no);
    const struct trade_row *trade = trade_ask(view, number->trade_id);
    if (want->settle_id != 0 && !row_exists(number)) {
        return REFUSAL_settle_unknown;
    }
    enum refusal refusal = trade_sold_check(view, at, trade);
    if (refusal != REFUSAL_none) {
        return want->settle_id != 0 ? REFUSAL_settle_unknown : refusal;
    }
    if (!row_exists(settle)) {
        return REFUSAL_settle_unknown;
    }
    memcpy(answer, settle, sizeof(*settle));
    return REFUSAL_none;
}

const struct command trade_settle_query = {
    .name = "trade_settle_query",
    .number = 103,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/trades/{trade_id}/settlements/{out_request_no}",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &query_shape,
    .answer = &settle_table.shape,
    .decide = decide_query,
    .summary = "One settlement: what a program asks when it does not know whether it went through.",
};
