/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bookings in the audit:
 *
 *   - slots of a resource and shows of a hall do not overlap;
 *   - the places of each are free, held or taken as its bookings say, and no more than there are;
 *   - no seat has two bookings, and the rows of a show say which have one;
 *   - who waits stands on one list, and who does not on none;
 *   - the escrow of a booking's trade holds its price until it has ended, then nothing;
 *   - transfers of bookings move places where their cause says, and only a booking's own money;
 *   - numbers of a queue wait once each.
 */
#include "lines/local/booking_rows.h"
#include "lines/local/local_internal.h"
#include "lines/local/queue_rows.h"

/* What there is to be booked. */
struct audit_resource {
    int64_t resource_id;
    int64_t shop_id;
    int64_t schedule_version, map_version; /* less those that were found */
};

/* A show, until its day has named it. */
struct audit_show {
    int64_t show_id;
    int64_t starts_at_us, ends_at_us;
    int64_t resource_id;
    int64_t day;
    int64_t open; /* 0: cancelled, or named */
};

/* Places of one slot or show. */
struct audit_places {
    int64_t owner_id, unit;
    int64_t free, held, taken;
    int64_t closed; /* of a cancelled show: what is free goes */
};

struct audit_line_seats {
    int64_t show_id, line;
    int64_t booked; /* by bookings */
    int64_t taken;  /* by the row */
};

struct audit_wait {
    int64_t booking_id;
    int64_t listed;
};

struct audit_money {
    int64_t trade_id;
    int64_t booking_id;
    int64_t escrow;
    int64_t price_minor; /* left of it, of one that is paid */
    int64_t state;
    int64_t unit;
};

/* What was given back of one that had ended: by its row less by transfers. */
struct audit_return {
    int64_t booking_id;
    int64_t returned_minor;
    int64_t shopper_id, shop_id, trade_id;
};

struct audit_queue {
    int64_t queue_id, number;
    int64_t waiting;
};

struct audit_bookings {
    struct audit_map resources, shows, places, seats, waits, money, queues, returns;
    int64_t slot_resource_id, slot_ends_us; /* of the slot before */
    struct resource_day_row day;            /* the day before */
};

static void begin(struct audit *audit, void *state)
{
    struct audit_bookings *bookings = state;
    struct audit_memory *memory = audit_memory_of(audit);
    audit_map_init(&bookings->resources, memory, sizeof(struct audit_resource), 1);
    audit_map_init(&bookings->shows, memory, sizeof(struct audit_show), 1);
    audit_map_init(&bookings->places, memory, sizeof(struct audit_places), 2);
    audit_map_init(&bookings->seats, memory, sizeof(struct audit_line_seats), 2);
    audit_map_init(&bookings->waits, memory, sizeof(struct audit_wait), 1);
    audit_map_init(&bookings->money, memory, sizeof(struct audit_money), 1);
    audit_map_init(&bookings->queues, memory, sizeof(struct audit_queue), 2);
    audit_map_init(&bookings->returns, memory, sizeof(struct audit_return), 1);
}

static void release(struct audit *audit, void *state)
{
    struct audit_bookings *bookings = state;
    (void)audit;
    audit_map_release(&bookings->resources);
    audit_map_release(&bookings->shows);
    audit_map_release(&bookings->places);
    audit_map_release(&bookings->seats);
    audit_map_release(&bookings->waits);
    audit_map_release(&bookings->money);
    audit_map_release(&bookings->queues);
    audit_map_release(&bookings->returns);
}

/* ---- what there is to be booked ---- */

static bool resource_each(struct audit *audit, void *state, const void *row)
{
    const struct resource_row *resource = row;
    struct audit_about about = { AUDIT_answer_durable, &resource_table, row };
    struct audit_resource *of =
        audit_map_put(&((struct audit_bookings *)state)->resources, resource->resource_id, 0);
    if (of == NULL) {
        return audit_too_large(audit);
    }
    audit_expect_equal(audit, about, "the merchant of its shop", audit_shop_merchant(audit, resource->shop_id),
                       resource->merchant_id);
    audit_expect(audit, about, "its rules are out of range",
                 resource->capacity >= 0 && resource->late_percent >= 0 && resource->late_percent <= 100 &&
                     resource->missed_percent >= 0 && resource->missed_percent <= 100 && resource->hold_minutes > 0);
    of->shop_id = resource->shop_id;
    of->schedule_version = resource->schedule_version;
    of->map_version = resource->map_version;
    return true;
}

