/* SPDX-License-Identifier: Apache-2.0 */
/* Resources and their rules, their hours, the seats of halls. */
#include "lines/local/resource.h"
#include "lines/local/seats.h"
#include "people/people.h"

#define CAPACITY_DEFAULT 1
#define HOLD_DEFAULT_MINUTES 15
#define HORIZON_DEFAULT_DAYS 60
#define GRACE_DEFAULT_MINUTES 15
#define MONTH_MINUTES (31 * 1440)

#define RULES                                                                                                          \
    COLUMN(resource_terms, closed, .form = FORM_flag, .text = "It takes no bookings for now."),                        \
        COLUMN(resource_terms, capacity, .least = 0, .most = SLOT_CAPACITY_MAX,                                        \
               .text = "Places of a slot; left out: 1. A hall has its seats."),                                        \
        COLUMN(resource_terms, people_max, .least = 0, .most = 10000, .text = "Of one place; left out: no limit."),    \
        COLUMN(resource_terms, pay, .form = FORM_choice, .names = resource_pays,                                       \
               .text = "What is given when booking: nothing, the price, or a deposit."),                               \
        COLUMN(resource_terms, deposit_minor, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX,                     \
               .text = "Of one place; set aside in the wallet."),                                                      \
        COLUMN(resource_terms, hold_minutes, .least = 0, .most = 1440,                                                 \
               .text = "That an unpaid booking or an offer is kept; left out: 15."),                                   \
        COLUMN(resource_terms, slots_most, .least = 0, .most = BOOKING_SLOTS_MAX,                                      \
               .text = "Slots in one booking; left out: 1."),                                                          \
        COLUMN(resource_terms, lead_minutes, .least = 0, .most = MONTH_MINUTES,                                        \
               .text = "Before its start a slot can no longer be booked."),                                            \
        COLUMN(resource_terms, horizon_days, .least = 0, .most = HORIZON_DAYS_MAX,                                     \
               .text = "So far ahead can be booked; left out: 60."),                                                   \
        COLUMN(resource_terms, free_minutes, .least = 0, .most = MONTH_MINUTES,                                        \
               .text = "Before its start a booking can be cancelled and moved for nothing."),                          \
        COLUMN(resource_terms, late_percent, .least = 0, .most = 100,                                                  \
               .text = "Of price or deposit: what cancelling costs later."),                                           \
        COLUMN(resource_terms, missed_percent, .least = 0, .most = 100, .text = "What not coming costs."),             \
        COLUMN(resource_terms, grace_minutes, .least = 0, .most = 1440,                                                \
               .text = "After its start, and who has not come is missing; left out: 15."),                             \
        COLUMN(resource_terms, missed_itself, .form = FORM_flag,                                                       \
               .text = "Who was not seen by then is missing without the shop's saying so."),                           \
        COLUMN(resource_terms, gap_rule, .form = FORM_choice, .names = gap_rules,                                      \
               .text = "Of a hall: which single seats nobody may leave beside the own ones."),                         \
        COLUMN_LIST(resource_terms, closed_days, closed_day_shape, .text = "On which nothing more is booked.")

