/* SPDX-License-Identifier: Apache-2.0 */
/* How deals and purchases look from outside. */
#include "lines/local/deal_internal.h"

#define RULE(member, ...) COLUMN(deal_rules, member, __VA_ARGS__)
#define MONEY(member, sentence)                                                                              \
    RULE(member, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX, .text = sentence)

/* Everything but the ids and the stock of a new one. */
#define RULES                                                                                                \
    RULE(kind, .form = FORM_choice, .names = deal_kinds, .flags = COLUMN_required),                          \
        RULE(category, .form = FORM_choice, .names = deal_categories),                                       \
        RULE(title, .flags = COLUMN_required, .least = 1, .text = "What is sold."),                          \
        RULE(rules, .text = "In plain words, for who buys it."),                                             \
        RULE(picture, .text = "Address of a picture."),                                                      \
        MONEY(price_minor, "Of a copy; 0 only for what is given away."),                                     \
        MONEY(list_price_minor, "What it costs without the deal; 0: not said."),                             \
        MONEY(face_minor, "Of stored value: what it is worth."),                                             \
        RULE(sale_from_us, .form = FORM_instant, .text = "Left out: now."),                                  \
        RULE(sale_until_us, .form = FORM_instant, .flags = COLUMN_required, .text = "Exclusive."),           \
        RULE(valid_from_us, .form = FORM_instant, .text = "When it may be redeemed; left out: now."),        \
        RULE(valid_until_us, .form = FORM_instant, .flags = COLUMN_required, .text = "Exclusive."),          \
        RULE(valid_days, .least = 0, .most = 3650,                                                           \
             .text = "And at most so many days after the day on which it was bought; 0: no such limit."),    \
        RULE(weekdays, .least = 0, .most = 127, .text = "Bit 0 Monday to bit 6 Sunday; 0: all."),            \
        RULE(minute_from, .least = 0, .most = 1439, .text = "Minute of the day in the shop's zone."),        \
        RULE(minute_to, .least = 0, .most = 1440,                                                            \
             .text = "Exclusive; before minute_from: on the next day; equal to it: all day."),               \
        COLUMN_LIST(deal_rules, closed_days, deal_day_closed_shape, .text = "Days on which it is not valid."), \
        RULE(copies_per_person, .least = 0, .most = 1000000, .text = "0: no limit."),                        \
        RULE(commission_bp, .least = 0, .most = 10000,                                                       \
             .text = "Hundredths of a percent of what is earned, for the platform. A merchant says at least " \
                     "300, or leaves it out for 500."),                                                      \
        RULE(refund, .form = FORM_choice, .names = deal_refunds,                                             \
             .text = "Until when it may be returned; left out: until_expiry."),                              \
        RULE(lapse_refunds, .form = FORM_flag, .text = "What is left when it lapses is paid back by itself."), \
        RULE(group_least, .least = 0, .most = 1000000,                                                       \
             .text = "Of a group deal: people who must have paid by group_until, or everyone is refunded."), \
        RULE(group_until_us, .form = FORM_instant), RULE(seed, .form = FORM_hidden),                         \
        COLUMN_LIST(deal_rules, parts, deal_part_shape,                                                      \
                    .text = "Who does what of it for how much; left out: the seller all of it, once."),      \
        COLUMN_LIST(deal_rules, shops, deal_shop_shape,                                                      \
                    .text = "Where it is redeemed; left out: in the shop that sells it.")

static const struct column rules_columns[] = {
    RULE(deal_id, .form = FORM_id, .least = DEAL_ID_LEAST, .most = CHOSEN_ID_MAX,
         .text = "Chosen by you, from 1000000001 to 10^12; left out, the till gives one."),
    RULE(shop_id, .form = FORM_id, .flags = COLUMN_required, .text = "Who sells it."),
    RULE(stock, .least = 0, .most = DEAL_COPIES_MAX, .text = "Copies on sale at first."),
    RULES,
};
const struct shape deal_rules_shape = SHAPE("deal_rules", deal_rules, rules_columns);

