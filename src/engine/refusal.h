/* SPDX-License-Identifier: Apache-2.0 */
/* A refusal is an answer: the business says no, with a stable code. The list is engine/refusal.def. */
#ifndef ENGINE_REFUSAL_H
#define ENGINE_REFUSAL_H

#include "base/base.h"

enum refusal {
#define REFUSAL(name, number, http_status, field, text) REFUSAL_##name = (number),
#include "engine/refusal.def"
#undef REFUSAL
};

struct refusal_text {
    enum refusal refusal;
    const char *name;
    int http_status;
    const char *field;
    const char *text;
};

/* Never NULL for a value of the enum; NULL for a number that is none. */
const struct refusal_text *refusal_text(int number);
/* All of them, in the order of the list; NULL beyond the last. */
const struct refusal_text *refusal_at(size_t index);

#endif
