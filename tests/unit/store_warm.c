/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that the sqlite store has in memory: what leaves, what stays, and what is brought in after opening. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os_clock.h"
#include "store/cache.h"
#include "store/slabs.h"
#include "store_prefix.h"

/* ---- the cache alone, beside a file that is an array ---- */

enum { MODEL_KEYS = 3000, MODEL_STEPS = 300000, MODEL_SEEDS = 12, PIECE_KEYS = 50, IMAGE_SIZE = 90 };

struct model {
    struct cache *cache;
    atomic_uint_least64_t written;
    uint64_t batch;
    /* Versions; 0: there is no such row. */
    uint64_t now[MODEL_KEYS], changed[MODEL_KEYS], file[MODEL_KEYS];
    /* Warming: the next piece, which was read when the file held the batches up to `snapshot_written`. */
    uint64_t piece[PIECE_KEYS], snapshot_written;
    size_t next;
    bool has_piece, over, whole;
    uint64_t random, read_from_file;
    uint32_t others; /* rows of another table */
};

struct model_key {
    uint8_t bytes[4];
};

static struct model_key key_of(size_t number)
{
    return (struct model_key){ { 1, 0, (uint8_t)(number >> 8), (uint8_t)number } };
}

static struct span span_of_key(const struct model_key *key)
{
    return (struct span){ (const char *)key->bytes, sizeof(key->bytes) };
}

static uint64_t draw(struct model *model, uint64_t below)
{
    model->random += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(model->random) % below;
}

static struct span image_of(uint64_t version, uint64_t image[IMAGE_SIZE / 8])
{
    for (size_t i = 0; i < IMAGE_SIZE / 8; i++) {
        image[i] = version + i;
    }
    return (struct span){ (const char *)image, version == 0 ? 0 : IMAGE_SIZE / 8 * 8 };
}

static void model_put(struct model *model, size_t number, uint64_t version, uint64_t batch)
{
    uint64_t image[IMAGE_SIZE / 8];
    struct model_key key = key_of(number);
    struct span bytes = span_of_key(&key);
    cache_put(model->cache, 1, bytes, hash_bytes(bytes.bytes, bytes.size), version != 0,
              image_of(version, image), batch);
}

/* As the deciding thread asks: the cache, what must be absent, the file. It must always be what is true now. */
static void model_ask(struct model *model, size_t number)
{
    struct model_key key = key_of(number);
    struct span bytes = span_of_key(&key);
    struct cached cached;
    if (cache_find(model->cache, 1, bytes, hash_bytes(bytes.bytes, bytes.size), &cached)) {
        uint64_t version = 0;
        if (cached.exists) {
            memcpy(&version, cached.image.bytes, sizeof(version));
        }
        assert_int_equal(model->now[number], version);
    } else if (cache_above_ceiling(model->cache, 1, bytes)) {
        assert_int_equal(0, model->now[number]);
    } else {
        assert_in_range(model->changed[number], 0, atomic_load(&model->written));
        assert_int_equal(model->now[number], model->file[number]);
        model_put(model, number, model->file[number], 0);
        model->read_from_file++;
    }
}

static void model_change(struct model *model, size_t number)
{
    model_ask(model, number);
    model->batch++;
    model->now[number] = draw(model, 8) == 0 ? 0 : model->batch;
    model->changed[number] = model->batch;
    model_put(model, number, model->now[number], model->batch);
}

/* Rows of another table come from the file, and take the room. */
static void model_push(struct model *model)
{
    uint64_t image[IMAGE_SIZE / 8];
    uint32_t number = ++model->others;
    struct span key = { (const char *)&number, sizeof(number) };
    cache_put(model->cache, 2, key, hash_bytes(&number, sizeof(number)), true, image_of(1, image), 0);
}

static void model_write_back(struct model *model)
{
    memcpy(model->file, model->now, sizeof(model->file));
    atomic_store(&model->written, model->batch);
}

static void piece_read(struct model *model)
{
    model->snapshot_written = atomic_load(&model->written);
    memcpy(model->piece, model->file + model->next, sizeof(model->piece));
    model->has_piece = true;
}

static void piece_put(struct model *model)
{
    uint64_t image[IMAGE_SIZE / 8];
    for (size_t i = 0; i < PIECE_KEYS && !model->over; i++) {
        struct model_key key = key_of(model->next + i);
        struct span bytes = span_of_key(&key);
        if (model->piece[i] != 0) {
            model->over = !cache_warm(model->cache, 1, bytes, hash_bytes(bytes.bytes, bytes.size),
                                      image_of(model->piece[i], image), model->snapshot_written);
        }
    }
    model->has_piece = false;
    model->next += PIECE_KEYS;
    if (model->next == MODEL_KEYS && !model->over) {
        cache_warmed(model->cache, 1);
        model->over = model->whole = true;
    }
}

static void model_warm(struct model *model)
{
    if (!model->over) {
        (model->has_piece ? piece_put : piece_read)(model);
    }
}

