/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onetill simulate: what would a campaign have given? The trades that were really paid in a span of time are
 * paid again, in order and at their times, on an empty store in memory where only this campaign exists. The
 * rules are those of the till itself, by its own commands; the real store is only read.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "app/place.h"
#include "base/checked.h"
#include "base/civil.h"
#include "base/json_out.h"
#include "base/os_clock.h"
#include "doors/shape_json.h"
#include "engine/engine.h"
#include "ledger/ledger.h"
#include "load/progress.h"
#include "people/people.h"
#include "lines/product.h"

static const char help[] =
    "usage: onetill simulate --store PLACE --rules RULES.json --budget-minor N --from T --to T [--json]\n\n"
    "Pays the trades of a span of time again, on an empty store in memory, under one new campaign, and says what\n"
    "it would have given: to how many trades, how much, and when the budget would have been empty. The store is\n"
    "only read, also while it is being served.\n\n"
    "  --rules FILE        the campaign, in the form of POST /v1/campaigns\n"
    "  --budget-minor N    its budget; split by its merchant_share_bp\n"
    "  --from T, --to T    RFC 3339; trades paid from T on and before T\n"
    "  --json              one object on standard output\n\n"
    "Every payment is taken as if the wallet held enough. Uses count from the beginning of the span; who had paid\n"
    "before it is not a new shopper.\n";

#define RULES_SIZE_MAX 65536

struct simulation {
    struct reader *reader;  /* of the real store */
    struct reader *details; /* a second one: shops and shoppers by key while trades are read */
    struct engine *engine;
    int64_t now_us;
    int64_t from_us, to_us;
    int64_t campaign_id;
    struct progress progress;
    int64_t trades, discounted, list_minor, discount_minor, real_discount_minor, refused;
    bool failed;
};

static int64_t simulated_now(void *context)
{
    return ((struct simulation *)context)->now_us;
}

/* Decides one command; false when it is refused. The answer is the caller's, of the command's size. */
static bool decide(struct simulation *simulation, const struct command *command, const void *request, void *answer)
{
    struct call call = { .command = command,
                         .request = request,
                         .answer = answer,
                         .caller = { .kind = CALLER_system } };
    static int64_t key;
    if ((command->flags & (COMMAND_reads | COMMAND_unkeyed)) == 0) {
        snprintf(call.request_key, sizeof(call.request_key), "%lld", (long long)key++);
    }
    bool accepted = engine_submit(simulation->engine, &call);
    assert(accepted);
    while (engine_step(simulation->engine)) {
    }
    return call.refusal == REFUSAL_none;
}

/* ---- rows of the real store ---- */

struct wanted {
    void *to;
    size_t size;
    bool found;
};

static bool wanted_take(void *context, const void *row)
{
    struct wanted *wanted = context;
    memcpy(wanted->to, row, wanted->size);
    wanted->found = true;
    return false;
}

static bool row_read(struct simulation *simulation, const struct table *table, void *row)
{
    uint8_t key[KEY_SIZE_MAX];
    struct span from = { (const char *)key, row_key_write(table, row, key) };
    struct wanted wanted = { .to = row, .size = table->shape.size };
    simulation->failed =
        simulation->failed ||
        simulation->details->ops->scan(simulation->details, table, from, wanted_take, &wanted) != STATUS_ok;
    return wanted.found && !simulation->failed;
}

/* ---- paying a trade again ---- */

/* A merchant's and its shop's rows as they are; the shop only when it has an id. */
static bool shop_bring(struct simulation *simulation, int64_t merchant_id, const struct shop_row *shop)
{
    struct merchant_create merchant = { .merchant_id = merchant_id };
    struct merchant_row merchant_answer;
    struct shop_row shop_answer;
    struct shop_create create = { .shop_id = shop->shop_id,
                                  .merchant_id = merchant_id,
                                  .currency = shop->currency,
                                  .zone_minutes = shop->zone_minutes,
                                  .zone_utc = 1,
                                  .sets_count = shop->sets_count };
    memcpy(create.sets, shop->sets, sizeof(create.sets));
    return decide(simulation, &merchant_create, &merchant, &merchant_answer) &&
           (shop->shop_id == 0 || decide(simulation, &shop_create, &create, &shop_answer));
}

