/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the sandbox only. */
#ifndef APP_SANDBOX_INTERNAL_H
#define APP_SANDBOX_INTERNAL_H

#include <pthread.h>

#include "app/sandbox.h"
#include "app/sandbox_keys.h"
#include "people/people.h"

#define SANDBOX_DEVICES_MAX 8192 /* further ones take the place of the first */

/* A device, and the newest minute of which its code was given out. */
struct sandbox_device {
    int64_t shopper_id, device_id, step;
};

struct sandbox_shopper {
    struct shopper_create person;
    int64_t money_minor;
};

struct sandbox {
    struct engine *engine;
    const struct hmac_key *paycode_key;
    struct app_row apps[SANDBOX_APP_COUNT];
    pthread_mutex_t lock; /* guards what follows */
    uint32_t device_count, device_next;
    struct sandbox_device devices[SANDBOX_DEVICES_MAX];
};

extern const struct sandbox_shopper sandbox_shoppers[SANDBOX_SHOPPER_COUNT];

#endif
