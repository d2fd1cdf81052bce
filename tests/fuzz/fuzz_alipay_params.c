/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first line of the input is a query, the second a content type, the rest a body. What is read is written as
 * a form and read again: then it must be the same, and its canonical text too. Counts stay within their limits,
 * spans within the input or the arena, and an empty value never enters the text without being asked for.
 */
#include "doors/alipay/charset.h"
#include "doors/alipay/money_text.h"
#include "doors/alipay/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span text_of(const struct alipay_params *params, bool with_empty)
{
    struct alipay_canonical how = { ALIPAY_SIGNED_request, with_empty };
    struct span text = alipay_canonical_text(params, how);
    assert(text.bytes != NULL);
    return text;
}

/* Reads every byte, so that the sanitizer sees a span that reaches too far. */
static uint64_t touched(struct span text)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < text.size; i++) {
        sum += (uint8_t)text.bytes[i];
    }
    return sum;
}

/* Only the values that count, as one form. */
static struct span form_of(const struct alipay_params *params, struct alipay_params *plain)
{
    alipay_params_init(plain, params->arena);
    for (size_t i = 0; i < params->count; i++) {
        const struct alipay_param *param = &params->list[i];
        if (!param->doubted || param->place == params->preferred) {
            enum alipay_params_error error = alipay_params_add(plain, param->name, param->value);
            assert(error == ALIPAY_PARAMS_ok);
        }
    }
    struct span form = alipay_params_write(plain);
    assert(form.bytes != NULL);
    return form;
}

static void written_again(const struct alipay_params *params)
{
    struct alipay_params plain, again;
    struct span form = form_of(params, &plain);

    alipay_params_init(&again, params->arena);
    enum alipay_params_error error = alipay_params_query(&again, form);
    assert(error == ALIPAY_PARAMS_ok);
    assert(again.count == plain.count);
    struct span same = text_of(&again, false);
    assert(span_equal(same, text_of(params, false)));
}

static void values_try(const struct alipay_params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        const struct alipay_param *param = &params->list[i];
        struct span utf8;
        size_t broken_at;
        int64_t number;
        char spelling[TRADE_NO_SIZE];

        assert(param->name.size > 0);
        assert(param->name.size <= ALIPAY_NAME_SIZE_MAX);
        assert(touched(param->name) + touched(param->value) < UINT64_MAX);
        if (charset_decode(CHARSET_gbk, param->value, params->arena, &utf8, &broken_at) == CHARSET_ok) {
            assert(charset_decode(CHARSET_utf_8, utf8, params->arena, &utf8, &broken_at) == CHARSET_ok);
        }
        if (yuan_read(param->value, &number)) {
            assert(number >= 0);
        }
        if (trade_no_read(param->value, &number)) {
            size_t length = trade_no_write(number, spelling);
            assert(span_equal(param->value, (struct span){ spelling, length }));
        }
    }
    for (size_t i = 0; i < params->file_count; i++) {
        assert(touched(params->files[i].content) + touched(params->files[i].file_name) < UINT64_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = { (const char *)data, size };
    struct alipay_params params;
    struct arena arena;

    if (size > 65536) {
        return 0;
    }
    struct span query = span_cut(rest, '\n', &rest);
    struct span content_type = span_cut(rest, '\n', &rest);
    arena_init(&arena, 65536, 16 * 1024 * 1024);
    alipay_params_init(&params, &arena);
    enum alipay_params_error error = alipay_params_query(&params, query);
    if (error == ALIPAY_PARAMS_ok) {
        error = alipay_params_body(&params, content_type, rest);
    }
    assert(params.count <= ALIPAY_PARAMS_MAX);
    assert(params.file_count <= ALIPAY_FILES_MAX);
    if (error == ALIPAY_PARAMS_ok) {
        assert(text_of(&params, false).size <= text_of(&params, true).size);
        values_try(&params);
        written_again(&params);
        params.preferred = ALIPAY_query;
        written_again(&params);
    }
    arena_release(&arena);
    return 0;
}
