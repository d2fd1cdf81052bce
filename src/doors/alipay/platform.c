/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/platform.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/os_clock.h"
#include "doors/alipay/certificate.h"
#include "doors/alipay/sealed.h"

#define NOTE_NAME "platform-keys"

struct platform {
    struct arena arena;
    char path[PATH_MAX]; /* empty: nothing is kept */
    bool path_fits;
    struct span bundle;
    platform_note *note;
    void *note_context;
    uint8_t note_key[SEALED_KEY_SIZE];
    pthread_mutex_t lock; /* held while the keys are read or made */
    struct platform_keys keys;
    _Atomic bool ready;
};

struct platform *platform_open(const struct platform_settings *settings)
{
    struct arena arena;
    arena_init(&arena, sizeof(struct platform) + 1024, sizeof(struct platform) + 1024 + PLATFORM_PEM_MAX);
    struct platform *platform = arena_take(&arena, sizeof(*platform));
    platform->arena = arena;
    platform->path_fits = true;
    platform->note = settings->note;
    platform->note_context = settings->note_context;
    static_assert(sizeof(platform->note_key) == sizeof(settings->note_key), "a key is a key");
    memcpy(platform->note_key, settings->note_key, sizeof(platform->note_key));
    if (settings->bundle.size > 0) {
        assert(settings->bundle.size <= PLATFORM_PEM_MAX);
        platform->bundle = (struct span){ arena_copy(&platform->arena, settings->bundle.bytes, settings->bundle.size),
                                          settings->bundle.size };
    } else if (settings->store_path != NULL && strcmp(settings->store_path, "memory:") != 0) {
        int size = snprintf(platform->path, sizeof(platform->path), "%s%s", settings->store_path,
                            PLATFORM_FILE_SUFFIX);
        platform->path_fits = size > 0 && (size_t)size < sizeof(platform->path);
    }
    int rc = pthread_mutex_init(&platform->lock, NULL);
    assert(rc == 0);
    return platform;
}

void platform_close(struct platform *platform)
{
    struct arena arena = platform->arena;
    if (atomic_load(&platform->ready)) {
        platform_keys_release(&platform->keys);
    }
    (void)pthread_mutex_destroy(&platform->lock);
    explicit_bzero(platform->note_key, sizeof(platform->note_key));
    if (platform->bundle.size > 0) {
        explicit_bzero((void *)(uintptr_t)platform->bundle.bytes, platform->bundle.size);
    }
    arena_release(&arena);
}

bool platform_ready(struct platform *platform)
{
    return atomic_load_explicit(&platform->ready, memory_order_acquire);
}

/* Those that a file beside the store holds, or new ones. */
static bool keys_begin(struct platform *platform, struct platform_keys *keys, char *error, size_t error_size)
{
    enum status status = STATUS_not_found;
    if (platform->path[0] != '\0') {
        status = platform_keys_open(platform->path, false, os_now_us(), keys, error, error_size);
    }
    if (status == STATUS_not_found) {
        platform_keys_make(os_now_us(), keys);
    }
    return status == STATUS_ok || status == STATUS_not_found;
}

/* Notes such keys, unless another process was first. */
static bool note_write(struct platform *platform, uint8_t *found, size_t *size, char *error, size_t error_size)
{
    char pem[PLATFORM_PEM_MAX];
    uint8_t sealed[PLATFORM_NOTE_MAX];
    struct platform_keys keys;
    if (!keys_begin(platform, &keys, error, error_size)) {
        return false;
    }
    size_t pem_size = platform_keys_write(&keys, pem);
    platform_keys_release(&keys);
    bool noted = false;
    if (pem_size + SEALED_MORE > sizeof(sealed)) {
        snprintf(error, error_size, "%s: there is no room for such keys in the database", platform->path);
    } else {
        size_t sealed_size = sealed_write(platform->note_key, NOTE_NAME, (struct span){ pem, pem_size }, sealed);
        struct span wanted = { (const char *)sealed, sealed_size };
        noted = platform->note(platform->note_context, wanted, found, size, error, error_size);
    }
    explicit_bzero(pem, sizeof(pem));
    return noted;
}

static bool note_fill(struct platform *platform, bool make, char *error, size_t error_size)
{
    uint8_t found[PLATFORM_NOTE_MAX];
    char pem[PLATFORM_NOTE_MAX];
    size_t size = 0, pem_size = 0;
    struct span nothing = { NULL, 0 };
    const char *why = "they were sealed under another master key";
    if (!platform->note(platform->note_context, nothing, found, &size, error, error_size) ||
        (size == 0 && make && !note_write(platform, found, &size, error, error_size))) {
        return false;
    }
    if (size == 0) {
        return true;
    }
    if (sealed_read(platform->note_key, NOTE_NAME, (struct span){ (const char *)found, size }, pem, &pem_size)) {
        why = platform_keys_read((struct span){ pem, pem_size }, &platform->keys);
    }
    explicit_bzero(pem, sizeof(pem));
    if (why != NULL) {
        snprintf(error, error_size, "the platform's keys in the database: %s", why);
    } else {
        atomic_store_explicit(&platform->ready, true, memory_order_release);
    }
    return why == NULL;
}

bool platform_look(struct platform *platform, char *error, size_t error_size)
{
    pthread_mutex_lock(&platform->lock);
    bool looked = platform->note == NULL || platform_ready(platform) || note_fill(platform, false, error, error_size);
    pthread_mutex_unlock(&platform->lock);
    return looked;
}

/* With the lock. */
static bool keys_fill(struct platform *platform, char *error, size_t error_size)
{
    if (platform->bundle.size > 0) {
        const char *why = platform_keys_read(platform->bundle, &platform->keys);
        if (why != NULL) {
            snprintf(error, error_size, "the platform's keys: %s", why);
        }
        return why == NULL;
    }
    if (!platform->path_fits) {
        snprintf(error, error_size, "the path of the platform's keys is too long");
        return false;
    }
    if (platform->note != NULL) {
        return note_fill(platform, true, error, error_size);
    }
    if (platform->path[0] == '\0') {
        platform_keys_make(os_now_us(), &platform->keys);
        return true;
    }
    return platform_keys_open(platform->path, true, os_now_us(), &platform->keys, error, error_size) == STATUS_ok;
}

const struct platform_keys *platform_keys(struct platform *platform, char *error, size_t error_size)
{
    if (platform_ready(platform)) {
        return &platform->keys;
    }
    pthread_mutex_lock(&platform->lock);
    bool ready = platform_ready(platform) || keys_fill(platform, error, error_size);
    if (ready) {
        atomic_store_explicit(&platform->ready, true, memory_order_release);
    }
    pthread_mutex_unlock(&platform->lock);
    return ready ? &platform->keys : NULL;
}