static const struct column create_columns[] = {
    COLUMN(resource_terms, resource_id, .form = FORM_id, .least = 1, .most = CHOSEN_ID_MAX,
           .text = "Chosen by you, up to 10^12; left out, the till gives one."),
    COLUMN(resource_terms, shop_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(resource_terms, name, .flags = COLUMN_required, .least = 1),
    COLUMN(resource_terms, kind, .form = FORM_choice, .names = resource_kinds,
           .text = "A hall has seats and shows, everything else slots."),
    COLUMN(resource_terms, zone,
           .text = "Rule of its clock as POSIX's TZ: CET-1CEST,M3.5.0,M10.5.0/3. Left out: always the shop's offset."),
    RULES,
};
static const struct shape create_shape = SHAPE("resource_create", resource_terms, create_columns);

static const struct column change_columns[] = {
    COLUMN(resource_terms, resource_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(resource_terms, name, .flags = COLUMN_required, .least = 1),
    RULES,
};
static const struct shape change_shape = SHAPE("resource_change", resource_terms, change_columns);

static int32_t or_default(int32_t value, int32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static void rules_fill(struct resource_row *resource, const struct resource_terms *want)
{
    memcpy(resource->name, want->name, sizeof(resource->name));
    resource->open = want->closed == 0;
    resource->capacity = resource->kind == RESOURCE_hall ? 0 : or_default(want->capacity, CAPACITY_DEFAULT);
    resource->people_max = want->people_max;
    resource->pay = want->pay;
    resource->deposit_minor = want->deposit_minor;
    resource->hold_minutes = or_default(want->hold_minutes, HOLD_DEFAULT_MINUTES);
    resource->slots_most = or_default(want->slots_most, 1);
    resource->lead_minutes = want->lead_minutes;
    resource->horizon_days = or_default(want->horizon_days, HORIZON_DEFAULT_DAYS);
    resource->free_minutes = want->free_minutes;
    resource->late_percent = want->late_percent;
    resource->missed_percent = want->missed_percent;
    resource->grace_minutes = or_default(want->grace_minutes, GRACE_DEFAULT_MINUTES);
    resource->missed_itself = want->missed_itself;
    resource->gap_rule = want->gap_rule;
    resource->closed_days_count = want->closed_days_count;
    memcpy(resource->closed_days, want->closed_days, sizeof(resource->closed_days));
}

/* What holds of any resource's rules. */
static bool rules_check(const void *request, struct complaint *complaint)
{
    const struct resource_terms *want = request;
    bool valid = complain_unless(complaint, (want->pay == RESOURCE_PAY_deposit) == (want->deposit_minor > 0),
                                 "deposit_minor", "must be given when `pay` is deposit, and only then");
    for (int32_t i = 0; valid && i < want->closed_days_count; i++) {
        valid = complain_unless(complaint, civil_day_of_yyyymmdd(want->closed_days[i].day) > 0, "closed_days",
                                "must be days of the calendar");
    }
    return valid;
}

static bool kind_check(const struct resource_terms *want, int32_t kind, struct complaint *complaint)
{
    if (kind != RESOURCE_hall) {
        return complain_unless(complaint, want->gap_rule == GAP_any, "gap_rule", "is for halls, which have seats");
    }
    return complain_unless(complaint, want->capacity == 0, "capacity", "of a hall is that of its seats") &&
           complain_unless(complaint, want->slots_most <= 1, "slots_most", "is for what has slots");
}

static bool create_check(const void *request, struct complaint *complaint)
{
    const struct resource_terms *want = request;
    struct zone zone;
    return complain_unless(complaint, want->zone[0] == '\0' || zone_read(span_of(want->zone), &zone), "zone",
                           "must be a rule of POSIX's TZ: CET-1CEST,M3.5.0,M10.5.0/3") &&
           rules_check(want, complaint) && kind_check(want, want->kind, complaint);
}

static void resource_fill(struct resource_row *resource, const struct shop_row *shop,
                          const struct resource_terms *want)
{
    resource->shop_id = shop->shop_id;
    resource->merchant_id = shop->merchant_id;
    resource->kind = want->kind;
    memcpy(resource->zone, want->zone, sizeof(resource->zone));
    resource->zone_minutes = shop->zone_minutes;
    rules_fill(resource, want);
}

/* Whether the resource is what the request would make of it. */
static bool resource_agrees(const struct resource_row *resource, const struct shop_row *shop,
                            const struct resource_terms *want)
{
    struct resource_row other = *resource;
    resource_fill(&other, shop, want);
    return memcmp(&other, resource, sizeof(other)) == 0;
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct resource_terms *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    struct complaint complaint;
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (!create_check(want, &complaint)) {
        return REFUSAL_resource_invalid;
    }
    const struct resource_row *asked = resource_ask(view, want->resource_id != 0 ? want->resource_id : moment_id(at));
    if (row_exists(asked)) {
        if (!resource_agrees(asked, shop, want)) {
            return REFUSAL_id_taken;
        }
    } else {
        struct resource_row *resource = view_change(view, asked);
        resource_fill(resource, shop, want);
        resource->created_at_us = at->now_us;
    }
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command resource_create = {
    .name = "resource_create",
    .number = 250,
    .method = "POST",
    .route = "/v1/resources",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &create_shape,
    .answer = &resource_table.shape,
    .decide = decide_create,
    .check = create_check,
    .summary = "Adds something that can be booked to a shop: a room, a court, tables, a hall. Again with the same id "
               "and content: the same.",
};

/* The resource, when it exists and the caller may change it. */
static enum refusal resource_check(struct view *view, const struct moment *at, const struct resource_row *resource)
{
    if (!row_exists(resource)) {
        return REFUSAL_resource_unknown;
    }
    return access_shop(view, at, shop_ask(view, resource->shop_id)) ? REFUSAL_none : REFUSAL_forbidden;
}

static enum refusal decide_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct resource_terms *want = request;
    const struct resource_row *asked = resource_ask(view, want->resource_id);
    struct complaint complaint;
    enum refusal refusal = resource_check(view, at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (!rules_check(want, &complaint) || !kind_check(want, asked->kind, &complaint)) {
        return REFUSAL_resource_invalid;
    }
    rules_fill(view_change(view, asked), want);
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command resource_change = {
    .name = "resource_change",
    .number = 251,
    .method = "PUT",
    .route = "/v1/resources/{resource_id}",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &change_shape,
    .answer = &resource_table.shape,
    .decide = decide_change,
    .check = rules_check,
    .summary = "Changes the rules of what can be booked, for bookings from now on.",
};

static const struct column ref_columns[] = {
    COLUMN(resource_ref, resource_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("resource_ref", resource_ref, ref_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct resource_ref *want = request;
    const struct resource_row *resource = resource_ask(view, want->resource_id);
    (void)at;
    if (!row_exists(resource)) {
        return REFUSAL_resource_unknown;
    }
    memcpy(answer, resource, sizeof(*resource));
    return REFUSAL_none;
}

const struct command resource_query = {
    .name = "resource_query",
    .number = 252,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/resources/{resource_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &resource_table.shape,
    .decide = decide_query,
    .summary = "What can be booked, with its rules.",
};

/* ---- hours ---- */

static const struct column schedule_columns[] = {
    COLUMN(schedule_set, resource_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(schedule_set, slot_minutes, .flags = COLUMN_required, .least = SLOT_MINUTES_LEAST,
           .most = SLOT_MINUTES_MOST),
    COLUMN(schedule_set, buffer_minutes, .least = 0, .most = SLOT_MINUTES_MOST, .text = "Between two slots."),
    COLUMN(schedule_set, price_minor, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX,
           .text = "Of a slot for which no other price is given."),
    COLUMN_LIST(schedule_set, hours, slot_hours_shape, .flags = COLUMN_required,
                .text = "When it is open, by weekday and minute; over midnight as well."),
    COLUMN_LIST(schedule_set, prices, slot_price_shape,
                .text = "By the hour and weekday at which a slot begins; the first that fits counts."),
};
static const struct shape schedule_shape = SHAPE("schedule_set", schedule_set, schedule_columns);

static void schedule_fill(const struct schedule_set *want, struct schedule_row *schedule)
{
    schedule->resource_id = want->resource_id;
    schedule->slot_minutes = want->slot_minutes;
    schedule->buffer_minutes = want->buffer_minutes;
    schedule->price_minor = want->price_minor;
    schedule->hours_count = want->hours_count;
    schedule->prices_count = want->prices_count;
    memcpy(schedule->hours, want->hours, sizeof(schedule->hours));
    memcpy(schedule->prices, want->prices, sizeof(schedule->prices));
}

static bool hours_check(const void *request, struct complaint *complaint)
{
    struct schedule_row schedule = { 0 };
    schedule_fill(request, &schedule);
    return schedule_check(&schedule, complaint);
}

static enum refusal decide_schedule(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct schedule_set *want = request;
    const struct resource_row *asked = resource_ask(view, want->resource_id);
    enum refusal refusal = resource_check(view, at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct schedule_row schedule = { .version = asked->schedule_version + 1, .created_at_us = at->now_us };
    schedule_fill(want, &schedule);
    if (asked->kind == RESOURCE_hall || !schedule_valid(&schedule)) {
        return REFUSAL_resource_invalid;
    }
    struct resource_row *resource = view_change(view, asked);
    resource->schedule_version = schedule.version;
    struct schedule_row *row = view_change(view, view_ask(view, &schedule_table, &schedule));
    memcpy(row, &schedule, sizeof(schedule));
    memcpy(answer, &schedule, sizeof(schedule));
    return REFUSAL_none;
}

const struct command schedule_set = {
    .name = "schedule_set",
    .number = 253,
    .method = "POST",
    .route = "/v1/resources/{resource_id}/schedule",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &schedule_shape,
    .answer = &schedule_table.shape,
    .decide = decide_schedule,
    .check = hours_check,
    .summary = "Gives a resource new hours, slots and prices. Days on which something was booked keep theirs.",
};

/* ---- seats ---- */

static const struct column map_columns[] = {
    COLUMN(seat_map_set, resource_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN_LIST(seat_map_set, lines, seat_line_shape, .flags = COLUMN_required, .text = "From the first row on."),
};
static const struct shape map_shape = SHAPE("seat_map_set", seat_map_set, map_columns);

static bool seats_check(const void *request, struct complaint *complaint)
{
    const struct seat_map_set *want = request;
    struct seat_map_row map = { .lines_count = want->lines_count };
    memcpy(map.lines, want->lines, sizeof(map.lines));
    return seat_map_check(&map, complaint);
}

static enum refusal decide_map(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct seat_map_set *want = request;
    const struct resource_row *asked = resource_ask(view, want->resource_id);
    enum refusal refusal = resource_check(view, at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct seat_map_row map = { .resource_id = want->resource_id,
                                .version = asked->map_version + 1,
                                .created_at_us = at->now_us,
                                .lines_count = want->lines_count };
    memcpy(map.lines, want->lines, sizeof(map.lines));
    if (asked->kind != RESOURCE_hall || !seat_map_valid(&map)) {
        return REFUSAL_resource_invalid;
    }
    map.seats = seat_map_count(&map);
    struct resource_row *resource = view_change(view, asked);
    resource->map_version = map.version;
    struct seat_map_row *row = view_change(view, view_ask(view, &seat_map_table, &map));
    memcpy(row, &map, sizeof(map));
    memcpy(answer, &map, sizeof(map));
    return REFUSAL_none;
}

const struct command seat_map_set = {
    .name = "seat_map_set",
    .number = 254,
    .method = "POST",
    .route = "/v1/resources/{resource_id}/seat-map",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &map_shape,
    .answer = &seat_map_table.shape,
    .decide = decide_map,
    .check = seats_check,
    .summary = "Gives a hall its seats, for shows from now on.",
};
