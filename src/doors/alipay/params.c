/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/params.h"

#include <strings.h>

#include "doors/alipay/form_text.h"
#include "doors/alipay/multipart.h"

/* Who asks for what, and how it is signed: read before the signature is known, so there must be one value. */
static const char *const certain[] = { "app_id", "method", "sign", "sign_type", "app_cert_sn" };

const char *alipay_params_error_text(enum alipay_params_error error)
{
    switch (error) {
    case ALIPAY_PARAMS_ok:
        return "the parameters are good";
    case ALIPAY_PARAMS_too_many:
        return "there are too many parameters or files";
    case ALIPAY_PARAMS_too_large:
        return "a parameter's name is too long, or all together are too large";
    case ALIPAY_PARAMS_repeated:
        return "a parameter stands twice with different values";
    case ALIPAY_PARAMS_bad_form:
        return "the multipart body is malformed";
    case ALIPAY_PARAMS_unknown_form:
        return "the body is neither a form nor multipart/form-data";
    }
    assert(!"an error of the list");
    return "";
}

void alipay_params_init(struct alipay_params *params, struct arena *arena)
{
    params->arena = arena;
    params->count = 0;
    params->file_count = 0;
    params->preferred = ALIPAY_body;
}

static bool is_certain(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(certain); i++) {
        if (span_equal(name, span_of(certain[i]))) {
            return true;
        }
    }
    return false;
}

/* ---- reading ---- */

static enum alipay_params_error param_keep(struct alipay_params *params, struct span name, struct span value,
                                           enum alipay_place place)
{
    bool doubted = false;

    if (name.size > ALIPAY_NAME_SIZE_MAX) {
        return ALIPAY_PARAMS_too_large;
    }
    for (size_t i = 0; i < params->count; i++) {
        struct alipay_param *other = &params->list[i];
        if (!span_equal(other->name, name)) {
            continue;
        }
        bool same_place = other->place == place || other->both;
        if (span_equal(other->value, value) && (same_place || !other->doubted)) {
            other->both = other->both || other->place != place;
            return ALIPAY_PARAMS_ok;
        }
        if (same_place || is_certain(name)) {
            return ALIPAY_PARAMS_repeated;
        }
        other->doubted = true;
        doubted = true;
    }
    if (params->count == ALIPAY_PARAMS_MAX) {
        return ALIPAY_PARAMS_too_many;
    }
    params->list[params->count++] = (struct alipay_param){ name, value, place, false, doubted };
    return ALIPAY_PARAMS_ok;
}

static enum alipay_params_error form_read(struct alipay_params *params, struct span text,
                                          enum alipay_place place)
{
    while (text.size > 0) {
        struct span value;
        struct span pair = span_cut(text, '&', &text);
        struct span name = span_cut(pair, '=', &value);
        if (name.size == 0) {
            continue; /* nobody can ask for it */
        }
        name = form_decode(name, params->arena);
        value = form_decode(value, params->arena);
        if (name.bytes == NULL || value.bytes == NULL) {
            return ALIPAY_PARAMS_too_large;
        }
        enum alipay_params_error error = param_keep(params, name, value, place);
        if (error != ALIPAY_PARAMS_ok) {
            return error;
        }
    }
    return ALIPAY_PARAMS_ok;
}

enum alipay_params_error alipay_params_query(struct alipay_params *params, struct span query)
{
    return form_read(params, query, ALIPAY_query);
}

static enum alipay_params_error part_keep(struct alipay_params *params, const struct multipart_part *part)
{
    if (part->file_name.bytes == NULL) {
        return param_keep(params, part->name, part->content, ALIPAY_body);
    }
    if (part->name.size > ALIPAY_NAME_SIZE_MAX) {
        return ALIPAY_PARAMS_too_large;
    }
    for (size_t i = 0; i < params->file_count; i++) {
        if (span_equal(params->files[i].name, part->name)) {
            return ALIPAY_PARAMS_repeated;
        }
    }
    if (params->file_count == ALIPAY_FILES_MAX) {
        return ALIPAY_PARAMS_too_many;
    }
    params->files[params->file_count++] =
        (struct alipay_file){ part->name, part->file_name, part->content_type, part->content };
    return ALIPAY_PARAMS_ok;
}

