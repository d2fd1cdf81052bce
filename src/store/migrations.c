/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrations.h"

#include "base/os_clock.h"
#include "store/internal.h"

#include <stdio.h>

#define NOTE_NAME_SIZE 160

/* ---- the product's migrations ---- */

static enum status journal_table_leave(struct migration_place *place)
{
    return journal_table_fold(((struct sqlite_place *)place)->db, place->tables, place->error);
}

static const struct migration_check journal_is_table[] = {
    { "the journal is a table",
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'journal'", 1 },
    { "no journal is named", "SELECT count(*) FROM meta WHERE name = 'journal'", 0 },
    { .what = NULL },
};

static const struct migration_check journal_is_file[] = {
    { "no table holds the journal", "SELECT count(*) FROM sqlite_schema WHERE name = 'journal'", 0 },
    { "no journal is needed", "SELECT value FROM meta WHERE name = 'journal'", 0 },
    { .what = NULL },
};

const struct migration migrations[] = {
    { 2,
      "journal_in_a_file",
      { [MIGRATION_sqlite] = { .before = journal_is_table,
                               .apply = journal_table_leave,
                               .after = journal_is_file } } },
    { .number = 0 },
};

/* ---- how they are run ---- */

int64_t migrations_newest(const struct migration *list)
{
    int64_t newest = MIGRATIONS_BASE;
    for (; list->number != 0; list++) {
        assert(list->number > newest || newest == MIGRATIONS_BASE);
        newest = max_i64(newest, list->number);
    }
    return newest;
}

/* Nothing that comes from outside stands in these statements: names are those of descriptors and of the list.
 */
static enum status note(struct migration_place *place, int64_t number, const char *name, int64_t took_us)
{
    struct sql sql = { 0 };
    assert(strchr(name, '\'') == NULL);
    sql_add(&sql,
            "INSERT INTO onetill_migrations (number, name, at_us, took_us)"
            " VALUES (%lld, '%s', %lld, %lld)",
            (long long)number, name, (long long)os_now_us(), (long long)took_us);
    assert(!sql.failed);
    return place->ops->run(place, sql.text);
}

/* A process of an older version may have added a column, and one of a newer version may add it again. */
static const char *const history_make[MIGRATION_ENGINES] = {
    [MIGRATION_sqlite] =
        "CREATE TABLE IF NOT EXISTS onetill_migrations (number INTEGER NOT NULL, name TEXT NOT NULL,"
        " at_us INTEGER NOT NULL, took_us INTEGER NOT NULL, PRIMARY KEY (number, name, at_us))"
        " STRICT, WITHOUT ROWID",
    [MIGRATION_postgres] =
        "CREATE TABLE IF NOT EXISTS onetill_migrations (number bigint NOT NULL,"
        " name text COLLATE \"C\" NOT NULL, at_us bigint NOT NULL, took_us bigint NOT NULL,"
        " PRIMARY KEY (number, name, at_us))",
};

enum status migrations_begin(struct migration_place *place, const struct migration *list)
{
    enum status status = place->ops->run(place, history_make[place->engine]);
    return status == STATUS_ok ? note(place, migrations_newest(list), "created", 0) : status;
}

enum status migrations_level(struct migration_place *place, const struct migration *list, int64_t *level)
{
    int64_t newest = migrations_newest(list);
    enum status status =
        place->ops->number(place, "SELECT coalesce(max(number), 0) FROM onetill_migrations", level);
    if (status == STATUS_ok && *level > newest) {
        error_set(place->error, "written by a newer version: format %lld, this one knows up to %lld",
                  (long long)*level, (long long)newest);
        return STATUS_newer;
    }
    return status;
}

static enum status answers_read(struct migration_place *place, const struct migration *migration,
                                const struct migration_check *checks, int64_t *answers)
{
    enum status status = STATUS_ok;
    for (size_t i = 0; checks != NULL && checks[i].what != NULL && status == STATUS_ok; i++) {
        assert(i < MIGRATION_CHECKS_MAX);
        status = place->ops->number(place, checks[i].sql, &answers[i]);
        if (status == STATUS_not_found) {
            error_set(place->error, "migration %lld, %s: \"%s\" has no answer", (long long)migration->number,
                      migration->name, checks[i].what);
            status = STATUS_bad_input;
        }
    }
    return status;
}

static enum status answers_check(struct migration_place *place, const struct migration *migration,
                                 const struct migration_check *checks, const int64_t *expected,
                                 const char *when)
{
    int64_t answers[MIGRATION_CHECKS_MAX] = { 0 };
    enum status status = answers_read(place, migration, checks, answers);
    for (size_t i = 0; checks != NULL && checks[i].what != NULL && status == STATUS_ok; i++) {
        int64_t wanted = expected != NULL ? expected[i] : checks[i].expected;
        if (answers[i] != wanted) {
            error_set(place->error, "migration %lld, %s, %s it: not so: %s (%lld, not %lld)",
                      (long long)migration->number, migration->name, when, checks[i].what,
                      (long long)answers[i], (long long)wanted);
            status = STATUS_bad_input;
        }
    }
    return status;
}

static enum status steps_take(struct migration_place *place, const struct migration_steps *steps)
{
    enum status status = STATUS_ok;
    for (size_t i = 0; steps->statements != NULL && steps->statements[i] != NULL && status == STATUS_ok;
         i++) {
        status = place->ops->run(place, steps->statements[i]);
    }
    return status == STATUS_ok && steps->apply != NULL ? steps->apply(place) : status;
}

static enum status migration_run(struct migration_place *place, const struct migration *migration)
{
    const struct migration_steps *steps = &migration->steps[place->engine];
    int64_t same[MIGRATION_CHECKS_MAX] = { 0 };
    int64_t begun_us = os_monotonic_us();
    enum status status = answers_check(place, migration, steps->before, NULL, "before");
    if (status == STATUS_ok) {
        status = answers_read(place, migration, steps->same, same);
    }
    if (status == STATUS_ok) {
        status = steps_take(place, steps);
    }
    if (status == STATUS_ok) {
        status = answers_check(place, migration, steps->after, NULL, "after");
    }
    if (status == STATUS_ok) {
        status = answers_check(place, migration, steps->same, same, "after");
    }
    return status == STATUS_ok ? note(place, migration->number, migration->name, os_monotonic_us() - begun_us)
                               : status;
}

enum status migrations_run(struct migration_place *place, const struct migration *list, int64_t level)
{
    int64_t noted = 0;
    enum status status = place->ops->run(place, history_make[place->engine]);
    if (status == STATUS_ok) {
        status = place->ops->number(place, "SELECT count(*) FROM onetill_migrations", &noted);
    }
    if (status == STATUS_ok && noted == 0) {
        status = note(place, level, "taken over", 0); /* made before anything was noted */
    }
    for (; list->number != 0 && status == STATUS_ok; list++) {
        if (list->number > level) {
            status = migration_run(place, list);
        }
    }
    return status;
}

enum status migrations_added(struct migration_place *place, const struct migration *list, const char *table,
                             const char *column)
{
    char name[NOTE_NAME_SIZE];
    int size = snprintf(name, sizeof(name), "added %s%s%s", table, column != NULL ? "." : "",
                        column != NULL ? column : "");
    assert(size > 0 && (size_t)size < sizeof(name));
    return note(place, migrations_newest(list), name, 0);
}
