/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for resources and what belongs to them; the slots of a day as they stand, and their coming into being. */
#include "ledger/ledger.h"
#include "lines/local/resource.h"

const struct resource_row *resource_ask(struct view *view, int64_t resource_id)
{
    struct resource_row key = { .resource_id = resource_id };
    return view_ask(view, &resource_table, &key);
}

const struct resource_day_row *resource_day_ask(struct view *view, int64_t resource_id, int64_t day)
{
    struct resource_day_row key = { .resource_id = resource_id, .day = civil_yyyymmdd(day) };
    return view_ask(view, &resource_day_table, &key);
}

const struct seat_map_row *seat_map_ask(struct view *view, int64_t resource_id, int32_t version)
{
    struct seat_map_row key = { .resource_id = resource_id, .version = version };
    return view_ask(view, &seat_map_table, &key);
}

const struct show_row *show_ask(struct view *view, int64_t show_id)
{
    struct show_row key = { .show_id = show_id };
    return view_ask(view, &show_table, &key);
}

const struct show_line_row *show_line_ask(struct view *view, int64_t show_id, int32_t line)
{
    struct show_line_row key = { .show_id = show_id, .line = line };
    return view_ask(view, &show_line_table, &key);
}

const struct slot_row *slot_ask(struct view *view, int64_t resource_id, int64_t starts_at_us)
{
    struct slot_row key = { .resource_id = resource_id, .starts_at_us = starts_at_us };
    return view_ask(view, &slot_table, &key);
}

struct zone resource_zone(const struct resource_row *resource)
{
    struct zone zone;
    bool ruled = resource->zone[0] != '\0' && zone_read(span_of(resource->zone), &zone);
    return ruled ? zone : zone_fixed(resource->zone_minutes);
}

static const struct resource_day_row *existing(const struct resource_day_row *row)
{
    return row_exists(row) ? row : NULL;
}

/* All slots of a day, and what they say of it, into the choice; its own slots are not chosen yet. */
static size_t day_slots(struct view *view, const struct resource_row *resource, const struct zone *zone, int64_t day,
                        struct slot_choice *choice, struct slot_span *slots)
{
    choice->row = resource_day_ask(view, resource->resource_id, day);
    choice->day = day;
    choice->version = row_exists(choice->row) ? choice->row->version : resource->schedule_version;
    struct schedule_row key = { .resource_id = resource->resource_id, .version = choice->version };
    const struct schedule_row *schedule = view_ask(view, &schedule_table, &key);
    struct slot_bounds bounds = slot_bounds(existing(choice->row),
                                            existing(resource_day_ask(view, resource->resource_id, day - 1)),
                                            existing(resource_day_ask(view, resource->resource_id, day + 1)));
    if (!row_exists(schedule)) {
        return 0;
    }
    size_t count = slots_of_day(schedule, zone, day, bounds, slots);
    if (count > 0) {
        choice->of_day = (struct slot_bounds){ slots[0].starts_at_us, slots[count - 1].ends_at_us };
    }
    return count;
}

/* Whether these slots are one after the other, with nothing but the buffer between them. */
static bool in_a_row(struct view *view, const struct resource_row *resource, const struct slot_choice *choice)
{
    struct schedule_row key = { .resource_id = resource->resource_id, .version = choice->version };
    const struct schedule_row *schedule = view_ask(view, &schedule_table, &key);
    for (size_t i = 1; i < choice->count; i++) {
        int64_t between_us = choice->slots[i].starts_at_us - choice->slots[i - 1].ends_at_us;
        if (between_us != schedule->buffer_minutes * US_PER_MINUTE) {
            return false;
        }
    }
    return true;
}

enum refusal slot_choose(struct view *view, const struct resource_row *resource, int64_t starts_at_us, int32_t count,
                         struct slot_choice *choice)
{
    struct slot_span slots[SLOTS_OF_DAY_MAX];
    struct zone zone = resource_zone(resource);
    int64_t today = zone_day(&zone, starts_at_us);
    assert(count >= 1 && count <= BOOKING_SLOTS_MAX);
    for (int64_t day = today; day >= today - 1; day--) { /* after midnight it may be the night of the day before */
        *choice = (struct slot_choice){ 0 };
        size_t all = day_slots(view, resource, &zone, day, choice, slots);
        for (size_t i = 0; i + (size_t)count <= all; i++) {
            if (slots[i].starts_at_us == starts_at_us) {
                choice->count = (size_t)count;
                memcpy(choice->slots, &slots[i], sizeof(slots[0]) * (size_t)count);
                return in_a_row(view, resource, choice) ? REFUSAL_none : REFUSAL_slot_unknown;
            }
        }
    }
    return REFUSAL_slot_unknown;
}

enum refusal slots_open(struct view *view, struct moment *at, const struct resource_row *resource,
                        const struct slot_choice *choice)
{
    enum refusal refusal = REFUSAL_none;
    if (!row_exists(choice->row)) {
        struct resource_day_row *day = view_change(view, choice->row);
        day->version = choice->version;
        day->begins_at_us = choice->of_day.from_us;
        day->ends_at_us = choice->of_day.to_us;
    }
    for (size_t i = 0; i < choice->count && refusal == REFUSAL_none; i++) {
        const struct slot_span *span = &choice->slots[i];
        const struct slot_row *known = slot_ask(view, resource->resource_id, span->starts_at_us);
        if (row_exists(known)) {
            continue;
        }
        struct slot_row *slot = view_change(view, known);
        slot->ends_at_us = span->ends_at_us;
        slot->day = choice->row->day;
        slot->capacity = resource->capacity;
        slot->price_minor = span->price_minor;
        struct leg leg = { .from = { 0, PURPOSE_clearing, span->starts_at_us },
                           .to = { resource->resource_id, PURPOSE_slot_free, span->starts_at_us },
                           .amount = resource->capacity };
        refusal = ledger_move(view, at, (struct cause){ CAUSE_slot_open, resource->resource_id }, &leg, 1, NULL);
    }
    return refusal;
}
