/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway answers with: the list is result.def, what is documented for each method stands in codes.def. */
#ifndef DOORS_ALIPAY_RESULT_H
#define DOORS_ALIPAY_RESULT_H

#include "base/span.h"

enum alipay_result {
#define RESULT(name, code, sub_code, v3_status, text) RESULT_##name,
#include "doors/alipay/result.def"
#undef RESULT
    RESULT_count,
    RESULT_none = RESULT_count, /* nothing is wrong so far: go on */
};

struct alipay_result_text {
    const char *name;
    const char *code, *sub_code;
    int v3_status;
    const char *text;
};

/* Asserts that it is one. */
const struct alipay_result_text *alipay_result_text(enum alipay_result result);
/* "Business Failed" of 40004, and so on. */
const char *alipay_result_message(const char *code);
/* The code of the v3 protocol. */
const char *alipay_result_v3_code(const char *sub_code);
/* Whether the sub_code is documented for the method, or is one of the gateway's own. */
bool alipay_code_documented(const char *method, struct span sub_code);
/* The result with this sub_code; RESULT_none: it is none that comes about by itself. */
enum alipay_result alipay_result_find(struct span sub_code);
/* The documented business codes of a method, separated by blanks, in parts from 0 on; NULL: no more. */
const char *alipay_codes_of(const char *method, size_t part);

#endif