static bool schedule_each(struct audit *audit, void *state, const void *row)
{
    const struct schedule_row *schedule = row;
    struct audit_about about = { AUDIT_answer_durable, &schedule_table, row };
    struct audit_resource *of =
        audit_map_get(&((struct audit_bookings *)state)->resources, schedule->resource_id, 0);
    if (audit_expect(audit, about, "its resource does not exist", of != NULL)) {
        of->schedule_version--;
    }
    return true;
}

static bool map_each(struct audit *audit, void *state, const void *row)
{
    const struct seat_map_row *map = row;
    struct audit_about about = { AUDIT_answer_durable, &seat_map_table, row };
    struct audit_resource *of = audit_map_get(&((struct audit_bookings *)state)->resources, map->resource_id, 0);
    if (audit_expect(audit, about, "its hall does not exist", of != NULL)) {
        of->map_version--;
    }
    return true;
}

/* In the order of resource and start: each begins when the one before it is over. */
static bool slot_each(struct audit *audit, void *state, const void *row)
{
    struct audit_bookings *bookings = state;
    const struct slot_row *slot = row;
    struct audit_about about = { AUDIT_seat_once, &slot_table, row };
    bool behind = slot->resource_id != bookings->slot_resource_id || slot->starts_at_us >= bookings->slot_ends_us;
    audit_expect(audit, about, "it overlaps the slot before it", behind);
    audit_expect(audit, about, "it has no length, or no places",
                 slot->ends_at_us > slot->starts_at_us && slot->capacity > 0);
    audit_expect(audit, about, "its resource does not exist",
                 audit_map_get(&bookings->resources, slot->resource_id, 0) != NULL);
    struct audit_places *places = audit_map_put(&bookings->places, slot->resource_id, slot->starts_at_us);
    if (places == NULL) {
        return audit_too_large(audit);
    }
    places->free += slot->capacity;
    bookings->slot_resource_id = slot->resource_id;
    bookings->slot_ends_us = slot->ends_at_us;
    return true;
}

static bool waits_add(struct audit *audit, struct audit_bookings *bookings, const struct id_row *ids, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        struct audit_wait *wait = audit_map_put(&bookings->waits, ids[i].id, 0);
        if (wait == NULL) {
            return audit_too_large(audit);
        }
        wait->listed++;
    }
    return true;
}

static bool show_each(struct audit *audit, void *state, const void *row)
{
    struct audit_bookings *bookings = state;
    const struct show_row *show = row;
    struct audit_about about = { AUDIT_seat_once, &show_table, row };
    audit_id_known(audit, about, show->show_id);
    audit_expect(audit, about, "its hall does not exist",
                 audit_map_get(&bookings->resources, show->resource_id, 0) != NULL);
    audit_expect(audit, about, "its state does not exist",
                 show->state == SHOW_open || show->state == SHOW_cancelled);
    struct audit_show *of = audit_map_put(&bookings->shows, show->show_id, 0);
    struct audit_places *places = audit_map_put(&bookings->places, show->show_id, show->starts_at_us);
    if (of == NULL || places == NULL) {
        return audit_too_large(audit);
    }
    *of = (struct audit_show){ show->show_id,     show->starts_at_us, show->ends_at_us,
                               show->resource_id, show->day,          show->state == SHOW_open };
    places->closed = show->state != SHOW_open;
    places->free += places->closed != 0 ? 0 : show->seats;
    if (show->return_at_us != 0) {
        audit_timer_claim(audit, about, show->return_at_us, TIMER_show_return, show->show_id);
    }
    return waits_add(audit, bookings, show->waiting, show->waiting_count);
}

