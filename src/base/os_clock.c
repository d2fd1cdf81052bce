/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os_clock.h"

#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
    struct timespec at;
    int rc = clock_gettime(clock, &at);
    assert(rc == 0);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

int64_t os_now_us(void)
{
    return clock_ns(CLOCK_REALTIME) / 1000;
}

int64_t os_monotonic_us(void)
{
    return clock_ns(CLOCK_MONOTONIC) / 1000;
}

int64_t os_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t os_thread_cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t os_other_thread_cpu_ns(pthread_t thread)
{
    clockid_t clock;
    int rc = pthread_getcpuclockid(thread, &clock);
    assert(rc == 0);
    return clock_ns(clock);
}

void os_sleep_us(int64_t us)
{
    struct timespec rest = { .tv_sec = us / 1000000, .tv_nsec = (us % 1000000) * 1000 };
    while (nanosleep(&rest, &rest) != 0) {
    }
}
