/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/pem_text.h"

#include <openssl/crypto.h>

#include "base/digest.h"
#include "doors/alipay/crypto.h"

#define BEGIN SPAN("-----BEGIN ")
#define END SPAN("-----END ")
#define DASHES SPAN("-----")

/* Splits at the first `mark`. */
static bool mark_find(struct span text, struct span mark, struct span *before, struct span *after)
{
    const char *found = text.size == 0 ? NULL : memmem(text.bytes, text.size, mark.bytes, mark.size);
    if (found == NULL) {
        return false;
    }
    size_t at = (size_t)(found - text.bytes);
    *before = (struct span){ text.bytes, at };
    *after = (struct span){ found + mark.size, text.size - at - mark.size };
    return true;
}

bool pem_block_next(struct span text, struct span *block, struct span *rest)
{
    struct span before, after, body;
    if (!mark_find(text, BEGIN, &before, &after)) {
        return false;
    }
    const char *begin = text.bytes + before.size;
    if (!mark_find(after, END, &body, &after) || !mark_find(after, DASHES, &before, &after)) {
        return false;
    }
    *block = (struct span){ begin, (size_t)(after.bytes - begin) };
    *rest = after;
    return true;
}

struct span pem_block_label(struct span block)
{
    struct span before, after, label;
    if (!mark_find(block, BEGIN, &before, &after) || !mark_find(after, DASHES, &label, &after)) {
        return (struct span){ "", 0 };
    }
    return label;
}

bool pem_text_read(struct span text, uint8_t *bytes, size_t capacity, size_t *size)
{
    char compact[ALIPAY_KEY_TEXT_MAX];
    struct span block, rest, before, body;
    size_t count = 0;

    if (text.size > sizeof(compact)) {
        return false;
    }
    if (pem_block_next(text, &block, &rest)) {
        if (!mark_find(block, BEGIN, &before, &body) || !mark_find(body, DASHES, &before, &body) ||
            !mark_find(body, END, &text, &rest)) {
            return false;
        }
    }
    for (size_t i = 0; i < text.size; i++) {
        char letter = text.bytes[i];
        if (letter != ' ' && letter != '\t' && letter != '\r' && letter != '\n') {
            compact[count++] = letter;
        }
    }
    bool sound = count > 0 && base64_read((struct span){ compact, count }, bytes, capacity, size);
    OPENSSL_cleanse(compact, sizeof(compact));
    return sound;
}
