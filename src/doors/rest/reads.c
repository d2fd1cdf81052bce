/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists. A read is decoded on the server's thread, waits in a bounded queue for one of the door's reader
 * threads, and is run, encoded and answered there: while it runs, that thread owns the request's arena.
 *
 * A cursor is base64url(key of the last element || MAC); the MAC covers the read's name and the caller, so
 * a cursor is good for nothing but going on where that caller was.
 *
 * A replica of the database may answer, where there is one. How old what it shows may be is in the header
 * Onetill-Read-Age-Ms: it holds everything that was answered before so many milliseconds, or more.
 */
#include "base/os_clock.h"
#include "doors/rest/rest_internal.h"

#define CURSOR_MAC_SIZE 12
#define CURSOR_TEXT_MAX BASE64URL_SIZE(READ_KEY_SIZE_MAX + CURSOR_MAC_SIZE)
#define LIMIT_DEFAULT 20
#define AGE_TEXT_SIZE 24
#define PAGE_SIZE_MAX (256 * 1024) /* a page whose elements take more ends early; the cursor goes on */

static_assert(PAGE_ROWS_MAX < INT32_MAX, "limits are i32");

struct read_request {
    struct rest *rest;
    const struct route *route;
    struct http_request *http;
    void *request;
    struct caller caller;
    int64_t received_us, deadline_us;
    int32_t limit;
    size_t after_size;
    uint8_t after[READ_KEY_SIZE_MAX];
    struct read_request *next;
};

struct reads {
    struct rest *rest;
    pthread_mutex_t lock; /* guards the queue */
    pthread_cond_t wake;
    struct read_request *head, **tail;
    uint32_t count;
    bool stopping;
    uint32_t reader_count; /* threads started */
    struct reads_thread {
        struct reads *reads;
        struct reader *reader;
        pthread_t thread;
        char *buffer; /* PAGE_SIZE_MAX */
    } threads[READERS_MAX];
};

/* ---- cursors ---- */

static void cursor_mac(const struct rest *rest, const struct read_request *read, struct span key,
                       uint8_t mac[SHA256_SIZE])
{
    char caller[32];
    int size = snprintf(caller, sizeof(caller), "%d/%lld", read->caller.kind, (long long)read->caller.id);
    struct span parts[] = { span_of(read->route->read->name), { "", 1 }, { caller, (size_t)size + 1 }, key };
    hmac_write_parts(&rest->cursor_key, parts, COUNT_OF(parts), mac);
}

static struct span cursor_write(const struct read_request *read, char to[CURSOR_TEXT_MAX])
{
    uint8_t bytes[READ_KEY_SIZE_MAX + CURSOR_MAC_SIZE];
    uint8_t mac[SHA256_SIZE];
    struct span key = { (const char *)read->after, read->after_size };
    cursor_mac(read->rest, read, key, mac);
    memcpy(bytes, read->after, read->after_size);
    memcpy(bytes + read->after_size, mac, CURSOR_MAC_SIZE);
    size_t size = base64url_write(bytes, read->after_size + CURSOR_MAC_SIZE, to);
    return (struct span){ to, size };
}

static bool cursor_read(struct read_request *read, struct span text)
{
    uint8_t bytes[READ_KEY_SIZE_MAX + CURSOR_MAC_SIZE];
    uint8_t mac[SHA256_SIZE];
    size_t size;
    if (!base64url_read(text, bytes, sizeof(bytes), &size) || size <= CURSOR_MAC_SIZE) {
        return false;
    }
    struct span key = { (const char *)bytes, size - CURSOR_MAC_SIZE };
    cursor_mac(read->rest, read, key, mac);
    if (!digest_equal(mac, bytes + key.size, CURSOR_MAC_SIZE)) {
        return false;
    }
    memcpy(read->after, bytes, key.size);
    read->after_size = key.size;
    return true;
}

/* ---- on the reader's thread ---- */

/* What the read hands its elements to. */
struct page {
    struct read_page page; /* first */
    struct read_request *read;
    int64_t age_us; /* how old what it shows may be; negative: it is no replica that answers */
    struct json_out out;
    int32_t count;
    bool more; /* there is another page */
};

static bool page_emit(struct read_page *handed, const void *element, struct span key)
{
    struct page *page = (struct page *)handed;
    struct read_request *read = page->read;
    bool single = (read->route->read->flags & READ_single) != 0;
    if (page->more || page->count == read->limit) {
        page->more = !single;
        return false;
    }
    assert(single || (key.size > 0 && key.size <= READ_KEY_SIZE_MAX));
    struct json_out before = page->out;
    shape_encode(read->route->answer, element, &page->out);
    if (page->out.failed && page->count > 0) {
        page->out = before;
        page->more = true;
        return false;
    }
    page->count++;
    if (!single) {
        memcpy(read->after, key.bytes, key.size);
        read->after_size = key.size;
    }
    return true;
}

