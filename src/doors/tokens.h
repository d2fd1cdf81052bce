/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bearer tokens. A token is signed, not stored: "ot_" and, in base64url, who it speaks for, the number it
 * was issued under, and 16 bytes of HMAC-SHA-256 under a key derived from the master key. Checking needs no
 * row and no lock. What is kept is only which tokens were revoked: the set is loaded at the start and grows
 * with each commit that revokes one.
 *
 * tokens_check and tokens_revoke: any thread, at the same time. Each thread remembers the tokens it has
 * verified lately; a revocation is seen by the next check on any thread that begins after tokens_revoke has
 * returned.
 */
#ifndef DOORS_TOKENS_H
#define DOORS_TOKENS_H

#include "doors/master_key.h"
#include "engine/command.h"

#define TOKEN_TEXT_SIZE 48 /* 47 characters and the terminating zero */
#define TOKENS_REVOKED_MAX (1 << 20)

struct tokens;

/* Never NULL. */
struct tokens *tokens_open(const struct master_key *key);
/* No thread may be checking any more. */
void tokens_close(struct tokens *tokens);

/* The text of the token; the caller is not CALLER_none and not CALLER_system. */
void tokens_issue(const struct tokens *tokens, struct caller caller, int64_t token_id, char to[TOKEN_TEXT_SIZE]);

/* Who a token speaks for. False: not one of ours, damaged, or revoked. */
MUST_CHECK bool tokens_check(struct tokens *tokens, struct span text, struct caller *caller, int64_t *token_id);

/* False: the set is full (TOKENS_REVOKED_MAX); a server that cannot revoke must not go on. */
MUST_CHECK bool tokens_revoke(struct tokens *tokens, int64_t token_id);

#endif
