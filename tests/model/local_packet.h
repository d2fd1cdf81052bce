/* SPDX-License-Identifier: Apache-2.0 */
/* The model's red packets: money for a number of people, who open it one after the other. */
#ifndef TESTS_MODEL_LOCAL_PACKET_H
#define TESTS_MODEL_LOCAL_PACKET_H

#include "model/model.h"

#define MODEL_PACKETS 60

struct local_packet {
    int64_t id, key; /* as the till says */
    uint8_t seed[32];
    int sender_kind, sender; /* as in the till: 1 shopper, 3 shop */
    bool even, for_all;
    int state; /* as in the till */
    int64_t amount, people, left, left_people, expires_us;
    struct {
        int shopper; /* -1: the person did not open it */
        int64_t number, amount;
    } claims[MODEL_PEOPLE]; /* by person */
};

struct local_packets {
    int count;
    struct local_packet of[MODEL_PACKETS];
};

extern struct local_packets packets;

/* Each returns the number of a refusal, or 0. */
int packet_model_create(struct model *m, const struct local_packet *want, int64_t seconds);
/* Whoever has no right key: `knows` is false. */
int packet_model_claim(struct model *m, int packet, int shopper, bool knows);
int64_t packet_model_due(const struct model *m, int *packet);
void packet_model_return(struct model *m, int packet);

#endif
