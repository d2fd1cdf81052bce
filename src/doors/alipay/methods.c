/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/told_fields.h"

const struct alipay_method *const alipay_methods[] = {
    &method_trade_pay,
    &method_trade_precreate,
    &method_trade_create,
    &method_trade_query,
    &method_trade_cancel,
    &method_trade_close,
    &method_trade_refund,
    &method_refund_query,
    &method_page_pay,
    &method_wap_pay,
    &method_app_pay,
    &method_order_settle,
    &method_settle_query,
    &method_royalty_bind,
    &method_royalty_unbind,
    &method_royalty_batchquery,
    &method_royalty_rate,
    &method_uni_transfer,
    &method_common_query,
    &method_account_query,
    &method_template_create,
    &method_template_detail,
    &method_voucher_send,
    &method_voucher_query,
    &method_ticket_query,
    &method_ticket_use,
    &method_ticket_cancel,
    &method_bill,
    &method_oauth_token,
    &method_user_info,
    &method_cert_download,
    &method_image_upload,
    NULL,
};

const struct alipay_method *alipay_method_find(struct span name)
{
    for (size_t i = 0; alipay_methods[i] != NULL; i++) {
        if (span_equal(span_of(alipay_methods[i]->name), name)) {
            return alipay_methods[i];
        }
    }
    return NULL;
}

const struct alipay_method *alipay_method_of_v3(const char *http_method, struct span path)
{
    for (size_t i = 0; alipay_methods[i] != NULL; i++) {
        const struct alipay_method *method = alipay_methods[i];
        if (method->v3_path != NULL && strcmp(method->v3_method, http_method) == 0 &&
            span_equal(span_of(method->v3_path), path)) {
            return method;
        }
    }
    return NULL;
}

/* ---- for people ---- */

static const char *const type_names[] = { [TYPE_text] = "text",     [TYPE_price] = "price",   [TYPE_number] = "number",
                                          [TYPE_flag] = "flag",     [TYPE_object] = "object", [TYPE_list] = "list",
                                          [TYPE_file] = "file" };
static const char *const need_names[] = { [NEED_may] = "may", [NEED_must] = "must", [NEED_depends] = "depends" };
static const char *const use_names[] = { [USE_honoured] = "honoured",
                                         [USE_stored] = "stored",
                                         [USE_accepted] = "accepted",
                                         [USE_refused] = "refused" };

static void text_member(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, span_of(text != NULL ? text : ""));
}

static void method_describe(struct json_out *out, const struct alipay_method *method)
{
    json_out_object(out);
    text_member(out, "name", method->name);
    text_member(out, "v3", method->v3_path);
    text_member(out, "v3_method", method->v3_method);
    text_member(out, "summary", method->summary);
    text_member(out, "command", method->command);
    json_out_key(out, "codes");
    json_out_array(out);
    const char *codes;
    for (size_t part = 0; (codes = alipay_codes_of(method->name, part)) != NULL; part++) {
        json_out_text(out, span_of(codes));
    }
    json_out_array_end(out);
    json_out_key(out, "fields");
    json_out_array(out);
    for (size_t i = 0; i < method->field_count; i++) {
        const struct alipay_field *field = &method->fields[i];
        json_out_object(out);
        text_member(out, "name", field->name);
        text_member(out, "type", type_names[field->type]);
        text_member(out, "need", need_names[field->need]);
        text_member(out, "use", use_names[field->use]);
        json_out_key(out, "size");
        json_out_i64(out, field->size_max);
        text_member(out, "text", field->text);
        json_out_object_end(out);
    }
    json_out_array_end(out);
    json_out_key(out, "answers");
    json_out_array(out);
    for (size_t i = 0; i < method->answer_count; i++) {
        json_out_object(out);
        text_member(out, "name", method->answers[i].name);
        text_member(out, "text", method->answers[i].text);
        json_out_object_end(out);
    }
    json_out_array_end(out);
    json_out_object_end(out);
}

static void results_describe(struct json_out *out)
{
    json_out_array(out);
    for (size_t i = 0; i < RESULT_count; i++) {
        const struct alipay_result_text *text = alipay_result_text((enum alipay_result)i);
        json_out_object(out);
        text_member(out, "name", text->name);
        text_member(out, "code", text->code);
        text_member(out, "sub_code", text->sub_code);
        json_out_key(out, "v3_status");
        json_out_i64(out, text->v3_status);
        text_member(out, "text", text->text);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void provocations_describe(struct json_out *out)
{
    static const struct {
        const char *methods, *sub_code, *how;
    } list[] = {
#define PROVOKE(methods, sub_code, how) { methods, sub_code, how },
#include "doors/alipay/provoke.def"
#undef PROVOKE
    };
    json_out_array(out);
    for (size_t i = 0; i < COUNT_OF(list); i++) {
        json_out_object(out);
        text_member(out, "methods", list[i].methods);
        text_member(out, "sub_code", list[i].sub_code);
        text_member(out, "how", list[i].how);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

void alipay_describe(FILE *to)
{
    static char bytes[262144];
    struct json_out out;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "methods");
    json_out_array(&out);
    for (size_t i = 0; alipay_methods[i] != NULL; i++) {
        method_describe(&out, alipay_methods[i]);
    }
    json_out_array_end(&out);
    json_out_key(&out, "results");
    results_describe(&out);
    json_out_key(&out, "provocations");
    provocations_describe(&out);
    json_out_object_end(&out);
    struct span json = json_out_end(&out);
    assert(json.size > 0);
    fprintf(to, "%.*s\n", (int)json.size, json.bytes);
}
