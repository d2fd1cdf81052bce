/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "base/civil.h"
#include "doors/alipay/v3_sign.h"

#define SCHEME "ALIPAY-SHA256withRSA "
#define NOW_US (INT64_C(1795346567503) * 1000)

static struct arena arena;

static int arena_open(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024, 1024 * 1024);
    return 0;
}

static int arena_close(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void span_is(struct span got, const char *wanted)
{
    char text[512];
    assert_true(span_copy(got, text, sizeof(text)));
    assert_string_equal(text, wanted);
}

static void the_header_is_taken_apart(void **state)
{
    static const struct {
        const char *header, *auth_string, *sign, *nonce, *cert_sn;
        int64_t expires_in_us;
    } cases[] = {
        { SCHEME "app_id=1,nonce=n,timestamp=5,sign=YQ==", "app_id=1,nonce=n,timestamp=5", "YQ==", "n", "",
          V3_WINDOW_US },
        { SCHEME "app_id=1,timestamp=5,nonce=n,expired_seconds=120,sign=YQ==",
          "app_id=1,timestamp=5,nonce=n,expired_seconds=120", "YQ==", "n", "", 120 * US_PER_SECOND },
        { SCHEME "app_id=1,app_cert_sn=ab,nonce=n,timestamp=5,sign=x",
          "app_id=1,app_cert_sn=ab,nonce=n,timestamp=5", "x", "n", "ab", V3_WINDOW_US },
        { SCHEME " app_id=1, nonce = n ,timestamp=5,more,x=,sign=a,sign=b",
          "app_id=1, nonce = n ,timestamp=5,more,x=,sign=a", "b", "n", "", V3_WINDOW_US },
        { "alipay-sha256WithRsa app_id=1,nonce=a=b,timestamp=5,expired_seconds=99999,sign=b \r\n",
          "app_id=1,nonce=a=b,timestamp=5,expired_seconds=99999", "b", "a=b", "", V3_WINDOW_US },
        { SCHEME "app_id=1,nonce=n,timestamp=5,expired_seconds=-1,sign=b",
          "app_id=1,nonce=n,timestamp=5,expired_seconds=-1", "b", "n", "", V3_WINDOW_US },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct v3_authorization authorization;
        assert_int_equal(v3_authorization_read(span_of(cases[i].header), &authorization), V3_ok);
        span_is(authorization.auth_string, cases[i].auth_string);
        span_is(authorization.sign, cases[i].sign);
        span_is(authorization.app_id, "1");
        span_is(authorization.nonce, cases[i].nonce);
        assert_int_equal(authorization.app_cert_sn.size, strlen(cases[i].cert_sn));
        assert_int_equal(authorization.at_us, 5000);
        assert_int_equal(authorization.expires_in_us, cases[i].expires_in_us);
    }
}

static void what_is_missing_is_named(void **state)
{
    static const struct {
        const char *header;
        enum v3_error error;
        const char *code;
    } cases[] = {
        { "", V3_missing, "missing-timestamp" },
        { "  ", V3_missing, "missing-timestamp" },
        { "Bearer ot_abc", V3_bad_scheme, "invalid-signature-type" },
        { "ALIPAY-SHA256withRSA", V3_bad_scheme, "invalid-signature-type" },
        { "ALIPAY-SHA256withRSAapp_id=1,sign=x", V3_bad_scheme, "invalid-signature-type" },
        { "ALIPAY-SHA1withRSA app_id=1,sign=x", V3_bad_scheme, "invalid-signature-type" },
        { SCHEME "app_id=1,nonce=n,timestamp=5", V3_no_sign, "missing-signature" },
        { SCHEME "app_id=1,nonce=n,timestamp=5,sign=", V3_no_sign, "missing-signature" },
        { SCHEME "sign=x", V3_no_sign, "missing-signature" },
        { SCHEME "nonce=n,timestamp=5,sign=x", V3_no_app_id, "missing-app-id" },
        { SCHEME ",sign=x", V3_no_app_id, "missing-app-id" },
        { SCHEME "app_id=,nonce=n,timestamp=5,sign=x", V3_no_app_id, "missing-app-id" },
        { SCHEME "app_id=1,nonce=n,sign=x", V3_no_timestamp, "missing-timestamp" },
        { SCHEME "app_id=1,nonce=n,timestamp=now,sign=x", V3_bad_timestamp, "invalid-timestamp" },
        { SCHEME "app_id=1,nonce=n,timestamp=-5,sign=x", V3_bad_timestamp, "invalid-timestamp" },
        { SCHEME "app_id=1,nonce=n,timestamp=253402300800000,sign=x", V3_bad_timestamp, "invalid-timestamp" },
        { SCHEME "app_id=1,nonce=n,timestamp=99999999999999999999,sign=x", V3_bad_timestamp,
          "invalid-timestamp" },
        { SCHEME "app_id=1,timestamp=5,sign=x", V3_no_nonce, "invalid-parameter" },
        { SCHEME "app_id=1,app_id=2,nonce=n,timestamp=5,sign=x", V3_bad_form, "invalid-signature" },
        { SCHEME "app_id=1,nonce=n,nonce=n,timestamp=5,sign=x", V3_bad_form, "invalid-signature" },
        { SCHEME "app_id=1,nonce=n,timestamp=5,timestamp=6,sign=x", V3_bad_form, "invalid-signature" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct v3_authorization authorization;
        assert_int_equal(v3_authorization_read(span_of(cases[i].header), &authorization), cases[i].error);
        assert_string_equal(v3_error_code(cases[i].error), cases[i].code);
        assert_true(strlen(v3_error_text(cases[i].error)) > 10);
    }
}

static void long_headers_and_nonces_are_refused(void **state)
{
    char header[V3_AUTHORIZATION_SIZE_MAX + 64];
    struct v3_authorization authorization;
    (void)state;
    for (int size = V3_NONCE_SIZE_MAX; size <= V3_NONCE_SIZE_MAX + 1; size++) {
        (void)snprintf(header, sizeof(header), SCHEME "app_id=1,timestamp=5,nonce=%0*d,sign=x", size, 0);
        assert_int_equal(v3_authorization_read(span_of(header), &authorization),
                         size == V3_NONCE_SIZE_MAX ? V3_ok : V3_bad_nonce);
    }
    (void)snprintf(header, sizeof(header), SCHEME "app_id=1,timestamp=5,nonce=n,x=%0*d,sign=x", 4100, 0);
    assert_int_equal(v3_authorization_read(span_of(header), &authorization), V3_bad_form);
}

static void a_timestamp_is_near_the_clock(void **state)
{
    static const struct {
        int64_t off_us, expires_in_us;
        bool fresh;
    } cases[] = {
        { 0, V3_WINDOW_US, true },
        { -V3_WINDOW_US, V3_WINDOW_US, true },
        { -V3_WINDOW_US - 1, V3_WINDOW_US, false },
        { V3_WINDOW_US, V3_WINDOW_US, true },
        { V3_WINDOW_US + 1, V3_WINDOW_US, false },
        { -121 * US_PER_SECOND, 120 * US_PER_SECOND, false },
        { -120 * US_PER_SECOND, 120 * US_PER_SECOND, true },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct v3_authorization authorization = { .at_us = NOW_US + cases[i].off_us,
                                                  .expires_in_us = cases[i].expires_in_us };
        assert_int_equal(v3_timestamp_fresh(&authorization, NOW_US), cases[i].fresh);
    }
}

static void every_line_has_its_end(void **state)
{
    struct v3_request request = { SPAN("auth"), SPAN("GET"), SPAN("/v3/x?a=%20+"), { NULL, 0 }, { NULL, 0 } };
    struct arena small;
    (void)state;
    span_is(v3_request_text(&request, &arena), "auth\nGET\n/v3/x?a=%20+\n\n");
    request.app_auth_token = SPAN("token");
    request.body = SPAN("{}\n");
    span_is(v3_request_text(&request, &arena), "auth\nGET\n/v3/x?a=%20+\n{}\n\ntoken\n");
    request.app_auth_token = SPAN(""); /* the header is there, and empty */
    span_is(v3_request_text(&request, &arena), "auth\nGET\n/v3/x?a=%20+\n{}\n\n\n");
    span_is(v3_answer_text(SPAN("1"), SPAN("n"), SPAN("{}"), &arena), "1\nn\n{}\n");
    arena_init(&small, 16, 16);
    assert_null(v3_request_text(&request, &small).bytes);
    arena_release(&small);
}

/* ---- nonces ---- */

static enum v3_nonce use(struct v3_nonces *nonces, int64_t number, int64_t now_us)
{
    char nonce[32];
    int size = snprintf(nonce, sizeof(nonce), "%lld", (long long)number);
    return v3_nonces_use(nonces, SPAN("app"), (struct span){ nonce, (size_t)size }, now_us);
}

static void a_nonce_is_used_once_by_each_app(void **state)
{
    struct v3_nonces *nonces = v3_nonces_open(100);
    (void)state;
    assert_int_equal(v3_nonces_use(nonces, SPAN("a"), SPAN("n"), NOW_US), V3_NONCE_fresh);
    assert_int_equal(v3_nonces_use(nonces, SPAN("a"), SPAN("n"), NOW_US), V3_NONCE_used);
    assert_int_equal(v3_nonces_use(nonces, SPAN("b"), SPAN("n"), NOW_US), V3_NONCE_fresh);
    assert_int_equal(v3_nonces_use(nonces, SPAN("n"), SPAN("a"), NOW_US), V3_NONCE_fresh);
    assert_int_equal(v3_nonces_use(nonces, SPAN("a"), SPAN("n"), NOW_US + V3_NONCE_KEPT_US), V3_NONCE_used);
    assert_int_equal(v3_nonces_use(nonces, SPAN("a"), SPAN("n"), NOW_US + V3_NONCE_KEPT_US + 1),
                     V3_NONCE_fresh);
    v3_nonces_close(nonces);
}

static void memory_is_bounded_and_comes_back(void **state)
{
    struct v3_nonces *nonces = v3_nonces_open(5000);
    (void)state;
    for (int round = 0; round < 3; round++) {
        int64_t now_us = NOW_US + round * 2 * V3_NONCE_KEPT_US;
        for (int64_t i = 0; i < 5000; i++) {
            assert_int_equal(use(nonces, i, now_us), V3_NONCE_fresh);
        }
        for (int64_t i = 0; i < 5000; i += 7) {
            assert_int_equal(use(nonces, i, now_us), V3_NONCE_used);
        }
        assert_int_equal(use(nonces, 5000, now_us), V3_NONCE_full);
    }
    v3_nonces_close(nonces);
}

/* One nonce a millisecond for hours: each is known exactly as long as it should be. */
static void nonces_leave_in_the_order_they_came(void **state)
{
    const int64_t step_us = V3_NONCE_KEPT_US / 3000;
    struct v3_nonces *nonces = v3_nonces_open(4000);
    (void)state;
    for (int64_t i = 0; i < 60000; i++) {
        int64_t now_us = NOW_US + i * step_us;
        assert_int_equal(use(nonces, i, now_us), V3_NONCE_fresh);
        if (i >= 3000) {
            assert_int_equal(use(nonces, i - 3000, now_us), V3_NONCE_used);
            assert_int_equal(use(nonces, i - 1 - i % 2999, now_us), V3_NONCE_used);
        }
        if (i > 3000 && i % 1000 == 0) { /* forgotten, so it may come again, under another number */
            assert_int_equal(use(nonces, i - 3001, now_us), V3_NONCE_fresh);
        }
    }
    v3_nonces_close(nonces);
}

struct contest {
    struct v3_nonces *nonces;
    int won;
};

static void *contend(void *context)
{
    struct contest *contest = context;
    for (int64_t i = 0; i < 3000; i++) {
        contest->won += use(contest->nonces, i, NOW_US) == V3_NONCE_fresh;
    }
    return NULL;
}

static void of_several_threads_one_is_first(void **state)
{
    struct v3_nonces *nonces = v3_nonces_open(V3_NONCES_MAX);
    struct contest contests[4];
    pthread_t threads[COUNT_OF(contests)];
    int won = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(contests); i++) {
        contests[i] = (struct contest){ nonces, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, contend, &contests[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(contests); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        won += contests[i].won;
    }
    assert_int_equal(won, 3000);
    v3_nonces_close(nonces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_taken_apart),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(long_headers_and_nonces_are_refused),
        cmocka_unit_test(a_timestamp_is_near_the_clock),
        cmocka_unit_test(every_line_has_its_end),
        cmocka_unit_test(a_nonce_is_used_once_by_each_app),
        cmocka_unit_test(memory_is_bounded_and_comes_back),
        cmocka_unit_test(nonces_leave_in_the_order_they_came),
        cmocka_unit_test(of_several_threads_one_is_first),
    };
    return cmocka_run_group_tests(tests, arena_open, arena_close);
}
