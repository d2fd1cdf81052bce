/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vouchers that a merchant's program makes and sends: a template is a give-away of the merchant's, a voucher of it is
 * redeemed at the counter by its code (methods_ticket.c). It is no discount of a payment: that is what campaigns are
 * for.
 */
#include "base/hash.h"
#include "base/os_random.h"

#include "doors/alipay/told_fields.h"

#define BARE .invalid = RESULT_bare_invalid_parameter, .fault = RESULT_bare_system_error
#define PUBLISH_MOST_US (90 * US_PER_DAY)
#define QUANTITY_MOST INT64_C(99999999)

/* ---- making a template ---- */

/* The shops of rule_conf: {"PID": the merchant's number, "STORE": "id,id"}. */
static enum alipay_result conf_read(struct alipay_job *job, struct deal_rules *rules)
{
    const struct json_value *given = alipay_biz(job, "rule_conf");
    const struct json_value *conf = json_in_read(given->text, job->http->arena);
    struct span pid = json_in_plain(json_in_member(conf, "PID")), rest = json_in_plain(json_in_member(conf, "STORE"));
    enum user_kind kind;
    int64_t id;
    if (!user_id_read(pid, &kind, &id) || kind != USER_merchant || id != job->app->row.merchant_id) {
        return alipay_invalid(job, "rule_conf", "PID应为本商户 (needs the merchant's own PID)");
    }
    while (rest.size > 0) {
        struct span shop = span_cut(rest, ',', &rest);
        if (rules->shops_count == DEAL_SHOPS_MAX || !span_to_i64(shop, &id) || id <= 0) {
            return alipay_invalid(job, "rule_conf", "STORE有误 (STORE is no list of shops)");
        }
        rules->shops[rules->shops_count++].shop_id = id;
    }
    return RESULT_none;
}

/* {"type":"ABSOLUTE","start","end"} or {"type":"RELATIVE","duration","unit"}; days are begun days. */
static enum alipay_result period_read(struct alipay_job *job, struct deal_rules *rules)
{
    const struct json_value *period = json_in_read(alipay_biz(job, "voucher_valid_period")->text, job->http->arena);
    struct span type = json_in_plain(json_in_member(period, "type"));
    struct span unit = json_in_plain(json_in_member(period, "unit"));
    int64_t duration, minutes;
    if (span_equal(type, SPAN("ABSOLUTE"))) {
        bool read = beijing_read(json_in_plain(json_in_member(period, "start")), &rules->valid_from_us) &&
                    beijing_read(json_in_plain(json_in_member(period, "end")), &rules->valid_until_us);
        return read ? RESULT_none : alipay_invalid(job, "voucher_valid_period", "时间有误 (has no start and end)");
    }
    bool read = span_equal(type, SPAN("RELATIVE")) &&
                span_to_i64(json_in_plain(json_in_member(period, "duration")), &duration) && duration > 0 &&
                duration <= 3650 * 1440;
    minutes = span_equal(unit, SPAN("DAY")) ? 1440 : span_equal(unit, SPAN("HOUR")) ? 60 : 1;
    read = read && (minutes > 1 || span_equal(unit, SPAN("MINUTE"))) && duration * minutes <= 3650 * 1440;
    if (!read) {
        return alipay_invalid(job, "voucher_valid_period", "类型、时长或单位有误 (has no known type, duration or unit)");
    }
    rules->valid_days = (int32_t)((duration * minutes + 1439) / 1440);
    rules->valid_from_us = rules->sale_from_us;
    rules->valid_until_us = rules->sale_until_us + (rules->valid_days + 1) * US_PER_DAY;
    return RESULT_none;
}

/* HH:mm:ss as the minute of the day, seconds cut off; 24:00 for the last second. */
static bool minute_read(struct span text, int32_t *minute)
{
    unsigned hours, minutes, seconds;
    char copy[16];
    int used = 0;
    if (!span_copy(text, copy, sizeof(copy)) ||
        sscanf(copy, "%2u:%2u:%2u%n", &hours, &minutes, &seconds, &used) != 3 || copy[used] != '\0' || hours > 23 ||
        minutes > 59 || seconds > 59) {
        return false;
    }
    *minute = (int32_t)(hours * 60 + minutes + (seconds == 59 ? 1 : 0));
    return true;
}

