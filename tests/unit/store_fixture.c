/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"

static const struct column part_columns[] = {
    COLUMN(part_row, amount),
    COLUMN(part_row, kind),
    COLUMN(part_row, label),
};
static const struct shape part_shape = SHAPE("part", part_row, part_columns);

static const struct column thing_columns[] = {
    COLUMN(thing_row, id),     COLUMN(thing_row, version), COLUMN(thing_row, small),
    COLUMN(thing_row, title),  COLUMN(thing_row, mark),    COLUMN_LIST(thing_row, parts, part_shape),
    COLUMN(thing_row, answer),
};
const struct table thing_table = TABLE("things", 1, thing_row, thing_columns, 1);

static const struct column name_columns[] = {
    COLUMN(name_row, shop),
    COLUMN(name_row, name),
    COLUMN(name_row, version),
    COLUMN(name_row, note),
};
const struct table name_table = TABLE("names", 5, name_row, name_columns, 2);

static const struct column mark_columns[] = { COLUMN(mark_row, mark) };
const struct table mark_table = TABLE("marks", 63, mark_row, mark_columns, 1);

const struct table *const fixture_tables[] = { &thing_table, &name_table, &mark_table, NULL };

void row_key_set(union any_row *row, size_t table, int64_t key)
{
    memset(row, 0, sizeof(*row));
    if (table == 0) {
        row->thing.id = key - 50; /* some are negative */
    } else if (table == 1) {
        row->name.shop = (int32_t)(key / 100) - 1;
        snprintf(row->name.name, sizeof(row->name.name), "n%06lld", (long long)key);
    } else {
        for (int i = 0; i < 8; i++) {
            row->mark.mark[i] = (uint8_t)(key >> (8 * (7 - i)));
        }
    }
}

void row_make(union any_row *row, size_t table, int64_t key, int64_t version)
{
    uint64_t dice = hash_mix((uint64_t)key * 1000003 + (uint64_t)version);
    row_key_set(row, table, key);
    if (table == 1) {
        row->name.version = version;
        snprintf(row->name.note, sizeof(row->name.note), "%.*s", (int)(dice % 40),
                 "äöü and a note of varying size, so it moves");
        while (!span_is_text(span_of(row->name.note))) { /* cut inside a letter */
            row->name.note[strlen(row->name.note) - 1] = 0;
        }
        return;
    }
    if (table != 0) {
        return;
    }
    struct thing_row *thing = &row->thing;
    thing->version = version;
    thing->small = (int32_t)dice;
    snprintf(thing->title, sizeof(thing->title), "%.*s", (int)(dice >> 8 & 63),
             "a title that is sometimes short and sometimes rather long, as is");
    memcpy(thing->mark, &dice, 8);
    thing->parts_count = (int32_t)(dice >> 16 & 3) + (version % 7 == 0);
    for (int32_t i = 0; i < thing->parts_count; i++) {
        thing->parts[i] = (struct part_row){ .amount = (int64_t)hash_mix(dice + (uint64_t)i), .kind = i - 1 };
        snprintf(thing->parts[i].label, sizeof(thing->parts[i].label), "p%d", i);
    }
    thing->answer.size = (uint16_t)(version % 11 == 0 ? PACK_SIZE_MAX : dice >> 20 & 63);
    memset(thing->answer.bytes, (int)(dice & 0xFF), thing->answer.size);
}

int64_t row_version(size_t table, int64_t key, const void *row)
{
    union any_row wanted;
    int64_t version = table == 0   ? ((const struct thing_row *)row)->version
                      : table == 1 ? ((const struct name_row *)row)->version
                                   : 1;
    row_make(&wanted, table, key, version);
    assert_memory_equal(&wanted, row, fixture_tables[table]->shape.size);
    return version;
}

void key_make(struct fixture_key *key, size_t table, const void *row)
{
    key->size = row_key_write(fixture_tables[table], row, key->bytes);
    key->hash = row_hash(fixture_tables[table], hash_bytes(key->bytes, key->size));
}

struct span key_span(const struct fixture_key *key)
{
    return (struct span){ (const char *)key->bytes, key->size };
}

