/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of red packets: those that a shopper sent, and who opened one. */
#include "lines/local/packet.h"
#include "people/access.h"
#include "till/party.h"
#include "till/till_reads.h"

struct shopper_packets {
    int64_t shopper_id;
};
static const struct column list_columns[] = {
    COLUMN(shopper_packets, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape list_shape = SHAPE("packet_list", shopper_packets, list_columns);

static enum refusal list_run(const struct read_call *call, struct read_page *page)
{
    const struct shopper_packets *want = call->request;
    struct list_terms terms = { .table = &packet_table,
                                .key = "packet_id",
                                .newest_first = true,
                                .where = "sender_kind = ? AND sender_id = ? AND ",
                                .binds = { VALUE_I64(PARTY_shopper), VALUE_I64(want->shopper_id) },
                                .bind_count = 2 };
    return list_of_shopper(call, page, want->shopper_id, &terms);
}

const struct read packet_list = {
    .name = "packet_list",
    .route = "/v1/shoppers/{shopper_id}/packets",
    .callers = CALLERS_SHOPPER,
    .request = &list_shape,
    .element = &packet_table.shape,
    .run = list_run,
    .summary = "Red packets that a shopper sent, newest first.",
};

static const struct column claims_columns[] = {
    COLUMN(packet_look, packet_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(packet_look, packet_key, .form = FORM_id, .text = "Not needed by its sender, nor when it is for all."),
};
static const struct shape claims_shape = SHAPE("packet_claim_list", packet_look, claims_columns);

static bool may_see(const struct read_call *call, struct read_page *page, const struct packet_row *packet, int64_t key)
{
    if (packet->for_all != 0 || packet_key(packet) == key || call->caller.kind == CALLER_operator) {
        return true;
    }
    return packet->sender_kind == PARTY_shopper ? read_shopper_may(call, packet->sender_id)
                                                : read_shop_check(call, page, packet->sender_id) == REFUSAL_none;
}

static enum refusal claims_run(const struct read_call *call, struct read_page *page)
{
    const struct packet_look *want = call->request;
    struct packet_row packet = { .packet_id = want->packet_id };
    if (!read_row(call, page, &packet_table, &packet) || !may_see(call, page, &packet, want->packet_key)) {
        return REFUSAL_packet_unknown;
    }
    struct list_terms terms = { .table = &packet_claim_table,
                                .key = "person_id",
                                .where = "packet_id = ? AND ",
                                .binds = { VALUE_I64(want->packet_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read packet_claim_list = {
    .name = "packet_claim_list",
    .route = "/v1/packets/{packet_id}/claims",
    .callers = CALLERS_ALL,
    .request = &claims_shape,
    .element = &packet_claim_table.shape,
    .run = claims_run,
    .summary = "Who opened a red packet, by person, and what each got.",
};
