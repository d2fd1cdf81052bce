/* SPDX-License-Identifier: Apache-2.0 */
/* Statements, receipts and histories: reports that look into lists inside rows. */
#include "engine/engine_rows.h"
#include "ledger/ledger.h"
#include "people/people.h"
#include "till/till.h"
#include "till/till_reads.h"

/* One row by its key, from the reader's snapshot; false when it does not exist. */
struct row_found {
    void *to;
    size_t size;
    bool found;
};

static bool row_copy(void *context, const void *row)
{
    struct row_found *found = context;
    memcpy(found->to, row, found->size);
    found->found = true;
    return false;
}

bool read_row(const struct read_call *call, struct read_page *page, const struct table *table, void *row)
{
    uint8_t wanted[KEY_SIZE_MAX], got[KEY_SIZE_MAX];
    struct span key = { (const char *)wanted, row_key_write(table, row, wanted) };
    struct row_found found = { .to = row, .size = table->shape.size };
    if (!read_status(page, call->reader->ops->scan(call->reader, table, key, row_copy, &found))) {
        return false;
    }
    size_t size = found.found ? row_key_write(table, row, got) : 0;
    return size == key.size && memcmp(wanted, got, size) == 0;
}

/* ---- the wallet's statement: the chain of transfers from its last one back ---- */

