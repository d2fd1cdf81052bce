/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "engine/internal.h"

bool timer_earlier(const struct timer_entry *a, const struct timer_entry *b)
{
    if (a->due_us != b->due_us) {
        return a->due_us < b->due_us;
    }
    return a->kind != b->kind ? a->kind < b->kind : a->subject_id < b->subject_id;
}

static void publish(struct timers *timers)
{
    atomic_store(&timers->pending, (int64_t)timers->count);
    atomic_store(&timers->next_us, timers_next(timers));
}

static void swap(struct timers *timers, size_t a, size_t b)
{
    struct timer_entry entry = timers->entries[a];
    timers->entries[a] = timers->entries[b];
    timers->entries[b] = entry;
}

void timers_push(struct timers *timers, int64_t due_us, int32_t kind, int64_t subject_id)
{
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity == 0 ? 1024 : timers->capacity * 2;
        timers->entries = realloc(timers->entries, timers->capacity * sizeof(timers->entries[0]));
        assert(timers->entries != NULL);
    }
    size_t at = timers->count++;
    timers->entries[at] = (struct timer_entry){ .due_us = due_us, .kind = kind, .subject_id = subject_id };
    while (at > 0 && timer_earlier(&timers->entries[at], &timers->entries[(at - 1) / 2])) {
        swap(timers, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
    publish(timers);
}

bool timers_pop(struct timers *timers, int64_t now_us, struct timer_entry *entry)
{
    if (timers->count == 0 || timers->entries[0].due_us > now_us) {
        return false;
    }
    *entry = timers->entries[0];
    timers->entries[0] = timers->entries[--timers->count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < timers->count; child++) {
            if (timer_earlier(&timers->entries[child], &timers->entries[least])) {
                least = child;
            }
        }
        if (least == at) {
            break;
        }
        swap(timers, at, least);
        at = least;
    }
    publish(timers);
    return true;
}

int64_t timers_next(const struct timers *timers)
{
    return timers->count > 0 ? timers->entries[0].due_us : 0;
}

void timers_release(struct timers *timers)
{
    free(timers->entries);
    *timers = (struct timers){ 0 };
}
