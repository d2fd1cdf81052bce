/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every read of the product on both engines: the same rows lie in an SQLite file and in databases of PostgreSQL
 * with one partition and with several, and each list and report is asked with every combination of callers, requests
 * and page sizes that the rows give sense to. What is answered must be the same to the byte, pages and cursors
 * included. A read with a parameter that this file knows no values for fails, so that new ones are compared too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/civil.h"
#include "doors/alipay/bill_internal.h"
#include "engine/read.h"
#include "store/postgres_store.h"
#include "support/cluster.h"
#include "support/day.h"
#include "read_values.h"

#define PARTITIONS 5
#define ANSWERS_SIZE (8 << 20)
#define ELEMENT_SIZE_MAX 65536
#define VALUES_MAX 96
#define PAGES_MAX 200
#define MANY 9000 /* rows: more than two pieces of a scan */
#define MANY_FIRST 1000000

enum place_kind {
    PLACE_sqlite,
    PLACE_postgres,
    PLACE_partitions,
    PLACE_COUNT,
};

struct stage {
    char folder[64], file[128];
    struct cluster *cluster;
    char places[PLACE_COUNT][CLUSTER_PLACE_SIZE];
    struct reader *readers[PLACE_COUNT];
    int64_t trades[VALUES_MAX];
    size_t trade_count;
    int64_t now_us;
};

/* ---- the rows ---- */

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
}

/* What the day lacks: names of every kind, tokens that go back to revoked ones, shops without anything. */
static void more_make(struct house *house)
{
    struct merchant_create merchant = { .merchant_id = 2, .name = "七鲜 \"O'Brien\" \\x41 ? $1" };
    must(house_call(house, house_operator, &merchant_create, &merchant, NULL));
    for (int64_t id = 3; id <= 5; id++) {
        struct shop_create shop = { .shop_id = id, .merchant_id = id == 5 ? 1 : 2 };
        shop.zone_minutes = id == 3 ? -300 : 480;
        snprintf(shop.name, sizeof(shop.name), "%s", id == 3 ? "阿里中心店" : "Z'%_ shop");
        must(house_call(house, house_operator, &shop_create, &shop, NULL));
    }
    for (int64_t id = 1; id <= 7; id++) {
        struct token_row row = { .token_id = 900 + id,
                                 .caller_kind = id == 6 ? CALLER_shopper : CALLER_shop,
                                 .caller_id = 1,
                                 .state = id == 1 ? TOKEN_revoked : TOKEN_live,
                                 .created_at_us = house->now_us,
                                 .merchant_id = id == 7 ? 2 : 1,
                                 .parent_token_id = id == 1 || id == 5 ? 0 : 900 + id - 1 };
        snprintf(row.name, sizeof(row.name), "token %d", (int)id);
        house_row_put(house, &token_table, &row, true);
    }
    for (int i = 0; i < 8; i++) { /* a page of 3 is not enough, and text is ordered by its bytes */
        static const char *const numbers[] = { "a", "B", "ä", "_", "A1", "a1", "中", "" };
        struct trade_create create = { .shop_id = 3, .amount_minor = 100 + i };
        snprintf(create.out_trade_no, sizeof(create.out_trade_no), "%s%d", numbers[i], i % 3);
        struct trade_row created;
        house->now_us += 1000;
        must(house_call(house, house_operator, &trade_create, &create, &created));
    }
}

/* Every column as a value of SQL; a list is kept in its packed form. */
static void row_values(const struct table *table, const void *row, uint8_t *lists, struct value *values)
{
    size_t used = 0;
    for (uint32_t i = 0; i < table->shape.column_count; i++) {
        const struct column *column = &table->shape.columns[i];
        if (column->kind == COLUMN_i64 || column->kind == COLUMN_i32) {
            values[i] = VALUE_I64(column_i64(column, row));
        } else if (column->kind == COLUMN_list) {
            struct shape alone = { .columns = column, .column_count = 1 };
            size_t size = shape_pack(&alone, 0, row, lists + used, ROW_SIZE_MAX);
            assert_true(size > 0);
            values[i] = VALUE_TEXT(((struct span){ (const char *)lists + used, size }));
            used += size;
        } else {
            values[i] = VALUE_TEXT(column_bytes(column, row));
        }
    }
}

