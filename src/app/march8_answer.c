/* SPDX-License-Identifier: Apache-2.0 */
#include "app/march8_day.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/hash.h"

void march8_fault(struct march8_book *book, const char *format, ...)
{
    va_list arguments;
    if (book->faults++ > 0) {
        return; /* the first one says the most */
    }
    va_start(arguments, format);
    vsnprintf(book->fault, sizeof(book->fault), format, arguments);
    va_end(arguments);
}

static void refusal_count(struct march8_book *book, struct span code)
{
    size_t i = 0;
    while (i < book->refusal_count && !span_equal(span_of(book->refusals[i].code), code)) {
        i++;
    }
    if (i == book->refusal_count) {
        if (i == DEMO_REFUSALS_MAX || !span_copy(code, book->refusals[i].code, sizeof(book->refusals[0].code))) {
            return;
        }
        book->refusal_count++;
    }
    book->refusals[i].count++;
}

/* The answer's code; one of those that may come of this act, or a fault. */
static struct span refused(struct march8_book *book, const struct act *act, const struct answer_in *answer)
{
    static const char *const possible[ACT_KIND_COUNT][5] = {
        [ACT_claim] = { "give_gone", "give_early", "balance_short", "day_limit_reached" },
        [ACT_dinner] = { "balance_short", "day_limit_reached" },
        [ACT_look] = { NULL },
        [ACT_redeem] = { "voucher_redeemed" },
        [ACT_return] = { NULL },
        [ACT_book] = { "slot_full", "balance_short", "day_limit_reached" },
        [ACT_arrive] = { NULL },
        [ACT_enter] = { NULL },
        [ACT_check] = { NULL },
        [ACT_packet] = { "balance_short", "day_limit_reached" },
        [ACT_open] = { "packet_empty" },
    };
    struct span code = SPAN("no_code");
    (void)json_member(answer->body, "code", &code);
    refusal_count(book, code);
    for (size_t i = 0; possible[act->kind][i] != NULL; i++) {
        if (answer->status < 500 && span_equal(code, span_of(possible[act->kind][i]))) {
            return code;
        }
    }
    march8_fault(book, "act %u was answered %d: %.*s", act->kind, answer->status,
                 (int)min_i64((int64_t)answer->body.size, 160), answer->body.bytes);
    return code;
}

static int64_t id_of(struct span body, const char *name)
{
    struct span text;
    int64_t id = 0;
    return json_member(body, name, &text) && span_to_i64(text, &id) ? id : 0;
}

/* ---- tickets ---- */

static struct holding *holding_find(struct march8_play *play, const struct act *act)
{
    uint64_t who = ((uint64_t)act->round << 56) | ((uint64_t)(act->place + 1u) << 32) | act->shopper;
    uint64_t at = hash_mix(who) & (play->holdings_count - 1);
    while (play->holdings[at].who != 0 && play->holdings[at].who != who) {
        at = (at + 1) & (play->holdings_count - 1);
    }
    play->holdings[at].who = who;
    return &play->holdings[at];
}

/* What becomes of a voucher: most are taken to the counter, a few go back, a few are forgotten. */
static void voucher_plan(struct march8_play *play, const struct act *act, struct span body, bool returns)
{
    struct act next = *act;
    struct span code;
    uint64_t luck = random_below(&play->random, 100);
    next.again = 0;
    next.serial = ++play->serial;
    next.id = id_of(body, "voucher_id");
    if (next.id == 0) {
        march8_fault(play->book, "a paid ticket without a voucher: %.*s", (int)min_i64((int64_t)body.size, 160),
                     body.bytes);
    }
    if (json_member(body, "code", &code) && code.size == VOUCHER_CODE_SIZE - 1) {
        memcpy(next.code, code.bytes, code.size);
    }
    if (luck < 5 && returns) {
        next.kind = ACT_return;
        act_add(play, &next, 1 + (uint32_t)random_below(&play->random, 12));
    } else if (luck < 95 && next.code[0] != '\0') {
        next.kind = ACT_redeem;
        act_add(play, &next, 3 + (uint32_t)random_below(&play->random, 42));
    }
}

static void claim_won(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    struct march8_book *book = play->book;
    struct holding *holding = holding_find(play, act);
    int64_t purchase = id_of(answer->body, "purchase_id");
    if (holding->purchase != 0) {
        book->repeats++;
        if (holding->purchase != purchase) {
            march8_fault(book, "a person has two tickets of one give-away");
        }
        return;
    }
    holding->purchase = purchase;
    histogram_record(&book->won_latency, answer->latency_us);
    book->tickets++;
    book->paid_minor += json_member_i64(answer->body, "price_minor", 0);
    voucher_plan(play, act, answer->body, true);
    if (random_below(&play->random, 50) == 0) {
        struct act again = *act;
        again.again = 1;
        act_add(play, &again, 0);
    }
}

