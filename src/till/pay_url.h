/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own form of a QR payload, which any phone's camera opens as a page:
 *
 *     {base}/q/t/{trade id}.{mac}    one trade, made when it is (dynamic)
 *     {base}/q/s/{shop id}.{mac}     the sticker on a shop's counter (static)
 *
 * The mac, 60 bits of HMAC-SHA-256 over the kind and the id, keeps invented ids and edited stickers out. It
 * does not stop a sticker from being copied and glued elsewhere: show the shop's name before paying. The
 * same mac goes into our EMVCo template. Pure functions, no allocation, any thread.
 */
#ifndef TILL_PAY_URL_H
#define TILL_PAY_URL_H

#include "base/digest.h"

#define PAY_URL_MAC_SIZE 10
#define PAY_URL_BASE_MAX 200 /* bytes */
/* Base, "/q/t/", 19 digits, ".", mac and the terminating zero. */
#define PAY_URL_SIZE (PAY_URL_BASE_MAX + 5 + 19 + 1 + PAY_URL_MAC_SIZE + 1)

enum pay_url_kind {
    PAY_URL_trade = 't',
    PAY_URL_shop = 's',
};

enum pay_url_error {
    PAY_URL_ok,
    PAY_URL_other_base, /* does not begin with our base */
    PAY_URL_bad_form,   /* not /q/t/ID.MAC or /q/s/ID.MAC, or too long */
    PAY_URL_bad_id,     /* not a positive 64-bit number in its shortest spelling */
    PAY_URL_bad_mac,    /* not signed with this key for this kind and id */
};

/* The first characters of base64url(HMAC-SHA-256(key, "onetill pay url v1" || kind || id)), id 8 bytes. */
void pay_url_mac(const struct hmac_key *key, enum pay_url_kind kind, int64_t id,
                 char to[PAY_URL_MAC_SIZE + 1]);
/* In constant time. */
MUST_CHECK bool pay_url_mac_holds(const struct hmac_key *key, enum pay_url_kind kind, int64_t id,
                                  struct span mac);

/*
 * The URL, terminated; returns its size. `base` (https://till.example, or empty for the path alone) has at
 * most PAY_URL_BASE_MAX bytes and no slash at its end, which is asserted: it is a setting, checked at start.
 * `id` is positive.
 */
size_t pay_url_write(const struct hmac_key *key, struct span base, enum pay_url_kind kind, int64_t id,
                     char to[PAY_URL_SIZE]);
/* Sets `*kind` and `*id` on success only. */
MUST_CHECK enum pay_url_error pay_url_parse(const struct hmac_key *key, struct span base, struct span url,
                                            enum pay_url_kind *kind, int64_t *id);

#endif
