/* SPDX-License-Identifier: Apache-2.0 */
/* A running server: what `onetill serve` is made of, for subcommands and tests that want one in their process. */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include <stdatomic.h>

#include "app/place.h"
#include "doors/alipay/alipay.h"
#include "doors/rest/rest.h"
#include "doors/till_edits.h"
#include "lines/product.h"

struct live;
struct notify;
struct sandbox;
struct session_door;

struct server_settings {
    const struct place *place;
    const struct place *read_place; /* a replica of the database, for reads; NULL: none */
    const char *listen;
    const char *base_url;   /* of QR codes; at most 200 bytes, no slash at its end */
    const char *tls_certificate, *tls_key; /* PEM files, or NULL */
    uint32_t http_threads;
    uint32_t connections_max;
    int64_t cache_mb;
    uint32_t partitions; /* of a database: see struct postgres_settings */
    bool value_lists;
    bool test_clock;
    int64_t test_clock_start_us;
    bool sandbox; /* see app/sandbox.h; the test clock runs */
    bool metrics_guarded;
    bool webhook_private; /* webhooks may go to this machine and private networks */
};

struct server {
    const struct place *place;
    struct store *store;
    struct master_key key;
    struct tokens *tokens;
    struct engine *engine;
    struct till_edits edits;
    struct rest *rest;
    struct http_server *http;
    struct live *live;
    struct notify *notify;
    struct platform *platform;
    struct session_door *session;
    struct checkout *checkout;
    struct oauth *oauth;
    struct bills *bills;
    struct alipay *alipay;
    struct sandbox *sandbox; /* NULL: it is none */
    _Atomic int64_t test_clock_us; /* of a clock that runs: how far it is ahead of the system's */
    bool clock_runs;
    int64_t started_us;
    struct rest_page pages[48];
};

/* False with a sentence in `error`; the process is expected to end then. */
MUST_CHECK bool server_open(struct server *server, const struct server_settings *settings, char *error,
                            size_t error_size);
/* Answers what was accepted and closes the store. */
void server_close(struct server *server);

/* ---- serve_extras.c: what hangs off the commit: the live page, event streams, webhooks ---- */

/* Before the doors open: adds pages, the static files and metrics to the door's settings. */
void server_extras(struct server *server, const struct server_settings *settings, struct rest_settings *rest);
void server_extras_start(struct server *server);
void server_extras_stop(struct server *server);
void server_extras_close(struct server *server);

/* ---- serve_alipay.c: the Alipay door, its keys and pages, a sandbox; as above ---- */

/* The platform's keys, before anything that signs with them. */
void server_platform(struct server *server, const struct server_settings *settings);
/* For the notices' worker, whose context is the server. */
enum alipay_notice_fault server_notice_fault(void *server, int64_t app_id, int64_t *delay_ms);
void server_alipay(struct server *server, const struct server_settings *settings, struct rest_settings *rest);
void server_alipay_start(struct server *server);
void server_alipay_stop(struct server *server);
/* After engine_stop, before http_close: the door's last answers go out. */
void server_alipay_drain(struct server *server);
void server_alipay_close(struct server *server);

#endif
