/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A business small enough to see through, for tests of the REST door: jars with coins. Its commands use
 * every form that a column may have.
 */
#ifndef TESTS_UNIT_DOORS_JARS_H
#define TESTS_UNIT_DOORS_JARS_H

#include "doors/rest/rest.h"

#define JAR_COINS_MAX 4
#define JAR_SECRET_SIZE 16

enum jar_state {
    JAR_open = 1,
    JAR_sealed = 2,
};

struct jar_row {
    int64_t jar_id;
    char name[24];
    int64_t total_minor;
    int32_t state; /* enum jar_state */
    int32_t best_before; /* yyyymmdd */
    int64_t filled_at_us;
    int32_t fragile;
    uint8_t mark[4];
    int64_t secret_number; /* never shown */
};

struct coin {
    int64_t value_minor;
    int32_t count;
    char note[16];
};

struct jar_fill {
    int64_t jar_id; /* of the route */
    char name[24];
    int64_t owner_id;
    int64_t weight_minor;
    int32_t state;
    int32_t best_before;
    int64_t filled_at_us;
    int32_t fragile;
    uint8_t mark[4];
    int32_t shelf;
    int32_t coins_count;
    struct coin coins[JAR_COINS_MAX];
    int64_t derived; /* hidden: set by the door's edit */
};

struct jar_list {
    int32_t fragile;
    int64_t least_minor;
};

struct jar_secret {
    char secret[2 * JAR_SECRET_SIZE + 1];
};

extern const struct table *const jar_tables[];
extern const struct command *const jar_commands[];
extern const struct command jar_fill_command; /* keyed: PUT /v1/jars/{jar_id} */
extern const struct read *const jar_reads[];
extern const struct rest_edit jar_edits[];
extern const size_t jar_edit_count;
extern const struct shape jar_fill_shape;
extern const struct shape jar_list_shape;
extern const struct table jar_table;

#endif