struct copy {
    PGconn *connection;
    const struct table *table;
    uint32_t partitions;
    char sql[8192];
};

static bool row_copy(void *context, const void *row)
{
    struct copy *copy = context;
    struct value values[VALUES_MAX];
    struct store_error error = { .text = "" };
    static uint8_t lists[4 * ROW_SIZE_MAX];
    uint8_t key[KEY_SIZE_MAX];
    uint32_t count = copy->table->shape.column_count;
    assert_true(count < VALUES_MAX);
    row_values(copy->table, row, lists, values);
    struct span encoded = { (const char *)key, row_key_write(copy->table, row, key) };
    /* Half of the tables by another rule than the store's: readers find each row, first in its own partition. */
    bool rule = copy->table->number % 2 == 0;
    uint32_t other = (uint8_t)encoded.bytes[encoded.size - 1] % copy->partitions;
    values[count] = VALUE_I64(rule ? postgres_partition(copy->table, encoded, copy->partitions) : other);
    enum status status = postgres_ask(copy->connection, copy->sql, values, count + 1, NULL, &error);
    if (status != STATUS_ok) {
        fail_msg("%s: %s", copy->table->shape.name, error.text);
    }
    return true;
}

static void table_copy(struct reader *from, struct copy *copy)
{
    size_t size = (size_t)snprintf(copy->sql, sizeof(copy->sql), "INSERT INTO \"%s\" (", copy->table->shape.name);
    uint32_t count = copy->table->shape.column_count;
    for (uint32_t i = 0; i < count; i++) {
        size += (size_t)snprintf(copy->sql + size, sizeof(copy->sql) - size, "\"%s\", ",
                                 copy->table->shape.columns[i].name);
    }
    size += (size_t)snprintf(copy->sql + size, sizeof(copy->sql) - size, "p, ver) VALUES (");
    for (uint32_t i = 0; i <= count; i++) {
        enum column_kind kind = i < count ? copy->table->shape.columns[i].kind : COLUMN_i64;
        size += (size_t)snprintf(copy->sql + size, sizeof(copy->sql) - size, "$%u%s, ", i + 1,
                                 kind == COLUMN_i64 || kind == COLUMN_i32 ? "::bigint" : "");
    }
    size += (size_t)snprintf(copy->sql + size, sizeof(copy->sql) - size, "1)");
    assert_true(size < sizeof(copy->sql));
    assert_int_equal(from->ops->scan(from, copy->table, (struct span){ NULL, 0 }, row_copy, copy), STATUS_ok);
}

static void database_make(struct stage *stage, enum place_kind kind, uint32_t partitions)
{
    struct store_error error = { .text = "" };
    struct postgres_settings settings = { .partitions = partitions, .indexes = product_indexes };
    struct copy copy = { .partitions = partitions };
    uint32_t made = 0;
    cluster_database(stage->cluster, stage->places[kind]);
    enum status status = postgres_connect(stage->places[kind], "test", &copy.connection, &error);
    if (status == STATUS_ok) {
        status = postgres_schema_prepare(copy.connection, product_tables, &settings, &made, &error);
    }
    if (status != STATUS_ok) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(made, partitions);
    struct reader *from = stage->readers[PLACE_sqlite];
    assert_int_equal(postgres_script(copy.connection, "BEGIN", NULL), STATUS_ok);
    assert_int_equal(from->ops->begin(from), STATUS_ok);
    for (size_t i = 0; product_tables[i] != NULL; i++) {
        copy.table = product_tables[i];
        table_copy(from, &copy);
    }
    from->ops->end(from);
    assert_int_equal(postgres_script(copy.connection, "COMMIT", NULL), STATUS_ok);
    PQfinish(copy.connection);
    status = store_snapshot_open(stage->places[kind], product_tables, &stage->readers[kind], &error);
    if (status != STATUS_ok) {
        fail_msg("%s", error.text);
    }
}

static bool trade_note(void *context, const void *row)
{
    struct stage *stage = context;
    stage->trades[stage->trade_count++] = ((const struct trade_row *)row)->trade_id;
    return stage->trade_count < VALUES_MAX - 1;
}

