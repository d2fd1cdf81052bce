/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the kernel: for keys, secrets and tokens. Stops the process when there are none. */
#ifndef BASE_OS_RANDOM_H
#define BASE_OS_RANDOM_H

#include "base/base.h"

void os_random(void *bytes, size_t size);
uint64_t os_random_u64(void);

#endif