static bool overlaps(const struct day_show_row *a, const struct day_show_row *b)
{
    return a->starts_at_us < b->ends_at_us && b->starts_at_us < a->ends_at_us;
}

static void day_shows_check(struct audit *audit, const struct resource_day_row *day,
                            const struct resource_day_row *before)
{
    struct audit_about about = { AUDIT_seat_once, &resource_day_table, day };
    int32_t others = before->resource_id == day->resource_id ? before->shows_count : 0;
    bool apart = true;
    for (int32_t i = 0; i < day->shows_count; i++) {
        for (int32_t k = 0; k < i; k++) {
            apart = apart && !overlaps(&day->shows[i], &day->shows[k]);
        }
        for (int32_t k = 0; k < others; k++) {
            apart = apart && !overlaps(&day->shows[i], &before->shows[k]);
        }
    }
    audit_expect(audit, about, "two shows of its hall overlap", apart);
}

/* In the order of resource and day. */
static bool day_each(struct audit *audit, void *state, const void *row)
{
    struct audit_bookings *bookings = state;
    const struct resource_day_row *day = row;
    const struct resource_day_row *before = &bookings->day;
    struct audit_about about = { AUDIT_seat_once, &resource_day_table, row };
    bool behind = before->resource_id != day->resource_id || before->version == 0 || day->version == 0 ||
                  before->ends_at_us <= day->begins_at_us;
    audit_expect(audit, about, "it begins before the day before it is over", behind);
    day_shows_check(audit, day, before);
    for (int32_t i = 0; i < day->shows_count; i++) {
        struct audit_show *show = audit_map_get(&bookings->shows, day->shows[i].show_id, 0);
        bool named = show != NULL && show->open != 0 && show->resource_id == day->resource_id &&
                     show->day == day->day && show->starts_at_us == day->shows[i].starts_at_us &&
                     show->ends_at_us == day->shows[i].ends_at_us;
        if (audit_expect(audit, about, "it names a show that is none of its own", named)) {
            show->open = 0;
        }
    }
    bookings->day = *day;
    return waits_add(audit, bookings, day->waiting, day->waiting_count);
}

/* ---- bookings ---- */

static bool is_held(const struct booking_row *booking)
{
    return booking->state == BOOKING_held || booking->state == BOOKING_offered;
}

static bool is_taken(const struct booking_row *booking)
{
    return booking->state >= BOOKING_confirmed && booking->state <= BOOKING_over;
}

static void places_count(struct audit *audit, struct audit_bookings *bookings, const struct booking_row *booking)
{
    struct audit_about about = { AUDIT_seat_once, &booking_table, booking };
    bool show = booking->show_id != 0;
    for (int32_t i = 0; i < (show ? 1 : booking->slots_count); i++) {
        struct audit_places *places =
            show ? audit_map_get(&bookings->places, booking->show_id, booking->starts_at_us)
                 : audit_map_get(&bookings->places, booking->resource_id, booking->slots[i].starts_at_us);
        if (audit_expect(audit, about, "its slot or show does not exist", places != NULL)) {
            places->free -= places->closed != 0 ? 0 : booking->pieces;
            *(is_held(booking) ? &places->held : &places->taken) += booking->pieces;
        }
    }
}

static bool seats_count(struct audit *audit, struct audit_bookings *bookings, const struct booking_row *booking)
{
    struct audit_about about = { AUDIT_seat_once, &booking_table, booking };
    for (int32_t i = 0; i < booking->seats_count; i++) {
        struct audit_line_seats *line = audit_map_put(&bookings->seats, booking->show_id, booking->seats[i].line);
        if (line == NULL) {
            return audit_too_large(audit);
        }
        int64_t bit = INT64_C(1) << (booking->seats[i].seat - 1);
        audit_expect(audit, about, "one of its seats has another booking", (line->booked & bit) == 0);
        line->booked |= bit;
    }
    audit_expect(audit, about, "it has not as many seats as places",
                 booking->show_id == 0 || booking->seats_count == booking->pieces);
    return true;
}

