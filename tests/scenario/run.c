/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs scenarios: text, one line per command with the answer that it must get, on a memory store that has
 * nothing at hand before any line, so that each command shows how many rounds of deciding it takes at worst, on one of
 * whose rows a third is not at hand by chance, on a shared one where batches are decided anew, on a sqlite file, and on
 * a PostgreSQL database with hardly a cache. README.md beside this file says what a line
 * may be. Prints TAP.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/civil.h"
#include "support/cluster.h"
#include "support/contested.h"
#include "support/holds.h"
#include "support/house.h"
#include "support/missing.h"

#define WORDS_MAX 64
#define LINE_SIZE 4096
#define VARIABLES_MAX 64
#define REQUEST_SIZE_MAX 65536

struct variable {
    char name[32];
    char value[96];
};

struct script {
    struct house house;
    const char *path;
    int line;
    int failures;
    struct caller caller;
    struct variable variables[VARIABLES_MAX];
    size_t variable_count;
    int64_t round; /* of a repeated line */
};

struct words {
    char text[LINE_SIZE];
    char *at[WORDS_MAX];
    size_t count;
};

static void wrong(struct script *script, const char *what, const char *expected, const char *found)
{
    printf("# %s:%d: %s", script->path, script->line, what);
    if (expected != NULL) {
        printf(": expected %s, found %s", expected, found);
    }
    printf("\n");
    script->failures++;
}

/* ---- words: blanks part them, quotes hold them together, $NAME and # are replaced ---- */

static const char *variable_value(struct script *script, const char *name, size_t size)
{
    for (size_t i = 0; i < script->variable_count; i++) {
        const struct variable *variable = &script->variables[i];
        if (strlen(variable->name) == size && memcmp(variable->name, name, size) == 0) {
            return variable->value;
        }
    }
    wrong(script, "no such variable", name, "nothing");
    return "0";
}

static void variable_set(struct script *script, const char *name, const char *value)
{
    struct variable *variable = NULL;
    for (size_t i = 0; i < script->variable_count; i++) {
        if (strcmp(script->variables[i].name, name) == 0) {
            variable = &script->variables[i];
        }
    }
    if (variable == NULL) {
        assert(script->variable_count < VARIABLES_MAX);
        variable = &script->variables[script->variable_count++];
    }
    snprintf(variable->name, sizeof(variable->name), "%.31s", name);
    snprintf(variable->value, sizeof(variable->value), "%.95s", value);
}

static size_t copy_replaced(struct script *script, const char **from, char *to, size_t left)
{
    char number[32];
    const char *value = NULL;
    if (**from == '$') {
        const char *name = ++*from;
        while (isalnum((unsigned char)**from) || **from == '_') {
            (*from)++;
        }
        value = variable_value(script, name, (size_t)(*from - name));
    } else if (**from == '#' && script->round > 0) {
        snprintf(number, sizeof(number), "%lld", (long long)script->round);
        value = number;
        (*from)++;
    }
    if (value != NULL) {
        size_t size = strlen(value);
        assert(size < left);
        memcpy(to, value, size);
        return size;
    }
    *to = *(*from)++;
    return 1;
}

static void words_read(struct script *script, const char *line, struct words *words)
{
    size_t used = 0;
    words->count = 0;
    while (*line != '\0') {
        bool quoted = false;
        while (*line == ' ') {
            line++;
        }
        if (*line == '\0' || (*line == '#' && script->round == 0)) {
            break;
        }
        assert(words->count < WORDS_MAX);
        words->at[words->count++] = &words->text[used];
        while (*line != '\0' && (quoted || *line != ' ')) {
            if (*line == '"') {
                quoted = !quoted;
                line++;
                continue;
            }
            used += copy_replaced(script, &line, &words->text[used], sizeof(words->text) - used - 1);
        }
        words->text[used++] = '\0';
    }
}

static bool split(char *word, char by, char **rest)
{
    char *at = strchr(word, by);
    if (at == NULL) {
        return false;
    }
    *at = '\0';
    *rest = at + 1;
    return true;
}

