/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that show pay and log-in codes. The device's secret is derived from its number by the door, never stored. */
#include "base/hash.h"
#include "people/people.h"
#include "till/wallet.h"

#define DEVICE_ID_MAX INT64_C(999999999)
#define DRAWS_MAX 8

static const struct column issue_columns[] = {
    COLUMN(paycode_issue, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(paycode_issue, device_id, .form = FORM_hidden),
};
static const struct shape issue_shape = SHAPE("paycode_issue", paycode_issue, issue_columns);

static enum refusal decide_issue(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct paycode_issue *want = request;
    const struct shopper_row *shopper = shopper_ask(view, want->shopper_id);
    struct device_row key = { .device_id = want->device_id };
    assert(want->device_id >= 0);
    assert(want->device_id <= DEVICE_ID_MAX);
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    const struct device_row *asked = view_ask(view, &device_table, &key);
    for (int draw = 1; row_exists(asked); draw++) { /* one in a thousand is taken at a million devices */
        if (draw == DRAWS_MAX) {
            return REFUSAL_id_taken;
        }
        key.device_id = (int64_t)(hash_mix((uint64_t)key.device_id + 1) % (DEVICE_ID_MAX + 1));
        asked = view_ask(view, &device_table, &key);
    }
    struct device_row *device = view_change(view, asked);
    device->shopper_id = want->shopper_id;
    device->created_at_us = at->now_us;
    memcpy(answer, device, sizeof(*device));
    return REFUSAL_none;
}

const struct command paycode_issue = {
    .name = "paycode_issue",
    .number = 45,
    .method = "POST",
    .route = "/v1/shoppers/{shopper_id}/devices",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &issue_shape,
    .answer = &device_table.shape,
    .decide = decide_issue,
    .summary = "Makes a device able to show its codes without a network: `secret` is for that device only.",
};

struct device_ref {
    int64_t shopper_id;
    int64_t device_id;
};
static const struct column ref_columns[] = {
    COLUMN(device_ref, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(device_ref, device_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("device_ref", device_ref, ref_columns);

/* The shopper's device, or the refusal. */
static enum refusal device_find(struct view *view, const struct moment *at, const struct device_ref *want,
                                const struct device_row **device)
{
    struct device_row key = { .device_id = want->device_id };
    *device = view_ask(view, &device_table, &key);
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    return row_exists(*device) && (*device)->shopper_id == want->shopper_id ? REFUSAL_none : REFUSAL_device_unknown;
}

static enum refusal decide_revoke(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct device_row *device;
    enum refusal refusal = device_find(view, at, request, &device);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (device->revoked == 0) {
        struct device_row *revoked = view_change(view, device);
        revoked->revoked = 1;
    }
    memcpy(answer, device, sizeof(*device));
    return REFUSAL_none;
}

const struct command paycode_revoke = {
    .name = "paycode_revoke",
    .number = 46,
    .flags = COMMAND_unkeyed,
    .method = "DELETE",
    .route = "/v1/shoppers/{shopper_id}/devices/{device_id}",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &ref_shape,
    .answer = &device_table.shape,
    .decide = decide_revoke,
    .summary = "Ends a device's codes at once: a lost phone.",
};

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct device_row *device;
    enum refusal refusal = device_find(view, at, request, &device);
    if (refusal == REFUSAL_none) {
        memcpy(answer, device, sizeof(*device));
    }
    return refusal;
}

const struct command paycode_query = {
    .name = "paycode_query",
    .number = 47,
    .flags = COMMAND_reads | COMMAND_sandbox,
    .method = "GET",
    .route = "/v1/shoppers/{shopper_id}/devices/{device_id}/pay_code",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &ref_shape,
    .answer = &device_table.shape,
    .decide = decide_query,
    .summary = "The codes the device shows now, in `pay_code` and `login_code`. For tests: only with --test-clock.",
};
