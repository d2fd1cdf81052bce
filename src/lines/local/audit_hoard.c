/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people keep without having paid, in the audit: everything that counts is in a state in which it may, and added
 * up by person it is what the person's row says. The numbers that a person has of a shop's queues are open, and that
 * person's.
 */
#include "lines/local/booking_rows.h"
#include "lines/local/hoard_rows.h"
#include "lines/local/local_internal.h"
#include "lines/local/meal_rows.h"
#include "lines/local/purchase_rows.h"
#include "lines/local/queue_rows.h"
#include "lines/local/voucher_rows.h"
#include "people/people_rows.h"

enum { HOARD_copies = HOARD_never }; /* beside the kinds: copies in purchases */
#define SUMS (HOARD_never + 1)

/* A shopper, or a person. */
struct audit_holder {
    int64_t id;
    int64_t person_id; /* of a shopper */
    int64_t sums[SUMS];
    int64_t said[SUMS]; /* of a person, by its row */
};

struct audit_number {
    int64_t queue_id, number; /* with its day */
    int64_t shop_id, person_id;
    int64_t shopper_id; /* who has it, by its place */
};

struct audit_hoards {
    struct audit_map shoppers, people, numbers;
};

static void begin(struct audit *audit, void *state)
{
    struct audit_hoards *hoards = state;
    struct audit_memory *memory = audit_memory_of(audit);
    audit_map_init(&hoards->shoppers, memory, sizeof(struct audit_holder), 1);
    audit_map_init(&hoards->people, memory, sizeof(struct audit_holder), 1);
    audit_map_init(&hoards->numbers, memory, sizeof(struct audit_number), 2);
}

static void release(struct audit *audit, void *state)
{
    struct audit_hoards *hoards = state;
    (void)audit;
    audit_map_release(&hoards->shoppers);
    audit_map_release(&hoards->people);
    audit_map_release(&hoards->numbers);
}

/* ---- what counts ---- */

/* One that counts, of a shopper. `may`: of its kind and in a state in which that counts. */
static bool counts(struct audit *audit, struct audit_hoards *hoards, struct audit_about about, int64_t shopper_id,
                   int32_t counted, bool may)
{
    if (counted == HOARD_none || counted == HOARD_never) {
        return true;
    }
    if (!audit_expect(audit, about, "it counts among what is kept unpaid, and may not", may)) {
        return true;
    }
    struct audit_holder *holder = audit_map_put(&hoards->shoppers, shopper_id, 0);
    if (holder == NULL) {
        return audit_too_large(audit);
    }
    holder->sums[counted]++;
    return true;
}

static bool purchase_each(struct audit *audit, void *state, const void *row)
{
    struct audit_hoards *hoards = state;
    const struct purchase_row *purchase = row;
    struct audit_about about = { AUDIT_stock_kept, &purchase_table, row };
    bool may = purchase->counted == HOARD_purchase && purchase->state == PURCHASE_waiting;
    if (!counts(audit, hoards, about, purchase->shopper_id, purchase->counted, may)) {
        return false;
    }
    struct audit_holder *holder = audit_map_get(&hoards->shoppers, purchase->shopper_id, 0);
    if (purchase->counted == HOARD_purchase && holder != NULL) {
        holder->sums[HOARD_copies] += purchase->copies;
    }
    return true;
}

static bool booking_may(const struct booking_row *booking)
{
    switch (booking->counted) {
    case HOARD_waiting:
        return booking->state == BOOKING_waiting || booking->state == BOOKING_offered;
    case HOARD_booking:
        return booking->state == BOOKING_held;
    case HOARD_visit:
        return booking->state == BOOKING_confirmed && booking->trade_id == 0 && booking->hold_id == 0;
    default:
        return false;
    }
}

