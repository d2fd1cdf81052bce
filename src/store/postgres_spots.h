/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows of the database were last seen: block and number in it, as its `ctid` says. A hint that may be wrong or
 * missing: whoever goes by it compares key and version there. Any thread; memory of a fixed size, newer rows
 * taking the room of older ones.
 */
#ifndef STORE_POSTGRES_SPOTS_H
#define STORE_POSTGRES_SPOTS_H

#include "base/base.h"

#define SPOT_SIZE 6 /* bytes of a `ctid` on the wire: block, number */

struct spots;

struct spots *spots_open(void);
void spots_close(struct spots *spots);
/* A row with this hash will be looked for or noted soon. */
void spots_prefetch(const struct spots *spots, uint64_t hash);
/* 0: it is not known. The hash is that of struct row_want. */
uint64_t spots_find(const struct spots *spots, uint64_t hash);
void spots_put(struct spots *spots, uint64_t hash, uint64_t spot);
/* A `ctid` in the server's binary form, six bytes. */
uint64_t spot_read(const char *bytes);

#endif
