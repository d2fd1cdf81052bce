/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deals near a place. Circles of growing radius are searched until enough was found, each as a few ranges of cells;
 * what is ordered by something else than distance needs the whole circle. A deal is shown once, at the nearest of its
 * shops that fits. Distances are whole numbers and computed here: the database only looks into cells.
 */
#include <stdio.h>

#include "base/arena.h"
#include "lines/local/deal_internal.h"
#include "till/till_reads.h"

#define RADIUS_DEFAULT_M 3000
#define RADIUS_FIRST_M 400
#define PLACES_EACH 25 /* of one query for what is shown */
#define FOUND_SIZE_MAX (64 << 20) /* bytes: some 300,000 deals in one circle */

enum near_order { NEAR_distance = 1, NEAR_price = 2, NEAR_rating = 3 };
static const char *const orders[] = { "", "distance", "price", "rating", NULL };

struct deal_near {
    int32_t latitude_e6, longitude_e6;
    int32_t radius_m;
    int32_t category;
    int64_t price_most_minor;
    int32_t rating_least_tenths;
    int32_t open_now;
    int32_t order;
};
static const struct column near_columns[] = {
    COLUMN(deal_near, latitude_e6, .flags = COLUMN_required, .least = -LATITUDE_MAX_E6, .most = LATITUDE_MAX_E6,
           .text = "Degrees north, in millionths."),
    COLUMN(deal_near, longitude_e6, .flags = COLUMN_required, .least = -LONGITUDE_MAX_E6, .most = LONGITUDE_MAX_E6,
           .text = "Degrees east, in millionths."),
    COLUMN(deal_near, radius_m, .least = 0, .most = PLACE_RADIUS_MOST_M, .text = "Left out: 3000."),
    COLUMN(deal_near, category, .form = FORM_choice, .names = deal_categories),
    COLUMN(deal_near, price_most_minor, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX, .text = "0: any price."),
    COLUMN(deal_near, rating_least_tenths, .least = 0, .most = 50, .text = "Of the shop: 45 is 4.5 stars; 0: any."),
    COLUMN(deal_near, open_now, .form = FORM_flag, .text = "Only shops that are open at this hour."),
    COLUMN(deal_near, order, .form = FORM_choice, .names = orders, .text = "Left out: distance."),
};
static const struct shape near_shape = SHAPE("deal_near", deal_near, near_columns);

/* ---- what was found: a map by deal, open addressing ---- */

struct found {
    int64_t deal_id; /* 0: empty */
    int64_t shop_id;
    int64_t distance_m;
    int64_t rank; /* that it is ordered by, the least first */
};

struct near_key {
    int64_t rank, deal_id;
};

struct search {
    const struct deal_near *want;
    struct position centre;
    int64_t now_us, radius_m;
    struct arena arena;
    struct found *map;
    size_t place_count, count; /* a power of two; at most two thirds are used */
    bool full;
};

