/* SPDX-License-Identifier: Apache-2.0 */
#include "till/webhook.h"

#include "base/civil.h"
#include "engine/engine_rows.h"
#include "people/app.h"
#include "till/trade.h"

struct endpoint_create {
    int64_t merchant_id;
    char url[512];
};
static const struct column create_columns[] = {
    COLUMN(endpoint_create, merchant_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(endpoint_create, url, .flags = COLUMN_required, .least = 8),
};
static const struct shape create_shape = SHAPE("endpoint_create", endpoint_create, create_columns);

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* https, or plain http to this machine: for tests and for tills beside the server. No user and password, which
 * would also let an address begin with one host and go to another. */
static bool url_allowed(const char *url)
{
    static const char *const local[] = { "http://127.0.0.1:", "http://127.0.0.1/", "http://localhost:",
                                         "http://localhost/", "http://[::1]:",     "http://[::1]/" };
    if (strchr(url, '@') != NULL || strchr(url, ' ') != NULL || strchr(url, '\\') != NULL) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(local); i++) {
        if (starts_with(url, local[i])) {
            return true;
        }
    }
    return starts_with(url, "https://") && url[8] != '\0';
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct endpoint_create *want = request;
    const struct merchant_row *asked = merchant_ask(view, want->merchant_id);
    if (!access_merchant(at, want->merchant_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(asked)) {
        return REFUSAL_merchant_unknown;
    }
    if (!url_allowed(want->url)) {
        return REFUSAL_url_invalid;
    }
    if (asked->endpoints_count == ENDPOINTS_MAX) {
        return REFUSAL_endpoints_full;
    }
    struct endpoint_row key = { .endpoint_id = moment_id(at) };
    struct endpoint_row *endpoint = view_change(view, view_ask(view, &endpoint_table, &key));
    endpoint->merchant_id = want->merchant_id;
    memcpy(endpoint->url, want->url, sizeof(endpoint->url));
    endpoint->created_at_us = at->now_us;
    struct merchant_row *merchant = view_change(view, asked);
    merchant->endpoints[merchant->endpoints_count++].id = endpoint->endpoint_id;
    memcpy(answer, endpoint, sizeof(*endpoint));
    return REFUSAL_none;
}

const struct command endpoint_create = {
    .name = "endpoint_create",
    .number = 80,
    .method = "POST",
    .route = "/v1/webhooks",
    .http_status = 201,
    .callers = CALLERS_MERCHANT,
    .request = &create_shape,
    .answer = &endpoint_table.shape,
    .decide = decide_create,
    .summary = "Adds an address that gets the merchant's events, signed as Standard Webhooks with `secret`.",
};

struct endpoint_ref {
    int64_t endpoint_id;
};
static const struct column ref_columns[] = {
    COLUMN(endpoint_ref, endpoint_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("endpoint_ref", endpoint_ref, ref_columns);

static enum refusal endpoint_find(struct view *view, const struct moment *at, int64_t endpoint_id,
                                  const struct endpoint_row **endpoint)
{
    struct endpoint_row key = { .endpoint_id = endpoint_id };
    *endpoint = view_ask(view, &endpoint_table, &key);
    if (!row_exists(*endpoint)) {
        return REFUSAL_endpoint_unknown;
    }
    return access_merchant(at, (*endpoint)->merchant_id) ? REFUSAL_none : REFUSAL_endpoint_unknown;
}

static enum refusal decide_disable(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct endpoint_ref *want = request;
    const struct endpoint_row *asked;
    enum refusal refusal = endpoint_find(view, at, want->endpoint_id, &asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct endpoint_row *endpoint = view_change(view, asked);
    struct merchant_row *merchant = view_change(view, merchant_ask(view, endpoint->merchant_id));
    int32_t kept = 0;
    for (int32_t i = 0; i < merchant->endpoints_count; i++) {
        if (merchant->endpoints[i].id != endpoint->endpoint_id) {
            merchant->endpoints[kept++] = merchant->endpoints[i];
        }
    }
    merchant->endpoints_count = kept;
    endpoint->disabled = 1;
    memcpy(answer, endpoint, sizeof(*endpoint));
    return REFUSAL_none;
}

const struct command endpoint_disable = {
    .name = "endpoint_disable",
    .number = 81,
    .flags = COMMAND_unkeyed,
    .method = "DELETE",
    .route = "/v1/webhooks/{endpoint_id}",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &ref_shape,
    .answer = &endpoint_table.shape,
    .decide = decide_disable,
    .summary = "Ends an endpoint: no new events, pending ones are given up.",
};

static enum refusal decide_rotate(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct endpoint_ref *want = request;
    const struct endpoint_row *asked;
    enum refusal refusal = endpoint_find(view, at, want->endpoint_id, &asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct endpoint_row *endpoint = view_change(view, asked);
    endpoint->generation++;
    endpoint->rotated_at_us = at->now_us;
    memcpy(answer, endpoint, sizeof(*endpoint));
    return REFUSAL_none;
}

const struct command endpoint_rotate = {
    .name = "endpoint_rotate",
    .number = 82,
    .method = "POST",
    .route = "/v1/webhooks/{endpoint_id}/rotate",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &ref_shape,
    .answer = &endpoint_table.shape,
    .decide = decide_rotate,
    .summary = "Gives an endpoint a new secret; deliveries carry the signature of the old one too for a day.",
};

/* ---- deliveries ---- */

/* Seconds from one attempt to the next: as Standard Webhooks recommends, and as the protocol of notices has it. */
static const int64_t webhook_schedule_s[] = { 5, 300, 1800, 7200, 18000, 36000, 36000 };
static const int64_t notice_schedule_s[] = { 240, 600, 600, 3600, 7200, 21600, 54000 };
static_assert(COUNT_OF(webhook_schedule_s) == COUNT_OF(notice_schedule_s), "both end after the same attempt");

static struct outbox_row *outbox_change(struct view *view, int64_t delivery_id)
{
    struct outbox_row key = { .delivery_id = delivery_id };
    return view_change(view, view_ask(view, &outbox_table, &key));
}

static const struct column done_columns[] = {
    COLUMN(delivery_done, delivery_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(delivery_done, http_status),
    COLUMN(delivery_done, heard, .form = FORM_flag),
};
static const struct shape done_shape = SHAPE("delivery_done", delivery_done, done_columns);

/* Where a delivery goes; NULL: it goes nowhere any more, and is given up. */
static const char *delivery_address(struct view *view, const struct delivery_row *delivery,
                                    const struct trade_detail *detail)
{
    if (delivery->kind == DELIVERY_notice) {
        const struct app_row *app = app_ask(view, delivery->app_id);
        return app->disabled != 0 ? NULL : detail->notify_url[0] != '\0' ? detail->notify_url : app->notify_url;
    }
    struct endpoint_row endpoint = { .endpoint_id = delivery->endpoint_id };
    const struct endpoint_row *to = view_ask(view, &endpoint_table, &endpoint);
    return to->disabled != 0 ? NULL : to->url;
}

static enum refusal decide_done(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct delivery_done *want = request;
    struct delivery_row key = { .delivery_id = want->delivery_id };
    const struct delivery_row *asked = view_ask(view, &delivery_table, &key);
    (void)answer;
    if (!row_exists(asked) || asked->state != DELIVERY_pending) {
        return REFUSAL_delivery_unknown;
    }
    bool notice = asked->kind == DELIVERY_notice;
    const int64_t *schedule_s = notice ? notice_schedule_s : webhook_schedule_s;
    static const struct trade_detail none; /* only whether it goes anywhere is asked here */
    bool ended = delivery_address(view, asked, &none) == NULL;
    struct delivery_row *delivery = view_change(view, asked);
    delivery->last_status = want->http_status;
    delivery->last_at_us = at->now_us;
    delivery->attempts++;
    bool heard = notice ? want->heard != 0 : want->http_status >= 200 && want->http_status < 300;
    bool last = delivery->attempts > (int32_t)COUNT_OF(webhook_schedule_s) || ended;
    if (heard || last) {
        delivery->state = heard ? DELIVERY_done : DELIVERY_failed;
        view_drop(view, outbox_change(view, delivery->delivery_id));
    } else {
        delivery->next_at_us = at->now_us + schedule_s[delivery->attempts - 1] * US_PER_SECOND;
        outbox_change(view, delivery->delivery_id)->next_at_us = delivery->next_at_us;
    }
    return REFUSAL_none;
}

const struct command delivery_done = {
    .name = "delivery_done",
    .number = 83,
    .flags = COMMAND_internal,
    .callers = CALLERS_PLATFORM,
    .request = &done_shape,
    .answer = &nothing_shape,
    .decide = decide_done,
    .summary = "What became of one attempt to deliver.",
};

static const struct column delivery_columns[] = {
    COLUMN(delivery_ref, delivery_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape delivery_shape = SHAPE("delivery_ref", delivery_ref, delivery_columns);

static enum refusal decide_replay(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct delivery_ref *want = request;
    struct delivery_row key = { .delivery_id = want->delivery_id };
    const struct delivery_row *asked = view_ask(view, &delivery_table, &key);
    if (!row_exists(asked) || !access_merchant(at, asked->merchant_id)) {
        return REFUSAL_delivery_unknown;
    }
    struct delivery_row *delivery = view_change(view, asked);
    delivery->state = DELIVERY_pending;
    delivery->attempts = 0;
    delivery->next_at_us = at->now_us;
    outbox_change(view, delivery->delivery_id)->next_at_us = at->now_us;
    memcpy(answer, delivery, sizeof(*delivery));
    return REFUSAL_none;
}

const struct command delivery_replay = {
    .name = "delivery_replay",
    .number = 84,
    .method = "POST",
    .route = "/v1/deliveries/{delivery_id}/replay",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &delivery_shape,
    .answer = &delivery_table.shape,
    .decide = decide_replay,
    .summary = "Delivers an event again, from the first attempt.",
};

static const struct column work_columns[] = {
    COLUMN(delivery_work, delivery_id, .form = FORM_id),
    COLUMN(delivery_work, endpoint_id, .form = FORM_id),
    COLUMN(delivery_work, topic, .form = FORM_choice, .names = delivery_topics),
    COLUMN(delivery_work, subject_id, .form = FORM_id),
    COLUMN(delivery_work, created_at_us, .form = FORM_instant),
    COLUMN(delivery_work, state, .form = FORM_choice, .names = delivery_states),
    COLUMN(delivery_work, next_at_us, .form = FORM_instant),
    COLUMN(delivery_work, payload, .form = FORM_hidden),
    COLUMN(delivery_work, url),
    COLUMN(delivery_work, disabled, .form = FORM_flag),
    COLUMN(delivery_work, generation, .form = FORM_hidden),
    COLUMN(delivery_work, rotated_at_us, .form = FORM_instant),
    COLUMN(delivery_work, kind, .form = FORM_choice, .names = delivery_kinds),
    COLUMN(delivery_work, app_id, .form = FORM_id),
    COLUMN(delivery_work, request_no),
#define DETAIL(member, named, shown, words) \
    COLUMN_PART(delivery_work, detail, member, named, .form = (shown), .text = (words)),
#include "till/trade_detail.def"
#undef DETAIL
};
static const struct shape work_shape = SHAPE("delivery_work", delivery_work, work_columns);

static enum refusal decide_read(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct delivery_ref *want = request;
    struct delivery_row key = { .delivery_id = want->delivery_id };
    const struct delivery_row *delivery = view_ask(view, &delivery_table, &key);
    struct endpoint_row endpoint = { .endpoint_id = delivery->endpoint_id };
    const struct endpoint_row *to = view_ask(view, &endpoint_table, &endpoint);
    struct delivery_work *work = answer;
    if (!row_exists(delivery) || !access_platform(at)) {
        return REFUSAL_delivery_unknown;
    }
    *work = (struct delivery_work){ .delivery_id = delivery->delivery_id,
                                    .endpoint_id = delivery->endpoint_id,
                                    .topic = delivery->topic,
                                    .subject_id = delivery->subject_id,
                                    .created_at_us = delivery->created_at_us,
                                    .state = delivery->state,
                                    .next_at_us = delivery->next_at_us,
                                    .payload = delivery->payload,
                                    .generation = to->generation,
                                    .rotated_at_us = to->rotated_at_us,
                                    .kind = delivery->kind,
                                    .app_id = delivery->app_id };
    memcpy(work->request_no, delivery->request_no, sizeof(work->request_no));
    if (delivery->kind == DELIVERY_notice) {
        work->detail = trade_detail_ask(view, delivery->subject_id)->detail;
    }
    const char *address = delivery_address(view, delivery, &work->detail);
    work->disabled = address == NULL;
    bool fits = span_copy(span_of(address != NULL ? address : ""), work->url, sizeof(work->url));
    assert(fits);
    return REFUSAL_none;
}

const struct command delivery_read = {
    .name = "delivery_read",
    .number = 85,
    .flags = COMMAND_reads | COMMAND_internal,
    .callers = CALLERS_PLATFORM,
    .request = &delivery_shape,
    .answer = &work_shape,
    .decide = decide_read,
    .summary = "A delivery and where it goes, for the attempt.",
};
