/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os_random.h"

#include <errno.h>
#include <sys/random.h>

void os_random(void *bytes, size_t size)
{
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        assert(got > 0);
        at += got;
        size -= (size_t)got;
    }
}

uint64_t os_random_u64(void)
{
    uint64_t value;
    os_random(&value, sizeof(value));
    return value;
}
