/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the REST door does around the till's commands, because it takes the master key, random numbers or the
 * clock: matching pay codes and log-in codes, reading QR payloads, and showing what is derived from the master
 * key and never stored (token texts, device secrets, webhook secrets, signed QR payloads).
 */
#ifndef DOORS_TILL_EDITS_H
#define DOORS_TILL_EDITS_H

#include "doors/rest/rest.h"
#include "lines/product.h"

#define TILL_EDITS_MAX 24

struct till_edits {
    const struct tokens *tokens;
    struct hmac_key paycode_key;  /* device secrets are made from it */
    struct hmac_key qr_key;
    struct hmac_key webhook_key;
    uint8_t offline_key[32];      /* signs what vouchers stand for, for tills without a network */
    char base_url[201];           /* of the addresses in QR codes, without a slash at its end */
    int64_t (*now_us)(void *context);
    /* Moves the test clock; NULL without one. */
    void (*clock_move)(void *context, int64_t now_us);
    void *clock_context;
    struct rest_edit edits[TILL_EDITS_MAX];
    size_t count;
};

/* Sets up keys and the list; the caller has set tokens, base_url and the clock. */
void till_edits_init(struct till_edits *edits, const struct master_key *key);

/* The key that pay code secrets are made from: also used by those who play phones in demos and tests. */
void paycode_master(const struct master_key *key, struct hmac_key *to);

/*
 * Which device's code this is, and of which minute near now: what commands that take a pay code want to know. The
 * device is -1 when the text has not the form of a pay code, the minute 0 when it is of none near now.
 */
void paycode_place(const struct hmac_key *key, struct span code, int64_t now_us, int64_t *device_id, int64_t *step);
/* The same of a log-in code, which no till is ever shown: a pay code is none. */
void logincode_place(const struct hmac_key *key, struct span code, int64_t now_us, int64_t *device_id, int64_t *step);

/* An endpoint's signing secret (Standard Webhooks), 24 bytes. */
#define WEBHOOK_SECRET_SIZE 24
void webhook_secret(const struct hmac_key *key, int64_t endpoint_id, int32_t generation,
                    uint8_t to[WEBHOOK_SECRET_SIZE]);
void webhook_master(const struct master_key *key, struct hmac_key *to);

#endif
