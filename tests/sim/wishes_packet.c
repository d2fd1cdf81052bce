/* SPDX-License-Identifier: Apache-2.0 */
/* Red packets: whatever happened each is there once, and so is what each person was told it got. */
#include "base/civil.h"
#include "lines/local/packet.h"
#include "sim/wishes.h"
#include "support/house.h"

static bool makes_packet(const struct intent *intent)
{
    return intent->command == &packet_create;
}

static void wish_packet(struct world *world)
{
    bool sends = world_chance(world, 60);
    int64_t sender = 1 + world_pick(world, sends ? SHOPPERS : SHOPS);
    struct packet_create want = { .sender_kind = sends ? PARTY_shopper : PARTY_shop, .sender_id = sender,
                                  .amount_minor = 3 + world_pick(world, 300), .people = 1 + world_pick(world, 4),
                                  .split = world_pick(world, 3), .for_all = world_pick(world, 2),
                                  .expires_in_s = 1 + world_pick(world, 900) };
    struct caller merchant = { .kind = CALLER_merchant, .id = 1 };
    struct intent *intent = intent_new(world, sends ? house_shopper(sender) : merchant, &packet_create);
    want.seed[0] = (uint8_t)world_pick(world, 256);
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_part(struct world *world)
{
    const struct intent *made = wish_done(world, makes_packet);
    if (made == NULL) {
        wish_packet(world);
        return;
    }
    const struct packet *packet = (const void *)made->answer;
    struct packet_open want = { .packet_id = packet->row.packet_id, .packet_key = packet->packet_key };
    struct intent *intent = intent_new(world, house_shopper(1 + world_pick(world, SHOPPERS)), &packet_claim);
    memcpy(intent->request, &want, sizeof(want));
}

struct counts {
    int64_t packets, minor, parts, overdue, now_us;
};

static bool count_packet(void *context, const void *row)
{
    const struct packet_row *packet = row;
    struct counts *counts = context;
    counts->packets++;
    counts->minor += packet->amount_minor;
    counts->overdue += packet->state == PACKET_open && packet->expires_at_us <= counts->now_us;
    return true;
}

static bool count_part(void *context, const void *row)
{
    (void)row;
    ((struct counts *)context)->parts++;
    return true;
}

/* Which person's, so that each is counted once. */
static bool first_of_person(const struct world *world, const struct intent *claim)
{
    const struct packet_claim_row *row = (const void *)claim->answer;
    for (const struct intent *other = world->intents; other < claim; other++) {
        const struct packet_claim_row *before = (const void *)other->answer;
        if (other->command == &packet_claim && other->known && other->refusal == REFUSAL_none &&
            before->packet_id == row->packet_id && before->person_id == row->person_id) {
            return false;
        }
    }
    return true;
}

static void check(struct world *world)
{
    struct counts found = { .now_us = world->now_us - (world->shared != NULL ? 20 * US_PER_SECOND : 0) };
    struct counts answered = { 0 };
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        if (!intent->known || intent->refusal != REFUSAL_none) {
            continue;
        }
        if (intent->command == &packet_create) {
            answered.packets++;
            answered.minor += ((const struct packet *)(const void *)intent->answer)->row.amount_minor;
        } else if (intent->command == &packet_claim) {
            const struct packet_claim_row *told = (const void *)intent->answer;
            struct packet_claim_row row = { .packet_id = told->packet_id, .person_id = told->person_id };
            if (!world_find(world, &packet_claim_table, &row) || row.amount_minor != told->amount_minor ||
                row.number != told->number) {
                world_wrong(world, "red packets", "a part is not what was answered");
            }
            answered.parts += first_of_person(world, intent);
        }
    }
    enum status status = world_scan(world, &packet_table, count_packet, &found);
    assert(status == STATUS_ok);
    status = world_scan(world, &packet_claim_table, count_part, &found);
    assert(status == STATUS_ok);
    if (found.packets != answered.packets || found.minor != answered.minor) {
        world_wrong(world, "red packets", "they are not those that were answered");
    }
    if (found.parts != answered.parts) {
        world_wrong(world, "red packets", "a part was taken that nobody was told of");
    }
    if (found.overdue > 0) {
        world_wrong(world, "red packets", "what was left of one did not return");
    }
}

static const struct wish_kind kinds[] = { { 8, wish_packet }, { 24, wish_part }, { 0, NULL } };

const struct area packet_area = { .name = "red packets", .wishes = kinds, .check = check };