/* A file with rows, and a cache that was just opened on it. */
static void model_open(struct model *model, uint64_t seed, int64_t cache_bytes)
{
    *model = (struct model){ .random = seed, .batch = 1 };
    size_t largest = 0;
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        model->now[i] = draw(model, 3) == 0 ? 0 : 1;
        largest = model->now[i] != 0 ? i : largest;
    }
    model_write_back(model);
    model->cache = cache_open(cache_bytes, &model->written);
    struct model_key key = key_of(largest);
    cache_ceiling_raise(model->cache, 1, span_of_key(&key));
}

static void what_the_cache_says_is_so_while_it_is_warmed(void **state)
{
    static struct model model; /* large */
    unsigned whole = 0, cut_short = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= MODEL_SEEDS; seed++) {
        /* From where nearly nothing fits to where all does. */
        model_open(&model, seed, (int64_t)seed * 96 << 10);
        for (size_t step = 0; step < MODEL_STEPS; step++) {
            uint64_t what = draw(&model, 400);
            size_t number = (size_t)draw(&model, MODEL_KEYS);
            if (what < 4) {
                model_warm(&model);
            } else if (what < 6) {
                model_write_back(&model);
            } else if (what < 40) {
                model_change(&model, number);
            } else if (what < 80 && model.over) {
                model_push(&model);
            } else {
                model_ask(&model, number);
            }
        }
        whole += model.whole;
        cut_short += !model.whole;
        cache_close(model.cache);
    }
    assert_int_not_equal(0, whole);
    assert_int_not_equal(0, cut_short);
}

static void nothing_is_looked_up_in_a_table_that_was_warmed(void **state)
{
    static struct model model; /* large */
    (void)state;
    model_open(&model, 77, 8 << 20);
    while (!model.over) {
        model_warm(&model);
    }
    assert_true(model.whole);
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        model_ask(&model, i);
    }
    assert_int_equal(0, model.read_from_file); /* not even for rows that do not exist */
    cache_close(model.cache);
}

static void a_snapshot_of_before_is_not_put_over_what_left(void **state)
{
    static struct model model; /* large */
    (void)state;
    model_open(&model, 5, 2 * 32768);
    piece_read(&model);
    for (size_t i = 0; i < PIECE_KEYS; i++) { /* all that was read is changed … */
        model_change(&model, i);
    }
    model_write_back(&model);
    for (size_t i = PIECE_KEYS; i < MODEL_KEYS; i++) { /* … written back, and pushed out again */
        model_ask(&model, i);
    }
    piece_put(&model);
    assert_true(model.over);
    for (size_t i = 0; i < PIECE_KEYS; i++) {
        model_ask(&model, i);
    }
    cache_close(model.cache);
}

static void history_does_not_push_out_what_it_is_written_for(void **state)
{
    enum { ACCOUNTS = 4000, HISTORY = 400000 };
    atomic_uint_least64_t written = 0;
    struct cache *cache = cache_open(2 << 20, &written);
    uint64_t image[IMAGE_SIZE / 8];
    struct span bytes = image_of(1, image);
    struct cached cached;
    (void)state;
    for (uint32_t i = 0; i < ACCOUNTS; i++) { /* about a third of the cache */
        struct span key = { (const char *)&i, sizeof(i) };
        cache_put(cache, 1, key, hash_bytes(&i, sizeof(i)), true, bytes, 0);
    }
    for (uint32_t i = 0; i < HISTORY; i++) {
        struct span key = { (const char *)&i, sizeof(i) };
        atomic_store(&written, i);
        cache_put(cache, 2, key, hash_bytes(&i, sizeof(i)), true, bytes, i + 1);
    }
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        struct span key = { (const char *)&i, sizeof(i) };
        assert_true(cache_find(cache, 1, key, hash_bytes(&i, sizeof(i)), &cached));
    }
    uint64_t rows, size;
    cache_counts(cache, &rows, &size);
    assert_in_range(size, 1 << 20, 3 << 20);
    cache_close(cache);
}

