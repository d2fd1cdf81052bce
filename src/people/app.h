/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apps: the programs of merchants that reach the till by another protocol than ours, each with its public key.
 * An app acts for its merchant. The key comes in the form that the row holds, made by the door beforehand; a
 * private key and the AES key are never stored. Called from decisions.
 */
#ifndef PEOPLE_APP_H
#define PEOPLE_APP_H

#include "people/people.h"

/* Every app id has 16 digits; those that the till gives begin with 9021. */
#define APP_ID_LEAST INT64_C(1000000000000000)
#define APP_ID_MOST INT64_C(9999999999999999)
#define APP_ID_GIVEN INT64_C(9021000000000000)

const struct app_row *app_ask(struct view *view, int64_t app_id);
/* Whether a notice can go to that address: http or https, without user and blanks. */
bool address_callable(const char *address);

struct app_create {
    int64_t app_id; /* 0: the till gives one; only the platform may choose */
    int64_t merchant_id;
    int64_t shop_id;
    char name[NAME_SIZE];
    char public_key[APP_KEY_TEXT_SIZE];
    char cert_sn[33]; /* by the door */
    char notify_url[ADDRESS_SIZE];
    char gateway_url[ADDRESS_SIZE];
    int32_t aes; /* 1: with an AES key */
    int32_t notify_paid_only;
};

/* Everything is set anew but the key, the certificate and the AES key: left out, they stay. */
struct app_change {
    int64_t app_id;
    int64_t shop_id;
    char name[NAME_SIZE];
    char public_key[APP_KEY_TEXT_SIZE]; /* another key without another certificate ends the certificate */
    char cert_sn[33];              /* by the door */
    char notify_url[ADDRESS_SIZE];
    char gateway_url[ADDRESS_SIZE];
    int32_t aes; /* enum app_aes */
    int32_t disabled;
    int32_t notify_paid_only;
};

enum app_aes {
    APP_AES_kept = 0,
    APP_AES_renewed = 1,
    APP_AES_ended = 2,
};

struct app_ref {
    int64_t app_id;
};

/* app_create and app_change answer struct app_row without its public key (app_shape), app_query all of it. */
extern const struct shape app_shape;
extern const struct command app_create, app_change, app_query;

#endif
