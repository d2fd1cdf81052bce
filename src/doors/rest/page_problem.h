/* SPDX-License-Identifier: Apache-2.0 */
/* Problem documents of pages, alike those of commands. Server's thread. */
#ifndef DOORS_REST_PAGE_PROBLEM_H
#define DOORS_REST_PAGE_PROBLEM_H

#include "doors/http.h"
#include "engine/refusal.h"

/* 422 invalid_field: what is wrong with a parameter of the query. */
void page_field_problem(struct http_request *http, const char *field, const char *detail);
/* What the business refused, as a command would answer it. */
void page_refusal_problem(struct http_request *http, enum refusal refusal);
/* 401 unauthenticated. */
void page_stranger_problem(struct http_request *http, const char *detail);
/* 404 not_found: what the address names is not there. */
void page_missing_problem(struct http_request *http, const char *detail);
/* 503 busy, with Retry-After. */
void page_busy_problem(struct http_request *http, const char *detail);
/* 503 outcome_unknown: the database was lost while the call was kept. */
void page_unknown_problem(struct http_request *http);

#endif
