/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/hoard.h"

#include "base/civil.h"
#include "engine/engine_rows.h"
#include "lines/local/kitchen_rows.h"
#include "people/people.h"
#include "till/paycode.h"
#include "till/wallet_transfer.h"

static const struct hoard_limits_row defaults = {
    .one = 1,
    .purchases_most = 5,
    .copies_most = 20,
    .bookings_most = 3,
    .visits_most = 10,
    .waitings_most = 20,
    .numbers_most = 3,
    .meals_most = 3,
    .unpaid_day_most = 20,
    .unpaid_minutes = 60,
    .turn_minutes = 15,
    .code_misses_table = 60,
    .code_misses_shopper = 10,
};

static void complete(int32_t *member, int32_t otherwise)
{
    *member = *member != 0 ? *member : otherwise;
}

static void limits_complete(struct hoard_limits_row *limits)
{
    complete(&limits->purchases_most, defaults.purchases_most);
    complete(&limits->copies_most, defaults.copies_most);
    complete(&limits->bookings_most, defaults.bookings_most);
    complete(&limits->visits_most, defaults.visits_most);
    complete(&limits->waitings_most, defaults.waitings_most);
    complete(&limits->numbers_most, defaults.numbers_most);
    complete(&limits->meals_most, defaults.meals_most);
    complete(&limits->unpaid_day_most, defaults.unpaid_day_most);
    complete(&limits->unpaid_minutes, defaults.unpaid_minutes);
    complete(&limits->turn_minutes, defaults.turn_minutes);
    complete(&limits->code_misses_table, defaults.code_misses_table);
    complete(&limits->code_misses_shopper, defaults.code_misses_shopper);
}

void hoard_limits_ask(struct view *view, struct hoard_limits_row *limits)
{
    struct hoard_limits_row key = { .one = 1 };
    const struct hoard_limits_row *asked = view_ask(view, &hoard_limits_table, &key);
    *limits = row_exists(asked) ? *asked : defaults;
    limits_complete(limits);
}

int64_t hoard_person(struct view *view, int64_t shopper_id)
{
    return shopper_ask(view, shopper_id)->person_id;
}

/* ---- counting ---- */

static const struct hoard_row *hoard_ask(struct view *view, int64_t person_id)
{
    struct hoard_row key = { .person_id = person_id };
    return view_ask(view, &hoard_table, &key);
}

static int32_t today_of(const struct moment *at)
{
    return civil_yyyymmdd(civil_day(at->now_us, WALLET_ZONE_MINUTES));
}

/* A kind's count, the most that it may be, and the refusal of more. */
struct counting {
    int32_t *count;
    int32_t most;
    enum refusal refusal;
};

static struct counting counting_of(struct hoard_row *hoard, const struct hoard_limits_row *limits, enum hoard_kind kind)
{
    switch (kind) {
    case HOARD_purchase:
        return (struct counting){ &hoard->purchases, limits->purchases_most, REFUSAL_purchases_unpaid_many };
    case HOARD_booking:
        return (struct counting){ &hoard->bookings, limits->bookings_most, REFUSAL_bookings_unpaid_many };
    case HOARD_visit:
        return (struct counting){ &hoard->visits, limits->visits_most, REFUSAL_visits_many };
    case HOARD_waiting:
        return (struct counting){ &hoard->waitings, limits->waitings_most, REFUSAL_waitings_many };
    case HOARD_meal:
        return (struct counting){ &hoard->meals, limits->meals_most, REFUSAL_meals_unpaid_many };
    case HOARD_none:
    case HOARD_never:
        break;
    }
    assert(!"nothing of this kind is counted");
    return (struct counting){ 0 };
}

static bool waits_for_money(enum hoard_kind kind)
{
    return kind == HOARD_purchase || kind == HOARD_booking || kind == HOARD_meal;
}

enum refusal hoard_add(struct view *view, const struct moment *at, int64_t person_id, enum hoard_kind kind,
                       int32_t copies, int32_t *counted)
{
    struct hoard_limits_row limits;
    const struct hoard_row *asked = hoard_ask(view, person_id);
    hoard_limits_ask(view, &limits);
    if (person_id == 0) {
        return REFUSAL_none; /* not at hand yet */
    }
    struct hoard_row *hoard = view_change(view, asked);
    struct counting counting = counting_of(hoard, &limits, kind);
    if (waits_for_money(kind) && hoard->day == today_of(at) && hoard->unpaid >= limits.unpaid_day_most) {
        return REFUSAL_unpaid_often;
    }
    if (*counting.count >= counting.most) {
        return counting.refusal;
    }
    if (kind == HOARD_purchase && hoard->copies + copies > limits.copies_most) {
        return REFUSAL_copies_unpaid_many;
    }
    ++*counting.count;
    hoard->copies += kind == HOARD_purchase ? copies : 0;
    *counted = (int32_t)kind;
    return REFUSAL_none;
}