static int stage_open(void **state)
{
    static struct stage stage = { .folder = "/tmp/onetill-reads-XXXXXX" };
    static struct house house;
    struct store_error error = { .text = "" };
    assert_non_null(mkdtemp(stage.folder));
    snprintf(stage.file, sizeof(stage.file), "%s/till", stage.folder);
    house_open_sqlite(&house, stage.file);
    day_make(&house);
    more_make(&house);
    local_day_deals(&house);
    local_day_vouchers(&house);
    local_day_gives(&house);
    local_day_bookings(&house);
    local_day_meals(&house);
    stage.now_us = house.now_us;
    assert_int_equal(house.store->ops->scan(house.store, &trade_table, (struct span){ NULL, 0 }, trade_note, &stage),
                     STATUS_ok);
    house_close(&house);
    snprintf(stage.places[PLACE_sqlite], CLUSTER_PLACE_SIZE, "%s", stage.file);
    enum status status = store_snapshot_open(stage.file, product_tables, &stage.readers[PLACE_sqlite], &error);
    if (status != STATUS_ok) {
        fail_msg("%s", error.text);
    }
    stage.cluster = cluster_open(NULL);
    database_make(&stage, PLACE_postgres, 1);
    database_make(&stage, PLACE_partitions, PARTITIONS);
    *state = &stage;
    return 0;
}

static int stage_close(void **state)
{
    struct stage *stage = *state;
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        stage->readers[i]->ops->close(stage->readers[i]);
    }
    cluster_close(stage->cluster);
    folder_remove(stage->folder);
    return 0;
}

/* ---- what is answered ---- */

struct answers {
    uint8_t *bytes;
    size_t size;
    uint64_t elements;
};

static void answers_add(struct answers *answers, const void *bytes, size_t size)
{
    assert_true(answers->size + size <= ANSWERS_SIZE);
    if (size > 0) {
        memcpy(answers->bytes + answers->size, bytes, size);
    }
    answers->size += size;
}

struct page {
    struct read_page page; /* first */
    const struct shape *element;
    struct answers *answers;
    int32_t count, limit;
    bool more;
    uint8_t key[READ_KEY_SIZE_MAX];
    size_t key_size;
};

static bool page_emit(struct read_page *handed, const void *element, struct span key)
{
    struct page *page = (struct page *)handed;
    static uint8_t packed[ELEMENT_SIZE_MAX];
    if (page->count == page->limit) {
        page->more = true;
        return false;
    }
    size_t size = shape_pack(page->element, 0, element, packed, sizeof(packed));
    assert_true(size > 0);
    answers_add(page->answers, packed, size);
    answers_add(page->answers, key.bytes, key.size);
    memcpy(page->key, key.bytes, key.size);
    page->key_size = key.size;
    page->count++;
    page->answers->elements++;
    return true;
}

struct asked {
    const struct read *read;
    struct caller caller;
    int32_t limit;
    int64_t now_us;
    _Alignas(16) uint8_t request[1024];
};

/* All pages, each in a snapshot of its own. */
static void ask(struct reader *reader, const struct asked *asked, struct answers *answers)
{
    struct page page = { .page = { .emit = page_emit },
                         .element = asked->read->element,
                         .answers = answers,
                         .limit = asked->limit };
    for (int i = 0; i == 0 || page.more; i++) {
        uint8_t after[READ_KEY_SIZE_MAX];
        struct read_call call = { .reader = reader,
                                  .request = asked->request,
                                  .caller = asked->caller,
                                  .now_us = asked->now_us,
                                  .limit = asked->limit,
                                  .after = { (const char *)after, page.key_size } };
        assert_true(i < PAGES_MAX);
        memcpy(after, page.key, page.key_size);
        page.count = 0;
        page.more = false;
        assert_int_equal(reader->ops->begin(reader), STATUS_ok);
        enum refusal refusal = asked->read->run(&call, &page.page);
        reader->ops->end(reader);
        answers_add(answers, &refusal, sizeof(refusal));
        if (page.page.status != STATUS_ok) {
            fail_msg("%s: status %d: %s", asked->read->name, (int)page.page.status, reader_error(reader));
        }
        page.more = page.more && (asked->read->flags & READ_single) == 0;
    }
}