/* ---- values ---- */

static bool duration_read(const char *text, int64_t *us)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    int64_t unit = *end == 's' ? US_PER_SECOND : *end == 'm' ? US_PER_MINUTE : *end == 'h' ? US_PER_HOUR
                   : *end == 'd' ? US_PER_DAY : 0;
    *us = number * unit;
    return end != text && unit != 0 && end[1] == '\0';
}

static bool number_read(struct script *script, const struct column *column, const char *text, int64_t *value)
{
    if (column->form == FORM_choice && column->names != NULL) {
        for (int i = 0; column->names[i] != NULL; i++) {
            if (strcmp(column->names[i], text) == 0 && text[0] != '\0') {
                *value = i;
                return true;
            }
        }
    }
    if (strncmp(text, "now", 3) == 0) {
        int64_t us = 0;
        bool readable = text[3] == '\0' || duration_read(text + (text[3] == '+' ? 4 : 3), &us);
        *value = script->house.now_us + us;
        return readable;
    }
    return span_to_i64(span_of(text), value) || instant_read(span_of(text), value);
}

static bool column_set(struct script *script, const struct column *column, char *text, void *row);

/* `kind:id,kind:id` */
static bool list_set(struct script *script, const struct column *column, char *text, void *row)
{
    int32_t count = 0;
    for (char *rest = text; rest != NULL && *rest != '\0';) {
        char *element = rest, *after = NULL;
        rest = split(element, ',', &after) ? after : NULL;
        if ((size_t)(count + 1) * column->element->size > column->size) {
            return false;
        }
        uint8_t *to = (uint8_t *)row + column->offset + (size_t)count++ * column->element->size;
        for (uint32_t i = 0; element != NULL && i < column->element->column_count; i++) {
            char *next = NULL;
            bool more = split(element, ':', &next);
            if (!column_set(script, &column->element->columns[i], element, to)) {
                return false;
            }
            element = more ? next : NULL;
        }
    }
    memcpy((uint8_t *)row + column->count_offset, &count, sizeof(count));
    return true;
}

static bool column_set(struct script *script, const struct column *column, char *text, void *row)
{
    int64_t value;
    switch (column->kind) {
    case COLUMN_i64:
    case COLUMN_i32:
        if (!number_read(script, column, text, &value)) {
            return false;
        }
        column_set_i64(column, row, value);
        return true;
    case COLUMN_text:
        return span_copy(span_of(text), (char *)row + column->offset, column->size);
    case COLUMN_list:
        return list_set(script, column, text, row);
    case COLUMN_fixed:
    case COLUMN_pack:
        return false;
    }
    return false;
}

/* What stands at `path` of an answer, as text. */
static bool answer_text(const struct shape *shape, const void *row, const char *path, char *text, size_t size)
{
    struct span rest, name = span_cut(span_of(path), '.', &rest);
    const struct column *column = shape_column(shape, name);
    if (column == NULL) {
        return false;
    }
    if (column->kind == COLUMN_text) {
        snprintf(text, size, "%s", (const char *)row + column->offset);
        return true;
    }
    if (column->kind == COLUMN_list) {
        int64_t index;
        struct span member, number = span_cut(rest, '.', &member);
        if (span_equal(rest, SPAN("count"))) {
            snprintf(text, size, "%d", column_count(column, row));
            return true;
        }
        char inner[64];
        return span_to_i64(number, &index) && index >= 0 && index < column_count(column, row) &&
               span_copy(member, inner, sizeof(inner)) &&
               answer_text(column->element, column_element(column, row, (int32_t)index), inner, text, size);
    }
    if (column->kind != COLUMN_i64 && column->kind != COLUMN_i32) {
        return false;
    }
    int64_t value = column_i64(column, row);
    if (column->form == FORM_choice && column->names != NULL && value >= 0) {
        int64_t last = 0;
        while (column->names[last] != NULL) {
            last++;
        }
        if (value < last) { /* an empty name: nothing */
            snprintf(text, size, "%s", column->names[value]);
            return true;
        }
    }
    if (column->form == FORM_instant && value != 0) {
        instant_write(value - value % US_PER_SECOND, 480, text); /* each line takes a microsecond */
        return true;
    }
    snprintf(text, size, "%lld", (long long)value);
    return true;
}

