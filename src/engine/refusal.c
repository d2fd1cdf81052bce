/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/refusal.h"

static const struct refusal_text texts[] = {
#define REFUSAL(name, number, http_status, field, text) { REFUSAL_##name, #name, http_status, field, text },
#include "engine/refusal.def"
#undef REFUSAL
};

const struct refusal_text *refusal_text(int number)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if ((int)texts[i].refusal == number) {
            return &texts[i];
        }
    }
    return NULL;
}

const struct refusal_text *refusal_at(size_t index)
{
    return index < COUNT_OF(texts) ? &texts[index] : NULL;
}
