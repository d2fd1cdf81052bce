/* SPDX-License-Identifier: Apache-2.0 */
/* Stores as files that are made under another name first and appear under their own when they are whole. One thread. */
#ifndef APP_STORE_FILE_H
#define APP_STORE_FILE_H

#include "app/app.h"

/* The file and whatever stands beside it while it is used; not its keys. */
void store_file_remove(const char *path);
/* Whether the log beside it holds nothing: what is in it is not in the file. */
bool store_file_settled(const char *path);
/* Gives the file its name, for good; with `replaces` one that has it goes. False: `errno` says why. */
MUST_CHECK bool store_file_name(const char *from, const char *to, bool replaces);

#endif
