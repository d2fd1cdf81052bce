/* SPDX-License-Identifier: Apache-2.0 */
/* Who exists, and whether all that refers to them finds them. */
#include "base/hash.h"
#include "people/app.h"
#include "people/grant.h"
#include "till/audit_internal.h"

static bool endpoint_each(struct audit *audit, const void *row)
{
    const struct endpoint_row *endpoint = row;
    struct audit_about about = { AUDIT_answer_durable, &endpoint_table, row };
    audit_id_known(audit, about, endpoint->endpoint_id);
    audit_time_known(audit, about, endpoint->created_at_us);
    int64_t *entry = audit_map_put(&audit->endpoints, endpoint->endpoint_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    entry[1] = endpoint->merchant_id;
    return true;
}

static bool merchant_each(struct audit *audit, const void *row)
{
    const struct merchant_row *merchant = row;
    struct audit_about about = { AUDIT_answer_durable, &merchant_table, row };
    audit_id_known(audit, about, merchant->merchant_id);
    audit_time_known(audit, about, merchant->created_at_us);
    for (int32_t i = 0; i < merchant->endpoints_count; i++) {
        const int64_t *endpoint = audit_map_get(&audit->endpoints, merchant->endpoints[i].id, 0);
        audit_true(audit, about, "one of its endpoints does not exist or is another merchant's",
                   endpoint != NULL && endpoint[1] == merchant->merchant_id);
    }
    audit->apps_print -= hash_mix((uint64_t)merchant->merchant_id) * (uint64_t)merchant->apps_created;
    int64_t *entry = audit_map_put(&audit->merchants, merchant->merchant_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    entry[1] = merchant->tokens_issued; /* less those that are found */
    return true;
}

static bool shop_each(struct audit *audit, const void *row)
{
    const struct shop_row *shop = row;
    struct audit_about about = { AUDIT_answer_durable, &shop_table, row };
    audit_id_known(audit, about, shop->shop_id);
    audit_time_known(audit, about, shop->created_at_us);
    audit_true(audit, about, "its merchant does not exist",
               audit_map_get(&audit->merchants, shop->merchant_id, 0) != NULL);
    struct audit_shop *entry = audit_map_put(&audit->shops, shop->shop_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    *entry = (struct audit_shop){ shop->shop_id, shop->merchant_id, shop->zone_minutes, shop->currency };
    return true;
}

static bool terminal_each(struct audit *audit, const void *row)
{
    const struct terminal_row *terminal = row;
    struct audit_about about = { AUDIT_answer_durable, &terminal_table, row };
    audit_id_known(audit, about, terminal->terminal_id);
    audit_time_known(audit, about, terminal->created_at_us);
    audit_true(audit, about, "its shop does not exist", audit_map_get(&audit->shops, terminal->shop_id, 0) != NULL);
    int64_t *entry = audit_map_put(&audit->terminals, terminal->terminal_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    entry[1] = terminal->shop_id;
    return true;
}

static uint64_t logon_print(const char *logon_id, int64_t shopper_id)
{
    return hash_mix(hash_bytes(logon_id, strlen(logon_id)) ^ (uint64_t)shopper_id);
}

static bool shopper_each(struct audit *audit, const void *row)
{
    const struct shopper_row *shopper = row;
    struct audit_about about = { AUDIT_answer_durable, &shopper_table, row };
    audit_id_known(audit, about, shopper->shopper_id);
    audit_time_known(audit, about, shopper->created_at_us);
    audit_time_known(audit, about, shopper->first_paid_at_us);
    audit_true(audit, about, "its counts are out of range",
               shopper->payments >= 0 && shopper->payments <= INT32_MAX && shopper->day_code_minor >= 0 &&
                   shopper->day_confirmed_minor >= 0 && shopper->day_static_minor >= 0);
    audit_true(audit, about, "it paid and has no time of its first payment",
               shopper->first_paid_at_us > 0 || shopper->payments == 0);
    struct audit_shopper *entry = audit_map_put(&audit->shoppers, shopper->shopper_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    if (shopper->logon_id[0] != '\0') {
        audit->logons_print += logon_print(shopper->logon_id, shopper->shopper_id);
    }
    entry->first_paid_at_us = shopper->first_paid_at_us;
    entry->payments = (int32_t)shopper->payments;
    if (shopper->person_id != shopper->shopper_id) {
        int64_t *person = audit_map_put(&audit->persons, shopper->shopper_id, 0);
        if (person == NULL) {
            return audit_too_large(audit);
        }
        person[1] = shopper->person_id;
        entry->other_person = 1;
    }
    return true;
}

static bool logon_each(struct audit *audit, const void *row)
{
    const struct logon_row *logon = row;
    struct audit_about about = { AUDIT_answer_durable, &logon_table, row };
    audit_true(audit, about, "its shopper does not exist",
               audit_map_get(&audit->shoppers, logon->shopper_id, 0) != NULL);
    audit->logons_print -= logon_print(logon->logon_id, logon->shopper_id);
    return true;
}

static bool app_each(struct audit *audit, const void *row)
{
    const struct app_row *app = row;
    struct audit_about about = { AUDIT_answer_durable, &app_table, row };
    const struct audit_shop *shop = audit_map_get(&audit->shops, app->shop_id, 0);
    audit_time_known(audit, about, app->created_at_us);
    audit_true(audit, about, "its number has not sixteen digits",
               app->app_id >= APP_ID_LEAST && app->app_id <= APP_ID_MOST);
    audit_true(audit, about, "its shop does not exist or is another merchant's",
               shop != NULL && shop->merchant_id == app->merchant_id);
    int64_t *entry = audit_map_put(&audit->apps, app->app_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    entry[1] = app->merchant_id;
    audit->apps_print += hash_mix((uint64_t)app->merchant_id);
    return true;
}

static bool grant_each(struct audit *audit, const void *row)
{
    const struct grant_row *grant = row;
    struct audit_about about = { AUDIT_answer_durable, &grant_table, row };
    bool redeemed = grant->redeemed_at_us != 0;
    audit_id_known(audit, about, grant->grant_id);
    audit_time_known(audit, about, grant->created_at_us);
    audit_time_known(audit, about, grant->redeemed_at_us);
    audit_time_known(audit, about, grant->revoked_at_us);
    audit_true(audit, about, "its app does not exist", audit_map_get(&audit->apps, grant->app_id, 0) != NULL);
    audit_true(audit, about, "its shopper does not exist",
               audit_map_get(&audit->shoppers, grant->shopper_id, 0) != NULL);
    audit_true(audit, about, "its state does not exist", grant->state >= GRANT_coded && grant->state <= GRANT_revoked);
    audit_true(audit, about, "it has tokens and was not redeemed, or the other way round",
               redeemed == (grant->generation > 0) && (redeemed || grant->state != GRANT_live));
    audit_true(audit, about, "it was ended and has no time of that",
               (grant->state == GRANT_revoked) == (grant->revoked_at_us != 0));
    return true;
}

int64_t audit_person(const struct audit *audit, int64_t shopper_id)
{
    const struct audit_shopper *shopper = audit_map_get(&audit->shoppers, shopper_id, 0);
    const int64_t *person = shopper == NULL || shopper->other_person == 0
                                ? NULL
                                : audit_map_get(&audit->persons, shopper_id, 0);
    return person == NULL ? shopper_id : person[1];
}

static bool device_each(struct audit *audit, const void *row)
{
    const struct device_row *device = row;
    struct audit_about about = { AUDIT_answer_durable, &device_table, row };
    audit_time_known(audit, about, device->created_at_us);
    audit_true(audit, about, "its shopper does not exist",
               audit_map_get(&audit->shoppers, device->shopper_id, 0) != NULL);
    audit_true(audit, about, "its code was taken in a shop that does not exist",
               device->last_shop_id == 0 || audit_map_get(&audit->shops, device->last_shop_id, 0) != NULL);
    audit_true(audit, about, "no code of it was taken and it names a shop",
               device->last_step != 0 || device->last_shop_id == 0);
    return true;
}

static bool token_owner_known(const struct audit *audit, const struct token_row *token)
{
    switch (token->caller_kind) {
    case CALLER_merchant:
        return audit_map_get(&audit->merchants, token->caller_id, 0) != NULL;
    case CALLER_shop:
        return audit_map_get(&audit->shops, token->caller_id, 0) != NULL;
    case CALLER_terminal:
        return audit_map_get(&audit->terminals, token->caller_id, 0) != NULL;
    case CALLER_shopper:
        return audit_map_get(&audit->shoppers, token->caller_id, 0) != NULL;
    default:
        return token->caller_kind == CALLER_operator;
    }
}

static bool token_each(struct audit *audit, const void *row)
{
    const struct token_row *token = row;
    struct audit_about about = { AUDIT_answer_durable, &token_table, row };
    audit_id_known(audit, about, token->token_id);
    audit_time_known(audit, about, token->created_at_us);
    audit_true(audit, about, "whom it speaks for does not exist", token_owner_known(audit, token));
    audit_true(audit, about, "its state does not exist", token->state == TOKEN_live || token->state == TOKEN_revoked);
    audit_true(audit, about, "it goes back to a later one",
               token->parent_token_id >= 0 && token->parent_token_id < token->token_id);
    audit_true(audit, about, "its merchant does not exist",
               token->merchant_id == 0 || audit_map_get(&audit->merchants, token->merchant_id, 0) != NULL);
    audit_true(audit, about, "it keeps what it issued and is not revoked",
               token->keeps_issued == 0 || token->state == TOKEN_revoked);
    int64_t *issuer = audit_map_get(&audit->merchants, token->issuer_merchant_id, 0);
    audit_true(audit, about, "its issuer does not exist", token->issuer_merchant_id == 0 || issuer != NULL);
    if (issuer != NULL) {
        issuer[1]--;
    }
    return true;
}

void audit_people(struct audit *audit)
{
    audit_scan(audit, &endpoint_table, endpoint_each);
    audit_scan(audit, &merchant_table, merchant_each);
    audit_scan(audit, &shop_table, shop_each);
    audit_scan(audit, &terminal_table, terminal_each);
    audit_scan(audit, &shopper_table, shopper_each);
    audit_scan(audit, &logon_table, logon_each);
    audit_scan(audit, &app_table, app_each);
    audit_scan(audit, &grant_table, grant_each);
    audit_scan(audit, &device_table, device_each);
    audit_scan(audit, &token_table, token_each);
    struct audit_about logons = { AUDIT_answer_durable, &logon_table, NULL };
    audit_true(audit, logons, "the logon ids and those of the shoppers are not one to one", audit->logons_print == 0);
    struct audit_about apps = { AUDIT_answer_durable, &app_table, NULL };
    audit_true(audit, apps, "the apps are not as many as their merchants count", audit->apps_print == 0);
    size_t place = 0;
    const int64_t *merchant;
    while ((merchant = audit_map_next(&audit->merchants, &place)) != NULL) {
        struct merchant_row row = { .merchant_id = merchant[0] };
        struct audit_about about = { AUDIT_answer_durable, &merchant_table, &row };
        audit_true(audit, about, "the number of tokens it issued is not that of its tokens", merchant[1] == 0);
    }
}

/* ---- at the end: what was counted of the shoppers' trades, and the notices of all that happened ---- */

static void shoppers_end(struct audit *audit)
{
    size_t place = 0;
    const struct audit_shopper *shopper;
    while ((shopper = audit_map_next(&audit->shoppers, &place)) != NULL) {
        struct shopper_row key = { .shopper_id = shopper->shopper_id };
        struct audit_about about = { AUDIT_answer_durable, &shopper_table, &key };
        audit_equal(audit, about, "its payments, less its trades that are paid and not refunded in full", 0,
                    shopper->payments);
        audit_true(audit, about, "no trade is its first payment",
                   shopper->first_paid_at_us == 0 || shopper->first_found == 1);
    }
}

static bool delivery_each(struct audit *audit, const void *row)
{
    const struct delivery_row *delivery = row;
    struct audit_about about = { AUDIT_answer_durable, &delivery_table, row };
    const int64_t *endpoint = audit_map_get(&audit->endpoints, delivery->endpoint_id, 0);
    audit_id_known(audit, about, delivery->delivery_id);
    audit_time_known(audit, about, delivery->created_at_us);
    const int64_t *app = audit_map_get(&audit->apps, delivery->app_id, 0);
    if (delivery->kind == DELIVERY_notice) {
        audit_true(audit, about, "its app does not exist or is another merchant's",
                   app != NULL && app[1] == delivery->merchant_id);
        audit_equal(audit, about, "the endpoint of what goes to an app", 0, delivery->endpoint_id);
    } else {
        audit_true(audit, about, "its endpoint does not exist or is another merchant's",
                   endpoint != NULL && endpoint[1] == delivery->merchant_id && delivery->kind == DELIVERY_webhook);
    }
    audit_true(audit, about, "its state does not exist",
               delivery->state >= DELIVERY_pending && delivery->state <= DELIVERY_failed);
    audit_true(audit, about, "it carries no notice", delivery->payload.size > 0);
    if (delivery->state == DELIVERY_pending) {
        audit->outbox_print += audit_pair_print(delivery->delivery_id, delivery->next_at_us);
        audit->outbox_left++;
    }
    return true;
}

static bool outbox_each(struct audit *audit, const void *row)
{
    const struct outbox_row *outbox = row;
    audit->outbox_print -= audit_pair_print(outbox->delivery_id, outbox->next_at_us);
    audit->outbox_left--;
    return true;
}

/* Only when the outbox and the pending deliveries do not agree: which of them. */
struct outbox_search {
    struct audit *audit;
    struct audit_map waiting; /* deliveries in the outbox, by when their next attempt is */
};

static bool outbox_search_outbox(void *context, const void *row)
{
    struct outbox_search *search = context;
    const struct outbox_row *outbox = row;
    int64_t *entry = audit_map_put(&search->waiting, outbox->delivery_id, 0);
    if (entry == NULL) {
        return audit_too_large(search->audit);
    }
    entry[1] = outbox->next_at_us;
    return true;
}

static bool outbox_search_delivery(void *context, const void *row)
{
    struct outbox_search *search = context;
    const struct delivery_row *delivery = row;
    struct audit_about about = { AUDIT_answer_durable, &delivery_table, row };
    int64_t *entry = audit_map_get(&search->waiting, delivery->delivery_id, 0);
    if (delivery->state == DELIVERY_pending && (entry == NULL || entry[1] != delivery->next_at_us)) {
        audit_wrong(search->audit, about, "it is pending and not in the outbox");
    }
    if (delivery->state != DELIVERY_pending && entry != NULL) {
        audit_wrong(search->audit, about, "it is not pending and still in the outbox");
    }
    return true;
}

static void outbox_name(struct audit *audit)
{
    struct outbox_search search = { .audit = audit };
    audit_map_init(&search.waiting, &audit->memory, 2 * sizeof(int64_t), 1);
    audit_search(audit, &outbox_table, outbox_search_outbox, &search);
    audit_search(audit, &delivery_table, outbox_search_delivery, &search);
    audit_map_release(&search.waiting);
}

void audit_people_end(struct audit *audit)
{
    struct audit_about about = { AUDIT_answer_durable, &outbox_table, NULL };
    if (audit->status == STATUS_ok) {
        shoppers_end(audit);
    }
    audit_scan(audit, &delivery_table, delivery_each);
    audit_scan(audit, &outbox_table, outbox_each);
    bool agree = audit->outbox_print == 0 && audit->outbox_left == 0;
    if (!agree) {
        outbox_name(audit);
    }
    audit_true(audit, about, "the outbox and the pending deliveries are not one to one", agree);
}
