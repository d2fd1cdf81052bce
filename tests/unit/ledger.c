/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: moves and holds by table, and the laws of a batch against decisions that break each of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "support/house.h"

#define W(owner) { (owner), PURPOSE_wallet, UNIT_CNY }
#define BANK { 0, PURPOSE_clearing, UNIT_CNY }
#define SHOP(owner) { (owner), PURPOSE_takings, UNIT_CNY }

/* What a decision of this test does: it is handed over by pointer, as the request says only which. */
struct deed {
    struct leg legs[LEGS_MAX];
    size_t leg_count;
    int64_t transfer_id;
    void (*evil)(struct view *view, struct moment *at);
};
static struct deed deed;

static enum refusal decide_move(const void *request, struct moment *at, struct view *view, void *answer)
{
    enum refusal refusal = REFUSAL_none;
    (void)request;
    (void)answer;
    if (deed.leg_count > 0) {
        struct cause cause = { CAUSE_import, 1 };
        refusal = ledger_move(view, at, cause, deed.legs, deed.leg_count, &deed.transfer_id);
    }
    if (deed.evil != NULL) {
        deed.evil(view, at);
    }
    return refusal;
}

static const struct command move = {
    .name = "move", .number = 900, .flags = COMMAND_internal, .request = &nothing_shape, .answer = &nothing_shape,
    .decide = decide_move,
};

static enum refusal do_move(struct house *house, const struct leg *legs, size_t count)
{
    struct nothing nothing = { 0 };
    deed = (struct deed){ .leg_count = count };
    memcpy(deed.legs, legs, count * sizeof(legs[0]));
    return house_call(house, house_operator, &move, &nothing, NULL);
}

struct move_case {
    const char *name;
    struct leg legs[3];
    size_t count;
    enum refusal refusal;
    int64_t wallet_1, wallet_2; /* afterwards */
};

static const struct move_case move_cases[] = {
    { "money comes from the bank", { { BANK, W(1), 100 } }, 1, REFUSAL_none, 100, 0 },
    { "and is passed on", { { W(1), W(2), 40 } }, 1, REFUSAL_none, 60, 40 },
    { "all of it", { { W(1), W(2), 60 } }, 1, REFUSAL_none, 0, 100 },
    { "not more than is there", { { W(2), W(1), 101 } }, 1, REFUSAL_floor_reached, 0, 100 },
    { "not from an account that never was", { { W(3), W(1), 1 } }, 1, REFUSAL_floor_reached, 0, 100 },
    { "a later leg may spend what an earlier one brought",
      { { BANK, W(1), 5 }, { W(1), W(2), 5 } }, 2, REFUSAL_none, 0, 105 },
    { "an earlier one may not", { { W(1), W(2), 5 }, { BANK, W(1), 5 } }, 2, REFUSAL_floor_reached, 0, 105 },
    { "a refused leg takes all back", { { W(2), W(1), 5 }, { W(1), W(2), 6 } }, 2, REFUSAL_floor_reached, 0, 105 },
    { "there and back again", { { W(2), W(1), 105 }, { W(1), W(2), 105 } }, 2, REFUSAL_none, 0, 105 },
    { "nothing is no amount", { { W(2), W(1), 0 } }, 1, REFUSAL_amount_out_of_range, 0, 105 },
    { "nor is less than nothing", { { W(2), W(1), -1 } }, 1, REFUSAL_amount_out_of_range, 0, 105 },
    { "nor too much", { { BANK, W(1), AMOUNT_MAX + 1 } }, 1, REFUSAL_amount_out_of_range, 0, 105 },
    { "the largest amount", { { BANK, W(1), AMOUNT_MAX } }, 1, REFUSAL_none, AMOUNT_MAX, 105 },
    { "back to the bank", { { W(1), BANK, AMOUNT_MAX } }, 1, REFUSAL_none, 0, 105 },
};

/*
 * Found by killing the real server: an attempt that is thrown away may have asked for a transfer's row before
 * an earlier transfer asked for its own, so the rows of a batch are not in the order of its decisions.
 */
static enum refusal decide_crossed(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct leg first = { BANK, W(7), 100 }, second = { W(7), SHOP(8), 30 };
    struct moment ahead = *at;
    struct transfer_row later = { .transfer_id = (moment_id(&ahead), moment_id(&ahead)) };
    (void)request;
    (void)answer;
    (void)view_ask(view, &transfer_table, &later);
    enum refusal refusal = ledger_move(view, at, (struct cause){ CAUSE_import, 1 }, &first, 1, NULL);
    return refusal != REFUSAL_none ? refusal
                                   : ledger_move(view, at, (struct cause){ CAUSE_import, 2 }, &second, 1, NULL);
}

