/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/static.h"

#define PATH_SIZE_MAX 256
#define CONTENT_SECURITY                                                                                     \
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
#define PICTURES_FOLDER "/deals/" /* merchants' pictures are shown here, and nowhere else (decision 0031) */

static const struct static_file *file_at(struct span path)
{
    size_t low = 0, high = static_file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct span name = span_of(static_files[middle].path);
        size_t shorter = name.size < path.size ? name.size : path.size;
        int order = memcmp(name.bytes, path.bytes, shorter);
        if (order == 0 && name.size == path.size) {
            return &static_files[middle];
        }
        if (order < 0 || (order == 0 && name.size < path.size)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct static_file *static_find(struct span path)
{
    char index[PATH_SIZE_MAX];
    struct span tail = SPAN("index.html");
    if (path.size == 1 && path.bytes[0] == '/') {
        path = SPAN("/live/");
    }
    if (path.size == 0 || path.bytes[path.size - 1] != '/') {
        return file_at(path);
    }
    if (path.size + tail.size >= sizeof(index)) {
        return NULL;
    }
    memcpy(index, path.bytes, path.size);
    memcpy(index + path.size, tail.bytes, tail.size);
    return file_at((struct span){ index, path.size + tail.size });
}

/* Whether one of the client's tags is the file's: a list with commas, weak marks do not matter here. */
static bool tag_matches(struct span tags, const char *etag)
{
    while (tags.size > 0) {
        struct span tag = span_trim(span_cut(tags, ',', &tags));
        if (tag.size > 2 && memcmp(tag.bytes, "W/", 2) == 0) {
            tag = (struct span){ tag.bytes + 2, tag.size - 2 };
        }
        if (span_equal(tag, SPAN("*")) || span_equal(tag, span_of(etag))) {
            return true;
        }
    }
    return false;
}

static const char *content_security(const struct static_file *file)
{
    bool pictures = strncmp(file->path, PICTURES_FOLDER, sizeof(PICTURES_FOLDER) - 1) == 0;
    return pictures ? CONTENT_SECURITY "; img-src 'self' https:" : CONTENT_SECURITY;
}

void static_handle(void *context, struct http_request *http)
{
    const struct static_file *file = static_find(http->path);
    (void)context;
    if (file == NULL) {
        http_problem(http, 404, "not found", "there is nothing at this address");
        return;
    }
    if (http->method != HTTP_GET && http->method != HTTP_HEAD) {
        static const struct http_header allow = { "Allow", "GET, HEAD" };
        http_answer(http, 405, NULL, (struct span){ NULL, 0 }, &allow, 1);
        return;
    }
    const struct http_header headers[] = {
        { "ETag", file->etag },
        { "Cache-Control", "no-cache" },
        { "Content-Security-Policy", content_security(file) },
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
    };
    if (tag_matches(http_header_value(http, "If-None-Match"), file->etag)) {
        http_answer(http, 304, NULL, (struct span){ NULL, 0 }, headers, COUNT_OF(headers));
        return;
    }
    struct span body = { (const char *)file->bytes, file->size };
    http_answer(http, 200, file->content_type, body, headers, COUNT_OF(headers));
}
