/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description of the REST door in OpenAPI 3.1, made from the same tables that the door serves from:
 * commands, reads, pages, shapes, refusals. What is not in a table is not in the description, and the other
 * way round.
 */
#ifndef DOORS_OPENAPI_H
#define DOORS_OPENAPI_H

#include <stdio.h>

#include "doors/rest/rest.h"

#define OPENAPI_SIZE_MAX (4 * 1024 * 1024)

/* The document, in the arena. Of the settings only tables and the version are looked at. */
struct span openapi_make(struct arena *arena, const struct rest_settings *settings);
/* The same into a file, with a line end. False when it could not be written. */
MUST_CHECK bool openapi_write(const struct rest_settings *settings, FILE *file);

#endif
