/* SPDX-License-Identifier: Apache-2.0 */
#include "till/audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "till/audit_internal.h"

#define ROWS_PER_PROGRESS 100000

static const struct {
    const char *name, *text;
} laws[AUDIT_LAW_COUNT] = {
    [AUDIT_money_conserved] = { "money_conserved", "money neither appears nor vanishes" },
    [AUDIT_budget_kept] = { "budget_kept", "no campaign overspends" },
    [AUDIT_stock_kept] = { "stock_kept", "no shop sells what it does not have" },
    [AUDIT_voucher_once] = { "voucher_once", "no voucher is redeemed twice" },
    [AUDIT_seat_once] = { "seat_once", "no seat is booked twice" },
    [AUDIT_reservation_kept] = { "reservation_kept", "no reservation is forgotten" },
    [AUDIT_answer_durable] = { "answer_durable", "what was answered stands in the books, once" },
};

/* ---- saying what does not agree ---- */

static size_t text_add(char *text, size_t size, size_t at, const char *words)
{
    int written = snprintf(text + at, size - at, "%s", words);
    assert(written >= 0);
    return (size_t)min_i64((int64_t)at + written, (int64_t)size - 1);
}

static void key_write(const struct table *table, const void *row, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < table->key_count; i++) {
        const struct column *column = &table->shape.columns[i];
        char number[32];
        at = text_add(text, size, at, i > 0 ? " " : "");
        at = text_add(text, size, at, column->name);
        at = text_add(text, size, at, "=");
        if (column->kind == COLUMN_text) {
            at = text_add(text, size, at, (const char *)row + column->offset);
            continue;
        }
        snprintf(number, sizeof(number), "%" PRId64, column_i64(column, row));
        at = text_add(text, size, at, number);
    }
}

static void fault_write(struct audit *audit, struct audit_about about, const char *what, const char *expected,
                        const char *found)
{
    struct audit_report *report = audit->report;
    report->laws[about.law].faults++;
    if (report->faults++ > 0) {
        return;
    }
    struct audit_fault *fault = &report->first;
    fault->law = about.law;
    fault->table = about.table == NULL ? NULL : about.table->shape.name;
    if (about.row != NULL) {
        key_write(about.table, about.row, fault->key, sizeof(fault->key));
    }
    snprintf(fault->what, sizeof(fault->what), "%s", what);
    snprintf(fault->expected, sizeof(fault->expected), "%s", expected);
    snprintf(fault->found, sizeof(fault->found), "%s", found);
    snprintf(fault->sentence, sizeof(fault->sentence), "%s: %s%s%s: %s%s%s%s%s", laws[about.law].name,
             fault->table == NULL ? "the whole store" : fault->table, fault->key[0] == '\0' ? "" : " ", fault->key,
             what, expected[0] == '\0' ? "" : ": expected ", expected, found[0] == '\0' ? "" : ", found ", found);
}

void audit_differs(struct audit *audit, struct audit_about about, const char *what, int64_t expected, int64_t found)
{
    char expected_text[32], found_text[32];
    snprintf(expected_text, sizeof(expected_text), "%" PRId64, expected);
    snprintf(found_text, sizeof(found_text), "%" PRId64, found);
    fault_write(audit, about, what, expected_text, found_text);
}

void audit_wrong(struct audit *audit, struct audit_about about, const char *what)
{
    fault_write(audit, about, what, "", "");
}

void audit_id_known(struct audit *audit, struct audit_about about, int64_t id)
{
    about.law = AUDIT_answer_durable;
    audit_true(audit, about, "its id is beyond the last id of the progress rows",
               id <= CHOSEN_ID_MAX || id <= audit->id_last);
}

void audit_time_known(struct audit *audit, struct audit_about about, int64_t at_us)
{
    about.law = AUDIT_answer_durable;
    audit_true(audit, about, "its time is beyond the time of the progress rows", at_us <= audit->now_us);
}

bool audit_too_large(struct audit *audit)
{
    audit->status = STATUS_too_large;
    return false;
}

/* ---- reading ---- */

struct scan {
    struct audit *audit;
    const struct table *table;
    audit_each *each; /* or, with what a line remembers: */
    audit_each_line *each_line;
    void *state;
};

