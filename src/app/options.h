/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the arguments of a subcommand: the loop and the words that are the same for each. One thread. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <getopt.h>

#include "base/span.h"

/* Takes one option with `optarg` into the settings; false when that is not a value for it. */
typedef bool option_take_fn(void *settings, int option);
/* What is wrong with all of them together, in a sentence's middle ("--store is needed"); NULL: nothing. */
typedef const char *options_check_fn(void *settings, char **files, int file_count);

struct options_terms {
    const char *command;          /* as it is typed: "serve" */
    const char *help;             /* for --help */
    const struct option *options; /* --help is the one with the value `help_option` */
    int help_option;
    option_take_fn *take;
    options_check_fn *check; /* may be NULL */
    bool takes_files;        /* what is no option may follow */
};

/* EXIT_holds: go on. EXIT_usage, after saying why. Below 0: help was shown. */
MUST_CHECK int options_read(const struct options_terms *terms, int argc, char **argv, void *settings);

/* A whole number within bounds. */
MUST_CHECK bool option_number(const char *text, int64_t least, int64_t most, int64_t *value);

#endif
