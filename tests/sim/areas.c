/* SPDX-License-Identifier: Apache-2.0 */
/* Whose calls are made in a life. */
#include "sim/wishes.h"

const struct area *const areas[] = {
    &till_area, &deal_area, &packet_area, &booking_area, &give_area, &meal_area,
    &queue_area, NULL,
};

bool area_open(const struct world *world, size_t area)
{
    return area == 0 || (world->areas_open & 1u << area) != 0;
}

void set_up(struct world *world)
{
    /* In every other life the till is alone; so it is with canaries, which are found sooner then. */
    if (world->canary == CANARY_none && world->seed % 2 == 0) {
        world->areas_open = (unsigned)world_random(world);
    }
    for (size_t i = 0; areas[i] != NULL; i++) {
        if (area_open(world, i) && areas[i]->set_up != NULL) {
            areas[i]->set_up(world);
        }
    }
}

void wish(struct world *world)
{
    int all = 0;
    for (size_t i = 0; areas[i] != NULL; i++) {
        for (const struct wish_kind *kind = areas[i]->wishes; area_open(world, i) && kind->share > 0; kind++) {
            all += kind->share;
        }
    }
    int which = world_pick(world, all);
    for (size_t i = 0; areas[i] != NULL; i++) {
        for (const struct wish_kind *kind = areas[i]->wishes; area_open(world, i) && kind->share > 0; kind++) {
            which -= kind->share;
            if (which < 0) {
                kind->have(world);
                return;
            }
        }
    }
}
