/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checkout page: where page.pay, wap.pay and app.pay send a shopper's browser.
 *
 *     GET /checkout/{token}           the page; `token` is the trade's id and a mac, so that nobody finds others'
 *     GET /checkout/{token}/trade     what it shows, as JSON: shop, subject, amount, state, QR. No login needed
 *     GET /checkout/{token}/qr.svg    what a wallet on another device scans
 *     GET /checkout/{token}/return    302 to the merchant's return_url with signed parameters, once it is paid
 *
 *     GET /q/t/{code}                 302: a phone's camera opened a trade's QR; its page
 *     GET /q/s/{code}                 302: the same of a counter's; the wallet, with the code typed in
 *
 * Logging in, scanning, confirming and declining are not here: the page begins a session (session.h) and then
 * speaks to the REST door like any wallet (qr_scan, trade_confirm, trade_decline).
 *
 * Threads: HTTP server's threads. The signature of the return is made there too: one per paid page.
 */
#ifndef DOORS_ALIPAY_CHECKOUT_H
#define DOORS_ALIPAY_CHECKOUT_H

#include "doors/master_key.h"
#include "doors/rest/rest.h"

#define CHECKOUT_PAGE_COUNT 6
#define CHECKOUT_BASE_MAX 200
/* Base, "/checkout/", 19 digits, ".", mac of 22 characters and the terminating zero. */
#define CHECKOUT_URL_SIZE (CHECKOUT_BASE_MAX + 10 + 19 + 1 + 22 + 1)

struct alipay_key;
struct checkout;

struct checkout_settings {
    struct engine *engine;
    const struct master_key *key;
    const char *base_url; /* as shoppers reach us, no slash at its end, outlives this; empty: addresses are paths */
    bool sandbox;         /* the page says where pay codes are to be had */
    /* The platform's key, which signs the return; NULL: there is none now. HTTP server's threads. */
    const struct alipay_key *(*signing_key)(void *context);
    void *key_context;
};

/* Never NULL. */
struct checkout *checkout_open(const struct checkout_settings *settings);
/* After http_close. */
void checkout_close(struct checkout *checkout);

void checkout_pages(struct checkout *checkout, struct rest_page to[CHECKOUT_PAGE_COUNT]);

/* The address of a trade's page. */
struct span checkout_url(const struct checkout *checkout, int64_t trade_id, char to[CHECKOUT_URL_SIZE]);
/* Answers a request with 302 to that address; from any thread. */
void checkout_redirect(struct checkout *checkout, struct http_request *http, int64_t trade_id);
/* The trade that a token names; false when it is not one of ours. */
MUST_CHECK bool checkout_token_read(const struct checkout *checkout, struct span token, int64_t *trade_id);

#endif