static enum alipay_params_error multipart_read(struct alipay_params *params, struct span content_type,
                                               struct span body)
{
    struct multipart form;
    struct multipart_part part;

    if (!multipart_begin(&form, content_type, body)) {
        return ALIPAY_PARAMS_bad_form;
    }
    for (;;) {
        if (!multipart_next(&form, &part)) {
            return ALIPAY_PARAMS_bad_form;
        }
        if (part.name.bytes == NULL) {
            return ALIPAY_PARAMS_ok;
        }
        enum alipay_params_error error = part.name.size == 0 ? ALIPAY_PARAMS_ok : part_keep(params, &part);
        if (error != ALIPAY_PARAMS_ok) {
            return error;
        }
    }
}

enum alipay_params_error alipay_params_body(struct alipay_params *params, struct span content_type,
                                            struct span body)
{
    const struct span form = SPAN("application/x-www-form-urlencoded");
    struct span rest;

    struct span type = span_trim(span_cut(content_type, ';', &rest));
    if (type.size == 0 || (type.size == form.size && strncasecmp(type.bytes, form.bytes, form.size) == 0)) {
        return form_read(params, body, ALIPAY_body);
    }
    if (multipart_is(content_type)) {
        return multipart_read(params, content_type, body);
    }
    return body.size == 0 ? ALIPAY_PARAMS_ok : ALIPAY_PARAMS_unknown_form;
}

enum alipay_params_error alipay_params_add(struct alipay_params *params, struct span name, struct span value)
{
    assert(name.size > 0);
    if (value.size == 0) {
        return ALIPAY_PARAMS_ok;
    }
    for (size_t i = 0; i < params->count; i++) {
        if (span_equal(params->list[i].name, name)) {
            return ALIPAY_PARAMS_repeated;
        }
    }
    return param_keep(params, name, value, ALIPAY_body);
}

/* ---- asking ---- */

/* Of a doubted name, the value that counts. */
static bool is_counted(const struct alipay_params *params, const struct alipay_param *param)
{
    return !param->doubted || param->place == params->preferred;
}

struct span alipay_param_value(const struct alipay_params *params, const char *name)
{
    struct span wanted = span_of(name);
    for (size_t i = 0; i < params->count; i++) {
        const struct alipay_param *param = &params->list[i];
        if (is_counted(params, param) && span_equal(param->name, wanted)) {
            return param->value;
        }
    }
    return (struct span){ NULL, 0 };
}

const struct alipay_file *alipay_param_file(const struct alipay_params *params, const char *name)
{
    struct span wanted = span_of(name);
    for (size_t i = 0; i < params->file_count; i++) {
        if (span_equal(params->files[i].name, wanted)) {
            return &params->files[i];
        }
    }
    return NULL;
}

/* ---- what is signed ---- */

static bool is_signed(const struct alipay_params *params, const struct alipay_param *param,
                      struct alipay_canonical how)
{
    if (!is_counted(params, param) || span_equal(param->name, SPAN("sign")) ||
        (how.as == ALIPAY_SIGNED_notice && span_equal(param->name, SPAN("sign_type")))) {
        return false;
    }
    return param->value.size > 0 || how.with_empty;
}

/* Byte-wise; a name that begins another one comes before it. */
static bool is_before(struct span a, struct span b)
{
    int order = memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
    return order != 0 ? order < 0 : a.size < b.size;
}

static size_t put(char *to, size_t at, struct span text)
{
    if (text.size > 0) {
        memcpy(to + at, text.bytes, text.size);
    }
    return at + text.size;
}

struct span alipay_canonical_text(const struct alipay_params *params, struct alipay_canonical how)
{
    const struct alipay_param *sorted[ALIPAY_PARAMS_MAX];
    size_t count = 0, size = 0, at = 0;

