/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Give-aways in the audit: who claimed is counted once and has what the claim says; entries of a lottery are a chain
 * without gaps, and who won is who the seed says.
 */
#include "lines/local/audit_give.h"

#include "lines/local/deal_rows.h"
#include "lines/local/give_rows.h"
#include "lines/local/voucher_rows.h"

struct audit_give {
    int64_t deal_id;
    int64_t claims, renewed, winners, handed; /* as its row says */
    int64_t found, found_won, entries;        /* as its claims and entries do */
    int64_t kind, drawn;
    uint64_t numbers_print;  /* of claims less of entries */
    uint64_t vouchers_print; /* of claims without a purchase less of vouchers without one */
    uint8_t chain[SHA256_SIZE], chain_found[SHA256_SIZE], key[SHA256_SIZE];
};

/* A claim at a token price, by its give-away and person. */
struct audit_bought {
    int64_t deal_id, person_id;
    int64_t purchase_id;
    int64_t found;
};

void audit_give_begin(struct audit *audit, struct audit_gives *gives)
{
    audit_map_init(&gives->gives, audit_memory_of(audit), sizeof(struct audit_give), 1);
    audit_map_init(&gives->bought, audit_memory_of(audit), sizeof(struct audit_bought), 2);
}

void audit_give_release(struct audit_gives *gives)
{
    audit_map_release(&gives->gives);
    audit_map_release(&gives->bought);
}

