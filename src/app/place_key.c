/* SPDX-License-Identifier: Apache-2.0 */
#include "app/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os_random.h"

#define NOTE_NAME "master key"
#define CHECK_LABEL "onetill key check v1"

static void key_make(struct master_key *key)
{
    uint8_t bytes[MASTER_KEY_SIZE];
    os_random(bytes, sizeof(bytes));
    master_key_init(key, bytes);
    explicit_bzero(bytes, sizeof(bytes));
}

/* Compares the key with what the database knows, which learns it when it knows none. */
static bool key_check(struct store *store, const struct master_key *key, bool *same, struct store_error *error)
{
    static struct store_note found; /* large */
    uint8_t check[SHA256_SIZE];
    master_key_derive(key, CHECK_LABEL, check);
    struct span wanted = { (const char *)check, sizeof(check) };
    if (store_postgres_note(store, NOTE_NAME, wanted, &found, error) != STATUS_ok) {
        return false;
    }
    *same = found.size == sizeof(check) && memcmp(found.bytes, check, sizeof(check)) == 0;
    return true;
}

static bool complain(const struct place *place, struct store_error *why, char *error, size_t error_size)
{
    place_cover(place, why->text);
    snprintf(error, error_size, "%s: %s", place->name, why->text);
    return false;
}

static bool database_key(const struct place *place, struct store *store, bool create, struct master_key *key,
                         char *error, size_t error_size)
{
    static struct store_note known; /* large */
    struct store_error why = { .text = "" };
    bool was_there = access(place->key_path, F_OK) == 0, same = false;
    if (store_postgres_note(store, NOTE_NAME, (struct span){ NULL, 0 }, &known, &why) != STATUS_ok) {
        return complain(place, &why, error, error_size);
    }
    if (!was_there && known.size > 0) {
        snprintf(error, error_size, "%s has a master key, and %s is not there: bring it, or name it with --key",
                 place->name, place->key_path);
        return false;
    }
    if (master_key_open(place->key_path, create, key, error, error_size) != STATUS_ok) {
        return false;
    }
    if (!key_check(store, key, &same, &why)) {
        return complain(place, &why, error, error_size);
    }
    if (!same) {
        master_key_wipe(key);
        if (!was_there) { /* another process was quicker; the key that was made here is nobody's */
            (void)unlink(place->key_path);
        }
        snprintf(error, error_size, "%s is not the master key of %s: every token and pay code would be void",
                 place->key_path, place->name);
    }
    return same;
}

bool place_key(const struct place *place, struct store *store, bool create, struct master_key *key, char *error,
               size_t error_size)
{
    if (place->kind == PLACE_memory) {
        key_make(key);
        return true;
    }
    if (place->kind == PLACE_postgres && store != NULL) {
        return database_key(place, store, create, key, error, error_size);
    }
    return master_key_open(place->key_path, create, key, error, error_size) == STATUS_ok;
}

bool place_platform_note(void *store, struct span wanted, uint8_t *found, size_t *size, char *error, size_t error_size)
{
    struct store_error why = { .text = "" };
    struct store_note *there = malloc(sizeof(*there)); /* too large for the stacks of workers */
    assert(there != NULL);
    bool done = store_postgres_note(store, "platform-keys", wanted, there, &why) == STATUS_ok;
    if (done) {
        memcpy(found, there->bytes, there->size);
        *size = there->size;
    } else {
        snprintf(error, error_size, "the platform's keys in the database: %s", why.text);
    }
    free(there);
    return done;
}