/* Whole milliseconds, rounded up; NULL when the request has used up its memory. */
static const char *age_write(const struct read_request *read, int64_t age_us)
{
    char *text = arena_try(read->http->arena, AGE_TEXT_SIZE);
    if (text != NULL) {
        snprintf(text, AGE_TEXT_SIZE, "%lld", (long long)((age_us + 999) / 1000));
    }
    return text;
}

static void page_answer(struct page *page)
{
    struct read_request *read = page->read;
    struct json_out *out = &page->out;
    if ((read->route->read->flags & READ_single) == 0) {
        char cursor[CURSOR_TEXT_MAX];
        json_out_array_end(out);
        out->capacity += CURSOR_TEXT_MAX + READ_MEMBERS_SIZE; /* kept back for what follows */
        json_out_key(out, "next_cursor");
        if (page->more) {
            json_out_text(out, cursor_write(read, cursor));
        } else {
            json_out_null(out);
        }
        json_out_object_end(out);
    }
    struct span answer = json_out_end(out);
    char *kept = answer.size > 0 ? arena_try(read->http->arena, answer.size) : NULL;
    if (kept == NULL) {
        rest_problem(read->rest, read->route, read->http, PROBLEM_too_large, NULL);
        return;
    }
    memcpy(kept, answer.bytes, answer.size);
    struct http_header age = { "Onetill-Read-Age-Ms", page->age_us < 0 ? NULL : age_write(read, page->age_us) };
    rest_count(read->rest, read->route, OUTCOME_ok, read->received_us);
    http_answer(read->http, 200, JSON_TYPE, (struct span){ kept, answer.size }, &age, age.value != NULL ? 1 : 0);
}

static enum refusal page_read(struct reads_thread *self, struct page *page)
{
    struct read_request *read = page->read;
    struct read_call call = { .reader = self->reader,
                              .request = read->request,
                              .caller = read->caller,
                              .now_us = engine_now_us(read->rest->settings.engine),
                              .limit = read->limit,
                              .after = { (const char *)read->after, read->after_size } };
    uint8_t after[READ_KEY_SIZE_MAX];
    /* The page overwrites read->after while the read still looks at where it began. */
    memcpy(after, read->after, read->after_size);
    call.after.bytes = (const char *)after;
    json_out_init(&page->out, self->buffer, PAGE_SIZE_MAX - CURSOR_TEXT_MAX - READ_MEMBERS_SIZE);
    if ((read->route->read->flags & READ_single) == 0) {
        json_out_object(&page->out);
        json_out_key(&page->out, "data");
        json_out_array(&page->out);
    }
    if (!read_status(&page->page, self->reader->ops->begin(self->reader))) {
        return REFUSAL_none;
    }
    page->age_us = reader_age_us(self->reader);
    enum refusal refusal = read->route->read->run(&call, &page->page);
    self->reader->ops->end(self->reader);
    return refusal;
}

static void read_serve(struct reads_thread *self, struct read_request *read)
{
    struct page page = { .page = { .emit = page_emit }, .read = read };
    if (os_monotonic_us() > read->deadline_us) {
        rest_problem(read->rest, read->route, read->http, PROBLEM_late, NULL);
        return;
    }
    enum refusal refusal = page_read(self, &page);
    if (page.page.status != STATUS_ok) {
        enum door_problem problem = page.page.status == STATUS_busy   ? PROBLEM_busy
                                    : page.page.status == STATUS_away ? PROBLEM_database_away
                                                                      : PROBLEM_read_failed;
        rest_problem(read->rest, read->route, read->http, problem, NULL);
    } else if (refusal != REFUSAL_none) {
        rest_refuse(read->rest, read->route, read->http, refusal, NULL, read->received_us);
    } else if (page.count == 0 && (read->route->read->flags & READ_single) != 0) {
        rest_problem(read->rest, read->route, read->http, PROBLEM_not_found, NULL);
    } else {
        page_answer(&page);
    }
}

static struct read_request *read_take(struct reads *reads)
{
    pthread_mutex_lock(&reads->lock);
    while (reads->head == NULL && !reads->stopping) {
        pthread_cond_wait(&reads->wake, &reads->lock);
    }
    struct read_request *read = reads->head;
    if (read != NULL) {
        reads->head = read->next;
        reads->count--;
        if (reads->head == NULL) {
            reads->tail = &reads->head;
        }
    }
    pthread_mutex_unlock(&reads->lock);
    return read;
}

static void *reader_thread(void *context)
{
    struct reads_thread *self = context;
    struct read_request *read;
    pthread_setname_np(pthread_self(), "reads");
    while ((read = read_take(self->reads)) != NULL) {
        read_serve(self, read);
    }
    return NULL;
}

