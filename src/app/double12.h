/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Double 12, 2014-12-12, as it is played by the demo: the brands and shops that took part, the campaigns
 * with their caps, what people bought when and for how much. Brands, shops and shoppers are invented from a
 * seed; how many there are of each kind, the caps, the end at 22:00 are those of the day.
 *
 * Everything follows from the seed and the number of shoppers, so the same numbers describe the same city in
 * the filling process and in the one that plays. Owned by struct double12; read by any thread once made.
 */
#ifndef APP_DOUBLE12_H
#define APP_DOUBLE12_H

#include "load/random.h"
#include "lines/product.h"

#define DOUBLE12_BRANDS 100
#define DOUBLE12_SHOPS 20000
#define DOUBLE12_CAMPAIGNS 6
#define DOUBLE12_SHOPPERS_MAX 10000000
#define DOUBLE12_DAY 20141212
#define DOUBLE12_MIDNIGHT_US INT64_C(1418313600000000) /* 2014-12-12T00:00:00+08:00 */
#define DOUBLE12_MINUTE_FROM 480                       /* 08:00 */
#define DOUBLE12_MINUTE_END 1320                       /* 22:00, when the campaigns end */
#define DOUBLE12_MINUTE_TO 1325                        /* 22:05, when the demo's day ends */

enum shop_kind {
    SHOP_supermarket,
    SHOP_snack,
    SHOP_department,
    SHOP_vending,
    SHOP_KIND_COUNT,
};

enum double12_campaign {
    CAMPAIGN12_supermarket, /* the national budget: half price, cap 50 yuan, once per account */
    CAMPAIGN12_snack,       /* half price, cap 20 yuan, twice */
    CAMPAIGN12_department,  /* half price from 100 yuan on, cap 100 yuan, once; the stores pay 30 % of it */
    CAMPAIGN12_drink,       /* a drink at 0.01 yuan, once; the machine refuses when its budget is used up */
    CAMPAIGN12_chain,       /* a snack chain's own coupon on top: from 30 yuan on 3 yuan off */
    CAMPAIGN12_first,       /* a department store's welcome: 1 to 8 yuan at random, 2 on average, first payment */
};

struct brand12 {
    enum shop_kind kind;
    uint32_t first_shop, shop_count;
    char name[NAME_SIZE]; /* 青朵超市 Qingduo Supermarket */
};

struct shop12 {
    uint32_t brand;
    uint32_t first_terminal; /* index among all terminals */
    uint32_t terminal_count;
};

struct double12 {
    uint64_t seed;
    uint32_t shopper_count;
    uint32_t terminal_count;
    uint32_t street_order; /* which names go to which shop */
    struct brand12 brands[DOUBLE12_BRANDS];
    struct shop12 shops[DOUBLE12_SHOPS];
    struct random_table popularity[SHOP_KIND_COUNT]; /* which shop of a kind */
    uint32_t kind_first[SHOP_KIND_COUNT];            /* the first shop of each kind */
    uint64_t weight_until[DOUBLE12_MINUTE_TO - DOUBLE12_MINUTE_FROM + 1]; /* of the day's business so far */
};

void double12_init(struct double12 *day, uint64_t seed, uint32_t shopper_count);
void double12_release(struct double12 *day);

/* ---- ids ---- */

static inline int64_t double12_merchant_id(uint32_t brand)
{
    return 1 + (int64_t)brand;
}

static inline int64_t double12_shop_id(uint32_t shop)
{
    return 10001 + (int64_t)shop;
}

static inline int64_t double12_terminal_id(uint32_t terminal)
{
    return 100001 + (int64_t)terminal;
}

static inline int64_t double12_shopper_id(uint32_t shopper)
{
    return 1000001 + (int64_t)shopper;
}

static inline int64_t double12_campaign_id(uint32_t campaign)
{
    return 1201 + (int64_t)campaign;
}

int64_t double12_device_id(uint32_t shopper);

/* ---- what is where ---- */

extern const char *const double12_kind_names[SHOP_KIND_COUNT];       /* as the shop's `kind` */
extern const char *const double12_kind_words[SHOP_KIND_COUNT];       /* for people, in the plural */
extern const char *const double12_campaign_words[DOUBLE12_CAMPAIGNS]; /* for people */

void double12_shop(const struct double12 *day, uint32_t shop, struct shop_create *request);
void double12_shopper(const struct double12 *day, uint32_t shopper, struct shopper_create *request,
                      int64_t *balance_minor);
/* The rules; who funds what stands in the rules, how much in the demo. */
void double12_campaign(const struct double12 *day, uint32_t campaign, struct campaign_rules *rules);

/*
 * The discount that a line of a receipt must show for a purchase: -1 when this campaign gives nothing there,
 * -2 when it is random. `on_top_of` is what campaigns of higher priority gave.
 */
int64_t double12_discount(const struct double12 *day, uint32_t campaign, uint32_t shop, int64_t amount_minor,
                          int64_t on_top_of);

/* ---- one purchase ---- */

struct purchase12 {
    uint32_t shop, terminal;
    int32_t amount_minor;
    uint8_t goods; /* index of double12_goods */
};
void double12_purchase(const struct double12 *day, struct random_source *random, enum shop_kind kind,
                       struct purchase12 *purchase);
/* What is bought, in Chinese and English. */
const char *double12_goods(enum shop_kind kind, uint8_t goods);

/* The kind of shop that the next purchase is made in. */
enum shop_kind double12_kind_pick(struct random_source *random);

#endif
