/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from and to the structs of commands, by shape alone. A plan is made once per shape when the door
 * opens and may then be read by any number of threads; nothing else here keeps state.
 *
 * Decoding is strict: every member must be one of the shape, of its form, inside its range and there only
 * once. It goes on after a fault and names all faults, up to FAULTS_MAX, each with the path of the field.
 * Where no range is declared, amounts are 0 to AMOUNT_MAX and other numbers what fits the member. A member
 * that is null counts as not given. Hidden columns, and those of the route, are no members of a body.
 *
 * Encoding writes all columns but the hidden ones, in order, always the same bytes for the same struct.
 *
 * A column `paid_at_us` of FORM_instant is shown as `paid_at`: in JSON it is no number of microseconds.
 */
#ifndef DOORS_SHAPE_JSON_H
#define DOORS_SHAPE_JSON_H

#include "base/arena.h"
#include "base/json_out.h"
#include "engine/row.h"

#define JSON_DEPTH_MAX 16   /* objects and arrays inside one another */
#define SHAPE_DEPTH_MAX 4   /* lists inside lists */
#define FAULTS_MAX 20       /* faults of one request that are named */
#define FAULT_FIELD_SIZE 96
#define FAULT_REASON_SIZE 160

/* How one column is read and written, worked out beforehand. */
struct column_plan {
    const struct column *column;
    struct span name;                 /* in JSON */
    struct span key;                  /* "name": with quotes and colon */
    int64_t least, most;              /* numbers: the range that is accepted */
    const struct shape_plan *element; /* of a list */
    uint16_t name_count;              /* FORM_choice */
};

struct shape_plan {
    const struct shape *shape;
    const struct column_plan *columns; /* as many as the shape has */
    const uint8_t *slots;              /* open addressing by name; 0: free, else 1 + index of the column */
    uint32_t slot_mask;
    size_t json_size_max; /* no encoding of this shape is longer */
};

/* Lives as long as the arena. Asserts that the shape can be shown: a flaw of a shape is a bug. */
const struct shape_plan *shape_plan_make(struct arena *arena, const struct shape *shape);

enum fault_kind {
    FAULT_invalid,   /* of the wrong form or out of range */
    FAULT_missing,   /* required and not given */
    FAULT_unknown,   /* not a field of this request */
    FAULT_malformed, /* the body is not JSON, or no object */
};

struct fault {
    enum fault_kind kind;
    char field[FAULT_FIELD_SIZE]; /* "discounts[1].share_bp"; empty: the body as a whole */
    char reason[FAULT_REASON_SIZE];
};

/* Only `count` needs to be set to begin with. */
struct faults {
    uint32_t count;
    struct fault list[FAULTS_MAX];
};

void faults_add(struct faults *faults, enum fault_kind kind, struct span field, const char *reason);

/* A body over a zeroed request. An empty body is an empty object. */
void shape_decode_body(const struct shape_plan *plan, struct span body, void *request, struct faults *faults);
/* One parameter of the route. */
void shape_decode_path(const struct shape_plan *plan, struct span name, struct span value, void *request,
                       struct faults *faults);
/* One parameter of the query; `given` has a zeroed byte per column and keeps what was seen. */
void shape_decode_query(const struct shape_plan *plan, struct span name, struct span value, void *request,
                        uint8_t *given, struct faults *faults);
/* After the last parameter: what is required and was not given. */
void shape_decode_query_end(const struct shape_plan *plan, const uint8_t *given, struct faults *faults);

/* The whole object. */
void shape_encode(const struct shape_plan *plan, const void *value, struct json_out *out);
/* Its members only, for who writes the braces and adds more. */
void shape_encode_members(const struct shape_plan *plan, const void *value, struct json_out *out);

/* The name of a column in JSON. */
struct span shape_column_name(const struct column *column);
/* The column with that name in JSON, or NULL. */
const struct column_plan *shape_plan_column(const struct shape_plan *plan, struct span name);

#endif
