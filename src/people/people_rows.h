/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the people: merchants, their shops, the shops' terminals, shoppers, tokens. Ids up to 10^12 may be
 * chosen by who creates them (imports); others are given by the engine and are larger.
 */
#ifndef PEOPLE_PEOPLE_ROWS_H
#define PEOPLE_PEOPLE_ROWS_H

#include "engine/row.h"

#define CHOSEN_ID_MAX INT64_C(1000000000000)
#define LOGON_SIZE 100   /* bytes of a logon id, with the terminating zero */
#define APP_KEY_SIZE 1024
#define APP_KEY_TEXT_SIZE 4096 /* bytes of a key or certificate as it is given */
#define ADDRESS_SIZE 257 /* bytes of the address of a notice, with the terminating zero */
#define ENDPOINTS_MAX 4 /* webhook endpoints of one merchant */

struct id_row {
    int64_t id;
};
extern const struct shape id_shape;

struct merchant_row {
    int64_t merchant_id;
    char name[NAME_SIZE];
    int64_t created_at_us;
    int32_t endpoints_count;
    struct id_row endpoints[ENDPOINTS_MAX]; /* webhook endpoints that get this merchant's events */
    int64_t tokens_issued; /* by the merchant and its shops: at most TOKENS_ISSUED_MAX */
    int64_t royalty_receivers; /* bound to it */
    int64_t apps_created;  /* at most APPS_MAX */
};

struct shop_row {
    int64_t shop_id;
    int64_t merchant_id;
    char name[NAME_SIZE]; /* may be blank: real data has such shops */
    char city[64];
    char kind[32];        /* supermarket, snack, department_store, vending, … free text */
    int32_t currency;     /* ISO 4217 number */
    int32_t zone_minutes; /* offset from UTC; decides the shop's calendar day */
    int32_t open;         /* 1: takes payments */
    int32_t sets_count;
    struct id_row sets[SHOP_SETS_MAX]; /* shop sets it belongs to, as campaigns name them */
    int64_t created_at_us;
    int64_t code_minute;  /* minute in which wrong pay codes were last shown here */
    int32_t code_misses;  /* how many in that minute */
};

struct terminal_row {
    int64_t terminal_id;
    int64_t shop_id;
    char name[NAME_SIZE];
    int64_t created_at_us;
    int64_t code_minute; /* as in shop_row */
    int32_t code_misses;
};

struct shopper_row {
    int64_t shopper_id;
    char name[NAME_SIZE];
    int64_t person_id; /* accounts of one person share it; by default the shopper_id */
    int32_t blocked;
    int64_t no_password_limit_minor; /* a scan above it waits for the shopper's confirmation */
    int64_t created_at_us;
    int64_t first_paid_at_us; /* 0: never paid */
    int64_t payments;         /* trades paid and not refunded in full; 0: a new shopper to campaigns */
    int32_t day;              /* yyyymmdd of the sums below */
    int64_t day_code_minor;      /* paid today by scanned code without confirmation */
    int64_t day_confirmed_minor; /* paid today with confirmation */
    int64_t day_static_minor;    /* paid today at a static counter code */
    char logon_id[LOGON_SIZE];   /* mail address or phone number in lower case, of this shopper alone; may be empty */
};

/* Whose a logon id is. */
struct logon_row {
    char logon_id[LOGON_SIZE];
    int64_t shopper_id;
};

/* A program of a merchant's that pays by another protocol than ours: its public key, and where it is told. */
struct app_row {
    int64_t app_id; /* 16 digits */
    int64_t merchant_id;
    int64_t shop_id;        /* takes what names no shop */
    char name[NAME_SIZE];
    char public_key[APP_KEY_SIZE]; /* RSA: base64 of the DER of its SubjectPublicKeyInfo; empty: none yet */
    char cert_sn[33];       /* of its certificate, 32 hex digits; empty: it signs by key alone */
    char notify_url[ADDRESS_SIZE];  /* for trades that name none; may be empty */
    char gateway_url[ADDRESS_SIZE]; /* for messages that are about no trade; may be empty */
    int32_t aes_generation; /* of its AES key, which is derived and never stored; 0 or below: none */
    int32_t disabled;
    int32_t notify_paid_only; /* 1: nothing is told of closing and of full refunds */
    int64_t created_at_us;
};

enum token_state {
    TOKEN_live = 1,
    TOKEN_revoked = 2,
    TOKEN_issuer_revoked = 3, /* only in lists: a token that it goes back to was revoked with all it had issued */
};

struct token_row {
    int64_t token_id;
    int32_t caller_kind;
    int64_t caller_id;
    char name[NAME_SIZE];
    int32_t state; /* enum token_state */
    int64_t created_at_us;
    int64_t revoked_at_us;
    int64_t issuer_merchant_id; /* 0: the platform issued it */
    int64_t merchant_id;        /* whose tree it speaks for, or for a part of; 0: the platform or a shopper */
    int64_t parent_token_id;    /* the token it was issued with; 0: none */
    int32_t keeps_issued;       /* 1: revoked, and what was issued with it goes on */
};

extern const struct table merchant_table;
extern const struct table shop_table;
extern const struct table terminal_table;
extern const struct table shopper_table;
extern const struct table token_table;
extern const struct table logon_table;
extern const struct table app_table;
extern const char *const caller_names[]; /* by enum caller_kind */

#endif