/* The same to all readers. Returns how many elements there were. */
static uint64_t ask_all(struct stage *stage, const struct asked *asked)
{
    static struct answers answers[PLACE_COUNT];
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        answers[i].bytes = answers[i].bytes != NULL ? answers[i].bytes : malloc(ANSWERS_SIZE);
        answers[i].size = 0;
        answers[i].elements = 0;
        ask(stage->readers[i], asked, &answers[i]);
        if (answers[i].size != answers[0].size || memcmp(answers[i].bytes, answers[0].bytes, answers[0].size) != 0) {
            fail_msg("%s for caller %d/%lld, pages of %d: %llu elements in %zu bytes, sqlite had %llu in %zu",
                     asked->read->name, (int)asked->caller.kind, (long long)asked->caller.id, (int)asked->limit,
                     (unsigned long long)answers[i].elements, answers[i].size,
                     (unsigned long long)answers[0].elements, answers[0].size);
        }
    }
    return answers[0].elements;
}

/* ---- every read with everything ---- */

static size_t parameter_count(const struct stage *stage, const char *name)
{
    if (strcmp(name, "trade_id") == 0) {
        return stage->trade_count + 1;
    }
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        if (strcmp(parameters[i].name, name) == 0) {
            return parameters[i].count;
        }
    }
    fail_msg("no values are known for the parameter %s of a read: add some", name);
    return 0;
}

static int64_t parameter_value(const struct stage *stage, const char *name, size_t at)
{
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        if (strcmp(parameters[i].name, name) == 0) {
            return parameters[i].values[at];
        }
    }
    return at < stage->trade_count ? stage->trades[at] : 5;
}

/* Sets the request to its combination number `at`; false: there are no more. */
static bool request_set(const struct stage *stage, const struct shape *shape, size_t at, void *request)
{
    memset(request, 0, shape->size);
    for (uint32_t i = 0; i < shape->column_count; i++) {
        const char *name = shape->columns[i].name;
        size_t count = parameter_count(stage, name);
        column_set_i64(&shape->columns[i], request, parameter_value(stage, name, at % count));
        at /= count;
    }
    return at == 0;
}

static uint64_t read_ask(struct stage *stage, const struct read *read)
{
    static const struct caller callers[] = {
        { .kind = CALLER_operator },
        { .kind = CALLER_merchant, .id = 1 },
        { .kind = CALLER_merchant, .id = 2 },
        { .kind = CALLER_shop, .id = 1 },
        { .kind = CALLER_shop, .id = 3 },
        { .kind = CALLER_terminal, .id = 1 },
        { .kind = CALLER_terminal, .id = 7 },
        { .kind = CALLER_shopper, .id = 1 },
    };
    static const int32_t limits[] = { 100, 1, 3 };
    struct asked asked = { .read = read, .now_us = stage->now_us };
    uint64_t elements = 0;
    assert_true(read->request->size <= sizeof(asked.request));
    for (size_t at = 0; request_set(stage, read->request, at, asked.request); at++) {
        for (size_t i = 0; i < COUNT_OF(callers); i++) {
            asked.caller = callers[i];
            asked.limit = limits[0];
            elements += ask_all(stage, &asked);
        }
        asked.caller = callers[0];
        for (size_t i = 1; i < COUNT_OF(limits); i++) {
            asked.limit = limits[i];
            elements += ask_all(stage, &asked);
        }
        asked.now_us += 400 * US_PER_DAY; /* by then all trades are finished */
        elements += ask_all(stage, &asked);
        asked.now_us = stage->now_us;
    }
    return elements;
}

static void every_read_answers_the_same(void **state)
{
    struct stage *stage = *state;
    for (size_t i = 0; product_reads[i] != NULL; i++) {
        uint64_t elements = read_ask(stage, product_reads[i]);
        print_message("# %s: %llu elements\n", product_reads[i]->name, (unsigned long long)elements);
        if (elements == 0) {
            fail_msg("%s: the rows give it nothing to say, so nothing was compared", product_reads[i]->name);
        }
    }
}

/* ---- bills, which are made of reads and of queries of their own ---- */

