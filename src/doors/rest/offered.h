/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the REST door offers and answers by itself, whatever the business: its own problems, pages and health
 * check. For the door and for its description.
 */
#ifndef DOORS_REST_OFFERED_H
#define DOORS_REST_OFFERED_H

#include "doors/rest/rest.h"

#define JSON_TYPE "application/json"
#define PROBLEM_TYPE "application/problem+json"

enum door_problem {
#define DOOR_PROBLEM(name, status, text) PROBLEM_##name,
#include "doors/rest/problem.def"
#undef DOOR_PROBLEM
    PROBLEM_count,
};

struct door_problem_text {
    const char *name; /* the stable `code` */
    int http_status;
    const char *text;
};
const struct door_problem_text *door_problem_text(enum door_problem problem);

extern const struct rest_page rest_own_pages[]; /* their context is the struct rest */
extern const size_t rest_own_page_count;
extern const struct command rest_health_command;

#endif