static bool booking_each(struct audit *audit, void *state, const void *row)
{
    const struct booking_row *booking = row;
    struct audit_about about = { AUDIT_seat_once, &booking_table, row };
    return counts(audit, state, about, booking->shopper_id, booking->counted, booking_may(booking));
}

static bool waiting_each(struct audit *audit, void *state, const void *row)
{
    const struct waiting_row *waiting = row;
    struct audit_about about = { AUDIT_stock_kept, &waiting_table, row };
    bool may = waiting->counted == HOARD_waiting && waiting->state == WAITING_waits;
    return counts(audit, state, about, waiting->shopper_id, waiting->counted, may);
}

static bool meal_each(struct audit *audit, void *state, const void *row)
{
    const struct meal_order_row *order = row;
    struct audit_about about = { AUDIT_answer_durable, &meal_order_table, row };
    bool may = order->counted == HOARD_meal && (order->state == MEAL_open || order->state == MEAL_waiting ||
                                                order->kind == MEAL_dine_in) &&
               order->state < MEAL_done;
    return counts(audit, state, about, order->shopper_id, order->counted, may);
}

/* ---- numbers ---- */

static int64_t number_key(int32_t day, int32_t number)
{
    return (int64_t)day * 1000000 + number;
}

static bool numbers_each(struct audit *audit, void *state, const void *row)
{
    struct audit_hoards *hoards = state;
    const struct hoard_numbers_row *numbers = row;
    struct audit_about about = { AUDIT_seat_once, &hoard_numbers_table, row };
    for (int32_t i = 0; i < numbers->numbers_count; i++) {
        const struct hoard_number_row *one = &numbers->numbers[i];
        struct audit_number *number =
            audit_map_put(&hoards->numbers, one->queue_id, number_key(numbers->day, one->number));
        if (number == NULL) {
            return audit_too_large(audit);
        }
        audit_expect(audit, about, "it names a number twice, or somebody else has it", number->shop_id == 0);
        number->shop_id = numbers->shop_id;
        number->person_id = numbers->person_id;
    }
    return true;
}

static bool place_each(struct audit *audit, void *state, const void *row)
{
    struct audit_hoards *hoards = state;
    const struct queue_place_row *place = row;
    struct audit_about about = { AUDIT_seat_once, &queue_place_table, row };
    struct audit_number *number =
        audit_map_get(&hoards->numbers, place->queue_id, number_key(place->day, place->number));
    if (number == NULL) {
        return true;
    }
    audit_expect(audit, about, "it counts as a number of its person, and is over or another shop's",
                 place->shop_id == number->shop_id && place->state <= PLACE_called);
    number->shopper_id = place->shopper_id;
    return audit_map_put(&hoards->shoppers, place->shopper_id, 0) != NULL || audit_too_large(audit);
}

/* ---- by person ---- */

static bool shopper_each(struct audit *audit, void *state, const void *row)
{
    struct audit_hoards *hoards = state;
    const struct shopper_row *shopper = row;
    struct audit_holder *holder = audit_map_get(&hoards->shoppers, shopper->shopper_id, 0);
    if (holder == NULL) {
        return true;
    }
    struct audit_holder *person = audit_map_put(&hoards->people, shopper->person_id, 0);
    if (person == NULL) {
        return audit_too_large(audit);
    }
    holder->person_id = shopper->person_id;
    for (int32_t i = 0; i < SUMS; i++) {
        person->sums[i] += holder->sums[i];
    }
    return true;
}