static void bills_are_the_same(void **state)
{
    struct stage *stage = *state;
    static struct bill_sheet sheets[PLACE_COUNT];
    size_t rows = 0;
    for (int64_t at = 0; at < 8; at++) { /* of two merchants, of both kinds, of a day and of a month */
        struct bill_sheet wanted = { .kind = at % 2 == 0 ? BILL_trade : BILL_account,
                                     .format = BILL_csv_utf8,
                                     .merchant_id = 1 + at / 2 % 2,
                                     .period = { .first_day = civil_day_of_yyyymmdd(20141212),
                                                 .day_count = at < 4 ? 1 : 20 },
                                     .now_us = stage->now_us };
        for (size_t i = 0; i < PLACE_COUNT; i++) {
            struct bill_sheet *sheet = &sheets[i];
            int64_t created_at_us = 0;
            bool any = false;
            *sheet = wanted;
            assert_true(bill_sheet_begin(sheet));
            assert_int_equal(bill_rows_read(stage->readers[i], sheet), STATUS_ok);
            assert_true(bill_sheet_end(sheet));
            assert_int_equal(bill_rows_look(stage->readers[i], sheet->kind, sheet->merchant_id, &sheet->period, &any,
                                            &created_at_us),
                             STATUS_ok);
            assert_int_equal(any, sheet->row_count > 0);
            assert_true(created_at_us > 0);
            assert_int_equal(sheet->row_count, sheets[0].row_count);
            assert_int_equal(sheet->rows.size, sheets[0].rows.size);
            assert_memory_equal(sheet->rows.bytes, sheets[0].rows.bytes, sheets[0].rows.size);
            assert_int_equal(sheet->summary.size, sheets[0].summary.size);
            assert_memory_equal(sheet->summary.bytes, sheets[0].summary.bytes, sheets[0].summary.size);
        }
        rows += sheets[0].row_count;
        for (size_t i = 0; i < PLACE_COUNT; i++) {
            bill_sheet_release(&sheets[i]);
        }
    }
    assert_true(rows > 20);
}

/* ---- scans ---- */

struct gathered {
    const struct table *table;
    uint8_t *bytes;
    size_t count, most;
};

static bool gather(void *context, const void *row)
{
    struct gathered *gathered = context;
    memcpy(gathered->bytes + gathered->count++ * gathered->table->shape.size, row, gathered->table->shape.size);
    return gathered->count < gathered->most;
}

static void every_table_is_scanned_alike(void **state)
{
    struct stage *stage = *state;
    struct gathered sides[2] = { { .bytes = malloc(1 << 20) }, { .bytes = malloc(1 << 20) } };
    for (size_t t = 0; product_tables[t] != NULL; t++) {
        const struct table *table = product_tables[t];
        uint8_t key[KEY_SIZE_MAX];
        size_t key_size = 0;
        for (size_t from = 0; from < 40; from++) { /* from each of the first rows on, two rows or all */
            for (enum place_kind kind = PLACE_sqlite; kind < PLACE_COUNT; kind++) {
                struct reader *reader = stage->readers[kind];
                struct gathered *side = &sides[kind == PLACE_sqlite ? 0 : 1];
                side->table = table;
                side->count = 0;
                side->most = from % 2 == 0 ? 300 : 2;
                assert_int_equal(reader->ops->begin(reader), STATUS_ok);
                enum status status =
                    reader->ops->scan(reader, table, (struct span){ (const char *)key, key_size }, gather, side);
                reader->ops->end(reader);
                if (status != STATUS_ok || side->count != sides[0].count ||
                    memcmp(side->bytes, sides[0].bytes, side->count * table->shape.size) != 0) {
                    fail_msg("table %s from row %zu: %zu rows, sqlite had %zu; %s", table->shape.name, from,
                             side->count, sides[0].count, reader_error(reader));
                }
            }
            if (sides[0].count < 2) {
                break;
            }
            key_size = row_key_write(table, sides[0].bytes + table->shape.size, key);
            if (from % 3 == 2) {
                key[key_size - 1] ^= 1; /* a key beside it, which is there or not */
                key_size = table->shape.columns[table->key_count - 1].kind == COLUMN_text ? 0 : key_size;
            }
        }
    }
    free(sides[0].bytes);
    free(sides[1].bytes);
}

struct counted {
    int64_t next;
    size_t count, most;
};

static bool count_on(void *context, const void *row)
{
    struct counted *counted = context;
    if (((const struct outbox_row *)row)->delivery_id >= MANY_FIRST + MANY) {
        return false; /* those of the day */
    }
    assert_int_equal(((const struct outbox_row *)row)->delivery_id, counted->next);
    counted->next++;
    return ++counted->count < counted->most;
}

