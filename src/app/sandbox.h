/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onetill serve --sandbox: a till with everything in it that a program under test needs. Two merchants, each with
 * a shop, a terminal and an app (the second signs with a certificate), three shoppers with money, limits that do
 * not get in the way, and the pay codes that their phones would show:
 *
 *     GET /v1/sandbox/shoppers                          who they are
 *     GET /v1/sandbox/shoppers/{shopper_id}/pay_code    a code that was not given out yet
 *     GET /v1/sandbox/pay_code.svg?code=28…&form=bars|qr
 *
 * None of them asks for a token: everything here is invented, and whoever reaches the server may have it. A code
 * is good for one payment within about a minute; when the devices of a shopper have all shown theirs, the shopper
 * gets another device.
 *
 * sandbox_fill and sandbox_print: the starting thread, when the engine runs. The pages: the server's threads.
 */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include <stdio.h>

#include "doors/rest/rest.h"

#define SANDBOX_PAGE_COUNT 3
#define SANDBOX_SHOPPER_COUNT 3

struct platform;
struct sandbox;

struct sandbox_settings {
    struct engine *engine;
    const struct hmac_key *paycode_key; /* till_edits.h; outlives the sandbox */
};

struct sandbox *sandbox_open(const struct sandbox_settings *settings);
/* After http_close. */
void sandbox_close(struct sandbox *sandbox);

void sandbox_pages(struct sandbox *sandbox, struct rest_page to[SANDBOX_PAGE_COUNT]);

/* Brings everybody in, unless they are there already. False with a sentence in `error`. */
MUST_CHECK bool sandbox_fill(struct sandbox *sandbox, char *error, size_t error_size);

/* What a program must know, in one line of JSON. */
struct sandbox_facts {
    const char *url;            /* as it listens: http://127.0.0.1:8080 */
    const char *operator_token;
    struct platform *platform;
    const struct rest_edit *app_edit; /* of app_create: it shows the apps' AES keys; may be NULL */
};
MUST_CHECK bool sandbox_print(const struct sandbox *sandbox, const struct sandbox_facts *facts, FILE *to);

#endif
