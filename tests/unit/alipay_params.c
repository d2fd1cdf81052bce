/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "doors/alipay/form_text.h"
#include "doors/alipay/multipart.h"
#include "doors/alipay/params.h"

#define FORM SPAN("application/x-www-form-urlencoded;charset=UTF-8")
#define TEXT_MAX 60000

static struct arena arena;
static struct alipay_key key, other_key;

static int keys_open(void **state)
{
    (void)state;
    arena_init(&arena, 1024 * 1024, 256 * 1024 * 1024);
    alipay_keypair_make(2048, &key);
    alipay_keypair_make(2048, &other_key);
    return 0;
}

static int keys_close(void **state)
{
    (void)state;
    alipay_key_release(&key);
    alipay_key_release(&other_key);
    arena_release(&arena);
    return 0;
}

static int arena_empty(void **state)
{
    (void)state;
    arena_rewind(&arena);
    return 0;
}

static void span_is(struct span got, const char *wanted)
{
    char text[512];
    assert_non_null(got.bytes);
    assert_true(span_copy(got, text, sizeof(text)));
    assert_string_equal(text, wanted);
}

static struct alipay_params read_both(const char *query, const char *body, enum alipay_params_error wanted)
{
    struct alipay_params params;
    alipay_params_init(&params, &arena);
    enum alipay_params_error error = alipay_params_query(&params, span_of(query));
    if (error == ALIPAY_PARAMS_ok) {
        error = alipay_params_body(&params, FORM, span_of(body));
    }
    assert_int_equal(error, wanted);
    return params;
}

static struct span canonical(const struct alipay_params *params, enum alipay_signed as, bool with_empty)
{
    return alipay_canonical_text(params, (struct alipay_canonical){ as, with_empty });
}

static void query_and_body_are_one_list(void **state)
{
    (void)state;
    struct alipay_params params = read_both("method=m&app_id=1&charset=utf-8&sign=xx&sign_type=RSA2",
                                            "biz_content=%7B%22a%22%3A+1%7D&charset=utf-8", ALIPAY_PARAMS_ok);
    span_is(canonical(&params, ALIPAY_SIGNED_request, false),
            "app_id=1&biz_content={\"a\": 1}&charset=utf-8&method=m&sign_type=RSA2");
    span_is(canonical(&params, ALIPAY_SIGNED_notice, false),
            "app_id=1&biz_content={\"a\": 1}&charset=utf-8&method=m");
    span_is(alipay_param_value(&params, "sign"), "xx");
    assert_null(alipay_param_value(&params, "nothing").bytes);
    assert_int_equal(params.count, 6);
}

static void names_are_sorted_by_their_bytes(void **state)
{
    (void)state;
    struct alipay_params params =
        read_both("b=1&a=2&B=3&ab=4&a%00b=5&%E4%B8%AD=6&_=7&a1=8", "", ALIPAY_PARAMS_ok);
    struct span text = canonical(&params, ALIPAY_SIGNED_request, false);
    static const char wanted[] = "B=3&_=7&a=2&a\0b=5&a1=8&ab=4&b=1&\xE4\xB8\xAD=6";
    assert_int_equal(text.size, sizeof(wanted) - 1);
    assert_memory_equal(text.bytes, wanted, sizeof(wanted) - 1);
}

