/* SPDX-License-Identifier: Apache-2.0 */
#include "app/place.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "lines/product.h"

#define DATABASE_KEY_PATH "onetill.key"
#define CHILD_VARIABLE "ONETILL_PLACE"
#define SECRETS_MAX 4
#define ARGUMENTS_SIZE_MAX ((size_t)1 << 20)

/* ---- passwords ---- */

struct secrets {
    struct span list[SECRETS_MAX]; /* parts of the text */
    size_t count;
};

static void secret_add(struct secrets *secrets, struct span secret)
{
    if (secret.size > 0 && secrets->count < SECRETS_MAX) {
        secrets->list[secrets->count++] = secret;
    }
}

static bool begins_with(struct span text, struct span with)
{
    return text.size >= with.size && memcmp(text.bytes, with.bytes, with.size) == 0;
}

/* What of an address nobody shall read: user:HERE@host, and ?password=HERE. */
static void secrets_find(struct span address, struct secrets *secrets)
{
    static const char *const named[] = { "password=", "sslpassword=" };
    struct span rest, query, parameters;
    *secrets = (struct secrets){ .count = 0 };
    const char *begin = memmem(address.bytes, address.size, "://", 3);
    if (begin == NULL) {
        return;
    }
    rest = (struct span){ begin + 3, address.size - (size_t)(begin + 3 - address.bytes) };
    const char *at = memchr(rest.bytes, '@', rest.size);
    struct span before_query = span_cut(rest, '?', &parameters);
    if (at != NULL && (size_t)(at - rest.bytes) < before_query.size) {
        struct span password;
        (void)span_cut((struct span){ rest.bytes, (size_t)(at - rest.bytes) }, ':', &password);
        secret_add(secrets, password);
    }
    for (struct span left = parameters; left.size > 0;) {
        query = span_cut(left, '&', &left);
        for (size_t i = 0; i < COUNT_OF(named); i++) {
            struct span name = span_of(named[i]);
            if (begins_with(query, name)) {
                secret_add(secrets, (struct span){ query.bytes + name.size, query.size - name.size });
            }
        }
    }
}

static bool secret_is_at(const struct secrets *secrets, const char *at, size_t *size)
{
    for (size_t i = 0; i < secrets->count; i++) {
        if (secrets->list[i].bytes == at) {
            *size = secrets->list[i].size;
            return true;
        }
    }
    return false;
}

/* The address with its passwords as ***; cut when it is too long. */
static void name_write(const char *text, char to[PLACE_NAME_SIZE])
{
    struct secrets secrets;
    struct span address = span_of(text);
    size_t size = 0;
    secrets_find(address, &secrets);
    for (size_t i = 0; i < address.size && size + 4 < PLACE_NAME_SIZE;) {
        size_t skip;
        if (secret_is_at(&secrets, address.bytes + i, &skip)) {
            memcpy(to + size, "***", 3);
            size += 3;
            i += skip;
        } else {
            to[size++] = address.bytes[i++];
        }
    }
    to[size] = '\0';
}

/* Percent signs are read as the database's library reads them. */
static size_t secret_decode(struct span secret, char *to, size_t capacity)
{
    size_t size = 0;
    for (size_t i = 0; i < secret.size && size < capacity; size++) {
        uint8_t byte;
        if (secret.bytes[i] == '%' && i + 2 < secret.size &&
            hex_read((struct span){ secret.bytes + i + 1, 2 }, &byte, 1)) {
            to[size] = (char)byte;
            i += 3;
        } else {
            to[size] = secret.bytes[i++];
        }
    }
    return size;
}

static void text_cover(char *text, struct span secret)
{
    assert(secret.bytes != NULL);
    while (secret.size > 0 && (text = memmem(text, strlen(text), secret.bytes, secret.size)) != NULL) {
        memset(text, '*', secret.size);
        text += secret.size;
    }
}

/* Whatever a library has put into a message: no password of this place stays in it. */
void place_cover(const struct place *place, char *error)
{
    struct secrets secrets;
    char plain[256];
    if (place->kind != PLACE_postgres) {
        return;
    }
    secrets_find(span_of(place->text), &secrets);
    for (size_t i = 0; i < secrets.count; i++) {
        text_cover(error, secrets.list[i]);
        size_t size = secret_decode(secrets.list[i], plain, sizeof(plain));
        text_cover(error, (struct span){ plain, size });
        explicit_bzero(plain, sizeof(plain));
    }
}

void arguments_hide(int argc, char **argv)
{
    static struct arena copies; /* as long as the process */
    arena_init(&copies, 4096, ARGUMENTS_SIZE_MAX);
    for (int i = 1; i < argc; i++) {
        struct secrets secrets;
        secrets_find(span_of(argv[i]), &secrets);
        if (secrets.count == 0) {
            continue;
        }
        char *given = argv[i], *copy = arena_try(&copies, strlen(given) + 1);
        if (copy == NULL) {
            return; /* longer than any address */
        }
        memcpy(copy, given, strlen(given) + 1);
        argv[i] = copy;
        for (size_t j = 0; j < secrets.count; j++) {
            memset(given + (secrets.list[j].bytes - given), '*', secrets.list[j].size);
        }
    }
}