/* Merchant, shop and shopper as they are; commands with the same id and content change nothing. */
static bool people_bring(struct simulation *simulation, const struct trade_row *trade, struct shopper_row *shopper)
{
    struct shop_row shop = { .shop_id = trade->shop_id };
    struct shopper_row shopper_answer;
    *shopper = (struct shopper_row){ .shopper_id = trade->shopper_id };
    if (!row_read(simulation, &shop_table, &shop) || !row_read(simulation, &shopper_table, shopper)) {
        return false;
    }
    struct shopper_create who = { .shopper_id = shopper->shopper_id, .person_id = shopper->person_id };
    return shop_bring(simulation, shop.merchant_id, &shop) &&
           decide(simulation, &shopper_create, &who, &shopper_answer);
}

static bool trade_again(void *context, const void *row)
{
    struct simulation *simulation = context;
    const struct trade_row *trade = row;
    struct shopper_row shopper;
    uint8_t wallet[4096]; /* of the shape that wallet_top_up answers with */
    struct trade_row paid;
    if (trade->paid_at_us == 0 || trade->paid_at_us < simulation->from_us || trade->paid_at_us >= simulation->to_us) {
        return true;
    }
    simulation->now_us = max_i64(simulation->now_us, trade->paid_at_us);
    if (!people_bring(simulation, trade, &shopper)) {
        simulation->failed = true;
        return false;
    }
    bool knew_us = shopper.first_paid_at_us != 0 && shopper.first_paid_at_us < simulation->from_us;
    struct wallet_move top_up = { .shopper_id = trade->shopper_id,
                                  .amount_minor = trade->list_minor,
                                  .currency = trade->currency };
    struct qr_pay pay = { .shopper_id = trade->shopper_id,
                          .qr_kind = 2,
                          .qr_id = trade->shop_id,
                          .amount_minor = trade->list_minor,
                          .confirmed = 1 };
    assert(wallet_top_up.answer->size <= sizeof(wallet));
    bool done = decide(simulation, &wallet_top_up, &top_up, wallet) && decide(simulation, &qr_pay, &pay, &paid);
    simulation->trades++;
    simulation->list_minor += trade->list_minor;
    simulation->real_discount_minor += trade->discount_minor;
    if (!done) {
        simulation->refused++;
    } else if (paid.discount_minor > 0 && !knew_us) {
        simulation->discounted++;
        simulation->discount_minor += paid.discount_minor;
    }
    progress_set(&simulation->progress, (uint64_t)simulation->trades, os_monotonic_us());
    return true;
}

/* ---- the campaign ---- */

static bool rules_read(const char *path, struct campaign_rules *rules)
{
    static char bytes[RULES_SIZE_MAX];
    struct faults faults = { .count = 0 };
    struct arena arena;
    FILE *file = fopen(path, "rb");
    size_t size = file != NULL ? fread(bytes, 1, sizeof(bytes), file) : 0;
    if (file == NULL || ferror(file) != 0 || size == sizeof(bytes)) {
        fprintf(stderr, "onetill simulate: %s: cannot be read, or is too large\n", path);
        if (file != NULL) {
            fclose(file);
        }
        return false;
    }
    fclose(file);
    arena_init(&arena, 1 << 16, 1 << 20);
    const struct shape_plan *plan = shape_plan_make(&arena, campaign_create.request);
    shape_decode_body(plan, (struct span){ bytes, size }, rules, &faults);
    arena_release(&arena);
    for (uint32_t i = 0; i < faults.count; i++) {
        fprintf(stderr, "onetill simulate: %s: %s: %s\n", path, faults.list[i].field, faults.list[i].reason);
    }
    return faults.count == 0;
}

/* The merchant or shop that a target names must exist before the campaign. */
static bool target_bring(struct simulation *simulation, const struct target_row *target)
{
    struct shop_row shop = { .shop_id = target->kind == TARGET_shop ? target->id : 0 };
    switch (target->kind) {
    case TARGET_shop:
        return row_read(simulation, &shop_table, &shop) && shop_bring(simulation, shop.merchant_id, &shop);
    case TARGET_merchant:
        return shop_bring(simulation, target->id, &shop);
    default:
        return true;
    }
}

