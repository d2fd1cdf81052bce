/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/result.h"

static const struct alipay_result_text texts[] = {
#define RESULT(name, code, sub_code, v3_status, text) { #name, code, sub_code, v3_status, text },
#include "doors/alipay/result.def"
#undef RESULT
};

static const struct {
    const char *method, *codes;
} documented[] = {
#define CODES(method, codes) { method, codes },
#include "doors/alipay/codes.def"
#undef CODES
};

const struct alipay_result_text *alipay_result_text(enum alipay_result result)
{
    assert(result < RESULT_count);
    return &texts[result];
}

const char *alipay_result_message(const char *code)
{
    static const struct {
        const char *code, *message;
    } messages[] = {
        { "10000", "Success" },
        { "10003", " order success pay inprocess" },
        { "20000", "Service Currently Unavailable" },
        { "20001", "Insufficient Token Permissions" },
        { "40001", "Missing Required Arguments" },
        { "40002", "Invalid Arguments" },
        { "40003", "Insufficient Conditions" },
        { "40004", "Business Failed" },
        { "40005", "Call Limited" },
        { "40006", "Insufficient Permissions" },
    };
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        if (strcmp(messages[i].code, code) == 0) {
            return messages[i].message;
        }
    }
    assert(!"a result has a code of the protocol");
    return "";
}

const char *alipay_result_v3_code(const char *sub_code)
{
    static const char *const prefixes[] = { "isv.", "isp.", "aop." };
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        if (strncmp(sub_code, prefixes[i], 4) == 0) {
            return sub_code + 4;
        }
    }
    return sub_code;
}

const char *alipay_codes_of(const char *method, size_t part)
{
    for (size_t i = 0; i < COUNT_OF(documented); i++) {
        if (strcmp(documented[i].method, method) == 0 && part-- == 0) {
            return documented[i].codes;
        }
    }
    return NULL;
}

enum alipay_result alipay_result_find(struct span sub_code)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (sub_code.size > 0 && span_equal(span_of(texts[i].sub_code), sub_code)) {
            return (enum alipay_result)i;
        }
    }
    return RESULT_none;
}

bool alipay_code_documented(const char *method, struct span sub_code)
{
    const char *codes;
    for (size_t part = 0; (codes = alipay_codes_of(method, part)) != NULL; part++) {
        struct span rest = span_of(codes);
        while (rest.size > 0) {
            if (span_equal(span_cut(rest, ' ', &rest), sub_code)) {
                return true;
            }
        }
    }
    enum alipay_result own = alipay_result_find(sub_code);
    return own != RESULT_none && strncmp(texts[own].sub_code, "is", 2) == 0;
}
