/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the meals' commands, which tests and imports fill in. What they mean stands with the commands. */
#ifndef LINES_LOCAL_MEAL_REQUESTS_H
#define LINES_LOCAL_MEAL_REQUESTS_H

#include "lines/local/kitchen_rows.h"
#include "lines/local/meal_rows.h"
#include "lines/local/ride_rows.h"

struct kitchen_change {
    int64_t shop_id;
    int32_t open;
    int32_t latitude_e6, longitude_e6;
    int32_t pay_first;
    int32_t service_bp;
    int32_t slot_minutes, slot_capacity, lead_minutes, session_minutes;
    int32_t delivers, delivery_radius_m;
    int64_t delivery_fee_minor, delivery_least_minor;
    int32_t stations_count;
    struct station_row stations[STATIONS_MAX];
    int32_t hours_count;
    struct kitchen_hours hours[7];
};

struct dish_put {
    int64_t merchant_id;
    int64_t dish_id; /* 0: a new one */
    int64_t shop_id;
    char name[NAME_SIZE];
    char about[256];
    char category[48];
    int32_t currency;
    int64_t price_minor;
    int32_t minutes, station, place;
    int32_t unlisted;
    int32_t groups_count;
    struct dish_group_row groups[DISH_GROUPS_MAX];
    int32_t options_count;
    struct dish_option_row options[DISH_OPTIONS_MAX];
};

struct option_number {
    int32_t option;
};

struct dish_stock {
    int64_t shop_id;
    int64_t dish_id;
    int32_t sold_out;
    int32_t counted;
    int64_t pieces_left;
    int32_t options_out_count;
    struct option_number options_out[DISH_OPTIONS_MAX];
};

struct table_put {
    int64_t shop_id;
    int64_t table_id; /* 0: a new one */
    char name[TABLE_NAME_SIZE];
    int32_t seats;
    int32_t retired;
    int32_t new_code;
    int64_t seed; /* by the door */
};

struct meal_join {
    int64_t table_id;
    int64_t shopper_id; /* 0: the caller */
    char code[TABLE_CODE_SIZE];
    char name[GUEST_NAME_SIZE];
};

struct meal_open {
    int64_t shop_id;
    int64_t shopper_id; /* 0: the caller, when it is one */
    int32_t kind;       /* enum meal_kind */
    int64_t table_id;
    char name[GUEST_NAME_SIZE];
    char note[128];
    char contact[64];
    char phone[32];
    char address[160];
    int32_t latitude_e6, longitude_e6;
};

struct meal_add {
    int64_t order_id;
    int64_t dish_id;
    int32_t pieces;
    int32_t for_all; /* 1: nobody's in particular */
    int32_t guest;   /* by the staff */
    char note[64];
    int32_t options_count;
    struct option_number options[MEAL_OPTIONS_MAX];
};

struct meal_line_change {
    int64_t order_id;
    int32_t line;
    int32_t pieces; /* 0: it is taken off */
    char note[64];
};

struct meal_ref {
    int64_t order_id;
};

struct meal_write_off {
    int64_t order_id;
    char reason[64];
};

struct meal_place {
    int64_t order_id;
    int64_t ready_by_us; /* 0: as soon as can be */
    int64_t tip_minor;
    int32_t pay_later;
    int32_t confirmed;
    int32_t cook_first;
};

struct line_number_row {
    int32_t line;
};

struct meal_split {
    int64_t order_id;
    int32_t mode; /* enum bill_mode */
    int32_t parts;
    int32_t lines_count;
    struct line_number_row lines[MEAL_LINES_MAX];
};

struct meal_pay {
    int64_t order_id;
    int32_t bill;
    int64_t shopper_id; /* 0: the caller, when it is one */
    int64_t tip_minor;
    int32_t pay_later;
    int32_t confirmed;
};

struct meal_return {
    int64_t order_id;
    int32_t bill;
    int64_t amount_minor;
    char reason[NAME_SIZE];
};

enum ticket_action {
    TICKET_ACTION_start = 1,
    TICKET_ACTION_bump = 2,
    TICKET_ACTION_recall = 3,
    TICKET_ACTION_reprint = 4,
};

struct ticket_mark {
    int64_t ticket_id;
    int32_t action; /* enum ticket_action */
};

struct courier_enlist {
    int64_t shop_id;
    int64_t courier_id;
    char name[64];
    char phone[32];
    int32_t open_most; /* 0: 3 */
    int32_t gone;      /* 1: works here no more */
};

struct courier_report {
    int64_t courier_id;
    int32_t on_duty;
    int32_t latitude_e6, longitude_e6;
};

struct ride_assign {
    int64_t ride_id;
    int64_t courier_id; /* 0: whoever is there first */
};

struct ride_move {
    int64_t ride_id;
    int32_t state; /* enum ride_state */
    char reason[NAME_SIZE];
};

/* Of tips_pay: POST /v1/shops/{shop_id}/tips. */
struct tips_pay {
    int64_t shop_id;
    int64_t shopper_id; /* who is paid */
    int64_t amount_minor;
};

#endif
