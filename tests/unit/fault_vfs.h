/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SQLite VFS that fails: the n-th write, sync, truncation or read, once or from then on, and that can cut
 * the power: what was written and not synced is taken back. Syncs never reach the disk, which makes
 * sweeps quick; the power cut is what proves that they were asked for.
 */
#ifndef TESTS_UNIT_FAULT_VFS_H
#define TESTS_UNIT_FAULT_VFS_H

#include <stdbool.h>

enum fault {
    FAULT_none,
    FAULT_io,   /* EIO */
    FAULT_full, /* the disk is full */
    FAULT_torn, /* half of the write arrives, then EIO */
    FAULT_read, /* reads fail, not writes */
};

/* Registers the VFS "faults"; it has none until it is told. */
void fault_vfs_register(void);
/* Operation `countdown` fails; with `sticky` all after it too; with `remember` the power can be cut. */
void faults_set(enum fault fault, long countdown, bool sticky, bool remember);
/* Whether one has failed since. */
bool faults_fired(void);
/* After every connection is closed: unsynced writes are taken back, or not, as the dice fall. */
void power_cut(unsigned *dice);
/* Forgets what could be taken back. */
void power_stay(void);

#endif
