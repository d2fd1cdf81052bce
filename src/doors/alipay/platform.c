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

struct platform {
    struct arena arena;
    char path[PATH_MAX]; /* empty: nothing is kept */
    bool path_fits;
    struct span bundle;
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
    if (platform->bundle.size > 0) {
        explicit_bzero((void *)(uintptr_t)platform->bundle.bytes, platform->bundle.size);
    }
    arena_release(&arena);
}

bool platform_ready(struct platform *platform)
{
    return atomic_load_explicit(&platform->ready, memory_order_acquire);
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
