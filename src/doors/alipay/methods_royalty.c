/* SPDX-License-Identifier: Apache-2.0 */
/* Royalties: who may get shares of a merchant's trades, and paying them. */
#include "till/policy.h"
#include "till/till_reads.h"

#include "doors/alipay/told_fields.h"

#define BARE .invalid = RESULT_bare_invalid_parameter, .fault = RESULT_bare_system_error
#define ACQ .invalid = RESULT_acq_invalid_parameter, .fault = RESULT_acq_system_error
#define PAGE_SIZE_DEFAULT 20

/* ---- receivers ---- */

/*
 * A receiver by its number, or by a logon id that is looked up when it is decided. The result says what is wrong.
 */
static enum alipay_result party_read(struct span type, struct span account, int32_t *kind, int64_t *id,
                                     char logon[LOGON_SIZE])
{
    enum user_kind user;
    if (type.size == 0 || span_equal(type, SPAN("userId"))) {
        if (!user_id_read(account, &user, id)) {
            return RESULT_user_not_exist;
        }
        *kind = (int32_t)user + 1;
        return RESULT_none;
    }
    if (!span_equal(type, SPAN("loginName"))) {
        return RESULT_receiver_type;
    }
    *kind = PARTY_shopper;
    return account.size > 0 && span_copy(account, logon, LOGON_SIZE) ? RESULT_none : RESULT_user_not_exist;
}

static enum alipay_result receiver_read(struct alipay_job *job, const struct json_value *from, int32_t index)
{
    struct royalty_receiver *to = &job->ask.want.bind.receivers[index];
    struct span type = json_in_plain(json_in_member(from, "type"));
    struct span name = json_in_plain(json_in_member(from, "name"));
    enum alipay_result result = party_read(type, json_in_plain(json_in_member(from, "account")), &to->kind, &to->id,
                                           job->ask.logons[index]);
    if (result != RESULT_none) {
        return result;
    }
    if (span_equal(type, SPAN("loginName")) && name.size == 0) {
        return alipay_invalid(job, "receiver_list.name", "缺失 (is missing)");
    }
    alipay_text_cut(name, to->name, sizeof(to->name));
    alipay_text_cut(json_in_plain(json_in_member(from, "memo")), to->memo, sizeof(to->memo));
    return RESULT_none;
}

static enum alipay_result receivers_prepare(struct alipay_job *job)
{
    struct royalty_bind *bind = &job->ask.want.bind;
    const struct json_value *list = alipay_biz(job, "receiver_list");
    bind->merchant_id = job->app->row.merchant_id;
    if (list == NULL || list->kind != JSON_list || list->count == 0) {
        return RESULT_receivers_empty;
    }
    if (list->count > ROYALTY_LIST_MAX) {
        return RESULT_receivers_overload;
    }
    for (const struct json_value *from = list->first; from != NULL; from = from->next) {
        enum alipay_result result = receiver_read(job, from, bind->receivers_count);
        if (result != RESULT_none) {
            return result;
        }
        bind->receivers_count++;
    }
    return RESULT_none;
}

/* Shoppers that were named by their logon id; false: there is none of that. */
static bool logons_resolve(const struct alipay_ask *ask, struct view *view, struct royalty_bind *bind)
{
    for (int32_t i = 0; i < bind->receivers_count; i++) {
        if (ask->logons[i][0] != '\0') {
            bind->receivers[i].id = alipay_shopper_of(view, "", ask->logons[i]);
            if (bind->receivers[i].id == 0) {
                return false;
            }
        }
    }
    return true;
}

static enum refusal bind_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                struct alipay_told *told)
{
    struct royalty_bind bind = ask->want.bind;
    return logons_resolve(ask, view, &bind) ? royalty_bind.decide(&bind, at, view, &told->made.bound)
                                            : REFUSAL_receiver_unknown;
}

static enum refusal unbind_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                  struct alipay_told *told)
{
    struct royalty_bind bind = ask->want.bind;
    return logons_resolve(ask, view, &bind) ? royalty_unbind.decide(&bind, at, view, &told->made.bound)
                                            : REFUSAL_receiver_unknown;
}

