/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts of the doors: routes, latencies, and the files of the pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "doors/metrics.h"
#include "doors/rest/router.h"
#include "doors/static.h"

static void paths_find_their_route(void **state)
{
    static char a, b, c, d, e, f;
    static const struct {
        const char *path;
        void *route;
        const char *first, *second;
    } cases[] = {
        { "/", &a, NULL, NULL },
        { "/v1/trades", &b, NULL, NULL },
        { "/v1/trades/77", &c, "77", NULL },
        { "/v1/trades/77/refunds/R%1", &d, "77", "R%1" },
        { "/v1/trades/search", &e, NULL, NULL },
        { "/v1/trades/", NULL, NULL, NULL },
        { "/v1//trades", NULL, NULL, NULL },
        { "/v1", NULL, NULL, NULL },
        { "v1/trades", NULL, NULL, NULL },
        { "", NULL, NULL, NULL },
        { "/v1/trades/77/refunds", NULL, NULL, NULL },
        { "/v1/trades/77/refunds/1/2", NULL, NULL, NULL },
        { "/v1/trades/search/refunds/1", NULL, NULL, NULL }, /* a literal is not taken back */
        { "/v1/TRADES", NULL, NULL, NULL },
        { "/v3/a", &f, "a", NULL },
        { "/v3/alipay/trade/pay", &f, "alipay/trade/pay", NULL },
        { "/v3/1/2/3/4/5/6/7/8/9/10/11/12/13/14", &f, "1/2/3/4/5/6/7/8/9/10/11/12/13/14", NULL },
        { "/v3//a", NULL, NULL, NULL },
        { "/v3", NULL, NULL, NULL },
        { "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15", NULL, NULL, NULL },
    };
    struct arena arena;
    struct router router;
    (void)state;
    arena_init(&arena, 64 * 1024, 4 * 1024 * 1024);
    router_init(&router, &arena);
    router_add(&router, HTTP_GET, "/", &a);
    router_add(&router, HTTP_GET, "/v1/trades", &b);
    router_add(&router, HTTP_GET, "/v1/trades/{trade_id}", &c);
    router_add(&router, HTTP_GET, "/v1/trades/{trade_id}/refunds/{out_request_no}", &d);
    router_add(&router, HTTP_GET, "/v1/trades/search", &e);
    router_add(&router, HTTP_GET, "/v3/{path...}", &f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct router_match match = router_find(&router, span_of(cases[i].path));
        void *route = match.node != NULL ? match.node->routes[HTTP_GET] : NULL;
        if (route != cases[i].route) {
            fail_msg("%s leads elsewhere", cases[i].path);
        }
        if (cases[i].first != NULL) {
            assert_true(span_equal(match.params[0], span_of(cases[i].first)));
            assert_int_equal(match.param_count, cases[i].second != NULL ? 2 : 1);
        }
        if (cases[i].second != NULL) {
            assert_true(span_equal(match.params[1], span_of(cases[i].second)));
        }
    }
    arena_release(&arena);
}

static void many_routes_stay_apart(void **state)
{
    static char routes[200], paths[200][32];
    struct arena arena;
    struct router router;
    (void)state;
    arena_init(&arena, 64 * 1024, 4 * 1024 * 1024);
    router_init(&router, &arena);
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        snprintf(paths[i], sizeof(paths[i]), "/v1/a%zu/b%zu", i / 10, i);
        router_add(&router, HTTP_POST, paths[i], &routes[i]);
    }
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        struct router_match match = router_find(&router, span_of(paths[i]));
        assert_non_null(match.node);
        assert_ptr_equal(match.node->routes[HTTP_POST], &routes[i]);
        assert_null(match.node->routes[HTTP_GET]);
    }
    arena_release(&arena);
}

