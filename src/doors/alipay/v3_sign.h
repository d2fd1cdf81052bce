/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How requests and answers of the v3 protocol are signed: what stands in the Authorization header, the texts
 * under the signatures, and the memory of nonces that keeps a recorded request from being sent again. Reading
 * and writing: any thread, pure. v3_nonces_use: any thread at the same time.
 */
#ifndef DOORS_ALIPAY_V3_SIGN_H
#define DOORS_ALIPAY_V3_SIGN_H

#include "base/arena.h"
#include "base/span.h"

#define V3_AUTHORIZATION_SIZE_MAX 4096
#define V3_NONCE_SIZE_MAX 128
#define V3_WINDOW_US INT64_C(600000000)      /* a timestamp may differ that much from our clock, either way */
#define V3_NONCE_KEPT_US (2 * V3_WINDOW_US)  /* so long can a timestamp stay valid */
#define V3_NONCES_MAX (1 << 21)              /* 1700 requests a second for as long as nonces are kept */

/*
 * The pairs stand in any order and number, and the text is what was signed: it is kept as it came. Members that
 * were not given are empty.
 */
struct v3_authorization {
    struct span auth_string; /* between the scheme and the last ",sign=" */
    struct span sign;
    struct span app_id, app_cert_sn, nonce;
    int64_t at_us;         /* the timestamp, from milliseconds */
    int64_t expires_in_us; /* expired_seconds; V3_WINDOW_US when not given, never more */
};

enum v3_error {
    V3_ok,
    V3_missing,         /* no header */
    V3_bad_scheme,      /* not ALIPAY-SHA256withRSA */
    V3_bad_form,        /* too long, not `name=value` pairs, or one pair twice */
    V3_no_sign,
    V3_no_app_id,
    V3_no_timestamp,
    V3_bad_timestamp,   /* not milliseconds since 1970 */
    V3_no_nonce,
    V3_bad_nonce,       /* longer than V3_NONCE_SIZE_MAX */
};
/* The protocol's own code: "missing-timestamp", "invalid-signature", … */
const char *v3_error_code(enum v3_error error);
const char *v3_error_text(enum v3_error error);

/* The result points into `header`. */
MUST_CHECK enum v3_error v3_authorization_read(struct span header, struct v3_authorization *to);
/* Whether the timestamp is near enough to the clock. */
MUST_CHECK bool v3_timestamp_fresh(const struct v3_authorization *authorization, int64_t now_us);

struct v3_request {
    struct span auth_string;
    struct span method;         /* "POST" */
    struct span target;         /* path and query exactly as on the request line */
    struct span body;           /* empty when there is none; of a multipart body the part `data` */
    struct span app_auth_token; /* bytes NULL: the header was not there */
};
/* In the arena; bytes NULL when it is full. */
MUST_CHECK struct span v3_request_text(const struct v3_request *request, struct arena *arena);
/* `timestamp` in milliseconds and `nonce` as they stand in the answer's headers. */
MUST_CHECK struct span v3_answer_text(struct span timestamp, struct span nonce, struct span body,
                                      struct arena *arena);

struct v3_nonces;

/* At most `nonces_max` are remembered; memory grows with their number, 24 bytes each. Never NULL. */
struct v3_nonces *v3_nonces_open(size_t nonces_max);
/* No thread may be using it any more. */
void v3_nonces_close(struct v3_nonces *nonces);

enum v3_nonce {
    V3_NONCE_fresh,
    V3_NONCE_used, /* by the same application, not longer ago than V3_NONCE_KEPT_US */
    V3_NONCE_full, /* as many as may be remembered are: try again later */
};
/* Use it after the signature was found good, so that strangers cannot fill it. `now_us` is any steady clock. */
MUST_CHECK enum v3_nonce v3_nonces_use(struct v3_nonces *nonces, struct span app_id, struct span nonce,
                                       int64_t now_us);

#endif
