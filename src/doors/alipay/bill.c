/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/bill.h"

#include <pthread.h>
#include <stdio.h>

#include "doors/alipay/bill_internal.h"

#define PATH "/downloadBillFile.resource"
#define CLOCKS_APART_S 60 /* another process on the database may have given the address out, by its own clock */
#define TOKEN_SIZE 16 /* bytes of the mac; twice as many digits */
#define NAME_MAX_SIZE 160
#define YEARS_MAX 6

/* A request that waits for its bill; in its own arena. */
struct bill_job {
    struct http_request *http;
    struct bill_job *next;
    enum bill_kind kind;
    enum bill_format format;
    int64_t merchant_id;
    struct bill_period period;
};

struct bills {
    struct arena arena;
    struct bills_settings settings;
    struct hmac_key key;
    pthread_mutex_t look_lock;
    struct reader *look_reader; /* of bill_url_make; NULL: the store has none */
    struct reader *reader;      /* the thread's */
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct bill_job *first, **last;
    uint32_t count;
    bool stopping;
};

/* ---- names and addresses ---- */

static const char *const kind_names[] = { [BILL_trade] = "trade", [BILL_account] = "signcustomer" };
static const char *const format_names[] = { [BILL_csv_gbk] = "csv.zip",
                                            [BILL_csv_utf8] = "csv.utf8.zip",
                                            [BILL_json] = "json" };

static bool kind_of(struct span name, enum bill_kind *kind)
{
    *kind = span_equal(name, SPAN("trade")) ? BILL_trade : BILL_account;
    return span_equal(name, span_of(kind_names[*kind]));
}

static bool format_of(struct span name, enum bill_format *format)
{
    for (size_t i = 0; i < COUNT_OF(format_names); i++) {
        if (span_equal(name, span_of(format_names[i]))) {
            *format = (enum bill_format)i;
            return true;
        }
    }
    return false;
}

/* 20261003, or 202610 of a month. */
static size_t dates_write(const struct bill_period *period, char to[16])
{
    int32_t day = civil_yyyymmdd(period->first_day);
    int size = period->month ? snprintf(to, 16, "%06d", day / 100) : snprintf(to, 16, "%08d", day);
    assert(size == 6 || size == 8);
    return (size_t)size;
}

static bool dates_read(struct span text, struct bill_period *period)
{
    char spelled[16];
    if (text.size != 6 && text.size != 8) {
        return false;
    }
    int size = snprintf(spelled, sizeof(spelled), "%.4s-%.2s%s%.*s", text.bytes, text.bytes + 4,
                        text.size == 8 ? "-" : "", (int)(text.size - 6), text.bytes + 6);
    period->month = text.size == 6;
    return bill_date_read((struct span){ spelled, (size_t)size }, &period->first_day, &period->day_count);
}

static void token_write(const struct bills *bills, struct span kind, struct span user, struct span dates,
                        struct span timestamp, char to[2 * TOKEN_SIZE + 1])
{
    uint8_t mac[SHA256_SIZE];
    struct span parts[] = { kind, SPAN("|"), user, SPAN("|"), dates, SPAN("|"), timestamp };
    hmac_write_parts(&bills->key, parts, COUNT_OF(parts), mac);
    hex_write(mac, TOKEN_SIZE, to);
}

static int64_t period_end_us(const struct bill_period *period)
{
    return (period->first_day + period->day_count) * US_PER_DAY - BEIJING_MINUTES * US_PER_MINUTE;
}

static void url_write(const struct bills *bills, const struct bill_wish *wish, const struct bill_period *period,
                      char url[BILL_URL_SIZE])
{
    char user[USER_ID_SIZE + sizeof(BILL_USER_TAIL)], account[USER_ID_SIZE], dates[16], now[24];
    char token[2 * TOKEN_SIZE + 1];
    const char *kind = kind_names[wish->kind];
    struct span base = span_of(bills->settings.base_url);
    base = base.size > 0 ? base : wish->base;
    assert(base.size <= BILL_BASE_MAX);
    (void)user_id_write(USER_merchant, wish->merchant_id, account);
    snprintf(user, sizeof(user), "%s%s", account, BILL_USER_TAIL);
    (void)dates_write(period, dates);
    snprintf(now, sizeof(now), "%lld", (long long)(engine_now_us(bills->settings.engine) / US_PER_SECOND));
    token_write(bills, span_of(kind), span_of(user), span_of(dates), span_of(now), token);
    int size = snprintf(url, BILL_URL_SIZE,
                        "%.*s" PATH "?bizType=%s&userId=%s&fileType=csv.zip&bizDates=%s&downloadFileName=%s_%s.csv.zip"
                        "&fileId=%%2F%s%%2F%s%%2F%s.csv.zip&timestamp=%s&token=%s",
                        (int)base.size, base.bytes != NULL ? base.bytes : "", kind, user, dates, user, dates, kind,
                        account, dates, now, token);
    assert(size > 0 && size < BILL_URL_SIZE);
}