static void claim_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    struct act again = *act;
    if (answer->outcome == OUTCOME_gave_up) {
        play->book->unheard++;
        again.again = 1;
        act_add(play, &again, 0);
        return;
    }
    if (answer->status == 201) {
        claim_won(play, act, answer);
        return;
    }
    struct span code = refused(play->book, act, answer);
    if (span_equal(code, SPAN("give_early"))) {
        play->book->early++;
        act_add(play, &again, 1); /* presses again when it has begun */
    } else if (span_equal(code, SPAN("give_gone"))) {
        play->book->gone++;
        histogram_record(&play->book->lost_latency, answer->latency_us);
    }
}

/* ---- counters ---- */

static void redeem_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    struct march8_book *book = play->book;
    if (answer->status != 201) {
        (void)refused(book, act, answer);
        book->refused_twice += act->again != 0;
        if (act->again == 0) {
            march8_fault(book, "a ticket was refused at its counter: %.*s",
                         (int)min_i64((int64_t)answer->body.size, 160), answer->body.bytes);
        }
        return;
    }
    if (act->again != 0) {
        book->redeemed_twice++;
        march8_fault(book, "a code was redeemed twice");
    }
    histogram_record(&book->counter_latency, answer->latency_us);
    book->redeemed++;
    book->redeemed_minor += json_member_i64(answer->body, "gross_minor", 0);
    book->commission_minor += json_member_i64(answer->body, "commission_minor", 0);
    if (random_below(&play->random, 50) == 0) {
        struct act again = *act;
        again.again = 1;
        again.serial = ++play->serial;
        act_add(play, &again, (uint32_t)random_below(&play->random, 3));
    }
}

/* What came back can be claimed again: somebody looks in, in the next minutes. */
static void returned(struct march8_play *play, const struct act *act)
{
    struct act press = { .kind = ACT_claim,
                         .round = act->round,
                         .place = act->place,
                         .shopper = (uint32_t)random_below(&play->random, play->day->shoppers),
                         .serial = ++play->serial };
    play->book->returned++;
    play->book->returned_minor += MARCH8_PRICE_MINOR;
    act_add(play, &press, 1);
}

/* ---- karaoke ---- */

static void book_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    struct march8_book *book = play->book;
    if (answer->status != 201) {
        book->full += span_equal(refused(book, act, answer), SPAN("slot_full"));
        return;
    }
    struct act arrival = *act;
    uint32_t starts = MARCH8_STEP(12, 0) + 6 * (uint32_t)act->id;
    play->bookings_left -= play->bookings_left > 0;
    book->bookings++;
    book->booked_minor += json_member_i64(answer->body, "price_minor", 0);
    uint32_t *rooms = &play->booked[act->place][act->id];
    if (++*rooms > play->day->rooms) {
        book->overlaps++;
        march8_fault(book, "a room was booked twice");
    }
    arrival.kind = ACT_arrive;
    arrival.id = id_of(answer->body, "booking_id");
    arrival.serial = ++play->serial;
    if (starts > play->step && random_below(&play->random, 100) < 95) {
        act_add(play, &arrival, starts - play->step);
    }
}

/* ---- the lottery and red packets ---- */

static void enter_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    int64_t number = json_member_i64(answer->body, "number", 0);
    if (answer->status != 201 || number < 1 || number > play->day->shoppers) {
        (void)refused(play->book, act, answer);
        return;
    }
    int64_t ticket = id_of(answer->body, "ticket_id");
    if (play->tickets[number] != 0) { /* entered before */
        if (play->tickets[number] != ticket || play->entrants[number] != act->shopper) {
            march8_fault(play->book, "somebody who entered twice got another ticket");
        }
        return;
    }
    play->tickets[number] = ticket;
    play->entrants[number] = act->shopper;
    play->entrant_count = (uint64_t)max_i64((int64_t)play->entrant_count, number);
    play->book->entries++;
}

