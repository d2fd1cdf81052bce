/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every file may assume: fixed-width integers, assertions that are always compiled in,
 * and a handful of macros. A failed assertion is a bug and stops the process.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef NDEBUG
#error "assertions guard people's money: build without NDEBUG"
#endif

#define MUST_CHECK __attribute__((warn_unused_result))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define CACHE_LINE_SIZE 64

__extension__ typedef unsigned __int128 uint128; /* gcc and clang, 64-bit targets */

/* How a call that meets the outside world ended. A refusal (the business says no) is not a status. */
enum status {
    STATUS_ok,
    STATUS_not_found, /* what was named is not there */
    STATUS_bad_input, /* the bytes make no sense */
    STATUS_too_large, /* a limit of base/limits.h would be passed */
    STATUS_busy,      /* try again later */
    STATUS_newer,     /* written by a newer version of this program */
    STATUS_fault,     /* the disk, the database or the network failed */
    STATUS_conflict,  /* another process changed the same rows: nothing happened, decide anew */
    STATUS_away,      /* the database cannot be reached: nothing happened, it may come back */
    STATUS_unknown,   /* the database was lost while it was told: it happened in whole or not at all */
};

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#endif
