/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/qr_pages.h"

#include "doors/rest/page_problem.h"
#include "people/access.h"
#include "till/qr_image.h"

#define SVG_SIZE_MAX (192 * 1024)
#define PNG_SIZE_MAX (64 * 1024)
#define SCALE_DEFAULT 8
#define SCALE_MAX 16

struct wish {
    struct span text;
    enum qr_level level;
    int64_t scale;
};

static bool level_read(struct span text, enum qr_level *level)
{
    static const char *const names[] = { [QR_LEVEL_medium] = "medium",
                                         [QR_LEVEL_low] = "low",
                                         [QR_LEVEL_quarter] = "quarter",
                                         [QR_LEVEL_high] = "high" };
    if (text.bytes == NULL) {
        *level = QR_LEVEL_medium;
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (span_equal(text, span_of(names[i]))) {
            *level = (enum qr_level)i;
            return true;
        }
    }
    return false;
}

/* False after it answered what is wrong. */
static bool wish_read(struct http_request *http, struct wish *wish)
{
    struct span scale = http_query_value(http, "scale");
    wish->text = http_query_value(http, "text");
    wish->scale = SCALE_DEFAULT;
    if (wish->text.size == 0 || wish->text.size > QR_TEXT_MAX || !span_is_text(wish->text)) {
        page_field_problem(http, "text", "must be 1 to 512 bytes of UTF-8 without control characters");
        return false;
    }
    if (!level_read(http_query_value(http, "level"), &wish->level)) {
        page_field_problem(http, "level", "must be one of low, medium, quarter, high");
        return false;
    }
    if (scale.bytes != NULL &&
        (!span_to_i64(scale, &wish->scale) || wish->scale < 1 || wish->scale > SCALE_MAX)) {
        page_field_problem(http, "scale", "must be a number from 1 to 16");
        return false;
    }
    return true;
}

static void image_answer(struct http_request *http, enum status status, const char *type, struct span image)
{
    static const struct http_header headers[] = {
        { "Cache-Control", "private, max-age=3600" },
        { "Content-Security-Policy", "default-src 'none'" },
        { "X-Content-Type-Options", "nosniff" },
    };
    if (status == STATUS_ok) {
        http_answer(http, 200, type, image, headers, COUNT_OF(headers));
    } else if (status == STATUS_fault) {
        page_busy_problem(http, "there is no memory for the picture now");
    } else {
        page_field_problem(http, "text", "does not fit into a QR code of that level");
    }
}

static void svg_serve(void *context, struct http_request *http, const struct caller *caller,
                      const struct span *params, uint32_t param_count)
{
    struct wish wish;
    size_t size = 0;
    (void)context;
    (void)caller;
    (void)params;
    (void)param_count;
    if (!wish_read(http, &wish)) {
        return;
    }
    char *image = arena_try(http->arena, SVG_SIZE_MAX);
    enum status status =
        image != NULL ? qr_svg_write(wish.text, wish.level, image, SVG_SIZE_MAX, &size) : STATUS_fault;
    image_answer(http, status, "image/svg+xml", (struct span){ image, size });
}

static void png_serve(void *context, struct http_request *http, const struct caller *caller,
                      const struct span *params, uint32_t param_count)
{
    struct wish wish;
    size_t size = 0;
    (void)context;
    (void)caller;
    (void)params;
    (void)param_count;
    if (!wish_read(http, &wish)) {
        return;
    }
    uint8_t *image = arena_try(http->arena, PNG_SIZE_MAX);
    enum status status =
        image != NULL ? qr_png_write(wish.text, wish.level, (int)wish.scale, image, PNG_SIZE_MAX, &size)
                      : STATUS_fault;
    image_answer(http, status, "image/png", (struct span){ (const char *)image, size });
}

#define CALLERS_WITH_TOKEN (CALLERS_ALL & ~CALLER_BIT(system))

const struct rest_page qr_pages[QR_PAGE_COUNT] = {
    { .name = "qr_svg",
      .method = "GET",
      .route = "/v1/qr.svg",
      .callers = CALLERS_WITH_TOKEN,
      .serve = svg_serve,
      .content_type = "image/svg+xml",
      .summary = "A QR code of `text`, as SVG." },
    { .name = "qr_png",
      .method = "GET",
      .route = "/v1/qr.png",
      .callers = CALLERS_WITH_TOKEN,
      .serve = png_serve,
      .content_type = "image/png",
      .summary = "A QR code of `text`, as PNG." },
};