/* ---- reading ---- */

bool path_beside(const char *store, const char *suffix, char to[APP_PATH_SIZE])
{
    int size = snprintf(to, APP_PATH_SIZE, "%s%s", store, suffix);
    return size > 0 && size < APP_PATH_SIZE;
}

static bool file_names(struct place *place, const char *key)
{
    struct span path;
    switch (place->kind) {
    case PLACE_memory:
        return true;
    case PLACE_file:
        return span_copy(span_of(place->text), place->stem, sizeof(place->stem)) &&
               (key != NULL ? span_copy(span_of(key), place->key_path, sizeof(place->key_path))
                            : path_beside(place->text, ".key", place->key_path));
    case PLACE_postgres:
        break;
    }
    path = key != NULL ? span_of(key) : SPAN(DATABASE_KEY_PATH);
    if (!span_copy(path, place->key_path, sizeof(place->key_path))) {
        return false;
    }
    if (path.size > 4 && memcmp(path.bytes + path.size - 4, ".key", 4) == 0) {
        path.size -= 4;
    }
    return span_copy(path, place->stem, sizeof(place->stem));
}

const char *place_read(struct place *place, const char *text, const char *key)
{
    *place = (struct place){ .kind = PLACE_file };
    if (begins_with(span_of(text), SPAN("env:"))) {
        text = getenv(text + 4);
        if (text == NULL || text[0] == '\0') {
            return "there is no such environment variable";
        }
    }
    if (text[0] == '\0') {
        return "the place of the store is empty";
    }
    place->text = text;
    if (strcmp(text, "memory:") == 0) {
        place->kind = PLACE_memory;
    } else if (store_is_postgres(text)) {
        place->kind = PLACE_postgres;
    }
    if (place->kind == PLACE_postgres) {
        name_write(text, place->name);
    } else if (!span_copy(span_of(text), place->name, sizeof(place->name))) {
        return "the path of the store is too long";
    }
    return file_names(place, key) ? NULL : "the path of the store or of its key is too long";
}

bool place_for_child(const struct place *place, char to[APP_PATH_SIZE])
{
    if (place->kind != PLACE_postgres) {
        return span_copy(span_of(place->text), to, APP_PATH_SIZE);
    }
    return setenv(CHILD_VARIABLE, place->text, 1) == 0 && span_copy(SPAN("env:" CHILD_VARIABLE), to, APP_PATH_SIZE);
}

/* ---- opening ---- */

static bool complain(const struct place *place, struct store_error *why, char *error, size_t error_size)
{
    place_cover(place, why->text);
    snprintf(error, error_size, "%s: %s", place->name, why->text[0] != '\0' ? why->text : "it cannot be opened");
    return false;
}

bool place_open(const struct place *place, const struct place_settings *settings, struct store **store, char *error,
                size_t error_size)
{
    struct store_error why = { .text = "" };
    struct sqlite_settings sqlite = { .cache_bytes = settings->cache_mb << 20,
                                      .warm = settings->warm ? product_warm : NULL,
                                      .indexes = product_indexes };
    struct postgres_settings postgres = { .address = settings->address,
                                          .read_place = settings->read_place,
                                          .cache_bytes = settings->cache_mb << 20,
                                          .partitions = settings->partitions,
                                          .value_lists = settings->value_lists,
                                          .indexes = product_indexes };
    enum status status = STATUS_fault;
    switch (place->kind) {
    case PLACE_memory:
        status = store_memory_open(product_tables, &(struct memory_settings){ 0 }, store);
        break;
    case PLACE_file:
        status = store_sqlite_open(place->text, product_tables, &sqlite, store, &why);
        break;
    case PLACE_postgres:
        status = store_postgres_open(place->text, product_tables, &postgres, store, &why);
        break;
    }
    return status == STATUS_ok || complain(place, &why, error, error_size);
}

void place_fault(const struct place *place, struct store *store, struct store_error *why)
{
    why->text[0] = '\0';
    if (place->kind == PLACE_postgres) {
        store_postgres_fault(store, why);
        place_cover(place, why->text);
    } else if (place->kind == PLACE_file) {
        store_sqlite_fault(store, why);
    }
}

bool place_snapshot(const struct place *place, struct reader **reader, char *error, size_t error_size)
{
    struct store_error why = { .text = "" };
    if (place->kind == PLACE_memory) {
        snprintf(error, error_size, "memory: holds nothing to read");
        return false;
    }
    return store_snapshot_open(place->text, product_tables, reader, &why) == STATUS_ok ||
           complain(place, &why, error, error_size);
}