static bool value_agrees(const char *expected, const char *found)
{
    const char *dots = strstr(expected, "..");
    int64_t low, high, value;
    if (dots != NULL && span_to_i64((struct span){ expected, (size_t)(dots - expected) }, &low) &&
        span_to_i64(span_of(dots + 2), &high) && span_to_i64(span_of(found), &value)) {
        return value >= low && value <= high;
    }
    return strcmp(expected, found) == 0;
}

/* ---- commands ---- */

static const struct command *command_find(const char *name)
{
    const struct command *const *lists[] = { product_commands, hold_commands };
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        for (size_t j = 0; lists[i][j] != NULL; j++) {
            if (strcmp(lists[i][j]->name, name) == 0) {
                return lists[i][j];
            }
        }
    }
    return NULL;
}

/* Words that stand for what a door would find out: a scanned pay code, a scanned QR. */
static bool helper_set(struct script *script, const struct shape *shape, const char *name, char *value, void *request)
{
    char *rest, number[32];
    if (strcmp(name, "code") == 0 && split(value, '@', &rest)) {
        int64_t minutes;
        if (!span_to_i64(span_of(rest), &minutes)) {
            return false;
        }
        snprintf(number, sizeof(number), "%lld", (long long)(script->house.now_us / US_PER_MINUTE + minutes));
        return column_set(script, shape_column(shape, SPAN("code_device_id")), value, request) &&
               column_set(script, shape_column(shape, SPAN("code_step")), number, request);
    }
    if (strcmp(name, "scan") == 0 && split(value, ':', &rest)) {
        snprintf(number, sizeof(number), "%d", strcmp(value, "trade") == 0 ? 1 : 2);
        return column_set(script, shape_column(shape, SPAN("qr_kind")), number, request) &&
               column_set(script, shape_column(shape, SPAN("qr_id")), rest, request);
    }
    return false;
}

static void answer_check(struct script *script, const struct command *command, const void *answer, char **words,
                         size_t count)
{
    char found[256];
    bool capture = false;
    for (size_t i = 0; i < count; i++) {
        char *value;
        if (strcmp(words[i], "as") == 0) {
            capture = true;
            continue;
        }
        if (!split(words[i], '=', &value)) {
            wrong(script, "neither field=value nor as NAME=field", words[i], "that");
            continue;
        }
        const char *path = capture ? value : words[i];
        if (strcmp(path, "repeated") == 0) {
            snprintf(found, sizeof(found), "%d", script->house.repeated);
        } else if (!answer_text(command->answer, answer, path, found, sizeof(found))) {
            wrong(script, "the answer has no such field", path, "nothing");
            continue;
        }
        if (capture) {
            variable_set(script, words[i], found);
        } else if (!value_agrees(value, found)) {
            wrong(script, words[i], value, found);
        }
    }
}

static void command_run(struct script *script, const struct command *command, char **words, size_t count)
{
    static _Alignas(16) uint8_t request[REQUEST_SIZE_MAX], answer[REQUEST_SIZE_MAX];
    const char *key = NULL;
    size_t arrow = 0;
    assert(command->request->size <= sizeof(request));
    assert(command->answer->size <= sizeof(answer));
    memset(request, 0, command->request->size);
    while (arrow < count && strcmp(words[arrow], "->") != 0) {
        char *value, *word = words[arrow++];
        const struct column *column;
        if (!split(word, '=', &value)) {
            wrong(script, "a word that is no name=value", word, "that");
        } else if (strcmp(word, "key") == 0) {
            key = value;
        } else if (helper_set(script, command->request, word, value, request)) {
            continue;
        } else if ((column = shape_column(command->request, span_of(word))) == NULL) {
            wrong(script, "the request has no such member", word, "nothing");
        } else if (!column_set(script, column, value, request)) {
            wrong(script, "not a value of this member", word, value);
        }
    }
    if (arrow + 1 >= count) {
        wrong(script, "no expected answer", "-> …", "the end of the line");
        return;
    }
    if (!script->house.threaded && script->house.store->shared) {
        store_shared_chill(script->house.store);
    } else if (!script->house.threaded) {
        store_memory_chill(script->house.store);
    }
    enum refusal refusal = key != NULL
                               ? house_call_keyed(&script->house, script->caller, command, request, answer, key)
                               : house_call(&script->house, script->caller, command, request, answer);
    const char *name = refusal == REFUSAL_none ? "ok" : refusal_text((int)refusal)->name;
    if (strcmp(words[arrow + 1], name) != 0) {
        wrong(script, command->name, words[arrow + 1], name);
        return;
    }
    answer_check(script, command, answer, words + arrow + 2, count - arrow - 2);
}

