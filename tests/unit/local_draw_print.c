/* SPDX-License-Identifier: Apache-2.0 */
/* Draws lotteries and opens red packets, and prints what came out, for local_draw_check.py to compute again. */
#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "lines/local/draw.h"

static void hex_print(const char *name, const uint8_t *bytes, size_t size)
{
    char text[2 * SHA256_SIZE + 1];
    hex_write(bytes, size, text);
    printf("%s %s\n", name, text);
}

static void lottery_print(uint64_t number, int64_t entries, int64_t winners)
{
    uint8_t seed[DRAW_SEED_SIZE], chain[SHA256_SIZE], key[SHA256_SIZE];
    for (size_t i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t)hash_mix(number * sizeof(seed) + i + 1);
    }
    draw_commit(seed, chain);
    printf("lottery %" PRId64 " %" PRId64 "\n", entries, winners);
    hex_print("seed", seed, sizeof(seed));
    hex_print("commit", chain, sizeof(chain));
    printf("tickets");
    for (int64_t i = 1; i <= entries; i++) {
        int64_t ticket = (int64_t)(hash_mix((uint64_t)i) >> 1);
        draw_chain(chain, i, ticket);
        printf(" %" PRId64, ticket);
    }
    printf("\nwinners");
    draw_key(seed, chain, key);
    for (int64_t place = 0; place < winners; place++) {
        printf(" %" PRId64, draw_number(key, entries, place));
    }
    printf("\n");
}

static void packet_print(uint64_t number, int64_t total_minor, int64_t count, bool even)
{
    uint8_t seed[DRAW_SEED_SIZE], commit[SHA256_SIZE];
    for (size_t i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t)hash_mix(number * sizeof(seed) + i + 1);
    }
    draw_commit(seed, commit);
    printf("packet %" PRId64 " %" PRId64 " %s\n", total_minor, count, even ? "even" : "random");
    hex_print("seed", seed, sizeof(seed));
    hex_print("commit", commit, sizeof(commit));
    printf("pieces");
    for (int64_t i = 1; i <= count; i++) {
        int64_t left = count - i + 1;
        int64_t piece = even ? draw_piece_even(total_minor, left) : draw_piece(seed, i, total_minor, left);
        total_minor -= piece;
        printf(" %" PRId64, piece);
    }
    printf("\n");
}

int main(void)
{
    static const int64_t sizes[][2] = { { 1, 1 }, { 2, 1 }, { 3, 1 }, { 5, 2 }, { 16, 16 }, { 17, 4 }, { 1000, 30 } };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        lottery_print(i, sizes[i][0], sizes[i][1]);
        packet_print(i, sizes[i][0] * 1234, sizes[i][0], false);
        packet_print(i, sizes[i][0] + 7, sizes[i][0], true);
        packet_print(i, sizes[i][0], sizes[i][0], false);
    }
    return 0;
}
