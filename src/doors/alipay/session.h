/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shopper in a browser. Who logs in gives the account (user id or logon id) and the log-in code that the
 * shopper's device shows now: there are no passwords. It is not the pay code, which every cashier is shown. From
 * then on a cookie speaks for the shopper for SESSION_SECONDS, at our own pages and at the REST door alike, which
 * sees CALLER_shopper.
 *
 *     POST   /session    { "account": "2088…" or "159…", "login_code": "38…" }    begins one
 *     GET    /session    who is logged in, and the proof that goes with each request
 *     DELETE /session    ends it in this browser
 *
 * The cookie is signed, not stored: shopper, end, and 16 bytes of HMAC-SHA-256 under a key derived from the
 * master key. It is HttpOnly and SameSite=Strict. It is not enough for anything but GET /session: every other
 * request that is to be the shopper's also brings the header `Onetill-Proof`, another HMAC over the cookie,
 * which only a page of this very server can read. So neither a form nor a script of another site acts for the
 * shopper. A body is taken as application/json only.
 *
 * Guessing a code: the till limits the tries at one device; here one address has SESSION_ATTEMPTS_MAX wrong tries a
 * minute, and this machine, where a proxy may stand for everybody, SESSION_ATTEMPTS_HERE_MAX.
 *
 * Threads: everything on the HTTP server's threads, any number of them.
 */
#ifndef DOORS_ALIPAY_SESSION_H
#define DOORS_ALIPAY_SESSION_H

#include "doors/master_key.h"
#include "doors/rest/rest.h"

#define SESSION_SECONDS 900
#define SESSION_ATTEMPTS_MAX 10
#define SESSION_ATTEMPTS_HERE_MAX 300
#define SESSION_PAGE_COUNT 3
#define SESSION_COOKIE "onetill_session"
#define SESSION_PROOF_HEADER "Onetill-Proof"

struct session_door;

struct session_settings {
    struct engine *engine;
    const struct master_key *key;
    bool secure;  /* shoppers come by https: the cookie is for that only */
    bool sandbox; /* the pages may offer the sandbox's shoppers and their codes */
};

/* Never NULL. */
struct session_door *session_open(const struct session_settings *settings);
/* After http_close. */
void session_close(struct session_door *door);

/*
 * Who the cookie and the proof of this request speak for; false: nobody. For rest_settings.session_check and
 * for pages; inside the handler only.
 */
MUST_CHECK bool session_check(void *door, struct http_request *http, struct caller *caller);

void session_pages(struct session_door *door, struct rest_page to[SESSION_PAGE_COUNT]);

/* The cookie's value and the proof for it, as the pages get them; for tests. */
#define SESSION_TEXT_SIZE 64
void session_write(const struct session_door *door, int64_t shopper_id, int64_t ends_at_us,
                   char cookie[SESSION_TEXT_SIZE], char proof[SESSION_TEXT_SIZE]);

#endif
