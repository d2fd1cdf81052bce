/* SPDX-License-Identifier: Apache-2.0 */
/* 64-bit hash of bytes for in-memory tables, keyed at process start so that input cannot aim at a bucket. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/base.h"

/* Sets the process-wide key. Called once before other threads exist; tests may leave it 0. */
void hash_seed(uint64_t seed);
uint64_t hash_bytes(const void *bytes, size_t size);

/* Mixes a number: a bijection whose output bits all depend on all input bits (splitmix64 finaliser). */
static inline uint64_t hash_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
