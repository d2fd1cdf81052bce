/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shopper's word that an app may know who it is. The page that asks for it makes a grant; its code is redeemed
 * once, within ten minutes, for a pair of tokens; the second of them is exchanged for a fresh pair, which ends the
 * old one. The texts of codes and tokens are the door's: they hold the grant's number and generation and are
 * signed, not stored. Which generation is in force is here. Commands; the REST door offers none of those that take a
 * code or a token.
 */
#ifndef PEOPLE_GRANT_H
#define PEOPLE_GRANT_H

#include "engine/command.h"

#define GRANT_CODE_S 600
#define GRANT_TOKEN_S (15 * 86400)
#define GRANT_REFRESH_S (30 * 86400)

enum grant_scope {
    SCOPE_auth_base = 1, /* who the shopper is, as a number */
    SCOPE_auth_user = 2, /* and its name */
};

enum grant_state {
    GRANT_coded = 1, /* the code was not redeemed yet */
    GRANT_live = 2,
    GRANT_revoked = 3,
};

struct grant_row {
    int64_t grant_id;
    int64_t app_id;
    int64_t shopper_id;
    int32_t scope;      /* enum grant_scope */
    int32_t state;      /* enum grant_state */
    int32_t generation; /* of the tokens in force; 0 while only the code is */
    int64_t created_at_us;
    int64_t redeemed_at_us;
    int64_t code_expires_at_us;
    int64_t token_expires_at_us;
    int64_t refresh_expires_at_us;
    int64_t revoked_at_us;
};

extern const struct table grant_table;
extern const char *const grant_scopes[];

/* Requests. The answer of each command is the row. */
struct grant_create {
    int64_t app_id;
    int64_t shopper_id;
    int32_t scope;
};

/* The code of this grant, which the door has verified, is shown by this app. */
struct grant_redeem {
    int64_t app_id;
    int64_t grant_id;
};

/* A token of this generation is shown; of grant_refresh the refreshing one, of grant_query the other. */
struct grant_token {
    int64_t app_id;
    int64_t grant_id;
    int32_t generation;
};

struct grant_ref {
    int64_t grant_id;
};

extern const struct command grant_create, grant_redeem, grant_refresh, grant_query, grant_revoke;

const struct grant_row *grant_ask(struct view *view, int64_t grant_id);

#endif