static void write_result_code(const struct alipay_job *job, struct json_out *out, const char *name)
{
    (void)job;
    alipay_write_text(out, name, SPAN("SUCCESS"));
}

static const struct alipay_field bind_fields[] = {
    { "receiver_list", TYPE_list, NEED_depends, USE_honoured, 0, INTO_nothing, 0, 0,
      "At most 20 of type (userId, loginName), account, name, memo." },
    { "out_request_no", TYPE_text, NEED_may, USE_accepted, 32, INTO_nothing, 0, 0,
      "Binding twice is as binding once." },
};

static const struct alipay_answer bind_answers[] = {
    { "result_code", SOURCE_write, 0, NULL, write_result_code, "always SUCCESS" },
};

static const struct alipay_refused bind_refused[] = {
    { REFUSAL_receiver_unknown, RESULT_user_not_exist },
    { REFUSAL_name_differs, RESULT_username_not_match },
    { REFUSAL_receivers_full, RESULT_relation_limit },
    { REFUSAL_receiver_same, RESULT_bare_invalid_parameter },
    { REFUSAL_none, RESULT_none },
};

const struct alipay_method method_royalty_bind = {
    .name = "alipay.trade.royalty.relation.bind",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/royalty/relation/bind",
    .summary = "Says to whom shares of the merchant's trades may be paid.",
    .command = "royalty_bind",
    .fields = bind_fields,
    .field_count = COUNT_OF(bind_fields),
    .answers = bind_answers,
    .answer_count = COUNT_OF(bind_answers),
    .refused = bind_refused,
    BARE,
    .prepare = receivers_prepare,
    .decide = bind_decide,
};

const struct alipay_method method_royalty_unbind = {
    .name = "alipay.trade.royalty.relation.unbind",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/royalty/relation/unbind",
    .summary = "Ends that.",
    .command = "royalty_unbind",
    .fields = bind_fields,
    .field_count = COUNT_OF(bind_fields),
    .answers = bind_answers,
    .answer_count = COUNT_OF(bind_answers),
    .refused = bind_refused,
    BARE,
    .prepare = receivers_prepare,
    .decide = unbind_decide,
};

/* ---- the list of receivers ---- */

struct relations {
    struct read_page page; /* first */
    struct json_out out;
    int64_t first, last; /* of the wanted page */
    int64_t count;
};

static bool relation_write(struct read_page *handed, const void *element, struct span key)
{
    struct relations *relations = (struct relations *)handed;
    const struct royalty_relation_row *row = element;
    (void)key;
    if (relations->count >= relations->first && relations->count < relations->last) {
        json_out_object(&relations->out);
        alipay_write_text(&relations->out, "type", SPAN("userId"));
        alipay_write_user(&relations->out, "account", (enum user_kind)(row->receiver_kind - 1), row->receiver_id);
        if (row->name[0] != '\0') {
            alipay_write_text(&relations->out, "name", span_of(row->name));
        }
        if (row->memo[0] != '\0') {
            alipay_write_text(&relations->out, "memo", span_of(row->memo));
        }
        json_out_object_end(&relations->out);
    }
    relations->count++;
    return true;
}

static enum alipay_result page_number(struct alipay_job *job, const char *name, int64_t most, int64_t *value)
{
    const struct json_value *given = alipay_biz(job, name);
    if (given == NULL) {
        return RESULT_none;
    }
    return span_to_i64(json_in_plain(given), value) && *value >= 1 && *value <= most
               ? RESULT_none
               : alipay_invalid(job, name, "超出范围 (is out of range)");
}