static void odd_spellings_are_read_as_they_stand(void **state)
{
    static const struct {
        const char *form, *value;
    } cases[] = {
        { "v=", "" },         { "v", "" },          { "v==", "=" },
        { "v=a=b", "a=b" },   { "&&v=1&&", "1" },   { "=x&v=1&=", "1" },
        { "v=%", "%" },       { "v=%4", "%4" },     { "v=%zz", "%zz" },
        { "v=%4g", "%4g" },   { "v=%41%", "A%" },   { "v=+%2B+", " + " },
        { "v=%2b%2B", "++" }, { "%76=1", "1" },     { "v=1;w=2", "1;w=2" },
        { "v=%26%3D", "&=" }, { "v=a b", "a b" },   { "v=%c3%28", "\xC3(" },
        { "v=1&v=1", "1" },   { "v=1&v=%31", "1" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct alipay_params params = read_both(cases[i].form, "", ALIPAY_PARAMS_ok);
        span_is(alipay_param_value(&params, "v"), cases[i].value);
        assert_int_equal(params.count, 1);
    }
}

static void two_values_are_refused_where_they_cannot_be(void **state)
{
    (void)state;
    (void)read_both("a=1&a=2", "", ALIPAY_PARAMS_repeated);
    (void)read_both("", "a=1&b=2&a=", ALIPAY_PARAMS_repeated);
    (void)read_both("a=1", "a=1&a=2", ALIPAY_PARAMS_repeated);
    (void)read_both("a=1", "a=2&a=1", ALIPAY_PARAMS_repeated);
    static const char *const certain[] = { "app_id", "method", "sign", "sign_type", "app_cert_sn" };
    for (size_t i = 0; i < COUNT_OF(certain); i++) {
        char one[64], two[64];
        (void)snprintf(one, sizeof(one), "%s=1", certain[i]);
        (void)snprintf(two, sizeof(two), "x=1&%s=2", certain[i]);
        (void)read_both(one, one, ALIPAY_PARAMS_ok);
        (void)read_both(one, two, ALIPAY_PARAMS_repeated);
    }
}

static void limits_hold(void **state)
{
    char text[TEXT_MAX];
    size_t size = 0;
    (void)state;
    for (int i = 0; i < ALIPAY_PARAMS_MAX; i++) {
        size += (size_t)snprintf(text + size, sizeof(text) - size, "p%d=%d&", i, i);
    }
    (void)read_both(text, "", ALIPAY_PARAMS_ok);
    (void)read_both(text, "p0=0&p63=63", ALIPAY_PARAMS_ok);
    (void)read_both(text, "one=more", ALIPAY_PARAMS_too_many);
    (void)read_both(text, "p0=other", ALIPAY_PARAMS_too_many);
    memset(text, 'n', ALIPAY_NAME_SIZE_MAX + 1);
    (void)snprintf(text + ALIPAY_NAME_SIZE_MAX, 8, "=1");
    (void)read_both(text, "", ALIPAY_PARAMS_ok);
    (void)snprintf(text + ALIPAY_NAME_SIZE_MAX, 8, "n=1");
    (void)read_both(text, "", ALIPAY_PARAMS_too_large);

    struct arena small;
    struct alipay_params params;
    arena_init(&small, 64, 64);
    alipay_params_init(&params, &small);
    memset(text, '+', 100);
    text[0] = 'v';
    text[1] = '=';
    assert_int_equal(alipay_params_query(&params, (struct span){ text, 100 }), ALIPAY_PARAMS_too_large);
    arena_release(&small);
}

static void content_types_are_told_apart(void **state)
{
    struct alipay_params params;
    (void)state;
    alipay_params_init(&params, &arena);
    assert_int_equal(alipay_params_body(&params, SPAN(""), SPAN("a=1")), ALIPAY_PARAMS_ok);
    assert_int_equal(
        alipay_params_body(&params, SPAN("APPLICATION/X-WWW-FORM-URLENCODED ; x=y"), SPAN("b=1")),
        ALIPAY_PARAMS_ok);
    assert_int_equal(alipay_params_body(&params, SPAN("application/json"), SPAN("")), ALIPAY_PARAMS_ok);
    assert_int_equal(alipay_params_body(&params, SPAN("application/json"), SPAN("{}")),
                     ALIPAY_PARAMS_unknown_form);
    assert_int_equal(alipay_params_body(&params, SPAN("multipart/form-data"), SPAN("x")),
                     ALIPAY_PARAMS_bad_form);
    assert_int_equal(params.count, 2);
}

/* ---- multipart ---- */

#define PART "multipart/form-data; charset=utf-8; boundary=\"a b\""

static enum alipay_params_error multipart(struct alipay_params *params, const char *body)
{
    alipay_params_init(params, &arena);
    return alipay_params_body(params, SPAN(PART), span_of(body));
}

static void parts_are_split(void **state)
{
    struct alipay_params params;
    (void)state;
    assert_int_equal(multipart(&params,
                               "preamble\r\n--a b  \r\n"
                               "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n"
                               "--a b\r\ncontent-disposition:form-data;name=bare \r\nX-Other: 1\r\n\r\n"
                               "line\r\n--a \r\n-- b\r\n\r\n--a b\r\n"
                               "Content-Disposition: form-data; name=\"f\"; filename=\"a\\\";b.jpg\"\r\n"
                               "Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n"
                               "\r\n--a\r\n--a b--\r\nepilogue"),
                     ALIPAY_PARAMS_ok);
    span_is(alipay_param_value(&params, "empty"), "");
    span_is(alipay_param_value(&params, "bare"), "line\r\n--a \r\n-- b\r\n");
    const struct alipay_file *file = alipay_param_file(&params, "f");
    assert_non_null(file);
    span_is(file->file_name, "a\\\";b.jpg");
    span_is(file->content_type, "image/png");
    span_is(file->content, "\r\n--a");
    assert_int_equal(params.count, 2);
}

#define NAMED(name) "--a b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n1\r\n"

static void malformed_bodies_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "--a b",
        "--a b\r\n",
        "--a b-",
        "--b\r\n\r\n--b--",
        NAMED("a"),
        NAMED("a") "--a b",
        "--a b\r\n\r\n1\r\n--a b--",                                   /* no headers */
        "--a b\r\nContent-Type: x\r\n\r\n1\r\n--a b--",                /* no name */
        "--a b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--a b--", /* no name */
        "--a b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--a b--",
        "--a b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--a b--",
        "--a b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n--a b--",
        "--a b\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; "
        "name=b\r\n\r\n1\r\n--a b--",
        "--a b\r\nno colon\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--a b--",
        "--a b\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: "
        "base64\r\n\r\n1\r\n--a b--",
        "--a bx\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--a b--",
    };
    struct alipay_params params;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (multipart(&params, cases[i]) != ALIPAY_PARAMS_bad_form) {
            print_error("case %zu was taken\n", i);
        }
        assert_int_equal(multipart(&params, cases[i]), ALIPAY_PARAMS_bad_form);
    }
    assert_int_equal(multipart(&params, NAMED("a") NAMED("a") "--a b--"), ALIPAY_PARAMS_ok);
    assert_int_equal(multipart(&params, NAMED("a") NAMED("b") "--a b--\r\n"), ALIPAY_PARAMS_ok);
    assert_false(multipart_is(SPAN("multipart/form-datas; boundary=a")));
    assert_true(multipart_is(SPAN("Multipart/Form-Data")));
}

