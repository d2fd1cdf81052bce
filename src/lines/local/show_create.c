/* SPDX-License-Identifier: Apache-2.0 */
/* Shows of a hall: made, cancelled, asked for. Shows of one hall never overlap. */
#include "engine/engine_rows.h"
#include "ledger/ledger.h"
#include "lines/local/booking_internal.h"
#include "people/people.h"

static const struct column create_columns[] = {
    COLUMN(show_create, resource_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(show_create, title, .flags = COLUMN_required, .least = 1),
    COLUMN(show_create, starts_at_us, .form = FORM_instant, .flags = COLUMN_required),
    COLUMN(show_create, ends_at_us, .form = FORM_instant, .flags = COLUMN_required, .text = "At most 12 hours later."),
    COLUMN_LIST(show_create, prices, show_price_shape, .flags = COLUMN_required,
                .text = "Of a seat; rows of the hall's map say which one is theirs."),
};
static const struct shape create_shape = SHAPE("show_create", show_create, create_columns);

/* What is wrong whatever the hall is. */
static bool create_check(const void *request, struct complaint *complaint)
{
    const struct show_create *want = request;
    bool later = want->ends_at_us > want->starts_at_us && want->ends_at_us - want->starts_at_us <= SHOW_US_MAX;
    return complain_unless(complaint, later, "ends_at", "must be later than starts_at, by at most 12 hours") &&
           complain_unless(complaint, want->prices_count > 0, "prices", "must name at least one");
}

static bool prices_suffice(const struct seat_map_row *map, int32_t prices_count)
{
    bool suffice = prices_count > 0;
    for (int32_t i = 0; i < map->lines_count; i++) {
        suffice = suffice && map->lines[i].price < prices_count;
    }
    return suffice;
}

/* Whether another show of that day is on at that time. */
static bool day_overlaps(const struct resource_day_row *day, const struct show_create *want)
{
    for (int32_t i = 0; i < day->shows_count; i++) {
        if (want->starts_at_us < day->shows[i].ends_at_us && day->shows[i].starts_at_us < want->ends_at_us) {
            return true;
        }
    }
    return false;
}

/* A show begins on its day and ends there or on the next: those of the days beside it are all that can overlap. */
static enum refusal show_times_check(struct view *view, const struct moment *at, const struct resource_row *hall,
                                     const struct show_create *want, int64_t day)
{
    struct complaint complaint;
    bool full = false, overlaps = false;
    if (want->starts_at_us <= at->now_us || !create_check(want, &complaint)) {
        return REFUSAL_resource_invalid;
    }
    for (int64_t near = day - 1; near <= day + 1; near++) {
        const struct resource_day_row *row = resource_day_ask(view, hall->resource_id, near);
        overlaps = overlaps || day_overlaps(row, want);
        full = full || (near == day && row->shows_count == DAY_SHOWS_MAX);
    }
    return overlaps ? REFUSAL_show_overlaps : full ? REFUSAL_resource_invalid : REFUSAL_none;
}

static enum refusal seats_open(struct view *view, struct moment *at, const struct show_row *show)
{
    struct leg leg = { .from = { 0, PURPOSE_clearing, show->starts_at_us },
                       .to = { show->show_id, PURPOSE_slot_free, show->starts_at_us },
                       .amount = show->seats };
    return ledger_move(view, at, (struct cause){ CAUSE_slot_open, show->show_id }, &leg, 1, NULL);
}

static struct show_row *show_new(struct view *view, struct moment *at, const struct resource_row *hall,
                                 const struct show_create *want)
{
    struct show_row key = { .show_id = moment_id(at) };
    struct show_row *show = view_new(view, &show_table, &key);
    show->resource_id = hall->resource_id;
    show->shop_id = hall->shop_id;
    show->merchant_id = hall->merchant_id;
    memcpy(show->title, want->title, sizeof(show->title));
    show->state = SHOW_open;
    show->map_version = hall->map_version;
    show->starts_at_us = want->starts_at_us;
    show->ends_at_us = want->ends_at_us;
    show->created_at_us = at->now_us;
    show->prices_count = want->prices_count;
    memcpy(show->prices, want->prices, sizeof(show->prices));
    return show;
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct show_create *want = request;
    const struct resource_row *hall = resource_ask(view, want->resource_id);
    const struct seat_map_row *map = seat_map_ask(view, want->resource_id, hall->map_version);
    if (!row_exists(hall)) {
        return REFUSAL_resource_unknown;
    }
    if (!access_shop(view, at, shop_ask(view, hall->shop_id))) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(map) || !prices_suffice(map, want->prices_count)) {
        return REFUSAL_resource_invalid;
    }
    struct zone zone = resource_zone(hall);
    int64_t day = zone_day(&zone, want->starts_at_us);
    enum refusal refusal = show_times_check(view, at, hall, want, day);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct show_row *show = show_new(view, at, hall, want);
    struct resource_day_row *row = view_change(view, resource_day_ask(view, hall->resource_id, day));
    show->day = row->day;
    show->seats = map->seats;
    row->shows[row->shows_count++] =
        (struct day_show_row){ show->show_id, show->starts_at_us, show->ends_at_us };
    refusal = seats_open(view, at, show);
    memcpy(answer, show, sizeof(*show));
    return refusal;
}

const struct command show_create = {
    .name = "show_create",
    .number = 255,
    .method = "POST",
    .route = "/v1/resources/{resource_id}/shows",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &create_shape,
    .answer = &show_table.shape,
    .decide = decide_create,
    .check = create_check,
    .summary = "Adds a show to a hall, with the seats that the hall has now.",
};

