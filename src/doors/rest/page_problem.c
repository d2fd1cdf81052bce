/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/rest/page_problem.h"

#include <stdio.h>

#include "base/os_random.h"
#include "doors/rest/rest_internal.h"

static void answer(struct http_request *http, enum door_problem problem, const char *field,
                   const char *detail)
{
    char id[REQUEST_ID_SIZE];
    const struct door_problem_text *text = door_problem_text(problem);
    snprintf(id, sizeof(id), "%016llx", (unsigned long long)os_random_u64());
    struct problem document = {
        .status = text->http_status, .code = text->name, .detail = detail, .field = field, .request_id = id
    };
    problem_answer(http, &document);
}

void page_field_problem(struct http_request *http, const char *field, const char *detail)
{
    answer(http, PROBLEM_invalid_field, field, detail);
}

void page_refusal_problem(struct http_request *http, enum refusal refusal)
{
    char id[REQUEST_ID_SIZE];
    const struct refusal_text *text = refusal_text((int)refusal);
    assert(text != NULL);
    snprintf(id, sizeof(id), "%016llx", (unsigned long long)os_random_u64());
    problem_answer(http, &(struct problem){ .status = text->http_status,
                                            .code = text->name,
                                            .detail = text->text,
                                            .field = text->field[0] != '\0' ? text->field : NULL,
                                            .request_id = id });
}

void page_stranger_problem(struct http_request *http, const char *detail)
{
    answer(http, PROBLEM_unauthenticated, NULL, detail);
}

void page_missing_problem(struct http_request *http, const char *detail)
{
    answer(http, PROBLEM_not_found, NULL, detail);
}

void page_busy_problem(struct http_request *http, const char *detail)
{
    answer(http, PROBLEM_busy, NULL, detail);
}

void page_unknown_problem(struct http_request *http)
{
    answer(http, PROBLEM_outcome_unknown, NULL, door_problem_text(PROBLEM_outcome_unknown)->text);
}
