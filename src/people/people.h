/* SPDX-License-Identifier: Apache-2.0 */
/* The people of the house: asking for their rows, and the commands that create and change them. */
#ifndef PEOPLE_PEOPLE_H
#define PEOPLE_PEOPLE_H

#include "people/access.h"

const struct merchant_row *merchant_ask(struct view *view, int64_t merchant_id);
const struct shop_row *shop_ask(struct view *view, int64_t shop_id);
const struct terminal_row *terminal_ask(struct view *view, int64_t terminal_id);
const struct shopper_row *shopper_ask(struct view *view, int64_t shopper_id);
/* The shopper with this logon id, however it is spelled; the row does not exist when there is none. */
const struct shopper_row *shopper_by_logon(struct view *view, const char *logon_id);
/* The one spelling under which a mail address or phone number is stored; false when it is neither. */
MUST_CHECK bool logon_normal(const char *text, char to[LOGON_SIZE]);

/* The operator's token beside the store: signed anew at each start, without a row until it is revoked. */
#define TOKEN_FIRST_ID 1

#define NO_PASSWORD_DEFAULT_MINOR INT64_C(100000) /* 1,000 yuan, as wallets of the field do */

/* Requests whose members tests and imports fill in themselves. */
struct merchant_create {
    int64_t merchant_id;
    char name[NAME_SIZE];
};

struct shop_create {
    int64_t shop_id;
    int64_t merchant_id;
    char name[NAME_SIZE];
    char city[64];
    char kind[32];
    int32_t currency;     /* 0: 156, CNY */
    int32_t zone_minutes; /* 0 with `zone_utc` unset: 480, China */
    int32_t zone_utc;     /* 1: the zone is UTC itself */
    int32_t sets_count;
    struct id_row sets[SHOP_SETS_MAX];
};

struct terminal_create {
    int64_t terminal_id;
    int64_t shop_id;
    char name[NAME_SIZE];
};

struct shopper_create {
    int64_t shopper_id;
    char name[NAME_SIZE];
    int64_t person_id;
    int64_t no_password_limit_minor; /* 0: the default; -1: every payment is confirmed */
    char logon_id[LOGON_SIZE];       /* mail address or phone number; empty: none */
};

struct shopper_change {
    int64_t shopper_id;
    int64_t no_password_limit_minor;
    int32_t blocked;
    char logon_id[LOGON_SIZE]; /* empty: as it is */
};

/* Who is that? By shopper_id, or by logon_id when that is 0. */
struct shopper_lookup {
    int64_t shopper_id;
    char logon_id[LOGON_SIZE];
};

extern const struct command merchant_create, merchant_query;
extern const struct command shop_create, shop_change, shop_query;
extern const struct command terminal_create;
extern const struct command shopper_create, shopper_change, shopper_query;
extern const struct command shopper_lookup; /* internal: for doors that asked who it is; answers the shopper_row */
extern const struct command token_issue, token_revoke;

#endif
