/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of a request, wherever its client put them: in the query, in a form body, or in the text
 * parts of a multipart body. Values are the raw bytes after percent-decoding, in the charset of the request.
 * One thread at a time; what was decoded lies in the arena, the rest points into what was given.
 *
 * A name may stand once in the query and once in the body. With equal values that is one parameter. With
 * different ones it is not known yet which the client signed: both are kept, and the signature decides
 * (alipay_params_verify). Until then, and always for parameters that nobody signs, the body's value counts. The
 * same name twice in one place with different values is refused, and so are two values of those parameters that
 * say who asks for what and how it is signed (app_id, method, sign, sign_type, app_cert_sn).
 *
 * Safe by construction: after alipay_params_verify has said yes, every value that is not empty was signed.
 */
#ifndef DOORS_ALIPAY_PARAMS_H
#define DOORS_ALIPAY_PARAMS_H

#include "base/arena.h"
#include "doors/alipay/crypto.h"

#define ALIPAY_PARAMS_MAX 64     /* parameters of one request, counting both values of a name */
#define ALIPAY_NAME_SIZE_MAX 128 /* bytes of a decoded name */
#define ALIPAY_FILES_MAX 4       /* file parts */

enum alipay_place { ALIPAY_query, ALIPAY_body };

struct alipay_param {
    struct span name, value;
    enum alipay_place place;
    bool both;    /* the other place has it too, with this value */
    bool doubted; /* the other place has this name with another value */
};

struct alipay_file {
    struct span name, file_name, content_type, content;
};

struct alipay_params {
    struct arena *arena;
    struct alipay_param list[ALIPAY_PARAMS_MAX]; /* as they came */
    size_t count;
    struct alipay_file files[ALIPAY_FILES_MAX];
    size_t file_count;
    enum alipay_place preferred; /* whose value counts for a doubted name */
};

enum alipay_params_error {
    ALIPAY_PARAMS_ok,
    ALIPAY_PARAMS_too_many,     /* parameters or files */
    ALIPAY_PARAMS_too_large,    /* a name, or all together for the arena */
    ALIPAY_PARAMS_repeated,     /* one name, two values, where that cannot be */
    ALIPAY_PARAMS_bad_form,     /* a multipart body that is none */
    ALIPAY_PARAMS_unknown_form, /* a content type that is neither form nor multipart, and a body */
};
const char *alipay_params_error_text(enum alipay_params_error error);

void alipay_params_init(struct alipay_params *params, struct arena *arena);
/* What follows the '?' of the request line, raw. Called before alipay_params_body. */
MUST_CHECK enum alipay_params_error alipay_params_query(struct alipay_params *params, struct span query);
/* The content type as the header says it; an empty one with a body counts as a form. */
MUST_CHECK enum alipay_params_error alipay_params_body(struct alipay_params *params, struct span content_type,
                                                       struct span body);
/* For those who build: the texts are not copied, the name is new, and an empty value adds nothing. */
MUST_CHECK enum alipay_params_error alipay_params_add(struct alipay_params *params, struct span name,
                                                      struct span value);

/* Empty (bytes NULL) when it was not given. */
struct span alipay_param_value(const struct alipay_params *params, const char *name);
const struct alipay_file *alipay_param_file(const struct alipay_params *params, const char *name);

/*
 * What is signed: the parameters sorted by name, `name=value` joined with '&', without `sign`. Requests and
 * notices differ only in `sign_type`, which notices leave out.
 */
enum alipay_signed {
    ALIPAY_SIGNED_request,
    ALIPAY_SIGNED_notice, /* also of what a page returns to the shop */
};
struct alipay_canonical {
    enum alipay_signed as;
    bool with_empty; /* parameters without a value as `name=`; by the rule they are left out */
};
/* In the arena; bytes NULL when it is full. Doubted names count with the preferred value. */
MUST_CHECK struct span alipay_canonical_text(const struct alipay_params *params, struct alipay_canonical how);

/*
 * Whether `sign` is the key's signature of the parameters as some client builds the text: without or with empty
 * values, and with the body's or the query's value of doubted names. Yes fixes the values that were signed.
 * `*expected` gets the text by the rule, to be shown to who signed another one.
 */
MUST_CHECK bool alipay_params_verify(struct alipay_params *params, const struct alipay_key *key,
                                     enum alipay_digest digest, struct span *expected);
/* The same for a notice, as those who receive it check it. */
MUST_CHECK bool alipay_notice_verify(struct alipay_params *params, const struct alipay_key *key);
/* Adds `sign` over the parameters, among which `sign_type` already is. False when there is no room. */
MUST_CHECK bool alipay_params_sign(struct alipay_params *params, const struct alipay_key *key,
                                   enum alipay_digest digest, enum alipay_signed as);

/* The parameters as a form body or a query, in their order; a blank is '+'. Bytes NULL when there is no room. */
MUST_CHECK struct span alipay_params_write(const struct alipay_params *params);

#endif