/* [{"day_rule":"1,2,3","time_begin":"10:00:00","time_end":"22:00:00"}]: one window; 1 is Monday. */
static enum alipay_result available_read(struct alipay_job *job, struct deal_rules *rules)
{
    const struct json_value *given = alipay_biz(job, "voucher_available_time");
    const struct json_value *list = given != NULL ? json_in_read(given->text, job->http->arena) : NULL;
    if (given == NULL || alipay_is_empty(given)) {
        return RESULT_none;
    }
    if (list == NULL || list->kind != JSON_list || list->count > 1) {
        return alipay_invalid(job, "voucher_available_time", "仅支持一个时段 (is one window at most)");
    }
    if (list->count == 0) {
        return RESULT_none;
    }
    struct span rest = json_in_plain(json_in_member(list->first, "day_rule"));
    bool read = minute_read(json_in_plain(json_in_member(list->first, "time_begin")), &rules->minute_from) &&
                minute_read(json_in_plain(json_in_member(list->first, "time_end")), &rules->minute_to);
    while (read && rest.size > 0) {
        int64_t day;
        read = span_to_i64(span_cut(rest, ',', &rest), &day) && day >= 1 && day <= 7;
        rules->weekdays |= read ? 1 << (day - 1) : 0;
    }
    if (rules->minute_from == 0 && rules->minute_to == 1440) {
        rules->minute_to = 0; /* all day */
    }
    return read ? RESULT_none : alipay_invalid(job, "voucher_available_time", "格式错误 (is of the wrong form)");
}

/* What is said of it: the brand, its worth, and the lines of voucher_description. */
static void words_write(struct alipay_job *job, struct voucher_template *template)
{
    const struct json_value *given = alipay_biz(job, "voucher_description");
    const struct json_value *lines = given != NULL ? json_in_read(given->text, job->http->arena) : NULL;
    char worth[YUAN_TEXT_SIZE], floor[YUAN_TEXT_SIZE], brand[64];
    struct deal_rules *rules = &template->rules;
    alipay_text_cut(json_in_plain(alipay_biz(job, "brand_name")), brand, sizeof(brand));
    (void)yuan_write(template->amount_minor, worth);
    (void)yuan_write(template->floor_minor, floor);
    snprintf(rules->title, sizeof(rules->title), "%s %s元代金券", brand, worth);
    size_t used = 0;
    if (template->floor_minor > 0) {
        used = (size_t)snprintf(rules->rules, sizeof(rules->rules), "满%s元可用\n", floor);
    }
    for (const struct json_value *line = lines != NULL && lines->kind == JSON_list ? lines->first : NULL; line != NULL;
         line = line->next) {
        struct span text = json_in_plain(line);
        if (text.size > 0 && used + text.size + 2 < sizeof(rules->rules)) {
            memcpy(rules->rules + used, text.bytes, text.size);
            used += text.size;
            rules->rules[used++] = '\n';
        }
    }
    rules->rules[used > 0 ? used - 1 : 0] = '\0';
}

static enum alipay_result publish_read(struct alipay_job *job, struct deal_rules *rules)
{
    struct span quantity = json_in_plain(alipay_biz(job, "voucher_quantity"));
    if (!beijing_read(json_in_plain(alipay_biz(job, "publish_start_time")), &rules->sale_from_us)) {
        return alipay_invalid(job, "publish_start_time", "格式错误 (is no time yyyy-MM-dd HH:mm:ss)");
    }
    if (!beijing_read(json_in_plain(alipay_biz(job, "publish_end_time")), &rules->sale_until_us)) {
        return alipay_invalid(job, "publish_end_time", "格式错误 (is no time yyyy-MM-dd HH:mm:ss)");
    }
    if (rules->sale_until_us <= rules->sale_from_us || rules->sale_until_us - rules->sale_from_us > PUBLISH_MOST_US) {
        return alipay_invalid(job, "publish_end_time", "发放期最长90天 (is at most 90 days later)");
    }
    bool read = span_to_i64(quantity, &rules->stock) && rules->stock >= 1 && rules->stock <= QUANTITY_MOST;
    return read ? RESULT_none : alipay_invalid(job, "voucher_quantity", "应为1至99999999 (is 1 to 99999999)");
}

