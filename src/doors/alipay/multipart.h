/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart/form-data (RFC 7578), split into its parts without copying. Pure, any thread. Line ends are CRLF;
 * nothing is decoded: parts with a transfer encoding other than 7bit, 8bit or binary are refused.
 */
#ifndef DOORS_ALIPAY_MULTIPART_H
#define DOORS_ALIPAY_MULTIPART_H

#include "base/span.h"

#define MULTIPART_BOUNDARY_MAX 70     /* RFC 2046 */
#define MULTIPART_HEADER_MAX 4096     /* bytes of the headers of one part */

struct multipart {
    char delimiter[4 + MULTIPART_BOUNDARY_MAX]; /* CRLF, two dashes, the boundary */
    size_t delimiter_size;
    struct span rest; /* what was not read yet, from behind a delimiter on */
    bool last;        /* the closing delimiter was met */
};

struct multipart_part {
    struct span name, content;
    struct span file_name, content_type; /* bytes NULL: not given */
};

/* Whether the content type is multipart/form-data, in any case, with parameters or not. */
bool multipart_is(struct span content_type);
/* False: the content type has no boundary, or the body does not begin with it. */
MUST_CHECK bool multipart_begin(struct multipart *form, struct span content_type, struct span body);
/* The next part; after the last one `*part` has a name with bytes NULL. False: the body is malformed. */
MUST_CHECK bool multipart_next(struct multipart *form, struct multipart_part *part);

#endif
