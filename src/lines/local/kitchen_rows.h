/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the kitchen: how a shop cooks, its dishes and what is left of them, its tables, what stations are to do. */
#ifndef LINES_LOCAL_KITCHEN_ROWS_H
#define LINES_LOCAL_KITCHEN_ROWS_H

#include "engine/row.h"
#include "lines/local/kitchen_plan.h"
#include "people/people_rows.h"

#define STATIONS_MAX 8
#define STATION_NAME_SIZE 32
#define KITCHEN_COURIERS_MAX 24
#define DISH_GROUPS_MAX 6
#define DISH_OPTIONS_MAX 24
#define OPTION_NAME_SIZE 32
#define TABLE_CODE_SIZE 11  /* ten digits and the terminating zero */
#define TABLE_NAME_SIZE 32
#define TICKET_ITEMS_MAX 10 /* an order that has more for a station makes several tickets */

/* Where dishes are made. */
struct station_row {
    int32_t station; /* 1 and up; dishes name it */
    char name[STATION_NAME_SIZE];
};

/* How a shop cooks and serves. Without it the shop sells no meals. */
struct kitchen_row {
    int64_t shop_id;
    int64_t merchant_id;
    int32_t open;            /* 0: takes no orders now, whatever the hours say */
    int32_t latitude_e6;     /* of the door where couriers pick up */
    int32_t longitude_e6;
    int32_t pay_first;       /* 1: nothing is cooked at tables before it is paid */
    int32_t service_bp;      /* charge on food that is eaten at tables */
    int32_t slot_minutes;    /* length of a slot */
    int32_t slot_capacity;   /* minutes of work that fit into one */
    int32_t lead_minutes;    /* from an order to its meal, at least */
    int32_t session_minutes; /* after which a table's order is looked at by itself */
    int32_t delivers;        /* 1: brings meals to the door */
    int32_t delivery_radius_m;
    int64_t delivery_fee_minor;
    int64_t delivery_least_minor; /* food of a delivery, at least */
    int32_t stations_count;
    struct station_row stations[STATIONS_MAX];
    int32_t hours_count;     /* seven, Monday first */
    struct kitchen_hours hours[7];
    int32_t couriers_count;
    struct id_row couriers[KITCHEN_COURIERS_MAX];
    int64_t changed_at_us;
};

/* Work that a slot's orders have taken. */
struct kitchen_slot_row {
    int64_t shop_id;
    int64_t slot_at_us; /* where it begins */
    int32_t minutes;
    int32_t orders;     /* that are to be ready in it */
};

/* What a kitchen did on a day of its shop's zone. */
struct kitchen_day_row {
    int64_t shop_id;
    int32_t day;      /* yyyymmdd */
    int32_t orders;   /* numbers given: an order's number is of its day */
    int32_t tickets;
    int32_t bumped;
    int32_t late;
    int64_t cook_us;  /* from firing to bumping, of all that were bumped */
};

struct dish_group_row {
    int32_t group; /* 1 and up */
    char name[OPTION_NAME_SIZE];
    int32_t least, most; /* options that must and may be chosen */
};

struct dish_option_row {
    int32_t option; /* 1 and up, unique in the dish */
    int32_t group;
    char name[OPTION_NAME_SIZE];
    int64_t price_minor; /* on top of the dish's; may be negative */
};

struct dish_row {
    int64_t dish_id;
    int64_t merchant_id;
    int64_t shop_id;  /* the only shop that makes it; 0: all of the merchant's */
    char name[NAME_SIZE];
    char about[256];
    char category[48];
    int32_t currency;
    int64_t price_minor;
    int32_t minutes;  /* of kitchen work a piece */
    int32_t station;  /* 0: it needs no cooking */
    int32_t place;    /* in the menu, lowest first */
    int32_t listed;   /* 0: it is off the menu */
    int32_t groups_count;
    struct dish_group_row groups[DISH_GROUPS_MAX];
    int32_t options_count;
    struct dish_option_row options[DISH_OPTIONS_MAX];
    int64_t changed_at_us;
};

/* What is left of a dish in a shop. No row: as much as anybody orders. */
struct dish_stock_row {
    int64_t shop_id;
    int64_t dish_id;
    int32_t sold_out;     /* by hand */
    int32_t counted;      /* 1: pieces_left says how many there are */
    int64_t pieces_left;
    int32_t options_out;  /* bit option - 1 of each option that has run out */
    int64_t changed_at_us;
    int64_t merchant_id;
};

/* A table where guests sit. Its QR holds the code. */
struct dining_table_row {
    int64_t table_id;
    int64_t shop_id;
    char name[TABLE_NAME_SIZE];
    int32_t seats;
    char code[TABLE_CODE_SIZE];
    int32_t retired;
    int64_t order_id; /* what is being eaten there; 0: it is free */
    int64_t changed_at_us;
    int64_t code_minute; /* minute since 1970 of the last wrong code of it */
    int32_t code_misses; /* in that minute */
};

enum ticket_state {
    TICKET_queued = 1,
    TICKET_cooking = 2,
    TICKET_bumped = 3,
    TICKET_cancelled = 4,
};

/* One line of an order, as it is printed. */
struct ticket_item_row {
    int32_t line;
    int32_t pieces; /* 0: it was taken off again */
    char name[64];
    char options[96];
    char note[64];
};

/* What a station is to make of one order. */
struct ticket_row {
    int64_t ticket_id;
    int64_t shop_id;
    int64_t order_id;
    int32_t station;
    int32_t number;    /* of the order, on its day */
    int32_t kind;      /* of the order: enum meal_kind */
    char table_name[TABLE_NAME_SIZE];
    int32_t state;     /* enum ticket_state */
    int32_t minutes;   /* of work */
    int32_t late;      /* its time passed before it was bumped */
    int32_t recalls;   /* times that it came back after being bumped */
    int32_t prints;    /* times that it was to be printed, the first included */
    int64_t fired_at_us;
    int64_t start_at_us; /* when to begin, so that it is ready in time */
    int64_t due_at_us;   /* when it is to be ready */
    int64_t started_at_us;
    int64_t bumped_at_us;
    int32_t items_count;
    struct ticket_item_row items[TICKET_ITEMS_MAX];
    int64_t merchant_id;
};

extern const struct shape station_shape, kitchen_hours_shape, dish_group_shape, dish_option_shape;
extern const struct table kitchen_table, kitchen_slot_table, kitchen_day_table;
extern const struct table dish_table, dish_stock_table, dining_table_table, ticket_table;
extern const char *const ticket_states[];

#endif