/* A long table comes in pieces: none is lost or doubled where they meet, and one may stop anywhere. */
static void a_long_table_comes_whole(void **state)
{
    struct stage *stage = *state;
    static const size_t ends[] = { 1, 2, 100, 101, 102, 4000, 4001, 4100, 4101, 4102, 8000, 8001, 8101, 8102, MANY };
    char sql[160];
    snprintf(sql, sizeof(sql), "INSERT INTO outbox (p, delivery_id, ver) SELECT g %% %d, 1000000 + g, 1 FROM "
             "generate_series(0, %d) g", PARTITIONS, MANY - 1);
    cluster_run(stage->cluster, stage->places[PLACE_partitions], sql);
    snprintf(sql, sizeof(sql), "INSERT INTO outbox (p, delivery_id, ver) SELECT 0, 1000000 + g, 1 FROM "
             "generate_series(0, %d) g", MANY - 1);
    cluster_run(stage->cluster, stage->places[PLACE_postgres], sql);
    for (enum place_kind kind = PLACE_postgres; kind < PLACE_COUNT; kind++) {
        struct reader *reader = stage->readers[kind];
        assert_int_equal(reader->ops->begin(reader), STATUS_ok);
        for (size_t i = 0; i < COUNT_OF(ends); i++) {
            for (int64_t from = 0; from < 2; from++) {
                struct outbox_row first = { .delivery_id = MANY_FIRST + from };
                struct counted counted = { .next = first.delivery_id, .most = ends[i] };
                uint8_t key[KEY_SIZE_MAX];
                struct span encoded = { (const char *)key, row_key_write(&outbox_table, &first, key) };
                assert_int_equal(reader->ops->scan(reader, &outbox_table, encoded, count_on, &counted), STATUS_ok);
                assert_int_equal(counted.count, min_i64((int64_t)ends[i], MANY - from));
            }
        }
        reader->ops->end(reader);
        cluster_run(stage->cluster, stage->places[kind],
                    "DELETE FROM outbox WHERE delivery_id BETWEEN 1000000 AND 1008999");
    }
}

/* ---- queries ---- */

static bool value_note(void *context, const struct value *values, size_t count)
{
    struct answers *answers = context;
    for (size_t i = 0; i < count; i++) {
        answers_add(answers, &values[i].kind, sizeof(values[i].kind));
        if (values[i].kind == VALUE_i64) {
            answers_add(answers, &values[i].i64, sizeof(values[i].i64));
        } else if (values[i].kind == VALUE_bytes) {
            answers_add(answers, &values[i].bytes.size, sizeof(values[i].bytes.size));
            answers_add(answers, values[i].bytes.bytes, values[i].bytes.size);
        }
    }
    answers->elements++;
    return true;
}

static const struct {
    const char *sql;
    size_t rows;
    const char *text; /* bound first; or NULL */
    int64_t numbers[2];
    size_t bind_count;
} queries[] = {
    { .sql = "SELECT count(*), sum(list_minor), min(trade_id) > 0 FROM trades", .rows = 0 },
    { .sql = "SELECT sum(list_minor * 1000) FROM trades WHERE shop_id = 99", .rows = 1 }, /* a null */
    { .sql = "SELECT shop_id, sum(list_minor), max(out_trade_no) FROM trades GROUP BY shop_id ORDER BY 1", .rows = 3 },
    { .sql = "SELECT 7 / 2, -7 / 2, -7 % 3, 0, 'it''s ?', NULL", .rows = 1 },
    { .sql = "SELECT out_trade_no FROM trades ORDER BY out_trade_no, trade_id", .rows = 0 },
    { .sql = "SELECT out_trade_no FROM trades WHERE out_trade_no >= ? ORDER BY out_trade_no", .rows = 0,
      .text = "a", .bind_count = 1 },
    { .sql = "SELECT name FROM merchants WHERE name = ?", .rows = 1,
      .text = "七鲜 \"O'Brien\" \\x41 ? $1", .bind_count = 1 },
    { .sql = "SELECT t.name, m.name FROM shops AS t JOIN merchants m ON m.merchant_id = t.merchant_id "
             "WHERE t.shop_id > ? ORDER BY t.shop_id LIMIT ?", .rows = 3,
      .numbers = { 1, 3 }, .bind_count = 2 },
    { .sql = "SELECT s.shop_id FROM shops s LEFT JOIN shop_days ON shop_days.shop_id = s.shop_id AND "
             "shop_days.day = ? WHERE shop_days.shop_id IS NULL ORDER BY s.shop_id", .rows = 0,
      .numbers = { 20141212 }, .bind_count = 1 },
    { .sql = "SELECT caller_id, discounts FROM (SELECT shop_id AS caller_id, discounts, trade_id FROM trades) x "
             "ORDER BY trade_id", .rows = 0 },
    { .sql = "SELECT CASE WHEN EXISTS (SELECT 1 FROM trades\nWHERE shop_id = 1) THEN 5 ELSE 6 END", .rows = 1 },
};

