/* SPDX-License-Identifier: Apache-2.0 */
#include "people/people_rows.h"

static const struct column id_columns[] = {
    COLUMN(id_row, id, .form = FORM_id),
};
const struct shape id_shape = SHAPE("id", id_row, id_columns);

static const struct column merchant_columns[] = {
    COLUMN(merchant_row, merchant_id, .form = FORM_id),
    COLUMN(merchant_row, name),
    COLUMN(merchant_row, created_at_us, .form = FORM_instant),
    COLUMN_LIST(merchant_row, endpoints, id_shape),
    COLUMN(merchant_row, tokens_issued),
    COLUMN(merchant_row, royalty_receivers),
    COLUMN(merchant_row, apps_created),
};
const struct table merchant_table = TABLE("merchants", 20, merchant_row, merchant_columns, 1);

static const struct column shop_columns[] = {
    COLUMN(shop_row, shop_id, .form = FORM_id),
    COLUMN(shop_row, merchant_id, .form = FORM_id),
    COLUMN(shop_row, name),
    COLUMN(shop_row, city),
    COLUMN(shop_row, kind),
    COLUMN(shop_row, currency),
    COLUMN(shop_row, zone_minutes),
    COLUMN(shop_row, open, .form = FORM_flag),
    COLUMN_LIST(shop_row, sets, id_shape),
    COLUMN(shop_row, created_at_us, .form = FORM_instant),
    COLUMN(shop_row, code_minute, .form = FORM_hidden),
    COLUMN(shop_row, code_misses, .form = FORM_hidden),
};
const struct table shop_table = TABLE("shops", 21, shop_row, shop_columns, 1);

static const struct column terminal_columns[] = {
    COLUMN(terminal_row, terminal_id, .form = FORM_id),
    COLUMN(terminal_row, shop_id, .form = FORM_id),
    COLUMN(terminal_row, name),
    COLUMN(terminal_row, created_at_us, .form = FORM_instant),
    COLUMN(terminal_row, code_minute, .form = FORM_hidden),
    COLUMN(terminal_row, code_misses, .form = FORM_hidden),
};
const struct table terminal_table = TABLE("terminals", 22, terminal_row, terminal_columns, 1);

static const struct column shopper_columns[] = {
    COLUMN(shopper_row, shopper_id, .form = FORM_id),
    COLUMN(shopper_row, name),
    COLUMN(shopper_row, person_id, .form = FORM_id),
    COLUMN(shopper_row, blocked, .form = FORM_flag),
    COLUMN(shopper_row, no_password_limit_minor, .form = FORM_amount),
    COLUMN(shopper_row, created_at_us, .form = FORM_instant),
    COLUMN(shopper_row, first_paid_at_us, .form = FORM_instant),
    COLUMN(shopper_row, payments),
    COLUMN(shopper_row, day, .form = FORM_day),
    COLUMN(shopper_row, day_code_minor, .form = FORM_amount),
    COLUMN(shopper_row, day_confirmed_minor, .form = FORM_amount),
    COLUMN(shopper_row, day_static_minor, .form = FORM_amount),
    COLUMN(shopper_row, logon_id),
};
const struct table shopper_table = TABLE("shoppers", 23, shopper_row, shopper_columns, 1);

static const struct column logon_columns[] = {
    COLUMN(logon_row, logon_id),
    COLUMN(logon_row, shopper_id, .form = FORM_id),
};
const struct table logon_table = TABLE("logons", 27, logon_row, logon_columns, 1);

static const struct column app_columns[] = {
    COLUMN(app_row, app_id, .form = FORM_id),
    COLUMN(app_row, merchant_id, .form = FORM_id),
    COLUMN(app_row, shop_id, .form = FORM_id),
    COLUMN(app_row, name),
    COLUMN(app_row, public_key),
    COLUMN(app_row, cert_sn),
    COLUMN(app_row, notify_url),
    COLUMN(app_row, gateway_url),
    COLUMN(app_row, aes_generation),
    COLUMN(app_row, disabled, .form = FORM_flag),
    COLUMN(app_row, notify_paid_only, .form = FORM_flag),
    COLUMN(app_row, created_at_us, .form = FORM_instant),
};
const struct table app_table = TABLE("apps", 25, app_row, app_columns, 1);

const char *const caller_names[] = { "", "operator", "merchant", "shop", "terminal", "shopper", "system", NULL };
static const char *const token_states[] = { "", "live", "revoked", "issuer_revoked", NULL };

static const struct column token_columns[] = {
    COLUMN(token_row, token_id, .form = FORM_id),
    COLUMN(token_row, caller_kind, .form = FORM_choice, .names = caller_names),
    COLUMN(token_row, caller_id, .form = FORM_id),
    COLUMN(token_row, name),
    COLUMN(token_row, state, .form = FORM_choice, .names = token_states),
    COLUMN(token_row, created_at_us, .form = FORM_instant),
    COLUMN(token_row, revoked_at_us, .form = FORM_instant),
    COLUMN(token_row, issuer_merchant_id, .form = FORM_id),
    COLUMN(token_row, merchant_id, .form = FORM_id),
    COLUMN(token_row, parent_token_id, .form = FORM_id),
    COLUMN(token_row, keeps_issued, .form = FORM_flag),
};
const struct table token_table = TABLE("tokens", 24, token_row, token_columns, 1);
