/* SPDX-License-Identifier: Apache-2.0 */
#include "app/double12.h"

#include <stdio.h>

#include "base/checked.h"
#include "base/civil.h"

const char *const double12_kind_names[SHOP_KIND_COUNT] = { "supermarket", "snack", "department_store", "vending" };
const char *const double12_kind_words[SHOP_KIND_COUNT] = { "supermarkets", "snack shops", "department stores",
                                                            "vending machines" };
const char *const double12_campaign_words[DOUBLE12_CAMPAIGNS] = {
    "supermarkets: half price, cap 50 yuan, once", "snack chains: half price, cap 20 yuan, twice",
    "department stores: half price, cap 100 yuan", "vending machines: a drink for 0.01 yuan",
    "one chain's own coupon on top: 3 off 30",     "a store's welcome: 1 to 8 yuan at random",
};

/* How many there were of each kind, and what they are like here. */
struct kind12 {
    uint32_t brands, shops;
    uint32_t terminals;     /* of each shop */
    uint32_t share;         /* of all purchases, of a thousand */
    int32_t least, most;    /* of a purchase, in minor units */
    const char *chinese[3]; /* what such brands call themselves */
    const char *english[3];
};

static const struct kind12 kinds[SHOP_KIND_COUNT] = {
    [SHOP_supermarket] = { 13, 3400, 4, 470, 900, 26000, { "超市", "生活超市", "便利店" },
                           { "Supermarket", "Living Market", "Convenience" } },
    [SHOP_snack] = { 49, 10300, 1, 340, 600, 7800, { "包子铺", "茶饮", "炸鸡" }, { "Buns", "Tea", "Fried Chicken" } },
    [SHOP_department] = { 20, 300, 8, 50, 5000, 180000, { "百货", "商厦", "广场" },
                          { "Department Store", "Mall", "Plaza" } },
    [SHOP_vending] = { 18, 6000, 1, 140, 250, 800, { "自助售货", "饮料机", "智能柜" },
                       { "Vending", "Drinks", "Smart Box" } },
};

/* Syllables that no chain is known to be named after; two make a name, in characters and in letters. */
static const struct {
    const char *chinese, *english;
} firsts[] = { { "青", "Qing" }, { "禾", "He" },   { "云", "Yun" },  { "橙", "Cheng" }, { "鹿", "Lu" },
               { "竹", "Zhu" },  { "松", "Song" }, { "岚", "Lan" },  { "沐", "Mu" },    { "朗", "Lang" },
               { "芷", "Zhi" },  { "溪", "Xi" } },
  seconds[] = { { "朵", "duo" }, { "坊", "fang" }, { "满", "man" }, { "仓", "cang" }, { "里", "li" },
                { "序", "xu" },  { "屿", "yu" },   { "穗", "sui" }, { "渡", "du" },   { "栈", "zhan" } };

static const struct {
    const char *chinese, *english;
} cities[] = { { "杭州", "Hangzhou" }, { "上海", "Shanghai" }, { "北京", "Beijing" },  { "广州", "Guangzhou" },
               { "成都", "Chengdu" },  { "武汉", "Wuhan" },    { "南京", "Nanjing" },  { "宁波", "Ningbo" },
               { "苏州", "Suzhou" },   { "西安", "Xi'an" },    { "重庆", "Chongqing" } },
  streets[] = { { "人民路", "Renmin Rd" },   { "解放路", "Jiefang Rd" }, { "中山路", "Zhongshan Rd" },
                { "建国路", "Jianguo Rd" },  { "和平路", "Heping Rd" },  { "文化路", "Wenhua Rd" },
                { "学院路", "Xueyuan Rd" },  { "长江路", "Changjiang Rd" }, { "西湖大道", "Xihu Ave" },
                { "火车站", "Railway Station" }, { "地铁口", "Metro Exit" }, { "大学城", "University Town" },
                { "河滨路", "Hebin Rd" } };