struct statement_request {
    int64_t shopper_id;
    int32_t currency;
};
static const struct column statement_request_columns[] = {
    COLUMN(statement_request, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(statement_request, currency, .least = 0, .most = 999, .text = "ISO 4217 number; left out: 156, CNY."),
};
static const struct shape statement_request_shape =
    SHAPE("wallet_statement", statement_request, statement_request_columns);

struct statement_line {
    int64_t transfer_id;
    int64_t at_us;
    int32_t cause;
    int64_t reference_id;
    int64_t amount_minor;  /* negative: out of the wallet */
    int64_t balance_minor; /* after it */
};
static const struct column statement_columns[] = {
    COLUMN(statement_line, transfer_id, .form = FORM_id),
    COLUMN(statement_line, at_us, .form = FORM_instant),
    COLUMN(statement_line, cause, .form = FORM_choice, .names = cause_names),
    COLUMN(statement_line, reference_id, .form = FORM_id, .text = "The trade, refund or hold it belongs to."),
    COLUMN(statement_line, amount_minor, .form = FORM_amount, .text = "Negative: out of the wallet."),
    COLUMN(statement_line, balance_minor, .form = FORM_amount, .text = "After it."),
};
static const struct shape statement_shape = SHAPE("statement_line", statement_line, statement_columns);

int64_t read_movement(const struct transfer_row *transfer, struct account_key account, struct movement *movement)
{
    int64_t previous_id = 0;
    bool first = true;
    *movement = (struct movement){ .amount = 0 };
    for (int32_t i = 0; i < transfer->legs_count; i++) {
        const struct leg_row *leg = &transfer->legs[i];
        bool out = leg->from_owner_id == account.owner_id && leg->from_purpose == account.purpose;
        bool in = leg->to_owner_id == account.owner_id && leg->to_purpose == account.purpose;
        if (leg->unit != account.unit || (!out && !in)) {
            continue;
        }
        movement->amount += out ? -leg->amount : leg->amount;
        movement->balance = out ? leg->from_balance : leg->to_balance;
        if (first) {
            previous_id = out ? leg->from_previous_id : leg->to_previous_id;
            first = false;
        }
    }
    return previous_id;
}

/* What the transfer did to the account, and which one touched it before. */
static int64_t line_fill(const struct transfer_row *transfer, struct account_key account, struct statement_line *line)
{
    struct movement movement;
    int64_t previous_id = read_movement(transfer, account, &movement);
    *line = (struct statement_line){ .transfer_id = transfer->transfer_id,
                                     .at_us = transfer->at_us,
                                     .cause = transfer->cause,
                                     .reference_id = transfer->reference_id,
                                     .amount_minor = movement.amount,
                                     .balance_minor = movement.balance };
    return previous_id;
}

static enum refusal statement_run(const struct read_call *call, struct read_page *page)
{
    const struct statement_request *want = call->request;
    struct shopper_row shopper = { .shopper_id = want->shopper_id };
    if (call->caller.kind != CALLER_operator && call->caller.id != want->shopper_id) {
        return REFUSAL_forbidden;
    }
    if (!read_row(call, page, &shopper_table, &shopper)) {
        return REFUSAL_shopper_unknown;
    }
    struct account_key key = { want->shopper_id, PURPOSE_wallet, want->currency != 0 ? want->currency : UNIT_CNY };
    struct account_row account = { .owner_id = key.owner_id, .purpose = key.purpose, .unit = key.unit };
    struct statement_line line;
    bool there = read_row(call, page, &account_table, &account);
    /* A page begins with the transfer before the last one shown, which is that one's own link. */
    int64_t next_id = there ? account.last_transfer_id : 0;
    int64_t after_id = read_after_i64(call, 0);
    if (after_id != 0) {
        struct transfer_row last = { .transfer_id = after_id };
        next_id = read_row(call, page, &transfer_table, &last) ? line_fill(&last, key, &line) : 0;
    }
    for (int32_t i = 0; i <= call->limit && next_id != 0; i++) {
        struct transfer_row transfer = { .transfer_id = next_id };
        if (!read_row(call, page, &transfer_table, &transfer)) {
            read_status(page, STATUS_fault); /* the chain has a hole: the audit names it */
            break;
        }
        next_id = line_fill(&transfer, key, &line);
        if (!read_emit_i64(page, &line, line.transfer_id)) {
            break;
        }
    }
    return REFUSAL_none;
}

const struct read wallet_statement = {
    .name = "wallet_statement",
    .route = "/v1/shoppers/{shopper_id}/wallet/statement",
    .callers = CALLERS_SHOPPER,
    .request = &statement_request_shape,
    .element = &statement_shape,
    .run = statement_run,
    .summary = "Every movement of a wallet, newest first, with the balance after it.",
};

/* ---- the receipt ---- */

struct receipt_request {
    int64_t trade_id;
};
static const struct column receipt_request_columns[] = {
    COLUMN(receipt_request, trade_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape receipt_request_shape = SHAPE("trade_receipt", receipt_request, receipt_request_columns);

struct receipt_line {
    int64_t campaign_id;
    char name[NAME_SIZE];
    int64_t discount_minor;
    int64_t platform_minor;
    int64_t merchant_minor;
};
static const struct column receipt_line_columns[] = {
    COLUMN(receipt_line, campaign_id, .form = FORM_id),
    COLUMN(receipt_line, name),
    COLUMN(receipt_line, discount_minor, .form = FORM_amount),
    COLUMN(receipt_line, platform_minor, .form = FORM_amount, .text = "Of it, funded by the platform."),
    COLUMN(receipt_line, merchant_minor, .form = FORM_amount, .text = "Of it, funded by the merchant."),
};
static const struct shape receipt_line_shape = SHAPE("receipt_line", receipt_line, receipt_line_columns);

struct receipt {
    int64_t trade_id;
    char out_trade_no[NUMBER_SIZE];
    char shop_name[NAME_SIZE];
    char merchant_name[NAME_SIZE];
    char subject[NAME_SIZE];
    int32_t currency;
    int32_t state;
    int64_t paid_at_us;
    int64_t list_minor;
    int32_t discounts_count;
    struct receipt_line discounts[DISCOUNTS_MAX];
    int64_t discount_minor;
    int64_t paid_minor;
    int64_t refunded_minor;
    int64_t refunded_paid_minor;
    int64_t refundable_minor;
};
static const struct column receipt_columns[] = {
    COLUMN(receipt, trade_id, .form = FORM_id),
    COLUMN(receipt, out_trade_no),
    COLUMN(receipt, shop_name),
    COLUMN(receipt, merchant_name),
    COLUMN(receipt, subject),
    COLUMN(receipt, currency),
    COLUMN(receipt, state, .form = FORM_choice, .names = trade_states),
    COLUMN(receipt, paid_at_us, .form = FORM_instant),
    COLUMN(receipt, list_minor, .form = FORM_amount, .text = "The price before discounts."),
    COLUMN_LIST(receipt, discounts, receipt_line_shape),
    COLUMN(receipt, discount_minor, .form = FORM_amount),
    COLUMN(receipt, paid_minor, .form = FORM_amount, .text = "list_minor less discount_minor."),
    COLUMN(receipt, refunded_minor, .form = FORM_amount, .text = "Of the price, given back so far."),
    COLUMN(receipt, refunded_paid_minor, .form = FORM_amount, .text = "Of what was paid, given back so far."),
    COLUMN(receipt, refundable_minor, .form = FORM_amount, .text = "Of the price, what may still be given back."),
};
static const struct shape receipt_shape = SHAPE("receipt", receipt, receipt_columns);

static void receipt_discounts(const struct read_call *call, struct read_page *page, const struct trade_row *trade,
                              struct receipt *receipt)
{
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        const struct discount_row *from = &trade->discounts[i];
        struct receipt_line *line = &receipt->discounts[receipt->discounts_count++];
        struct campaign_row campaign = { .campaign_id = from->campaign_id };
        if (read_row(call, page, &campaign_table, &campaign)) {
            memcpy(line->name, campaign.name, sizeof(line->name));
        }
        line->campaign_id = from->campaign_id;
        line->platform_minor = from->platform_minor;
        line->merchant_minor = from->merchant_minor;
        line->discount_minor = from->platform_minor + from->merchant_minor;
    }
}

static enum refusal receipt_run(const struct read_call *call, struct read_page *page)
{
    const struct receipt_request *want = call->request;
    struct trade_row trade = { .trade_id = want->trade_id };
    if (!read_row(call, page, &trade_table, &trade)) {
        return REFUSAL_trade_unknown;
    }
    bool mine = call->caller.kind == CALLER_shopper && call->caller.id == trade.shopper_id && trade.shopper_id != 0;
    if (!mine && read_shop_check(call, page, trade.shop_id) != REFUSAL_none) {
        return REFUSAL_trade_unknown;
    }
    struct shop_row shop = { .shop_id = trade.shop_id };
    struct merchant_row merchant = { .merchant_id = trade.merchant_id };
    bool finished = trade.state == TRADE_success && trade.paid_at_us < read_finished_before(call, page);
    struct receipt receipt = {
        .trade_id = trade.trade_id,
        .currency = trade.currency,
        .state = finished ? TRADE_finished : trade.state,
        .paid_at_us = trade.paid_at_us,
        .list_minor = trade.list_minor,
        .discount_minor = trade.discount_minor,
        .paid_minor = trade.paid_minor,
        .refunded_minor = trade.paid_at_us != 0 ? trade.list_minor - trade.left_minor : 0,
        .refunded_paid_minor = trade.paid_minor - trade.paid_left_minor,
        .refundable_minor = finished ? 0 : trade.left_minor,
    };
    if (read_row(call, page, &shop_table, &shop) && read_row(call, page, &merchant_table, &merchant)) {
        memcpy(receipt.shop_name, shop.name, sizeof(receipt.shop_name));
        memcpy(receipt.merchant_name, merchant.name, sizeof(receipt.merchant_name));
    }
    memcpy(receipt.out_trade_no, trade.out_trade_no, sizeof(receipt.out_trade_no));
    memcpy(receipt.subject, trade.subject, sizeof(receipt.subject));
    receipt_discounts(call, page, &trade, &receipt);
    read_emit_i64(page, &receipt, receipt.trade_id);
    return REFUSAL_none;
}

const struct read trade_receipt = {
    .name = "trade_receipt",
    .route = "/v1/trades/{trade_id}/receipt",
    .flags = READ_single,
    .callers = CALLERS_ALL,
    .request = &receipt_request_shape,
    .element = &receipt_shape,
    .run = receipt_run,
    .summary = "The receipt: price, each discount with who funds it, paid, refundable.",
};

/* ---- a campaign's history ---- */

struct history_request {
    int64_t campaign_id;
};
static const struct column history_request_columns[] = {
    COLUMN(history_request, campaign_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape history_request_shape =
    SHAPE("campaign_history", history_request, history_request_columns);

struct history_entry {
    int32_t version;
    int32_t caller_kind;
    int64_t caller_id;
    int64_t at_us;
    char what[32];
    int64_t amount_minor;
    int32_t campaign_count;
    struct campaign_row campaign[1];
};
static const struct column history_columns[] = {
    COLUMN(history_entry, version),
    COLUMN(history_entry, caller_kind, .form = FORM_choice, .names = caller_names),
    COLUMN(history_entry, caller_id, .form = FORM_id),
    COLUMN(history_entry, at_us, .form = FORM_instant),
    COLUMN(history_entry, what, .text = "create, fund, pause, resume, change or end."),
    COLUMN(history_entry, amount_minor, .form = FORM_amount, .text = "Of a funding."),
    COLUMN_LIST(history_entry, campaign, campaign_table.shape, .text = "The campaign as it was afterwards."),
};
static const struct shape history_shape = SHAPE("campaign_history_entry", history_entry, history_columns);

struct history {
    struct read_page *page;
    int64_t campaign_id;
};

static bool history_emit(void *context, const void *row)
{
    struct history *history = context;
    const struct campaign_change_row *change = row;
    struct history_entry entry = { .version = change->version,
                                   .caller_kind = change->caller_kind,
                                   .caller_id = change->caller_id,
                                   .at_us = change->at_us,
                                   .amount_minor = change->amount_minor,
                                   .campaign_count = 1 };
    if (change->campaign_id != history->campaign_id) {
        return false;
    }
    memcpy(entry.what, change->what, sizeof(entry.what));
    struct span packed = { (const char *)change->after.bytes, change->after.size };
    bool readable = shape_unpack(&campaign_table.shape, 0, packed, &entry.campaign[0]);
    assert(readable);
    return read_emit_i64(history->page, &entry, entry.version);
}

static enum refusal history_run(const struct read_call *call, struct read_page *page)
{
    const struct history_request *want = call->request;
    struct campaign_row campaign = { .campaign_id = want->campaign_id };
    uint8_t key[KEY_SIZE_MAX];
    if (!read_row(call, page, &campaign_table, &campaign)) {
        return REFUSAL_campaign_unknown;
    }
    struct history history = { .page = page, .campaign_id = want->campaign_id };
    struct campaign_change_row first = { .campaign_id = want->campaign_id,
                                         .version = (int32_t)read_after_i64(call, 0) + 1 };
    struct span from = { (const char *)key, row_key_write(&campaign_change_table, &first, key) };
    read_status(page, call->reader->ops->scan(call->reader, &campaign_change_table, from, history_emit, &history));
    return REFUSAL_none;
}

const struct read campaign_history = {
    .name = "campaign_history",
    .route = "/v1/campaigns/{campaign_id}/history",
    .callers = CALLERS_PLATFORM,
    .request = &history_request_shape,
    .element = &history_shape,
    .run = history_run,
    .summary = "Who changed a campaign, when, and what it was afterwards.",
};