static void booking_words_check(struct audit *audit, const struct audit_bookings *bookings,
                                const struct booking_row *booking)
{
    struct audit_about about = { AUDIT_answer_durable, &booking_table, booking };
    const struct audit_resource *of = audit_map_get(&bookings->resources, booking->resource_id, 0);
    audit_id_known(audit, about, booking->booking_id);
    audit_time_known(audit, about, booking->created_at_us);
    audit_expect(audit, about, "its state does not exist",
                 booking->state >= BOOKING_waiting && booking->state <= BOOKING_lapsed);
    audit_expect(audit, about, "its resource is none of its shop's", of != NULL && of->shop_id == booking->shop_id);
    audit_expect(audit, about, "its shopper does not exist",
                 booking->shopper_id == 0 || audit_shopper_known(audit, booking->shopper_id));
    audit_expect(audit, about, "its times or sums are out of range",
                 booking->ends_at_us > booking->starts_at_us && booking->pieces > 0 && booking->price_minor >= 0 &&
                     booking->fee_minor >= 0 && booking->deposit_minor >= 0);
    bool runs = booking->state == BOOKING_confirmed || booking->state == BOOKING_offered;
    bool may = runs || booking->state == BOOKING_waiting; /* one of an older store waits without */
    bool timed = booking->due_at_us != 0;
    audit_expect(audit, about, "its timer is not that of its state", timed ? may : !runs);
    if (timed && may) {
        audit_timer_claim(audit, about, booking->due_at_us,
                          booking->state == BOOKING_confirmed ? TIMER_booking_due : TIMER_booking_offer,
                          booking->booking_id);
    }
    audit_expect(audit, about, "the shop kept more than there was",
                 booking->fee_minor <= (booking->pay == RESOURCE_PAY_deposit ? booking->deposit_minor
                                                                             : booking->price_minor));
}

static bool returns_count(struct audit *audit, struct audit_bookings *bookings, const struct booking_row *booking)
{
    struct audit_about about = { AUDIT_money_conserved, &booking_table, booking };
    if (booking->returns == 0 && booking->returned_minor == 0) {
        return true;
    }
    struct audit_return *returned = audit_map_put(&bookings->returns, booking->booking_id, 0);
    if (returned == NULL) {
        return audit_too_large(audit);
    }
    *returned = (struct audit_return){ booking->booking_id, booking->returned_minor, booking->shopper_id,
                                       booking->shop_id, booking->trade_id };
    int64_t most_minor = booking->trade_id != 0 ? booking->price_minor : booking->fee_minor;
    audit_expect(audit, about, "the shop gave back what it did not have, or of a booking that had not ended",
                 booking->state > BOOKING_confirmed && booking->returned_minor <= most_minor);
    return true;
}

static bool booking_each(struct audit *audit, void *state, const void *row)
{
    struct audit_bookings *bookings = state;
    const struct booking_row *booking = row;
    struct audit_about about = { AUDIT_seat_once, &booking_table, row };
    struct audit_wait *wait = audit_map_get(&bookings->waits, booking->booking_id, 0);
    booking_words_check(audit, bookings, booking);
    audit_expect_equal(audit, about, "on how many lists it waits", booking->state == BOOKING_waiting,
                       wait == NULL ? 0 : wait->listed);
    if (wait != NULL) {
        wait->listed = 0;
    }
    if (booking->trade_id != 0) {
        struct audit_money *money = audit_map_put(&bookings->money, booking->trade_id, 0);
        if (money == NULL) {
            return audit_too_large(audit);
        }
        money->booking_id = booking->booking_id;
        money->price_minor = booking->price_minor;
        money->state = booking->state;
        money->escrow = booking->state == BOOKING_confirmed ? booking->price_minor : 0;
        money->unit = audit_shop_currency(audit, booking->shop_id);
    }
    if (!returns_count(audit, bookings, booking)) {
        return false;
    }
    if (!is_held(booking) && !is_taken(booking)) {
        return true;
    }
    places_count(audit, bookings, booking);
    return seats_count(audit, bookings, booking);
}