static void the_machine_has_memory(void **state)
{
    (void)state;
    assert_in_range(memory_bytes(), 1 << 20, (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
}

/* A machine with much, and a large file. */
static void more_memory_than_can_be_named_is_not_taken(void **state)
{
    atomic_uint_least64_t written = 0;
    uint64_t number = 7, rows, bytes;
    struct span key = { (const char *)&number, sizeof(number) };
    struct cached cached;
    (void)state;
    struct cache *cache = cache_open(4 * CACHE_BYTES_MOST, &written);
    cache_put(cache, 1, key, hash_bytes(&number, sizeof(number)), true, key, 0);
    assert_true(cache_find(cache, 1, key, hash_bytes(&number, sizeof(number)), &cached));
    cache_counts(cache, &rows, &bytes);
    assert_int_equal(1, rows);
    assert_in_range(bytes, 1, (uint64_t)CACHE_BYTES_MOST / 8 + (1 << 20));
    cache_close(cache);
}

/* ---- the store ---- */

enum { ROWS = 20000, ROWS_KEPT_AT_ONCE = 1000 };

/* Every second thing. */
static void file_fill(const struct folder *folder)
{
    struct store *store = open_or_fail(folder, NULL);
    struct outcomes outcomes;
    struct draft draft;
    uint64_t kept = 0;
    outcomes_init(&outcomes);
    draft_init(&draft, ROWS_KEPT_AT_ONCE);
    for (int64_t key = 0; key < ROWS;) {
        draft.count = 0;
        for (; draft.count < ROWS_KEPT_AT_ONCE; key++) {
            draft_add(&draft, 0, key * 2, 1);
        }
        assert_int_equal(STATUS_ok, draft_keep(store, &draft, &outcomes, kept++));
        outcomes_wait(&outcomes, kept);
    }
    store->ops->close(store);
    draft_release(&draft);
}

/* The thread that warms comes to its end whatever else happens: it reads so many rows, or has no more room. */
static void warmed_wait(struct store *store)
{
    while (store_sqlite_warming(store)) {
        os_sleep_us(1000);
    }
}

static uint64_t rows_loaded(struct store *store)
{
    struct store_counts counts;
    store->ops->counts(store, &counts);
    return counts.rows_loaded;
}

static void rows_are_in_memory_soon_after_opening(void **state)
{
    struct folder folder;
    struct sqlite_settings settings = { .warm = fixture_tables, .cache_bytes = 64 << 20 };
    (void)state;
    folder_make(&folder);
    file_fill(&folder);
    struct store *store = open_or_fail(&folder, &settings);
    warmed_wait(store);
    for (int64_t key = 0; key < ROWS * 2; key++) {
        assert_int_equal(key % 2 == 0, version_read(store, 0, key));
    }
    assert_int_equal(0, rows_loaded(store));
    store->ops->close(store);
    /* Without it they are looked up, all that might be there. */
    settings.warm = NULL;
    store = open_or_fail(&folder, &settings);
    assert_false(store_sqlite_warming(store));
    for (int64_t key = 0; key < ROWS * 2 - 1; key++) {
        assert_int_equal(key % 2 == 0, version_read(store, 0, key));
    }
    assert_int_equal(ROWS * 2 - 1, rows_loaded(store));
    store->ops->close(store);
    folder_remove(&folder);
}

/* Little memory: rows leave while others are brought in. */
static void rows_change_while_they_are_brought_in(void **state)
{
    struct folder folder;
    struct sqlite_settings settings = small_settings();
    struct outcomes outcomes;
    struct draft draft;
    (void)state;
    folder_make(&folder);
    file_fill(&folder);
    for (int64_t round = 0; round < 6; round++) {
        settings.cache_bytes = (int64_t)1 << (18 + 2 * (round % 3));
        settings.warm = fixture_tables;
        struct store *store = open_or_fail(&folder, &settings);
        uint64_t kept = 0;
        outcomes_init(&outcomes);
        draft_init(&draft, ROWS_KEPT_AT_ONCE);
        for (int64_t key = round; key + 7 * ROWS_KEPT_AT_ONCE < ROWS * 2; key += 5 * ROWS_KEPT_AT_ONCE) {
            draft.count = 0;
            for (int64_t i = 0; i < ROWS_KEPT_AT_ONCE; i++) {
                int64_t version = version_read(store, 0, key + i * 7);
                draft_add(&draft, 0, key + i * 7, version + 1);
            }
            assert_int_equal(STATUS_ok, draft_keep(store, &draft, &outcomes, kept++));
        }
        outcomes_wait(&outcomes, kept);
        if (round % 2 == 0) { /* otherwise it is closed while it is at it */
            warmed_wait(store);
        }
        store->ops->close(store);
        draft_release(&draft);
    }
    /* What was read each time was what had been written: the versions say how often each row was. */
    int64_t versions[ROWS * 2] = { 0 };
    for (int64_t i = 0; i < ROWS; i++) {
        versions[i * 2] = 1;
    }
    for (int64_t round = 0; round < 6; round++) {
        for (int64_t key = round; key + 7 * ROWS_KEPT_AT_ONCE < ROWS * 2; key += 5 * ROWS_KEPT_AT_ONCE) {
            for (int64_t i = 0; i < ROWS_KEPT_AT_ONCE; i++) {
                versions[key + i * 7]++;
            }
        }
    }
    struct store *store = open_or_fail(&folder, NULL);
    for (int64_t key = 0; key < ROWS * 2; key++) {
        assert_int_equal(versions[key], version_read(store, 0, key));
    }
    store->ops->close(store);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_cache_says_is_so_while_it_is_warmed),
        cmocka_unit_test(nothing_is_looked_up_in_a_table_that_was_warmed),
        cmocka_unit_test(a_snapshot_of_before_is_not_put_over_what_left),
        cmocka_unit_test(history_does_not_push_out_what_it_is_written_for),
        cmocka_unit_test(the_machine_has_memory),
        cmocka_unit_test(more_memory_than_can_be_named_is_not_taken),
        cmocka_unit_test(rows_are_in_memory_soon_after_opening),
        cmocka_unit_test(rows_change_while_they_are_brought_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
