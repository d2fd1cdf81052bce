/* SPDX-License-Identifier: Apache-2.0 */
/* Every payment that was counted is looked up in the store, which is then audited as a whole. */
#include "app/bench.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/place.h"
#include "base/os_clock.h"

struct check {
    const struct bench_load *load;
    struct bench_proof *proof;
    uint8_t *left; /* bits of the payments that were counted and not found yet */
};

static bool trade_check(void *context, const void *row)
{
    struct check *check = context;
    const struct trade_row *trade = row;
    struct span number = span_of(trade->out_trade_no);
    int64_t value;
    if (number.size < 2 || number.bytes[0] != 'B' ||
        !span_to_i64((struct span){ number.bytes + 1, number.size - 1 }, &value) ||
        value < check->load->number_base) {
        return true; /* not of these runs */
    }
    uint64_t sequence = (uint64_t)(value - check->load->number_base);
    uint8_t bit = (uint8_t)(1u << (sequence % 8));
    bool counted = sequence < check->load->sequence && (check->left[sequence / 8] & bit) != 0;
    if (!counted || trade->state != TRADE_success) {
        check->proof->uncounted++;
        return true;
    }
    check->left[sequence / 8] &= (uint8_t)~bit; /* found again, it would not count */
    check->proof->found++;
    check->proof->found_minor += trade->list_minor;
    return true;
}

static bool trades_check(const struct bench_load *load, struct reader *reader, struct bench_proof *proof)
{
    struct check check = { .load = load, .proof = proof, .left = malloc(load->paid_size + 1) };
    struct span all = { NULL, 0 };
    assert(check.left != NULL);
    if (load->paid_size > 0) {
        memcpy(check.left, load->paid, load->paid_size);
    }
    bool read = reader->ops->begin(reader) == STATUS_ok;
    if (read) {
        read = reader->ops->scan(reader, &trade_table, all, trade_check, &check) == STATUS_ok;
        reader->ops->end(reader);
    }
    proof->counted = load->paid_count;
    proof->counted_minor = load->paid_sum_minor;
    proof->missing = proof->counted - proof->found;
    free(check.left);
    return read;
}

bool bench_verify(const struct bench_load *load, const char *path, struct bench_proof *proof)
{
    struct reader *reader;
    struct place place;
    char error[512] = "the place is not to be read";
    *proof = (struct bench_proof){ .audited = load->settings->audit };
    if (place_read(&place, path, NULL) != NULL || !place_snapshot(&place, &reader, error, sizeof(error))) {
        fprintf(stderr, "onetill bench: %s\n", error);
        return false;
    }
    bool read = trades_check(load, reader, proof);
    if (read && proof->audited) {
        int64_t start_us = os_monotonic_us();
        read = audit_run(reader, NULL, &proof->audit) == STATUS_ok;
        proof->audit_us = os_monotonic_us() - start_us;
    }
    reader->ops->close(reader);
    if (!read) {
        fprintf(stderr, "onetill bench: %s cannot be read\n", place.name);
    }
    return read;
}
