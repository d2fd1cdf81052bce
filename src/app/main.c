/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "app/app.h"
#include "app/place.h"
#include "base/hash.h"
#include "base/os_random.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} subcommands[] = {
    { "serve", serve_main, "serve a store over HTTP" },
    { "import", import_main, "bring merchants, shops, shoppers and campaigns in from CSV or JSON lines" },
    { "app", app_main, "register a program that speaks the Alipay protocol, and print its settings" },
    { "audit", audit_main, "prove a store from its transfers, also while it is being served" },
    { "copy", copy_main, "carry a store from a file into a database, or back" },
    { "backup", backup_main, "copy a store, also while it is being served, and check the copy" },
    { "token", token_main, "make a bearer token from the store's key file" },
    { "demo", demo_main, "play the half-price day of 12 December 2014 in an invented city" },
    { "simulate", simulate_main, "what a campaign would have given to trades of the past" },
    { "replay", replay_main, "replay real daily payment counts of shops" },
    { "bench", bench_main, "measure durable payments per second over HTTP" },
    { "describe", describe_main, "print what is built in: api, refusals, rows, alipay" },
};

static void usage(FILE *to)
{
    fprintf(to,
            "onetill %s: one till for a city's commerce, online and offline\n\nusage: onetill COMMAND "
            "[OPTION]…\n\n",
            ONETILL_VERSION);
    for (size_t i = 0; i < COUNT_OF(subcommands); i++) {
        fprintf(to, "  %-9s %s\n", subcommands[i].name, subcommands[i].summary);
    }
    fprintf(to, "\nonetill COMMAND --help says more.\n");
}

bool path_self(char to[APP_PATH_SIZE])
{
    ssize_t size = readlink("/proc/self/exe", to, APP_PATH_SIZE - 1);
    if (size <= 0 || size >= APP_PATH_SIZE - 1) {
        return false;
    }
    to[size] = '\0';
    return true;
}

int main(int argc, char **argv)
{
    hash_seed(os_random_u64());
    arguments_hide(argc, argv);
    if (argc < 2) {
        usage(stderr);
        return EXIT_usage;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return EXIT_holds;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("onetill %s\n", ONETILL_VERSION);
        return EXIT_holds;
    }
    for (size_t i = 0; i < COUNT_OF(subcommands); i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0) {
            return subcommands[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "onetill: there is no command '%s'\n\n", argv[1]);
    usage(stderr);
    return EXIT_usage;
}