static bool line_each(struct audit *audit, void *state, const void *row)
{
    const struct show_line_row *line = row;
    struct audit_about about = { AUDIT_seat_once, &show_line_table, row };
    struct audit_line_seats *seats =
        audit_map_put(&((struct audit_bookings *)state)->seats, line->show_id, line->line);
    if (seats == NULL) {
        return audit_too_large(audit);
    }
    audit_expect_equal(audit, about, "the seats that have a booking", seats->booked, line->taken);
    seats->booked = 0;
    return true;
}

/* ---- queues ---- */

static bool queue_each(struct audit *audit, void *state, const void *row)
{
    struct audit_bookings *bookings = state;
    const struct queue_row *queue = row;
    struct audit_about about = { AUDIT_seat_once, &queue_table, row };
    audit_expect(audit, about, "its shop does not exist", audit_shop_known(audit, queue->shop_id));
    for (int32_t i = 0; i < queue->waiting_count; i++) {
        struct audit_queue *place = audit_map_put(&bookings->queues, queue->queue_id,
                                                  (int64_t)queue->day * 1000000 + queue->waiting[i].number);
        if (place == NULL) {
            return audit_too_large(audit);
        }
        place->waiting++;
    }
    struct audit_queue *today = audit_map_put(&bookings->queues, queue->queue_id, 0);
    if (today == NULL) {
        return audit_too_large(audit);
    }
    today->waiting = queue->day;
    return true;
}

static bool place_each(struct audit *audit, void *state, const void *row)
{
    struct audit_bookings *bookings = state;
    const struct queue_place_row *place = row;
    struct audit_about about = { AUDIT_seat_once, &queue_place_table, row };
    const struct audit_queue *today = audit_map_get(&bookings->queues, place->queue_id, 0);
    struct audit_queue *waits =
        audit_map_get(&bookings->queues, place->queue_id, (int64_t)place->day * 1000000 + place->number);
    if (!audit_expect(audit, about, "its queue does not exist", today != NULL)) {
        return true;
    }
    bool should = place->state == PLACE_waiting && place->day == today->waiting;
    audit_expect_equal(audit, about, "how often it waits", should, waits == NULL ? 0 : waits->waiting);
    if (waits != NULL) {
        waits->waiting = 0;
    }
    return true;
}

static void tables(struct audit *audit, void *state)
{
    audit_scan_line(audit, &resource_table, resource_each, state);
    audit_scan_line(audit, &schedule_table, schedule_each, state);
    audit_scan_line(audit, &seat_map_table, map_each, state);
    audit_scan_line(audit, &slot_table, slot_each, state);
    audit_scan_line(audit, &show_table, show_each, state);
    audit_scan_line(audit, &resource_day_table, day_each, state);
    audit_scan_line(audit, &booking_table, booking_each, state);
    audit_scan_line(audit, &show_line_table, line_each, state);
    audit_scan_line(audit, &queue_table, queue_each, state);
    audit_scan_line(audit, &queue_place_table, place_each, state);
}

/* ---- money ---- */

static bool trade(struct audit *audit, void *state, const struct trade_row *trade)
{
    struct audit_about about = { AUDIT_answer_durable, &trade_table, trade };
    struct audit_money *money = audit_map_get(&((struct audit_bookings *)state)->money, trade->trade_id, 0);
    if (!audit_expect(audit, about, "its booking does not exist",
                      money != NULL && money->booking_id == trade->line_id)) {
        return true;
    }
    bool waits = trade->state == TRADE_wait_buyer_pay;
    audit_expect(audit, about, "it waits and its booking does not, or the other way round",
                 waits == (money->state == BOOKING_held));
    if (money->state == BOOKING_confirmed) {
        audit_expect_equal(audit, about, "what is left of the price of its booking", money->price_minor,
                           trade->left_minor);
    }
    audit_expect(audit, about, "its price is not in escrow", trade->escrow == 1);
    return true;
}

