/* SPDX-License-Identifier: Apache-2.0 */
#include "app/sandbox_internal.h"
#include "base/os_random.h"
#include "doors/alipay/money_text.h"
#include "doors/alipay/page_call.h"
#include "doors/rest/page_problem.h"
#include "till/barcode.h"
#include "till/paycode_digits.h"
#include "till/qr_image.h"
#include "till/wallet.h"

#define SVG_SIZE_MAX 32768

/* ---- codes ---- */

static void code_answer(struct sandbox *sandbox, struct http_request *http, int64_t device_id, int64_t step)
{
    uint8_t secret[PAYCODE_SECRET_SIZE];
    char pay_code[PAYCODE_SIZE], login_code[PAYCODE_SIZE], bytes[128];
    struct json_out out;
    paycode_secret(sandbox->paycode_key, device_id, 0, secret);
    paycode_write(device_id, secret, step, pay_code);
    logincode_write(device_id, secret, step, login_code);
    explicit_bzero(secret, sizeof(secret));
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "pay_code");
    json_out_text(&out, span_of(pay_code));
    json_out_key(&out, "login_code");
    json_out_text(&out, span_of(login_code));
    json_out_object_end(&out);
    page_json_answer(http, &out, NULL, 0);
}

/* A device of the shopper's that has not shown its code of this minute; -1: there is none. */
static int64_t device_take(struct sandbox *sandbox, int64_t shopper_id, int64_t step)
{
    int64_t device_id = -1;
    pthread_mutex_lock(&sandbox->lock);
    for (uint32_t i = 0; i < sandbox->device_count && device_id < 0; i++) {
        struct sandbox_device *device = &sandbox->devices[i];
        if (device->shopper_id == shopper_id && device->step < step) {
            device->step = step;
            device_id = device->device_id;
        }
    }
    pthread_mutex_unlock(&sandbox->lock);
    return device_id;
}

static void device_keep(struct sandbox *sandbox, const struct sandbox_device *device)
{
    pthread_mutex_lock(&sandbox->lock);
    sandbox->devices[sandbox->device_next] = *device;
    sandbox->device_next = (sandbox->device_next + 1) % SANDBOX_DEVICES_MAX;
    if (sandbox->device_count < SANDBOX_DEVICES_MAX) {
        sandbox->device_count++;
    }
    pthread_mutex_unlock(&sandbox->lock);
}

static void device_issued(struct page_call *self)
{
    struct sandbox *sandbox = self->context;
    const struct device_row *row = self->call.answer;
    struct sandbox_device device = { .shopper_id = row->shopper_id,
                                     .device_id = row->device_id,
                                     .step = paycode_step(engine_now_us(sandbox->engine)) };
    device_keep(sandbox, &device);
    code_answer(sandbox, self->http, device.device_id, device.step);
}

static void code_serve(void *context, struct http_request *http, const struct caller *caller,
                       const struct span *params, uint32_t param_count)
{
    static const struct caller system = { .kind = CALLER_system };
    struct sandbox *sandbox = context;
    int64_t shopper_id;
    (void)caller;
    (void)param_count;
    if (!span_to_i64(params[0], &shopper_id) || shopper_id <= 0) {
        page_field_problem(http, "shopper_id", "must be a number");
        return;
    }
    int64_t step = paycode_step(engine_now_us(sandbox->engine));
    int64_t device_id = device_take(sandbox, shopper_id, step);
    if (device_id >= 0) {
        code_answer(sandbox, http, device_id, step);
        return;
    }
    struct page_call *self = page_call_make(http, &paycode_issue, system, sandbox, device_issued);
    if (self != NULL) {
        *(struct paycode_issue *)page_call_request(self) =
            (struct paycode_issue){ .shopper_id = shopper_id,
                                    .device_id = (int64_t)(os_random_u64() % PAYCODE_ALIAS_LIMIT) };
        page_call_submit(self, sandbox->engine);
    }
}

/* ---- pictures of codes ---- */