static bool scan_each(void *context, const void *row)
{
    const struct scan *scan = context;
    struct audit *audit = scan->audit;
    if (++audit->rows % ROWS_PER_PROGRESS == 0 && audit->settings.progress != NULL) {
        audit->settings.progress(audit->settings.context, scan->table->shape.name, audit->rows);
    }
    bool more = scan->each != NULL ? scan->each(audit, row) : scan->each_line(audit, scan->state, row);
    return more && audit->status == STATUS_ok;
}

static void table_scan(struct audit *audit, const struct table *table, struct scan scan)
{
    if (audit->status != STATUS_ok) {
        return;
    }
    audit->rows = 0;
    enum status status = audit->reader->ops->scan(audit->reader, table, (struct span){ NULL, 0 }, scan_each, &scan);
    audit->status = audit->status == STATUS_ok ? status : audit->status;
    audit->report->tables[table->number] =
        (struct audit_table_report){ .table = table->shape.name, .rows = audit->rows };
    if (audit->settings.progress != NULL) {
        audit->settings.progress(audit->settings.context, table->shape.name, audit->rows);
    }
}

void audit_scan(struct audit *audit, const struct table *table, audit_each *each)
{
    table_scan(audit, table, (struct scan){ audit, table, each, NULL, NULL });
}

void audit_scan_line(struct audit *audit, const struct table *table, audit_each_line *each, void *state)
{
    table_scan(audit, table, (struct scan){ audit, table, NULL, each, state });
}

void audit_search(struct audit *audit, const struct table *table, bool (*each)(void *context, const void *row),
                  void *context)
{
    if (audit->status == STATUS_ok) {
        audit->status = audit->reader->ops->scan(audit->reader, table, (struct span){ NULL, 0 }, each, context);
    }
}

struct look {
    struct audit *audit;
    audit_each_line *each;
    void *state;
};

static bool look_each(void *context, const void *row)
{
    const struct look *look = context;
    return look->each(look->audit, look->state, row);
}

void audit_look_line(struct audit *audit, const struct table *table, audit_each_line *each, void *state)
{
    struct look look = { audit, each, state };
    audit_search(audit, table, look_each, &look);
}

/* ---- the engine's own rows ---- */

/*
 * Each node of a shared store keeps a row of its own; on a store of one process there is one. What a node
 * writes is never beyond its own row, so nothing may be beyond all of them.
 */
static bool progress_each(struct audit *audit, const void *row)
{
    const struct progress_row *progress = row;
    struct audit_about about = { AUDIT_answer_durable, &progress_table, row };
    audit_true(audit, about, "no node has this number, counted from 1",
               progress->one >= 1 && progress->one <= NODES_MAX);
    audit_true(audit, about, "where time, ids or batches stand is negative",
               progress->now_us >= 0 && progress->id_last >= 0 && progress->batch >= 0);
    audit->now_us = max_i64(audit->now_us, progress->now_us);
    audit->id_last = max_i64(audit->id_last, progress->id_last);
    return true;
}

static bool request_each(struct audit *audit, const void *row)
{
    const struct request_row *request = row;
    struct audit_about about = { AUDIT_answer_durable, &request_table, row };
    audit_time_known(audit, about, request->decided_at_us);
    audit_true(audit, about, "it keeps a refusal that does not exist", refusal_text(request->refusal) != NULL);
    audit_true(audit, about, request->refusal == 0 ? "it keeps no answer" : "it keeps a refusal and an answer",
               (request->refusal == 0) == (request->answer.size > 0));
    return true;
}

static void maps_init(struct audit *audit)
{
    struct audit_memory *memory = &audit->memory;
    audit_royalties_init(audit);
    audit_map_init(&audit->accounts, memory, sizeof(struct audit_account), 2);
    audit_map_init(&audit->units, memory, 2 * sizeof(int64_t), 1);
    audit_map_init(&audit->sums, memory, 2 * sizeof(int64_t), 1);
    audit_map_init(&audit->merchants, memory, 2 * sizeof(int64_t), 1);
    audit_map_init(&audit->shops, memory, sizeof(struct audit_shop), 1);
    audit_map_init(&audit->terminals, memory, 2 * sizeof(int64_t), 1);
    audit_map_init(&audit->shoppers, memory, sizeof(struct audit_shopper), 1);
    audit_map_init(&audit->persons, memory, 2 * sizeof(int64_t), 1);
    audit_map_init(&audit->endpoints, memory, 2 * sizeof(int64_t), 1);
    audit_map_init(&audit->apps, memory, 2 * sizeof(int64_t), 1);
    audit_map_init(&audit->campaigns, memory, sizeof(struct audit_campaign), 1);
    audit_map_init(&audit->campaign_shops, memory, 3 * sizeof(int64_t), 2);
    audit_map_init(&audit->days, memory, sizeof(struct audit_day), 2);
    audit_map_init(&audit->holds, memory, sizeof(struct audit_hold), 1);
    audit_map_init(&audit->held, memory, 3 * sizeof(int64_t), 2);
    audit_map_init(&audit->timers, memory, 4 * sizeof(int64_t), 2);
    audit_list_init(&audit->offers_wanted, memory, sizeof(struct audit_offer));
    audit_list_init(&audit->offers_found, memory, sizeof(struct audit_offer));
    audit_list_init(&audit->postings, memory, sizeof(struct audit_posting));
    audit_list_init(&audit->refunds, memory, sizeof(struct audit_refund));
    audit_list_init(&audit->refunded, memory, sizeof(struct audit_refunded));
    audit_list_init(&audit->details, memory, sizeof(int64_t));
    audit_map_init(&audit->escrowed, memory, 2 * sizeof(int64_t), 1);
}

