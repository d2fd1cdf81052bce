/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes part in histories. */
#include "model/pair.h"

const struct part *const line_parts[] = {
    &deal_part, &voucher_part, &packet_part, &give_part, &booking_part_of_model, &meal_part_of_model,
    &queue_part, NULL,
};

void do_something(struct run *run)
{
    int all = 0;
    for (int i = 0; run->parts[i] != NULL; i++) {
        for (const struct call_kind *kind = run->parts[i]->calls; kind->share > 0; kind++) {
            all += kind->share;
        }
    }
    int which = pick(run, all);
    for (int i = 0; run->parts[i] != NULL; i++) {
        for (const struct call_kind *kind = run->parts[i]->calls; kind->share > 0; kind++) {
            which -= kind->share;
            if (which < 0) {
                kind->make(run);
                return;
            }
        }
    }
}
