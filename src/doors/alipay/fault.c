/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on demand, in a sandbox: POST /v1/sandbox/faults
 *
 *     { "app_id": "9021…", "method": "alipay.trade.pay", "fault": "code", "code": "ACQ.SYSTEM_ERROR",
 *       "delay_ms": 3000, "count": 1 }
 *
 * fault is delay (the answer comes late), silence (done, never answered), unknown (done, answered with 20000), code
 * (not done, answered with that documented sub_code), notice_lost, notice_repeated, notice_late, or none, which
 * forgets all orders of the app. method left out: any. In memory only.
 */
#include "doors/alipay/fault.h"

#include "doors/alipay/alipay_internal.h"
#include "doors/rest/page_problem.h"

static const struct {
    const char *name;
    enum fault_kind kind;
} fault_names[] = {
    { "none", FAULTY_none },       { "delay", FAULTY_delay },
    { "silence", FAULTY_silence }, { "unknown", FAULTY_unknown },
    { "code", FAULTY_code },       { "notice_lost", FAULTY_notice_lost },
    { "notice_late", FAULTY_notice_late }, { "notice_repeated", FAULTY_notice_repeated },
};

static bool is_of_notice(enum fault_kind kind)
{
    return kind == FAULTY_notice_lost || kind == FAULTY_notice_repeated || kind == FAULTY_notice_late;
}

static struct fault_order order_take(struct fault_orders *orders, int64_t app_id, const char *method, bool notice)
{
    struct fault_order taken = { .kind = FAULTY_none };
    pthread_mutex_lock(&orders->lock);
    for (uint32_t i = 0; i < orders->count; i++) {
        struct fault_order *order = &orders->list[i];
        bool meant = order->app_id == app_id && is_of_notice(order->kind) == notice &&
                     (notice || order->method[0] == '\0' || strcmp(order->method, method) == 0);
        if (meant) {
            taken = *order;
            if (--order->count <= 0) {
                *order = orders->list[--orders->count];
            }
            break;
        }
    }
    pthread_mutex_unlock(&orders->lock);
    return taken;
}

struct fault_order alipay_fault_take(struct fault_orders *orders, int64_t app_id, const char *method)
{
    return order_take(orders, app_id, method, false);
}

enum alipay_notice_fault alipay_notice_fault(struct alipay *door, int64_t app_id, int64_t *delay_ms)
{
    struct fault_order order = order_take(&door->faults, app_id, "", true);
    *delay_ms = order.delay_ms;
    return order.kind == FAULTY_notice_lost       ? ALIPAY_NOTICE_lost
           : order.kind == FAULTY_notice_repeated ? ALIPAY_NOTICE_repeated
           : order.kind == FAULTY_notice_late     ? ALIPAY_NOTICE_late
                                                  : ALIPAY_NOTICE_none;
}

/* A whole number of a member, or what it is without; false when it is there and none between the bounds. */
static bool number_read(const struct json_value *body, const char *name, int64_t least, int64_t most, int64_t *value)
{
    const struct json_value *member = json_in_member(body, name);
    if (member == NULL) {
        return true;
    }
    return span_to_i64(json_in_plain(member), value) && *value >= least && *value <= most;
}

/* What is wrong with the order, as a sentence; NULL: nothing. */
static const char *order_read(const struct json_value *body, struct fault_order *order)
{
    struct span fault = json_in_plain(json_in_member(body, "fault"));
    struct span method = json_in_plain(json_in_member(body, "method"));
    struct span code = json_in_plain(json_in_member(body, "code"));
    int64_t count = 1, delay_ms = 1000;
    size_t kind = 0;
    while (kind < COUNT_OF(fault_names) && !span_equal(span_of(fault_names[kind].name), fault)) {
        kind++;
    }
    if (kind == COUNT_OF(fault_names)) {
        return "fault is one of none, delay, silence, unknown, code, notice_lost, notice_repeated, notice_late";
    }
    order->kind = fault_names[kind].kind;
    if (method.size > 0 &&
        (alipay_method_find(method) == NULL || !span_copy(method, order->method, sizeof(order->method)))) {
        return "method is one of the gateway's, or left out";
    }
    if (!number_read(body, "count", 1, 1000000, &count) || !number_read(body, "delay_ms", 0, 100000, &delay_ms)) {
        return "count is 1 to 1000000, delay_ms 0 to 100000";
    }
    order->count = (int32_t)count;
    order->delay_ms = delay_ms;
    if (order->kind == FAULTY_code) {
        bool known = order->method[0] != '\0' && alipay_code_documented(order->method, code) &&
                     span_copy(code, order->sub_code, sizeof(order->sub_code));
        return known ? NULL : "code is a sub_code that is documented for the method, which must be given";
    }
    return NULL;
}

static bool order_keep(struct fault_orders *orders, const struct fault_order *order)
{
    bool kept = true;
    pthread_mutex_lock(&orders->lock);
    if (order->kind == FAULTY_none) {
        for (uint32_t i = 0; i < orders->count;) {
            if (orders->list[i].app_id == order->app_id) {
                orders->list[i] = orders->list[--orders->count];
            } else {
                i++;
            }
        }
    } else if (orders->count < COUNT_OF(orders->list)) {
        orders->list[orders->count++] = *order;
    } else {
        kept = false;
    }
    pthread_mutex_unlock(&orders->lock);
    return kept;
}

void alipay_fault_page(void *context, struct http_request *request, const struct caller *caller,
                       const struct span *params, uint32_t param_count)
{
    struct alipay *door = context;
    const struct json_value *body = json_in_read(request->body, request->arena);
    struct fault_order order = { .kind = FAULTY_none };
    (void)params;
    (void)param_count;
    if (!door->settings.sandbox) {
        http_problem(request, 404, "Not Found", "Faults are offered in a sandbox only (serve --test-clock).");
        return;
    }
    if (body == NULL || body->kind != JSON_object) {
        http_problem(request, 422, "Unprocessable Content", "The body is a JSON object.");
        return;
    }
    struct alipay_app *app = span_to_i64(json_in_plain(json_in_member(body, "app_id")), &order.app_id)
                                 ? alipay_app_take(door->apps, order.app_id)
                                 : NULL;
    bool mine = app != NULL && (caller->kind != CALLER_merchant || caller->id == app->row.merchant_id);
    if (app != NULL) {
        alipay_app_drop(app);
    }
    const char *wrong = mine ? order_read(body, &order) : "there is no such app";
    if (wrong != NULL) {
        http_problem(request, 422, "Unprocessable Content", wrong);
    } else if (!order_keep(&door->faults, &order)) {
        http_problem(request, 409, "Conflict", "As many faults are ordered as may be; fault none forgets an app's.");
    } else {
        http_answer(request, 200, "application/json", SPAN("{\"ordered\":true}"), NULL, 0);
    }
}