enum bill_outcome bill_url_make(struct bills *bills, const struct bill_wish *wish, char url[BILL_URL_SIZE])
{
    struct bill_period period = { .month = wish->date.size == strlen("yyyy-MM") };
    bool any = false;
    int64_t created_at_us = 0, now_us = engine_now_us(bills->settings.engine);
    if (!bill_date_read(wish->date, &period.first_day, &period.day_count) || wish->base.size > BILL_BASE_MAX) {
        return BILL_date_invalid;
    }
    if (period_end_us(&period) > now_us || period_end_us(&period) < now_us - YEARS_MAX * 366 * US_PER_DAY) {
        return BILL_not_yet;
    }
    if (bills->look_reader == NULL) {
        return BILL_fault;
    }
    pthread_mutex_lock(&bills->look_lock);
    enum status status =
        bill_rows_look(bills->look_reader, wish->kind, wish->merchant_id, &period, &any, &created_at_us);
    pthread_mutex_unlock(&bills->look_lock);
    if (status != STATUS_ok) {
        return BILL_fault;
    }
    if (!any && (created_at_us == 0 || created_at_us >= period_end_us(&period))) {
        return BILL_merchant_later;
    }
    url_write(bills, wish, &period, url);
    return any ? BILL_made : BILL_made_empty;
}

/* ---- making one; on the bills' thread ---- */

static void problem_answer(struct http_request *http, int status, const char *body)
{
    static const struct http_header headers[] = { { "Cache-Control", "no-store" },
                                                  { "X-Content-Type-Options", "nosniff" } };
    http_answer(http, status, "application/problem+json", span_of(body), headers, COUNT_OF(headers));
}

static void busy_answer(struct http_request *http)
{
    problem_answer(http, 503, "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                              "\"detail\":\"The bill cannot be made now. Try again later.\"}");
}

static void too_large_answer(struct http_request *http)
{
    problem_answer(http, 413, "{\"type\":\"about:blank\",\"title\":\"Content Too Large\",\"status\":413,"
                              "\"detail\":\"The bill has more rows than one file may have. Fetch single days.\"}");
}

/* The two files' names; the ending of the second is that of summaries. */
static bool files_name(const struct bill_sheet *sheet, struct arena *arena, struct bill_file files[2])
{
    static const char *const endings[][2] = { [BILL_trade] = { "业务明细", "业务明细(汇总)" },
                                              [BILL_account] = { "账务明细", "账务明细(汇总)" } };
    char name[NAME_MAX_SIZE], dates[16];
    (void)dates_write(&sheet->period, dates);
    for (size_t i = 0; i < 2; i++) {
        int size = snprintf(name, sizeof(name), "%s_%s_%s.csv", sheet->user, dates, endings[sheet->kind][i]);
        char *kept = arena_try(arena, (size_t)size);
        if (kept == NULL) {
            return false;
        }
        memcpy(kept, name, (size_t)size);
        files[i].name = (struct span){ kept, (size_t)size };
        if (sheet->format == BILL_csv_gbk &&
            charset_encode(CHARSET_gbk, files[i].name, '?', arena, &files[i].name) != CHARSET_ok) {
            return false;
        }
    }
    return true;
}

static bool sheet_pack(const struct bill_sheet *sheet, struct arena *arena, struct span *body)
{
    struct bill_file files[2] = { { .bytes = { sheet->rows.bytes, sheet->rows.size } },
                                  { .bytes = { sheet->summary.bytes, sheet->summary.size } } };
    arena->ceiling += BILL_SIZE_MAX;
    if (sheet->format != BILL_json) {
        return files_name(sheet, arena, files) &&
               bill_zip_write(files, COUNT_OF(files), sheet->format == BILL_csv_utf8, sheet->now_us, arena, body);
    }
    char *bytes = sheet->rows.size <= BILL_SIZE_MAX ? arena_try(arena, sheet->rows.size) : NULL;
    if (bytes != NULL) {
        memcpy(bytes, sheet->rows.bytes, sheet->rows.size);
        *body = (struct span){ bytes, sheet->rows.size };
    }
    return bytes != NULL;
}