static enum alipay_result relations_read(struct alipay_job *job, struct relations *relations)
{
    struct reader *reader = alipay_worker_reader(job->worker);
    int64_t merchant_id = job->app->row.merchant_id;
    struct read_call call = { .reader = reader,
                              .request = &merchant_id,
                              .caller = { .kind = CALLER_merchant, .id = merchant_id },
                              .now_us = engine_now_us(job->door->settings.engine),
                              .limit = PAGE_ROWS_MAX };
    if (reader == NULL || reader->ops->begin(reader) != STATUS_ok) {
        return RESULT_bare_system_error;
    }
    enum refusal refusal = royalty_list.run(&call, &relations->page);
    reader->ops->end(reader);
    return refusal == REFUSAL_none && relations->page.status == STATUS_ok ? RESULT_none : RESULT_bare_system_error;
}

static enum alipay_result batchquery_prepare(struct alipay_job *job)
{
    int64_t page = 1, size = PAGE_SIZE_DEFAULT;
    enum alipay_result result = page_number(job, "page_num", 1000, &page);
    if (result == RESULT_none) {
        result = page_number(job, "page_size", 100, &size);
    }
    size_t capacity = (size_t)size * 1024 + 512;
    char *bytes = arena_try(job->http->arena, capacity);
    if (result != RESULT_none || bytes == NULL) {
        return result != RESULT_none ? result : RESULT_bare_system_error;
    }
    struct relations relations = { .page = { .emit = relation_write },
                                   .first = (page - 1) * size,
                                   .last = page * size };
    struct json_out *out = &relations.out;
    json_out_init(out, bytes, capacity);
    alipay_write_text(out, "result_code", SPAN("SUCCESS"));
    json_out_key(out, "receiver_list");
    json_out_array(out);
    result = relations_read(job, &relations);
    json_out_array_end(out);
    json_out_key(out, "total_record_num");
    json_out_i64(out, relations.count);
    json_out_key(out, "total_page_num");
    json_out_i64(out, (relations.count + size - 1) / size);
    json_out_key(out, "current_page_num");
    json_out_i64(out, page);
    json_out_key(out, "current_page_size");
    json_out_i64(out, max_i64(0, min_i64(size, relations.count - relations.first)));
    job->own = json_out_end(out);
    if (result == RESULT_none && job->own.size == 0) {
        result = RESULT_bare_system_error;
    }
    return result == RESULT_none ? RESULT_success : result;
}

static const struct alipay_field batchquery_fields[] = {
    { "page_num", TYPE_number, NEED_may, USE_honoured, 0, INTO_nothing, 0, 0, "From 1 on." },
    { "page_size", TYPE_number, NEED_may, USE_honoured, 0, INTO_nothing, 0, 0, "1 to 100; left out, 20." },
    { "out_request_no", TYPE_text, NEED_may, USE_accepted, 32, INTO_nothing, 0, 0, "" },
};

/* Written by the method itself; listed for people. */
static void write_own(const struct alipay_job *job, struct json_out *out, const char *name)
{
    (void)job;
    (void)out;
    (void)name;
}

static const struct alipay_answer batchquery_answers[] = {
    { "result_code", SOURCE_write, 0, NULL, write_own, "always SUCCESS" },
    { "receiver_list", SOURCE_write, 0, NULL, write_own, "always: type, account, name, memo of each" },
    { "total_record_num", SOURCE_write, 0, NULL, write_own, "always" },
    { "total_page_num", SOURCE_write, 0, NULL, write_own, "always" },
    { "current_page_num", SOURCE_write, 0, NULL, write_own, "always" },
    { "current_page_size", SOURCE_write, 0, NULL, write_own, "always" },
};

const struct alipay_method method_royalty_batchquery = {
    .name = "alipay.trade.royalty.relation.batchquery",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/royalty/relation/batchquery",
    .summary = "The merchant's receivers, a page at a time.",
    .command = "royalty_list",
    .fields = batchquery_fields,
    .field_count = COUNT_OF(batchquery_fields),
    .answers = batchquery_answers,
    .answer_count = COUNT_OF(batchquery_answers),
    BARE,
    .prepare = batchquery_prepare,
};

/* ---- how much may be split ---- */

static enum refusal rate_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                struct alipay_told *told)
{
    (void)ask;
    (void)at;
    policy_ask(view, &told->made.policy);
    return REFUSAL_none;
}