static void queries_mean_the_same(void **state)
{
    struct stage *stage = *state;
    static struct answers answers[PLACE_COUNT];
    for (size_t q = 0; q < COUNT_OF(queries); q++) {
        struct value binds[2] = { VALUE_I64(queries[q].numbers[0]), VALUE_I64(queries[q].numbers[1]) };
        if (queries[q].text != NULL) {
            binds[0] = VALUE_TEXT(span_of(queries[q].text));
        }
        for (size_t i = 0; i < PLACE_COUNT; i++) {
            struct reader *reader = stage->readers[i];
            answers[i].bytes = answers[i].bytes != NULL ? answers[i].bytes : malloc(ANSWERS_SIZE);
            answers[i].size = 0;
            answers[i].elements = 0;
            assert_int_equal(reader->ops->begin(reader), STATUS_ok);
            enum status status =
                reader->ops->query(reader, queries[q].sql, binds, queries[q].bind_count, value_note, &answers[i]);
            reader->ops->end(reader);
            if (status != STATUS_ok || answers[i].size != answers[0].size ||
                memcmp(answers[i].bytes, answers[0].bytes, answers[0].size) != 0) {
                fail_msg("%s: status %d, %llu rows, sqlite had %llu; %s", queries[q].sql, (int)status,
                         (unsigned long long)answers[i].elements, (unsigned long long)answers[0].elements,
                         reader_error(reader));
            }
        }
        assert_true(answers[0].elements > 0);
        assert_true(queries[q].rows == 0 || answers[0].elements == queries[q].rows);
    }
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        free(answers[i].bytes);
        answers[i].bytes = NULL;
    }
}

static void queries_that_make_no_sense_are_refused(void **state)
{
    struct stage *stage = *state;
    static struct answers answers;
    static const char *const senseless[] = { "SELECT nothing FROM trades", "SELECT FROM WHERE",
                                             "SELECT 1 FROM nowhere", "SELECT shop_id FROM shops WHERE shop_id = ?" };
    answers.bytes = malloc(ANSWERS_SIZE);
    for (size_t q = 0; q < COUNT_OF(senseless); q++) {
        for (size_t i = 0; i < PLACE_COUNT; i++) {
            struct reader *reader = stage->readers[i];
            assert_int_equal(reader->ops->begin(reader), STATUS_ok);
            assert_int_equal(reader->ops->query(reader, senseless[q], NULL, 0, value_note, &answers), STATUS_bad_input);
            assert_true(reader_error(reader)[0] != '\0');
            reader->ops->end(reader);
        }
    }
    for (size_t i = 0; i < PLACE_COUNT; i++) { /* and they are as good as before */
        struct reader *reader = stage->readers[i];
        assert_int_equal(reader->ops->begin(reader), STATUS_ok);
        assert_int_equal(reader->ops->query(reader, "SELECT 1 FROM shops", NULL, 0, value_note, &answers), STATUS_ok);
        reader->ops->end(reader);
    }
    free(answers.bytes);
}

/* ---- snapshots, and connections that are lost ---- */

static bool number_note(void *context, const struct value *values, size_t count)
{
    assert_int_equal(count, 1);
    *(int64_t *)context = values[0].i64;
    return true;
}

static int64_t shops_count(struct reader *reader)
{
    int64_t number = -1;
    assert_int_equal(reader->ops->query(reader, "SELECT count(*) FROM shops", NULL, 0, number_note, &number),
                     STATUS_ok);
    return number;
}

