/* SPDX-License-Identifier: Apache-2.0 */
/* Notes: texts that processes must agree on, like a check value of the master key. And the mark of a copy. */
#include "store/postgres_node.h"

static enum status note_read(PGconn *connection, const char *name, struct store_note *found,
                             struct store_error *error)
{
    struct value binds[] = { VALUE_TEXT(span_of(name)) };
    struct value bytes;
    PGresult *result;
    enum status status = postgres_ask(connection, "SELECT bytes FROM onetill_notes WHERE name = $1", binds,
                                      COUNT_OF(binds), &result, error);
    if (status != STATUS_ok) {
        return status;
    }
    if (PQntuples(result) > 0) {
        if (!postgres_value(result, 0, 0, &bytes) || bytes.bytes.size > sizeof(found->bytes)) {
            error_set(error, "the note %s makes no sense", name);
            status = STATUS_bad_input;
        } else {
            found->size = bytes.bytes.size;
            memcpy(found->bytes, bytes.bytes.bytes, bytes.bytes.size);
        }
    }
    PQclear(result);
    return status;
}

enum status store_postgres_note(struct store *base, const char *name, struct span wanted,
                                struct store_note *found, struct store_error *error)
{
    struct postgres_store *store = (struct postgres_store *)base;
    PGconn *connection;
    assert(strcmp(base->ops->name, "postgres") == 0);
    assert(wanted.size <= STORE_NOTE_SIZE_MAX);
    *found = (struct store_note){ .size = 0 };
    if (error != NULL) {
        error->text[0] = '\0';
    }
    enum status status = postgres_connect(store->place, "note", &connection, error);
    if (status != STATUS_ok) {
        return status;
    }
    if (wanted.bytes != NULL) {
        struct value binds[] = { VALUE_TEXT(span_of(name)), VALUE_TEXT(wanted) };
        status = postgres_ask(
            connection,
            "INSERT INTO onetill_notes (name, bytes) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", binds,
            COUNT_OF(binds), NULL, error);
    }
    if (status == STATUS_ok) {
        status = note_read(connection, name, found, error);
    }
    PQfinish(connection);
    return status;
}

static enum status members_none(PGconn *connection, struct store_error *error)
{
    PGresult *result;
    enum status status =
        postgres_ask(connection,
                     "SELECT count(*) FROM onetill_nodes WHERE seen_us >"
                     " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - $1::bigint",
                     (struct value[]){ VALUE_I64(SILENT_MAX_US) }, 1, &result, error);
    if (status != STATUS_ok) {
        return status;
    }
    int64_t count = postgres_i64(result, 0, 0);
    PQclear(result);
    if (count > 0) {
        error_set(error, "the database is being served by %lld process%s", (long long)count,
                  count == 1 ? "" : "es");
        return STATUS_busy;
    }
    return STATUS_ok;
}

/* Those that were given up without being voided can never commit again: a copy must have the database to
 * itself. */
static const char void_all[] =
    "DELETE FROM onetill_nodes;"
    "UPDATE onetill_batches SET instance = 0, epoch = epoch + 1 WHERE instance <> 0;"
    "DELETE FROM onetill_feed";

enum status postgres_copy_mark(PGconn *connection, bool open, struct store_error *error)
{
    enum status status = postgres_script(
        connection, "BEGIN; UPDATE onetill_meta SET value = value + 1 WHERE name = 'starter'", error);
    if (status == STATUS_ok) {
        status = members_none(connection, error);
    }
    if (status == STATUS_ok) {
        status = postgres_script(connection, void_all, error);
    }
    if (status == STATUS_ok) {
        status =
            postgres_ask(connection, "UPDATE onetill_meta SET value = $1::bigint WHERE name = 'copy_open'",
                         (struct value[]){ VALUE_I64(open ? 1 : 0) }, 1, NULL, error);
    }
    if (status == STATUS_ok) {
        status = postgres_script(connection, "COMMIT", error);
    }
    if (status != STATUS_ok) {
        postgres_undo(connection);
    }
    return status;
}