/* ---- signatures ---- */

static void a_signature_fixes_what_was_doubted(void **state)
{
    struct span expected;
    (void)state;
    for (int signed_by_query = 0; signed_by_query < 2; signed_by_query++) {
        struct alipay_params signer;
        alipay_params_init(&signer, &arena);
        assert_int_equal(
            alipay_params_add(&signer, SPAN("charset"), signed_by_query ? SPAN("utf-8") : SPAN("UTF-8")),
            ALIPAY_PARAMS_ok);
        assert_int_equal(
            alipay_params_add(&signer, SPAN("biz_content"), signed_by_query ? SPAN("{1}") : SPAN("{2}")),
            ALIPAY_PARAMS_ok);
        assert_true(alipay_params_sign(&signer, &key, ALIPAY_RSA2, ALIPAY_SIGNED_request));
        char body[1024];
        struct span sign = alipay_param_value(&signer, "sign");
        int size = snprintf(body, sizeof(body), "charset=UTF-8&biz_content={2}&sign=");
        size += (int)form_encode(sign, body + size);
        body[size] = '\0';
        struct alipay_params params = read_both("charset=utf-8&biz_content={1}", body, ALIPAY_PARAMS_ok);
        span_is(alipay_param_value(&params, "biz_content"), "{2}"); /* nobody knows yet: the body's */
        assert_false(alipay_params_verify(&params, &other_key, ALIPAY_RSA2, &expected));
        assert_true(alipay_params_verify(&params, &key, ALIPAY_RSA2, &expected));
        span_is(alipay_param_value(&params, "biz_content"), signed_by_query ? "{1}" : "{2}");
        span_is(alipay_param_value(&params, "charset"), signed_by_query ? "utf-8" : "UTF-8");
    }
}

static void one_place_is_signed_as_a_whole(void **state)
{
    struct span expected;
    struct alipay_params signer;
    char body[1024];
    (void)state;
    /* Signed with the query's charset and the body's content: no client does that, and it is not taken. */
    alipay_params_init(&signer, &arena);
    assert_int_equal(alipay_params_add(&signer, SPAN("charset"), SPAN("utf-8")), ALIPAY_PARAMS_ok);
    assert_int_equal(alipay_params_add(&signer, SPAN("biz_content"), SPAN("{2}")), ALIPAY_PARAMS_ok);
    assert_true(alipay_params_sign(&signer, &key, ALIPAY_RSA2, ALIPAY_SIGNED_request));
    int size = snprintf(body, sizeof(body), "charset=UTF-8&biz_content={2}&sign=");
    size += (int)form_encode(alipay_param_value(&signer, "sign"), body + size);
    body[size] = '\0';
    struct alipay_params params = read_both("charset=utf-8&biz_content={1}", body, ALIPAY_PARAMS_ok);
    assert_false(alipay_params_verify(&params, &key, ALIPAY_RSA2, &expected));
    span_is(expected, "biz_content={2}&charset=UTF-8");
}

