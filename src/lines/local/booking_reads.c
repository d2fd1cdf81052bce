/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what can be booked and of who booked it. Free slots follow from the hours and the few that were booked. */
#include "lines/local/booking.h"

#include <stdio.h>

#include "people/people.h"
#include "till/till_reads.h"

/* ---- what a shop has ---- */

struct resource_list {
    int64_t shop_id;
};
static const struct column resource_list_columns[] = {
    COLUMN(resource_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape resource_list_shape = SHAPE("resource_list", resource_list, resource_list_columns);

static enum refusal resource_list_run(const struct read_call *call, struct read_page *page)
{
    const struct resource_list *want = call->request;
    struct list_terms terms = { .table = &resource_table,
                                .key = "resource_id",
                                .where = "shop_id = ? AND ",
                                .binds = { VALUE_I64(want->shop_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read resource_list = {
    .name = "resource_list",
    .route = "/v1/shops/{shop_id}/resources",
    .callers = CALLERS_ALL,
    .request = &resource_list_shape,
    .element = &resource_table.shape,
    .run = resource_list_run,
    .summary = "What can be booked in a shop.",
};

/* ---- slots of a day ---- */

struct slot_list {
    int64_t resource_id;
    int32_t day;
};
static const struct column slot_list_columns[] = {
    COLUMN(slot_list, resource_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(slot_list, day, .form = FORM_day, .flags = COLUMN_required, .text = "On which the resource opens."),
};
static const struct shape slot_list_shape = SHAPE("slot_list", slot_list, slot_list_columns);

struct slot_view {
    int64_t starts_at_us, ends_at_us;
    int64_t price_minor;
    int32_t capacity;
    int32_t free;
};
static const struct column slot_view_columns[] = {
    COLUMN(slot_view, starts_at_us, .form = FORM_instant),
    COLUMN(slot_view, ends_at_us, .form = FORM_instant),
    COLUMN(slot_view, price_minor, .form = FORM_amount),
    COLUMN(slot_view, capacity, .text = "Places."),
    COLUMN(slot_view, free, .text = "Places that can be booked; 0 when it is too late or too early."),
};
static const struct shape slot_view_shape = SHAPE("slot_view", slot_view, slot_view_columns);

struct slots_shown {
    struct slot_view slots[SLOTS_OF_DAY_MAX];
    size_t count;
};

/* A slot that has a row: what is left of it. */
static bool slot_row_each(void *context, const struct value *values, size_t count)
{
    struct slots_shown *shown = context;
    assert(count == 3);
    for (size_t i = 0; i < shown->count; i++) {
        if (shown->slots[i].starts_at_us == values[0].i64) {
            shown->slots[i].capacity = (int32_t)values[1].i64;
            shown->slots[i].free = (int32_t)values[2].i64;
        }
    }
    return true;
}

static const struct resource_day_row *resource_day_read(const struct read_call *call, struct read_page *page,
                                               int64_t resource_id, int64_t day, struct resource_day_row *row)
{
    *row = (struct resource_day_row){ .resource_id = resource_id, .day = civil_yyyymmdd(day) };
    return read_row(call, page, &resource_day_table, row) ? row : NULL;
}

static void slots_read(const struct read_call *call, struct read_page *page, const struct resource_row *resource,
                       int64_t day, struct slots_shown *shown)
{
    struct slot_span spans[SLOTS_OF_DAY_MAX];
    struct resource_day_row rows[3];
    struct zone zone;
    const struct resource_day_row *of = resource_day_read(call, page, resource->resource_id, day, &rows[0]);
    struct slot_bounds bounds = slot_bounds(of, resource_day_read(call, page, resource->resource_id, day - 1, &rows[1]),
                                            resource_day_read(call, page, resource->resource_id, day + 1, &rows[2]));
    struct schedule_row schedule = { .resource_id = resource->resource_id,
                                     .version = of != NULL ? of->version : resource->schedule_version };
    if (!read_row(call, page, &schedule_table, &schedule)) {
        return;
    }
    if (resource->zone[0] == '\0' || !zone_read(span_of(resource->zone), &zone)) {
        zone = zone_fixed(resource->zone_minutes);
    }
    shown->count = slots_of_day(&schedule, &zone, day, bounds, spans);
    for (size_t i = 0; i < shown->count; i++) {
        shown->slots[i] = (struct slot_view){ spans[i].starts_at_us, spans[i].ends_at_us, spans[i].price_minor,
                                              resource->capacity, resource->capacity };
    }
    if (of == NULL || shown->count == 0) {
        return; /* nothing was booked */
    }
    struct value binds[] = { VALUE_I64(resource->resource_id), VALUE_I64(spans[0].starts_at_us),
                             VALUE_I64(spans[shown->count - 1].starts_at_us), VALUE_I64(PURPOSE_slot_free) };
    read_status(page, call->reader->ops->query(call->reader,
                                               "SELECT s.starts_at_us, s.capacity, a.balance FROM slots s "
                                               "JOIN accounts a ON a.owner_id = s.resource_id AND "
                                               "a.unit = s.starts_at_us WHERE s.resource_id = ? AND "
                                               "s.starts_at_us >= ? AND s.starts_at_us <= ? AND a.purpose = ?",
                                               binds, COUNT_OF(binds), slot_row_each, shown));
}

/* Whether that day and time can be booked by anybody now, as booking_time_check has it. */
static bool is_open(const struct read_call *call, const struct resource_row *resource, int32_t day,
                    int64_t starts_at_us)
{
    bool open = resource->open != 0 && starts_at_us > call->now_us + resource->lead_minutes * US_PER_MINUTE &&
                starts_at_us <= call->now_us + resource->horizon_days * US_PER_DAY;
    for (int32_t i = 0; open && i < resource->closed_days_count; i++) {
        open = resource->closed_days[i].day != day;
    }
    return open;
}

static enum refusal slot_list_run(const struct read_call *call, struct read_page *page)
{
    static _Thread_local struct slots_shown shown;
    const struct slot_list *want = call->request;
    struct resource_row resource = { .resource_id = want->resource_id };
    if (!read_row(call, page, &resource_table, &resource)) {
        return REFUSAL_resource_unknown;
    }
    shown.count = 0;
    if (resource.kind != RESOURCE_hall) {
        slots_read(call, page, &resource, civil_day_of_yyyymmdd(want->day), &shown);
    }
    int64_t after_us = read_after_i64(call, INT64_MIN);
    for (size_t i = 0; i < shown.count && page->status == STATUS_ok; i++) {
        struct slot_view *slot = &shown.slots[i];
        slot->free = is_open(call, &resource, want->day, slot->starts_at_us) ? slot->free : 0;
        if (slot->starts_at_us > after_us && !read_emit_i64(page, slot, slot->starts_at_us)) {
            break;
        }
    }
    return REFUSAL_none;
}

const struct read slot_list = {
    .name = "slot_list",
    .route = "/v1/resources/{resource_id}/slots",
    .callers = CALLERS_ALL,
    .request = &slot_list_shape,
    .element = &slot_view_shape,
    .run = slot_list_run,
    .summary = "The slots of a day, their prices, and how many places are free.",
};

/* ---- shows ---- */

struct show_list {
    int64_t shop_id;
    int32_t day;
};
static const struct column show_list_columns[] = {
    COLUMN(show_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(show_list, day, .form = FORM_day, .text = "On which they begin; left out: all that are not over."),
};
static const struct shape show_list_shape = SHAPE("show_list", show_list, show_list_columns);

static enum refusal show_list_run(const struct read_call *call, struct read_page *page)
{
    const struct show_list *want = call->request;
    /* In whatever zone: what begins on a day ends within three days of its midnight in UTC. */
    int64_t midnight_us = civil_day_of_yyyymmdd(want->day) * US_PER_DAY;
    int64_t from_us = want->day == 0 ? call->now_us : midnight_us - US_PER_DAY;
    int64_t to_us = want->day == 0 ? INT64_MAX : midnight_us + 3 * US_PER_DAY;
    struct list_terms terms = {
        .table = &show_table,
        .key = "show_id",
        .where = "shop_id = ? AND ends_at_us > ? AND ends_at_us < ? AND (? = 0 OR day = ?) AND ",
        .binds = { VALUE_I64(want->shop_id), VALUE_I64(from_us), VALUE_I64(to_us), VALUE_I64(want->day),
                   VALUE_I64(want->day) },
        .bind_count = 5,
    };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read show_list = {
    .name = "show_list",
    .route = "/v1/shops/{shop_id}/shows",
    .callers = CALLERS_ALL,
    .request = &show_list_shape,
    .element = &show_table.shape,
    .run = show_list_run,
    .summary = "A shop's shows: those of a day, or all that are not over.",
};

struct show_seats {
    int64_t show_id;
};
static const struct column show_seats_columns[] = {
    COLUMN(show_seats, show_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape show_seats_shape = SHAPE("show_seats", show_seats, show_seats_columns);

struct seats_view {
    int32_t line;
    char label[4];
    int64_t seats, aisles, taken;
    int64_t price_minor;
};
static const struct column seats_view_columns[] = {
    COLUMN(seats_view, line, .text = "From 0."),
    COLUMN(seats_view, label),
    COLUMN(seats_view, seats, .text = "A bit for each seat that exists; 1 is the first place."),
    COLUMN(seats_view, aisles, .text = "A bit for each seat with an aisle behind it."),
    COLUMN(seats_view, taken, .text = "A bit for each seat that is held or booked."),
    COLUMN(seats_view, price_minor, .form = FORM_amount),
};
static const struct shape seats_view_shape = SHAPE("seats_view", seats_view, seats_view_columns);

static bool line_row_each(void *context, const struct value *values, size_t count)
{
    int64_t *taken = context;
    assert(count == 2);
    if (values[0].i64 >= 0 && values[0].i64 < SEAT_LINES_MAX) {
        taken[values[0].i64] = values[1].i64;
    }
    return true;
}

static enum refusal show_seats_run(const struct read_call *call, struct read_page *page)
{
    const struct show_seats *want = call->request;
    struct show_row show = { .show_id = want->show_id };
    int64_t taken[SEAT_LINES_MAX] = { 0 };
    struct value bind = VALUE_I64(want->show_id);
    if (!read_row(call, page, &show_table, &show)) {
        return REFUSAL_show_unknown;
    }
    struct seat_map_row map = { .resource_id = show.resource_id, .version = show.map_version };
    if (!read_row(call, page, &seat_map_table, &map) ||
        !read_status(page, call->reader->ops->query(call->reader,
                                                    "SELECT line, taken FROM show_lines WHERE show_id = ?", &bind, 1,
                                                    line_row_each, taken))) {
        return REFUSAL_none;
    }
    int64_t after = read_after_i64(call, -1);
    for (int32_t i = 0; i < map.lines_count; i++) {
        const struct seat_line_row *line = &map.lines[i];
        struct seats_view shown = { .line = i, .seats = line->seats, .aisles = line->aisles, .taken = taken[i] };
        memcpy(shown.label, line->label, sizeof(shown.label));
        shown.price_minor = line->price < show.prices_count ? show.prices[line->price].price_minor : 0;
        if (i > after && !read_emit_i64(page, &shown, i)) {
            break;
        }
    }
    return REFUSAL_none;
}

const struct read show_seats = {
    .name = "show_seats",
    .route = "/v1/shows/{show_id}/seats",
    .callers = CALLERS_ALL,
    .request = &show_seats_shape,
    .element = &seats_view_shape,
    .run = show_seats_run,
    .summary = "The rows of a show's hall, and which seats are taken.",
};

/* ---- bookings ---- */

struct booking_list {
    int64_t shop_id;
    int64_t resource_id;
    int32_t day;
    int32_t state;
};
static const struct column booking_list_columns[] = {
    COLUMN(booking_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(booking_list, resource_id, .form = FORM_id, .text = "Only of this one."),
    COLUMN(booking_list, day, .form = FORM_day, .flags = COLUMN_required,
           .text = "On which the resource opens, or the show begins."),
    COLUMN(booking_list, state, .form = FORM_choice, .names = booking_states),
};
static const struct shape booking_list_shape = SHAPE("booking_list", booking_list, booking_list_columns);

/* Whoever waits for a time that has come waits no more: no row says so. */
static void state_computed(char *to, size_t size, int64_t now_us)
{
    snprintf(to, size, "CASE WHEN state = %d AND starts_at_us <= %lld THEN %d ELSE state END", BOOKING_waiting,
             (long long)now_us, BOOKING_lapsed);
}

static enum refusal booking_list_run(const struct read_call *call, struct read_page *page)
{
    const struct booking_list *want = call->request;
    char state[128];
    state_computed(state, sizeof(state), call->now_us);
    struct list_terms terms = {
        .table = &booking_table,
        .key = "booking_id",
        .newest_first = true,
        .where = "shop_id = ? AND day = ? AND (? = 0 OR resource_id = ?) AND (? = 0 OR state = ?) AND ",
        .binds = { VALUE_I64(want->shop_id), VALUE_I64(want->day), VALUE_I64(want->resource_id),
                   VALUE_I64(want->resource_id), VALUE_I64(want->state), VALUE_I64(want->state) },
        .bind_count = 6,
        .computed_column = "state",
        .computed = state,
    };
    return list_of_shop(call, page, want->shop_id, &terms);
}

const struct read booking_list = {
    .name = "booking_list",
    .route = "/v1/shops/{shop_id}/bookings",
    .callers = CALLERS_SHOP,
    .request = &booking_list_shape,
    .element = &booking_table.shape,
    .run = booking_list_run,
    .summary = "A shop's bookings of a day, newest first.",
};

struct booking_mine {
    int64_t shopper_id;
};
static const struct column booking_mine_columns[] = {
    COLUMN(booking_mine, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape booking_mine_shape = SHAPE("booking_mine", booking_mine, booking_mine_columns);

static enum refusal booking_mine_run(const struct read_call *call, struct read_page *page)
{
    const struct booking_mine *want = call->request;
    char state[128];
    state_computed(state, sizeof(state), call->now_us);
    struct list_terms terms = { .table = &booking_table,
                                .key = "booking_id",
                                .newest_first = true,
                                .where = "shopper_id = ? AND ",
                                .binds = { VALUE_I64(want->shopper_id) },
                                .bind_count = 1,
                                .computed_column = "state",
                                .computed = state };
    return list_of_shopper(call, page, want->shopper_id, &terms);
}

const struct read booking_mine = {
    .name = "booking_mine",
    .route = "/v1/shoppers/{shopper_id}/bookings",
    .callers = CALLERS_SHOPPER,
    .request = &booking_mine_shape,
    .element = &booking_table.shape,
    .run = booking_mine_run,
    .summary = "A shopper's bookings, offers and waiting, newest first.",
};