/* What a person's row says is remembered, and compared when all that counts is known. */
static bool hoard_each(struct audit *audit, void *state, const void *row)
{
    const struct hoard_row *hoard = row;
    const int64_t said[SUMS] = { [HOARD_purchase] = hoard->purchases, [HOARD_booking] = hoard->bookings,
                                 [HOARD_visit] = hoard->visits,       [HOARD_waiting] = hoard->waitings,
                                 [HOARD_meal] = hoard->meals,         [HOARD_copies] = hoard->copies };
    struct audit_about about = { AUDIT_stock_kept, &hoard_table, row };
    int64_t all = 0;
    for (int32_t i = 0; i < SUMS; i++) {
        all |= said[i];
    }
    audit_expect(audit, about, "so often nothing ended unpaid", hoard->unpaid >= 0);
    if (all == 0) {
        return true; /* a person whose things count has an entry already */
    }
    struct audit_holder *person = audit_map_put(&((struct audit_hoards *)state)->people, hoard->person_id, 0);
    if (person == NULL) {
        return audit_too_large(audit);
    }
    memcpy(person->said, said, sizeof(said));
    return true;
}

static bool limits_each(struct audit *audit, void *state, const void *row)
{
    const struct hoard_limits_row *limits = row;
    struct audit_about about = { AUDIT_answer_durable, &hoard_limits_table, row };
    (void)state;
    audit_expect(audit, about, "there is one row of limits, and they are above 0",
                 limits->one == 1 && limits->purchases_most > 0 && limits->numbers_most > 0 &&
                     limits->numbers_most <= HOARD_NUMBERS_MAX);
    return true;
}

/* ---- at the end ---- */

static void people_end(struct audit *audit, const struct audit_hoards *hoards)
{
    static const char *const words[SUMS] = { [HOARD_purchase] = "the unpaid purchases of the person",
                                             [HOARD_booking] = "the unpaid bookings of the person",
                                             [HOARD_visit] = "the bookings that nothing was paid for",
                                             [HOARD_waiting] = "the places where the person waits",
                                             [HOARD_meal] = "the unpaid meals of the person",
                                             [HOARD_copies] = "the copies in unpaid purchases" };
    const struct audit_holder *person;
    for (size_t place = 0; (person = audit_map_next(&hoards->people, &place)) != NULL;) {
        struct hoard_row key = { .person_id = person->id };
        struct audit_about about = { AUDIT_stock_kept, &hoard_table, &key };
        for (int32_t i = 1; i < SUMS; i++) {
            audit_expect_equal(audit, about, words[i], person->sums[i], person->said[i]);
        }
    }
}

static void numbers_end(struct audit *audit, const struct audit_hoards *hoards)
{
    const struct audit_number *number;
    for (size_t place = 0; (number = audit_map_next(&hoards->numbers, &place)) != NULL;) {
        struct hoard_numbers_row key = { .shop_id = number->shop_id, .person_id = number->person_id };
        struct audit_about about = { AUDIT_seat_once, &hoard_numbers_table, &key };
        const struct audit_holder *holder = audit_map_get(&hoards->shoppers, number->shopper_id, 0);
        audit_expect(audit, about, "it names a number that the person does not have",
                     holder != NULL && holder->person_id == number->person_id);
    }
}

static void end(struct audit *audit, void *state)
{
    people_end(audit, state);
    numbers_end(audit, state);
}

static void tables(struct audit *audit, void *state)
{
    struct audit_hoards *hoards = state;
    audit_scan_line(audit, &hoard_limits_table, limits_each, state);
    audit_scan_line(audit, &hoard_numbers_table, numbers_each, state);
    audit_look_line(audit, &purchase_table, purchase_each, state);
    audit_look_line(audit, &booking_table, booking_each, state);
    audit_look_line(audit, &waiting_table, waiting_each, state);
    audit_look_line(audit, &meal_order_table, meal_each, state);
    if (hoards->numbers.count > 0) {
        audit_look_line(audit, &queue_place_table, place_each, state);
    }
    if (hoards->shoppers.count > 0) {
        audit_look_line(audit, &shopper_table, shopper_each, state);
    }
    audit_scan_line(audit, &hoard_table, hoard_each, state);
}

const struct audit_part audit_part_hoard = {
    .state_size = sizeof(struct audit_hoards),
    .begin = begin,
    .release = release,
    .tables = tables,
    .end = end,
};