/* ---- other lines ---- */

static void clock_line(struct script *script, const char *to)
{
    int64_t us;
    if (to[0] == '+' && duration_read(to + 1, &us)) {
        script->house.now_us += us;
    } else if (instant_read(span_of(to), &us)) {
        script->house.now_us = us;
    } else {
        wrong(script, "not a time", to, "that");
    }
    house_settle(&script->house);
}

static void caller_set(struct script *script, char **words, size_t count)
{
    int64_t id = 0;
    script->caller = (struct caller){ 0 };
    for (int32_t i = 1; caller_names[i] != NULL; i++) {
        if (strcmp(caller_names[i], words[0]) == 0) {
            script->caller.kind = i;
        }
    }
    bool readable = count < 2 || span_to_i64(span_of(words[1]), &id);
    if (script->caller.kind == 0 || !readable) {
        wrong(script, "not a caller", words[0], "that");
    }
    script->caller.id = id;
}

static void audit_check(struct script *script)
{
    struct audit_report report;
    if (!house_audit(&script->house, &report)) {
        wrong(script, report.first.sentence, NULL, NULL);
    }
}

/* `balance wallet:3 -> 500`, `balance wallet:3:392 -> 7` */
static void balance_check(struct script *script, char **words, size_t count)
{
    char *owner, *unit, found[32];
    int64_t owner_id = 0, unit_id = UNIT_CNY;
    int32_t purpose = 0;
    if (count != 3 || !split(words[0], ':', &owner)) {
        wrong(script, "balance PURPOSE:OWNER -> AMOUNT", "that", "something else");
        return;
    }
    bool readable = !split(owner, ':', &unit) || span_to_i64(span_of(unit), &unit_id);
    readable = readable && span_to_i64(span_of(owner), &owner_id);
    for (int32_t i = 1; purpose_names[i] != NULL; i++) {
        purpose = strcmp(purpose_names[i], words[0]) == 0 ? i : purpose;
    }
    if (!readable || purpose == 0) {
        wrong(script, "not an account", words[0], "that");
        return;
    }
    snprintf(found, sizeof(found), "%lld", (long long)house_balance(&script->house, owner_id, purpose, unit_id));
    if (!value_agrees(words[2], found)) {
        wrong(script, words[0], words[2], found);
    }
}

static void line_run(struct script *script, const char *line);

/* `repeat 500 every 1m COMMAND …`: # in it is the number of the round */
static void repeat_run(struct script *script, const char *line)
{
    long long count;
    char every[16];
    int used = 0;
    if (sscanf(line, " repeat %lld every %15s %n", &count, every, &used) != 2 || used == 0) {
        wrong(script, "repeat COUNT every TIME COMMAND …", "that", "something else");
        return;
    }
    int64_t us;
    bool readable = duration_read(every, &us);
    if (!readable) {
        wrong(script, "not a time", every, "that");
        return;
    }
    int before = script->failures;
    for (script->round = 1; script->round <= count && script->failures == before; script->round++) {
        line_run(script, line + used);
        script->house.now_us += us;
    }
    script->round = 0;
}

