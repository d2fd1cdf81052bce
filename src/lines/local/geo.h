/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places on the earth, in integers. A place is given in millionths of a degree (WGS 84), about 11 cm. Pure; any thread.
 */
#ifndef LINES_LOCAL_GEO_H
#define LINES_LOCAL_GEO_H

#include "base/base.h"

#define LATITUDE_MAX_E6 90000000
#define LONGITUDE_MAX_E6 180000000

struct position {
    int32_t latitude_e6;  /* north is positive */
    int32_t longitude_e6; /* east is positive */
};

/* Whether there is such a place. */
bool place_valid(struct position place);
/*
 * How far two valid places are apart, in metres: within 0.1 % and a metre up to 100 km, where deals are looked for and
 * meals are brought to. Beyond it grows with the distance all the same. Across the 180th meridian too.
 */
int64_t place_distance_m(struct position a, struct position b);

#endif