void draft_init(struct draft *draft, size_t capacity)
{
    *draft = (struct draft){ .changes = calloc(capacity, sizeof(struct row_change)),
                             .rows = calloc(capacity, sizeof(union any_row)),
                             .keys = calloc(capacity, sizeof(struct fixture_key)) };
    assert_non_null(draft->changes);
    assert_non_null(draft->rows);
    assert_non_null(draft->keys);
}

void draft_release(struct draft *draft)
{
    free(draft->changes);
    free(draft->rows);
    free(draft->keys);
}

void draft_add(struct draft *draft, size_t table, int64_t key, int64_t version)
{
    size_t i = draft->count++;
    row_make(&draft->rows[i], table, key, version);
    key_make(&draft->keys[i], table, &draft->rows[i]);
    draft->changes[i] = (struct row_change){ .table = fixture_tables[table],
                                             .key = key_span(&draft->keys[i]),
                                             .hash = draft->keys[i].hash,
                                             .row = &draft->rows[i],
                                             .exists = version != 0,
                                             .version = VERSION_UNREAD };
}

void outcomes_init(struct outcomes *outcomes)
{
    *outcomes = (struct outcomes){ 0 };
    pthread_mutex_init(&outcomes->lock, NULL);
    pthread_cond_init(&outcomes->wake, NULL);
}

void outcome_done(void *context, enum status status)
{
    struct outcome_ticket *ticket = context;
    struct outcomes *outcomes = ticket->outcomes;
    pthread_mutex_lock(&outcomes->lock);
    outcomes->disordered = outcomes->disordered || ticket->number != outcomes->expected;
    outcomes->expected++;
    if (status == STATUS_ok) {
        outcomes->ok++;
    } else {
        outcomes->failed++;
    }
    pthread_cond_signal(&outcomes->wake);
    pthread_mutex_unlock(&outcomes->lock);
    free(ticket);
}

enum status draft_keep(struct store *store, struct draft *draft, struct outcomes *outcomes, uint64_t number)
{
    struct outcome_ticket *ticket = malloc(sizeof(*ticket));
    assert_non_null(ticket);
    *ticket = (struct outcome_ticket){ outcomes, number };
    static int64_t batches; /* on all stores of this program, so that stamps only grow */
    struct keep keep = {
        draft->changes, draft->count, outcome_done, ticket, .stamp = ++batches * NODES_MAX + store->node
    };
    enum status status = store->ops->keep(store, &keep);
    draft->count = 0;
    if (status != STATUS_ok) {
        free(ticket);
    }
    return status;
}

void outcomes_wait(struct outcomes *outcomes, uint64_t count)
{
    pthread_mutex_lock(&outcomes->lock);
    while (outcomes->ok + outcomes->failed < count) {
        pthread_cond_wait(&outcomes->wake, &outcomes->lock);
    }
    pthread_mutex_unlock(&outcomes->lock);
}

int64_t version_read(struct store *store, size_t table, int64_t key)
{
    union any_row row;
    struct fixture_key encoded;
    row_key_set(&row, table, key);
    key_make(&encoded, table, &row);
    struct row_want want = {
        .table = fixture_tables[table], .key = key_span(&encoded), .hash = encoded.hash, .row = &row
    };
    switch (store->ops->peek(store, &want)) {
    case PEEK_found:
        return row_version(table, key, &row);
    case PEEK_absent:
        return 0;
    case PEEK_unknown:
        break;
    }
    row_key_set(&row, table, key);
    if (store->ops->load(store, &want, 1) != STATUS_ok) {
        return -1;
    }
    return want.exists ? row_version(table, key, &row) : 0;
}

void folder_make(struct folder *folder)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder->path, sizeof(folder->path), "%.40s/onetill-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->file, sizeof(folder->file), "%s/store.db", folder->path);
}

void folder_clear(const struct folder *folder)
{
    static const char *const endings[] = {
        "store.db", "store.db-wal", "store.db-shm", "store.db.journal", "store.db.lock", "store.db-journal",
        "copy.db",  "copy.db-wal",  "copy.db-shm",  "copy.db.journal",  "copy.db.lock"
    };
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        char name[128];
        snprintf(name, sizeof(name), "%s/%s", folder->path, endings[i]);
        unlink(name);
    }
}

void folder_remove(const struct folder *folder)
{
    folder_clear(folder);
    assert_int_equal(0, rmdir(folder->path)); /* nothing else was left behind */
}