    for (size_t i = 0; i < params->count; i++) {
        const struct alipay_param *param = &params->list[i];
        if (!is_signed(params, param, how)) {
            continue;
        }
        size_t place = count++;
        while (place > 0 && is_before(param->name, sorted[place - 1]->name)) {
            sorted[place] = sorted[place - 1];
            place--;
        }
        sorted[place] = param;
        size += param->name.size + param->value.size + 2;
    }
    char *to = arena_try(params->arena, size + 1);
    if (to == NULL) {
        return (struct span){ NULL, 0 };
    }
    for (size_t i = 0; i < count; i++) {
        at = i == 0 ? at : put(to, at, SPAN("&"));
        at = put(to, at, sorted[i]->name);
        at = put(to, at, SPAN("="));
        at = put(to, at, sorted[i]->value);
    }
    return (struct span){ to, at };
}

static bool any_doubted(const struct alipay_params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        if (params->list[i].doubted) {
            return true;
        }
    }
    return false;
}

static bool any_empty(const struct alipay_params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        if (is_counted(params, &params->list[i]) && params->list[i].value.size == 0) {
            return true;
        }
    }
    return false;
}

/* With the values that are preferred now. */
static bool candidates_try(const struct alipay_params *params, const struct alipay_key *key,
                           enum alipay_digest digest, enum alipay_signed as, struct span *first)
{
    struct span sign = alipay_param_value(params, "sign");

    *first = alipay_canonical_text(params, (struct alipay_canonical){ as, false });
    if (first->bytes == NULL) {
        return false;
    }
    if (alipay_verify(key, digest, *first, sign)) {
        return true;
    }
    if (!any_empty(params)) {
        return false;
    }
    struct span text = alipay_canonical_text(params, (struct alipay_canonical){ as, true });
    return text.bytes != NULL && alipay_verify(key, digest, text, sign);
}

bool alipay_params_verify(struct alipay_params *params, const struct alipay_key *key,
                          enum alipay_digest digest, struct span *expected)
{
    struct span other;

    params->preferred = ALIPAY_body;
    if (candidates_try(params, key, digest, ALIPAY_SIGNED_request, expected)) {
        return true;
    }
    if (any_doubted(params)) {
        params->preferred = ALIPAY_query;
        if (candidates_try(params, key, digest, ALIPAY_SIGNED_request, &other)) {
            return true;
        }
        params->preferred = ALIPAY_body;
    }
    return false;
}

bool alipay_notice_verify(struct alipay_params *params, const struct alipay_key *key)
{
    enum alipay_digest digest;
    struct span text;
    return alipay_digest_read(alipay_param_value(params, "sign_type"), &digest) &&
           candidates_try(params, key, digest, ALIPAY_SIGNED_notice, &text);
}

bool alipay_params_sign(struct alipay_params *params, const struct alipay_key *key, enum alipay_digest digest,
                        enum alipay_signed as)
{
    char *sign = arena_try(params->arena, ALIPAY_SIGNATURE_TEXT_SIZE);
    struct span text = alipay_canonical_text(params, (struct alipay_canonical){ as, false });

    if (sign == NULL || text.bytes == NULL) {
        return false;
    }
    size_t size = alipay_sign(key, digest, text, sign);
    return alipay_params_add(params, SPAN("sign"), (struct span){ sign, size }) == ALIPAY_PARAMS_ok;
}

struct span alipay_params_write(const struct alipay_params *params)
{
    size_t size = 1, at = 0;

    for (size_t i = 0; i < params->count; i++) {
        size += FORM_ENCODED_MAX(params->list[i].name.size + params->list[i].value.size) + 2;
    }
    char *to = arena_try(params->arena, size);
    if (to == NULL) {
        return (struct span){ NULL, 0 };
    }
    for (size_t i = 0; i < params->count; i++) {
        if (i > 0) {
            to[at++] = '&';
        }
        at += form_encode(params->list[i].name, to + at);
        to[at++] = '=';
        at += form_encode(params->list[i].value, to + at);
    }
    return (struct span){ to, at };
}
