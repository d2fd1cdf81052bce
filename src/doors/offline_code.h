/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text that a shopper shows to a till without a network: what a voucher that is set aside for one shop stands for,
 * signed with Ed25519 (RFC 8032). Tills check it with the public key, which they fetched while they had a network.
 *
 *     ov1.CODE.VOUCHER.DEAL.PART.SHOP.PIECES.FACE_LEFT.ACCEPT_UNTIL.SIGNATURE
 *
 * Numbers are decimal, the time is in seconds since 1970 (rounded down: never later than it is), the signature is
 * base64url over everything before the last dot. What a till has to do beside checking it stands in docs/offline.md.
 *
 * The private key is derived from the master key. Pure functions but for OpenSSL's memory; any thread.
 */
#ifndef DOORS_OFFLINE_CODE_H
#define DOORS_OFFLINE_CODE_H

#include "doors/master_key.h"
#include "lines/local/voucher_requests.h"

#define OFFLINE_KEY_SIZE 32
#define OFFLINE_KEY_TEXT_SIZE BASE64URL_SIZE(OFFLINE_KEY_SIZE)
#define OFFLINE_CODE_SIZE 256
#define OFFLINE_BODY_MAX (OFFLINE_CODE_SIZE - 1 - 87) /* a dot, 86 characters of signature and the terminating zero */

/* The private key that belongs to a master key. Wipe it where it does not live to the end of the process. */
void offline_key_derive(const struct master_key *master, uint8_t to[OFFLINE_KEY_SIZE]);
/* The public key in base64url, as tills fetch it. */
void offline_key_public(const uint8_t key[OFFLINE_KEY_SIZE], char to[OFFLINE_KEY_TEXT_SIZE]);
/* Puts a dot and the signature behind the `size` bytes of a text, and terminates it; returns the size of the whole. */
size_t offline_code_sign(const uint8_t key[OFFLINE_KEY_SIZE], char to[OFFLINE_CODE_SIZE], size_t size);
/* The signed text, terminated; returns its size. */
size_t offline_code_write(const uint8_t key[OFFLINE_KEY_SIZE], const struct voucher_kept *kept,
                          char to[OFFLINE_CODE_SIZE]);
/* What a till does: checks the signature with the public key and reads the text. False, with `*kept` untouched, when it
 * is not signed with that key or is not of this form. Whether it is of the till's own shop and still in time is the
 * till's matter, and so is that it was not taken before. */
MUST_CHECK bool offline_code_read(const char *public_key, struct span text, struct voucher_kept *kept);

#endif