static void write_merchant(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_user(out, name, USER_merchant, job->app->row.merchant_id);
}

static void write_max_ratio(const struct alipay_job *job, struct json_out *out, const char *name)
{
    json_out_key(out, name);
    json_out_i64(out, job->told.made.policy.royalty_max_bp / 100);
}

static const struct alipay_field rate_fields[] = {
    { "out_request_no", TYPE_text, NEED_may, USE_accepted, 32, INTO_nothing, 0, 0, "" },
};

static const struct alipay_answer rate_answers[] = {
    { "user_id", SOURCE_write, 0, NULL, write_merchant, "always: the merchant" },
    { "max_ratio", SOURCE_write, 0, NULL, write_max_ratio, "always: percent of the price, by the till's policy" },
};

const struct alipay_method method_royalty_rate = {
    .name = "alipay.trade.royalty.rate.query",
    .v3_method = "GET",
    .v3_path = "/v3/alipay/trade/royalty/rate/query",
    .summary = "The most of a price that may be split.",
    .command = "policy_query",
    .fields = rate_fields,
    .field_count = COUNT_OF(rate_fields),
    .answers = rate_answers,
    .answer_count = COUNT_OF(rate_answers),
    BARE,
    .decide = rate_decide,
};

/* ---- settling a trade ---- */

static enum alipay_result line_read(struct alipay_job *job, const struct json_value *from, int32_t index)
{
    struct trade_settle_line *to = &job->ask.want.settle.lines[index];
    struct span type = json_in_plain(json_in_member(from, "trans_in_type"));
    struct span amount = json_in_plain(json_in_member(from, "amount"));
    struct span percent = json_in_plain(json_in_member(from, "amount_percentage"));
    struct span royalty = json_in_plain(json_in_member(from, "royalty_type"));
    int64_t number = 0;
    enum alipay_result result = party_read(type, json_in_plain(json_in_member(from, "trans_in")), &to->kind, &to->id,
                                           job->ask.logons[index]);
    if (result != RESULT_none) {
        return RESULT_acq_royalty_no_account;
    }
    if (royalty.size > 0 && !span_equal(royalty, SPAN("transfer"))) {
        return alipay_invalid(job, "royalty_parameters.royalty_type", "仅支持transfer (only transfer is supported)");
    }
    if (amount.size > 0 ? !yuan_read(amount, &to->amount_minor)
                        : (!span_to_i64(percent, &number) || number < 1 || number > 100)) {
        return alipay_invalid(job, "royalty_parameters.amount", "金额或比例无效 (needs an amount or a percentage)");
    }
    to->percent = amount.size > 0 ? 0 : (int32_t)number;
    alipay_text_cut(json_in_plain(json_in_member(from, "desc")), to->description, sizeof(to->description));
    alipay_text_cut(json_in_plain(json_in_member(from, "trans_in_name")), to->name, sizeof(to->name));
    return RESULT_none;
}

static bool is_finish(const struct alipay_job *job)
{
    const struct json_value *finish = json_in_member(alipay_biz(job, "extend_params"), "royalty_finish");
    return finish != NULL && (finish->kind == JSON_true || span_equal(json_in_plain(finish), SPAN("true")));
}

static enum alipay_result settle_prepare(struct alipay_job *job)
{
    struct trade_settle *settle = &job->ask.want.settle;
    const struct json_value *list = alipay_biz(job, "royalty_parameters");
    settle->finish = is_finish(job);
    if (list != NULL && list->kind != JSON_list && !alipay_is_empty(list)) {
        return alipay_invalid(job, "royalty_parameters", "类型错误 (is no list)");
    }
    if (list == NULL || list->count == 0) {
        return settle->finish != 0 ? RESULT_none : alipay_invalid(job, "royalty_parameters", "缺失 (is missing)");
    }
    if (list->count > SETTLE_LINES_MAX) {
        return alipay_invalid(job, "royalty_parameters", "数量超限 (has more than 5 elements)");
    }
    for (const struct json_value *from = list->first; from != NULL; from = from->next) {
        enum alipay_result result = line_read(job, from, settle->lines_count);
        if (result != RESULT_none) {
            return result;
        }
        settle->lines_count++;
    }
    return RESULT_none;
}

