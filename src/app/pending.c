/* SPDX-License-Identifier: Apache-2.0 */
/* Subcommands that are still being written; each disappears from here when its own file arrives. */
#include <stdio.h>

#include "app/app.h"

#define PENDING(name)                                                                                        \
    __attribute__((weak)) int name##_main(int argc, char **argv)                                             \
    {                                                                                                        \
        (void)argc;                                                                                          \
        fprintf(stderr, "onetill %s: not in this build\n", argv[0]);                                         \
        return EXIT_fault;                                                                                   \
    }

PENDING(import)
PENDING(demo)
PENDING(replay)
PENDING(bench)