#define GOODS_COUNT 6
static const char *const goods_of[SHOP_KIND_COUNT][GOODS_COUNT] = {
    [SHOP_supermarket] = { "大米和油 rice and oil", "牛奶 milk", "洗衣液 washing powder", "水果 fruit",
                           "零食 snacks", "一周的菜 groceries for a week" },
    [SHOP_snack] = { "包子 buns", "奶茶 milk tea", "炸鸡 fried chicken", "拉面 noodles", "豆浆油条 soy milk",
                     "两杯咖啡 two coffees" },
    [SHOP_department] = { "羽绒服 down jacket", "运动鞋 trainers", "围巾 scarf", "香水 perfume", "电饭煲 rice cooker",
                          "毛衣 jumper" },
    [SHOP_vending] = { "矿泉水 water", "可乐 cola", "绿茶 green tea", "果汁 juice", "酸梅汤 plum drink",
                       "苏打水 soda" },
};

/* Business in each hour from 08:00 on: queues before work, lunch, after work, and the last rush before ten. */
static const uint32_t hours[] = { 150, 120, 105, 125, 175, 130, 100, 100, 110, 140, 190, 185, 155, 150, 90 };

/* ---- making it ---- */

static void names_make(struct double12 *day)
{
    struct random_source random;
    uint32_t order[COUNT_OF(firsts) * COUNT_OF(seconds)];
    random_init(&random, day->seed, 1);
    for (uint32_t i = 0; i < COUNT_OF(order); i++) {
        uint32_t at = (uint32_t)random_below(&random, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    static_assert(COUNT_OF(order) >= DOUBLE12_BRANDS, "each brand has a name of its own");
    for (uint32_t i = 0; i < DOUBLE12_BRANDS; i++) {
        struct brand12 *brand = &day->brands[i];
        uint32_t first = order[i] / COUNT_OF(seconds), second = order[i] % COUNT_OF(seconds);
        const struct kind12 *kind = &kinds[brand->kind];
        size_t word = random_below(&random, COUNT_OF(kind->chinese));
        snprintf(brand->name, sizeof(brand->name), "%s%s%s %s%s %s", firsts[first].chinese, seconds[second].chinese,
                 kind->chinese[word], firsts[first].english, seconds[second].english, kind->english[word]);
    }
    day->street_order = (uint32_t)random_below(&random, COUNT_OF(cities) * COUNT_OF(streets));
}

/* Shops of a kind are shared out among its brands: a few chains are large, most are small. */
static void brands_make(struct double12 *day, enum shop_kind kind, uint32_t brand, uint32_t shop)
{
    const struct kind12 *what = &kinds[kind];
    uint32_t weights = 0;
    for (uint32_t i = 0; i < what->brands; i++) {
        weights += what->brands + 8 - i;
    }
    uint32_t end = shop + what->shops;
    day->kind_first[kind] = shop;
    for (uint32_t i = 0; i < what->brands; i++) {
        uint32_t count = what->shops * (what->brands + 8 - i) / weights;
        uint32_t left = end - shop;
        count = i + 1 == what->brands ? left : count;
        day->brands[brand + i] = (struct brand12){ .kind = kind, .first_shop = shop, .shop_count = count };
        for (uint32_t j = 0; j < count; j++, shop++) {
            day->shops[shop] = (struct shop12){ .brand = brand + i,
                                                .first_terminal = day->terminal_count,
                                                .terminal_count = what->terminals };
            day->terminal_count += what->terminals;
        }
    }
    enum status status = random_table_zipf(&day->popularity[kind], what->shops, 350);
    assert(status == STATUS_ok);
}

static void hours_make(struct double12 *day)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i <= DOUBLE12_MINUTE_TO - DOUBLE12_MINUTE_FROM; i++) {
        uint32_t hour = i / 60, minute = i % 60;
        uint32_t next = hour + 1 < COUNT_OF(hours) ? hours[hour + 1] : hours[hour];
        day->weight_until[i] = sum;
        sum += hours[hour] * (60 - minute) + next * minute;
    }
}

void double12_init(struct double12 *day, uint64_t seed, uint32_t shopper_count)
{
    uint32_t brand = 0, shop = 0;
    memset(day, 0, sizeof(*day));
    day->seed = seed;
    day->shopper_count = shopper_count;
    for (int kind = 0; kind < SHOP_KIND_COUNT; kind++) {
        brands_make(day, (enum shop_kind)kind, brand, shop);
        brand += kinds[kind].brands;
        shop += kinds[kind].shops;
    }
    assert(brand == DOUBLE12_BRANDS);
    assert(shop == DOUBLE12_SHOPS);
    names_make(day);
    hours_make(day);
}

