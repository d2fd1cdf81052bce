/* SPDX-License-Identifier: Apache-2.0 */
/* A typed amount in minor units: digits, at most two decimals, never a floating-point number. */

const form = /^(\d{1,12})(?:[.,](\d{1,2}))?$/;

/* null: not an amount, or nothing. */
export function minorOf(text) {
    const found = form.exec(text.trim().replace(/^[¥￥]\s*/, ""));
    if (found === null) return null;
    const minor = Number(BigInt(found[1] + (found[2] ?? "").padEnd(2, "0")));
    return minor > 0 ? minor : null;
}