static struct found *map_place(struct found *map, size_t place_count, int64_t deal_id)
{
    size_t at = (size_t)((uint64_t)deal_id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (place_count - 1);
    while (map[at].deal_id != 0 && map[at].deal_id != deal_id) {
        at = (at + 1) & (place_count - 1);
    }
    return &map[at];
}

static bool map_grow(struct search *search)
{
    size_t more = search->place_count == 0 ? 1024 : search->place_count * 2;
    struct found *map = arena_try(&search->arena, more * sizeof(*map));
    if (map == NULL) {
        return false;
    }
    for (size_t i = 0; i < search->place_count; i++) {
        if (search->map[i].deal_id != 0) {
            *map_place(map, more, search->map[i].deal_id) = search->map[i];
        }
    }
    search->map = map;
    search->place_count = more;
    return true;
}

/* The deal at this shop, unless it is known at a nearer one. */
static bool found_add(struct search *search, const struct found *found)
{
    if (3 * (search->count + 1) > 2 * search->place_count && !map_grow(search)) {
        search->full = true;
        return false;
    }
    struct found *known = map_place(search->map, search->place_count, found->deal_id);
    bool nearer = known->deal_id == 0 || found->distance_m < known->distance_m ||
                  (found->distance_m == known->distance_m && found->shop_id < known->shop_id);
    search->count += known->deal_id == 0;
    if (nearer) {
        *known = *found;
    }
    return true;
}

/* ---- looking into cells ---- */

#define WANTED                                                                                               \
    "p.cell BETWEEN ? AND ? AND p.sale_until_us > ? AND p.sale_from_us <= ? AND "                            \
    "(? = 0 OR p.category = ?) AND (? = 0 OR p.price_minor <= ?)"

static const char plain_sql[] = "SELECT p.deal_id, p.shop_id, p.latitude_e6, p.longitude_e6, p.price_minor "
                                "FROM deal_places p WHERE " WANTED;
/* The same when it depends on the shop. */
static const char shop_sql[] = "SELECT p.deal_id, p.shop_id, p.latitude_e6, p.longitude_e6, p.price_minor, "
                               "s.rating_tenths, s.hours, h.zone_minutes FROM deal_places p "
                               "JOIN shop_places s ON s.shop_id = p.shop_id JOIN shops h ON h.shop_id = p.shop_id "
                               "WHERE " WANTED;

/* The hours of a shop as its row has them. */
static bool hours_include(struct span packed, int64_t now_us, int64_t zone_minutes)
{
    const struct column *column = shape_column(&shop_place_table.shape, SPAN("hours"));
    const struct shape alone = { .name = column->name, .column_count = 1, .columns = column };
    struct shop_place_row shop = { 0 };
    bool readable = shape_unpack(&alone, 0, packed, &shop);
    assert(readable);
    return hours_open(shop.hours, shop.hours_count, now_us, (int32_t)zone_minutes);
}

static bool place_row(void *context, const struct value *values, size_t count)
{
    struct search *search = context;
    struct position at = { (int32_t)values[2].i64, (int32_t)values[3].i64 };
    struct found found = { .deal_id = values[0].i64,
                           .shop_id = values[1].i64,
                           .distance_m = place_distance_m(search->centre, at) };
    if (found.distance_m > search->radius_m) {
        return true;
    }
    if (count > 5) {
        bool rated = values[5].i64 >= search->want->rating_least_tenths;
        bool open = search->want->open_now == 0 || hours_include(values[6].bytes, search->now_us, values[7].i64);
        if (!rated || !open) {
            return true;
        }
    }
    found.rank = search->want->order == NEAR_price    ? values[4].i64
                 : search->want->order == NEAR_rating ? -values[5].i64
                                                      : found.distance_m;
    return found_add(search, &found);
}

static void circle_search(const struct read_call *call, struct read_page *page, struct search *search)
{
    struct cell_range ranges[CELL_RANGES_MAX];
    size_t count = place_ranges(search->centre, search->radius_m, ranges);
    const struct deal_near *want = search->want;
    bool shops = want->rating_least_tenths > 0 || want->open_now != 0 || want->order == NEAR_rating;
    arena_rewind(&search->arena);
    search->place_count = 0;
    search->count = 0;
    for (size_t i = 0; i < count && page->status == STATUS_ok && !search->full; i++) {
        struct value binds[] = { VALUE_I64(ranges[i].from),        VALUE_I64(ranges[i].to),
                                 VALUE_I64(search->now_us),        VALUE_I64(search->now_us),
                                 VALUE_I64(want->category),        VALUE_I64(want->category),
                                 VALUE_I64(want->price_most_minor), VALUE_I64(want->price_most_minor) };
        read_status(page, call->reader->ops->query(call->reader, shops ? shop_sql : plain_sql, binds, COUNT_OF(binds),
                                                   place_row, search));
    }
    if (search->full) {
        read_status(page, STATUS_too_large);
    }
}

/* ---- the first of them ---- */

static int key_order(const struct found *found, const struct near_key *key)
{
    if (found->rank != key->rank) {
        return found->rank < key->rank ? -1 : 1;
    }
    return found->deal_id == key->deal_id ? 0 : found->deal_id < key->deal_id ? -1 : 1;
}

/* The first `most` behind `after`, in order; returns how many. */
static size_t found_choose(const struct search *search, const struct near_key *after, struct found *chosen, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < search->place_count; i++) {
        const struct found *found = &search->map[i];
        struct near_key last = count > 0 ? (struct near_key){ chosen[count - 1].rank, chosen[count - 1].deal_id }
                                         : (struct near_key){ 0, 0 };
        if (found->deal_id == 0 || (after != NULL && key_order(found, after) <= 0) ||
            (count == most && key_order(found, &last) > 0)) {
            continue;
        }
        size_t at = count < most ? count++ : count - 1;
        for (; at > 0; at--) {
            struct near_key before = { chosen[at - 1].rank, chosen[at - 1].deal_id };
            if (key_order(found, &before) > 0) {
                break;
            }
            chosen[at] = chosen[at - 1];
        }
        chosen[at] = *found;
    }
    return count;
}