static const struct command crossed = {
    .name = "crossed", .number = 901, .flags = COMMAND_internal, .request = &nothing_shape, .answer = &nothing_shape,
    .decide = decide_crossed,
};

static void the_order_of_rows_says_nothing(void **state)
{
    static struct house house;
    struct nothing nothing = { 0 };
    (void)state;
    house_open_memory(&house, NULL);
    assert_int_equal(house_call(&house, house_operator, &crossed, &nothing, NULL), REFUSAL_none);
    assert_int_equal(house_balance(&house, 7, PURPOSE_wallet, UNIT_CNY), 70);
    house_close(&house);
}

static void moves_by_table(void **state)
{
    struct house house;
    (void)state;
    house_open_memory(&house, NULL);
    for (size_t i = 0; i < COUNT_OF(move_cases); i++) {
        const struct move_case *now = &move_cases[i];
        enum refusal refusal = do_move(&house, now->legs, now->count);
        int64_t wallet_1 = house_balance(&house, 1, PURPOSE_wallet, UNIT_CNY);
        int64_t wallet_2 = house_balance(&house, 2, PURPOSE_wallet, UNIT_CNY);
        if (refusal != now->refusal || wallet_1 != now->wallet_1 || wallet_2 != now->wallet_2) {
            fail_msg("%s: %s, %lld, %lld", now->name, refusal_text((int)refusal)->name, (long long)wallet_1,
                     (long long)wallet_2);
        }
        assert_int_equal(house_balance(&house, 0, PURPOSE_clearing, UNIT_CNY), -(wallet_1 + wallet_2));
    }
    house_close(&house);
}

static void units_do_not_mix(void **state)
{
    struct house house;
    (void)state;
    house_open_memory(&house, NULL);
    const struct leg yuan = { BANK, W(1), 100 };
    const struct leg yen = { { 0, PURPOSE_clearing, 392 }, { 1, PURPOSE_wallet, 392 }, 7 };
    assert_int_equal(do_move(&house, &yuan, 1), REFUSAL_none);
    assert_int_equal(do_move(&house, &yen, 1), REFUSAL_none);
    assert_int_equal(house_balance(&house, 1, PURPOSE_wallet, UNIT_CNY), 100);
    assert_int_equal(house_balance(&house, 1, PURPOSE_wallet, 392), 7);
    house_close(&house);
}

static void an_account_may_be_full(void **state)
{
    struct house house;
    const struct leg leg = { BANK, W(1), AMOUNT_MAX };
    (void)state;
    house_open_memory(&house, NULL);
    struct account_row account = { .purpose = PURPOSE_wallet,
                                   .owner_id = 1,
                                   .unit = UNIT_CNY,
                                   .balance = INT64_MAX / 2 - 5,
                                   .transfer_count = 1 };
    house_row_put(&house, &account_table, &account, true);
    assert_int_equal(do_move(&house, &leg, 1), REFUSAL_account_full);
    assert_int_equal(house_balance(&house, 1, PURPOSE_wallet, UNIT_CNY), INT64_MAX / 2 - 5);
    house_close(&house);
}

/* A statement is the chain from the account's last transfer back to its first, and its balances add up. */
static void a_statement_is_a_chain(void **state)
{
    struct house house;
    int64_t balance = 0, touches = 0;
    (void)state;
    house_open_memory(&house, NULL);
    for (int i = 1; i <= 50; i++) {
        const struct leg legs[] = { { BANK, W(1), 10 * i }, { W(1), SHOP(1), i }, { W(1), SHOP(2), i } };
        assert_int_equal(do_move(&house, legs, 1 + (size_t)(i % 3)), REFUSAL_none);
        balance += 10 * i - i * (i % 3);
        touches += 1 + i % 3;
    }
    struct account_row account = { .owner_id = 1, .purpose = PURPOSE_wallet, .unit = UNIT_CNY };
    assert_true(house_row(&house, &account_table, &account));
    assert_int_equal(account.balance, balance);
    assert_int_equal(account.transfer_count, touches);
    int64_t id = account.last_transfer_id, seen = 0, expected = balance;
    while (id != 0) {
        struct transfer_row transfer = { .transfer_id = id };
        assert_true(house_row(&house, &transfer_table, &transfer));
        for (int32_t i = transfer.legs_count - 1; i >= 0; i--) {
            const struct leg_row *leg = &transfer.legs[i];
            bool from = leg->from_purpose == PURPOSE_wallet;
            assert_int_equal(from ? leg->from_balance : leg->to_balance, expected);
            expected += from ? leg->amount : -leg->amount;
            id = from ? leg->from_previous_id : leg->to_previous_id;
            seen++;
        }
    }
    assert_int_equal(expected, 0);
    assert_int_equal(seen, touches);
    house_close(&house);
}