static enum refusal settle_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                  struct alipay_told *told)
{
    struct trade_settle settle = ask->want.settle;
    const struct trade_row *trade = alipay_trade_named(ask, at, view, told);
    if (!row_exists(trade) || told->out_of_sight) {
        return REFUSAL_trade_unknown;
    }
    settle.trade_id = trade->trade_id;
    for (int32_t i = 0; i < settle.lines_count; i++) {
        if (ask->logons[i][0] != '\0') {
            settle.lines[i].id = alipay_shopper_of(view, "", ask->logons[i]);
        }
        if (settle.lines[i].id == 0) {
            return REFUSAL_receiver_unknown;
        }
    }
    return trade_settle.decide(&settle, at, view, &told->made.settle);
}

static const struct alipay_field settle_fields[] = {
    { "out_request_no", TYPE_text, NEED_must, USE_honoured, 64, INTO_text, FIELD_INTO(want.settle.out_request_no),
      "The same number with the same content is the same settlement." },
    { "trade_no", TYPE_text, NEED_must, USE_honoured, 64, INTO_trade_no, FIELD_INTO(trade_id), "" },
    { "royalty_parameters", TYPE_list, NEED_depends, USE_honoured, 0, INTO_nothing, 0, 0,
      "At most 5 of trans_in (userId, loginName), amount or amount_percentage, desc, trans_in_name." },
    { "extend_params", TYPE_object, NEED_may, USE_honoured, 0, INTO_nothing, 0, 0, "royalty_finish" },
    { "operator_id", TYPE_text, NEED_may, USE_accepted, 64, INTO_nothing, 0, 0, "" },
    { "royalty_mode", TYPE_text, NEED_may, USE_accepted, 16, INTO_nothing, 0, 0, "Always at once: sync." },
};

static const struct alipay_answer settle_answers[] = {
    { "trade_no", SOURCE_trade_no, TOLD(made.settle.trade_id), NULL, NULL, "always" },
    { "settle_no", SOURCE_id, TOLD(made.settle.settle_id), NULL, NULL, "always" },
};

static const struct alipay_refused settle_refused[] = {
    { REFUSAL_receiver_unknown, RESULT_acq_royalty_no_account },
    { REFUSAL_receiver_unbound, RESULT_acq_royalty_receiver },
    { REFUSAL_receiver_same, RESULT_acq_royalty_equal },
    { REFUSAL_name_differs, RESULT_acq_royalty_name },
    { REFUSAL_royalty_unagreed, RESULT_acq_royalty_not_support },
    { REFUSAL_royalty_exceeds, RESULT_acq_amount_validate },
    { REFUSAL_royalty_finished, RESULT_acq_alloc_finished },
    { REFUSAL_settles_full, RESULT_acq_settle_error },
    { REFUSAL_settle_differs, RESULT_acq_discordant_repeat },
    { REFUSAL_takings_short, RESULT_acq_balance_of_result },
    { REFUSAL_trade_waiting, RESULT_acq_status_error },
    { REFUSAL_trade_closed, RESULT_acq_status_error },
    { REFUSAL_none, RESULT_none },
};

const struct alipay_method method_order_settle = {
    .name = "alipay.trade.order.settle",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/order/settle",
    .summary = "Pays shares of a trade's takings to receivers.",
    .command = "trade_settle",
    .fields = settle_fields,
    .field_count = COUNT_OF(settle_fields),
    .answers = settle_answers,
    .answer_count = COUNT_OF(settle_answers),
    .refused = settle_refused,
    ACQ,
    .prepare = settle_prepare,
    .decide = settle_decide,
};

/* ---- what became of it ---- */

