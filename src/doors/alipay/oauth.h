/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shopper lets an app know who they are. The app sends the browser to
 *
 *     GET /oauth2/publicAppAuthorize.htm?app_id=&scope=auth_base|auth_user&redirect_uri=&state=
 *
 * where the shopper logs in (session.h) and agrees; the browser goes on to redirect_uri with auth_code, app_id,
 * scope, state and source, and the app takes the code to alipay.system.oauth.token. The page uses
 *
 *     GET  /oauth2/app      with the same query: who asks, and whether the address may be gone on to
 *     POST /oauth2/grant    the shopper agrees: { app_id, scope, redirect_uri, state } -> { redirect }
 *
 * redirect_uri is of the same origin as one of the app's own addresses (notify_url or gateway_url). With a test
 * clock an address of this machine (localhost, 127.0.0.1, [::1]) will do as well.
 *
 * Codes and tokens are written here, not stored: the grant's number and generation and 8 bytes of HMAC-SHA-256
 * under a key derived from the master key, in 40 hex digits, as the protocol has room for. Whether a grant is live
 * and of which generation is the till's to say (grant_redeem, grant_refresh, grant_query).
 *
 * Threads: the texts any thread; the pages on the HTTP server's.
 */
#ifndef DOORS_ALIPAY_OAUTH_H
#define DOORS_ALIPAY_OAUTH_H

#include "doors/alipay/session.h"

#define OAUTH_PAGE_COUNT 3
#define OAUTH_TEXT_SIZE 41 /* 40 hex digits and the terminating zero */

struct oauth;

enum oauth_kind {
    OAUTH_code = 'c',
    OAUTH_access = 'a',
    OAUTH_refresh = 'r',
};

struct oauth_settings {
    struct engine *engine;
    const struct master_key *key;
    struct session_door *session;
    bool test_clock;
};

/* Never NULL. */
struct oauth *oauth_open(const struct oauth_settings *settings);
/* After http_close. */
void oauth_close(struct oauth *oauth);

void oauth_pages(struct oauth *oauth, struct rest_page to[OAUTH_PAGE_COUNT]);

/* `generation` is 0 in a code. */
void oauth_text_write(const struct oauth *oauth, enum oauth_kind kind, int64_t grant_id, int32_t generation,
                      char to[OAUTH_TEXT_SIZE]);
/* In constant time. False: not one of ours, or of another kind. */
MUST_CHECK bool oauth_text_read(const struct oauth *oauth, enum oauth_kind kind, struct span text, int64_t *grant_id,
                                int32_t *generation);

/* Whether the browser may be sent to `uri` for an app with these addresses; pure. */
MUST_CHECK bool oauth_redirect_fits(struct span uri, struct span notify_url, struct span gateway_url, bool local);

#endif
