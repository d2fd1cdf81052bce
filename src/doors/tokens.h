/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bearer tokens. A token is signed, not stored: "ot_" and, in base64url, who it speaks for, the number it
 * was issued under, and 16 bytes of HMAC-SHA-256 under a key derived from the master key. Checking needs no
 * row and no lock. What is kept in memory is which tokens were revoked and with which token others were
 * issued: loaded at the start, it grows with each commit that issues or revokes one. A token is void when it
 * was revoked, or when one that it goes back to was revoked with all it had issued.
 *
 * tokens_check, tokens_descend and tokens_revoke: any thread, at the same time. Each thread remembers the
 * tokens it has verified lately; a revocation is seen by the next check on any thread that begins after
 * tokens_revoke has returned.
 */
#ifndef DOORS_TOKENS_H
#define DOORS_TOKENS_H

#include "doors/master_key.h"
#include "engine/command.h"

#define TOKEN_TEXT_SIZE 48 /* 47 characters and the terminating zero */
#define TOKENS_KNOWN_MAX (1 << 22) /* revoked, or issued with another */

struct tokens;

/* Never NULL. */
struct tokens *tokens_open(const struct master_key *key);
/* No thread may be checking any more. */
void tokens_close(struct tokens *tokens);

/* The text of the token; the caller is not CALLER_none and not CALLER_system. */
void tokens_issue(const struct tokens *tokens, struct caller caller, int64_t token_id, char to[TOKEN_TEXT_SIZE]);

/* Who a token speaks for. False: not one of ours, damaged, or void. */
MUST_CHECK bool tokens_check(struct tokens *tokens, struct span text, struct caller *caller, int64_t *token_id);

/*
 * False, of these three: no more than TOKENS_KNOWN_MAX are kept; a server that cannot revoke must not go on.
 * tokens_descend: `token_id` was issued with `parent_id`, which is smaller; said before anybody can show it.
 */
MUST_CHECK bool tokens_descend(struct tokens *tokens, int64_t token_id, int64_t parent_id);
/* With all that was issued with it; after tokens_revoke_alone too. */
MUST_CHECK bool tokens_revoke(struct tokens *tokens, int64_t token_id);
/* What was issued with it goes on, unless tokens_revoke was called for it. */
MUST_CHECK bool tokens_revoke_alone(struct tokens *tokens, int64_t token_id);

#endif