/* What the legs of a cause go from and to. */
static void purposes_of(int32_t cause, int32_t *from, int32_t *to)
{
    static const int32_t known[][3] = {
        { CAUSE_slot_open, PURPOSE_clearing, PURPOSE_slot_free },
        { CAUSE_slot_close, PURPOSE_slot_free, PURPOSE_clearing },
        { CAUSE_booking_hold, PURPOSE_slot_free, PURPOSE_slot_held },
        { CAUSE_booking_free, 0, PURPOSE_slot_free },
        { CAUSE_booking_take, 0, PURPOSE_slot_taken },
        { CAUSE_booking_earn, PURPOSE_escrow, PURPOSE_takings },
    };
    *from = *to = -1;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (known[i][0] == cause) {
            *from = known[i][1];
            *to = known[i][2];
        }
    }
}

/* From the shop's takings to the escrow of its trade, whence it is refunded, or to the wallet that left a deposit. */
static void return_check(struct audit *audit, const struct audit_bookings *bookings,
                         const struct transfer_row *transfer)
{
    struct audit_about about = { AUDIT_money_conserved, &transfer_table, transfer };
    struct audit_return *returned = audit_map_get(&bookings->returns, transfer->reference_id, 0);
    const struct leg_row *leg = &transfer->legs[0];
    if (!audit_expect(audit, about, "nothing was given back of its booking", returned != NULL)) {
        return;
    }
    bool paid = returned->trade_id != 0;
    audit_expect(audit, about, "it does not go from the booking's shop to who paid",
                 transfer->legs_count == 1 && leg->from_purpose == PURPOSE_takings &&
                     leg->from_owner_id == returned->shop_id &&
                     leg->to_purpose == (paid ? PURPOSE_escrow : PURPOSE_wallet) &&
                     leg->to_owner_id == (paid ? returned->trade_id : returned->shopper_id));
    returned->returned_minor -= leg->amount;
}

static bool transfer(struct audit *audit, void *state, const struct transfer_row *transfer)
{
    const struct audit_bookings *bookings = state;
    if (transfer->cause == CAUSE_booking_return) {
        return_check(audit, bookings, transfer);
        return true;
    }
    bool earns = transfer->cause == CAUSE_booking_earn;
    struct audit_about about = { earns ? AUDIT_money_conserved : AUDIT_seat_once, &transfer_table, transfer };
    int32_t from, to;
    purposes_of(transfer->cause, &from, &to);
    for (int32_t i = 0; i < transfer->legs_count; i++) {
        const struct leg_row *leg = &transfer->legs[i];
        bool source = leg->from_purpose == from || (from == 0 && leg->from_purpose >= PURPOSE_slot_free &&
                                                    leg->from_purpose <= PURPOSE_slot_taken);
        audit_expect(audit, about, "it moves something else than its cause says", source && leg->to_purpose == to);
        const struct audit_money *money = earns ? audit_map_get(&bookings->money, leg->from_owner_id, 0) : NULL;
        audit_expect(audit, about, "it is not its booking's money",
                     !earns || (money != NULL && money->booking_id == transfer->reference_id));
    }
    return true;
}

/* ---- what only the whole can say ---- */

static void places_end(struct audit *audit, const struct audit_bookings *bookings)
{
    size_t place = 0;
    const struct audit_places *places;
    while ((places = audit_map_next(&bookings->places, &place)) != NULL) {
        struct slot_row key = { .resource_id = places->owner_id, .starts_at_us = places->unit };
        struct audit_about about = { AUDIT_seat_once, &slot_table, &key };
        int64_t free = audit_balance(audit, places->owner_id, PURPOSE_slot_free, places->unit);
        int64_t held = audit_balance(audit, places->owner_id, PURPOSE_slot_held, places->unit);
        int64_t taken = audit_balance(audit, places->owner_id, PURPOSE_slot_taken, places->unit);
        audit_expect(audit, about, "more is booked than there is", places->free >= 0);
        audit_expect_equal(audit, about, "its places that are free", places->free, free);
        audit_expect_equal(audit, about, "its places that are held", places->held, held);
        audit_expect_equal(audit, about, "its places that are booked", places->taken, taken);
    }
}

