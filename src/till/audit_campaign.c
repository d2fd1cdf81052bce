/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns: what they gave against their budgets, their uses, where they are offered, their history. */
#include <stdlib.h>

#include "till/audit_internal.h"

/* ---- campaigns and where they are offered ---- */

static bool offer_add(struct audit *audit, struct audit_list *list, int32_t kind, int64_t id, int64_t campaign_id)
{
    struct audit_offer *offer = audit_list_add(list);
    if (offer == NULL) {
        return audit_too_large(audit);
    }
    *offer = (struct audit_offer){ kind, id, campaign_id };
    return true;
}

static bool campaign_each(struct audit *audit, const void *row)
{
    const struct campaign_row *campaign = row;
    struct audit_about about = { AUDIT_budget_kept, &campaign_table, row };
    audit_id_known(audit, about, campaign->campaign_id);
    audit_time_known(audit, about, campaign->created_at_us);
    audit_true(audit, about, "its state does not exist",
               campaign->state >= CAMPAIGN_live && campaign->state <= CAMPAIGN_ended);
    audit_true(audit, about, "its kind does not exist",
               campaign->kind >= CAMPAIGN_percentage && campaign->kind <= CAMPAIGN_random_cut);
    audit_true(audit, about, "what it spent is out of range",
               campaign->spent_minor >= 0 && campaign->uses >= 0 && campaign->day_spent_minor >= 0);
    struct audit_campaign *entry = audit_map_put(&audit->campaigns, campaign->campaign_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    entry->spent_minor = campaign->spent_minor;
    entry->uses = campaign->uses;
    entry->unit = campaign->currency;
    entry->version = campaign->version;
    entry->shop_counted_from_us = campaign->shop_counted_from_us;
    for (int32_t i = 0; i < campaign->targets_count && campaign->state != CAMPAIGN_ended; i++) {
        if (!offer_add(audit, &audit->offers_wanted, campaign->targets[i].kind, campaign->targets[i].id,
                       campaign->campaign_id)) {
            return false;
        }
    }
    return true;
}

static bool offers_each(struct audit *audit, const void *row)
{
    const struct offers_row *offers = row;
    for (int32_t i = 0; i < offers->campaigns_count; i++) {
        if (!offer_add(audit, &audit->offers_found, offers->kind, offers->id, offers->campaigns[i].id)) {
            return false;
        }
    }
    return true;
}

static int offer_order(const void *a, const void *b)
{
    const int64_t *left = a, *right = b; /* kind, id, campaign */
    for (size_t i = 0; i < 3; i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}

static void offers_compare(struct audit *audit)
{
    struct audit_list *wanted = &audit->offers_wanted, *found = &audit->offers_found;
    size_t i = 0, j = 0;
    static_assert(sizeof(struct audit_offer) == 3 * sizeof(int64_t), "compared as three numbers");
    if (wanted->count > 0) {
        qsort(wanted->items, wanted->count, wanted->item_size, offer_order);
    }
    if (found->count > 0) {
        qsort(found->items, found->count, found->item_size, offer_order);
    }
    while (i < wanted->count || j < found->count) {
        if (i + 1 < wanted->count && offer_order(audit_list_at(wanted, i), audit_list_at(wanted, i + 1)) == 0) {
            i++; /* a campaign may name a target twice */
            continue;
        }
        const struct audit_offer *want = i < wanted->count ? audit_list_at(wanted, i) : NULL;
        const struct audit_offer *have = j < found->count ? audit_list_at(found, j) : NULL;
        int order = want == NULL ? 1 : have == NULL ? -1 : offer_order(want, have);
        const struct audit_offer *named = order <= 0 ? want : have;
        struct campaign_row campaign = { .campaign_id = named->campaign_id };
        struct offers_row offers = { .kind = (int32_t)named->kind, .id = named->id };
        struct audit_about missing = { AUDIT_budget_kept, &campaign_table, &campaign };
        struct audit_about stray = { AUDIT_budget_kept, &offers_table, &offers };
        audit_true(audit, missing, "it is not offered at one of its targets", order >= 0);
        audit_true(audit, stray, "it offers a campaign that does not exist, has ended or is not meant for it",
                   order <= 0);
        i += order <= 0;
        j += order >= 0;
    }
}

/* ---- history ---- */

static bool change_each(struct audit *audit, const void *row)
{
    const struct campaign_change_row *change = row;
    struct audit_about about = { AUDIT_answer_durable, &campaign_change_table, row };
    struct audit_campaign *campaign = audit_map_get(&audit->campaigns, change->campaign_id, 0);
    audit_time_known(audit, about, change->at_us);
    if (audit_true(audit, about, "its campaign does not exist", campaign != NULL)) {
        audit_equal(audit, about, "the version after the one before", campaign->version_found + 1, change->version);
        campaign->version_found = change->version;
    }
    return true;
}

void audit_campaigns(struct audit *audit)
{
    audit_scan(audit, &campaign_table, campaign_each);
    audit_scan(audit, &offers_table, offers_each);
    audit_scan(audit, &campaign_change_table, change_each);
    if (audit->status == STATUS_ok) {
        offers_compare(audit);
    }
}

/* ---- at the end: what the trades used of them ---- */

static void campaign_end(struct audit *audit, const struct audit_campaign *campaign)
{
    static const char *const words[] = { "the platform's budget, as put in less what trades used",
                                         "the merchant's budget, as put in less what trades used" };
    struct campaign_row key = { .campaign_id = campaign->campaign_id };
    struct audit_about about = { AUDIT_budget_kept, &campaign_table, &key };
    audit_equal(audit, about, "what it spent, less what its trades got and did not return", 0, campaign->spent_minor);
    audit_equal(audit, about, "its uses, less its trades that were not refunded in full", 0, campaign->uses);
    audit_equal(audit, about, "the last version of its history", campaign->version, campaign->version_found);
    for (int32_t funder = 0; funder < 2; funder++) {
        int64_t balance =
            audit_balance(audit, campaign->campaign_id, PURPOSE_budget_platform + funder, campaign->unit);
        audit_equal(audit, about, words[funder], campaign->moved[funder] - campaign->given[funder], balance);
    }
}

static bool use_each(struct audit *audit, const void *row)
{
    const struct campaign_use_row *use = row;
    struct audit_about about = { AUDIT_budget_kept, &campaign_use_table, row };
    audit_true(audit, about, "its counts are out of range", use->uses >= 0 && use->day_uses >= 0);
    audit_true(audit, about, "its campaign does not exist",
               audit_map_get(&audit->campaigns, use->campaign_id, 0) != NULL);
    audit->uses_print -= audit_pair_print(use->campaign_id, use->person_id) * (uint64_t)use->uses;
    audit->uses_left -= use->uses;
    return true;
}

static bool shop_each(struct audit *audit, const void *row)
{
    const struct campaign_shop_row *shop = row;
    struct audit_about about = { AUDIT_budget_kept, &campaign_shop_table, row };
    const struct audit_campaign *campaign = audit_map_get(&audit->campaigns, shop->campaign_id, 0);
    int64_t *given = audit_map_get(&audit->campaign_shops, shop->campaign_id, shop->shop_id);
    int64_t expected = given == NULL ? 0 : given[2];
    audit_true(audit, about, "its campaign or its shop does not exist",
               campaign != NULL && audit_map_get(&audit->shops, shop->shop_id, 0) != NULL);
    audit_equal(audit, about, "what the campaign gave in this shop", expected, shop->spent_minor);
    if (given != NULL) {
        given[2] = 0;
    }
    return true;
}

static void shops_end(struct audit *audit)
{
    size_t place = 0;
    const int64_t *given;
    while ((given = audit_map_next(&audit->campaign_shops, &place)) != NULL) {
        struct campaign_shop_row key = { .campaign_id = given[0], .shop_id = given[1] };
        struct audit_about about = { AUDIT_budget_kept, &campaign_shop_table, &key };
        audit_equal(audit, about, "what the campaign gave in this shop, and no row says so", 0, given[2]);
    }
}

/* Only when uses and their rows do not agree: which of them. */
struct use_search {
    struct audit *audit;
    struct audit_map uses; /* by campaign and person: how many rows say, less trades */
};

static bool use_search_row(void *context, const void *row)
{
    struct use_search *search = context;
    const struct campaign_use_row *use = row;
    int64_t *entry = audit_map_put(&search->uses, use->campaign_id, use->person_id);
    if (entry == NULL) {
        return audit_too_large(search->audit);
    }
    entry[2] += use->uses;
    return true;
}

static bool use_search_trade(void *context, const void *row)
{
    struct use_search *search = context;
    const struct trade_row *trade = row;
    for (int32_t i = 0; i < trade->discounts_count && trade->left_minor > 0; i++) {
        int64_t *entry = audit_map_put(&search->uses, trade->discounts[i].campaign_id,
                                       audit_person(search->audit, trade->shopper_id));
        if (entry == NULL) {
            return audit_too_large(search->audit);
        }
        entry[2]--;
    }
    return true;
}

static void uses_name(struct audit *audit)
{
    struct use_search search = { .audit = audit };
    size_t place = 0;
    const int64_t *entry;
    audit_map_init(&search.uses, &audit->memory, 3 * sizeof(int64_t), 2);
    audit_search(audit, &campaign_use_table, use_search_row, &search);
    audit_search(audit, &trade_table, use_search_trade, &search);
    while ((entry = audit_map_next(&search.uses, &place)) != NULL) {
        struct campaign_use_row key = { .campaign_id = entry[0], .person_id = entry[1] };
        struct audit_about about = { AUDIT_budget_kept, &campaign_use_table, &key };
        audit_equal(audit, about, "its uses, less the person's trades that count", 0, entry[2]);
    }
    audit_map_release(&search.uses);
}

void audit_campaigns_end(struct audit *audit)
{
    struct audit_about about = { AUDIT_budget_kept, NULL, NULL };
    size_t place = 0;
    const struct audit_campaign *campaign;
    if (audit->status != STATUS_ok) {
        return;
    }
    while ((campaign = audit_map_next(&audit->campaigns, &place)) != NULL) {
        campaign_end(audit, campaign);
    }
    audit_scan(audit, &campaign_use_table, use_each);
    bool agree = audit->uses_print == 0 && audit->uses_left == 0;
    if (!agree) {
        uses_name(audit);
    }
    audit_true(audit, about, "the uses of campaigns and the trades do not agree", agree);
    audit_scan(audit, &campaign_shop_table, shop_each);
    if (audit->status == STATUS_ok) {
        shops_end(audit);
    }
}
