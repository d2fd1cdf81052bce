/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/page_call.h"

#include <stdio.h>
#include <strings.h>

#include "base/civil.h"
#include "base/os_clock.h"
#include "base/os_random.h"
#include "doors/rest/page_problem.h"
#include "doors/static.h"

#define JSON_TYPE "application/json"
#define PAGE_POLICY                                                                                          \
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

static const struct http_header kept_by_nobody = { "Cache-Control", "no-store" };
static const struct http_header not_guessed = { "X-Content-Type-Options", "nosniff" };

static size_t rounded(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

static void call_finish(struct http_request *http)
{
    struct page_call *self = http->data;
    if (self->call.status == STATUS_unknown) {
        page_unknown_problem(http);
    } else if (self->call.status != STATUS_ok) {
        page_busy_problem(http, "the request waited too long; nothing happened, repeat it");
    } else if (self->call.refusal == REFUSAL_none) {
        self->answered(self);
    } else if (self->refused != NULL) {
        self->refused(self);
    } else {
        page_refusal_problem(http, self->call.refusal);
    }
}

/* On a thread of the store's. */
static void call_done(struct call *call)
{
    struct page_call *self = call->context;
    http_wake(self->http);
}

struct page_call *page_call_make(struct http_request *http, const struct command *command, struct caller caller,
                                 void *context, void (*answered)(struct page_call *self))
{
    size_t request_size = rounded(command->request->size);
    size_t size = rounded(sizeof(struct page_call)) + request_size + command->answer->size;
    uint8_t *bytes = arena_try(http->arena, size);
    if (bytes == NULL) {
        page_busy_problem(http, "there is no memory for the request now");
        return NULL;
    }
    memset(bytes, 0, size);
    struct page_call *self = (struct page_call *)(void *)bytes;
    uint8_t *request = bytes + rounded(sizeof(*self));
    *self = (struct page_call){ .http = http, .context = context, .answered = answered };
    self->call = (struct call){ .command = command,
                                .request = request,
                                .answer = request + request_size,
                                .caller = caller,
                                .done = call_done,
                                .context = self };
    if ((command->flags & (COMMAND_reads | COMMAND_unkeyed | COMMAND_internal)) == 0) {
        /* Nobody repeats it under this key: the page asks how things stand instead. */
        snprintf(self->call.request_key, sizeof(self->call.request_key), "page-%016llx%016llx",
                 (unsigned long long)os_random_u64(), (unsigned long long)os_random_u64());
    }
    http->data = self;
    http->finish = call_finish;
    return self;
}

void *page_call_request(struct page_call *self)
{
    return (uint8_t *)self + rounded(sizeof(*self));
}

void page_call_submit(struct page_call *self, struct engine *engine)
{
    self->call.deadline_us = os_monotonic_us() + CALL_AGE_MAX_US;
    if (!engine_submit(engine, &self->call)) {
        page_busy_problem(self->http, "the till has all the work it can take; try again in a second");
    }
}

bool page_body_read(struct http_request *http, const struct shape_plan *plan, void *to)
{
    struct faults faults;
    struct span parameters;
    struct span type = span_trim(span_cut(http_header_value(http, "Content-Type"), ';', &parameters));
    faults.count = 0;
    if (type.size != sizeof(JSON_TYPE) - 1 || strncasecmp(type.bytes, JSON_TYPE, type.size) != 0) {
        page_field_problem(http, "Content-Type", "the body must be application/json");
        return false;
    }
    shape_decode_body(plan, http->body, to, &faults);
    if (faults.count > 0) {
        page_field_problem(http, faults.list[0].field, faults.list[0].reason);
        return false;
    }
    return true;
}

void page_json_answer(struct http_request *http, const struct json_out *out, const struct http_header *extra,
                      size_t extra_count)
{
    struct http_header headers[HTTP_EXTRA_HEADERS_MAX] = { kept_by_nobody, not_guessed };
    struct span document = json_out_end(out);
    char *kept = document.size > 0 ? arena_try(http->arena, document.size) : NULL;
    assert(extra_count + 2 <= HTTP_EXTRA_HEADERS_MAX);
    if (kept == NULL) {
        page_busy_problem(http, "there is no memory for the answer now");
        return;
    }
    memcpy(kept, document.bytes, document.size);
    for (size_t i = 0; i < extra_count; i++) {
        headers[2 + i] = extra[i];
    }
    http_answer(http, 200, JSON_TYPE, (struct span){ kept, document.size }, headers, 2 + extra_count);
}

void page_file_answer(struct http_request *http, int status, const char *path)
{
    static const struct http_header headers[] = {
        { "Cache-Control", "no-store" },
        { "Content-Security-Policy", PAGE_POLICY },
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
    };
    const struct static_file *file = static_find(span_of(path));
    assert(file != NULL);
    http_answer(http, status, file->content_type, (struct span){ (const char *)file->bytes, file->size }, headers,
                COUNT_OF(headers));
}

void page_instant(struct json_out *out, const char *key, int64_t at_us)
{
    json_out_key(out, key);
    if (at_us == 0) {
        json_out_null(out);
        return;
    }
    char text[INSTANT_TEXT_SIZE];
    size_t size = instant_write(at_us, 0, text);
    json_out_text(out, (struct span){ text, size });
}
