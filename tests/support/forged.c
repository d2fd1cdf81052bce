/* SPDX-License-Identifier: Apache-2.0 */
#include "support/forged.h"

#include <stdio.h>

struct pick {
    const struct corruption *corruption;
    uint8_t row[ROW_SIZE_MAX];
    bool found;
};

static bool pick_each(void *context, const void *row)
{
    struct pick *pick = context;
    if (pick->corruption->which != NULL && !pick->corruption->which(row)) {
        return true;
    }
    memcpy(pick->row, row, pick->corruption->table->shape.size);
    pick->found = true;
    return false;
}

static void column_add(const struct shape *shape, const char *path, int64_t amount, void *row)
{
    struct span rest, index, name = span_cut(span_of(path), '.', &rest);
    const struct column *column = shape_column(shape, name);
    assert(column != NULL);
    if (column->kind == COLUMN_list) {
        int64_t at;
        index = span_cut(rest, '.', &rest);
        bool readable = span_to_i64(index, &at);
        assert(readable && at < column_count(column, row));
        row = (uint8_t *)row + column->offset + (size_t)at * column->element->size;
        column = shape_column(column->element, rest);
        assert(column != NULL);
    }
    if (column->kind == COLUMN_text || column->kind == COLUMN_fixed) { /* another first letter or byte */
        ((char *)row)[column->offset] = (char)(((char *)row)[column->offset] + amount);
        return;
    }
    column_set_i64(column, row, amount == -INT64_MAX ? 0 : column_i64(column, row) + amount);
}

/* The column that a deed changes. */
static const char *changed(const struct corruption *corruption)
{
    return corruption->deed == ADD ? corruption->column : corruption->table->shape.columns[0].name;
}

static bool corrupt(struct house *house, const struct corruption *corruption, struct pick *pick)
{
    uint8_t row[ROW_SIZE_MAX];
    *pick = (struct pick){ .corruption = corruption };
    enum status status =
        house->store->ops->scan(house->store, corruption->table, (struct span){ NULL, 0 }, pick_each, pick);
    assert(status == STATUS_ok);
    if (!pick->found) {
        return false;
    }
    memcpy(row, pick->row, sizeof(row));
    if (corruption->deed != INVENT) {
        house_row_put(house, corruption->table, pick->row, false); /* its key may be what changes */
    }
    if (corruption->deed != DROP) {
        column_add(&corruption->table->shape, changed(corruption), corruption->amount, row);
        house_row_put(house, corruption->table, row, true);
    }
    return true;
}

static void undo(struct house *house, const struct corruption *corruption, const struct pick *pick)
{
    uint8_t row[ROW_SIZE_MAX];
    memcpy(row, pick->row, sizeof(row));
    if (corruption->deed != DROP) {
        column_add(&corruption->table->shape, changed(corruption), corruption->amount, row);
        house_row_put(house, corruption->table, row, false);
    }
    house_row_put(house, corruption->table, pick->row, true);
}

int forged_missed(struct house *house, const struct corruption *list, size_t count)
{
    struct audit_report report;
    int missed = 0;
    for (size_t i = 0; i < count; i++) {
        const struct corruption *corruption = &list[i];
        struct pick pick;
        if (!corrupt(house, corruption, &pick)) {
            printf("# %s: there is no such row\n", corruption->name);
            missed++;
            continue;
        }
        bool ok = house_audit(house, &report);
        if (ok || report.first.law != corruption->law || strstr(report.first.sentence, corruption->says) == NULL ||
            report.laws[corruption->law].verdict != AUDIT_broken) {
            printf("# %s: wanted \"%s\", got \"%s\"\n", corruption->name, corruption->says,
                   ok ? "all holds" : report.first.sentence);
            missed++;
        }
        undo(house, corruption, &pick);
    }
    bool holds = house_audit(house, &report);
    if (!holds) {
        printf("# after all was put back: %s\n", report.first.sentence);
    }
    assert(holds);
    return missed;
}
