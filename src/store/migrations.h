/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a schema becomes the one that this version knows. Tables and columns that are new follow from the row
 * descriptors and are made by each store itself; what a descriptor cannot say (something is renamed, split or
 * moved) is a migration: a numbered entry with its own statements for each kind of database, and checks.
 *
 * All that are due run in one transaction of the caller's, which also keeps other starters out: either the
 * schema is the new one afterwards, with all checks passed, or nothing happened. What was done stands in the
 * table onetill_migrations with number, name and time; its largest number is the level of the schema. A level
 * above the newest that this version knows is refused: STATUS_newer. A number that was released is never used
 * again.
 */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

#include "store/store.h"

#define MIGRATION_CHECKS_MAX 16 /* of one kind, of one migration */
#define MIGRATIONS_BASE 2       /* the level from which on it is noted what was done */

enum migration_engine {
    MIGRATION_sqlite,
    MIGRATION_postgres,
};

#define MIGRATION_ENGINES 2

struct migration_place;

struct migration_place_ops {
    /* Runs one statement. */
    enum status (*run)(struct migration_place *place, const char *sql);
    /* The first number of the first row. STATUS_not_found: there is no row. */
    enum status (*number)(struct migration_place *place, const char *sql, int64_t *value);
};

/* A database, its transaction begun. Stores have it as the first member of a struct of their own. */
struct migration_place {
    const struct migration_place_ops *ops;
    enum migration_engine engine;
    const struct table *const *tables;
    struct store_error *error;
};

/* A question that has one number as its answer. Lists end with an entry without `what`. */
struct migration_check {
    const char *what; /* holds when the number is as expected: "no hold is without its account" */
    const char *sql;
    int64_t expected;
};

/* What one migration does to one kind of database; all zero: nothing. Lists may be NULL. */
struct migration_steps {
    const struct migration_check *before;
    const char *const *statements;                       /* NULL-terminated */
    enum status (*apply)(struct migration_place *place); /* after the statements, what they alone cannot do */
    const struct migration_check *after;
    const struct migration_check *same; /* the number must be the same before and after, whatever it is */
};

struct migration {
    int64_t number; /* ascending; 0 ends the list */
    const char *name;
    struct migration_steps steps[MIGRATION_ENGINES];
};

/* Those of the product. */
extern const struct migration migrations[];

/* The level of a schema that is up to date. */
int64_t migrations_newest(const struct migration *list);

/* Of a schema that was just made: makes the list of what was done and notes its beginning. */
enum status migrations_begin(struct migration_place *place, const struct migration *list);

/* The level; STATUS_newer with the reason when this version does not know it. The list must be there. */
enum status migrations_level(struct migration_place *place, const struct migration *list, int64_t *level);

/*
 * Brings a schema of this level to the newest. STATUS_bad_input: a check did not hold, or a statement makes
 * no sense here: undo the transaction. The list of what was done is made when it is not there yet.
 */
enum status migrations_run(struct migration_place *place, const struct migration *list, int64_t level);

/* Notes that something was added to follow the descriptors: "trades.note". */
enum status migrations_added(struct migration_place *place, const struct migration *list, const char *table,
                             const char *column);

#endif