static const struct column change_columns[] = {
    RULE(deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    RULES,
};
const struct shape deal_change_shape = SHAPE("deal_change", deal_rules, change_columns);

static const struct column ref_columns[] = {
    COLUMN(deal_ref, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
const struct shape deal_ref_shape = SHAPE("deal_ref", deal_ref, ref_columns);

/* A member of the row inside, with its own name. */
#define ROW(type, member, ...)                                                                               \
    {                                                                                                        \
        .name = #member, .kind = COLUMN_KIND(((struct type *)0)->row.member),                                \
        .offset = offsetof(struct type, row.member), .size = sizeof(((struct type *)0)->row.member), __VA_ARGS__ \
    }
#define ROW_LIST(type, member, element_shape, ...)                                                           \
    {                                                                                                        \
        .name = #member, .kind = COLUMN_list, .offset = offsetof(struct type, row.member),                   \
        .size = sizeof(((struct type *)0)->row.member), .element = &(element_shape),                         \
        .count_offset = offsetof(struct type, row.member##_count), __VA_ARGS__                               \
    }
#define DEAL(member, ...) ROW(deal, member, __VA_ARGS__)

static const struct column deal_columns[] = {
    DEAL(deal_id, .form = FORM_id),
    DEAL(merchant_id, .form = FORM_id, .text = "Who sells it."),
    DEAL(shop_id, .form = FORM_id, .text = "In whose name."),
    DEAL(kind, .form = FORM_choice, .names = deal_kinds),
    DEAL(state, .form = FORM_choice, .names = deal_states),
    DEAL(stopped, .form = FORM_flag, .text = "The platform paused it, and only the platform resumes it."),
    DEAL(category, .form = FORM_choice, .names = deal_categories),
    DEAL(title, .text = NULL),
    DEAL(currency, .text = "ISO 4217 number, of the shop that sells it."),
    DEAL(price_minor, .form = FORM_amount),
    DEAL(list_price_minor, .form = FORM_amount),
    DEAL(face_minor, .form = FORM_amount),
    DEAL(pieces_each, .text = "How often one copy is redeemed."),
    DEAL(sale_from_us, .form = FORM_instant),
    DEAL(sale_until_us, .form = FORM_instant),
    DEAL(valid_from_us, .form = FORM_instant),
    DEAL(valid_until_us, .form = FORM_instant),
    DEAL(valid_days, .text = NULL),
    DEAL(weekdays, .text = NULL),
    DEAL(minute_from, .text = NULL),
    DEAL(minute_to, .text = NULL),
    ROW_LIST(deal, closed_days, deal_day_closed_shape),
    DEAL(copies_per_person, .text = NULL),
    DEAL(commission_bp, .text = NULL),
    DEAL(refund, .form = FORM_choice, .names = deal_refunds),
    DEAL(lapse_refunds, .form = FORM_flag),
    DEAL(group_least, .text = NULL),
    DEAL(group_until_us, .form = FORM_instant),
    DEAL(group_state, .form = FORM_choice, .names = group_states),
    DEAL(version, .text = "Grows with every change."),
    DEAL(created_at_us, .form = FORM_instant),
    ROW_LIST(deal, parts, deal_part_shape),
    COLUMN(deal, copies_left, .text = "That may be bought."),
    COLUMN(deal, sold_copies, .text = "That became vouchers."),
    COLUMN(deal, buyers, .text = "Of a group: people who have paid."),
};
const struct shape deal_shape = SHAPE("deal", deal, deal_columns);

#define PURCHASE(member, ...) ROW(purchase, member, __VA_ARGS__)
static const struct column purchase_columns[] = {
    PURCHASE(purchase_id, .form = FORM_id),
    PURCHASE(deal_id, .form = FORM_id),
    COLUMN(purchase, title),
    PURCHASE(shop_id, .form = FORM_id),
    PURCHASE(shopper_id, .form = FORM_id),
    PURCHASE(trade_id, .form = FORM_id, .text = "What is paid for it."),
    PURCHASE(copies, .text = NULL),
    PURCHASE(pieces, .text = "How often all copies are redeemed."),
    PURCHASE(price_minor, .form = FORM_amount),
    PURCHASE(amount_minor, .form = FORM_amount, .text = "Price of all copies before campaigns."),
    PURCHASE(state, .form = FORM_choice, .names = purchase_states),
    PURCHASE(created_at_us, .form = FORM_instant),
    PURCHASE(paid_at_us, .form = FORM_instant),
    PURCHASE(closed_at_us, .form = FORM_instant),
    PURCHASE(give_id, .form = FORM_id, .text = "The give-away that it is of."),
    PURCHASE(voucher_id, .form = FORM_id, .text = "The first that came of it."),
    COLUMN(purchase, trade_state, .form = FORM_choice, .names = trade_states),
    COLUMN(purchase, discount_minor, .form = FORM_amount, .text = "By campaigns."),
    COLUMN(purchase, paid_minor, .form = FORM_amount, .text = "By the shopper."),
    COLUMN(purchase, expires_at_us, .form = FORM_instant, .text = "When it closes unpaid."),
    COLUMN(purchase, group_short, .text = "People whom an open group still lacks."),
};
const struct shape purchase_shape = SHAPE("purchase", purchase, purchase_columns);

#define PLACE(member, ...) ROW(shop_place, member, __VA_ARGS__)
static const struct column shop_place_columns[] = {
    PLACE(shop_id, .form = FORM_id),
    COLUMN(shop_place, name, .text = "The shop's."),
    PLACE(placed, .form = FORM_flag, .text = "It is known where it is."),
    PLACE(latitude_e6, .text = "Degrees north, in millionths."),
    PLACE(longitude_e6, .text = "Degrees east, in millionths."),
    PLACE(category, .form = FORM_choice, .names = deal_categories),
    PLACE(address, .text = NULL),
    ROW_LIST(shop_place, hours, open_hours_shape),
    PLACE(reviews, .text = NULL),
    PLACE(rating_tenths, .text = "The mean of all stars, in tenths; 0: no review yet."),
};
const struct shape shop_place_shape = SHAPE("shop_place", shop_place, shop_place_columns);