void hoard_take(struct view *view, const struct moment *at, int64_t person_id, int32_t copies, bool unpaid,
                int32_t *counted)
{
    const struct hoard_limits_row none = { 0 };
    enum hoard_kind kind = (enum hoard_kind)*counted;
    if (kind == HOARD_none || kind == HOARD_never) {
        return;
    }
    const struct hoard_row *asked = hoard_ask(view, person_id);
    if (person_id == 0 || !row_exists(asked)) {
        assert(view_unsure(view)); /* what is counted has its row */
        return;
    }
    struct hoard_row *hoard = view_change(view, asked);
    struct counting counting = counting_of(hoard, &none, kind);
    assert(view_unsure(view) || *counting.count > 0);
    --*counting.count;
    hoard->copies -= kind == HOARD_purchase ? copies : 0;
    *counted = HOARD_none;
    bool own = at->caller.kind == CALLER_shopper || at->caller.kind == CALLER_system;
    if (unpaid && own) {
        int32_t today = today_of(at);
        hoard->unpaid = hoard->day == today ? hoard->unpaid + 1 : 1;
        hoard->day = today;
    }
}

/* ---- numbers of queues ---- */

static const struct hoard_numbers_row *numbers_ask(struct view *view, int64_t shop_id, int64_t person_id)
{
    struct hoard_numbers_row key = { .shop_id = shop_id, .person_id = person_id };
    return view_ask(view, &hoard_numbers_table, &key);
}

enum refusal hoard_number_add(struct view *view, int64_t person_id, const struct hoard_number *number)
{
    struct hoard_limits_row limits;
    const struct hoard_numbers_row *asked = numbers_ask(view, number->shop_id, person_id);
    hoard_limits_ask(view, &limits);
    if (person_id == 0) {
        return REFUSAL_none; /* not at hand yet */
    }
    struct hoard_numbers_row *numbers = view_change(view, asked);
    if (numbers->day < number->day) { /* those of a day that is over are nobody's */
        numbers->day = number->day;
        numbers->numbers_count = 0;
        memset(numbers->numbers, 0, sizeof(numbers->numbers));
    }
    for (int32_t i = 0; i < numbers->numbers_count; i++) {
        if (numbers->numbers[i].queue_id == number->queue_id) {
            return REFUSAL_queue_number_held;
        }
    }
    if (numbers->numbers_count >= limits.numbers_most || numbers->numbers_count >= HOARD_NUMBERS_MAX) {
        return REFUSAL_queue_numbers_many;
    }
    numbers->numbers[numbers->numbers_count++] = (struct hoard_number_row){ number->queue_id, number->number };
    return REFUSAL_none;
}

void hoard_number_take(struct view *view, int64_t person_id, const struct hoard_number *number)
{
    const struct hoard_numbers_row *asked = numbers_ask(view, number->shop_id, person_id);
    struct hoard_numbers_row left = *asked;
    if (!row_exists(asked) || asked->day != number->day) {
        return; /* the shop gave it to somebody */
    }
    left.numbers_count = 0;
    memset(left.numbers, 0, sizeof(left.numbers));
    for (int32_t i = 0; i < asked->numbers_count; i++) {
        const struct hoard_number_row *one = &asked->numbers[i];
        if (one->queue_id != number->queue_id || one->number != number->number) {
            left.numbers[left.numbers_count++] = *one;
        }
    }
    if (left.numbers_count < asked->numbers_count) {
        struct hoard_numbers_row *numbers = view_change(view, asked);
        numbers->numbers_count = left.numbers_count;
        memcpy(numbers->numbers, left.numbers, sizeof(left.numbers));
    }
}

/* ---- codes of tables ---- */

enum refusal hoard_table_code(struct view *view, const struct moment *at, int64_t person_id,
                              const struct dining_table_row *table, const char *code)
{
    struct hoard_limits_row limits;
    const struct hoard_row *person = hoard_ask(view, person_id);
    hoard_limits_ask(view, &limits);
    if (code_misses_exceeded(table->code_minute, table->code_misses, at, limits.code_misses_table) ||
        code_misses_exceeded(person->code_minute, person->code_misses, at, limits.code_misses_shopper)) {
        return REFUSAL_attempts_exceeded;
    }
    if (strcmp(table->code, code) == 0) {
        return REFUSAL_none;
    }
    struct dining_table_row *missed = view_change(view, table);
    struct hoard_row *misser = view_change(view, person);
    code_miss_count(&missed->code_minute, &missed->code_misses, at);
    code_miss_count(&misser->code_minute, &misser->code_misses, at);
    view_keep(view);
    return REFUSAL_table_code_wrong;
}

