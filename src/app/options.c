/* SPDX-License-Identifier: Apache-2.0 */
#include "app/options.h"

#include <stdio.h>

#include "app/app.h"

int options_read(const struct options_terms *terms, int argc, char **argv, void *settings)
{
    int index = 0, option;
    while ((option = getopt_long(argc, argv, "", terms->options, &index)) != -1) {
        if (option == terms->help_option) {
            fputs(terms->help, stdout);
            return -1;
        }
        if (option == '?') { /* getopt_long has said what is wrong */
            return EXIT_usage;
        }
        if (!terms->take(settings, option)) {
            fprintf(stderr, "onetill %s: --%s: '%s' is not a value for it\n", terms->command,
                    terms->options[index].name, optarg != NULL ? optarg : "");
            return EXIT_usage;
        }
    }
    const char *wrong = optind < argc && !terms->takes_files ? "too many arguments"
                        : terms->check != NULL                ? terms->check(settings, argv + optind, argc - optind)
                                                              : NULL;
    if (wrong != NULL) {
        fprintf(stderr, "onetill %s: %s; see onetill %s --help\n", terms->command, wrong, terms->command);
        return EXIT_usage;
    }
    return EXIT_holds;
}

bool option_number(const char *text, int64_t least, int64_t most, int64_t *value)
{
    return span_to_i64(span_of(text), value) && *value >= least && *value <= most;
}
