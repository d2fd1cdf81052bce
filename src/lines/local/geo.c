/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/geo.h"

#define DEGREE_E6 INT64_C(1000000)
#define DEGREE_M INT64_C(111195) /* of a meridian of a sphere as large as the earth */

/* Cosines of whole degrees in millionths; between them a straight line is off by less than 40 millionths. */
static const int32_t cosines_e6[] = {
    1000000, 999848, 999391, 998630, 997564, 996195, 994522, 992546, 990268, 987688,
    984808, 981627, 978148, 974370, 970296, 965926, 961262, 956305, 951057, 945519,
    939693, 933580, 927184, 920505, 913545, 906308, 898794, 891007, 882948, 874620,
    866025, 857167, 848048, 838671, 829038, 819152, 809017, 798636, 788011, 777146,
    766044, 754710, 743145, 731354, 719340, 707107, 694658, 681998, 669131, 656059,
    642788, 629320, 615661, 601815, 587785, 573576, 559193, 544639, 529919, 515038,
    500000, 484810, 469472, 453990, 438371, 422618, 406737, 390731, 374607, 358368,
    342020, 325568, 309017, 292372, 275637, 258819, 241922, 224951, 207912, 190809,
    173648, 156434, 139173, 121869, 104528, 87156, 69756, 52336, 34899, 17452,
    0, 0,
};

bool place_valid(struct position place)
{
    return place.latitude_e6 >= -LATITUDE_MAX_E6 && place.latitude_e6 <= LATITUDE_MAX_E6 &&
           place.longitude_e6 >= -LONGITUDE_MAX_E6 && place.longitude_e6 <= LONGITUDE_MAX_E6;
}

static int64_t absolute(int64_t value)
{
    return value < 0 ? -value : value;
}

static int64_t cosine_e6(int64_t latitude_e6)
{
    int64_t degree = latitude_e6 / DEGREE_E6, rest_e6 = latitude_e6 % DEGREE_E6;
    assert(degree >= 0 && degree + 1 < (int64_t)COUNT_OF(cosines_e6));
    int64_t here_e6 = cosines_e6[degree], next_e6 = cosines_e6[degree + 1];
    return here_e6 - (here_e6 - next_e6) * rest_e6 / DEGREE_E6;
}

/* The whole part of a square root, bit by bit. */
static int64_t root(uint64_t square)
{
    uint64_t found = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1) {
        uint64_t larger = found | bit;
        if (larger * larger <= square) {
            found = larger;
        }
    }
    return (int64_t)found;
}

int64_t place_distance_m(struct position a, struct position b)
{
    assert(place_valid(a) && place_valid(b));
    int64_t north_e6 = absolute((int64_t)a.latitude_e6 - b.latitude_e6);
    int64_t east_e6 = absolute((int64_t)a.longitude_e6 - b.longitude_e6);
    int64_t middle_e6 = absolute(((int64_t)a.latitude_e6 + b.latitude_e6) / 2);
    if (east_e6 > LONGITUDE_MAX_E6) {
        east_e6 = 2 * (int64_t)LONGITUDE_MAX_E6 - east_e6;
    }
    /* In centimetres, so that what is rounded off does not count. */
    int64_t north_cm = north_e6 * DEGREE_M * 100 / DEGREE_E6;
    int64_t east_cm = east_e6 * cosine_e6(middle_e6) / DEGREE_E6 * DEGREE_M * 100 / DEGREE_E6;
    uint64_t square = (uint64_t)(north_cm * north_cm) + (uint64_t)(east_cm * east_cm);
    return (root(square) + 50) / 100;
}
