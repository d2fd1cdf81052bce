/* SPDX-License-Identifier: Apache-2.0 */
/* Images that were uploaded, kept in memory: see methods_image.c. Any thread. */
#ifndef DOORS_ALIPAY_IMAGE_H
#define DOORS_ALIPAY_IMAGE_H

#include <pthread.h>

#include "doors/rest/rest.h"

#define IMAGES_MAX 64
#define IMAGE_SIZE_MAX BODY_SIZE_MAX
#define IMAGE_ID_BYTES 16

struct kept_image {
    char id[2 * IMAGE_ID_BYTES + 1];
    size_t size; /* 0: none */
    char bytes[IMAGE_SIZE_MAX];
};

struct image_shelf {
    pthread_mutex_t lock;
    size_t next; /* whose place the next one takes */
    struct kept_image *images; /* IMAGES_MAX; made when the first one comes */
};

void alipay_image_page(void *context, struct http_request *request, const struct caller *caller,
                       const struct span *params, uint32_t param_count);

#endif
