/* SPDX-License-Identifier: Apache-2.0 */
/* The Alipay door and what belongs to it: the platform's keys, the pages that shoppers see, a sandbox. */
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "app/sandbox.h"
#include "app/sandbox_keys.h"
#include "app/serve.h"
#include "doors/alipay/alipay.h"
#include "doors/alipay/bill.h"
#include "doors/alipay/certificate.h"
#include "doors/alipay/checkout.h"
#include "doors/alipay/oauth.h"
#include "doors/alipay/platform.h"
#include "doors/alipay/platform_page.h"
#include "doors/alipay/sealed.h"
#include "doors/alipay/session.h"

/* Where the next of the server's pages goes. */
static struct rest_page *page_room(struct server *server, struct rest_settings *rest, size_t count)
{
    struct rest_page *room = &server->pages[rest->page_count];
    assert(rest->pages == server->pages);
    assert(rest->page_count + count <= COUNT_OF(server->pages));
    rest->page_count += count;
    return room;
}

static const struct alipay_key *signing_key(void *context)
{
    char error[256];
    struct server *server = context;
    const struct platform_keys *keys = platform_keys(server->platform, error, sizeof(error));
    if (keys == NULL) {
        fprintf(stderr, "onetill: %s\n", error);
        return NULL;
    }
    return &keys->key;
}

static bool begins(const char *text, const char *front)
{
    return strncmp(text, front, strlen(front)) == 0;
}

static void pages_open(struct server *server, const struct server_settings *settings, struct rest_settings *rest)
{
    struct session_settings session = {
        .engine = server->engine,
        .key = &server->key,
        .secure = settings->tls_key != NULL || begins(settings->base_url, "https://"),
        .sandbox = settings->sandbox,
    };
    struct checkout_settings checkout = {
        .engine = server->engine,
        .key = &server->key,
        .base_url = server->edits.base_url,
        .sandbox = settings->sandbox,
        .signing_key = signing_key,
        .key_context = server,
    };
    server->session = session_open(&session);
    server->checkout = checkout_open(&checkout);
    struct oauth_settings oauth = {
        .engine = server->engine,
        .key = &server->key,
        .session = server->session,
        .test_clock = settings->test_clock,
    };
    server->oauth = oauth_open(&oauth);
    session_pages(server->session, page_room(server, rest, SESSION_PAGE_COUNT));
    checkout_pages(server->checkout, page_room(server, rest, CHECKOUT_PAGE_COUNT));
    oauth_pages(server->oauth, page_room(server, rest, OAUTH_PAGE_COUNT));
    rest->session_check = session_check;
    rest->session_context = server->session;
}

static void gateway_open(struct server *server, const struct server_settings *settings, struct rest_settings *rest)
{
    struct bills_settings bills = {
        .engine = server->engine,
        .store = server->store,
        .key = &server->key,
        .base_url = server->edits.base_url,
    };
    server->bills = bills_open(&bills);
    struct alipay_settings alipay = {
        .engine = server->engine,
        .store = server->store,
        .key = &server->key,
        .paycode_key = &server->edits.paycode_key,
        .qr_key = &server->edits.qr_key,
        .base_url = server->edits.base_url,
        .platform = server->platform,
        .checkout = server->checkout,
        .oauth = server->oauth,
        .bills = server->bills,
        .sandbox = settings->test_clock,
    };
    server->alipay = alipay_open(&alipay);
    if (server->bills == NULL || server->alipay == NULL) {
        fprintf(stderr, "onetill serve: the store cannot be read\n");
        exit(EXIT_fault); /* nothing was started yet */
    }
    bill_pages(server->bills, page_room(server, rest, BILL_PAGE_COUNT));
    alipay_pages(server->alipay, page_room(server, rest, ALIPAY_PAGE_COUNT));
    assert(server->edits.count + ALIPAY_EDIT_COUNT <= TILL_EDITS_MAX);
    alipay_edits(server->alipay, server->edits.edits + server->edits.count);
    server->edits.count += ALIPAY_EDIT_COUNT;
    rest->edit_count = server->edits.count;
}

void server_platform(struct server *server, const struct server_settings *settings)
{
    const struct place *place = settings->place; /* NULL: the interface is only described */
    struct platform_settings platform = {
        .store_path = place != NULL && place->stem[0] != '\0' ? place->stem : NULL
    };
    if (settings->sandbox) {
        platform.bundle = span_of(sandbox_platform_bundle);
    }
    if (place != NULL && place->kind == PLACE_postgres) {
        platform.note = place_platform_note;
        platform.note_context = server->store;
        master_key_derive(&server->key, SEALED_KEY_LABEL, platform.note_key);
    }
    server->platform = platform_open(&platform);
    char error[512];
    if (!platform_look(server->platform, error, sizeof(error))) {
        fprintf(stderr, "onetill serve: %s\n", error);
        exit(EXIT_fault); /* nothing was started yet */
    }
}

enum alipay_notice_fault server_notice_fault(void *context, int64_t app_id, int64_t *delay_ms)
{
    const struct server *server = context;
    return alipay_notice_fault(server->alipay, app_id, delay_ms);
}

void server_alipay(struct server *server, const struct server_settings *settings, struct rest_settings *rest)
{
    *page_room(server, rest, 1) = platform_page(server->platform);
    pages_open(server, settings, rest);
    gateway_open(server, settings, rest);
    if (settings->sandbox) {
        struct sandbox_settings sandbox = { .engine = server->engine, .paycode_key = &server->edits.paycode_key };
        server->sandbox = sandbox_open(&sandbox);
        sandbox_pages(server->sandbox, page_room(server, rest, SANDBOX_PAGE_COUNT));
    }
}

void server_alipay_start(struct server *server)
{
    bills_start(server->bills);
    alipay_start(server->alipay, server->http);
}

void server_alipay_stop(struct server *server)
{
    bills_stop(server->bills);
}

void server_alipay_drain(struct server *server)
{
    alipay_drain(server->alipay);
}

void server_alipay_close(struct server *server)
{
    alipay_close(server->alipay);
    bills_close(server->bills);
    if (server->sandbox != NULL) {
        sandbox_close(server->sandbox);
    }
    oauth_close(server->oauth);
    checkout_close(server->checkout);
    session_close(server->session);
    platform_close(server->platform);
}
