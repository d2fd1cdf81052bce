/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notice that a trade's own notify_url gets (异步通知): a form body, signed by the platform. Pure but for the
 * key: the same facts at the same time make the same bytes.
 *
 *  - No parameter is empty and none is there that the protocol does not name: clients differ in whether they sign
 *    empty ones, and some verify only what they know.
 *  - Signed are all parameters but `sign` and `sign_type`, decoded, sorted, in the charset that the trade was
 *    opened in; the same bytes are percent-encoded into the body, a blank as '+'.
 *  - notify_id is the same at every attempt, notify_time is that of the attempt.
 *
 * Any thread. Signing takes about half a millisecond.
 */
#ifndef DOORS_ALIPAY_NOTICE_H
#define DOORS_ALIPAY_NOTICE_H

#include "doors/alipay/charset.h"
#include "doors/alipay/crypto.h"
#include "till/trade_rows.h"
#include "till/webhook_rows.h"

#define NOTICE_BODY_SIZE_MAX 16384
#define NOTICE_ARENA_SIZE 131072 /* what writing one takes of an arena, at most */

/* What a notice tells. Texts are UTF-8; empty ones are left out. */
struct notice {
    int64_t delivery_id;
    int32_t topic;             /* enum delivery_topic: paid, closed, refunded */
    int64_t created_at_us;     /* when that happened */
    int64_t now_us;            /* of the attempt, by the till's clock */
    int64_t app_id;
    const struct trade_row *trade; /* as it was then */
    struct span subject;           /* the whole of it when the trade's row has not room for it */
    struct span buyer_logon_id;    /* as it is; it is masked here */
    struct span body, passback;    /* as the trade's request gave them */
    struct span request_no;        /* of the refund it tells of */
    int64_t refund_paid_minor;     /* what this refund gave back to the shopper; -1: not known */
    struct span campaign_names[DISCOUNTS_MAX]; /* by the trade's discounts */
    enum charset charset;          /* that the trade was opened in; what it lacks becomes '?' */
    enum alipay_digest digest;     /* its sign_type */
};

/*
 * The body in `arena`. False when a text is not UTF-8 or a limit would be passed: such a notice can never be
 * made.
 */
MUST_CHECK bool notice_write(const struct notice *notice, const struct alipay_key *key, struct arena *arena,
                             struct span *body);
/* The Content-Type of such a body. */
#define NOTICE_TYPE_SIZE 64
void notice_type(enum charset charset, char to[NOTICE_TYPE_SIZE]);

/* Whether an answer was heard: 200, and these very seven bytes. */
MUST_CHECK bool notice_heard(long http_status, struct span body);

#endif