static const struct column ref_columns[] = {
    COLUMN(show_ref, show_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("show_ref", show_ref, ref_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct show_ref *want = request;
    const struct show_row *show = show_ask(view, want->show_id);
    (void)at;
    if (!row_exists(show)) {
        return REFUSAL_show_unknown;
    }
    memcpy(answer, show, sizeof(*show));
    return REFUSAL_none;
}

const struct command show_query = {
    .name = "show_query",
    .number = 257,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shows/{show_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &show_table.shape,
    .decide = decide_query,
    .summary = "One show.",
};

/* ---- cancelled ---- */

static void day_leave(struct view *view, const struct show_row *show)
{
    struct resource_day_row key = { .resource_id = show->resource_id, .day = show->day };
    struct resource_day_row *day = view_change(view, view_ask(view, &resource_day_table, &key));
    int32_t kept = 0;
    for (int32_t i = 0; i < day->shows_count; i++) {
        if (day->shows[i].show_id != show->show_id) {
            day->shows[kept++] = day->shows[i];
        }
    }
    memset(&day->shows[kept], 0, sizeof(day->shows[0]) * (size_t)(day->shows_count - kept));
    day->shows_count = kept;
}

/* Nobody waits any more; seats that were free are gone. */
static enum refusal seats_close(struct view *view, struct moment *at, struct show_row *show)
{
    for (int32_t i = 0; i < show->waiting_count; i++) { /* all are asked in one round */
        const struct booking_row *asked = booking_ask(view, show->waiting[i].id);
        if (!row_exists(asked)) {
            continue; /* not at hand yet */
        }
        struct booking_row *waiting = view_change(view, asked);
        booking_timer_drop(view, waiting);
        waiting->state = BOOKING_cancelled;
        waiting->ended_at_us = at->now_us;
        enum refusal refusal = booking_count(view, at, waiting);
        assert(refusal == REFUSAL_none); /* it counts as less */
    }
    memset(show->waiting, 0, sizeof(show->waiting));
    show->waiting_count = 0;
    struct leg leg = { .from = { show->show_id, PURPOSE_slot_free, show->starts_at_us },
                       .to = { 0, PURPOSE_clearing, show->starts_at_us } };
    leg.amount = account_free(view, leg.from);
    struct cause cause = { CAUSE_slot_close, show->show_id };
    return leg.amount > 0 ? ledger_move(view, at, cause, &leg, 1, NULL) : REFUSAL_none;
}

/* One booking after the other gets its money back, each by a timer of its own. */
static void return_next(struct view *view, const struct moment *at, struct show_row *show, int64_t booking_id)
{
    show->return_booking_id = booking_id;
    show->return_at_us = booking_id != 0 ? at->now_us : 0; /* at once */
    if (booking_id != 0) {
        timer_set(view, at->now_us, show->return_at_us, TIMER_show_return, show->show_id);
    }
}

static enum refusal decide_cancel(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct show_ref *want = request;
    const struct show_row *asked = show_ask(view, want->show_id);
    enum refusal refusal = REFUSAL_none;
    if (!row_exists(asked)) {
        return REFUSAL_show_unknown;
    }
    if (!access_shop(view, at, shop_ask(view, asked->shop_id))) {
        return REFUSAL_forbidden;
    }
    if (asked->state == SHOW_open) {
        if (at->now_us >= asked->ends_at_us) {
            return REFUSAL_booking_late;
        }
        struct show_row *show = view_change(view, asked);
        show->state = SHOW_cancelled;
        day_leave(view, show);
        refusal = seats_close(view, at, show);
        return_next(view, at, show, show->last_booking_id);
    }
    memcpy(answer, asked, sizeof(*asked));
    return refusal;
}

const struct command show_cancel = {
    .name = "show_cancel",
    .number = 256,
    .method = "POST",
    .route = "/v1/shows/{show_id}/cancel",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &ref_shape,
    .answer = &show_table.shape,
    .decide = decide_cancel,
    .summary = "Cancels a show; everybody's money goes back in the moments after.",
};

/* What of a booking of a cancelled show has not ended goes back in full. */
static enum refusal show_booking_end(struct view *view, struct moment *at, const struct booking_row *asked)
{
    if (asked->state > BOOKING_confirmed) {
        return REFUSAL_none;
    }
    struct booking_row *booking = view_change(view, asked);
    if (booking->state == BOOKING_held) {
        const struct trade_row *trade = trade_ask(view, booking->trade_id);
        if (trade->state == TRADE_wait_buyer_pay) {
            trade_end(view, at, view_change(view, trade), CLOSE_cancelled);
        }
        booking->state = BOOKING_cancelled;
        return REFUSAL_none;
    }
    return booking_end(view, at, booking, BOOKING_cancelled, 0, true);
}

static enum refusal decide_return(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct show_row *asked = show_ask(view, due->subject_id);
    const struct booking_row *booking = booking_ask(view, asked->return_booking_id);
    (void)answer;
    if (!row_exists(asked) || asked->return_at_us != due->due_us || !row_exists(booking)) {
        return REFUSAL_none;
    }
    int64_t next_id = booking->previous_id;
    enum refusal refusal = show_booking_end(view, at, booking);
    if (refusal == REFUSAL_none) {
        return_next(view, at, view_change(view, asked), next_id);
    }
    return refusal;
}

const struct command show_return = {
    .name = "show_return",
    .number = 258,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_return,
    .summary = "A booking of a cancelled show gets its money back.",
};