void lottery_verify(struct march8_play *play)
{
    char path[64];
    struct span body, text;
    uint8_t seed[DRAW_SEED_SIZE], hash[SHA256_SIZE], chain[SHA256_SIZE], told[SHA256_SIZE], key[SHA256_SIZE];
    struct march8_book *book = play->book;
    int64_t entries = (int64_t)play->entrant_count, winners = min_i64(MARCH8_WINNERS, entries);
    snprintf(path, sizeof(path), "/v1/gives/%lld", (long long)MARCH8_LOTTERY_DEAL);
    bool read = played_call(play->played, "GET", path, SPAN(""), &body) == 200 &&
                json_member(body, "seed", &text) && hex_read(text, seed, sizeof(seed)) &&
                json_member(body, "seed_hash", &text) && hex_read(text, told, sizeof(told));
    draw_commit(seed, hash);
    if (!read || memcmp(hash, told, sizeof(told)) != 0 || (uint64_t)entries != book->entries) {
        march8_fault(book, "the lottery does not show the seed whose hash it told, or not all entries");
        return;
    }
    memcpy(chain, hash, sizeof(chain));
    for (int64_t number = 1; number <= entries; number++) {
        draw_chain(chain, number, play->tickets[number]);
    }
    if (!json_member(body, "chain", &text) || !hex_read(text, told, sizeof(told)) ||
        memcmp(chain, told, sizeof(chain)) != 0) {
        march8_fault(book, "the chain over the entries is another one than theirs");
        return;
    }
    draw_key(seed, chain, key);
    for (int64_t number = 1; number <= entries; number++) { /* `again`: this one has won */
        struct act check = { .kind = ACT_check,
                             .again = draw_place(key, entries, number) < winners,
                             .shopper = play->entrants[number] };
        if (check.again != 0 || random_below(&play->random, 20) == 0) {
            act_add(play, &check, 1);
        }
    }
}

static void check_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    struct span won = SPAN("");
    bool told = answer->status == 200 && json_member(answer->body, "won", &won);
    bool has = id_of(answer->body, "voucher_id") != 0;
    play->book->checked++;
    play->book->won += act->again;
    if (!told || span_equal(won, SPAN("true")) != (act->again != 0) || has != (act->again != 0)) {
        march8_fault(play->book, "the seed says otherwise than the lottery: %.*s",
                     (int)min_i64((int64_t)answer->body.size, 160), answer->body.bytes);
    }
}

static void packet_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    if (answer->status != 201) {
        (void)refused(play->book, act, answer);
        return;
    }
    struct act opening = { .kind = ACT_open,
                           .id = id_of(answer->body, "packet_id"),
                           .key = id_of(answer->body, "packet_key") };
    play->book->packets++;
    play->book->packed_minor += MARCH8_PACKET_MINOR;
    /* Some packets are wanted by more than there is for, of some a part is left. */
    uint32_t friends = MARCH8_PACKET_PEOPLE - 2 + (uint32_t)random_below(&play->random, 5);
    for (uint32_t i = 0; i < friends; i++) {
        opening.shopper = (uint32_t)((act->shopper + 1 + i) % play->day->shoppers);
        opening.serial = ++play->serial;
        act_add(play, &opening, (uint32_t)random_below(&play->random, 4));
    }
}

static void open_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    if (answer->status != 201) {
        play->book->packets_empty += span_equal(refused(play->book, act, answer), SPAN("packet_empty"));
        return;
    }
    play->book->opened++;
    play->book->opened_minor += json_member_i64(answer->body, "amount_minor", 0);
}

/* ---- any ---- */

static void dinner_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    if (answer->status != 201) {
        (void)refused(play->book, act, answer);
        return;
    }
    struct act look = *act;
    play->book->dinners++;
    play->book->paid_minor += march8_dinner_minor(act->place);
    look.kind = ACT_look;
    look.round = ROUND_DINNER;
    look.id = id_of(answer->body, "voucher_id");
    act_add(play, &look, 0);
}

static void others_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    if (answer->status != 200) {
        (void)refused(play->book, act, answer);
    } else if (act->kind == ACT_look) {
        voucher_plan(play, act, answer->body, false);
    } else if (act->kind == ACT_return) {
        returned(play, act);
    } else {
        play->book->arrived++;
    }
}

void act_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer)
{
    static void (*const takers[ACT_KIND_COUNT])(struct march8_play *, const struct act *, const struct answer_in *) = {
        [ACT_claim] = claim_answered, [ACT_dinner] = dinner_answered, [ACT_redeem] = redeem_answered,
        [ACT_look] = others_answered,
        [ACT_return] = others_answered, [ACT_book] = book_answered, [ACT_arrive] = others_answered,
        [ACT_enter] = enter_answered, [ACT_check] = check_answered, [ACT_packet] = packet_answered,
        [ACT_open] = open_answered,
    };
    if (answer->outcome != OUTCOME_answered && answer->outcome != OUTCOME_gave_up) {
        march8_fault(play->book, "act %u was not answered", act->kind);
        return;
    }
    takers[act->kind](play, act, answer);
}
