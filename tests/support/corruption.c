/* SPDX-License-Identifier: Apache-2.0 */
#include "support/corruption.h"

#include <stdio.h>
#include <stdlib.h>

struct pick {
    const struct corruption *corruption;
    _Alignas(16) uint8_t row[ROW_SIZE_MAX];
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

/* The column that a path names, and the struct that it is a member of. */
static const struct column *column_find(const struct shape *shape, const char *path, uint8_t **row)
{
    struct span rest, name = span_cut(span_of(path), '.', &rest);
    const struct column *column = shape_column(shape, name);
    assert(column != NULL);
    if (column->kind == COLUMN_list) {
        int64_t at;
        bool number = span_to_i64(span_cut(rest, '.', &rest), &at);
        assert(number);
        assert(at < column_count(column, *row));
        *row += column->offset + (size_t)at * column->element->size;
        column = shape_column(column->element, rest);
        assert(column != NULL);
    }
    return column;
}

static void column_spoil(const struct corruption *corruption, const char *path, uint8_t *row)
{
    const struct column *column = column_find(&corruption->table->shape, path, &row);
    if (corruption->deed == FLIP) {
        assert(column->kind == COLUMN_fixed);
        row[column->offset] ^= 1;
    } else {
        int64_t amount = corruption->amount;
        column_set_i64(column, row, amount == -INT64_MAX ? 0 : column_i64(column, row) + amount);
    }
}

static const char *path_of(const struct corruption *corruption)
{
    return corruption->deed == INVENT ? corruption->table->shape.columns[0].name : corruption->column;
}

/* The row as it was is taken out, when it is not to stay beside an invented one, and the spoilt one put in. */
static void spoil(struct house *house, const struct corruption *corruption, struct pick *pick)
{
    _Alignas(16) uint8_t row[ROW_SIZE_MAX];
    *pick = (struct pick){ .corruption = corruption };
    enum status status =
        house->store->ops->scan(house->store, corruption->table, (struct span){ NULL, 0 }, pick_each, pick);
    if (status != STATUS_ok || !pick->found) {
        fprintf(stderr, "%s: there is no such row\n", corruption->name);
        abort();
    }
    memcpy(row, pick->row, sizeof(row));
    if (corruption->deed != INVENT) {
        house_row_put(house, corruption->table, pick->row, false); /* its key may be what changes */
    }
    if (corruption->deed != DROP) {
        column_spoil(corruption, path_of(corruption), row);
        house_row_put(house, corruption->table, row, true);
    }
}

static void mend(struct house *house, const struct corruption *corruption, const struct pick *pick)
{
    _Alignas(16) uint8_t row[ROW_SIZE_MAX];
    memcpy(row, pick->row, sizeof(row));
    if (corruption->deed != DROP) {
        column_spoil(corruption, path_of(corruption), row);
        house_row_put(house, corruption->table, row, false);
    }
    house_row_put(house, corruption->table, pick->row, true);
}

int corruptions_missed(struct house *house, const struct corruption *corruptions, size_t count)
{
    static struct audit_report report;
    int missed = 0;
    for (size_t i = 0; i < count; i++) {
        const struct corruption *corruption = &corruptions[i];
        struct pick pick;
        spoil(house, corruption, &pick);
        bool ok = house_audit(house, &report);
        if (ok || report.first.law != corruption->law || strstr(report.first.sentence, corruption->says) == NULL) {
            printf("# %s: wanted \"%s\" of law %d, got \"%s\" of law %d\n", corruption->name, corruption->says,
                   (int)corruption->law, ok ? "all holds" : report.first.sentence, (int)report.first.law);
            missed++;
        }
        mend(house, corruption, &pick);
    }
    if (!house_audit(house, &report)) {
        printf("# after all was put back: %s\n", report.first.sentence);
        missed++;
    }
    return missed;
}