void double12_release(struct double12 *day)
{
    for (size_t i = 0; i < SHOP_KIND_COUNT; i++) {
        random_table_release(&day->popularity[i]);
    }
}

/* ---- people and places ---- */

/* One-to-one on the numbers below 10^9, so that each phone has an alias of its own. */
int64_t double12_device_id(uint32_t shopper)
{
    return ((int64_t)shopper * 618033989 + 271828183) % 1000000000;
}

void double12_shop(const struct double12 *day, uint32_t shop, struct shop_create *request)
{
    const struct brand12 *brand = &day->brands[day->shops[shop].brand];
    uint32_t place = (shop + day->street_order) * 31;
    size_t city = place % COUNT_OF(cities), street = place / COUNT_OF(cities) % COUNT_OF(streets);
    uint32_t number = shop % 199 + 1;
    *request = (struct shop_create){ .shop_id = double12_shop_id(shop),
                                     .merchant_id = double12_merchant_id(day->shops[shop].brand),
                                     .sets_count = 1,
                                     .sets = { { .id = 1 + (int64_t)brand->kind } } };
    struct span rest;
    struct span chinese = span_cut(span_of(brand->name), ' ', &rest);
    snprintf(request->name, sizeof(request->name), "%.*s%s%u号店 %.*s, %u %s", (int)chinese.size, chinese.bytes,
             streets[street].chinese, number, (int)rest.size, rest.bytes, number, streets[street].english);
    snprintf(request->city, sizeof(request->city), "%s %s", cities[city].chinese, cities[city].english);
    snprintf(request->kind, sizeof(request->kind), "%s", double12_kind_names[brand->kind]);
}

/* A number of one shopper's own, the same whenever it is asked for. */
static uint64_t trait(const struct double12 *day, uint32_t shopper, uint64_t which)
{
    struct random_source random;
    random_init(&random, day->seed + which, shopper + UINT64_C(0x100000000));
    return random_u64(&random);
}

void double12_shopper(const struct double12 *day, uint32_t shopper, struct shopper_create *request,
                      int64_t *balance_minor)
{
    uint64_t kind = trait(day, shopper, 7) % 100;
    uint64_t money = trait(day, shopper, 8);
    *request = (struct shopper_create){ .shopper_id = double12_shopper_id(shopper) };
    snprintf(request->name, sizeof(request->name), "顾客 %u", shopper + 1);
    if (kind < 2) {
        request->no_password_limit_minor = -1; /* confirms everything */
    } else if (kind < 8) {
        request->no_password_limit_minor = 5000; /* careful: from 50 yuan on */
    }
    /* Three in a hundred have less than 20 yuan, the others 200 to 3,000. */
    *balance_minor = kind >= 97 ? 100 + (int64_t)(money % 1900) : 20000 + (int64_t)(money % 280000);
}

/* ---- campaigns ---- */

/* The first brand of a kind. */
static uint32_t first_of(enum shop_kind kind)
{
    uint32_t brand = 0;
    for (uint32_t i = 0; i < (uint32_t)kind; i++) {
        brand += kinds[i].brands;
    }
    return brand;
}

static void half_price(struct campaign_rules *rules, int64_t cap_minor, int32_t uses)
{
    rules->kind = CAMPAIGN_percentage;
    rules->percent_bp = 5000;
    rules->cap_minor = cap_minor;
    rules->uses_per_person = uses;
}