static void maps_release(struct audit *audit)
{
    struct audit_map *maps[] = { &audit->accounts,  &audit->units,     &audit->sums,      &audit->merchants,
                                 &audit->shops,     &audit->terminals, &audit->shoppers,  &audit->persons,
                                 &audit->endpoints, &audit->apps,      &audit->campaigns, &audit->campaign_shops,
                                 &audit->days,      &audit->holds,     &audit->held,      &audit->timers,
                                 &audit->escrowed };
    struct audit_list *lists[] = { &audit->offers_wanted, &audit->offers_found, &audit->postings, &audit->refunds,
                                   &audit->refunded,      &audit->details };
    for (size_t i = 0; i < COUNT_OF(maps); i++) {
        audit_map_release(maps[i]);
    }
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        audit_list_release(lists[i]);
    }
    audit_royalties_release(audit);
    audit_lines_release(audit);
    assert(audit->memory.held == 0);
}

static void verdicts(struct audit *audit)
{
    struct audit_report *report = audit->report;
    const bool used[AUDIT_LAW_COUNT] = {
        [AUDIT_money_conserved] = true,
        [AUDIT_budget_kept] = audit->campaigns.count > 0,
        [AUDIT_stock_kept] = audit->stock,
        [AUDIT_voucher_once] = audit->vouchers,
        [AUDIT_seat_once] = audit->slots,
        [AUDIT_reservation_kept] = true,
        [AUDIT_answer_durable] = true,
    };
    for (size_t i = 0; i < AUDIT_LAW_COUNT; i++) {
        struct audit_law_report *law = &report->laws[i];
        report->checks += law->checks;
        law->verdict = law->faults > 0 ? AUDIT_broken : used[i] && law->checks > 0 ? AUDIT_held : AUDIT_unused;
    }
    report->ok = report->faults == 0;
    report->memory_peak = audit->memory.peak;
}

static void tables_read(struct audit *audit)
{
    audit_scan(audit, &progress_table, progress_each);
    audit_people(audit);
    audit_campaigns(audit);
    audit_timers(audit);
    audit_royalties(audit);
    audit_lines_tables(audit);
    audit_trades(audit);
    audit_books(audit);
    audit_lines_end(audit);
    audit_trades_end(audit);
    audit_royalties_end(audit);
    audit_campaigns_end(audit);
    audit_people_end(audit);
    audit_timers_end(audit);
    audit_scan(audit, &request_table, request_each);
}

enum status audit_run(struct reader *reader, const struct audit_settings *settings, struct audit_report *report)
{
    struct audit audit = { .reader = reader, .report = report };
    *report = (struct audit_report){ .ok = false };
    for (size_t i = 0; i < AUDIT_LAW_COUNT; i++) {
        report->laws[i] = (struct audit_law_report){ .name = laws[i].name, .text = laws[i].text };
    }
    if (settings != NULL) {
        audit.settings = *settings;
        audit.memory.most = settings->memory_most;
    }
    audit.status = reader->ops->begin(reader);
    if (audit.status != STATUS_ok) {
        return audit.status;
    }
    maps_init(&audit);
    if (audit_lines_open(&audit)) {
        tables_read(&audit);
    }
    reader->ops->end(reader);
    if (audit.status == STATUS_ok) {
        verdicts(&audit);
    }
    maps_release(&audit);
    return audit.status;
}
