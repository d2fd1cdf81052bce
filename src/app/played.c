/* SPDX-License-Identifier: Apache-2.0 */
#include "app/played.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/os_clock.h"

#define READY_TIMEOUT_US INT64_C(120000000)
#define STOP_TIMEOUT_US INT64_C(120000000)
#define AUDIT_TIMEOUT_US INT64_C(3600000000)
#define CALL_TIMEOUT_US INT64_C(60000000)
#define PLAYED_TOKEN_ID 1

bool played_keys(struct played *played, const char *store, char *error, size_t error_size)
{
    struct master_key key;
    *played = (struct played){ .child.output = -1 };
    const char *wrong = place_read(&played->place, store, NULL);
    if (wrong != NULL) {
        snprintf(error, error_size, "%s", wrong);
        return false;
    }
    if (!place_key(&played->place, NULL, true, &key, error, error_size)) {
        return false;
    }
    played->tokens = tokens_open(&key);
    master_key_derive_hmac(&key, MASTER_LABEL_PAY_CODES, &played->paycode_key);
    master_key_wipe(&key);
    tokens_issue(played->tokens, (struct caller){ .kind = CALLER_operator }, PLAYED_TOKEN_ID,
                 played->operator_token);
    played_bearer(played, (struct caller){ .kind = CALLER_operator }, played->operator_bearer);
    played->answer = malloc(PLAYED_ANSWER_SIZE);
    assert(played->answer != NULL);
    return true;
}

void played_bearer(const struct played *played, struct caller caller, char to[BEARER_SIZE])
{
    char token[TOKEN_TEXT_SIZE];
    tokens_issue(played->tokens, caller, PLAYED_TOKEN_ID, token);
    int size = snprintf(to, BEARER_SIZE, "Authorization: Bearer %s\r\n", token);
    assert(size > 0 && (size_t)size < BEARER_SIZE);
}

/* "ready http://127.0.0.1:8080 pid 123" */
static bool ready_read(struct played *played, struct span line)
{
    struct span rest;
    struct span word = span_cut(line, ' ', &rest);
    struct span url = span_cut(rest, ' ', &rest);
    return span_equal(word, SPAN("ready")) && http_address_read(url, &played->address) &&
           span_copy(url, played->url, sizeof(played->url));
}

bool played_start(struct played *played, const char *listen, int64_t clock_us, char *error, size_t error_size)
{
    char self[APP_PATH_SIZE], store[APP_PATH_SIZE], start[INSTANT_TEXT_SIZE];
    struct span line;
    if (!path_self(self) || !place_for_child(&played->place, store)) {
        snprintf(error, error_size, "this program does not find itself");
        return false;
    }
    instant_write(clock_us, 0, start);
    const char *const arguments[] = { self,     "serve",        "--store",            store, "--listen",
                                      listen,   "--test-clock", "--test-clock-start", start, NULL };
    if (child_start(&played->child, arguments, NULL) != STATUS_ok) {
        snprintf(error, error_size, "the server cannot be started");
        return false;
    }
    if (child_line(&played->child, READY_TIMEOUT_US, &line) != STATUS_ok || !ready_read(played, line)) {
        snprintf(error, error_size, "the server did not become ready; is %s taken?", listen);
        return false;
    }
    return true;
}

bool played_stop(struct played *played)
{
    bool clean = played->child.pid == 0 || child_stop(&played->child, STOP_TIMEOUT_US);
    if (played->tokens != NULL) {
        tokens_close(played->tokens);
    }
    hmac_key_wipe(&played->paycode_key);
    free(played->answer);
    *played = (struct played){ .child.output = -1 };
    return clean;
}

int played_call(struct played *played, const char *method, const char *path, struct span request, struct span *body)
{
    char headers[BEARER_SIZE + 128];
    int size = snprintf(headers, sizeof(headers),
                        "%sContent-Type: application/json\r\nIdempotency-Key: played-%lld-%llu\r\n",
                        played->operator_bearer, (long long)played->child.pid, (unsigned long long)played->key_next++);
    struct http_call call = { .method = span_of(method),
                              .path = span_of(path),
                              .headers = { headers, (size_t)size },
                              .body = request,
                              .timeout_us = CALL_TIMEOUT_US,
                              .answer = played->answer,
                              .answer_capacity = PLAYED_ANSWER_SIZE };
    *body = SPAN("");
    if (http_call(&played->address, &call) != STATUS_ok) {
        return 0;
    }
    *body = call.answer_body;
    return call.status;
}

