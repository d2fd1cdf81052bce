/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of a statement being put together, in binary, their bytes one after the other in a wire. For
 * postgres_rows.c and postgres_update.c.
 */
#ifndef STORE_POSTGRES_PARAMETERS_H
#define STORE_POSTGRES_PARAMETERS_H

#include "store/postgres_rows.h"

#define COLUMNS_MAX 96 /* of a table */
#define LIST_MAX 32    /* rows of a list of VALUES */
#define PARAMETERS_MAX (2 + LIST_MAX * (COLUMNS_MAX + 1))

struct parameters {
    size_t count;
    size_t offsets[PARAMETERS_MAX];
    int sizes[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    int formats[PARAMETERS_MAX];
};

static inline void parameter_begin(struct parameters *parameters, const struct wire *wire)
{
    assert(parameters->count < PARAMETERS_MAX);
    parameters->offsets[parameters->count] = wire->size;
}

static inline void parameter_end(struct parameters *parameters, const struct wire *wire)
{
    parameters->sizes[parameters->count] = (int)(wire->size - parameters->offsets[parameters->count]);
    parameters->count++;
}

static inline void wire_array_head(struct wire *wire, Oid type, size_t count)
{
    wire_i32(wire, 1); /* dimensions */
    wire_i32(wire, 0); /* no nulls */
    wire_i32(wire, (int32_t)type);
    wire_i32(wire, (int32_t)count);
    wire_i32(wire, 1); /* subscripts begin here */
}

/* A column of a row of a lot: of its key, or of its struct. */
void wire_field(struct wire *wire, const struct lot *lot, uint32_t column, const struct lot_row *row);

#endif
