/* SPDX-License-Identifier: Apache-2.0 */
/* Problem documents of pages, alike those of commands. Server's thread. */
#ifndef DOORS_REST_PAGE_PROBLEM_H
#define DOORS_REST_PAGE_PROBLEM_H

#include "doors/http.h"

/* 422 invalid_field: what is wrong with a parameter of the query. */
void page_field_problem(struct http_request *http, const char *field, const char *detail);
/* 503 busy, with Retry-After. */
void page_busy_problem(struct http_request *http, const char *detail);

#endif