static enum alipay_result create_prepare(struct alipay_job *job)
{
    struct voucher_template *template = &job->ask.want.template;
    struct deal_rules *rules = &template->rules;
    struct span type = json_in_plain(alipay_biz(job, "voucher_type"));
    if (!span_equal(type, SPAN("CASHLESS_FIX_VOUCHER"))) {
        return alipay_invalid(job, "voucher_type", "仅支持CASHLESS_FIX_VOUCHER (only CASHLESS_FIX_VOUCHER)");
    }
    if (template->amount_minor < 100 || template->amount_minor > 99900) {
        return alipay_invalid(job, "amount", "应为1至999元 (is 1 to 999)");
    }
    rules->shop_id = job->app->row.shop_id;
    rules->seed = (int64_t)(os_random_u64() >> 1);
    template->print = (int64_t)(hash_bytes(job->biz->text.bytes, job->biz->text.size) >> 1);
    enum alipay_result result = publish_read(job, rules);
    if (result == RESULT_none) {
        result = period_read(job, rules);
    }
    if (result == RESULT_none) {
        result = available_read(job, rules);
    }
    if (result == RESULT_none) {
        result = conf_read(job, rules);
    }
    if (result == RESULT_none) {
        words_write(job, template);
    }
    return result;
}

/* The template with what its deal came to. */
static void template_tell(struct view *view, const struct voucher_template_row *template, struct alipay_voucher *told)
{
    const struct deal_row *deal = deal_ask(view, template->deal_id);
    const struct deal_day_row *sums = deal_sum_ask(view, template->deal_id);
    told->template = *template;
    memcpy(told->title, deal->title, sizeof(told->title));
    told->deal_state = deal->state;
    told->sale_from_us = deal->sale_from_us;
    told->sale_until_us = deal->sale_until_us;
    told->copies = sums->stock_copies;
    told->redeemed = sums->redeemed_pieces;
}

static enum refusal create_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                  struct alipay_told *told)
{
    const struct voucher_template_row *made;
    enum refusal refusal = voucher_template_make(view, at, &ask->want.template, &made);
    if (refusal == REFUSAL_none) {
        template_tell(view, made, &told->made.voucher);
    }
    return refusal;
}

/* ---- asking for one ---- */

static enum alipay_result template_id_read(struct alipay_job *job)
{
    struct span id = json_in_plain(alipay_biz(job, "template_id"));
    job->ask.want.send.merchant_id = job->app->row.merchant_id;
    return span_to_i64(id, &job->ask.want.send.deal_id) && job->ask.want.send.deal_id > 0 ? RESULT_none
                                                                                          : RESULT_template_not_exist;
}

static enum refusal detail_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                  struct alipay_told *told)
{
    const struct voucher_template_row *template = voucher_template_ask(view, ask->want.send.deal_id);
    (void)at;
    if (!row_exists(template) || template->merchant_id != ask->want.send.merchant_id) {
        return REFUSAL_deal_unknown;
    }
    template_tell(view, template, &told->made.voucher);
    return REFUSAL_none;
}

/* ---- sending ---- */

static enum alipay_result send_prepare(struct alipay_job *job)
{
    struct span user = json_in_plain(alipay_biz(job, "user_id")), login = json_in_plain(alipay_biz(job, "login_id"));
    enum user_kind kind;
    if (user.size == 0 && login.size == 0) {
        return alipay_invalid(job, "user_id", "与login_id不能同时为空 (or login_id must be given)");
    }
    if (user.size > 0 && (!user_id_read(user, &kind, &job->ask.want.send.shopper_id) || kind != USER_shopper)) {
        return RESULT_user_not_exist;
    }
    if (user.size == 0 && !span_copy(login, job->ask.logon_id, sizeof(job->ask.logon_id))) {
        return RESULT_user_not_exist;
    }
    return template_id_read(job);
}