/* ---- what is shown of them: looked up by key, table after table ---- */

#define FIVE "?, ?, ?, ?, ?"
#define IDS "(" FIVE ", " FIVE ", " FIVE ", " FIVE ", " FIVE ")"
static_assert(PLACES_EACH == 25, "as many as there are marks");
static_assert(PURPOSE_deal_stock == 50, "as the SQL says");

struct shown {
    const struct found *found;
    size_t count;
    int64_t now_us;
    struct deal_found deals[PLACES_EACH];
    int64_t pieces_each[PLACES_EACH];
};

static void text_set(char *to, size_t capacity, struct span from)
{
    bool fits = span_copy(from, to, capacity);
    assert(fits);
}

/* The next one with this id, behind `at`; NULL: there is none. */
static struct deal_found *shown_next(struct shown *shown, size_t *at, int64_t deal_id, int64_t shop_id)
{
    while (*at < shown->count) {
        struct deal_found *deal = &shown->deals[(*at)++];
        if (deal->deal_id == deal_id || deal->shop_id == shop_id) {
            return deal;
        }
    }
    return NULL;
}

static bool deal_row(void *context, const struct value *values, size_t count)
{
    size_t at = 0;
    struct shown *shown = context;
    struct deal_found *deal = shown_next(shown, &at, values[0].i64, 0);
    (void)count;
    assert(deal != NULL);
    text_set(deal->title, sizeof(deal->title), values[1].bytes);
    deal->kind = (int32_t)values[2].i64;
    deal->category = (int32_t)values[3].i64;
    deal->currency = (int32_t)values[4].i64;
    deal->price_minor = values[5].i64;
    deal->list_price_minor = values[6].i64;
    shown->pieces_each[at - 1] = values[7].i64;
    return true;
}

static bool picture_row(void *context, const struct value *values, size_t count)
{
    size_t at = 0;
    struct deal_found *deal = shown_next(context, &at, values[0].i64, 0);
    (void)count;
    assert(deal != NULL);
    text_set(deal->picture, sizeof(deal->picture), values[1].bytes);
    return true;
}

static bool stock_row(void *context, const struct value *values, size_t count)
{
    size_t at = 0;
    struct shown *shown = context;
    struct deal_found *deal = shown_next(shown, &at, values[0].i64, 0);
    (void)count;
    assert(deal != NULL && shown->pieces_each[at - 1] > 0);
    deal->copies_left = values[1].i64 / shown->pieces_each[at - 1];
    return true;
}

static bool shop_row(void *context, const struct value *values, size_t count)
{
    struct shown *shown = context;
    struct deal_found *deal;
    (void)count;
    for (size_t at = 0; (deal = shown_next(shown, &at, 0, values[0].i64)) != NULL;) {
        text_set(deal->shop_name, sizeof(deal->shop_name), values[1].bytes);
        deal->latitude_e6 = (int32_t)values[2].i64;
        deal->longitude_e6 = (int32_t)values[3].i64;
        deal->rating_tenths = (int32_t)values[4].i64;
        deal->reviews = values[5].i64;
        deal->open = hours_include(values[6].bytes, shown->now_us, values[7].i64);
    }
    return true;
}

/* Hands out what was chosen; false when no more is wanted. */
static bool found_emit(const struct read_call *call, struct read_page *page, const struct found *found, size_t count)
{
    static const struct {
        const char *sql;
        reader_row *each;
        bool shops;
    } queries[] = {
        { "SELECT deal_id, title, kind, category, currency, price_minor, list_price_minor, pieces_each FROM deals "
          "WHERE deal_id IN " IDS,
          deal_row, false },
        { "SELECT deal_id, picture FROM deal_details WHERE deal_id IN " IDS, picture_row, false },
        { "SELECT owner_id, balance FROM accounts WHERE owner_id IN " IDS " AND purpose = 50", stock_row, false },
        { "SELECT h.shop_id, h.name, s.latitude_e6, s.longitude_e6, s.rating_tenths, s.reviews, s.hours, "
          "h.zone_minutes FROM shops h JOIN shop_places s ON s.shop_id = h.shop_id WHERE h.shop_id IN " IDS,
          shop_row, true },
    };
    struct shown shown = { .found = found, .count = count, .now_us = call->now_us };
    bool more = true;
    for (size_t i = 0; i < count; i++) {
        shown.deals[i].deal_id = found[i].deal_id;
        shown.deals[i].shop_id = found[i].shop_id;
        shown.deals[i].distance_m = found[i].distance_m;
    }
    for (size_t q = 0; q < COUNT_OF(queries) && more; q++) {
        struct value binds[PLACES_EACH];
        for (size_t i = 0; i < PLACES_EACH; i++) {
            const struct found *one = &found[i < count ? i : 0];
            binds[i] = VALUE_I64(queries[q].shops ? one->shop_id : one->deal_id);
        }
        more = read_status(page, call->reader->ops->query(call->reader, queries[q].sql, binds, PLACES_EACH,
                                                          queries[q].each, &shown));
    }
    for (size_t i = 0; i < count && more; i++) {
        struct near_key key = { found[i].rank, found[i].deal_id };
        struct span bytes = { (const char *)&key, sizeof(key) };
        more = page->emit(page, &shown.deals[i], bytes);
    }
    return more;
}

