/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overflow-checked arithmetic on amounts. An amount is an int64_t count of the smallest unit (minor
 * units of a currency, pieces of a SKU) and its name ends in _minor or says what it counts. Every
 * function returns false, and leaves `*result` as it was, when the result does not fit.
 */
#ifndef BASE_CHECKED_H
#define BASE_CHECKED_H

#include "base/base.h"

MUST_CHECK static inline bool checked_add(int64_t a, int64_t b, int64_t *result)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *result = sum;
    return true;
}

MUST_CHECK static inline bool checked_sub(int64_t a, int64_t b, int64_t *result)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference)) {
        return false;
    }
    *result = difference;
    return true;
}

/* How a division of money treats what is left over. There is no default: the caller says it. */
enum rounding {
    ROUND_down,      /* towards zero: the payer of the share keeps the remainder */
    ROUND_up,        /* away from zero */
    ROUND_half_up,   /* nearest, a half away from zero */
    ROUND_never,     /* a remainder is refused */
};

/*
 * `amount * numerator / denominator` through 128 bits. `amount` and `numerator` are not negative and
 * `denominator` is positive: callers check first. False on overflow, or on a remainder with ROUND_never.
 */
MUST_CHECK static inline bool checked_share(int64_t amount, int64_t numerator, int64_t denominator,
                                            enum rounding rounding, int64_t *result)
{
    assert(amount >= 0);
    assert(numerator >= 0);
    assert(denominator > 0);
    uint128 product = (uint128)amount * (uint128)numerator;
    uint128 divisor = (uint128)denominator;
    uint128 quotient = product / divisor;
    uint128 rest = product % divisor;
    if (rest != 0) {
        switch (rounding) {
        case ROUND_down:
            break;
        case ROUND_up:
            quotient++;
            break;
        case ROUND_half_up:
            quotient += rest * 2 >= divisor;
            break;
        case ROUND_never:
            return false;
        }
    }
    if (quotient > (uint128)INT64_MAX) {
        return false;
    }
    *result = (int64_t)quotient;
    return true;
}

#endif