static bool zeros(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

static void lottery_row_check(struct audit *audit, const struct give_row *give)
{
    struct audit_about about = { AUDIT_answer_durable, &give_table, give };
    uint8_t seed_hash[SHA256_SIZE];
    draw_commit(give->secret, seed_hash);
    audit_expect(audit, about, "what was told before is not the hash of its seed",
                 memcmp(seed_hash, give->seed_hash, sizeof(seed_hash)) == 0);
    bool shown = memcmp(give->seed, give->secret, sizeof(give->seed)) == 0;
    audit_expect(audit, about, "its seed is shown before it is drawn, or another one is",
                 give->state == GIVE_open ? zeros(give->seed, sizeof(give->seed)) : shown);
    audit_expect(audit, about, "more winners than entries, or more handed out than there are winners",
                 give->state == GIVE_open ? give->handed == 0
                                          : give->winners <= give->claims && give->handed <= give->winners);
    if (give->state == GIVE_drawn) {
        audit_expect_equal(audit, about, "winners that have what they won", give->winners, give->handed);
        audit_expect_equal(audit, about, "when its timer is due", 0, give->due_us);
    } else {
        audit_timer_claim(audit, about, give->due_us, TIMER_lottery_draw, give->deal_id);
    }
}

static bool give_each(struct audit *audit, void *state, const void *row)
{
    struct audit_gives *gives = state;
    const struct give_row *give = row;
    struct audit_about about = { AUDIT_answer_durable, &give_table, give };
    struct audit_give *of = audit_map_put(&gives->gives, give->deal_id, 0);
    if (of == NULL) {
        return audit_too_large(audit);
    }
    of->kind = give->kind;
    of->drawn = give->state != GIVE_open && give->claims <= DRAW_ENTRIES_MAX;
    of->claims = give->claims;
    of->renewed = give->renewed;
    of->winners = give->winners;
    of->handed = give->handed;
    memcpy(of->chain, give->chain, sizeof(of->chain));
    memcpy(of->chain_found, give->seed_hash, sizeof(of->chain_found));
    draw_key(give->secret, give->chain, of->key);
    audit_expect(audit, about, "its merchant does not exist", audit_merchant_known(audit, give->merchant_id));
    audit_expect(audit, about, "so many numbers cannot have been given",
                 give->claims >= 0 && give->claims <= DRAW_ENTRIES_MAX);
    audit_expect(audit, about, "it ends before it begins", give->starts_at_us < give->ends_at_us);
    audit_time_known(audit, about, give->created_at_us);
    if (give->kind == GIVE_lottery) {
        lottery_row_check(audit, give);
    } else {
        audit_expect(audit, about, "its kind does not exist", give->kind == GIVE_claim);
        audit_expect_equal(audit, about, "its state", GIVE_open, give->state);
    }
    return true;
}

static bool claim_each(struct audit *audit, void *state, const void *row)
{
    struct audit_gives *gives = state;
    const struct give_claim_row *claim = row;
    struct audit_about about = { AUDIT_voucher_once, &give_claim_table, claim };
    struct audit_give *give = audit_map_get(&gives->gives, claim->deal_id, 0);
    if (!audit_expect(audit, about, "nothing is given away with its deal", give != NULL)) {
        return true;
    }
    give->found++;
    give->found_won += claim->won;
    audit_expect(audit, about, "its shopper does not exist", audit_shopper_known(audit, claim->shopper_id));
    audit_expect(audit, about, "its number was never given", claim->number >= 1 && claim->number <= give->claims);
    audit_time_known(audit, about, claim->at_us);
    if (claim->voucher_id != 0) {
        give->vouchers_print += audit_pair_print(claim->voucher_id, claim->shopper_id);
    }
    if (give->kind == GIVE_lottery) {
        give->numbers_print += audit_pair_print(claim->number, claim->person_id);
        audit_expect(audit, about, "it won without a voucher, or the other way round",
                     (claim->won != 0) == (claim->voucher_id != 0) && claim->purchase_id == 0);
        bool drawn = claim->won == 0 || (give->drawn != 0 && claim->number <= give->claims && claim->number >= 1 &&
                                         draw_place(give->key, give->claims, claim->number) < give->handed);
        audit_expect(audit, about, "it won, and the seed says that it did not", drawn);
        return true;
    }
    audit_expect(audit, about, "it has neither a voucher nor a purchase, or both",
                 (claim->voucher_id != 0) != (claim->purchase_id != 0));
    if (claim->purchase_id != 0) {
        struct audit_bought *bought = audit_map_put(&gives->bought, claim->deal_id, claim->person_id);
        if (bought == NULL) {
            return audit_too_large(audit);
        }
        bought->purchase_id = claim->purchase_id;
    }
    return true;
}

static bool entry_each(struct audit *audit, void *state, const void *row)
{
    struct audit_gives *gives = state;
    const struct lottery_entry_row *entry = row;
    struct audit_about about = { AUDIT_answer_durable, &lottery_entry_table, entry };
    struct audit_give *give = audit_map_get(&gives->gives, entry->deal_id, 0);
    if (!audit_expect(audit, about, "there is no such lottery", give != NULL && give->kind == GIVE_lottery)) {
        return true;
    }
    give->entries++;
    audit_expect_equal(audit, about, "its number, counted from 1", give->entries, entry->number);
    audit_id_known(audit, about, entry->ticket_id);
    draw_chain(give->chain_found, entry->number, entry->ticket_id);
    give->numbers_print -= audit_pair_print(entry->number, entry->person_id);
    return true;
}

static bool purchase_look(struct audit *audit, void *state, const void *row)
{
    struct audit_gives *gives = state;
    const struct purchase_row *purchase = row;
    struct audit_about about = { AUDIT_voucher_once, &purchase_table, purchase };
    if (purchase->give_id == 0) {
        return true;
    }
    struct audit_bought *bought = audit_map_get(&gives->bought, purchase->give_id, purchase->person_id);
    bool theirs = bought != NULL && bought->purchase_id == purchase->purchase_id;
    audit_expect(audit, about, "it was claimed, and its person's claim is another one",
                 theirs || purchase->state == PURCHASE_closed);
    if (theirs) {
        bought->found = 1;
    }
    return true;
}

static bool voucher_look(struct audit *audit, void *state, const void *row)
{
    struct audit_gives *gives = state;
    const struct voucher_row *voucher = row;
    struct audit_about about = { AUDIT_voucher_once, &voucher_table, voucher };
    if (voucher->purchase_id != 0 || voucher->part != 0) {
        return true;
    }
    struct audit_give *give = audit_map_get(&gives->gives, voucher->deal_id, 0);
    if (audit_expect(audit, about, "nobody bought it, and its deal is not given away", give != NULL)) {
        give->vouchers_print -= audit_pair_print(voucher->voucher_id, voucher->buyer_id);
    }
    return true;
}

static void gives_check(struct audit *audit, const struct audit_gives *gives)
{
    size_t place = 0;
    const struct audit_give *give;
    while ((give = audit_map_next(&gives->gives, &place)) != NULL) {
        struct give_row key = { .deal_id = give->deal_id };
        struct audit_about about = { AUDIT_answer_durable, &give_table, &key };
        audit_expect_equal(audit, about, "people who claimed or entered", give->claims - give->renewed, give->found);
        if (give->kind == GIVE_lottery) {
            audit_expect_equal(audit, about, "winners that have what they won", give->handed, give->found_won);
            audit_expect_equal(audit, about, "entries", give->claims, give->entries);
            audit_expect(audit, about, "its entries are not those of its people", give->numbers_print == 0);
            audit_expect(audit, about, "its chain is not that of its entries",
                         memcmp(give->chain, give->chain_found, sizeof(give->chain)) == 0);
        }
        about.law = AUDIT_voucher_once;
        audit_expect(audit, about, "its vouchers are not those that its claims name", give->vouchers_print == 0);
    }
}

void audit_give_tables(struct audit *audit, struct audit_gives *gives)
{
    audit_scan_line(audit, &give_table, give_each, gives);
    audit_scan_line(audit, &give_claim_table, claim_each, gives);
    audit_scan_line(audit, &lottery_entry_table, entry_each, gives);
    if (gives->gives.count > 0) { /* only then one more look at what others have counted */
        audit_look_line(audit, &purchase_table, purchase_look, gives);
        audit_look_line(audit, &voucher_table, voucher_look, gives);
    }
    if (!audit_reading(audit)) {
        return;
    }
    size_t place = 0;
    const struct audit_bought *bought;
    while ((bought = audit_map_next(&gives->bought, &place)) != NULL) {
        struct give_claim_row key = { .deal_id = bought->deal_id, .person_id = bought->person_id };
        struct audit_about about = { AUDIT_voucher_once, &give_claim_table, &key };
        audit_expect(audit, about, "its purchase does not exist", bought->found != 0);
    }
    gives_check(audit, gives);
}
