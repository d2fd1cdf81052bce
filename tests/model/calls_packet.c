/* SPDX-License-Identifier: Apache-2.0 */
/* Red packets, drawn at random and made through till and model. */
#include <stdio.h>

#include "lines/local/packet.h"
#include "model/local_packet.h"
#include "model/pair.h"

static void same_packet(struct run *run, int index, const struct packet_row *row)
{
    const struct local_packet *p = &packets.of[index];
    static const uint8_t hidden[sizeof(row->seed)];
    same(run, "a packet", p->id, row->packet_id);
    same(run, "a packet's state", p->state, row->state);
    same(run, "a packet's amount", p->amount, row->amount_minor);
    same(run, "what is left in a packet", p->left, row->left_minor);
    same(run, "who may still open a packet", p->left_people, row->left_people);
    same(run, "when a packet is over", p->expires_us, row->expires_at_us);
    same(run, "whether a packet has ended", p->state != PACKET_open, row->ended_at_us != 0);
    same(run, "a packet's seed", 0, memcmp(row->seed, p->state == PACKET_open ? hidden : p->seed, sizeof(hidden)));
}

static void create(struct run *run)
{
    struct packet packet;
    bool sends = chance(run, 60);
    struct local_packet want = { .sender_kind = sends ? PARTY_shopper : PARTY_shop, .even = chance(run, 25),
                                 .for_all = chance(run, 50), .amount = amount_make(run), .people = 1 + pick(run, 8) };
    int64_t seconds = chance(run, 20) ? 86400 : 1 + pick(run, 1800);
    if (packets.count == MODEL_PACKETS) {
        return;
    }
    want.sender = pick(run, sends ? run->model.shopper_count : run->model.shop_count);
    for (size_t i = 0; i < sizeof(want.seed); i++) {
        want.seed[i] = (uint8_t)draw(run);
    }
    struct packet_create request = { .sender_kind = want.sender_kind, .sender_id = id_of(run, want.sender),
                                     .amount_minor = want.amount, .people = want.people, .for_all = want.for_all,
                                     .split = want.even ? PACKET_even : 0,
                                     .expires_in_s = seconds == 86400 ? 0 : (int32_t)seconds };
    memcpy(request.seed, want.seed, sizeof(request.seed));
    struct caller merchant = { .kind = CALLER_merchant,
                               .id = sends ? 0 : id_of(run, run->model.shops[want.sender].merchant) };
    struct caller caller = sends ? house_shopper(request.sender_id) : merchant;
    enum refusal till = call(run, caller, &packet_create, &request, &packet);
    same_refusal(run, "packet_create", packet_model_create(&run->model, &want, seconds), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        struct local_packet *p = &packets.of[packets.count - 1];
        p->id = packet.row.packet_id;
        p->key = packet.packet_key;
        same(run, "whether a packet has a key", !want.for_all, packet.packet_key != 0);
        same_packet(run, packets.count - 1, &packet.row);
    }
}

static void claim(struct run *run)
{
    struct packet_claim_row row;
    if (packets.count == 0) {
        return;
    }
    int index = chance(run, 75) ? packets.count - 1 : pick(run, packets.count);
    const struct local_packet *p = &packets.of[index];
    int shopper = pick(run, run->model.shopper_count);
    bool knows = chance(run, 90);
    struct packet_open request = { .packet_id = p->id, .packet_key = knows ? p->key : p->key ^ 2 };
    enum refusal till = call(run, house_shopper(id_of(run, shopper)), &packet_claim, &request, &row);
    same_refusal(run, "packet_claim", packet_model_claim(&run->model, index, shopper, knows), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        int person = run->model.shoppers[shopper].person;
        same(run, "who opened it", id_of(run, p->claims[person].shopper), row.shopper_id);
        same(run, "a part's number", p->claims[person].number, row.number);
        same(run, "a part of a packet", p->claims[person].amount, row.amount_minor);
    }
}

static void query(struct run *run)
{
    struct packet packet;
    if (packets.count == 0) {
        return;
    }
    int index = pick(run, packets.count), shopper = pick(run, run->model.shopper_count);
    const struct local_packet *p = &packets.of[index];
    bool his = p->sender_kind == PARTY_shopper && p->sender == shopper;
    struct packet_look request = { .packet_id = p->id };
    enum refusal till = call(run, house_shopper(id_of(run, shopper)), &packet_query, &request, &packet);
    same_refusal(run, "packet_query", his || p->for_all ? 0 : (int)REFUSAL_packet_unknown, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_packet(run, index, &packet.row);
        same(run, "a packet's key", his ? p->key : 0, packet.packet_key);
    }
}

static void same_packets(struct run *run)
{
    for (int i = 0; i < packets.count; i++) {
        const struct local_packet *p = &packets.of[i];
        struct packet_row row = { .packet_id = p->id };
        bool there = house_row(&run->house, &packet_table, &row);
        assert(there);
        same_packet(run, i, &row);
        same(run, "a packet's money", p->state == PACKET_returned ? 0 : p->left,
             house_balance(&run->house, p->id, PURPOSE_packet, UNIT_CNY));
        for (int j = 0; j < run->model.shopper_count; j++) {
            struct packet_claim_row part = { .packet_id = p->id, .person_id = id_of(run, j) };
            there = house_row(&run->house, &packet_claim_table, &part);
            same(run, "whether a person opened it", p->claims[j].shopper >= 0, there);
            same(run, "what a person got", p->claims[j].amount, part.amount_minor);
        }
    }
}

static const struct call_kind kinds[] = { { 8, create }, { 20, claim }, { 2, query }, { 0, NULL } };

const struct part packet_part = { .name = "red packets", .calls = kinds, .same = same_packets };
