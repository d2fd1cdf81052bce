/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/view.h"

#include <stdlib.h>

#include "base/hash.h"

/* A slot is followed by the row, 16-byte aligned, and the row by the encoded key. */
struct slot {
    const struct table *table;
    uint64_t hash;
    const void *before; /* image before the batch, set at the first change; NULL: it did not exist */
    uint64_t stamp;     /* of the decision that last saved an undo image */
    uint16_t key_size;
    bool exists;
    bool changed;  /* in this batch */
    bool missing;  /* asked for, not fetched yet */
    bool unread;   /* the store was never asked: see view_new */
    uint8_t pad[2];
    int64_t version; /* as the store answered; 0: there was no such row, or the store is not shared */
};

static_assert(sizeof(struct slot) % 16 == 0, "the row behind a slot is aligned");

struct undo {
    struct undo *older;
    struct slot *slot;
    const void *image; /* NULL: it did not exist */
    bool was_changed;
};

/*
 * The index has room for twice the rows and grows with them: most batches are small, and what fits the
 * processor's cache is found several times faster than what does not.
 */
#define INDEX_COUNT_FIRST 4096u
#define INDEX_COUNT_MAX (4u * BATCH_ROWS_MAX)

static void *slot_row(struct slot *slot)
{
    return slot + 1;
}

/* Rows are handed out const and are the view's own: only here is that taken back. */
static struct slot *row_slot(const void *row)
{
    return (struct slot *)((uintptr_t)row - sizeof(struct slot));
}

static uint8_t *slot_key(struct slot *slot)
{
    return (uint8_t *)slot_row(slot) + slot->table->shape.size;
}

void view_init(struct view *view, struct store *store)
{
    *view = (struct view){ .store = store,
                           .index_count = INDEX_COUNT_FIRST,
                           .stamp = 1,
                           .id_before = INT64_MAX };
    arena_init(&view->arena, 1 << 20, BATCH_ARENA_SIZE_MAX);
    view->index = calloc(INDEX_COUNT_MAX, sizeof(view->index[0]));
    view->slots = calloc(BATCH_ROWS_MAX, sizeof(view->slots[0]));
    view->missing = calloc(BATCH_ROWS_MAX, sizeof(view->missing[0]));
    view->missing_slots = calloc(BATCH_ROWS_MAX, sizeof(view->missing_slots[0]));
    assert(view->index != NULL);
    assert(view->slots != NULL);
    assert(view->missing != NULL);
    assert(view->missing_slots != NULL);
}

void view_release(struct view *view)
{
    arena_release(&view->arena);
    free(view->index);
    free(view->slots);
    free(view->missing);
    free(view->missing_slots);
    *view = (struct view){ 0 };
}

static uint32_t index_of(const struct view *view, uint64_t hash)
{
    return (uint32_t)hash & (view->index_count - 1);
}

void view_reset(struct view *view)
{
    for (uint32_t i = 0; i < view->slot_count; i++) {
        uint32_t at = index_of(view, view->slots[i]->hash);
        while (view->index[at] != NULL) { /* clears the whole run; others of it follow the same way */
            view->index[at] = NULL;
            at = (at + 1) & (view->index_count - 1);
        }
    }
    view->slot_count = 0;
    view->index_count = INDEX_COUNT_FIRST;
    view->missing_count = 0;
    view->undo = NULL;
    view->kept = NULL;
    view->version_most = 0;
    arena_rewind(&view->arena);
}

static struct slot *slot_find(struct view *view, const struct table *table, struct span key, uint64_t hash,
                              uint32_t *at)
{
    for (*at = index_of(view, hash); view->index[*at] != NULL; *at = (*at + 1) & (view->index_count - 1)) {
        struct slot *slot = view->index[*at];
        if (slot->hash == hash && slot->table == table && slot->key_size == key.size &&
            memcmp(slot_key(slot), key.bytes, key.size) == 0) {
            return slot;
        }
    }
    return NULL;
}

static void index_put(struct view *view, struct slot *slot)
{
    uint32_t at = index_of(view, slot->hash);
    while (view->index[at] != NULL) {
        at = (at + 1) & (view->index_count - 1);
    }
    view->index[at] = slot;
}

static void index_grow(struct view *view)
{
    memset(view->index, 0, view->index_count * sizeof(view->index[0]));
    view->index_count *= 2;
    assert(view->index_count <= INDEX_COUNT_MAX);
    for (uint32_t i = 0; i < view->slot_count; i++) {
        index_put(view, view->slots[i]);
    }
}

