/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of web/, built into the program: served from memory, with an ETag, so that a page needs no
 * folder beside the binary and no file is ever opened for a request. "/" is the live page.
 *
 * Pages may load scripts, styles, images and data from here only, and are shown in no frame; the deals'
 * page may show pictures from elsewhere, over TLS. Any thread.
 */
#ifndef DOORS_STATIC_H
#define DOORS_STATIC_H

#include "doors/http.h"

struct static_file {
    const char *path; /* "/live/live.js" */
    const char *content_type;
    const char *etag; /* with its quotes */
    const uint8_t *bytes;
    size_t size;
};

/* Made from web/ by embed.py, in the order of their paths. */
extern const struct static_file static_files[];
extern const size_t static_file_count;

/* Path as in an address; NULL when there is no such file. A folder stands for its index.html. */
const struct static_file *static_find(struct span path);

/* An http_handler: GET and HEAD of a file, else a problem document. `context` is not looked at. */
void static_handle(void *context, struct http_request *http);

#endif
