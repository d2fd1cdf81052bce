/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chance that can be checked afterwards. Before anybody takes part the SHA-256 of a secret seed is published (the
 * commit); when it is over the seed is shown, and whoever took part computes again what came out. Numbers are
 * hashed as eight bytes, big-endian. docs/draws.md says the same for people, tests/unit/local_draw_check.py in
 * another language.
 *
 *   lottery   Entries are numbered from 1 in the order in which they came. Each is chained to the one before:
 *             chain(0) = commit, chain(n) = SHA-256(chain(n-1) ‖ n ‖ ticket id). With all entries in,
 *             key = SHA-256(seed ‖ chain(entries)): so what is drawn depends on every entry. The key permutes the
 *             numbers (Feistel, eight rounds); an entry wins when its place is among the first `winners`.
 *   packet    Of what is left in it, the k-th who opens it gets between 1 and twice the mean less 1, both included
 *             and equally likely, but always leaves at least 1 for each who comes after; the last gets the rest.
 *
 * Pure functions; any thread. They cannot fail.
 */
#ifndef LINES_LOCAL_DRAW_H
#define LINES_LOCAL_DRAW_H

#include "base/digest.h"

#define DRAW_SEED_SIZE 32
#define DRAW_ENTRIES_MAX (INT64_C(1) << 40)

void draw_commit(const uint8_t seed[DRAW_SEED_SIZE], uint8_t commit[SHA256_SIZE]);

/* Lays one more entry onto the chain. */
void draw_chain(uint8_t chain[SHA256_SIZE], int64_t number, int64_t ticket_id);
void draw_key(const uint8_t seed[DRAW_SEED_SIZE], const uint8_t chain[SHA256_SIZE], uint8_t key[SHA256_SIZE]);
/* The place of an entry, 0 to `entries - 1`; no two have the same. `number` is 1 to `entries`. */
int64_t draw_place(const uint8_t key[SHA256_SIZE], int64_t entries, int64_t number);
/* The number of the entry at a place. */
int64_t draw_number(const uint8_t key[SHA256_SIZE], int64_t entries, int64_t place);

/*
 * What the next one gets of `left_minor` when `left_count` may still open it; `number` is 1 for the first.
 * `left_minor` is at least `left_count`, and so it stays.
 */
int64_t draw_piece(const uint8_t seed[DRAW_SEED_SIZE], int64_t number, int64_t left_minor, int64_t left_count);
/* The same where all get the same, but for what cannot be divided: the later ones get one more. */
int64_t draw_piece_even(int64_t left_minor, int64_t left_count);

#endif