static void lists_end(struct audit *audit, const struct audit_bookings *bookings)
{
    size_t place = 0;
    const struct audit_wait *wait;
    while ((wait = audit_map_next(&bookings->waits, &place)) != NULL) {
        struct booking_row key = { .booking_id = wait->booking_id };
        struct audit_about about = { AUDIT_seat_once, &booking_table, &key };
        audit_expect_equal(audit, about, "lists that name it, and there is none", 0, wait->listed);
    }
    place = 0;
    const struct audit_line_seats *line;
    while ((line = audit_map_next(&bookings->seats, &place)) != NULL) {
        struct show_line_row key = { .show_id = line->show_id, .line = (int32_t)line->line };
        struct audit_about about = { AUDIT_seat_once, &show_line_table, &key };
        audit_expect_equal(audit, about, "seats that have a booking, and no row says so", 0, line->booked);
    }
    place = 0;
    const struct audit_show *show;
    while ((show = audit_map_next(&bookings->shows, &place)) != NULL) {
        struct show_row key = { .show_id = show->show_id };
        struct audit_about about = { AUDIT_seat_once, &show_table, &key };
        audit_expect_equal(audit, about, "open shows that no day of their hall names", 0, show->open);
    }
    place = 0;
    const struct audit_queue *number;
    while ((number = audit_map_next(&bookings->queues, &place)) != NULL) {
        struct queue_row key = { .queue_id = number->queue_id };
        struct audit_about about = { AUDIT_seat_once, &queue_table, &key };
        audit_expect_equal(audit, about, "a number that waits, and nobody was given it", 0,
                           number->number == 0 ? 0 : number->waiting);
    }
}

static void end(struct audit *audit, void *state)
{
    const struct audit_bookings *bookings = state;
    size_t place = 0;
    const struct audit_resource *resource;
    const struct audit_money *money;
    while ((resource = audit_map_next(&bookings->resources, &place)) != NULL) {
        struct resource_row key = { .resource_id = resource->resource_id };
        struct audit_about about = { AUDIT_answer_durable, &resource_table, &key };
        audit_expect_equal(audit, about, "versions of its hours that are missing", 0, resource->schedule_version);
        audit_expect_equal(audit, about, "versions of its seats that are missing", 0, resource->map_version);
    }
    place = 0;
    while ((money = audit_map_next(&bookings->money, &place)) != NULL) {
        struct booking_row key = { .booking_id = money->booking_id };
        struct audit_about about = { AUDIT_money_conserved, &booking_table, &key };
        audit_expect_equal(audit, about, "what its trade has in escrow", money->escrow,
                           audit_balance(audit, money->trade_id, PURPOSE_escrow, money->unit));
    }
    const struct audit_return *returned;
    place = 0;
    while ((returned = audit_map_next(&bookings->returns, &place)) != NULL) {
        struct booking_row key = { .booking_id = returned->booking_id };
        struct audit_about about = { AUDIT_money_conserved, &booking_table, &key };
        audit_expect_equal(audit, about, "what was given back and no transfer says so", 0, returned->returned_minor);
    }
    places_end(audit, bookings);
    lists_end(audit, bookings);
}

static bool owner_known(const struct audit *audit, const void *state, int64_t owner_id, int32_t purpose)
{
    const struct audit_bookings *bookings = state;
    (void)audit;
    (void)purpose;
    return audit_map_get(&bookings->resources, owner_id, 0) != NULL ||
           audit_map_get(&bookings->shows, owner_id, 0) != NULL;
}

const struct audit_part audit_part_booking = {
    .state_size = sizeof(struct audit_bookings),
    .begin = begin,
    .release = release,
    .tables = tables,
    .trade_kind = LOCAL_booking,
    .trade = trade,
    .cause_first = CAUSE_slot_open,
    .cause_last = 49,
    .transfer = transfer,
    .end = end,
    .purpose_first = PURPOSE_slot_free,
    .purpose_last = PURPOSE_slot_taken,
    .owner_known = owner_known,
};
