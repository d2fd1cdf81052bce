/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/draw.h"

#define ROUNDS 8

static void number_write(int64_t number, uint8_t to[8])
{
    for (int i = 0; i < 8; i++) {
        to[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    }
}

/* The first eight bytes of a digest as a number. */
static uint64_t digest_number(const uint8_t digest[SHA256_SIZE])
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++) {
        number = number << 8 | digest[i];
    }
    return number;
}

void draw_commit(const uint8_t seed[DRAW_SEED_SIZE], uint8_t commit[SHA256_SIZE])
{
    sha256_write(seed, DRAW_SEED_SIZE, commit);
}

void draw_chain(uint8_t chain[SHA256_SIZE], int64_t number, int64_t ticket_id)
{
    uint8_t message[SHA256_SIZE + 16];
    memcpy(message, chain, SHA256_SIZE);
    number_write(number, message + SHA256_SIZE);
    number_write(ticket_id, message + SHA256_SIZE + 8);
    sha256_write(message, sizeof(message), chain);
}

void draw_key(const uint8_t seed[DRAW_SEED_SIZE], const uint8_t chain[SHA256_SIZE], uint8_t key[SHA256_SIZE])
{
    uint8_t message[DRAW_SEED_SIZE + SHA256_SIZE];
    memcpy(message, seed, DRAW_SEED_SIZE);
    memcpy(message + DRAW_SEED_SIZE, chain, SHA256_SIZE);
    sha256_write(message, sizeof(message), key);
}

/* ---- the permutation: of a square of at most four times as many numbers, walked on until it is one of them ---- */

/* Bits of half a number. */
static unsigned half_bits(int64_t entries)
{
    unsigned half = 1;
    while ((INT64_C(1) << (2 * half)) < entries) {
        half++;
    }
    return half;
}

static uint64_t round_value(const uint8_t key[SHA256_SIZE], int round, uint64_t half)
{
    uint8_t message[SHA256_SIZE + 1 + 8], digest[SHA256_SIZE];
    memcpy(message, key, SHA256_SIZE);
    message[SHA256_SIZE] = (uint8_t)round;
    number_write((int64_t)half, message + SHA256_SIZE + 1);
    sha256_write(message, sizeof(message), digest);
    return digest_number(digest);
}

static uint64_t step_forth(const uint8_t key[SHA256_SIZE], unsigned half, uint64_t x)
{
    uint64_t mask = (UINT64_C(1) << half) - 1, left = x >> half, right = x & mask;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t mixed = left ^ (round_value(key, round, right) & mask);
        left = right;
        right = mixed;
    }
    return left << half | right;
}

static uint64_t step_back(const uint8_t key[SHA256_SIZE], unsigned half, uint64_t x)
{
    uint64_t mask = (UINT64_C(1) << half) - 1, left = x >> half, right = x & mask;
    for (int round = ROUNDS - 1; round >= 0; round--) {
        uint64_t mixed = right ^ (round_value(key, round, left) & mask);
        right = left;
        left = mixed;
    }
    return left << half | right;
}

int64_t draw_place(const uint8_t key[SHA256_SIZE], int64_t entries, int64_t number)
{
    assert(entries <= DRAW_ENTRIES_MAX);
    assert(number >= 1);
    assert(number <= entries);
    uint64_t place = (uint64_t)number - 1;
    do {
        place = step_forth(key, half_bits(entries), place);
    } while (place >= (uint64_t)entries);
    return (int64_t)place;
}

int64_t draw_number(const uint8_t key[SHA256_SIZE], int64_t entries, int64_t place)
{
    assert(entries <= DRAW_ENTRIES_MAX);
    assert(place >= 0);
    assert(place < entries);
    uint64_t number = (uint64_t)place;
    do {
        number = step_back(key, half_bits(entries), number);
    } while (number >= (uint64_t)entries);
    return (int64_t)number + 1;
}

/* ---- red packets ---- */

int64_t draw_piece(const uint8_t seed[DRAW_SEED_SIZE], int64_t number, int64_t left_minor, int64_t left_count)
{
    uint8_t message[DRAW_SEED_SIZE + 8], digest[SHA256_SIZE];
    assert(left_count > 0);
    assert(left_minor >= left_count);
    if (left_count == 1) {
        return left_minor;
    }
    memcpy(message, seed, DRAW_SEED_SIZE);
    number_write(number, message + DRAW_SEED_SIZE);
    sha256_write(message, sizeof(message), digest);
    int64_t most = 2 * (left_minor / left_count) - 1; /* which leaves the others 1 each: there are one or more */
    return 1 + (int64_t)((uint128)digest_number(digest) * (uint64_t)most >> 64);
}

int64_t draw_piece_even(int64_t left_minor, int64_t left_count)
{
    assert(left_count > 0);
    assert(left_minor >= left_count);
    return left_minor / left_count;
}
