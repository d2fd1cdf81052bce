/* SPDX-License-Identifier: Apache-2.0 */
/* How far a test with random histories shall go: by its arguments, or by the environment of a long run. */
#ifndef TESTS_SUPPORT_ARGUMENTS_H
#define TESTS_SUPPORT_ARGUMENTS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The number after the argument `name`. */
static inline uint64_t number_after(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return strtoull(argv[i + 1], NULL, 10);
        }
    }
    return otherwise;
}

/* ONETILL_SEEDS; 0: it is not set, and the test goes on for as long as it usually does. */
static inline uint64_t seeds_wanted(void)
{
    const char *text = getenv("ONETILL_SEEDS");
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

#endif