static void picture_serve(void *context, struct http_request *http, const struct caller *caller,
                          const struct span *params, uint32_t param_count)
{
    static const struct http_header headers[] = {
        { "Cache-Control", "private, max-age=3600" },
        { "Content-Security-Policy", "default-src 'none'" },
        { "X-Content-Type-Options", "nosniff" },
    };
    struct span code = http_query_value(http, "code");
    struct span form = http_query_value(http, "form");
    struct barcode barcode;
    size_t size = 0;
    int64_t alias;
    uint32_t otp;
    (void)context;
    (void)caller;
    (void)params;
    (void)param_count;
    if (paycode_parse(code, &alias, &otp) != PAYCODE_ok) {
        page_field_problem(http, "code", "a pay code has 18 digits and begins with 28");
        return;
    }
    bool bars = span_equal(form, SPAN("bars"));
    if (!bars && !span_equal(form, SPAN("qr"))) {
        page_field_problem(http, "form", "must be one of bars, qr");
        return;
    }
    char *image = arena_try(http->arena, SVG_SIZE_MAX);
    enum status status = image == NULL ? STATUS_fault
                         : bars        ? barcode_make(code, &barcode)
                                       : qr_svg_write(code, QR_LEVEL_medium, image, SVG_SIZE_MAX, &size);
    if (status == STATUS_ok && bars) {
        status = barcode_svg_write(&barcode, image, SVG_SIZE_MAX, &size);
    }
    if (status != STATUS_ok) {
        page_busy_problem(http, "there is no memory for the picture now");
        return;
    }
    http_answer(http, 200, "image/svg+xml", (struct span){ image, size }, headers, COUNT_OF(headers));
}

/* ---- who there is ---- */

static void shoppers_serve(void *context, struct http_request *http, const struct caller *caller,
                           const struct span *params, uint32_t param_count)
{
    char bytes[2048], user_id[USER_ID_SIZE];
    struct json_out out;
    (void)context;
    (void)caller;
    (void)params;
    (void)param_count;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "data");
    json_out_array(&out);
    for (size_t i = 0; i < SANDBOX_SHOPPER_COUNT; i++) {
        const struct shopper_create *person = &sandbox_shoppers[i].person;
        size_t size = user_id_write(USER_shopper, person->shopper_id, user_id);
        json_out_object(&out);
        json_out_key(&out, "shopper_id");
        json_out_id(&out, person->shopper_id);
        json_out_key(&out, "user_id");
        json_out_text(&out, (struct span){ user_id, size });
        json_out_key(&out, "logon_id");
        json_out_text(&out, span_of(person->logon_id));
        json_out_key(&out, "name");
        json_out_text(&out, span_of(person->name));
        json_out_object_end(&out);
    }
    json_out_array_end(&out);
    json_out_object_end(&out);
    page_json_answer(http, &out, NULL, 0);
}

void sandbox_pages(struct sandbox *sandbox, struct rest_page to[SANDBOX_PAGE_COUNT])
{
    const struct rest_page pages[SANDBOX_PAGE_COUNT] = {
        { .name = "sandbox_shoppers", .route = "/v1/sandbox/shoppers", .serve = shoppers_serve,
          .content_type = "application/json", .summary = "The sandbox's shoppers." },
        { .name = "sandbox_code", .route = "/v1/sandbox/shoppers/{shopper_id}/pay_code", .serve = code_serve,
          .content_type = "application/json", .summary = "Codes of a shopper's that were not given out yet." },
        { .name = "sandbox_picture", .route = "/v1/sandbox/pay_code.svg", .serve = picture_serve,
          .content_type = "image/svg+xml", .summary = "A pay code as bars or as QR." },
    };
    for (size_t i = 0; i < SANDBOX_PAGE_COUNT; i++) {
        to[i] = pages[i];
        to[i].method = "GET";
        to[i].callers = CALLER_BIT(none);
        to[i].context = sandbox;
        to[i].unlisted = true;
    }
}