static bool campaign_open(struct simulation *simulation, struct campaign_rules *rules, int64_t budget_minor)
{
    struct policy_row policy = { .day_static_minor = AMOUNT_MAX,
                                 .day_code_minor = AMOUNT_MAX,
                                 .day_confirmed_minor = AMOUNT_MAX,
                                 .no_password_minor = AMOUNT_MAX,
                                 .wallet_max_minor = AMOUNT_MAX,
                                 .trade_max_minor = AMOUNT_MAX,
                                 .code_misses_terminal = 1,
                                 .code_misses_shop = 1,
                                 .pay_timeout_s = 60,
                                 .confirm_timeout_s = 60 };
    struct policy_row policy_answer;
    struct campaign answer;
    if (rules->campaign_id == 0) {
        rules->campaign_id = 1;
    }
    rules->seed = 1;
    simulation->campaign_id = rules->campaign_id;
    for (int32_t i = 0; i < rules->targets_count; i++) {
        if (!target_bring(simulation, &rules->targets[i])) {
            return false;
        }
    }
    int64_t merchant_minor = 0;
    bool fits = checked_share(budget_minor, rules->merchant_share_bp, 10000, ROUND_down, &merchant_minor);
    assert(fits);
    struct campaign_fund fund = { .campaign_id = rules->campaign_id,
                                  .platform_minor = budget_minor - merchant_minor,
                                  .merchant_minor = merchant_minor };
    return decide(simulation, &policy_change, &policy, &policy_answer) &&
           decide(simulation, &campaign_create, rules, &answer) && decide(simulation, &campaign_fund, &fund, &answer);
}

/* ---- the report ---- */

static void report_json(const struct simulation *simulation, const struct campaign *campaign)
{
    char bytes[2048], when[INSTANT_TEXT_SIZE];
    struct json_out out;
    const struct {
        const char *name;
        int64_t value;
    } figures[] = {
        { "trades", simulation->trades },
        { "discounted", simulation->discounted },
        { "list_minor", simulation->list_minor },
        { "discount_minor", simulation->discount_minor },
        { "discount_then_minor", simulation->real_discount_minor },
        { "left_minor", campaign->left_minor },
        { "refused", simulation->refused },
    };
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    for (size_t i = 0; i < COUNT_OF(figures); i++) {
        json_out_key(&out, figures[i].name);
        json_out_i64(&out, figures[i].value);
    }
    json_out_key(&out, "empty_at");
    if (campaign->row.empty_at_us != 0) {
        size_t size = instant_write(campaign->row.empty_at_us, 480, when);
        json_out_text(&out, (struct span){ when, size });
    } else {
        json_out_null(&out);
    }
    json_out_object_end(&out);
    struct span text = json_out_end(&out);
    printf("%.*s\n", (int)text.size, text.bytes);
}

static void report_words(const struct simulation *simulation, const struct campaign *campaign)
{
    char when[INSTANT_TEXT_SIZE];
    printf("%lld trades were paid; %lld of them would have got the campaign, %lld would have been refused by it\n",
           (long long)simulation->trades, (long long)simulation->discounted, (long long)simulation->refused);
    printf("discount  %lld.%02lld (then given, by all campaigns: %lld.%02lld)\n",
           (long long)(simulation->discount_minor / 100), (long long)(simulation->discount_minor % 100),
           (long long)(simulation->real_discount_minor / 100), (long long)(simulation->real_discount_minor % 100));
    printf("budget    %lld.%02lld would be left", (long long)(campaign->left_minor / 100),
           (long long)(campaign->left_minor % 100));
    if (campaign->row.empty_at_us != 0) {
        instant_write(campaign->row.empty_at_us, 480, when);
        printf("; first too short at %s", when);
    }
    printf("\n");
}