static void sheet_answer(struct http_request *http, const struct bill_sheet *sheet, struct span body)
{
    char dates[16];
    char *disposition = arena_try(http->arena, NAME_MAX_SIZE);
    if (disposition == NULL) {
        busy_answer(http);
        return;
    }
    (void)dates_write(&sheet->period, dates);
    int size = snprintf(disposition, NAME_MAX_SIZE, "attachment; filename=\"%s_%s.%s\"", sheet->user, dates,
                        format_names[sheet->format]);
    assert(size > 0 && size < NAME_MAX_SIZE);
    const struct http_header headers[] = { { "Content-Disposition", disposition },
                                           { "Cache-Control", "no-store" },
                                           { "X-Content-Type-Options", "nosniff" } };
    http_answer(http, 200, sheet->format == BILL_json ? "application/json" : "application/octet-stream", body, headers,
                COUNT_OF(headers));
}

static void job_do(struct bills *bills, const struct bill_job *job)
{
    static _Thread_local struct bill_sheet sheet;
    struct http_request *http = job->http;
    struct span body = { NULL, 0 };
    sheet = (struct bill_sheet){ .kind = job->kind,
                                 .format = job->format,
                                 .merchant_id = job->merchant_id,
                                 .period = job->period,
                                 .now_us = engine_now_us(bills->settings.engine) };
    enum status status = bill_sheet_begin(&sheet) ? bill_rows_read(bills->reader, &sheet) : STATUS_fault;
    if (status == STATUS_too_large || (status == STATUS_ok && !bill_sheet_end(&sheet))) {
        too_large_answer(http);
    } else if (status != STATUS_ok) {
        busy_answer(http);
    } else if (!sheet_pack(&sheet, http->arena, &body)) {
        too_large_answer(http);
    } else {
        sheet_answer(http, &sheet, body);
    }
    bill_sheet_release(&sheet);
}

static struct bill_job *job_take(struct bills *bills)
{
    pthread_mutex_lock(&bills->lock);
    while (bills->first == NULL && !bills->stopping) {
        pthread_cond_wait(&bills->wake, &bills->lock);
    }
    struct bill_job *job = bills->stopping ? NULL : bills->first;
    if (job != NULL) {
        bills->first = job->next;
        bills->last = bills->first == NULL ? &bills->first : bills->last;
        bills->count--;
    }
    pthread_mutex_unlock(&bills->lock);
    return job;
}

static void *worker(void *context)
{
    struct bills *bills = context;
    struct bill_job *job;
    pthread_setname_np(pthread_self(), "bills");
    while ((job = job_take(bills)) != NULL) {
        job_do(bills, job);
    }
    return NULL;
}

/* ---- fetching one; on the server's threads ---- */

/* Whether the query is an address of ours; `*issued_s` then says of when. */
static bool query_read(const struct bills *bills, struct http_request *http, struct bill_job *job, int64_t *issued_s)
{
    char token[2 * TOKEN_SIZE + 1];
    enum user_kind owner;
    struct span kind = http_query_value(http, "bizType"), user = http_query_value(http, "userId");
    struct span dates = http_query_value(http, "bizDates"), issued = http_query_value(http, "timestamp");
    struct span given = http_query_value(http, "token");
    token_write(bills, kind, user, dates, issued, token);
    if (given.size != 2 * TOKEN_SIZE || !digest_equal(given.bytes, token, given.size)) {
        return false;
    }
    assert(user.size > strlen(BILL_USER_TAIL)); /* what we signed is as we write it */
    user.size -= strlen(BILL_USER_TAIL);
    return kind_of(kind, &job->kind) && user_id_read(user, &owner, &job->merchant_id) &&
           dates_read(dates, &job->period) && span_to_i64(issued, issued_s);
}

static bool job_add(struct bills *bills, struct bill_job *job)
{
    pthread_mutex_lock(&bills->lock);
    bool room = bills->running && !bills->stopping && bills->count < BILLS_WAITING_MAX;
    if (room) {
        *bills->last = job;
        bills->last = &job->next;
        bills->count++;
        pthread_cond_signal(&bills->wake);
    }
    pthread_mutex_unlock(&bills->lock);
    return room;
}

