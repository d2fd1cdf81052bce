/* SPDX-License-Identifier: Apache-2.0 */
#include "model/local_packet.h"

#include <string.h>

#include "base/digest.h"
#include "engine/refusal.h"
#include "model/model_internal.h"

#define SHOPPER 1
#define OPEN 1
#define EMPTIED 2
#define RETURNED 3
#define CONFIRMED_DAY_MOST 500000
#define CHINA_MINUTES 480

struct local_packets packets;

static int64_t *purse(struct model *m, const struct local_packet *p)
{
    return p->sender_kind == SHOPPER ? &m->shoppers[p->sender].wallet : &m->shops[p->sender].takings;
}

int packet_model_create(struct model *m, const struct local_packet *want, int64_t seconds)
{
    bool sends = want->sender_kind == SHOPPER;
    struct model_shopper *s = &m->shoppers[want->sender];
    int today = model_date(m->now_us, CHINA_MINUTES);
    if (want->amount < want->people) { /* it contradicts itself, whoever asks */
        return REFUSAL_packet_invalid;
    }
    if (sends && s->blocked) {
        return REFUSAL_shopper_blocked;
    }
    int refusal = model_amount_check(want->amount);
    if (refusal != 0) {
        return refusal;
    }
    if (sends && (s->day >= today ? s->day_confirmed : 0) + want->amount > CONFIRMED_DAY_MOST) {
        return REFUSAL_day_limit_reached;
    }
    if (want->amount > *purse(m, want)) {
        return sends ? REFUSAL_balance_short : REFUSAL_takings_short;
    }
    if (sends && s->day < today) {
        s->day = today;
        s->day_code = s->day_confirmed = s->day_static = 0;
    }
    s->day_confirmed += sends ? want->amount : 0;
    *purse(m, want) -= want->amount;
    struct local_packet *p = &packets.of[packets.count++];
    *p = *want;
    p->state = OPEN;
    p->left = p->amount;
    p->left_people = p->people;
    p->expires_us = m->now_us + seconds * 1000000;
    for (int i = 0; i < MODEL_PEOPLE; i++) {
        p->claims[i].shopper = -1;
    }
    return 0;
}

/* Between 1 and twice the mean less 1, by the first eight bytes of SHA-256(seed, number). */
static int64_t drawn(const struct local_packet *p, int64_t number)
{
    uint8_t message[40], digest[SHA256_SIZE];
    uint64_t thrown = 0;
    int64_t rounding = model_canary == MODEL_CANARY_packet ? p->left_people - 1 : 0;
    int64_t most = 2 * ((p->left + rounding) / p->left_people) - 1;
    memcpy(message, p->seed, 32);
    for (int i = 0; i < 8; i++) {
        message[32 + i] = (uint8_t)(number >> (56 - 8 * i));
    }
    sha256_write(message, sizeof(message), digest);
    for (int i = 0; i < 8; i++) {
        thrown = thrown * 256 + digest[i];
    }
    return 1 + (int64_t)((uint128)thrown * (uint128)most / ((uint128)1 << 64));
}

int packet_model_claim(struct model *m, int packet, int shopper, bool knows)
{
    struct local_packet *p = &packets.of[packet];
    struct model_shopper *s = &m->shoppers[shopper];
    if (!knows && !p->for_all) {
        return REFUSAL_packet_unknown;
    }
    if (p->claims[s->person].shopper >= 0) {
        return 0; /* the same as before */
    }
    if (p->state == EMPTIED) {
        return REFUSAL_packet_empty;
    }
    if (p->state == RETURNED || m->now_us >= p->expires_us) {
        return REFUSAL_packet_over;
    }
    int64_t number = p->people - p->left_people + 1;
    int64_t amount = p->left_people == 1 ? p->left : p->even ? p->left / p->left_people : drawn(p, number);
    if (s->blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (s->wallet + amount > WALLET_MOST) {
        return REFUSAL_wallet_limit_reached;
    }
    p->claims[s->person].shopper = shopper;
    p->claims[s->person].number = number;
    p->claims[s->person].amount = amount;
    p->left -= amount;
    p->left_people--;
    s->wallet += amount;
    if (p->left_people == 0) {
        p->state = EMPTIED;
    }
    return 0;
}

int64_t packet_model_due(const struct model *m, int *packet)
{
    int64_t first_us = INT64_MAX;
    (void)m;
    for (int i = 0; i < packets.count; i++) {
        if (packets.of[i].state == OPEN && packets.of[i].expires_us < first_us) {
            first_us = packets.of[i].expires_us;
            *packet = i;
        }
    }
    return first_us;
}

void packet_model_return(struct model *m, int packet)
{
    struct local_packet *p = &packets.of[packet];
    p->state = RETURNED;
    *purse(m, p) += p->left;
}
