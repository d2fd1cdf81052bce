/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the description of the jars' door, for openapi_check.py. */
#include "doors/openapi.h"
#include "doors_jars.h"

static void draw(void *context, struct http_request *http, const struct caller *caller,
                 const struct span *params, uint32_t param_count)
{
    (void)context;
    (void)caller;
    (void)params;
    (void)param_count;
    http_problem(http, 404, "not found", "nothing is drawn here");
}

int main(void)
{
    static const struct rest_page pages[] = {
        { .name = "jar_picture",
          .method = "GET",
          .route = "/v1/jars/{jar_id}/picture.svg",
          .callers = CALLER_BIT(none),
          .serve = draw,
          .content_type = "image/svg+xml",
          .summary = "The jar as it stands there." },
    };
    struct rest_settings settings = { .commands = jar_commands,
                                      .reads = jar_reads,
                                      .edits = jar_edits,
                                      .edit_count = jar_edit_count,
                                      .pages = pages,
                                      .page_count = COUNT_OF(pages),
                                      .version = "0.1" };
    return openapi_write(&settings, stdout) ? 0 : 1;
}
