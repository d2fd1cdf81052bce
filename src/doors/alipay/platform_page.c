/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/platform_page.h"

#include <pthread.h>
#include <stdio.h>

#include "base/json_out.h"
#include "doors/alipay/certificate.h"
#include "doors/alipay/platform.h"
#include "doors/rest/page_problem.h"

#define DOCUMENT_SIZE_MAX 24576

struct wait {
    struct http_request *http;
    struct platform *platform;
    const struct platform_keys *keys; /* NULL: there are none */
    char error[256];
};

static void text_member(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, span_of(text));
}

/* On the server's thread. */
static void keys_answer(struct http_request *http)
{
    static const struct http_header headers[] = { { "Cache-Control", "no-cache" },
                                                  { "X-Content-Type-Options", "nosniff" } };
    const struct wait *wait = http->data;
    const struct platform_keys *keys = wait->keys;
    char *bytes = arena_try(http->arena, DOCUMENT_SIZE_MAX);
    struct json_out out;
    if (keys == NULL || bytes == NULL) {
        if (keys == NULL) {
            fprintf(stderr, "onetill: %s\n", wait->error);
        }
        page_busy_problem(http, "the platform's keys cannot be read now");
        return;
    }
    json_out_init(&out, bytes, DOCUMENT_SIZE_MAX);
    json_out_object(&out);
    text_member(&out, "alipay_public_key", keys->public_text);
    text_member(&out, "alipay_certificate", keys->certificate);
    text_member(&out, "alipay_root_certificate", keys->root_certificate);
    text_member(&out, "alipay_cert_sn", keys->cert_sn);
    text_member(&out, "alipay_root_cert_sn", keys->root_cert_sn);
    json_out_object_end(&out);
    http_answer(http, 200, "application/json", json_out_end(&out), headers, COUNT_OF(headers));
}

static void *keys_wait(void *context)
{
    struct wait *wait = context;
    wait->keys = platform_keys(wait->platform, wait->error, sizeof(wait->error));
    http_wake(wait->http);
    return NULL;
}

static void serve(void *context, struct http_request *http, const struct caller *caller, const struct span *params,
                  uint32_t param_count)
{
    struct wait *wait = arena_try(http->arena, sizeof(*wait));
    pthread_attr_t attributes;
    pthread_t thread;
    (void)caller;
    (void)params;
    (void)param_count;
    if (wait == NULL) {
        page_busy_problem(http, "there is no memory for the request now");
        return;
    }
    *wait = (struct wait){ .http = http, .platform = context };
    http->data = wait;
    http->finish = keys_answer;
    if (platform_ready(context)) {
        wait->keys = platform_keys(context, wait->error, sizeof(wait->error));
        keys_answer(http);
        return;
    }
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attributes, keys_wait, wait);
    (void)pthread_attr_destroy(&attributes);
    if (rc != 0) {
        page_busy_problem(http, "there is no thread for the request now");
    }
}

struct rest_page platform_page(struct platform *platform)
{
    return (struct rest_page){ .name = "platform_read",
                               .method = "GET",
                               .route = "/v1/alipay/platform",
                               .callers = CALLER_BIT(none),
                               .serve = serve,
                               .context = platform,
                               .content_type = "application/json",
                               .summary = "The platform's public key and certificates, for apps.",
                               .unlisted = true };
}
