/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The apps as they are now, with their keys parsed. Filled from the store at the start and kept up by the commits,
 * so that checking a signature asks nobody. An app that is changed is replaced as a whole; jobs hold the one they
 * began with. What another process on the database changed is known a moment later; of two images of an app the one
 * with the higher stamp counts, in whichever order they come.
 */
#include "doors/alipay/apps.h"

#include <stdlib.h>

#include "doors/alipay/alipay_internal.h"

#define BUCKETS 4096

struct alipay_apps {
    pthread_rwlock_t lock;
    struct hmac_key aes_master;
    int64_t look_second; /* monotonic */
    uint32_t looks;      /* in it */
    struct alipay_app *buckets[BUCKETS];
};

void alipay_aes_key(const struct hmac_key *key, int64_t app_id, int32_t generation, uint8_t to[ALIPAY_AES_KEY_SIZE])
{
    char label[64];
    uint8_t digest[SHA256_SIZE];
    int size = snprintf(label, sizeof(label), "app %lld %d", (long long)app_id, (int)generation);
    hmac_write(key, label, (size_t)size, digest);
    memcpy(to, digest, ALIPAY_AES_KEY_SIZE);
    explicit_bzero(digest, sizeof(digest));
}

static struct alipay_app **bucket_of(struct alipay_apps *apps, int64_t app_id)
{
    return &apps->buckets[(uint64_t)app_id * UINT64_C(0x9e3779b97f4a7c15) >> 52];
}

static_assert(BUCKETS == 1 << 12, "the upper 12 bits choose a bucket");

static struct alipay_app *app_make(const struct alipay_apps *apps, const struct app_row *row)
{
    struct alipay_app *app = calloc(1, sizeof(*app));
    if (app == NULL) {
        return NULL;
    }
    atomic_init(&app->holds, 1);
    app->row = *row;
    app->keyed = row->public_key[0] != '\0' && alipay_public_read(span_of(row->public_key), &app->key) == ALIPAY_KEY_ok;
    app->encrypts = row->aes_generation > 0;
    alipay_aes_key(&apps->aes_master, row->app_id, row->aes_generation, app->aes_key);
    return app;
}

void alipay_app_drop(struct alipay_app *app)
{
    if (atomic_fetch_sub_explicit(&app->holds, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (app->keyed) {
        alipay_key_release(&app->key);
    }
    explicit_bzero(app->aes_key, sizeof(app->aes_key));
    free(app);
}

struct alipay_app *alipay_app_take(struct alipay_apps *apps, int64_t app_id)
{
    pthread_rwlock_rdlock(&apps->lock);
    struct alipay_app *app = *bucket_of(apps, app_id);
    while (app != NULL && app->row.app_id != app_id) {
        app = app->next;
    }
    if (app != NULL) {
        atomic_fetch_add_explicit(&app->holds, 1, memory_order_relaxed);
    }
    pthread_rwlock_unlock(&apps->lock);
    return app;
}

/* Puts the app in its place, instead of the one that was there, unless that is newer. */
static void app_put(struct alipay_apps *apps, const struct app_row *row, int64_t stamp)
{
    struct alipay_app *app = app_make(apps, row);
    struct alipay_app *old = NULL;
    pthread_rwlock_wrlock(&apps->lock);
    struct alipay_app **at = bucket_of(apps, row->app_id);
    while (*at != NULL && (*at)->row.app_id != row->app_id) {
        at = &(*at)->next;
    }
    if (*at != NULL && (*at)->stamp > stamp) {
        old = app;
        app = NULL;
    } else if (*at != NULL) {
        old = *at;
        *at = old->next;
    }
    if (app != NULL) { /* else the app is not known any more: nobody signs with a key that was replaced */
        struct alipay_app **bucket = bucket_of(apps, row->app_id);
        app->stamp = stamp;
        app->next = *bucket;
        *bucket = app;
    }
    pthread_rwlock_unlock(&apps->lock);
    if (old != NULL) {
        alipay_app_drop(old);
    }
}

static bool app_read(void *context, const void *row)
{
    app_put(context, row, 0);
    return true;
}

static void apps_watch(void *context, const struct commit *commit)
{
    for (size_t i = 0; i < commit->change_count; i++) {
        if (commit->changes[i].table == &app_table && commit->changes[i].exists) {
            app_put(context, commit->changes[i].row, commit->stamp);
        }
    }
}

struct look {
    struct alipay_apps *apps;
    int64_t app_id;
};

static bool look_read(void *context, const void *row)
{
    const struct look *look = context;
    if (((const struct app_row *)row)->app_id == look->app_id) {
        app_put(look->apps, row, 0); /* should a commit have told of it meanwhile, that one stays */
    }
    return false;
}

static bool may_look(struct alipay_apps *apps)
{
    int64_t second = os_monotonic_us() / US_PER_SECOND;
    pthread_rwlock_wrlock(&apps->lock);
    apps->looks = apps->look_second == second ? apps->looks + 1 : 1;
    apps->look_second = second;
    bool may = apps->looks <= ALIPAY_APP_LOOKS;
    pthread_rwlock_unlock(&apps->lock);
    return may;
}

struct alipay_app *alipay_app_look(struct alipay_apps *apps, struct reader *reader, int64_t app_id)
{
    uint8_t key[KEY_SIZE_MAX];
    struct app_row from = { .app_id = app_id };
    struct look look = { .apps = apps, .app_id = app_id };
    if (reader == NULL || !may_look(apps) || reader->ops->begin(reader) != STATUS_ok) {
        return NULL;
    }
    struct span encoded = { (const char *)key, row_key_write(&app_table, &from, key) };
    enum status status = reader->ops->scan(reader, &app_table, encoded, look_read, &look);
    reader->ops->end(reader);
    return status == STATUS_ok ? alipay_app_take(apps, app_id) : NULL;
}

struct alipay_apps *alipay_apps_open(struct engine *engine, struct store *store, const struct master_key *key)
{
    struct alipay_apps *apps = calloc(1, sizeof(*apps));
    assert(apps != NULL);
    int rc = pthread_rwlock_init(&apps->lock, NULL);
    assert(rc == 0);
    master_key_derive_hmac(key, "onetill alipay aes v1", &apps->aes_master);
    struct span all = { NULL, 0 };
    if (store->ops->scan(store, &app_table, all, app_read, apps) != STATUS_ok) {
        alipay_apps_close(apps);
        return NULL;
    }
    engine_observe(engine, apps_watch, apps);
    return apps;
}

void alipay_apps_close(struct alipay_apps *apps)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (apps->buckets[i] != NULL) {
            struct alipay_app *app = apps->buckets[i];
            apps->buckets[i] = app->next;
            alipay_app_drop(app);
        }
    }
    (void)pthread_rwlock_destroy(&apps->lock);
    hmac_key_wipe(&apps->aes_master);
    free(apps);
}
