/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that reads a clock. Microseconds. */
#ifndef BASE_OS_CLOCK_H
#define BASE_OS_CLOCK_H

#include <pthread.h>

#include "base/base.h"

/* UTC, microseconds since 1970. */
int64_t os_now_us(void);
/* Never goes back; for time-outs and measuring only. */
int64_t os_monotonic_us(void);
int64_t os_monotonic_ns(void);
/* CPU time of the calling thread. */
int64_t os_thread_cpu_ns(void);
/* CPU time of another thread of this process, a pthread_t that has not ended. */
int64_t os_other_thread_cpu_ns(pthread_t thread);
void os_sleep_us(int64_t us);

#endif