void double12_campaign(const struct double12 *day, uint32_t campaign, struct campaign_rules *rules)
{
    static const enum shop_kind kind_of[] = { SHOP_supermarket, SHOP_snack, SHOP_department, SHOP_vending };
    *rules = (struct campaign_rules){
        .campaign_id = double12_campaign_id(campaign),
        .starts_at_us = DOUBLE12_MIDNIGHT_US + DOUBLE12_MINUTE_FROM * US_PER_MINUTE,
        .ends_at_us = DOUBLE12_MIDNIGHT_US + DOUBLE12_MINUTE_END * US_PER_MINUTE,
        .targets_count = 1,
    };
    snprintf(rules->name, sizeof(rules->name), "双12 %s", double12_campaign_words[campaign]);
    if (campaign < COUNT_OF(kind_of)) {
        rules->targets[0] = (struct target_row){ .kind = TARGET_set, .id = 1 + (int64_t)kind_of[campaign] };
    }
    switch ((enum double12_campaign)campaign) {
    case CAMPAIGN12_supermarket:
        half_price(rules, 5000, 1);
        break;
    case CAMPAIGN12_snack:
        half_price(rules, 2000, 2);
        rules->priority = 10;
        rules->combines = 1;
        break;
    case CAMPAIGN12_department:
        half_price(rules, 10000, 1);
        rules->min_spend_minor = 10000;
        rules->merchant_share_bp = 3000;
        break;
    case CAMPAIGN12_drink:
        rules->kind = CAMPAIGN_fixed_price;
        rules->amount_minor = 1;
        rules->uses_per_person = 1;
        rules->at_budget_end = BUDGET_END_refuse;
        break;
    case CAMPAIGN12_chain:
        rules->kind = CAMPAIGN_amount_off;
        rules->amount_minor = 300;
        rules->min_spend_minor = 3000;
        rules->combines = 1;
        rules->merchant_share_bp = 10000;
        rules->targets[0] = (struct target_row){ TARGET_merchant, double12_merchant_id(first_of(SHOP_snack)) };
        break;
    case CAMPAIGN12_first:
        rules->kind = CAMPAIGN_random_cut;
        rules->low_minor = 100;
        rules->amount_minor = 200;
        rules->high_minor = 800;
        rules->audience = AUDIENCE_new;
        rules->seed = (int64_t)(day->seed >> 1);
        rules->targets[0] = (struct target_row){ TARGET_merchant, double12_merchant_id(first_of(SHOP_department)) };
        break;
    }
}

static int64_t half_of(int64_t amount_minor, int64_t cap_minor)
{
    return min_i64(amount_minor / 2, cap_minor);
}

int64_t double12_discount(const struct double12 *day, uint32_t campaign, uint32_t shop, int64_t amount_minor,
                          int64_t on_top_of)
{
    uint32_t brand = day->shops[shop].brand;
    enum shop_kind kind = day->brands[brand].kind;
    switch ((enum double12_campaign)campaign) {
    case CAMPAIGN12_supermarket:
        return kind == SHOP_supermarket ? half_of(amount_minor, 5000) : -1;
    case CAMPAIGN12_snack:
        return kind == SHOP_snack ? half_of(amount_minor, 2000) : -1;
    case CAMPAIGN12_department:
        return kind == SHOP_department && amount_minor >= 10000 ? half_of(amount_minor, 10000) : -1;
    case CAMPAIGN12_drink:
        return kind == SHOP_vending ? amount_minor - 1 : -1;
    case CAMPAIGN12_chain:
        return brand == first_of(SHOP_snack) && amount_minor >= 3000
                   ? min_i64(300, amount_minor - on_top_of)
                   : -1;
    case CAMPAIGN12_first:
        return brand == first_of(SHOP_department) ? -2 : -1;
    }
    return -1;
}

/* ---- purchases ---- */

enum shop_kind double12_kind_pick(struct random_source *random)
{
    uint32_t at = (uint32_t)random_below(random, 1000);
    for (int kind = 0; kind + 1 < SHOP_KIND_COUNT; kind++) {
        if (at < kinds[kind].share) {
            return (enum shop_kind)kind;
        }
        at -= kinds[kind].share;
    }
    return SHOP_vending;
}

void double12_purchase(const struct double12 *day, struct random_source *random, enum shop_kind kind,
                       struct purchase12 *purchase)
{
    uint32_t shop = day->kind_first[kind] + random_table_pick(&day->popularity[kind], random);
    const struct shop12 *place = &day->shops[shop];
    const struct kind12 *what = &kinds[kind];
    /* The smaller of two draws: small purchases are more frequent than large ones. */
    int64_t amount = random_between(random, what->least, what->most);
    amount = min_i64(amount, random_between(random, what->least, what->most));
    *purchase = (struct purchase12){
        .shop = shop,
        .terminal = place->first_terminal + (uint32_t)random_below(random, place->terminal_count),
        .amount_minor = (int32_t)amount,
        .goods = (uint8_t)random_below(random, GOODS_COUNT),
    };
}

const char *double12_goods(enum shop_kind kind, uint8_t goods)
{
    assert(goods < GOODS_COUNT);
    return goods_of[kind][goods];
}
