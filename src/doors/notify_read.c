/* SPDX-License-Identifier: Apache-2.0 */
/* What an attempt must know, read in one call: the delivery as the till tells it, and what a notice says besides. */
#include "doors/notify_internal.h"
#include "people/people.h"
#include "till/offer.h"
#include "till/trade.h"

static enum refusal decide_facts(const void *request, struct moment *at, struct view *view, void *answer)
{
    struct delivery_facts *facts = answer;
    facts->refund_paid_minor = -1;
    enum refusal refusal = delivery_read.decide(request, at, view, &facts->work);
    if (refusal != REFUSAL_none || facts->work.kind != DELIVERY_notice) {
        return refusal;
    }
    const struct trade_row *trade = trade_ask(view, facts->work.subject_id);
    if (trade->shopper_id != 0) {
        const struct shopper_row *shopper = shopper_ask(view, trade->shopper_id);
        memcpy(facts->logon_id, shopper->logon_id, sizeof(facts->logon_id));
    }
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        const struct campaign_row *campaign = campaign_ask(view, trade->discounts[i].campaign_id);
        static_assert(sizeof(campaign->name) == sizeof(facts->campaigns[0]), "a name is a name");
        memcpy(facts->campaigns[i], campaign->name, sizeof(facts->campaigns[i]));
    }
    if (facts->work.request_no[0] != '\0') {
        struct refund_row key = { .trade_id = trade->trade_id };
        memcpy(key.out_request_no, facts->work.request_no, sizeof(key.out_request_no));
        const struct refund_row *refund = view_ask(view, &refund_table, &key);
        facts->refund_paid_minor = row_exists(refund) ? refund->paid_minor : -1;
    }
    return REFUSAL_none;
}

static const struct shape ref_shape = { .name = "delivery_ref", .size = sizeof(struct delivery_ref) };
static const struct shape facts_shape = { .name = "delivery_facts", .size = sizeof(struct delivery_facts) };

const struct command delivery_facts_read = {
    .name = "delivery_facts_read",
    .number = 170, /* internal and never stored */
    .flags = COMMAND_reads | COMMAND_internal,
    .callers = CALLER_BIT(system),
    .request = &ref_shape,
    .answer = &facts_shape,
    .decide = decide_facts,
    .summary = "A delivery with all that an attempt must know of it.",
};
