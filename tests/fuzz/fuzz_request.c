/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from the network against the decoder of requests: as a body, as a parameter of the query and of the
 * path. What is accepted must keep every promise of the shape, be encodable, and be read back as the same
 * struct; what is refused must be named. The first byte chooses the way in.
 */
#include <stdlib.h>

#include "doors/shape_json.h"

struct piece {
    int64_t value_minor;
    char note[12];
};

struct parcel {
    int64_t parcel_id;
    char name[16];
    int64_t weight_minor;
    int32_t kind;
    int32_t day;
    int64_t at_us;
    int32_t fragile;
    uint8_t mark[4];
    int32_t shelf;
    int32_t pieces_count;
    struct piece pieces[3];
    int64_t hidden;
};

static const char *const kind_names[] = { "", "box", "bag", NULL };
static const struct column piece_columns[] = {
    COLUMN(piece, value_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = 1000),
    COLUMN(piece, note),
};
static const struct shape piece_shape = SHAPE("piece", piece, piece_columns);
static const struct column parcel_columns[] = {
    COLUMN(parcel, parcel_id, .form = FORM_id),
    COLUMN(parcel, name, .flags = COLUMN_required, .least = 2),
    COLUMN(parcel, weight_minor, .form = FORM_amount),
    COLUMN(parcel, kind, .form = FORM_choice, .names = kind_names),
    COLUMN(parcel, day, .form = FORM_day),
    COLUMN(parcel, at_us, .form = FORM_instant),
    COLUMN(parcel, fragile, .form = FORM_flag),
    COLUMN(parcel, mark, .form = FORM_hex),
    COLUMN(parcel, shelf, .least = -5, .most = 5),
    COLUMN_LIST(parcel, pieces, piece_shape),
    COLUMN(parcel, hidden, .form = FORM_hidden),
};
static const struct shape parcel_shape = SHAPE("parcel", parcel, parcel_columns);

static const struct shape_plan *plan_get(void)
{
    static struct arena arena;
    static const struct shape_plan *plan;
    if (plan == NULL) {
        arena_init(&arena, 4096, 1 << 20);
        plan = shape_plan_make(&arena, &parcel_shape);
    }
    return plan;
}

static void promises_check(const struct parcel *parcel)
{
    assert(parcel->parcel_id >= 0);
    assert(span_is_text(span_of(parcel->name)));
    assert(memchr(parcel->name, 0, sizeof(parcel->name)) != NULL);
    assert(parcel->weight_minor >= 0 && parcel->weight_minor <= AMOUNT_MAX);
    assert(parcel->kind >= 0 && parcel->kind <= 2);
    assert(parcel->fragile == 0 || parcel->fragile == 1);
    assert(parcel->shelf >= -5 && parcel->shelf <= 5);
    assert(parcel->pieces_count >= 0 && parcel->pieces_count <= 3);
    assert(parcel->hidden == 0);
    for (int32_t i = 0; i < parcel->pieces_count; i++) {
        assert(parcel->pieces[i].value_minor >= 1 && parcel->pieces[i].value_minor <= 1000);
    }
}

static void round_trip(const struct shape_plan *plan, const struct parcel *parcel)
{
    static char bytes[8192];
    struct parcel again = { 0 };
    struct faults faults;
    struct json_out out;
    faults.count = 0;
    json_out_init(&out, bytes, sizeof(bytes));
    shape_encode(plan, parcel, &out);
    struct span text = json_out_end(&out);
    assert(text.size > 0);
    assert(text.size <= plan->json_size_max);
    shape_decode_body(plan, text, &again, &faults);
    assert(faults.count == 0);
    assert(memcmp(parcel, &again, sizeof(again)) == 0);
}

static void faults_check(const struct faults *faults)
{
    assert(faults->count <= FAULTS_MAX);
    for (uint32_t i = 0; i < faults->count; i++) {
        assert(span_is_text(span_of(faults->list[i].field)));
        assert(faults->list[i].reason[0] != '\0');
        assert(span_is_text(span_of(faults->list[i].reason)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct shape_plan *plan = plan_get();
    struct parcel parcel = { 0 };
    struct faults faults;
    uint8_t given[COUNT_OF(parcel_columns)] = { 0 };
    faults.count = 0;
    if (size == 0) {
        return 0;
    }
    struct span input = { (const char *)bytes + 1, size - 1 };
    struct span value;
    switch (bytes[0] % 4) {
    case 0:
    case 1:
        shape_decode_body(plan, input, &parcel, &faults);
        if (faults.count == 0) {
            promises_check(&parcel);
            round_trip(plan, &parcel);
        }
        break;
    case 2:
        while (input.size > 0 && faults.count < FAULTS_MAX) {
            struct span pair = span_cut(input, '&', &input);
            struct span name = span_cut(pair, '=', &value);
            shape_decode_query(plan, name, value, &parcel, given, &faults);
        }
        shape_decode_query_end(plan, given, &faults);
        if (faults.count == 0) {
            promises_check(&parcel);
            round_trip(plan, &parcel);
        }
        break;
    default:
        shape_decode_path(plan, SPAN("parcel_id"), input, &parcel, &faults);
        assert((faults.count == 0) == (parcel.parcel_id > 0));
    }
    faults_check(&faults);
    return 0;
}