static void bill_serve(void *context, struct http_request *http, const struct caller *caller,
                       const struct span *params, uint32_t param_count)
{
    struct bills *bills = context;
    int64_t issued_s, now_s = engine_now_us(bills->settings.engine) / US_PER_SECOND;
    struct bill_job *job = arena_try(http->arena, sizeof(*job));
    (void)caller;
    (void)params;
    (void)param_count;
    if (job == NULL) {
        busy_answer(http);
        return;
    }
    *job = (struct bill_job){ .http = http };
    if (!query_read(bills, http, job, &issued_s)) {
        problem_answer(http, 403, "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,"
                                  "\"detail\":\"This is not an address of a bill.\"}");
        return;
    }
    if (issued_s - now_s > CLOCKS_APART_S || now_s - issued_s > BILL_URL_LIFE_S) {
        problem_answer(http, 403, "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,"
                                  "\"detail\":\"The address was good for 30 seconds. Ask for another one.\"}");
        return;
    }
    struct span format = http_query_value(http, "fileType");
    if (!format_of(format, &job->format)) {
        problem_answer(http, 422, "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                                  "\"detail\":\"fileType is one of csv.zip, csv.utf8.zip, json.\"}");
        return;
    }
    if (!job_add(bills, job)) {
        busy_answer(http);
    }
}

void bill_pages(struct bills *bills, struct rest_page pages[BILL_PAGE_COUNT])
{
    pages[0] = (struct rest_page){ .name = "bill_fetch",
                                   .method = "GET",
                                   .route = PATH,
                                   .callers = CALLER_BIT(none),
                                   .serve = bill_serve,
                                   .context = bills,
                                   .content_type = "application/octet-stream",
                                   .unlisted = true,
                                   .summary = "A bill, at an address that the Alipay door gave out." };
}

/* ---- opening and closing ---- */

static bool readers_open(struct bills *bills)
{
    struct store *store = bills->settings.store;
    enum status status = store->ops->reader_open(store, &bills->look_reader);
    if (status == STATUS_ok) {
        status = store->ops->reader_open(store, &bills->reader);
    }
    return status == STATUS_ok || status == STATUS_not_found;
}

struct bills *bills_open(const struct bills_settings *settings)
{
    struct arena arena;
    arena_init(&arena, sizeof(struct bills) + 256, sizeof(struct bills) + 256);
    struct bills *bills = arena_take(&arena, sizeof(*bills));
    bills->arena = arena;
    bills->settings = *settings;
    master_key_derive_hmac(settings->key, "onetill bills v1", &bills->key);
    bills->last = &bills->first;
    pthread_mutex_init(&bills->look_lock, NULL);
    pthread_mutex_init(&bills->lock, NULL);
    pthread_cond_init(&bills->wake, NULL);
    if (!readers_open(bills)) {
        bills_close(bills);
        return NULL;
    }
    return bills;
}

void bills_start(struct bills *bills)
{
    if (bills->reader == NULL) {
        return;
    }
    pthread_mutex_lock(&bills->lock);
    bills->running = true;
    pthread_mutex_unlock(&bills->lock);
    int rc = pthread_create(&bills->thread, NULL, worker, bills);
    assert(rc == 0);
}

void bills_stop(struct bills *bills)
{
    pthread_mutex_lock(&bills->lock);
    bool joins = bills->running;
    bills->stopping = true;
    bills->running = false;
    struct bill_job *job = bills->first;
    bills->first = NULL;
    bills->last = &bills->first;
    bills->count = 0;
    pthread_cond_signal(&bills->wake);
    pthread_mutex_unlock(&bills->lock);
    while (job != NULL) {
        struct bill_job *next = job->next;
        busy_answer(job->http);
        job = next;
    }
    if (joins) {
        pthread_join(bills->thread, NULL);
    }
}

void bills_close(struct bills *bills)
{
    struct arena arena = bills->arena;
    assert(!bills->running);
    if (bills->look_reader != NULL) {
        bills->look_reader->ops->close(bills->look_reader);
    }
    if (bills->reader != NULL) {
        bills->reader->ops->close(bills->reader);
    }
    hmac_key_wipe(&bills->key);
    (void)pthread_mutex_destroy(&bills->look_lock);
    (void)pthread_mutex_destroy(&bills->lock);
    (void)pthread_cond_destroy(&bills->wake);
    arena_release(&arena);
}