/* ---- holds ---- */

static int64_t hold_amount;
static int64_t hold_known;

static enum refusal decide_hold(const void *request, struct moment *at, struct view *view, void *answer)
{
    (void)request;
    (void)answer;
    struct hold_terms terms = { .account = W(1),
                                .amount = hold_amount,
                                .lapses_at_us = at->now_us + US_PER_HOUR,
                                .cause = { CAUSE_import, 1 } };
    return ledger_hold(view, at, &terms, &hold_known);
}

static enum refusal decide_capture(const void *request, struct moment *at, struct view *view, void *answer)
{
    (void)request;
    (void)answer;
    return ledger_capture(view, at, hold_known, (struct account_key)SHOP(1), hold_amount);
}

static enum refusal decide_release(const void *request, struct moment *at, struct view *view, void *answer)
{
    (void)request;
    (void)answer;
    return ledger_release(view, at, hold_known);
}

#define HOLD_COMMAND(verb, its_number)                                                                       \
    static const struct command verb = { .name = #verb, .number = (its_number), .flags = COMMAND_internal,   \
                                         .request = &nothing_shape, .answer = &nothing_shape,                \
                                         .decide = decide_##verb }
HOLD_COMMAND(hold, 901);
HOLD_COMMAND(capture, 902);
HOLD_COMMAND(release, 903);

struct hold_case {
    const char *name;
    const struct command *command; /* NULL: two hours pass */
    int64_t amount;
    enum refusal refusal;
    int64_t wallet, held, taken;
};

static const struct hold_case hold_cases[] = {
    { "held aside", &hold, 300, REFUSAL_none, 700, 300, 0 },
    { "not more than is held", &capture, 301, REFUSAL_amount_out_of_range, 700, 300, 0 },
    { "nor nothing", &capture, 0, REFUSAL_amount_out_of_range, 700, 300, 0 },
    { "a part is taken, the rest goes back", &capture, 120, REFUSAL_none, 880, 0, 120 },
    { "only once", &capture, 1, REFUSAL_hold_ended, 880, 0, 120 },
    { "and not given back either", &release, 0, REFUSAL_hold_ended, 880, 0, 120 },
    { "and it does not lapse", NULL, 0, REFUSAL_none, 880, 0, 120 },
    { "not more than the wallet has", &hold, 881, REFUSAL_floor_reached, 880, 0, 120 },
    { "all of it", &hold, 880, REFUSAL_none, 0, 880, 120 },
    { "given back", &release, 0, REFUSAL_none, 880, 0, 120 },
    { "held again", &hold, 80, REFUSAL_none, 800, 80, 120 },
    { "taken in full", &capture, 80, REFUSAL_none, 800, 0, 200 },
    { "held once more", &hold, 50, REFUSAL_none, 750, 50, 200 },
    { "and forgotten: it goes back by itself", NULL, 0, REFUSAL_none, 800, 0, 200 },
    { "too late", &capture, 50, REFUSAL_hold_ended, 800, 0, 200 },
    { "no amount", &hold, 0, REFUSAL_amount_out_of_range, 800, 0, 200 },
};

static void holds_by_table(void **state)
{
    struct house house;
    struct nothing nothing = { 0 };
    const struct leg money = { BANK, W(1), 1000 };
    (void)state;
    house_open_memory(&house, NULL);
    assert_int_equal(house_call(&house, house_operator, &release, &nothing, NULL), REFUSAL_hold_unknown);
    assert_int_equal(do_move(&house, &money, 1), REFUSAL_none);
    for (size_t i = 0; i < COUNT_OF(hold_cases); i++) {
        const struct hold_case *now = &hold_cases[i];
        enum refusal refusal = REFUSAL_none;
        int64_t known = hold_known;
        hold_amount = now->amount;
        if (now->command != NULL) {
            refusal = house_call(&house, house_operator, now->command, &nothing, NULL);
        } else {
            house.now_us += 2 * US_PER_HOUR;
        }
        if (refusal != REFUSAL_none) {
            hold_known = known; /* of a hold that was refused nothing is there */
        }
        house_settle(&house);
        int64_t wallet = house_balance(&house, 1, PURPOSE_wallet, UNIT_CNY);
        int64_t held = house_balance(&house, 1, PURPOSE_held, UNIT_CNY);
        int64_t taken = house_balance(&house, 1, PURPOSE_takings, UNIT_CNY);
        if (refusal != now->refusal || wallet != now->wallet || held != now->held || taken != now->taken) {
            fail_msg("%s: %s, wallet %lld, held %lld, taken %lld", now->name, refusal_text((int)refusal)->name,
                     (long long)wallet, (long long)held, (long long)taken);
        }
    }
    house_close(&house);
}

/* ---- decisions that break a law: the batch must not come through ---- */

static struct account_row *wallet_change(struct view *view)
{
    return view_change(view, account_ask(view, (struct account_key)W(1)));
}

static struct transfer_row *transfer_change(struct view *view, int64_t transfer_id)
{
    struct transfer_row key = { .transfer_id = transfer_id };
    return view_change(view, view_ask(view, &transfer_table, &key));
}

static void evil_balance(struct view *view, struct moment *at)
{
    (void)at;
    wallet_change(view)->balance += 1;
}

static void evil_overdraft(struct view *view, struct moment *at)
{
    (void)at;
    wallet_change(view)->balance = -1;
}

static void evil_leg(struct view *view, struct moment *at)
{
    (void)at;
    transfer_change(view, deed.transfer_id)->legs[0].amount++;
}

static void evil_statement(struct view *view, struct moment *at)
{
    (void)at;
    transfer_change(view, deed.transfer_id)->legs[0].to_balance++;
}

static void evil_empty(struct view *view, struct moment *at)
{
    (void)at;
    transfer_change(view, deed.transfer_id)->legs_count = 0;
}

static void evil_phantom(struct view *view, struct moment *at)
{
    struct transfer_row *transfer = transfer_change(view, moment_id(at));
    transfer->legs_count = 1;
    transfer->legs[0] = (struct leg_row){ .to_owner_id = 1, .to_purpose = PURPOSE_wallet,
                                          .from_purpose = PURPOSE_clearing, .unit = UNIT_CNY, .amount = 5,
                                          .to_balance = 105 };
}

static int64_t old_transfer_id;

static void evil_rewrite(struct view *view, struct moment *at)
{
    (void)at;
    transfer_change(view, old_transfer_id)->reference_id++;
}

static void evil_removal(struct view *view, struct moment *at)
{
    (void)at;
    view_drop(view, transfer_change(view, old_transfer_id));
}

static void evil_exchange(struct view *view, struct moment *at)
{
    (void)at; /* sums to zero, and no transfer says why */
    wallet_change(view)->balance -= 1;
    struct account_row *other = view_change(view, account_ask(view, (struct account_key)W(2)));
    other->balance += 1;
}

static const struct {
    void (*evil)(struct view *view, struct moment *at);
    bool moves;
    const char *says;
} evils[] = {
    { evil_balance, false, "a balance changed without a transfer" },
    { evil_balance, true, "a balance changed without a transfer" },
    { evil_overdraft, false, "an account is below its floor" },
    { evil_leg, true, "a balance changed without a transfer" },
    { evil_statement, true, "a transfer states another balance than the account" },
    { evil_empty, true, "a transfer moves nothing" },
    { evil_phantom, false, "a transfer moves an amount without changing its accounts" },
    { evil_rewrite, false, "a transfer was changed or removed" },
    { evil_removal, false, "a transfer was changed or removed" },
    { evil_exchange, false, "a balance changed without a transfer" },
};

static jmp_buf stopped;
static const char *stopped_by;

static void stop(void *context, const char *what)
{
    (void)context;
    stopped_by = what;
    longjmp(stopped, 1);
}

static void no_broken_batch_reaches_the_store(void **state)
{
    (void)state;
    for (volatile size_t i = 0; i < COUNT_OF(evils); i++) {
        static struct house house;
        static struct nothing nothing;
        const struct leg money[] = { { BANK, W(1), 100 } };
        house_open_memory(&house, NULL);
        house.settings.fatal = stop;
        house_reopen_engine(&house);
        assert_int_equal(do_move(&house, money, 1), REFUSAL_none);
        old_transfer_id = deed.transfer_id;
        deed.evil = evils[i].evil;
        deed.leg_count = evils[i].moves ? 1 : 0;
        /* by hand: a call that does not come back leaves nothing behind that would have to be freed */
        static struct nothing answer;
        struct call call = { .command = &move, .request = &nothing, .answer = &answer, .caller = house_operator };
        assert_true(engine_submit(house.engine, &call));
        if (setjmp(stopped) == 0) {
            while (engine_step(house.engine)) {
            }
            fail_msg("evil %zu came through", i);
        }
        assert_string_equal(stopped_by, evils[i].says);
        assert_int_equal(house_balance(&house, 1, PURPOSE_wallet, UNIT_CNY), 100);
        house_close(&house);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_by_table),
        cmocka_unit_test(the_order_of_rows_says_nothing),
        cmocka_unit_test(units_do_not_mix),
        cmocka_unit_test(an_account_may_be_full),
        cmocka_unit_test(a_statement_is_a_chain),
        cmocka_unit_test(holds_by_table),
        cmocka_unit_test(no_broken_batch_reaches_the_store),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