static enum alipay_result settle_query_prepare(struct alipay_job *job)
{
    struct trade_settle_query *query = &job->ask.want.settle_query;
    struct span settle_no = json_in_plain(alipay_biz(job, "settle_no"));
    if (job->biz == NULL) {
        settle_no = alipay_param_value(job->params, "settle_no");
    }
    if (settle_no.size > 0) {
        return span_to_i64(settle_no, &query->settle_id) && query->settle_id > 0 ? RESULT_none : RESULT_trade_not_match;
    }
    return job->ask.trade_no[0] != '\0' && query->out_request_no[0] != '\0'
               ? RESULT_none
               : alipay_invalid(job, "settle_no", "缺失 (or out_request_no and trade_no)");
}

static enum refusal settle_query_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                        struct alipay_told *told)
{
    struct trade_settle_query query = ask->want.settle_query;
    query.trade_id = query.settle_id != 0 ? 0 : ask->trade_id;
    enum refusal refusal = trade_settle_query.decide(&query, at, view, &told->made.settle);
    if (refusal == REFUSAL_none) {
        alipay_trade_tell(view, at, told->made.settle.trade_id, told);
    }
    return refusal;
}

static void write_lines(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const struct settle_row *settle = &job->told.made.settle;
    char text[BEIJING_TEXT_SIZE + 24];
    json_out_key(out, name);
    json_out_array(out);
    for (int32_t i = 0; i < settle->lines_count; i++) {
        const struct settle_line_row *line = &settle->lines[i];
        json_out_object(out);
        alipay_write_text(out, "operation_type", SPAN("transfer"));
        alipay_write_yuan(out, "amount", line->amount_minor);
        alipay_write_text(out, "state", SPAN("SUCCESS"));
        size_t size = beijing_write(settle->at_us, text);
        alipay_write_text(out, "execute_dt", (struct span){ text, size });
        alipay_write_text(out, "trans_in_type", SPAN("userId"));
        alipay_write_user(out, "trans_in", (enum user_kind)(line->kind - 1), line->id);
        alipay_write_text(out, "trans_out_type", SPAN("userId"));
        alipay_write_user(out, "trans_out", USER_shop, job->told.trade.shop_id);
        size = (size_t)snprintf(text, sizeof(text), "%lld%02d", (long long)settle->settle_id, (int)i);
        alipay_write_text(out, "detail_id", (struct span){ text, size });
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static const struct alipay_field settle_query_fields[] = {
    { "settle_no", TYPE_text, NEED_depends, USE_honoured, 64, INTO_nothing, 0, 0, "This, or both of the others." },
    { "out_request_no", TYPE_text, NEED_depends, USE_honoured, 64, INTO_text,
      FIELD_INTO(want.settle_query.out_request_no), "" },
    { "trade_no", TYPE_text, NEED_depends, USE_honoured, 64, INTO_trade_no, FIELD_INTO(trade_id), "" },
};

static const struct alipay_answer settle_query_answers[] = {
    { "out_request_no", SOURCE_text, TOLD(made.settle.out_request_no), NULL, NULL, "always" },
    { "operation_dt", SOURCE_time, TOLD(made.settle.at_us), NULL, NULL, "always" },
    { "royalty_detail_list", SOURCE_write, 0, NULL, write_lines, "always" },
};

static const struct alipay_refused settle_query_refused[] = {
    { REFUSAL_trade_unknown, RESULT_trade_not_match },
    { REFUSAL_settle_unknown, RESULT_trade_not_match },
    { REFUSAL_forbidden, RESULT_trade_not_match },
    { REFUSAL_none, RESULT_none },
};

const struct alipay_method method_settle_query = {
    .name = "alipay.trade.order.settle.query",
    .v3_method = "GET",
    .v3_path = "/v3/alipay/trade/order/settle/query",
    .summary = "One settlement.",
    .command = "trade_settle_query",
    .fields = settle_query_fields,
    .field_count = COUNT_OF(settle_query_fields),
    .answers = settle_query_answers,
    .answer_count = COUNT_OF(settle_query_answers),
    .refused = settle_query_refused,
    BARE,
    .prepare = settle_query_prepare,
    .decide = settle_query_decide,
};
