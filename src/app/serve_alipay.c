/* SPDX-License-Identifier: Apache-2.0 */
/* The Alipay door and what belongs to it: the platform's keys, the pages that shoppers see, a sandbox. */
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "app/sandbox.h"
#include "app/sandbox_keys.h"
#include "app/serve.h"
#include "doors/alipay/certificate.h"
#include "doors/alipay/checkout.h"
#include "doors/alipay/oauth.h"
#include "doors/alipay/platform.h"
#include "doors/alipay/platform_page.h"
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

void server_alipay(struct server *server, const struct server_settings *settings, struct rest_settings *rest)
{
    struct platform_settings platform = { .store_path = settings->store_path };
    if (settings->sandbox) {
        platform.bundle = span_of(sandbox_platform_bundle);
    }
    server->platform = platform_open(&platform);
    *page_room(server, rest, 1) = platform_page(server->platform);
    pages_open(server, settings, rest);
    if (settings->sandbox) {
        struct sandbox_settings sandbox = { .engine = server->engine, .paycode_key = &server->edits.paycode_key };
        server->sandbox = sandbox_open(&sandbox);
        sandbox_pages(server->sandbox, page_room(server, rest, SANDBOX_PAGE_COUNT));
    }
}

void server_alipay_close(struct server *server)
{
    if (server->sandbox != NULL) {
        sandbox_close(server->sandbox);
    }
    oauth_close(server->oauth);
    checkout_close(server->checkout);
    session_close(server->session);
    platform_close(server->platform);
}
