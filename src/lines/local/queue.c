/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/queue.h"

#include "base/civil.h"
#include "lines/local/hoard.h"
#include "people/people.h"

static const struct queue_row *queue_ask(struct view *view, int64_t queue_id)
{
    struct queue_row key = { .queue_id = queue_id };
    return view_ask(view, &queue_table, &key);
}

static const struct queue_place_row *place_ask(struct view *view, const struct queue_row *queue, int32_t number)
{
    struct queue_place_row key = { .queue_id = queue->queue_id, .day = queue->day, .number = number };
    return view_ask(view, &queue_place_table, &key);
}

/* A shop's queue as it shows it: who waits is in the places. */
static const struct column queue_columns[] = {
    COLUMN(queue_row, queue_id, .form = FORM_id),
    COLUMN(queue_row, shop_id, .form = FORM_id),
    COLUMN(queue_row, name),
    COLUMN(queue_row, letter),
    COLUMN(queue_row, people_most),
    COLUMN(queue_row, skip_back),
    COLUMN(queue_row, open, .form = FORM_flag),
    COLUMN(queue_row, day, .form = FORM_day, .text = "Of the numbers."),
    COLUMN(queue_row, number, .text = "The last that was given out."),
    COLUMN(queue_row, called, .text = "The last that was called."),
    COLUMN(queue_row, waiting_count, .text = "How many wait."),
    COLUMN(queue_row, created_at_us, .form = FORM_instant),
};
static const struct shape queue_shape = SHAPE("queue", queue_row, queue_columns);

static const struct column place_columns[] = {
    COLUMN_PART(queue_place, row, queue_id, "queue_id", .form = FORM_id),
    COLUMN_PART(queue_place, row, day, "day", .form = FORM_day),
    COLUMN_PART(queue_place, row, number, "number", .text = NULL),
    COLUMN(queue_place, letter, .text = "Before the number."),
    COLUMN_PART(queue_place, row, shop_id, "shop_id", .form = FORM_id),
    COLUMN_PART(queue_place, row, shopper_id, "shopper_id", .form = FORM_id),
    COLUMN_PART(queue_place, row, people, "people", .text = NULL),
    COLUMN_PART(queue_place, row, state, "state", .form = FORM_choice, .names = place_states),
    COLUMN_PART(queue_place, row, calls, "calls", .text = NULL),
    COLUMN(queue_place, ahead, .text = "Who are called before it; -1: it does not wait."),
    COLUMN_PART(queue_place, row, taken_at_us, "taken_at_us", .form = FORM_instant),
    COLUMN_PART(queue_place, row, called_at_us, "called_at_us", .form = FORM_instant),
    COLUMN_PART(queue_place, row, ended_at_us, "ended_at_us", .form = FORM_instant),
};
const struct shape queue_place_shape = SHAPE("queue_place", queue_place, place_columns);

static void place_show(const struct queue_row *queue, const struct queue_place_row *place, void *answer)
{
    struct queue_place shown = { .row = *place, .ahead = -1 };
    memcpy(shown.letter, queue->letter, sizeof(shown.letter));
    for (int32_t i = 0; i < queue->waiting_count; i++) {
        shown.ahead = queue->waiting[i].number == place->number ? i : shown.ahead;
    }
    memcpy(answer, &shown, sizeof(shown));
}

/* ---- making one ---- */

