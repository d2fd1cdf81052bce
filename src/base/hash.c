/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

static uint64_t hash_key = UINT64_C(0x9e3779b97f4a7c15);

void hash_seed(uint64_t seed)
{
    hash_key = hash_mix(seed + UINT64_C(0x9e3779b97f4a7c15)) | 1;
}

static uint64_t multiply_fold(uint64_t a, uint64_t b)
{
    uint128 product = (uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_bytes(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t state = hash_key ^ (size * UINT64_C(0xa0761d6478bd642f));
    uint64_t word;

    for (; size >= 8; at += 8, size -= 8) {
        memcpy(&word, at, 8);
        state = multiply_fold(state ^ word, hash_key ^ UINT64_C(0xe7037ed1a0b428db));
    }
    if (size > 0) {
        word = 0;
        memcpy(&word, at, size);
        state = multiply_fold(state ^ word, hash_key ^ UINT64_C(0x8ebc6af09c88c6e3));
    }
    return hash_mix(state);
}
