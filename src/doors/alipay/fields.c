/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a method: found, checked by their description, and put where it says. */
#include "doors/alipay/alipay_internal.h"

size_t alipay_characters(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += ((unsigned char)text.bytes[i] & 0xC0) != 0x80;
    }
    return count;
}

void alipay_text_cut(struct span text, char *to, size_t size)
{
    size_t kept = text.size < size ? text.size : size - 1;
    while (kept > 0 && kept < text.size && ((unsigned char)text.bytes[kept] & 0xC0) == 0x80) {
        kept--;
    }
    if (kept > 0) { /* a text that was not given has no bytes */
        memcpy(to, text.bytes, kept);
    }
    to[kept] = '\0';
}

enum alipay_result alipay_result_with(struct alipay_job *job, enum alipay_result result, const char *field,
                                      const char *why)
{
    snprintf(job->detail, sizeof(job->detail), "%s%s%s", field, why[0] != '\0' ? " " : "", why);
    return result;
}

enum alipay_result alipay_invalid(struct alipay_job *job, const char *field, const char *why)
{
    return alipay_result_with(job, job->method->invalid, field, why);
}

const struct json_value *alipay_biz(const struct alipay_job *job, const char *name)
{
    return json_in_member(job->biz, name);
}

bool alipay_is_empty(const struct json_value *value)
{
    return value->kind == JSON_text && value->text.size == 0;
}

/* A parameter of the request itself, as if it were a member of the content. */
static const struct json_value *parameter_of(struct alipay_job *job, const char *name)
{
    struct span value = job->params != NULL ? alipay_param_value(job->params, name) : (struct span){ NULL, 0 };
    struct span utf8;
    size_t broken_at;
    if (value.size == 0 ||
        charset_decode(job->charset, value, job->http->arena, &utf8, &broken_at) != CHARSET_ok) {
        return NULL;
    }
    struct json_value *as_text = arena_try(job->http->arena, sizeof(*as_text));
    if (as_text != NULL) {
        *as_text = (struct json_value){ .kind = JSON_text, .text = utf8 };
    }
    return as_text;
}

static bool is_shaped(const struct alipay_field *field, const struct json_value *value)
{
    bool plain = value->kind == JSON_text || value->kind == JSON_number;
    bool truth = value->kind == JSON_true || value->kind == JSON_false;
    switch (field->type) {
    case TYPE_text:
    case TYPE_price:
    case TYPE_number:
    case TYPE_file:
        return plain;
    case TYPE_flag:
        return truth || plain;
    case TYPE_object:
        return value->kind == JSON_object || value->kind == JSON_text; /* some clients send objects as texts */
    case TYPE_list:
        return value->kind == JSON_list || value->kind == JSON_text;
    }
    return false;
}

static enum alipay_result text_put(struct alipay_job *job, const struct alipay_field *field, struct span text)
{
    char *to = (char *)&job->ask + field->offset;
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.bytes[i] < 0x20 && field->into == INTO_text && field->use == USE_honoured) {
            return alipay_invalid(job, field->name, "含控制字符 (has control characters)");
        }
    }
    return span_copy(text, to, field->size) ? RESULT_none : alipay_invalid(job, field->name, "超长 (is too long)");
}

static enum alipay_result field_put(struct alipay_job *job, const struct alipay_field *field,
                                    const struct json_value *value)
{
    void *to = (char *)&job->ask + field->offset;
    int64_t number;
    switch (field->into) {
    case INTO_nothing:
        break;
    case INTO_text:
        return text_put(job, field, value->text);
    case INTO_yuan:
        if (!yuan_read(value->text, &number)) {
            return alipay_invalid(job, field->name, "金额格式错误 (is no amount in yuan)");
        }
        memcpy(to, &number, sizeof(number));
        break;
    case INTO_trade_no:
        if (!trade_no_read(value->text, &number)) {
            number = 0;
        }
        memcpy(to, &number, sizeof(number));
        (void)text_put(job, &(struct alipay_field){ FIELD_INTO(trade_no) }, value->text);
        break;
    case INTO_json:
        if (!span_copy(value->text, to, field->size)) {
            *(char *)to = '\0'; /* too long to keep */
        }
        break;
    }
    return RESULT_none;
}

static enum alipay_result field_read(struct alipay_job *job, const struct alipay_field *field)
{
    /* Without a content the fields are parameters: of a query (v3), or of methods that are so (METHOD_top). */
    const struct json_value *value =
        job->biz == NULL ? parameter_of(job, field->name) : alipay_biz(job, field->name);
    bool given = value != NULL && !alipay_is_empty(value);
    int64_t number;
    if (field->type == TYPE_file) {
        return RESULT_none; /* its method looks for it */
    }
    if (!given) {
        return field->need == NEED_must ? alipay_invalid(job, field->name, "缺失 (is missing)") : RESULT_none;
    }
    if (!is_shaped(field, value)) {
        if (field->use == USE_accepted && field->into == INTO_nothing) {
            return RESULT_none; /* nobody looks at it, and clients differ in how they send it */
        }
        return alipay_invalid(job, field->name, "类型错误 (is of the wrong type)");
    }
    if (field->type == TYPE_list && field->size_max > 0 && value->count > field->size_max) {
        return alipay_invalid(job, field->name, "数量超限 (has too many elements)");
    }
    if (field->type == TYPE_text && field->size_max > 0 && alipay_characters(value->text) > field->size_max) {
        return alipay_invalid(job, field->name, "超长 (is too long)");
    }
    if (field->type == TYPE_price && !yuan_read(value->text, &number)) {
        return alipay_invalid(job, field->name, "金额格式错误 (is no amount in yuan)");
    }
    if (field->type == TYPE_number && !span_to_i64(value->text, &number)) {
        return alipay_invalid(job, field->name, "不是整数 (is no whole number)");
    }
    if (field->use == USE_refused) {
        return alipay_invalid(job, field->name, "不支持 (is not supported)");
    }
    return field_put(job, field, value);
}

enum alipay_result alipay_fields_read(struct alipay_job *job)
{
    for (size_t i = 0; i < job->method->field_count; i++) {
        enum alipay_result result = field_read(job, &job->method->fields[i]);
        if (result != RESULT_none) {
            return result;
        }
    }
    return RESULT_none;
}
