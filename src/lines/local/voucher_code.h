/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A voucher's code: 12 digits. Eleven come from SHA-256 over the deal's hidden seed and what is particular to the
 * voucher, so that nobody who knows other codes can guess one; the twelfth is a check digit after Damm, which finds
 * every single wrong digit and every swap of two neighbours without asking anybody.
 * Pure functions, any thread.
 */
#ifndef LINES_LOCAL_VOUCHER_CODE_H
#define LINES_LOCAL_VOUCHER_CODE_H

#include "base/span.h"
#include "lines/local/voucher_rows.h"

/* What a code is made of. No two vouchers of a deal have the same. */
struct voucher_code_seed {
    int64_t seed;     /* the deal's; known to nobody */
    int64_t deal_id;
    int64_t holder_id;
    int64_t turn;     /* which transfer of the holder's account of this deal it comes with */
    int32_t index;    /* which voucher of that transfer */
    int32_t attempt;  /* 0, and on when the code is somebody's already */
};

void voucher_code_make(const struct voucher_code_seed *seed, char to[VOUCHER_CODE_SIZE]);
/* Takes blanks and hyphens out and checks length, digits and check digit; `to` is set on success only. */
MUST_CHECK bool voucher_code_read(struct span text, char to[VOUCHER_CODE_SIZE]);
/* The check digit of `size` digits. */
char voucher_code_check_digit(const char *digits, size_t size);

#endif
