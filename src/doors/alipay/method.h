/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A method of the protocol is a description: its fields with type, length, whether they must be there, what is
 * done with them and where they go; how its request is made complete; what is decided in the engine; which
 * result each refusal is; and the answer's fields in order. Reading, checking, answering, both protocols, charset,
 * signature and encryption are the same code for all of them.
 *
 * prepare and conclude run on a worker, decide on the deciding thread, inside one call of the engine's: it is pure
 * like every decision, calls the till's own commands, and reads in the same view what the answer shows.
 */
#ifndef DOORS_ALIPAY_METHOD_H
#define DOORS_ALIPAY_METHOD_H

#include "base/json_out.h"
#include "doors/alipay/json_in.h"
#include "doors/alipay/result.h"
#include "doors/alipay/told.h"

struct alipay_job;

enum alipay_type {
    TYPE_text,
    TYPE_price,  /* yuan, exact, a JSON text or number */
    TYPE_number, /* a whole number */
    TYPE_flag,
    TYPE_object,
    TYPE_list,
    TYPE_file,
};

enum alipay_need {
    NEED_may,
    NEED_must,
    NEED_depends, /* on other fields; the method says it */
};

enum alipay_use {
    USE_honoured, /* it does what it says */
    USE_stored,   /* kept with the trade and given back where the protocol does, else without effect */
    USE_accepted, /* checked for its form and otherwise without effect */
    USE_refused,  /* the request is refused, because the field asks for what is not there */
};

/* Where a field goes in struct alipay_ask. */
enum alipay_into {
    INTO_nothing,  /* prepare looks at it, or nobody does */
    INTO_text,     /* char[] */
    INTO_yuan,     /* int64_t, minor units */
    INTO_trade_no, /* int64_t, the trade's id; 0: not one of ours */
    INTO_json,     /* char[]: the JSON text of it, left out when it does not fit */
};

struct alipay_field {
    const char *name;
    enum alipay_type type;
    enum alipay_need need;
    enum alipay_use use;
    uint16_t size_max; /* characters of a text, elements of a list; 0: no limit of its own */
    enum alipay_into into;
    uint32_t offset, size; /* in struct alipay_ask */
    const char *text;      /* what it means here, for people */
};

/* How an answer's field is made from struct alipay_told. */
enum alipay_source {
    SOURCE_write,    /* by `write` */
    SOURCE_text,     /* char[] at `offset`; left out when empty */
    SOURCE_yuan,     /* int64_t minor units */
    SOURCE_time,     /* int64_t microseconds, Beijing time; left out when 0 */
    SOURCE_trade_no, /* int64_t; left out when 0 */
    SOURCE_id,       /* int64_t in decimal; left out when 0 */
};

struct alipay_answer {
    const char *name;
    enum alipay_source source;
    uint32_t offset; /* in struct alipay_told */
    bool (*when)(const struct alipay_job *job); /* NULL: always */
    void (*write)(const struct alipay_job *job, struct json_out *out, const char *name);
    const char *text; /* when it is there and what it is, for people */
};

/* A refusal of the till's and what the protocol calls it. */
struct alipay_refused {
    enum refusal refusal;
    enum alipay_result result;
};

enum alipay_method_flag {
    METHOD_top = 1,    /* its fields are parameters of the request itself, not of biz_content */
    METHOD_page = 2,   /* a browser calls it: errors are a page for people, success leads on */
    METHOD_v2_only = 4,
    METHOD_user = 8,   /* acts with a user's auth_token */
    METHOD_wallet = 32, /* a wallet calls it: success also says where the checkout page is */
    METHOD_unsure_v3 = 16, /* v3 path by the rule, not in the published list */
};

struct alipay_method {
    const char *name;
    const char *v3_method, *v3_path; /* "POST", "/v3/alipay/trade/pay"; NULL: none */
    unsigned flags;                  /* enum alipay_method_flag */
    const char *summary;
    const char *command;             /* names of the till's commands or reads it stands on, for people */
    const struct alipay_field *fields;
    size_t field_count;
    const struct alipay_answer *answers;
    size_t answer_count;
    const struct alipay_refused *refused; /* before the general list; ends with REFUSAL_none */
    /* A list that goes before that, where it depends on the request; NULL: none. */
    const struct alipay_refused *(*refused_by)(const struct alipay_job *job);
    enum alipay_result invalid;      /* what a field that is missing or wrong is called */
    enum alipay_result fault;        /* and a fault of ours */
    /* Completes the request. RESULT_none: go on to `decide`; RESULT_success without `decide`: done. */
    enum alipay_result (*prepare)(struct alipay_job *job);
    enum refusal (*decide)(const struct alipay_ask *ask, struct moment *at, struct view *view,
                           struct alipay_told *told);
    /* Decided and not refused: what it comes to; NULL: success. */
    enum alipay_result (*conclude)(struct alipay_job *job);
};

extern const struct alipay_method *const alipay_methods[]; /* NULL-terminated */

const struct alipay_method *alipay_method_find(struct span name);
const struct alipay_method *alipay_method_of_v3(const char *http_method, struct span path);

/* ---- for descriptions ---- */

#define FIELD_INTO(member) \
    .offset = offsetof(struct alipay_ask, member), .size = sizeof(((struct alipay_ask *)0)->member)
#define TOLD(member) .offset = offsetof(struct alipay_told, member)

/* ---- for prepare and conclude ---- */

/* The member of biz_content, or NULL. */
const struct json_value *alipay_biz(const struct alipay_job *job, const char *name);
/* An empty text, which counts as not given, whatever its field is. */
bool alipay_is_empty(const struct json_value *value);
/* The result, with what is wrong with which field behind its text. */
enum alipay_result alipay_invalid(struct alipay_job *job, const char *field, const char *why);
enum alipay_result alipay_result_with(struct alipay_job *job, enum alipay_result result, const char *field,
                                      const char *why);

#endif