static void line_run(struct script *script, const char *line)
{
    static struct words words;
    if (strncmp(line, "repeat ", 7) == 0) {
        repeat_run(script, line);
        return;
    }
    words_read(script, line, &words);
    const struct command *command = words.count > 0 ? command_find(words.at[0]) : NULL;
    if (words.count == 0) {
        return;
    }
    if (command != NULL) {
        command_run(script, command, words.at + 1, words.count - 1);
    } else if (strcmp(words.at[0], "clock") == 0 && words.count == 2) {
        clock_line(script, words.at[1]);
    } else if (strcmp(words.at[0], "caller") == 0 && words.count >= 2) {
        caller_set(script, words.at + 1, words.count - 1);
    } else if (strcmp(words.at[0], "balance") == 0) {
        balance_check(script, words.at + 1, words.count - 1);
    } else if (strcmp(words.at[0], "audit") == 0) {
        audit_check(script);
    } else if (strcmp(words.at[0], "restart") == 0) {
        house_reopen_engine(&script->house);
    } else {
        wrong(script, "no such command", words.at[0], "that");
    }
}

enum ground {
    GROUND_memory,
    GROUND_missing,
    GROUND_contested,
    GROUND_sqlite,
    GROUND_postgres,
    GROUND_COUNT,
};

static const char *const ground_names[] = { "memory", "memory with gaps", "contested memory", "sqlite", "postgres" };
static_assert(COUNT_OF(ground_names) == GROUND_COUNT, "every ground has a name");

static struct cluster *cluster; /* of the whole program */

static bool script_run(const char *path, enum ground ground)
{
    static struct script script;
    char line[LINE_SIZE], folder[] = "/tmp/onetill-scenario-XXXXXX", store[sizeof(folder) + 16];
    char place[CLUSTER_PLACE_SIZE];
    struct contested contested;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        printf("# %s cannot be read\n", path);
        return false;
    }
    script = (struct script){ .path = path, .caller = house_operator };
    if (ground == GROUND_postgres) {
        cluster_database(cluster, place);
        house_open_postgres(&script.house, place, 1);
    } else if (ground == GROUND_contested) {
        contested_open(&contested, strlen(path));
        house_open_store(&script.house, contested.store, false);
    } else if (ground == GROUND_missing) {
        house_open_missing(&script.house, strlen(path), 33);
        script.house.drift_us = 1000;
    } else if (ground == GROUND_sqlite) {
        bool made = mkdtemp(folder) != NULL;
        assert(made);
        snprintf(store, sizeof(store), "%s/till.db", folder);
        house_open_sqlite(&script.house, store);
    } else {
        house_open_memory(&script.house, &(struct memory_settings){ .cold = true });
        script.house.drift_us = 1000; /* a round of fetching rows takes so long: fresh ids are others in the next */
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        script.line++;
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '#') {
            line_run(&script, line);
        }
    }
    audit_check(&script);
    fclose(file);
    if (ground == GROUND_missing && missing_count(&script.house) == 0) {
        printf("# nothing was missing\n");
        script.failures++;
    }
    house_close(&script.house);
    if (ground == GROUND_postgres) {
        cluster_database_drop(cluster, place);
    } else if (ground == GROUND_contested && contested_release(&contested) == 0) {
        printf("# nothing was contested\n");
        script.failures++;
    } else if (ground == GROUND_sqlite) {
        folder_remove(folder);
    }
    return script.failures == 0;
}

int main(int argc, char **argv)
{
    int failures = 0, number = 0;
    printf("1..%d\n", GROUND_COUNT * (argc - 1));
    cluster = cluster_open(NULL);
    for (int i = 1; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        const char *name = slash == NULL ? argv[i] : slash + 1;
        for (int ground = 0; ground < GROUND_COUNT; ground++) {
            bool ok = script_run(argv[i], (enum ground)ground);
            failures += !ok;
            printf("%sok %d - %s on %s\n", ok ? "" : "not ", ++number, name, ground_names[ground]);
            fflush(stdout);
        }
    }
    cluster_close(cluster);
    return failures > 0;
}
