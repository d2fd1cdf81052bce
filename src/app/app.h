/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's subcommands. Each gets the arguments from its own name on and returns the exit status:
 * 0 it is done and holds, 1 it is done and does not hold (an audit, a check), 2 wrong arguments, 3 the disk,
 * the network or another process stood in the way.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "base/base.h"

#define ONETILL_VERSION "0.1.0"

enum {
    EXIT_holds = 0,
    EXIT_broken = 1,
    EXIT_usage = 2,
    EXIT_fault = 3,
};

int serve_main(int argc, char **argv);
int audit_main(int argc, char **argv);
int copy_main(int argc, char **argv);
int backup_main(int argc, char **argv);
int token_main(int argc, char **argv);
int describe_main(int argc, char **argv);
int import_main(int argc, char **argv);
int app_main(int argc, char **argv);
int simulate_main(int argc, char **argv);
int demo_main(int argc, char **argv);
int replay_main(int argc, char **argv);
int bench_main(int argc, char **argv);

/* "FILE.key", "FILE.operator-token", beside the store. False when the path is too long. */
#define APP_PATH_SIZE 4096
MUST_CHECK bool path_beside(const char *store, const char *suffix, char to[APP_PATH_SIZE]);

/* Where this program itself is, for starting it again as a child. */
MUST_CHECK bool path_self(char to[APP_PATH_SIZE]);

#endif