/* ---- the commands ---- */

#define MOST(member, highest, words) \
    COLUMN(hoard_limits_row, member, .least = 0, .most = (highest), .text = words)

static const struct column limits_columns[] = {
    MOST(purchases_most, 100000, "Purchases of one person that wait to be paid. Left out: 5."),
    MOST(copies_most, 1000000, "Copies in them, of all deals. Left out: 20."),
    MOST(bookings_most, 100000, "Bookings of one person that wait to be paid. Left out: 3."),
    MOST(visits_most, 100000, "Bookings to come for which nothing was paid or deposited. Left out: 10."),
    MOST(waitings_most, 100000, "Places on waiting lists, of deals and bookings together. Left out: 20."),
    MOST(numbers_most, HOARD_NUMBERS_MAX, "Numbers of a shop's queues on one day, one a queue. Left out: 3."),
    MOST(meals_most, 100000, "Meals that one person began and that are not paid. Left out: 3."),
    MOST(unpaid_day_most, 1000000, "Purchases, bookings and meals of one person that may end unpaid on a day; from "
                                   "then on everything is paid at once. Left out: 20."),
    MOST(unpaid_minutes, 21600, "Longest that a shopper may leave a purchase unpaid. Left out: 60."),
    MOST(turn_minutes, 1440, "Minutes that who waited for copies and was told has, before the next are told. "
                             "Left out: 15."),
    MOST(code_misses_table, 10000, "Wrong codes of one table in a minute. Left out: 60."),
    MOST(code_misses_shopper, 10000, "Wrong codes of tables that one shopper may show in a minute. Left out: 10."),
};
static const struct shape limits_shape = SHAPE("hoard_limits", hoard_limits_row, limits_columns);

static enum refusal decide_limits_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    struct hoard_limits_row key = { .one = 1 };
    const struct hoard_limits_row *asked = view_ask(view, &hoard_limits_table, &key);
    if (!access_platform(at)) {
        return REFUSAL_forbidden;
    }
    struct hoard_limits_row *limits = view_change(view, asked);
    *limits = *(const struct hoard_limits_row *)request;
    limits->one = 1;
    limits_complete(limits);
    memcpy(answer, limits, sizeof(*limits));
    return REFUSAL_none;
}

const struct command hoard_limits_change = {
    .name = "hoard_limits_change",
    .number = 302,
    .method = "PUT",
    .route = "/v1/hoard/limits",
    .http_status = 200,
    .callers = CALLERS_PLATFORM,
    .request = &limits_shape,
    .answer = &limits_shape,
    .decide = decide_limits_change,
    .summary = "Sets how much one person may keep from others without having paid for it.",
};

static enum refusal decide_limits_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    (void)request;
    (void)at;
    hoard_limits_ask(view, answer);
    return REFUSAL_none;
}

const struct command hoard_limits_query = {
    .name = "hoard_limits_query",
    .number = 303,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/hoard/limits",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &nothing_shape,
    .answer = &limits_shape,
    .decide = decide_limits_query,
    .summary = "How much one person may keep from others without having paid for it.",
};

struct hoard_ref {
    int64_t shopper_id;
};
static const struct column ref_columns[] = {
    COLUMN(hoard_ref, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("hoard_ref", hoard_ref, ref_columns);

static const struct column shown_columns[] = {
    COLUMN(hoard_row, purchases, .text = "That wait to be paid."),
    COLUMN(hoard_row, copies, .text = "In these purchases."),
    COLUMN(hoard_row, bookings, .text = "That wait to be paid."),
    COLUMN(hoard_row, visits, .text = "Bookings to come for which nothing was paid or deposited."),
    COLUMN(hoard_row, waitings, .text = "Places on waiting lists."),
    COLUMN(hoard_row, meals, .text = "Begun and not paid."),
    COLUMN(hoard_row, unpaid, .text = "That ended unpaid today."),
};
static const struct shape shown_shape = SHAPE("hoard", hoard_row, shown_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct hoard_ref *want = request;
    const struct shopper_row *shopper = shopper_ask(view, want->shopper_id);
    struct hoard_row *shown = answer;
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    *shown = *hoard_ask(view, shopper->person_id);
    shown->unpaid = shown->day == today_of(at) ? shown->unpaid : 0;
    return REFUSAL_none;
}

const struct command hoard_query = {
    .name = "hoard_query",
    .number = 305,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shoppers/{shopper_id}/hoard",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &ref_shape,
    .answer = &shown_shape,
    .decide = decide_query,
    .summary = "What a shopper, or another account of the same person, keeps from others without having paid for it. "
               "Limits say how much that may be.",
};