static const struct column set_columns[] = {
    COLUMN(queue_set, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(queue_set, queue_id, .form = FORM_id, .text = "The one to be changed; left out: a new one."),
    COLUMN(queue_set, name, .flags = COLUMN_required, .least = 1, .text = "As people see it: for 2 to 4."),
    COLUMN(queue_set, letter, .flags = COLUMN_required, .least = 1, .text = "Before its numbers."),
    COLUMN(queue_set, people_most, .least = 0, .most = 1000, .text = "At one table; left out: no limit."),
    COLUMN(queue_set, skip_back, .least = 0, .most = QUEUE_WAITING_MAX,
           .text = "Places that whoever misses the first call goes back; left out: the place is lost."),
    COLUMN(queue_set, closed, .form = FORM_flag, .text = "No numbers are given out for now."),
};
static const struct shape set_shape = SHAPE("queue_set", queue_set, set_columns);

static enum refusal decide_set(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct queue_set *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    const struct queue_row *asked = queue_ask(view, want->queue_id != 0 ? want->queue_id : moment_id(at));
    if (want->queue_id != 0 && asked->shop_id != want->shop_id) {
        return REFUSAL_queue_unknown;
    }
    struct queue_row *queue = view_change(view, asked);
    if (want->queue_id == 0) {
        queue->shop_id = shop->shop_id;
        queue->merchant_id = shop->merchant_id;
        queue->created_at_us = at->now_us;
    }
    memcpy(queue->name, want->name, sizeof(queue->name));
    memcpy(queue->letter, want->letter, sizeof(queue->letter));
    queue->people_most = want->people_most;
    queue->skip_back = want->skip_back;
    queue->open = want->closed == 0;
    memcpy(answer, queue, sizeof(*queue));
    return REFUSAL_none;
}

const struct command queue_set = {
    .name = "queue_set",
    .number = 270,
    .method = "POST",
    .route = "/v1/shops/{shop_id}/queues",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &set_shape,
    .answer = &queue_shape,
    .decide = decide_set,
    .summary = "Adds a queue for a size of tables, changes it, closes or opens it.",
};

/* ---- taking a number ---- */

static const struct column take_columns[] = {
    COLUMN(queue_take, queue_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(queue_take, shopper_id, .form = FORM_id,
           .text = "Left out: the shopper of the token; for a shop: somebody at the door."),
    COLUMN(queue_take, people, .least = 0, .most = 1000),
};
static const struct shape take_shape = SHAPE("queue_take", queue_take, take_columns);

/* A new day: numbers begin anew, and nobody waits. */
static void day_begin(struct queue_row *queue, int32_t today)
{
    if (queue->day < today) {
        queue->day = today;
        queue->number = 0;
        queue->called = 0;
        queue->waiting_count = 0;
        memset(queue->waiting, 0, sizeof(queue->waiting));
    }
}

static enum refusal taker_check(struct view *view, const struct moment *at, const struct shop_row *shop,
                                int64_t shopper_id)
{
    bool shopper = at->caller.kind == CALLER_shopper || (access_platform(at) && shopper_id != 0);
    if (shopper ? !access_shopper(at, shopper_id) : !access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (shopper_id != 0 && !row_exists(shopper_ask(view, shopper_id))) {
        return REFUSAL_shopper_unknown;
    }
    return shop->open == 0 ? REFUSAL_shop_closed : REFUSAL_none;
}

static enum refusal decide_take(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct queue_take *want = request;
    const struct queue_row *asked = queue_ask(view, want->queue_id);
    const struct shop_row *shop = shop_ask(view, asked->shop_id);
    bool own = want->shopper_id == 0 && at->caller.kind == CALLER_shopper;
    bool by_shopper = at->caller.kind == CALLER_shopper || access_platform(at);
    int64_t shopper_id = own ? at->caller.id : want->shopper_id;
    if (!row_exists(asked)) {
        return REFUSAL_queue_unknown;
    }
    enum refusal refusal = taker_check(view, at, shop, shopper_id);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->open == 0) {
        return REFUSAL_queue_closed;
    }
    if (asked->people_most != 0 && want->people > asked->people_most) {
        return REFUSAL_party_too_large;
    }
    struct queue_row *queue = view_change(view, asked);
    day_begin(queue, civil_yyyymmdd(civil_day(at->now_us, shop->zone_minutes)));
    if (queue->waiting_count == QUEUE_WAITING_MAX) {
        return REFUSAL_waiting_full;
    }
    queue->waiting[queue->waiting_count++].number = ++queue->number;
    struct queue_place_row *place = view_change(view, place_ask(view, queue, queue->number));
    place->shop_id = queue->shop_id;
    place->shopper_id = shopper_id;
    place->people = want->people;
    place->state = PLACE_waiting;
    place->taken_at_us = at->now_us;
    place_show(queue, place, answer);
    if (shopper_id == 0 || !by_shopper) {
        return REFUSAL_none; /* the shop knows whom it gives how many */
    }
    struct hoard_number taken = { queue->shop_id, queue->queue_id, queue->day, queue->number };
    return hoard_number_add(view, hoard_person(view, shopper_id), &taken);
}

const struct command queue_take = {
    .name = "queue_take",
    .number = 271,
    .method = "POST",
    .route = "/v1/queues/{queue_id}/places",
    .http_status = 201,
    .callers = CALLERS_ALL,
    .request = &take_shape,
    .answer = &queue_place_shape,
    .decide = decide_take,
    .summary = "Takes the next number of a queue.",
};

/* ---- calling ---- */

static const struct column ref_columns[] = {
    COLUMN(queue_ref, queue_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("queue_ref", queue_ref, ref_columns);

static void waiting_take_out(struct queue_row *queue, int32_t number)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < queue->waiting_count; i++) {
        if (queue->waiting[i].number != number) {
            queue->waiting[kept++] = queue->waiting[i];
        }
    }
    memset(&queue->waiting[kept], 0, sizeof(queue->waiting[0]) * (size_t)(queue->waiting_count - kept));
    queue->waiting_count = kept;
}

/* So that `before` others are called first, or all. */
static void waiting_put_in(struct queue_row *queue, int32_t number, int32_t before)
{
    int32_t to = before < queue->waiting_count ? before : queue->waiting_count;
    assert(queue->waiting_count < QUEUE_WAITING_MAX);
    memmove(&queue->waiting[to + 1], &queue->waiting[to],
            sizeof(queue->waiting[0]) * (size_t)(queue->waiting_count - to));
    queue->waiting[to].number = number;
    queue->waiting_count++;
}

static enum refusal decide_call(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct queue_ref *want = request;
    const struct queue_row *asked = queue_ask(view, want->queue_id);
    const struct shop_row *shop = shop_ask(view, asked->shop_id);
    if (!row_exists(asked)) {
        return REFUSAL_queue_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    struct queue_row *queue = view_change(view, asked);
    day_begin(queue, civil_yyyymmdd(civil_day(at->now_us, shop->zone_minutes)));
    if (queue->waiting_count == 0) {
        return REFUSAL_queue_empty;
    }
    struct queue_place_row *place = view_change(view, place_ask(view, queue, queue->waiting[0].number));
    waiting_take_out(queue, place->number);
    queue->called = place->number;
    place->state = PLACE_called;
    place->calls++;
    place->called_at_us = at->now_us;
    place_show(queue, place, answer);
    return REFUSAL_none;
}

const struct command queue_call = {
    .name = "queue_call",
    .number = 272,
    .method = "POST",
    .route = "/v1/queues/{queue_id}/call",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &ref_shape,
    .answer = &queue_place_shape,
    .decide = decide_call,
    .summary = "Calls the next number.",
};

/* ---- seated, skipped, left ---- */

static const char *const outcome_names[] = { "", "seated", "skipped", "left", NULL };

static const struct column end_columns[] = {
    COLUMN(queue_place_end, queue_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(queue_place_end, number, .flags = COLUMN_required | COLUMN_in_path, .least = 1, .most = INT32_MAX),
    COLUMN(queue_place_end, outcome, .form = FORM_choice, .names = outcome_names, .flags = COLUMN_required,
           .text = "Seated, or skipped as nobody came: said by the shop. Left: by the shopper or the shop."),
};
static const struct shape end_shape = SHAPE("queue_place_end", queue_place_end, end_columns);

/* Whether the number is of today and the caller is its shop, or its shopper; `*shop`: the shop. */
static enum refusal place_check(struct view *view, const struct moment *at, const struct queue_row *queue,
                                const struct queue_place_row *place, bool *shop)
{
    const struct shop_row *where = shop_ask(view, queue->shop_id);
    if (!row_exists(queue)) {
        return REFUSAL_queue_unknown;
    }
    *shop = at->caller.kind != CALLER_shopper;
    bool mine = row_exists(place) && place->shopper_id != 0 && access_shopper(at, place->shopper_id);
    bool reaches = *shop ? access_shop(view, at, where) : mine;
    return row_exists(place) && reaches ? REFUSAL_none : REFUSAL_place_unknown;
}

/* The first time the place goes back, later it is lost. */
static void place_skip(struct queue_row *queue, struct queue_place_row *place, const struct moment *at)
{
    if (queue->skip_back > 0 && place->calls == 1 && queue->waiting_count < QUEUE_WAITING_MAX) {
        place->state = PLACE_waiting;
        waiting_put_in(queue, place->number, queue->skip_back);
    } else {
        place->state = PLACE_skipped;
        place->ended_at_us = at->now_us;
    }
}

static bool is_over(const struct queue_row *queue, const struct queue_place_row *place, int32_t today)
{
    return place->state > PLACE_called || queue->day < today;
}

static enum refusal decide_end(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct queue_place_end *want = request;
    const struct queue_row *asked = queue_ask(view, want->queue_id);
    const struct queue_place_row *known = place_ask(view, asked, want->number);
    bool shop;
    enum refusal refusal = place_check(view, at, asked, known, &shop);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (!shop && want->outcome != OUTCOME_left) {
        return REFUSAL_forbidden;
    }
    int zone = shop_ask(view, asked->shop_id)->zone_minutes;
    bool skipped = want->outcome == OUTCOME_skipped;
    if (is_over(asked, known, civil_yyyymmdd(civil_day(at->now_us, zone))) ||
        (skipped && known->state != PLACE_called)) {
        return REFUSAL_place_ended;
    }
    struct queue_row *queue = view_change(view, asked);
    struct queue_place_row *place = view_change(view, known);
    if (skipped) {
        place_skip(queue, place, at);
    } else {
        waiting_take_out(queue, place->number);
        place->state = want->outcome == OUTCOME_seated ? PLACE_seated : PLACE_left;
        place->ended_at_us = at->now_us;
    }
    if (place->shopper_id != 0 && place->ended_at_us != 0) {
        struct hoard_number ended = { queue->shop_id, queue->queue_id, place->day, place->number };
        hoard_number_take(view, hoard_person(view, place->shopper_id), &ended);
    }
    place_show(queue, place, answer);
    return REFUSAL_none;
}

const struct command queue_place_end = {
    .name = "queue_place_end",
    .number = 273,
    .method = "POST",
    .route = "/v1/queues/{queue_id}/places/{number}/end",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &end_shape,
    .answer = &queue_place_shape,
    .decide = decide_end,
    .summary = "Who has this number is seated, did not come when called, or gave it up.",
};

static const struct column place_ref_columns[] = {
    COLUMN(queue_place_ref, queue_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(queue_place_ref, number, .flags = COLUMN_required | COLUMN_in_path, .least = 1, .most = INT32_MAX),
};
static const struct shape place_ref_shape = SHAPE("queue_place_ref", queue_place_ref, place_ref_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct queue_place_ref *want = request;
    const struct queue_row *queue = queue_ask(view, want->queue_id);
    const struct queue_place_row *place = place_ask(view, queue, want->number);
    bool shop;
    enum refusal refusal = place_check(view, at, queue, place, &shop);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct queue_place *shown = answer;
    place_show(queue, place, shown);
    int zone = shop_ask(view, queue->shop_id)->zone_minutes;
    bool over = place->state <= PLACE_called && is_over(queue, place, civil_yyyymmdd(civil_day(at->now_us, zone)));
    shown->row.state = over ? PLACE_lapsed : place->state;
    return REFUSAL_none;
}

const struct command queue_place_query = {
    .name = "queue_place_query",
    .number = 274,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/queues/{queue_id}/places/{number}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &place_ref_shape,
    .answer = &queue_place_shape,
    .decide = decide_query,
    .summary = "A number of today, and how many are called before it.",
};