static int simulate(struct simulation *simulation, struct campaign_rules *rules, int64_t budget_minor, bool json)
{
    struct store *store;
    struct campaign answer;
    enum status opened = store_memory_open(product_tables, &(struct memory_settings){ 0 }, &store);
    assert(opened == STATUS_ok);
    struct engine_settings settings = { .store = store,
                                        .now_us = simulated_now,
                                        .clock_context = simulation,
                                        .timer_commands = product_timers,
                                        .check = ledger_check };
    simulation->engine = engine_open(&settings);
    simulation->now_us = simulation->from_us;
    bool done = campaign_open(simulation, rules, budget_minor);
    if (!done) {
        fprintf(stderr, "onetill simulate: the rules are refused, or name shops that do not exist\n");
    } else {
        struct span all = { NULL, 0 };
        progress_init(&simulation->progress, "trades", 0, json ? -1 : 2, os_monotonic_us());
        enum status status =
            simulation->reader->ops->scan(simulation->reader, &trade_table, all, trade_again, simulation);
        progress_end(&simulation->progress, os_monotonic_us());
        struct {
            int64_t campaign_id;
        } query = { simulation->campaign_id };
        done = status == STATUS_ok && !simulation->failed && decide(simulation, &campaign_query, &query, &answer);
        if (!done) {
            fprintf(stderr, "onetill simulate: the store cannot be read\n");
        } else if (json) {
            report_json(simulation, &answer);
        } else {
            report_words(simulation, &answer);
        }
    }
    engine_close(simulation->engine);
    store->ops->close(store);
    return done ? EXIT_holds : EXIT_fault;
}

enum simulate_option {
    OPTION_store = 256,
    OPTION_rules,
    OPTION_budget,
    OPTION_from,
    OPTION_to,
    OPTION_json,
    OPTION_help
};

static const struct option options[] = {
    { "store", required_argument, NULL, OPTION_store }, { "rules", required_argument, NULL, OPTION_rules },
    { "budget-minor", required_argument, NULL, OPTION_budget }, { "from", required_argument, NULL, OPTION_from },
    { "to", required_argument, NULL, OPTION_to }, { "json", no_argument, NULL, OPTION_json },
    { "help", no_argument, NULL, OPTION_help }, { NULL, 0, NULL, 0 },
};

int simulate_main(int argc, char **argv)
{
    static struct simulation simulation;
    struct campaign_rules rules = { .campaign_id = 0 };
    const char *store = NULL, *rules_path = NULL;
    static struct place place;
    char error[512] = "the place is not to be read";
    int64_t budget_minor = 0;
    bool json = false, fits = true;
    int option;
    while (fits && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case OPTION_store:
            store = optarg;
            break;
        case OPTION_rules:
            rules_path = optarg;
            break;
        case OPTION_budget:
            fits = span_to_i64(span_of(optarg), &budget_minor) && budget_minor > 0 && budget_minor <= AMOUNT_MAX;
            break;
        case OPTION_from:
            fits = instant_read(span_of(optarg), &simulation.from_us);
            break;
        case OPTION_to:
            fits = instant_read(span_of(optarg), &simulation.to_us);
            break;
        case OPTION_json:
            json = true;
            break;
        case OPTION_help:
            fputs(help, stdout);
            return EXIT_holds;
        default:
            fits = false;
        }
    }
    if (!fits || store == NULL || rules_path == NULL || budget_minor == 0 || simulation.from_us >= simulation.to_us) {
        fprintf(stderr, "onetill simulate: --store, --rules, --budget-minor, --from and --to are needed; see --help\n");
        return EXIT_usage;
    }
    if (!rules_read(rules_path, &rules)) {
        return EXIT_usage;
    }
    const char *wrong = place_read(&place, store, NULL);
    if (wrong != NULL || !place_snapshot(&place, &simulation.reader, error, sizeof(error)) ||
        !place_snapshot(&place, &simulation.details, error, sizeof(error))) {
        fprintf(stderr, "onetill simulate: %s\n", wrong != NULL ? wrong : error);
        return EXIT_fault;
    }
    struct reader *readers[] = { simulation.reader, simulation.details };
    bool begun = true;
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        begun = begun && readers[i]->ops->begin(readers[i]) == STATUS_ok;
    }
    int status = begun ? simulate(&simulation, &rules, budget_minor, json) : EXIT_fault;
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        readers[i]->ops->close(readers[i]);
    }
    return status;
}
