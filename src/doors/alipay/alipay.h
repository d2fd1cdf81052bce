/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Alipay door: /gateway.do (the form protocol, v2) and /v3/… (REST and JSON) for programs that speak the
 * Alipay Open Platform protocol. Methods are descriptions (method.h) over the till's commands; nothing of the
 * protocol leaks into the till, and what is opened through one door can be asked for through another.
 *
 * A request is taken on the HTTP server's thread, copied into its own arena, and waits in a bounded queue for one of
 * the door's workers, which verify, decrypt, decode and hand a call to the engine; its answer comes back to the
 * workers, which encode, encrypt and sign. No RSA is done on the deciding thread or on the server's. When
 * ALIPAY_WAITING_MAX requests wait, further ones are told 20000 (v3: 503), unsigned.
 *
 * Order: alipay_open before engine_start, alipay_start, …, http_stop, engine_stop, alipay_drain, http_close,
 * alipay_close.
 */
#ifndef DOORS_ALIPAY_ALIPAY_H
#define DOORS_ALIPAY_ALIPAY_H

#include <stdio.h>

#include "doors/metrics.h"
#include "doors/rest/rest.h"

#define ALIPAY_WAITING_MAX 4096
#define ALIPAY_WORKERS_MAX 64
#define ALIPAY_PAGE_COUNT 9
#define ALIPAY_EDIT_COUNT 2

struct alipay;
struct bills;
struct checkout;
struct oauth;
struct platform;

struct alipay_settings {
    struct engine *engine;
    struct store *store;
    const struct master_key *key;
    const struct hmac_key *paycode_key; /* till_edits.h; these three outlive the door */
    const struct hmac_key *qr_key;
    const char *base_url;      /* of the addresses in QR codes */
    struct platform *platform; /* what answers are signed with */
    struct checkout *checkout; /* where page.pay leads; NULL: page methods are not offered */
    struct oauth *oauth;       /* texts of codes and tokens; NULL: no authorisation */
    struct bills *bills;       /* NULL: no bills */
    uint32_t worker_count;     /* 0: one for each processor */
    bool sandbox;              /* faults on demand are offered */
};

/*
 * Reads the apps and begins to observe; requests that come before alipay_start wait for it. NULL: the store cannot be
 * read.
 */
MUST_CHECK struct alipay *alipay_open(const struct alipay_settings *settings);
void alipay_start(struct alipay *door, struct http_server *http);
/* Answers what waits, and ends the workers; afterwards nothing of the door touches the server. */
void alipay_drain(struct alipay *door);
void alipay_close(struct alipay *door);

/* The door's routes. */
void alipay_pages(struct alipay *door, struct rest_page to[ALIPAY_PAGE_COUNT]);
/* What the REST door does around app_create and app_change: keys in their one spelling, and the AES key shown. */
void alipay_edits(struct alipay *door, struct rest_edit to[ALIPAY_EDIT_COUNT]);
void alipay_metrics(struct alipay *door, struct metrics_text *text);

/* What becomes of the next notice of an app, as asked for in a sandbox. Any thread. */
enum alipay_notice_fault {
    ALIPAY_NOTICE_none,
    ALIPAY_NOTICE_lost,
    ALIPAY_NOTICE_repeated,
    ALIPAY_NOTICE_late,
};
enum alipay_notice_fault alipay_notice_fault(struct alipay *door, int64_t app_id, int64_t *delay_ms);

/* All methods with their fields and codes, as JSON, for the tables of docs/alipay.md. */
void alipay_describe(FILE *to);

#endif