enum status reads_open(struct rest *rest, uint32_t reader_count)
{
    struct store *store = rest->settings.store;
    assert(reader_count <= READERS_MAX);
    struct reads *reads = arena_take(&rest->arena, sizeof(*reads));
    reads->rest = rest;
    reads->tail = &reads->head;
    pthread_mutex_init(&reads->lock, NULL);
    pthread_cond_init(&reads->wake, NULL);
    enum status status = STATUS_ok;
    while (reads->reader_count < reader_count && status == STATUS_ok) {
        struct reads_thread *self = &reads->threads[reads->reader_count];
        self->reads = reads;
        status = store->ops->reader_open(store, &self->reader);
        if (status == STATUS_ok) {
            reader_lag(self->reader, true); /* people look at these */
            self->buffer = arena_take(&rest->arena, PAGE_SIZE_MAX);
            int rc = pthread_create(&self->thread, NULL, reader_thread, self);
            assert(rc == 0);
            reads->reader_count++;
        }
    }
    if (status != STATUS_ok) {
        reads_close(reads);
        return status;
    }
    rest->reads = reads;
    return STATUS_ok;
}

void reads_stop(struct reads *reads)
{
    pthread_mutex_lock(&reads->lock);
    reads->stopping = true;
    pthread_mutex_unlock(&reads->lock);
    pthread_cond_broadcast(&reads->wake);
    for (uint32_t i = 0; i < reads->reader_count; i++) {
        pthread_join(reads->threads[i].thread, NULL);
        struct reader *reader = reads->threads[i].reader;
        reader->ops->close(reader);
    }
    reads->reader_count = 0;
}

void reads_close(struct reads *reads)
{
    reads_stop(reads);
    pthread_mutex_destroy(&reads->lock);
    pthread_cond_destroy(&reads->wake);
}

/* ---- on the server's thread ---- */

bool read_owns_parameter(const struct route *route, struct span name)
{
    return route->kind == ROUTE_read && (route->read->flags & READ_single) == 0 &&
           (span_equal(name, SPAN("limit")) || span_equal(name, SPAN("cursor")));
}

/* False after it answered. */
static bool page_parameters(struct read_request *read)
{
    struct faults faults;
    struct span limit = http_query_value(read->http, "limit");
    struct span cursor = http_query_value(read->http, "cursor");
    int64_t number = LIMIT_DEFAULT;
    faults.count = 0;
    if (limit.bytes != NULL && (!span_to_i64(limit, &number) || number < 1 || number > PAGE_ROWS_MAX)) {
        faults_add(&faults, FAULT_invalid, SPAN("limit"), "must be from 1 to 100");
    }
    if (cursor.bytes != NULL && !cursor_read(read, cursor)) {
        faults_add(&faults, FAULT_invalid, SPAN("cursor"),
                   "must be the next_cursor of the page before, from the same list and token");
    }
    if (faults.count > 0) {
        rest_faults(read->rest, read->route, read->http, &faults);
        return false;
    }
    read->limit = (int32_t)number;
    return true;
}

static bool read_submit(struct reads *reads, struct read_request *read)
{
    pthread_mutex_lock(&reads->lock);
    bool room = reads->count < READ_QUEUE_MAX && !reads->stopping;
    if (room) {
        *reads->tail = read;
        reads->tail = &read->next;
        reads->count++;
    }
    pthread_mutex_unlock(&reads->lock);
    if (room) {
        pthread_cond_signal(&reads->wake);
    }
    return room;
}

void rest_read(struct rest *rest, const struct route *route, struct http_request *http,
               const struct router_match *match, struct caller caller)
{
    if (rest->reads == NULL) {
        rest_problem(rest, route, http, PROBLEM_reads_absent, NULL);
        return;
    }
    size_t head = (sizeof(struct read_request) + 15) & ~(size_t)15;
    struct read_request *read = arena_try(http->arena, head + route->read->request->size);
    if (read == NULL) {
        rest_problem(rest, route, http, PROBLEM_busy, NULL);
        return;
    }
    read->rest = rest;
    read->route = route;
    read->http = http;
    read->request = (uint8_t *)read + head;
    read->caller = caller;
    read->received_us = os_monotonic_us();
    read->deadline_us = read->received_us + rest->settings.call_age_max_us;
    read->limit = 1;
    if (!rest_decode(rest, route, http, match, read->request)) {
        return;
    }
    if ((route->read->flags & READ_single) == 0 && !page_parameters(read)) {
        return;
    }
    if (!read_submit(rest->reads, read)) {
        rest_problem(rest, route, http, PROBLEM_busy, NULL);
    }
}