static void a_snapshot_stands_still(void **state)
{
    struct stage *stage = *state;
    struct reader *reader = stage->readers[PLACE_postgres];
    const char *place = stage->places[PLACE_postgres];
    assert_int_equal(reader->ops->begin(reader), STATUS_ok);
    cluster_run(stage->cluster, place,
                "INSERT INTO shops (p, shop_id, merchant_id, ver) VALUES (0, 500, 1, 1)"); /* before anything is read */
    int64_t before = shops_count(reader);
    assert_int_equal(shops_count(reader), before);
    reader->ops->end(reader);
    assert_int_equal(reader->ops->begin(reader), STATUS_ok);
    assert_int_equal(shops_count(reader), before + 1);
    reader->ops->end(reader);
    cluster_run(stage->cluster, place, "DELETE FROM shops WHERE shop_id = 500");
}

static void a_lost_connection_is_made_anew(void **state)
{
    struct stage *stage = *state;
    struct reader *reader = stage->readers[PLACE_postgres];
    int64_t number = 0;
    assert_int_equal(reader->ops->begin(reader), STATUS_ok);
    assert_true(cluster_terminate(stage->cluster, stage->places[PLACE_postgres]) > 0);
    assert_int_equal(reader->ops->query(reader, "SELECT count(*) FROM shops", NULL, 0, number_note, &number),
                     STATUS_away);
    assert_int_equal(reader->ops->query(reader, "SELECT count(*) FROM shops", NULL, 0, number_note, &number),
                     STATUS_away);
    reader->ops->end(reader);
    assert_int_equal(reader->ops->begin(reader), STATUS_ok);
    assert_true(shops_count(reader) > 0);
    reader->ops->end(reader);
    assert_true(cluster_terminate(stage->cluster, stage->places[PLACE_postgres]) > 0); /* between two */
    assert_int_equal(reader->ops->begin(reader), STATUS_ok);
    assert_true(shops_count(reader) > 0);
    reader->ops->end(reader);
}

static void the_audit_says_the_same(void **state)
{
    struct stage *stage = *state;
    static struct audit_report reports[PLACE_COUNT];
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        assert_int_equal(audit_run(stage->readers[i], NULL, &reports[i]), STATUS_ok);
        assert_string_equal(reports[i].first.sentence, reports[0].first.sentence);
        assert_int_equal(reports[i].checks, reports[0].checks);
        assert_int_equal(reports[i].faults, reports[0].faults);
        assert_int_equal(reports[i].transfers, reports[0].transfers);
        assert_int_equal(reports[i].debts_minor, reports[0].debts_minor);
    }
    assert_true(reports[0].transfers > 10);
}

static void a_place_that_is_no_store_is_refused(void **state)
{
    struct stage *stage = *state;
    struct store_error error = { .text = "" };
    struct reader *reader;
    char place[CLUSTER_PLACE_SIZE];
    cluster_database(stage->cluster, place);
    assert_int_equal(store_snapshot_open(place, product_tables, &reader, &error), STATUS_bad_input);
    assert_true(error.text[0] != '\0');
    const char *nowhere = "postgres://ann:secret77@127.0.0.1:1/till";
    assert_int_equal(store_snapshot_open(nowhere, product_tables, &reader, &error), STATUS_fault);
    assert_null(strstr(error.text, "secret77"));
    assert_int_equal(store_snapshot_open("postgres://ann:secret77@[/till", product_tables, &reader, &error),
                     STATUS_bad_input);
    assert_null(strstr(error.text, "secret77"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_read_answers_the_same),
        cmocka_unit_test(bills_are_the_same),
        cmocka_unit_test(every_table_is_scanned_alike),
        cmocka_unit_test(a_long_table_comes_whole),
        cmocka_unit_test(queries_mean_the_same),
        cmocka_unit_test(queries_that_make_no_sense_are_refused),
        cmocka_unit_test(a_snapshot_stands_still),
        cmocka_unit_test(a_lost_connection_is_made_anew),
        cmocka_unit_test(the_audit_says_the_same),
        cmocka_unit_test(a_place_that_is_no_store_is_refused),
    };
    return cmocka_run_group_tests_name("store_reads", tests, stage_open, stage_close);
}
