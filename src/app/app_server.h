/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server in this process, on a free port of this machine, for a file that nobody else serves, or a database.
 * One at a time.
 */
#ifndef APP_APP_SERVER_H
#define APP_APP_SERVER_H

#include "app/place.h"
#include "doors/tokens.h"

/* Its port, and a token of the operator. False with a sentence in `error`. */
MUST_CHECK bool app_server_open(const struct place *place, uint16_t *port, char token[TOKEN_TEXT_SIZE], char *error,
                                size_t error_size);
void app_server_close(void);

#endif