static enum refusal near_run(const struct read_call *call, struct read_page *page)
{
    const struct deal_near *want = call->request;
    struct found chosen[PAGE_ROWS_MAX + 1];
    struct near_key after;
    size_t count, most = (size_t)call->limit + 1;
    struct search search = { .want = want,
                             .centre = { want->latitude_e6, want->longitude_e6 },
                             .now_us = call->now_us };
    int64_t radius_m = want->radius_m > 0 ? want->radius_m : RADIUS_DEFAULT_M;
    bool first = call->after.size != sizeof(after), nearest = want->order <= NEAR_distance;
    assert(most <= COUNT_OF(chosen));
    if (!place_valid(search.centre)) {
        return REFUSAL_place_invalid;
    }
    if (!first) {
        memcpy(&after, call->after.bytes, sizeof(after));
    }
    arena_init(&search.arena, 1 << 16, FOUND_SIZE_MAX);
    search.radius_m = nearest ? min_i64(RADIUS_FIRST_M, radius_m) : radius_m;
    if (nearest && !first) {
        search.radius_m = min_i64(max_i64(after.rank + 1, RADIUS_FIRST_M), radius_m);
    }
    for (;;) {
        circle_search(call, page, &search);
        count = page->status == STATUS_ok ? found_choose(&search, first ? NULL : &after, chosen, most) : 0;
        if (page->status != STATUS_ok || count == most || search.radius_m == radius_m) {
            break;
        }
        search.radius_m = min_i64(2 * search.radius_m, radius_m);
    }
    arena_release(&search.arena);
    bool more = page->status == STATUS_ok;
    for (size_t i = 0; i < count && more; i += PLACES_EACH) {
        more = found_emit(call, page, &chosen[i], count - i < PLACES_EACH ? count - i : PLACES_EACH);
    }
    return REFUSAL_none;
}

static const struct column found_columns[] = {
    COLUMN(deal_found, deal_id, .form = FORM_id),
    COLUMN(deal_found, shop_id, .form = FORM_id, .text = "The nearest shop that has it."),
    COLUMN(deal_found, title),
    COLUMN(deal_found, shop_name),
    COLUMN(deal_found, picture),
    COLUMN(deal_found, kind, .form = FORM_choice, .names = deal_kinds),
    COLUMN(deal_found, category, .form = FORM_choice, .names = deal_categories),
    COLUMN(deal_found, currency),
    COLUMN(deal_found, price_minor, .form = FORM_amount),
    COLUMN(deal_found, list_price_minor, .form = FORM_amount),
    COLUMN(deal_found, distance_m),
    COLUMN(deal_found, latitude_e6),
    COLUMN(deal_found, longitude_e6),
    COLUMN(deal_found, rating_tenths, .text = "Of the shop; 0: no review yet."),
    COLUMN(deal_found, reviews),
    COLUMN(deal_found, open, .form = FORM_flag, .text = "The shop is open at this hour."),
    COLUMN(deal_found, copies_left),
};
static const struct shape found_shape = SHAPE("deal_found", deal_found, found_columns);

const struct read deal_near = {
    .name = "deal_near",
    .route = "/v1/nearby/deals",
    .callers = CALLERS_ALL,
    .request = &near_shape,
    .element = &found_shape,
    .run = near_run,
    .summary = "Deals on sale near a place, the nearest first, each at the nearest of its shops that fits.",
};
