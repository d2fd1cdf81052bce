/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows a store of one process as a shared one that has no other node, so that an engine on it does exactly
 * what an engine alone on a database does: the same ids, progress rows and batches. What is kept on both must
 * be equal then, to the byte. Versions are not kept: every row that is there has version 1.
 */
#ifndef TESTS_SUPPORT_LONE_H
#define TESTS_SUPPORT_LONE_H

#include "engine/store.h"

/* Owns `inner` and closes it. Threads as the inner store has them. */
struct store *lone_store_open(struct store *inner);

#endif
