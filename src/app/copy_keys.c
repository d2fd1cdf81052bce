/* SPDX-License-Identifier: Apache-2.0 */
#include "app/copy_keys.h"

#include <stdio.h>
#include <unistd.h>

#include "base/secret_file.h"
#include "doors/alipay/certificate.h"
#include "doors/alipay/platform.h"
#include "doors/alipay/sealed.h"

#define CACHE_MB 1

static struct platform *platform_of(const struct master_key *key, struct store *store, const char *stem)
{
    struct platform_settings settings = { .store_path = stem, .note = place_platform_note, .note_context = store };
    master_key_derive(key, SEALED_KEY_LABEL, settings.note_key);
    struct platform *platform = platform_open(&settings);
    explicit_bzero(settings.note_key, sizeof(settings.note_key));
    return platform;
}

static bool database_open(const struct place *place, struct store **store, char *error, size_t error_size)
{
    struct place_settings settings = { .cache_mb = CACHE_MB };
    return place_open(place, &settings, store, error, error_size);
}

/* From the file beside one store into the database of another. */
static bool platform_bring(const struct place *from, const struct master_key *key, struct store *store, char *error,
                           size_t error_size)
{
    char path[APP_PATH_SIZE];
    if (!path_beside(from->stem, PLATFORM_FILE_SUFFIX, path) || access(path, F_OK) != 0) {
        return true; /* no app ever needed them */
    }
    struct platform *platform = platform_of(key, store, from->stem);
    bool brought = platform_keys(platform, error, error_size) != NULL;
    platform_close(platform);
    return brought;
}

/* From one database into another: sealed as they are. */
static bool platform_pass(const struct place *from, struct store *store, char *error, size_t error_size)
{
    static uint8_t sealed[PLATFORM_NOTE_MAX], found[PLATFORM_NOTE_MAX];
    struct store *source;
    size_t size = 0, found_size;
    if (!database_open(from, &source, error, error_size)) {
        return false;
    }
    bool passed = place_platform_note(source, (struct span){ NULL, 0 }, sealed, &size, error, error_size);
    source->ops->close(source);
    struct span wanted = { (const char *)sealed, size };
    return passed && (size == 0 || place_platform_note(store, wanted, found, &found_size, error, error_size));
}

static bool into_database(const struct place *from, const struct place *to, char *error, size_t error_size)
{
    struct place place = *to;
    struct master_key key;
    struct store *store;
    if (access(from->key_path, F_OK) != 0) {
        return true; /* nothing can be said of it; whoever serves the database first brings the key */
    }
    memcpy(place.key_path, from->key_path, sizeof(place.key_path));
    if (!database_open(to, &store, error, error_size)) {
        return false;
    }
    bool done = place_key(&place, store, false, &key, error, error_size);
    if (done) {
        done = from->kind == PLACE_postgres ? platform_pass(from, store, error, error_size)
                                            : platform_bring(from, &key, store, error, error_size);
        master_key_wipe(&key);
    }
    store->ops->close(store);
    return done;
}

/* Into a file beside the file. */
static bool platform_write(struct platform *platform, const struct place *to, char *error, size_t error_size)
{
    char path[APP_PATH_SIZE], pem[PLATFORM_PEM_MAX];
    if (!platform_look(platform, error, error_size)) {
        return false;
    }
    if (!platform_ready(platform)) {
        return true; /* there are none */
    }
    if (!path_beside(to->stem, PLATFORM_FILE_SUFFIX, path)) {
        snprintf(error, error_size, "the path of the platform's keys is too long");
        return false;
    }
    const struct platform_keys *keys = platform_keys(platform, error, error_size);
    size_t size = keys != NULL ? platform_keys_write(keys, pem) : 0;
    bool written = size > 0 && secret_file_create(path, pem, size, error, error_size) == STATUS_ok;
    explicit_bzero(pem, sizeof(pem));
    return written;
}

static bool out_of_database(const struct place *from, const struct place *to, char *error, size_t error_size)
{
    struct master_key key;
    struct store *store;
    if (access(from->key_path, F_OK) != 0) {
        return true;
    }
    if (!database_open(from, &store, error, error_size)) {
        return false;
    }
    bool done = place_key(from, store, false, &key, error, error_size);
    if (done) {
        struct platform *platform = platform_of(&key, store, NULL);
        done = platform_write(platform, to, error, error_size);
        platform_close(platform);
        master_key_wipe(&key);
    }
    store->ops->close(store);
    return done;
}

bool copy_keys(const struct place *from, const struct place *to, char *error, size_t error_size)
{
    if (to->kind == PLACE_postgres) {
        return into_database(from, to, error, error_size);
    }
    return from->kind != PLACE_postgres || out_of_database(from, to, error, error_size);
}