bool played_clock(struct played *played, int64_t now_us)
{
    char text[64], instant[INSTANT_TEXT_SIZE];
    struct span body;
    instant_write(now_us, 0, instant);
    int size = snprintf(text, sizeof(text), "{\"now\":\"%s\"}", instant);
    return played_call(played, "POST", "/v1/test/clock", (struct span){ text, (size_t)size }, &body) == 200;
}

static int64_t member(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static bool shop_day_read(const json_t *json, struct played_shop_day *row)
{
    const char *shop_id = json_string_value(json_object_get(json, "shop_id"));
    *row = (struct played_shop_day){ .payments = member(json, "payments"),
                                     .refunds = member(json, "refunds"),
                                     .list_minor = member(json, "list_minor"),
                                     .discount_minor = member(json, "discount_minor"),
                                     .paid_minor = member(json, "paid_minor"),
                                     .refunded_paid_minor = member(json, "refunded_paid_minor"),
                                     .refunded_discount_minor = member(json, "refunded_discount_minor") };
    return shop_id != NULL && span_to_i64(span_of(shop_id), &row->shop_id);
}

bool played_shop_days(struct played *played, int32_t day,
                      void (*each)(void *context, const struct played_shop_day *row), void *context)
{
    char cursor[256] = "";
    for (;;) {
        char path[384];
        struct span body;
        struct played_shop_day row;
        snprintf(path, sizeof(path), "/v1/shop_days?day=%04d-%02d-%02d&limit=100%s%s", day / 10000, day / 100 % 100,
                 day % 100, cursor[0] != '\0' ? "&cursor=" : "", cursor);
        if (played_call(played, "GET", path, SPAN(""), &body) != 200) {
            return false;
        }
        json_t *json = json_loadb(body.bytes, body.size, 0, NULL);
        const json_t *data = json_object_get(json, "data"), *element;
        const json_t *next = json_object_get(json, "next_cursor");
        bool readable = json_is_array(data) && (next == NULL || json_is_null(next) || json_is_string(next));
        size_t index;
        json_array_foreach(data, index, element) {
            readable = readable && shop_day_read(element, &row);
            if (readable) {
                each(context, &row);
            }
        }
        bool more = readable && json_is_string(next);
        readable = readable && (!more || span_copy(span_of(json_string_value(next)), cursor, sizeof(cursor)));
        json_decref(json);
        if (!readable || !more) {
            return readable;
        }
    }
}

/* What `onetill audit --json` printed. */
static void verdict_read(struct span line, struct played_audit *audit)
{
    struct span ok, sentence = SPAN("the audit says nothing");
    audit->ok = json_member(line, "ok", &ok) && span_equal(ok, SPAN("true"));
    audit->transfers = (uint64_t)json_member_i64(line, "transfers", 0);
    audit->accounts = (uint64_t)json_member_i64(line, "accounts", 0);
    if (!audit->ok) {
        (void)json_member(line, "first_discrepancy", &sentence);
        snprintf(audit->sentence, sizeof(audit->sentence), "%.*s", (int)min_i64((int64_t)sentence.size, 600),
                 sentence.bytes);
    }
}

void played_audit(const struct played *played, struct played_audit *audit)
{
    static struct child child; /* large */
    char self[APP_PATH_SIZE], store[APP_PATH_SIZE];
    struct span line;
    int64_t begun_us = os_monotonic_us();
    *audit = (struct played_audit){ .ok = false };
    snprintf(audit->sentence, sizeof(audit->sentence), "the audit came to no verdict");
    const char *const arguments[] = { self, "audit", "--store", store, "--json", NULL };
    if (!path_self(self) || !place_for_child(&played->place, store) ||
        child_start(&child, arguments, NULL) != STATUS_ok) {
        return;
    }
    if (child_line(&child, AUDIT_TIMEOUT_US, &line) == STATUS_ok) {
        verdict_read(line, audit);
    }
    audit->took_us = os_monotonic_us() - begun_us;
    bool ended = child_wait(&child, STOP_TIMEOUT_US);
    bool holds = child_stop(&child, STOP_TIMEOUT_US);
    audit->ok = audit->ok && ended && holds;
}