static enum refusal send_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                struct alipay_told *told)
{
    struct voucher_send send = ask->want.send;
    const struct voucher_row *voucher;
    if (ask->logon_id[0] != '\0') {
        send.shopper_id = alipay_shopper_of(view, "", ask->logon_id);
    }
    if (send.shopper_id == 0) {
        return REFUSAL_shopper_unknown;
    }
    enum refusal refusal = voucher_send(view, at, &send, &voucher);
    if (refusal == REFUSAL_none) {
        told->made.voucher.voucher = *voucher;
        template_tell(view, voucher_template_ask(view, send.deal_id), &told->made.voucher);
    }
    return refusal;
}

/* ---- asking for a voucher ---- */

static enum alipay_result voucher_prepare_id(struct alipay_job *job)
{
    struct span id = json_in_plain(alipay_biz(job, "voucher_id"));
    return span_to_i64(id, &job->ask.want.voucher_id) ? RESULT_none : RESULT_voucher_not_exist;
}

static enum refusal voucher_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                   struct alipay_told *told)
{
    const struct voucher_row *voucher = voucher_ask(view, ask->want.voucher_id);
    const struct voucher_template_row *template = voucher_template_ask(view, voucher->deal_id);
    (void)at;
    if (!row_exists(voucher) || !row_exists(template) || template->merchant_id != ask->app->merchant_id) {
        return REFUSAL_voucher_unknown;
    }
    told->made.voucher.voucher = *voucher;
    template_tell(view, template, &told->made.voucher);
    return REFUSAL_none;
}

/* ---- answers ---- */

static void write_voucher_status(const struct alipay_job *job, struct json_out *out, const char *name)
{
    static const char *const names[] = { [VOUCHER_open] = "ENABLED",
                                         [VOUCHER_redeemed] = "USED",
                                         [VOUCHER_returned] = "REFUNDED",
                                         [VOUCHER_lapsed] = "EXPIRED" };
    alipay_write_text(out, name, span_of(names[job->told.made.voucher.voucher.state]));
}

static void write_template_status(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const struct alipay_voucher *told = &job->told.made.voucher;
    const char *status = job->told.now_us >= told->sale_until_us ? "E" : told->deal_state == DEAL_live ? "S" : "D";
    alipay_write_text(out, name, span_of(status));
}

static void write_available_flag(const struct alipay_job *job, struct json_out *out, const char *name)
{
    json_out_key(out, name);
    json_out_bool(out, job->told.made.voucher.voucher.state == VOUCHER_open);
}

static void write_available_amount(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const struct alipay_voucher *told = &job->told.made.voucher;
    alipay_write_yuan(out, name, told->voucher.state == VOUCHER_open ? told->template.amount_minor : 0);
}

static void write_count(struct json_out *out, const char *name, int64_t count)
{
    json_out_key(out, name);
    json_out_i64(out, count);
}

static void write_used_count(const struct alipay_job *job, struct json_out *out, const char *name)
{
    write_count(out, name, job->told.made.voucher.voucher.redeemed_pieces);
}

static void write_available_count(const struct alipay_job *job, struct json_out *out, const char *name)
{
    write_count(out, name, job->told.made.voucher.voucher.pieces_left);
}

static void write_publish_count(const struct alipay_job *job, struct json_out *out, const char *name)
{
    write_count(out, name, job->told.made.voucher.template.sent);
}

static void write_template_used(const struct alipay_job *job, struct json_out *out, const char *name)
{
    write_count(out, name, job->told.made.voucher.redeemed);
}

static void write_template_quantity(const struct alipay_job *job, struct json_out *out, const char *name)
{
    write_count(out, name, job->told.made.voucher.copies);
}

static void write_buyer_of_voucher(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_user(out, name, USER_shopper, job->told.made.voucher.voucher.buyer_id);
}

/* ---- descriptions ---- */

#define VOUCHER(member) TOLD(made.voucher.member)

