/* SPDX-License-Identifier: Apache-2.0 */
#include "app/app_server.h"

#include "app/serve.h"
#include "people/people.h"

static struct server server; /* large: it holds what lives as long as the process */

bool app_server_open(const struct place *place, uint16_t *port, char token[TOKEN_TEXT_SIZE], char *error,
                     size_t error_size)
{
    struct server_settings settings = { .place = place,
                                        .listen = "127.0.0.1:0",
                                        .base_url = "",
                                        .http_threads = 1,
                                        .connections_max = 16,
                                        .cache_mb = 64 };
    if (!server_open(&server, &settings, error, error_size)) {
        return false;
    }
    *port = http_port(server.http);
    tokens_issue(server.tokens, (struct caller){ .kind = CALLER_operator }, TOKEN_FIRST_ID, token);
    return true;
}

void app_server_close(void)
{
    server_close(&server);
}
