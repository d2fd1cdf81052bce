/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pay code a shopper shows: 18 decimal digits that change every minute and are made without a network.
 *
 *     28 | 9 digits: alias + mix(otp), modulo 10^9 | 7 digits: otp
 *
 * The alias is a random number that names one device of one shopper; the otp is RFC 6238 with HMAC-SHA-256,
 * 60-second steps and 7 digits, keyed by a secret of the device. `mix` is a fixed public function, so that
 * the same device does not show the same nine digits every minute and a till's log is not a diary at first
 * sight. It is NOT a secret: whoever knows this file reads the alias off any code. What protects a payment
 * is the otp alone, and what a code proves is that somebody holds the device's secret now.
 *
 * Guessing: a code for a known alias is right with a chance of (2 * drift_steps + 1) in 10^7, a code made of
 * random digits with that times (devices / 10^9). That is enough only because callers limit the attempts per
 * terminal and per alias, and burn each (alias, step) when it is first accepted: both are theirs to do.
 *
 * A log-in code is what the same device shows on demand, to be typed into a page of ours and never shown to a
 * till: the same 18 digits beginning with 38, with an otp of a secret of its own. Tills see pay codes all day;
 * none of them, nor anything else that a till sees, tells a log-in code, and no till takes one.
 *
 * No seed is stored: a secret is derived from the master key, the alias and a generation that the owner
 * raises to revoke a device. Pure functions, no allocation, any thread.
 */
#ifndef TILL_PAYCODE_DIGITS_H
#define TILL_PAYCODE_DIGITS_H

#include "base/digest.h"

#define PAYCODE_DIGITS 18
#define PAYCODE_SIZE (PAYCODE_DIGITS + 1)
#define PAYCODE_ALIAS_LIMIT INT64_C(1000000000) /* aliases are 0 .. limit - 1 */
#define PAYCODE_OTP_LIMIT UINT32_C(10000000)
#define PAYCODE_STEP_SECONDS 60
#define PAYCODE_SECRET_SIZE 32
#define PAYCODE_DRIFT_STEPS_MAX 10
#define PAYCODE_LABEL_SIZE_MAX 64
/* Room for any paycode_uri_write: a label of 64 bytes, each escaped, and what stands around it. */
#define PAYCODE_URI_SIZE_MAX 384

enum paycode_error {
    PAYCODE_ok,
    PAYCODE_not_18_digits,
    PAYCODE_not_beginning_28,
    PAYCODE_not_beginning_38,
};

/* Steps since 1970; `at_us` is not before that. */
int64_t paycode_step(int64_t at_us);

/* HMAC-SHA-256(master, "onetill paycode v1" || alias || generation), both numbers 8 bytes big-endian. */
void paycode_secret(const struct hmac_key *master, int64_t alias, int64_t generation,
                    uint8_t secret[PAYCODE_SECRET_SIZE]);

/* RFC 6238: the dynamic truncation (RFC 4226, 5.3) of HMAC-SHA-256 over the step, modulo `limit`. */
uint32_t paycode_otp(const struct hmac_key *secret, int64_t step, uint32_t limit);

/* The 18 digits and a terminating zero. */
void paycode_write(int64_t alias, const uint8_t secret[PAYCODE_SECRET_SIZE], int64_t step,
                   char to[PAYCODE_SIZE]);
/* The same with an otp that is there already. Every pair of alias and otp has exactly one code. */
void paycode_join(int64_t alias, uint32_t otp, char to[PAYCODE_SIZE]);

/* Exactly 18 ASCII digits; the caller trims what a scanner adds. Sets `*alias` and `*otp` on success only. */
MUST_CHECK enum paycode_error paycode_parse(struct span code, int64_t *alias, uint32_t *otp);

/*
 * The step within `drift_steps` (0 .. PAYCODE_DRIFT_STEPS_MAX) of `now_step` whose otp this is, or -1. The
 * nearest is tried first, the past before the future: should two steps have the same otp, the first wins.
 */
MUST_CHECK int64_t paycode_match(const uint8_t secret[PAYCODE_SECRET_SIZE], uint32_t otp, int64_t now_step,
                                 int drift_steps);

/*
 * Log-in codes. `secret` is everywhere the device's own, as above; what the otp of log-in codes is keyed by is made
 * from it here: HMAC-SHA-256(secret, "onetill log-in code v1").
 */
void logincode_secret(const uint8_t secret[PAYCODE_SECRET_SIZE], uint8_t to[PAYCODE_SECRET_SIZE]);
void logincode_write(int64_t alias, const uint8_t secret[PAYCODE_SECRET_SIZE], int64_t step,
                     char to[PAYCODE_SIZE]);
void logincode_join(int64_t alias, uint32_t otp, char to[PAYCODE_SIZE]);
MUST_CHECK enum paycode_error logincode_parse(struct span code, int64_t *alias, uint32_t *otp);
MUST_CHECK int64_t logincode_match(const uint8_t secret[PAYCODE_SECRET_SIZE], uint32_t otp, int64_t now_step,
                                   int drift_steps);

/*
 * otpauth://totp/Onetill:LABEL?secret=…&issuer=Onetill&algorithm=SHA256&digits=7&period=60, for handing the
 * secret to a device. An authenticator app that takes it shows the 7 digits of the otp only: the whole code
 * also needs the alias and paycode_join. The text holds the secret: it is shown once and never logged.
 * STATUS_bad_input for a label that is empty, longer than PAYCODE_LABEL_SIZE_MAX bytes or not text;
 * STATUS_too_large when `capacity` is too small.
 */
MUST_CHECK enum status paycode_uri_write(struct span label, const uint8_t secret[PAYCODE_SECRET_SIZE],
                                         char *to, size_t capacity, size_t *size);

#endif