static const struct alipay_refused marketing_refused[] = {
    { REFUSAL_deal_unknown, RESULT_template_not_exist },
    { REFUSAL_deal_invalid, RESULT_template_rules },
    { REFUSAL_deals_full, RESULT_template_rules },
    { REFUSAL_shop_unknown, RESULT_template_rules },
    { REFUSAL_deal_shop_differs, RESULT_template_rules },
    { REFUSAL_deal_paused, RESULT_template_not_active },
    { REFUSAL_deal_ended, RESULT_template_not_active },
    { REFUSAL_sale_early, RESULT_template_not_active },
    { REFUSAL_sale_over, RESULT_template_not_active },
    { REFUSAL_deal_sold_out, RESULT_template_used_up },
    { REFUSAL_shopper_unknown, RESULT_user_not_exist },
    { REFUSAL_voucher_unknown, RESULT_voucher_not_exist },
    { REFUSAL_request_reused, RESULT_out_biz_no_inconsistent },
    { REFUSAL_none, RESULT_none },
};

#define MUST_TEXT(name, size, words) { name, TYPE_text, NEED_must, USE_honoured, size, INTO_nothing, 0, 0, words }

static const struct alipay_field create_fields[] = {
    { "out_biz_no", TYPE_text, NEED_must, USE_honoured, 64, INTO_text, FIELD_INTO(want.template.out_biz_no),
      "The same number with the same content is the same template." },
    MUST_TEXT("voucher_type", 64, "CASHLESS_FIX_VOUCHER."),
    MUST_TEXT("brand_name", 12, "Stands in the voucher's title."),
    { "amount", TYPE_price, NEED_must, USE_honoured, 6, INTO_yuan, FIELD_INTO(want.template.amount_minor),
      "1 to 999: what it is worth at the counter." },
    { "floor_amount", TYPE_price, NEED_may, USE_honoured, 8, INTO_yuan, FIELD_INTO(want.template.floor_minor),
      "Stands in the rules that the cashier reads." },
    { "voucher_quantity", TYPE_number, NEED_must, USE_honoured, 0, INTO_nothing, 0, 0, "1 to 99999999." },
    MUST_TEXT("publish_start_time", 32, ""),
    MUST_TEXT("publish_end_time", 32, "At most 90 days later."),
    MUST_TEXT("voucher_valid_period", 256, "JSON: ABSOLUTE with start and end, or RELATIVE with duration and unit; "
                                           "hours and minutes are rounded up to days."),
    { "voucher_available_time", TYPE_text, NEED_may, USE_honoured, 1024, INTO_nothing, 0, 0,
      "JSON: at most one of day_rule, time_begin, time_end." },
    { "voucher_description", TYPE_text, NEED_may, USE_honoured, 1024, INTO_nothing, 0, 0,
      "JSON: lines that the shopper and the cashier read." },
    MUST_TEXT("rule_conf", 1024,
              "JSON: PID, the merchant's own, and STORE, numbers of shops here, joined with commas."),
    { "notify_uri", TYPE_text, NEED_may, USE_accepted, 256, INTO_nothing, 0, 0, "" },
    { "extension_info", TYPE_text, NEED_may, USE_accepted, 0, INTO_nothing, 0, 0, "" },
    { "total_amount", TYPE_price, NEED_may, USE_refused, 0, INTO_nothing, 0, 0, "Of random vouchers." },
};

static const struct alipay_answer create_answers[] = {
    { "template_id", SOURCE_id, VOUCHER(template.deal_id), NULL, NULL, "always" },
};

static const struct alipay_field detail_fields[] = { MUST_TEXT("template_id", 28, "") };

static const struct alipay_answer detail_answers[] = {
    { "template_id", SOURCE_id, VOUCHER(template.deal_id), NULL, NULL, "always" },
    { "voucher_name", SOURCE_text, VOUCHER(title), NULL, NULL, "always" },
    { "status", SOURCE_write, 0, NULL, write_template_status,
      "always: S while it runs, D when it was stopped, E after it" },
    { "amount", SOURCE_yuan, VOUCHER(template.amount_minor), NULL, NULL, "always" },
    { "publish_start_time", SOURCE_time, VOUCHER(sale_from_us), NULL, NULL, "always" },
    { "publish_end_time", SOURCE_time, VOUCHER(sale_until_us), NULL, NULL, "always" },
    { "voucher_quantity", SOURCE_write, 0, NULL, write_template_quantity, "always" },
    { "publish_count", SOURCE_write, 0, NULL, write_publish_count, "always: sent" },
    { "used_count", SOURCE_write, 0, NULL, write_template_used, "always" },
};

