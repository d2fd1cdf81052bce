/* SPDX-License-Identifier: Apache-2.0 */
/* The apps as they are now, with their keys parsed: see apps.c. Any thread. */
#ifndef DOORS_ALIPAY_APPS_H
#define DOORS_ALIPAY_APPS_H

#include <stdatomic.h>

#include "doors/alipay/crypto.h"
#include "doors/master_key.h"
#include "engine/engine.h"
#include "engine/reader.h"
#include "people/app.h"

/* An app as it was at some commit, with its key parsed; shared by jobs. */
struct alipay_app {
    atomic_int holds;
    struct app_row row;
    struct alipay_key key;
    bool keyed; /* `key` is there */
    bool encrypts;
    uint8_t aes_key[ALIPAY_AES_KEY_SIZE];
    int64_t stamp; /* of the commit, on a shared store */
    struct alipay_app *next; /* in its bucket */
};

struct alipay_apps;

/* NULL: the store cannot be read. */
struct alipay_apps *alipay_apps_open(struct engine *engine, struct store *store, const struct master_key *key);
void alipay_apps_close(struct alipay_apps *apps);
/* NULL: there is none. To be dropped. Any thread. */
struct alipay_app *alipay_app_take(struct alipay_apps *apps, int64_t app_id);
void alipay_app_drop(struct alipay_app *app);
/*
 * The same of a shared store, for one that is not known: another process may have made it a moment ago, so it is looked
 * for in the store. At most ALIPAY_APP_LOOKS a second, that strangers with made-up numbers cost little.
 */
#define ALIPAY_APP_LOOKS 50
struct alipay_app *alipay_app_look(struct alipay_apps *apps, struct reader *reader, int64_t app_id);
void alipay_aes_key(const struct hmac_key *key, int64_t app_id, int32_t generation,
                    uint8_t to[ALIPAY_AES_KEY_SIZE]);

#endif