static void quantiles_are_at_most_six_percent_high(void **state)
{
    static const char *const routes[] = { "pay", "refund" };
    static const char *const outcomes[] = { "ok", "refused" };
    struct metrics_settings settings = { routes, 2, outcomes, 2 };
    struct metrics *metrics = metrics_open(&settings);
    struct metrics_histogram histogram, earlier;
    (void)state;
    metrics_histogram(metrics, METRICS_ALL, &earlier);
    assert_int_equal(metrics_quantile_us(&earlier, 500), 0);
    for (int64_t us = 1; us <= 100000; us++) {
        metrics_add(metrics, 0, us % 10 == 0, us);
    }
    metrics_add(metrics, 1, 0, INT64_MAX);
    metrics_add(metrics, 1, 1, -1);
    metrics_histogram(metrics, 0, &histogram);
    assert_int_equal(histogram.count, 100000);
    assert_int_equal(histogram.max_us, 100000);
    assert_int_equal(histogram.sum_us, UINT64_C(5000050000));
    static const uint32_t per_mille[] = { 1, 10, 500, 900, 990, 999 };
    for (size_t i = 0; i < COUNT_OF(per_mille); i++) {
        uint64_t exact = per_mille[i] * 100, shown = metrics_quantile_us(&histogram, per_mille[i]);
        assert_in_range(shown, exact, exact + exact / 16);
    }
    assert_int_equal(metrics_quantile_us(&histogram, 1000), 100000);
    assert_int_equal(metrics_count(metrics, 0, 1), 10000);
    assert_int_equal(metrics_count(metrics, 0, 0), 90000);
    assert_int_equal(metrics_count(metrics, 1, 1), 1);
    metrics_histogram(metrics, METRICS_ALL, &histogram);
    assert_int_equal(histogram.count, 100001); /* the one without a latency is not among them */
    earlier = histogram;
    metrics_add(metrics, 0, 0, 42);
    metrics_histogram(metrics, METRICS_ALL, &histogram);
    metrics_histogram_since(&histogram, &earlier);
    assert_int_equal(histogram.count, 1);
    assert_in_range(metrics_quantile_us(&histogram, 500), 42, 44);
    metrics_close(metrics);
}

static void a_full_text_says_so(void **state)
{
    char bytes[64];
    struct metrics_text text = { .bytes = bytes, .capacity = sizeof(bytes) };
    (void)state;
    metrics_text_value(&text, "a", "gauge", "b", INT64_MIN);
    assert_false(text.failed);
    assert_memory_equal(bytes, "# HELP a b\n# TYPE a gauge\na -9223372036854775808\n", text.size);
    metrics_text_seconds(&text, "a", "gauge", "b", 1500000001);
    assert_true(text.failed);
}

static void files_are_found_by_address(void **state)
{
    static const char *const absent[] = { "",        "live",       "/live/../style.css", "/live",
                                          "/live//", "/README.md", "/live/index.html/",  "//",
                                          "/zzz",    "/a" };
    (void)state;
    assert_true(static_file_count > 0);
    for (size_t i = 0; i < static_file_count; i++) {
        const struct static_file *file = &static_files[i];
        assert_ptr_equal(static_find(span_of(file->path)), file);
        assert_true(file->size > 0);
        assert_int_equal(file->etag[0], '"');
        assert_int_equal(strlen(file->etag), 26);
    }
    const struct static_file *home = static_find(SPAN("/"));
    assert_non_null(home);
    assert_string_equal(home->path, "/live/index.html");
    assert_string_equal(home->content_type, "text/html; charset=utf-8");
    assert_ptr_equal(static_find(SPAN("/live/")), home);
    for (size_t i = 0; i < COUNT_OF(absent); i++) {
        assert_null(static_find(span_of(absent[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_their_route),
        cmocka_unit_test(many_routes_stay_apart),
        cmocka_unit_test(quantiles_are_at_most_six_percent_high),
        cmocka_unit_test(a_full_text_says_so),
        cmocka_unit_test(files_are_found_by_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
