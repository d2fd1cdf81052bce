/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slabs.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"

#define PAGE_BYTES 4096

struct slabs {
    size_t size;
    pthread_t thread;
    bool started; /* the taking thread's */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* under `lock` */
    uint8_t *ready; /* NULL: to be made */
    bool stopping;
};

void *pages_alloc(size_t size)
{
    const size_t large = (size_t)2 << 20;
    size_t extra = size >= large ? large : 0;
    uint8_t *memory = mmap(NULL, size + extra, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(memory != MAP_FAILED); /* limits were given at the start; a machine without this memory cannot serve */
    if (extra > 0) {
        size_t before = (large - (uintptr_t)memory % large) % large;
        if (before > 0) {
            (void)munmap(memory, before);
        }
        if (extra - before > 0) {
            (void)munmap(memory + before + size, extra - before);
        }
        memory += before;
        (void)madvise(memory, size, MADV_HUGEPAGE); /* without them it is only slower */
    }
    return memory;
}

void pages_ready(void *memory, size_t size)
{
#ifdef MADV_POPULATE_WRITE
    (void)madvise(memory, size, MADV_POPULATE_WRITE); /* an older kernel makes it ready at the first touch */
#else
    (void)memory;
    (void)size;
#endif
}

/* The number in a file of the kernel's; INT64_MAX when there is none ("max") or no such file. */
static int64_t limit_read(const char *path)
{
    char text[32] = "";
    char *end = text;
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(text, sizeof(text), file) == NULL) {
            text[0] = '\0';
        }
        (void)fclose(file);
    }
    errno = 0;
    long long limit = strtoll(text, &end, 10);
    return end == text || errno != 0 || limit <= 0 ? INT64_MAX : limit;
}

int64_t memory_bytes(void)
{
    static const char *const limits[] = { "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes" };
    int64_t pages = sysconf(_SC_PHYS_PAGES);
    int64_t bytes = pages > 0 ? pages * sysconf(_SC_PAGESIZE) : INT64_C(1) << 30;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        bytes = min_i64(bytes, limit_read(limits[i]));
    }
    return bytes;
}

static uint8_t *slab_make(size_t size)
{
    uint8_t *memory = pages_alloc(size);
    for (size_t at = 0; at < size; at += PAGE_BYTES) {
        ((volatile uint8_t *)memory)[at] = 0;
    }
    return memory;
}

static void *slabs_run(void *context)
{
    struct slabs *slabs = context;
    pthread_setname_np(pthread_self(), "slabs");
    pthread_mutex_lock(&slabs->lock);
    while (!slabs->stopping) {
        if (slabs->ready != NULL) {
            pthread_cond_wait(&slabs->wake, &slabs->lock);
            continue;
        }
        pthread_mutex_unlock(&slabs->lock);
        uint8_t *made = slab_make(slabs->size);
        pthread_mutex_lock(&slabs->lock);
        slabs->ready = made;
    }
    pthread_mutex_unlock(&slabs->lock);
    return NULL;
}

struct slabs *slabs_open(size_t size)
{
    struct slabs *slabs = calloc(1, sizeof(*slabs));
    assert(slabs != NULL);
    slabs->size = size;
    pthread_mutex_init(&slabs->lock, NULL);
    pthread_cond_init(&slabs->wake, NULL);
    return slabs;
}

void slabs_close(struct slabs *slabs)
{
    if (slabs->started) {
        pthread_mutex_lock(&slabs->lock);
        slabs->stopping = true;
        pthread_cond_signal(&slabs->wake);
        pthread_mutex_unlock(&slabs->lock);
        pthread_join(slabs->thread, NULL);
    }
    if (slabs->ready != NULL) {
        (void)munmap(slabs->ready, slabs->size);
    }
    pthread_mutex_destroy(&slabs->lock);
    pthread_cond_destroy(&slabs->wake);
    free(slabs);
}

void *slabs_take(struct slabs *slabs)
{
    if (!slabs->started) {
        int rc = pthread_create(&slabs->thread, NULL, slabs_run, slabs);
        assert(rc == 0);
        slabs->started = true;
    }
    pthread_mutex_lock(&slabs->lock);
    void *taken = slabs->ready;
    slabs->ready = NULL;
    pthread_cond_signal(&slabs->wake);
    pthread_mutex_unlock(&slabs->lock);
    return taken != NULL ? taken : pages_alloc(slabs->size);
}