static void empty_values_may_be_signed_or_not(void **state)
{
    static const char *const texts[] = { "a=1&c=3", "a=1&b=&c=3&d=" };
    char signature[ALIPAY_SIGNATURE_TEXT_SIZE], body[1024];
    struct span expected;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        for (int digest = 0; digest < ALIPAY_DIGEST_COUNT; digest++) {
            size_t size = alipay_sign(&key, (enum alipay_digest)digest, span_of(texts[i]), signature);
            size_t at = form_encode((struct span){ signature, size }, body);
            body[at] = '\0';
            char query[2048];
            (void)snprintf(query, sizeof(query), "c=3&d&b=&a=1&sign=%s", body);
            struct alipay_params params = read_both(query, "", ALIPAY_PARAMS_ok);
            assert_true(alipay_params_verify(&params, &key, (enum alipay_digest)digest, &expected));
            span_is(expected, "a=1&c=3");
            assert_false(alipay_params_verify(&params, &key, (enum alipay_digest) !digest, &expected));
            assert_false(alipay_params_verify(&params, &other_key, (enum alipay_digest)digest, &expected));
        }
    }
    struct alipay_params params = read_both("a=1&b=&sign=", "", ALIPAY_PARAMS_ok);
    assert_false(alipay_params_verify(&params, &key, ALIPAY_RSA2, &expected));
    params = read_both("a=1", "", ALIPAY_PARAMS_ok);
    assert_false(alipay_params_verify(&params, &key, ALIPAY_RSA2, &expected));
}

/* ---- any request, against a second way to build the text ---- */

#define PAIRS_MAX 12

struct pair {
    char name[16], value[48];
    size_t name_size, value_size;
};

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static int pair_order(const void *a, const void *b)
{
    const struct pair *one = a, *two = b;
    for (size_t i = 0; i < one->name_size && i < two->name_size; i++) {
        if (one->name[i] != two->name[i]) {
            return (uint8_t)one->name[i] < (uint8_t)two->name[i] ? -1 : 1;
        }
    }
    return one->name_size < two->name_size ? -1 : one->name_size > two->name_size;
}

/* Distinct names; some values empty, of any byte. */
static size_t pairs_draw(struct pair pairs[PAIRS_MAX])
{
    size_t count = 1 + draw(PAIRS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct pair *pair = &pairs[i];
        pair->name_size = 0;
        for (uint32_t left = 1 + draw(4); left > 0; left--) {
            pair->name[pair->name_size++] = (char)(draw(4) == 0 ? draw(256) : 'a' + draw(3));
        }
        pair->name[pair->name_size++] = (char)(0x80 + i); /* distinct */
        pair->value_size = draw(3) == 0 ? 0 : draw(40);
        for (size_t at = 0; at < pair->value_size; at++) {
            pair->value[at] = draw(3) == 0 ? (char)draw(256) : "=&%+ {}\"a1"[draw(10)];
        }
    }
    return count;
}

/* One of the many ways to spell a text in a form. */
static size_t spell(const char *text, size_t size, char *to)
{
    static const char digits[2][17] = { "0123456789abcdef", "0123456789ABCDEF" };
    size_t at = 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)text[i];
        bool must = byte == '&' || byte == '=' || byte == '%' || byte == '+';
        if (byte == ' ' && draw(2) == 0) {
            to[at++] = '+';
        } else if (must || draw(3) == 0) {
            const char *hex = digits[draw(2)];
            to[at++] = '%';
            to[at++] = hex[byte >> 4];
            to[at++] = hex[byte & 15];
        } else {
            to[at++] = (char)byte;
        }
    }
    return at;
}

static size_t pair_spell(const struct pair *pair, char *to)
{
    size_t at = spell(pair->name, pair->name_size, to);
    if (pair->value_size > 0 || draw(2) == 0) {
        to[at++] = '=';
    }
    at += spell(pair->value, pair->value_size, to + at);
    to[at++] = '&';
    return at;
}

