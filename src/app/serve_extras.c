/* SPDX-License-Identifier: Apache-2.0 */
/* What hangs off the commit and beside the commands: pages, streams, webhooks. */
#include "app/serve.h"

void server_extras(struct server *server, const struct server_settings *settings, struct rest_settings *rest)
{
    (void)server;
    (void)settings;
    (void)rest;
}

void server_extras_start(struct server *server)
{
    (void)server;
}

void server_extras_stop(struct server *server)
{
    (void)server;
}

void server_extras_close(struct server *server)
{
    (void)server;
}
