/* SPDX-License-Identifier: Apache-2.0 */
/* How campaigns look from outside. */
#include "till/campaign.h"
#include "till/campaign_internal.h"

#define RULE(member, ...) COLUMN(campaign_rules, member, __VA_ARGS__)
#define MONEY(member, sentence)                                                                              \
    RULE(member, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX, .text = sentence)

/* Everything but the id, which is chosen when creating and comes from the path when changing. */
#define RULES                                                                                                \
    RULE(name, .flags = COLUMN_required, .least = 1, .text = "As it shall stand on receipts."),              \
        RULE(kind, .form = FORM_choice, .names = campaign_kinds, .flags = COLUMN_required),                  \
        RULE(currency, .least = 0, .most = 999, .text = "ISO 4217 number; left out: 156, CNY."),             \
        RULE(percent_bp, .least = 0, .most = 10000,                                                          \
             .text = "Percentage: hundredths of a percent off; 5000 is half price."),                        \
        MONEY(amount_minor, "Amount off, the fixed price, or the mean of a random cut."),                    \
        MONEY(low_minor, "Least random cut."), MONEY(high_minor, "Largest random cut."),                     \
        MONEY(cap_minor, "Most off one trade; 0: no cap."),                                                  \
        MONEY(min_spend_minor, "Least price before discounts."),                                             \
        RULE(uses_per_day, .least = 0, .most = 1000000, .text = "Of one person in a day; 0: no limit."),     \
        RULE(uses_per_person, .least = 0, .most = 1000000, .text = "Of one person in all; 0: no limit."),    \
        RULE(uses_max, .least = 0, .most = AMOUNT_MAX, .text = "Of everybody; 0: no limit."),                \
        MONEY(day_budget_minor, "Most given in a day; 0: no limit."),                                        \
        MONEY(shop_budget_minor, "Most given in one shop; 0: no limit."),                                    \
        RULE(audience, .form = FORM_choice, .names = campaign_audiences),                                    \
        RULE(starts_at_us, .form = FORM_instant, .flags = COLUMN_required),                                  \
        RULE(ends_at_us, .form = FORM_instant, .flags = COLUMN_required, .text = "Exclusive."),              \
        RULE(minute_from, .least = 0, .most = 1439, .text = "Minute of the day in the shop's zone."),        \
        RULE(minute_to, .least = 0, .most = 1440,                                                            \
             .text = "Exclusive; equal to minute_from: all day. 1320 is 22:00."),                            \
        RULE(weekdays, .least = 0, .most = 127, .text = "Bit 0 Monday to bit 6 Sunday; 0: all."),            \
        RULE(priority, .least = -1000, .most = 1000, .text = "Higher goes first when campaigns combine."),   \
        RULE(combines, .form = FORM_flag, .text = "May be combined with others that combine."),              \
        RULE(merchant_share_bp, .least = 0, .most = 10000,                                                   \
             .text = "Share of each discount that the merchant funds."),                                     \
        RULE(at_budget_end, .form = FORM_choice, .names = budget_ends), RULE(seed, .form = FORM_hidden),     \
        COLUMN_LIST(campaign_rules, targets, target_shape, .flags = COLUMN_required,                         \
                    .text = "Where it applies: all shops, a merchant's, one shop, or a shop set.")

static const struct column rules_columns[] = {
    RULE(campaign_id, .form = FORM_id, .least = 1, .most = CHOSEN_ID_MAX,
         .text = "Chosen by you, up to 10^12; left out, the till gives one."),
    RULES,
};
const struct shape campaign_rules_shape = SHAPE("campaign_rules", campaign_rules, rules_columns);

static const struct column change_columns[] = {
    RULE(campaign_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    RULES,
};
const struct shape campaign_change_shape = SHAPE("campaign_change", campaign_rules, change_columns);

#define ROW(member, ...)                                                                                     \
    {                                                                                                        \
        .name = #member, COLUMN_OF(row.member), __VA_ARGS__                                                  \
    }
#define COLUMN_OF(path)                                                                                      \
    .kind = COLUMN_KIND(((struct campaign *)0)->path), .offset = offsetof(struct campaign, path),            \
    .size = sizeof(((struct campaign *)0)->path)
#define AMOUNT(member) ROW(member, .form = FORM_amount)

static const struct column campaign_columns[] = {
    ROW(campaign_id, .form = FORM_id),
    ROW(name, .text = NULL),
    ROW(state, .form = FORM_choice, .names = campaign_states),
    ROW(kind, .form = FORM_choice, .names = campaign_kinds),
    ROW(currency, .text = NULL),
    ROW(percent_bp, .text = NULL),
    AMOUNT(amount_minor),
    AMOUNT(low_minor),
    AMOUNT(high_minor),
    AMOUNT(cap_minor),
    AMOUNT(min_spend_minor),
    ROW(uses_per_day, .text = NULL),
    ROW(uses_per_person, .text = NULL),
    ROW(uses_max, .text = NULL),
    AMOUNT(day_budget_minor),
    AMOUNT(shop_budget_minor),
    ROW(audience, .form = FORM_choice, .names = campaign_audiences),
    ROW(starts_at_us, .form = FORM_instant),
    ROW(ends_at_us, .form = FORM_instant),
    ROW(minute_from, .text = NULL),
    ROW(minute_to, .text = NULL),
    ROW(weekdays, .text = NULL),
    ROW(priority, .text = NULL),
    ROW(combines, .form = FORM_flag),
    ROW(merchant_share_bp, .text = NULL),
    ROW(at_budget_end, .form = FORM_choice, .names = budget_ends),
    { .name = "targets",
      .kind = COLUMN_list,
      .offset = offsetof(struct campaign, row.targets),
      .size = sizeof(((struct campaign *)0)->row.targets),
      .element = &target_shape,
      .count_offset = offsetof(struct campaign, row.targets_count) },
    ROW(version, .text = "Grows with every change."),
    ROW(created_at_us, .form = FORM_instant),
    ROW(uses, .text = "Trades that got it, less those refunded in full."),
    AMOUNT(spent_minor),
    AMOUNT(day_spent_minor),
    ROW(empty_at_us, .form = FORM_instant, .text = "When a payment first found the budget too short."),
    ROW(stopped, .form = FORM_flag, .text = "The platform paused it, and only the platform resumes it."),
    COLUMN(campaign, left_platform_minor, .form = FORM_amount),
    COLUMN(campaign, left_merchant_minor, .form = FORM_amount),
    COLUMN(campaign, left_minor, .form = FORM_amount),
    COLUMN(campaign, budget_minor, .form = FORM_amount, .text = "Funded so far: left plus spent."),
};
const struct shape campaign_shape = SHAPE("campaign", campaign, campaign_columns);
