/* SPDX-License-Identifier: Apache-2.0 */
#include "people/people.h"

const struct shopper_row *shopper_ask(struct view *view, int64_t shopper_id)
{
    struct shopper_row key = { .shopper_id = shopper_id };
    return view_ask(view, &shopper_table, &key);
}

/* ---- logon ids ---- */

/* Some text before and after one @. */
static bool is_mail(struct span text)
{
    struct span host, user = span_cut(text, '@', &host);
    struct span more, name = span_cut(host, '@', &more);
    return user.size > 0 && name.size == host.size && name.size > 0;
}

/* Digits, perhaps with the country before them: +86-13800000000. */
static bool is_phone(struct span text)
{
    size_t digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        digits += c >= '0' && c <= '9';
        if ((c < '0' || c > '9') && c != '-' && (c != '+' || i > 0)) {
            return false;
        }
    }
    return digits >= 5 && digits <= 20;
}

bool logon_normal(const char *text, char to[LOGON_SIZE])
{
    struct span trimmed = span_trim(span_of(text));
    memset(to, 0, LOGON_SIZE);
    if (trimmed.size >= LOGON_SIZE) {
        return false;
    }
    for (size_t i = 0; i < trimmed.size; i++) {
        char c = trimmed.bytes[i];
        if (c <= ' ' || c > '~') {
            memset(to, 0, LOGON_SIZE);
            return false;
        }
        to[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    bool readable = is_mail(trimmed) || is_phone(trimmed);
    if (!readable) {
        memset(to, 0, LOGON_SIZE);
    }
    return readable;
}

static const struct logon_row *logon_ask(struct view *view, const char normal[LOGON_SIZE])
{
    struct logon_row key = { .shopper_id = 0 };
    memcpy(key.logon_id, normal, sizeof(key.logon_id));
    return view_ask(view, &logon_table, &key);
}

const struct shopper_row *shopper_by_logon(struct view *view, const char *logon_id)
{
    char normal[LOGON_SIZE];
    bool readable = logon_normal(logon_id, normal);
    return shopper_ask(view, readable ? logon_ask(view, normal)->shopper_id : 0);
}

/* Whether this shopper may have that logon id, given in its normal form. */
static enum refusal logon_check(struct view *view, const char normal[LOGON_SIZE], int64_t shopper_id)
{
    const struct logon_row *logon = logon_ask(view, normal);
    return row_exists(logon) && logon->shopper_id != shopper_id ? REFUSAL_logon_taken : REFUSAL_none;
}

/* Gives the shopper that logon id; the one before is free again. */
static void logon_set(struct view *view, struct shopper_row *shopper, const char normal[LOGON_SIZE])
{
    if (strcmp(shopper->logon_id, normal) == 0) {
        return;
    }
    if (shopper->logon_id[0] != '\0') {
        view_drop(view, logon_ask(view, shopper->logon_id));
    }
    struct logon_row *logon = view_change(view, logon_ask(view, normal));
    logon->shopper_id = shopper->shopper_id;
    memcpy(shopper->logon_id, normal, sizeof(shopper->logon_id));
}

/* ---- create ---- */

static const struct column create_columns[] = {
    COLUMN(shopper_create, shopper_id, .form = FORM_id, .least = 1, .most = CHOSEN_ID_MAX,
           .text = "Chosen by you, up to 10^12; left out, the till gives one."),
    COLUMN(shopper_create, name),
    COLUMN(shopper_create, person_id, .form = FORM_id, .least = 1, .most = CHOSEN_ID_MAX,
           .text = "Accounts of one person share it and share campaign limits; left out: the account itself."),
    COLUMN(shopper_create, no_password_limit_minor, .form = FORM_amount, .least = -1, .most = AMOUNT_MAX,
           .text = "A scan above it waits for the shopper's confirmation. 0: the default; -1: every scan waits."),
    COLUMN(shopper_create, logon_id, .text = "Mail address or phone number, of this shopper alone."),
};
static const struct shape create_shape = SHAPE("shopper_create", shopper_create, create_columns);

static void shopper_fill(struct shopper_row *shopper, const struct shopper_create *want)
{
    int64_t limit = want->no_password_limit_minor;
    memcpy(shopper->name, want->name, sizeof(shopper->name));
    shopper->person_id = want->person_id != 0 ? want->person_id : shopper->shopper_id;
    shopper->no_password_limit_minor = limit == 0 ? NO_PASSWORD_DEFAULT_MINOR : max_i64(limit, 0);
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shopper_create *want = request;
    char logon[LOGON_SIZE] = { 0 };
    if (!access_platform(at)) {
        return REFUSAL_forbidden;
    }
    if (want->logon_id[0] != '\0' && !logon_normal(want->logon_id, logon)) {
        return REFUSAL_logon_invalid;
    }
    const struct shopper_row *asked = shopper_ask(view, want->shopper_id != 0 ? want->shopper_id : moment_id(at));
    if (row_exists(asked)) {
        struct shopper_row other = *asked;
        shopper_fill(&other, want);
        memcpy(other.logon_id, logon, sizeof(other.logon_id));
        if (memcmp(&other, asked, sizeof(other)) != 0) {
            return REFUSAL_id_taken;
        }
    } else {
        enum refusal refusal = logon[0] != '\0' ? logon_check(view, logon, asked->shopper_id) : REFUSAL_none;
        if (refusal != REFUSAL_none) {
            return refusal;
        }
        struct shopper_row *shopper = view_change(view, asked);
        shopper_fill(shopper, want);
        shopper->created_at_us = at->now_us;
        if (logon[0] != '\0') {
            logon_set(view, shopper, logon);
        }
    }
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command shopper_create = {
    .name = "shopper_create",
    .number = 26,
    .method = "POST",
    .route = "/v1/shoppers",
    .http_status = 201,
    .callers = CALLERS_PLATFORM,
    .request = &create_shape,
    .answer = &shopper_table.shape,
    .decide = decide_create,
    .summary = "Adds a shopper with an empty wallet. Again with the same id and content: the same shopper.",
};

static const struct column change_columns[] = {
    COLUMN(shopper_change, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(shopper_change, no_password_limit_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 0,
           .most = AMOUNT_MAX),
    COLUMN(shopper_change, blocked, .form = FORM_flag, .text = "Only an operator may block or unblock."),
    COLUMN(shopper_change, logon_id, .text = "Mail address or phone number. Left out: as it is. Only an operator may "
                                             "change it."),
};
static const struct shape change_shape = SHAPE("shopper_change", shopper_change, change_columns);

static enum refusal decide_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shopper_change *want = request;
    const struct shopper_row *asked = shopper_ask(view, want->shopper_id);
    char logon[LOGON_SIZE] = { 0 };
    bool renamed = want->logon_id[0] != '\0';
    bool readable = !renamed || logon_normal(want->logon_id, logon);
    bool operated = want->blocked != asked->blocked || (renamed && strcmp(logon, asked->logon_id) != 0);
    if (!access_shopper(at, want->shopper_id) || (operated && !access_platform(at))) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(asked)) {
        return REFUSAL_shopper_unknown;
    }
    if (!readable) {
        return REFUSAL_logon_invalid;
    }
    enum refusal refusal = renamed ? logon_check(view, logon, asked->shopper_id) : REFUSAL_none;
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct shopper_row *shopper = view_change(view, asked);
    shopper->no_password_limit_minor = want->no_password_limit_minor;
    shopper->blocked = want->blocked;
    if (renamed) {
        logon_set(view, shopper, logon);
    }
    memcpy(answer, shopper, sizeof(*shopper));
    return REFUSAL_none;
}

const struct command shopper_change = {
    .name = "shopper_change",
    .number = 27,
    .method = "PUT",
    .route = "/v1/shoppers/{shopper_id}",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &change_shape,
    .answer = &shopper_table.shape,
    .decide = decide_change,
    .summary = "Sets a shopper's no-password limit; operators may also block and unblock.",
};

struct shopper_query {
    int64_t shopper_id;
};
static const struct column query_columns[] = {
    COLUMN(shopper_query, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape query_shape = SHAPE("shopper_query", shopper_query, query_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shopper_query *want = request;
    const struct shopper_row *shopper = shopper_ask(view, want->shopper_id);
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    memcpy(answer, shopper, sizeof(*shopper));
    return REFUSAL_none;
}

const struct command shopper_query = {
    .name = "shopper_query",
    .number = 28,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shoppers/{shopper_id}",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &query_shape,
    .answer = &shopper_table.shape,
    .decide = decide_query,
    .summary = "One shopper.",
};

static const struct column lookup_columns[] = {
    COLUMN(shopper_lookup, shopper_id, .form = FORM_id),
    COLUMN(shopper_lookup, logon_id),
};
static const struct shape lookup_shape = SHAPE("shopper_lookup", shopper_lookup, lookup_columns);

static enum refusal decide_lookup(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shopper_lookup *want = request;
    const struct shopper_row *shopper =
        want->shopper_id != 0 ? shopper_ask(view, want->shopper_id) : shopper_by_logon(view, want->logon_id);
    (void)at;
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    memcpy(answer, shopper, sizeof(*shopper));
    return REFUSAL_none;
}

const struct command shopper_lookup = {
    .name = "shopper_lookup",
    .number = 39,
    .flags = COMMAND_reads | COMMAND_internal,
    .callers = CALLERS_MERCHANT,
    .request = &lookup_shape,
    .answer = &shopper_table.shape,
    .decide = decide_lookup,
    .summary = "Who has this logon id.",
};