static void miss(struct view *view, struct slot *slot)
{
    assert(view->missing_count < BATCH_ROWS_MAX);
    view->missing[view->missing_count] = (struct row_want){
        .table = slot->table,
        .key = { (const char *)slot_key(slot), slot->key_size },
        .hash = slot->hash,
        .row = slot_row(slot),
    };
    view->missing_slots[view->missing_count++] = slot;
    slot->missing = true;
}

static void version_seen(struct view *view, struct slot *slot, int64_t version)
{
    slot->version = version;
    if (version > view->version_most && (uint32_t)version % NODES_MAX != view->store->node) {
        view->version_most = version;
    }
}

/*
 * Whether the key holds an id that this process has handed out in this batch: nobody can have such a row yet. It must
 * not be asked for: in the next round the id is another, and would be missing again.
 */
static bool slot_is_fresh(const struct view *view, const struct slot *slot)
{
    const struct column *columns = slot->table->shape.columns;
    for (uint32_t i = 0; i < slot->table->key_count; i++) {
        if (columns[i].kind != COLUMN_i64 ||
            (columns[i].form != FORM_id && (columns[i].flags & COLUMN_holds_id) == 0)) {
            continue;
        }
        int64_t id = column_i64(&columns[i], slot + 1);
        if (id > view->id_before && (!view->store->shared || id % NODES_MAX == view->store->node)) {
            return true;
        }
    }
    return false;
}

/* Asks the store what it has at hand; otherwise the row is fetched later. */
static void slot_read(struct view *view, struct slot *slot)
{
    if (slot_is_fresh(view, slot)) {
        return;
    }
    struct row_want want = { .table = slot->table,
                             .key = { (const char *)slot_key(slot), slot->key_size },
                             .hash = slot->hash,
                             .row = slot_row(slot) };
    slot->unread = false;
    switch (view->store->ops->peek(view->store, &want)) {
    case PEEK_found:
        slot->exists = true;
        version_seen(view, slot, want.version);
        break;
    case PEEK_absent:
        break;
    case PEEK_unknown:
        miss(view, slot);
        break;
    }
}

static struct slot *slot_add(struct view *view, const struct table *table, struct span key, uint64_t hash,
                             uint32_t at)
{
    assert(view->slot_count < BATCH_ROWS_MAX);
    struct slot *slot = arena_take(&view->arena, sizeof(*slot) + table->shape.size + key.size);
    slot->table = table;
    slot->hash = hash;
    slot->key_size = (uint16_t)key.size;
    memcpy(slot_key(slot), key.bytes, key.size);
    bool readable = row_key_read(table, key, slot_row(slot));
    assert(readable);
    view->index[at] = slot;
    view->slots[view->slot_count++] = slot;
    slot->unread = true;
    if (view->slot_count * 2 > view->index_count) {
        index_grow(view);
    }
    return slot;
}

static struct slot *slot_of(struct view *view, const struct table *table, const void *key)
{
    uint8_t bytes[KEY_SIZE_MAX];
    struct span encoded = { (const char *)bytes, row_key_write(table, key, bytes) };
    uint64_t hash = row_hash(table, hash_bytes(bytes, encoded.size));
    uint32_t at;
    struct slot *slot = slot_find(view, table, encoded, hash, &at);
    return slot != NULL ? slot : slot_add(view, table, encoded, hash, at);
}

const void *view_ask(struct view *view, const struct table *table, const void *key)
{
    struct slot *slot = slot_of(view, table, key);
    if (slot->unread && !slot->changed) {
        slot_read(view, slot);
    }
    view->missed = view->missed || slot->missing;
    return slot_row(slot);
}

bool row_exists(const void *row)
{
    return row_slot(row)->exists;
}

const void *row_before(const void *row)
{
    return row_slot(row)->before;
}

static void save(struct view *view, struct slot *slot)
{
    if (slot->stamp == view->stamp) {
        return;
    }
    struct undo *undo = arena_take(&view->arena, sizeof(*undo));
    const void *image = slot->exists ? arena_copy(&view->arena, slot_row(slot), slot->table->shape.size) : NULL;
    *undo = (struct undo){ .older = view->undo,
                           .slot = slot,
                           .image = image,
                           .was_changed = slot->changed };
    view->undo = undo;
    slot->stamp = view->stamp;
    if (!slot->changed) {
        slot->before = image;
        slot->changed = true;
    }
}

