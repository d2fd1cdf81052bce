/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that a day is played against: `onetill serve` as a child of this process with a test clock, and
 * the keys to speak to it as its operator, as any till and as any shopper. Then what the played days are
 * judged by: reads through the door, and the audit of the store while it is being served. One thread.
 */
#ifndef APP_PLAYED_H
#define APP_PLAYED_H

#include "app/json_member.h"
#include "app/place.h"
#include "doors/tokens.h"
#include "load/child.h"
#include "load/http_client.h"

#define PLAYED_ANSWER_SIZE (1 << 20)
#define BEARER_SIZE (sizeof("Authorization: Bearer \r\n") + TOKEN_TEXT_SIZE)

struct played {
    struct child child;
    struct place place;
    struct http_address address;
    char url[128]; /* http://127.0.0.1:8080 */
    struct tokens *tokens;
    struct hmac_key paycode_key;
    char operator_token[TOKEN_TEXT_SIZE];
    char operator_bearer[BEARER_SIZE]; /* a header line */
    uint64_t key_next;
    char *answer; /* PLAYED_ANSWER_SIZE */
};

/* Reads, or makes, the store's master key and what is derived from it. False with a sentence in `error`. */
MUST_CHECK bool played_keys(struct played *played, const char *store, char *error, size_t error_size);
/* After played_keys. Starts the server and waits until it is ready. */
MUST_CHECK bool played_start(struct played *played, const char *listen, int64_t clock_us, char *error,
                             size_t error_size);
/* Stops it the clean way and releases everything. False: it had died, or had to be killed. */
bool played_stop(struct played *played);

/* The header line of who speaks. */
void played_bearer(const struct played *played, struct caller caller, char to[BEARER_SIZE]);

/*
 * One request of the operator's; a POST gets a key of its own. The status, or 0 without an answer. `*body` is
 * valid until the next call.
 */
int played_call(struct played *played, const char *method, const char *path, struct span request, struct span *body);
/* Moves the test clock. */
MUST_CHECK bool played_clock(struct played *played, int64_t now_us);

/* What a shop took on a day, as the door lists it. */
struct played_shop_day {
    int64_t shop_id;
    int64_t payments, refunds;
    int64_t list_minor, discount_minor, paid_minor, refunded_paid_minor, refunded_discount_minor;
};
/* Reads all pages for a day, yyyymmdd. False when the server does not answer, or not with that list. */
MUST_CHECK bool played_shop_days(struct played *played, int32_t day,
                                 void (*each)(void *context, const struct played_shop_day *row), void *context);

struct played_audit {
    bool ok;
    uint64_t transfers, accounts;
    int64_t took_us;
    char sentence[640]; /* when not ok: the first discrepancy, or why there is no verdict */
};
/* Has the store audited by `onetill audit` in a child, while it is being served. */
void played_audit(const struct played *played, struct played_audit *audit);

#endif