static const struct alipay_field send_fields[] = {
    MUST_TEXT("template_id", 28, ""),
    { "out_biz_no", TYPE_text, NEED_must, USE_honoured, 64, INTO_text, FIELD_INTO(want.send.out_biz_no),
      "The same number of the same template is the same voucher." },
    { "user_id", TYPE_text, NEED_depends, USE_honoured, 28, INTO_nothing, 0, 0, "Goes before login_id." },
    { "login_id", TYPE_text, NEED_depends, USE_honoured, 100, INTO_nothing, 0, 0, "" },
    { "taobao_nick", TYPE_text, NEED_may, USE_refused, 0, INTO_nothing, 0, 0, "" },
    { "open_id", TYPE_text, NEED_may, USE_refused, 0, INTO_nothing, 0, 0, "" },
    { "amount", TYPE_price, NEED_may, USE_refused, 0, INTO_nothing, 0, 0, "Of random vouchers." },
    { "memo", TYPE_text, NEED_may, USE_accepted, 256, INTO_nothing, 0, 0, "" },
    { "extend_info", TYPE_text, NEED_may, USE_accepted, 0, INTO_nothing, 0, 0, "" },
};

static const struct alipay_answer send_answers[] = {
    { "voucher_id", SOURCE_id, VOUCHER(voucher.voucher_id), NULL, NULL, "always" },
    { "user_id", SOURCE_write, 0, NULL, write_buyer_of_voucher, "always" },
};

static const struct alipay_field voucher_fields[] = { MUST_TEXT("voucher_id", 28, "") };

static const struct alipay_answer voucher_answers[] = {
    { "voucher_id", SOURCE_id, VOUCHER(voucher.voucher_id), NULL, NULL, "always" },
    { "template_id", SOURCE_id, VOUCHER(template.deal_id), NULL, NULL, "always" },
    { "voucher_name", SOURCE_text, VOUCHER(title), NULL, NULL, "always" },
    { "status", SOURCE_write, 0, NULL, write_voucher_status, "always: ENABLED, USED, EXPIRED" },
    { "available", SOURCE_write, 0, NULL, write_available_flag, "always" },
    { "total_amount", SOURCE_yuan, VOUCHER(template.amount_minor), NULL, NULL, "always" },
    { "available_amount", SOURCE_write, 0, NULL, write_available_amount, "always" },
    { "used_count", SOURCE_write, 0, NULL, write_used_count, "always" },
    { "available_count", SOURCE_write, 0, NULL, write_available_count, "always" },
    { "gmt_active", SOURCE_time, VOUCHER(voucher.issued_at_us), NULL, NULL, "always" },
    { "gmt_expired", SOURCE_time, VOUCHER(voucher.valid_until_us), NULL, NULL, "always" },
};

#define METHOD(named, says, stands, fields_of, answers_of, prepares, decides) \
    { \
        .name = named, .flags = METHOD_v2_only, .summary = says, .command = stands, .fields = fields_of, \
        .field_count = COUNT_OF(fields_of), .answers = answers_of, .answer_count = COUNT_OF(answers_of), \
        .refused = marketing_refused, BARE, .prepare = prepares, .decide = decides \
    }

const struct alipay_method method_template_create =
    METHOD("alipay.marketing.cashlessvoucher.template.create", "Makes vouchers that can be sent to shoppers.",
           "deal_publish", create_fields, create_answers, create_prepare, create_decide);
const struct alipay_method method_template_detail =
    METHOD("alipay.marketing.voucher.templatedetail.query", "A template: whether it runs, what was sent and used.",
           "deal_query", detail_fields, detail_answers, template_id_read, detail_decide);
const struct alipay_method method_voucher_send =
    METHOD("alipay.marketing.voucher.send",
           "Sends a voucher of a template to a shopper, who redeems it at the counter.", "give_claim", send_fields,
           send_answers, send_prepare, send_decide);
const struct alipay_method method_voucher_query =
    METHOD("alipay.marketing.voucher.query", "One voucher that was sent.", "voucher_query", voucher_fields,
           voucher_answers, voucher_prepare_id, voucher_decide);