void *view_change(struct view *view, const void *row)
{
    struct slot *slot = row_slot(row);
    save(view, slot);
    slot->exists = true;
    return slot_row(slot);
}

void *view_new(struct view *view, const struct table *table, const void *key)
{
    struct slot *slot = slot_of(view, table, key);
    view->missed = view->missed || slot->missing;
    return view_change(view, slot_row(slot));
}

/* A row that does not exist is zero but for its key. */
static void slot_empty(struct slot *slot)
{
    memset(slot_row(slot), 0, slot->table->shape.size);
    bool readable = row_key_read(slot->table, (struct span){ (const char *)slot_key(slot), slot->key_size },
                                 slot_row(slot));
    assert(readable);
    slot->exists = false;
}

void view_drop(struct view *view, const void *row)
{
    struct slot *slot = row_slot(row);
    save(view, slot);
    slot_empty(slot);
}

void view_keep(struct view *view)
{
    view->kept = view->undo;
    view->stamp++;
}

void view_begin(struct view *view)
{
    view->undo = NULL;
    view->kept = NULL;
    view->missed = false;
    view->stamp++;
}

bool view_missed(const struct view *view)
{
    return view->missed;
}

bool view_unsure(const struct view *view)
{
    return view->missed || view->store->shared;
}

void view_rewind(struct view *view, bool all)
{
    struct undo *stop = all ? NULL : view->kept;
    while (view->undo != stop) {
        struct undo *undo = view->undo;
        struct slot *slot = undo->slot;
        if (undo->image != NULL) {
            memcpy(slot_row(slot), undo->image, slot->table->shape.size);
            slot->exists = true;
        } else {
            slot_empty(slot);
        }
        slot->changed = undo->was_changed;
        slot->stamp = 0;
        view->undo = undo->older;
    }
}

enum status view_load(struct view *view)
{
    enum status status = view->store->ops->load(view->store, view->missing, view->missing_count);
    if (status != STATUS_ok) {
        return status;
    }
    for (uint32_t i = 0; i < view->missing_count; i++) {
        view->missing_slots[i]->missing = false;
        view->missing_slots[i]->exists = view->missing[i].exists;
        version_seen(view, view->missing_slots[i], view->missing[i].version);
    }
    view->missing_count = 0;
    return STATUS_ok;
}

/* Whether the batch changes the row, and not only for a while. */
static bool slot_changes(const struct slot *slot)
{
    bool known_absent = slot->before == NULL && !slot->unread;
    return slot->changed && (slot->exists || !known_absent);
}

static struct row_change slot_change(struct slot *slot)
{
    return (struct row_change){
        .table = slot->table,
        .key = { (const char *)slot_key(slot), slot->key_size },
        .hash = slot->hash,
        .row = slot_row(slot),
        .exists = slot->exists,
        .version = slot->unread ? VERSION_UNREAD : slot->version,
    };
}

size_t view_changes(struct view *view, struct row_change *changes)
{
    size_t count = 0;
    for (uint32_t i = 0; i < view->slot_count; i++) {
        if (slot_changes(view->slots[i])) {
            changes[count++] = slot_change(view->slots[i]);
        }
    }
    return count;
}

size_t view_reads(struct view *view, struct row_change *reads)
{
    size_t count = 0;
    for (uint32_t i = 0; i < view->slot_count; i++) {
        if (!view->slots[i]->unread && !slot_changes(view->slots[i])) {
            reads[count++] = slot_change(view->slots[i]);
        }
    }
    return count;
}

static bool image_read(const struct table *table, struct span key, struct span image, void *row)
{
    return row_key_read(table, key, row) && (image.size == 0 || row_unpack(table, image, row));
}

const void *row_image(struct arena *arena, const struct table *table, struct span key, struct span before,
                      struct span image)
{
    struct slot *slot = arena_take(arena, sizeof(*slot) + table->shape.size);
    slot->table = table;
    slot->exists = image.size > 0;
    if (before.size > 0) {
        void *row = arena_take(arena, table->shape.size);
        if (!image_read(table, key, before, row)) {
            return NULL;
        }
        slot->before = row;
    }
    return image_read(table, key, image, slot_row(slot)) ? slot_row(slot) : NULL;
}