static void every_spelling_gives_one_text(void **state)
{
    char query[TEXT_MAX], body[TEXT_MAX], wanted[TEXT_MAX];
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct pair pairs[PAIRS_MAX];
        struct alipay_params params;
        size_t query_size = 0, body_size = 0, wanted_size = 0;
        seed = (uint64_t)round * 0x9E3779B97F4A7C15u + 1;
        size_t count = pairs_draw(pairs);
        bool with_empty = draw(2) == 0;
        for (size_t i = 0; i < count; i++) {
            for (uint32_t times = 1 + (draw(4) == 0); times > 0;
                 times--) { /* the same again changes nothing */
                uint32_t where = draw(3);
                if (where != 0) {
                    query_size += pair_spell(&pairs[i], query + query_size);
                }
                if (where != 1) {
                    body_size += pair_spell(&pairs[i], body + body_size);
                }
            }
        }
        qsort(pairs, count, sizeof(pairs[0]), pair_order);
        for (size_t i = 0; i < count; i++) {
            if (pairs[i].value_size == 0 && !with_empty) {
                continue;
            }
            if (wanted_size > 0) {
                wanted[wanted_size++] = '&';
            }
            memcpy(wanted + wanted_size, pairs[i].name, pairs[i].name_size);
            wanted_size += pairs[i].name_size;
            wanted[wanted_size++] = '=';
            memcpy(wanted + wanted_size, pairs[i].value, pairs[i].value_size);
            wanted_size += pairs[i].value_size;
        }
        arena_rewind(&arena);
        alipay_params_init(&params, &arena);
        assert_int_equal(alipay_params_query(&params, (struct span){ query, query_size }), ALIPAY_PARAMS_ok);
        assert_int_equal(alipay_params_body(&params, FORM, (struct span){ body, body_size }),
                         ALIPAY_PARAMS_ok);
        assert_int_equal(params.count, count);
        struct span text = canonical(&params, ALIPAY_SIGNED_request, with_empty);
        assert_int_equal(text.size, wanted_size);
        assert_memory_equal(text.bytes, wanted, wanted_size);

        struct alipay_params again;
        struct span form = alipay_params_write(&params);
        alipay_params_init(&again, &arena);
        assert_int_equal(alipay_params_body(&again, FORM, form), ALIPAY_PARAMS_ok);
        struct span same = canonical(&again, ALIPAY_SIGNED_request, with_empty);
        assert_true(span_equal(same, text));
    }
}

static void a_notice_is_signed_as_receivers_check_it(void **state)
{
    (void)state;
    for (int digest = 0; digest < ALIPAY_DIGEST_COUNT; digest++) {
        struct alipay_params notice, received;
        alipay_params_init(&notice, &arena);
        assert_int_equal(alipay_params_add(&notice, SPAN("subject"), SPAN("A+B & \"c\" %20")),
                         ALIPAY_PARAMS_ok);
        assert_int_equal(alipay_params_add(&notice, SPAN("body"), SPAN("")), ALIPAY_PARAMS_ok);
        struct span sign_type = alipay_digest_name((enum alipay_digest)digest);
        assert_int_equal(alipay_params_add(&notice, SPAN("sign_type"), sign_type), ALIPAY_PARAMS_ok);
        assert_int_equal(alipay_params_add(&notice, SPAN("subject"), SPAN("again")), ALIPAY_PARAMS_repeated);
        assert_int_equal(notice.count, 2); /* nothing empty is sent */
        assert_true(alipay_params_sign(&notice, &key, (enum alipay_digest)digest, ALIPAY_SIGNED_notice));
        struct span form = alipay_params_write(&notice);
        alipay_params_init(&received, &arena);
        assert_int_equal(alipay_params_body(&received, FORM, form), ALIPAY_PARAMS_ok);
        assert_true(alipay_notice_verify(&received, &key));
        assert_false(alipay_notice_verify(&received, &other_key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(query_and_body_are_one_list, arena_empty),
        cmocka_unit_test_setup(names_are_sorted_by_their_bytes, arena_empty),
        cmocka_unit_test_setup(odd_spellings_are_read_as_they_stand, arena_empty),
        cmocka_unit_test_setup(two_values_are_refused_where_they_cannot_be, arena_empty),
        cmocka_unit_test_setup(limits_hold, arena_empty),
        cmocka_unit_test_setup(content_types_are_told_apart, arena_empty),
        cmocka_unit_test_setup(parts_are_split, arena_empty),
        cmocka_unit_test_setup(malformed_bodies_are_refused, arena_empty),
        cmocka_unit_test_setup(a_signature_fixes_what_was_doubted, arena_empty),
        cmocka_unit_test_setup(one_place_is_signed_as_a_whole, arena_empty),
        cmocka_unit_test_setup(empty_values_may_be_signed_or_not, arena_empty),
        cmocka_unit_test_setup(every_spelling_gives_one_text, arena_empty),
        cmocka_unit_test_setup(a_notice_is_signed_as_receivers_check_it, arena_empty),
    };
    return cmocka_run_group_tests(tests, keys_open, keys_close);
}
