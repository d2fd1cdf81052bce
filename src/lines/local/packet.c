/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/packet.h"

#include "base/civil.h"
#include "engine/engine_rows.h"
#include "ledger/ledger.h"
#include "people/people.h"
#include "till/party.h"
#include "till/policy.h"
#include "till/trade.h"
#include "till/wallet_transfer.h"

#define EXPIRES_DEFAULT_S 86400
#define EXPIRES_MOST_S (30 * 86400)

const struct packet_row *packet_ask(struct view *view, int64_t packet_id)
{
    struct packet_row key = { .packet_id = packet_id };
    return view_ask(view, &packet_table, &key);
}

const struct packet_claim_row *packet_claim_ask(struct view *view, int64_t packet_id, int64_t person_id)
{
    struct packet_claim_row key = { .packet_id = packet_id, .person_id = person_id };
    return view_ask(view, &packet_claim_table, &key);
}

int64_t packet_key(const struct packet_row *packet)
{
    static const char purpose[] = "onetill packet key v1";
    uint8_t digest[SHA256_SIZE];
    uint64_t key = 0;
    struct hmac_key hmac;
    hmac_key_init(&hmac, packet->secret, sizeof(packet->secret));
    hmac_write(&hmac, purpose, sizeof(purpose) - 1, digest);
    hmac_key_wipe(&hmac);
    for (int i = 0; i < 8; i++) {
        key = key << 8 | digest[i];
    }
    return (int64_t)(key >> 1) | 1; /* never 0 */
}

static struct account_key packet_account(const struct packet_row *packet)
{
    return (struct account_key){ packet->packet_id, PURPOSE_packet, packet->currency };
}

static struct party sender_of(const struct packet_row *packet)
{
    return (struct party){ packet->sender_kind, packet->sender_id };
}

#define ROW(member, ...) COLUMN_PART(packet, row, member, #member, __VA_ARGS__)
static const struct column packet_columns[] = {
    ROW(packet_id, .form = FORM_id),
    ROW(sender_kind, .form = FORM_choice, .names = party_kinds),
    ROW(sender_id, .form = FORM_id),
    ROW(greeting, .text = NULL),
    ROW(currency, .text = NULL),
    ROW(split, .form = FORM_choice, .names = packet_splits),
    ROW(for_all, .form = FORM_flag, .text = "Whoever knows its id may open it."),
    ROW(state, .form = FORM_choice, .names = packet_states),
    ROW(amount_minor, .form = FORM_amount),
    ROW(people, .text = "So many may open it."),
    ROW(left_minor, .form = FORM_amount, .text = "Not taken yet; once returned: what went back."),
    ROW(left_people, .text = NULL),
    ROW(created_at_us, .form = FORM_instant),
    ROW(expires_at_us, .form = FORM_instant),
    ROW(ended_at_us, .form = FORM_instant),
    ROW(transfer_id, .form = FORM_id),
    ROW(return_transfer_id, .form = FORM_id),
    ROW(seed_hash, .form = FORM_hex, .text = "SHA-256 of the seed, told before anybody opened it."),
    ROW(seed, .form = FORM_hex, .text = "What it was split by; zeros until it is over."),
    COLUMN(packet, packet_key, .form = FORM_id,
           .text = "Opens it; shown to its sender, who sends it along. Null when it is for all."),
};
static const struct shape packet_shape = SHAPE("packet", packet, packet_columns);

static bool sender_is_caller(struct view *view, const struct moment *at, struct party sender)
{
    if (sender.kind == PARTY_shopper) {
        return access_shopper(at, sender.id);
    }
    return sender.kind == PARTY_shop && access_merchant(at, shop_ask(view, sender.id)->merchant_id);
}

static void packet_show(const struct packet_row *packet, bool to_sender, struct packet *shown)
{
    shown->row = *packet;
    shown->packet_key = to_sender && packet->for_all == 0 ? packet_key(packet) : 0;
}

/* ---- making one ---- */

static const struct column create_columns[] = {
    COLUMN(packet_create, sender_kind, .form = FORM_choice, .names = party_kinds, .flags = COLUMN_required,
           .text = "A shopper, out of the wallet, or a shop, out of its takings."),
    COLUMN(packet_create, sender_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(packet_create, greeting),
    COLUMN(packet_create, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = AMOUNT_MAX),
    COLUMN(packet_create, people, .flags = COLUMN_required, .least = 1, .most = PACKET_PEOPLE_MAX,
           .text = "So many may open it; each gets at least the smallest unit."),
    COLUMN(packet_create, split, .form = FORM_choice, .names = packet_splits, .text = "Left out: random."),
    COLUMN(packet_create, for_all, .form = FORM_flag, .text = "Whoever knows its id may open it."),
    COLUMN(packet_create, expires_in_s, .least = 0, .most = EXPIRES_MOST_S,
           .text = "Then what is left returns; left out: a day."),
    COLUMN(packet_create, seed, .form = FORM_hidden),
};
static const struct shape create_shape = SHAPE("packet_create", packet_create, create_columns);

static bool create_check(const void *request, struct complaint *complaint)
{
    const struct packet_create *want = request;
    bool known = want->sender_kind == PARTY_shopper || want->sender_kind == PARTY_shop;
    return complain_unless(complaint, known, "sender_kind", "is shopper or shop") &&
           complain_unless(complaint, want->people >= 1, "people", "must be one at least") &&
           complain_unless(complaint, want->amount_minor >= want->people, "people",
                           "there is at least the smallest unit for each");
}

static enum refusal sender_check(struct view *view, const struct moment *at, struct party sender)
{
    if (sender.kind == PARTY_shop && !row_exists(shop_ask(view, sender.id))) {
        return REFUSAL_shop_unknown;
    }
    if (!sender_is_caller(view, at, sender)) {
        return REFUSAL_forbidden;
    }
    if (sender.kind == PARTY_shopper && !row_exists(shopper_ask(view, sender.id))) {
        return REFUSAL_shopper_unknown;
    }
    return sender.kind == PARTY_shopper && shopper_ask(view, sender.id)->blocked != 0 ? REFUSAL_shopper_blocked
                                                                                      : REFUSAL_none;
}

/* Takes the money: what a shopper sends counts towards the day's limit. */
static enum refusal packet_fill(struct view *view, struct moment *at, struct packet_row *packet)
{
    struct party sender = sender_of(packet);
    struct account_key from = party_account(sender, packet->currency);
    enum refusal refusal = REFUSAL_none;
    if (sender.kind == PARTY_shopper) {
        refusal = wallet_day_book(view, at, shopper_ask(view, sender.id), packet->amount_minor);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (account_free(view, from) < packet->amount_minor) {
        return sender.kind == PARTY_shopper ? REFUSAL_balance_short : REFUSAL_takings_short;
    }
    struct leg leg = { .from = from, .to = packet_account(packet), .amount = packet->amount_minor };
    return ledger_move(view, at, (struct cause){ CAUSE_packet_fill, packet->packet_id }, &leg, 1,
                       &packet->transfer_id);
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct packet_create *want = request;
    struct party sender = { want->sender_kind, want->sender_id };
    struct policy_row policy;
    struct complaint complaint;
    policy_ask(view, &policy);
    if (!create_check(want, &complaint)) {
        return REFUSAL_packet_invalid;
    }
    enum refusal refusal = sender_check(view, at, sender);
    if (refusal == REFUSAL_none) {
        refusal = trade_amount_check(&policy, want->amount_minor);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct packet_row key = { .packet_id = moment_id(at) };
    struct packet_row *packet = view_new(view, &packet_table, &key);
    packet->sender_kind = want->sender_kind;
    packet->sender_id = want->sender_id;
    memcpy(packet->greeting, want->greeting, sizeof(packet->greeting));
    packet->currency = sender.kind == PARTY_shop ? shop_ask(view, sender.id)->currency : (int32_t)UNIT_CNY;
    packet->split = want->split != 0 ? want->split : PACKET_random;
    packet->for_all = want->for_all;
    packet->state = PACKET_open;
    packet->amount_minor = packet->left_minor = want->amount_minor;
    packet->people = packet->left_people = want->people;
    packet->created_at_us = at->now_us;
    int64_t seconds = want->expires_in_s > 0 ? want->expires_in_s : EXPIRES_DEFAULT_S;
    packet->expires_at_us = at->now_us + seconds * US_PER_SECOND;
    memcpy(packet->secret, want->seed, sizeof(packet->secret));
    draw_commit(packet->secret, packet->seed_hash);
    timer_set(view, at->now_us, packet->expires_at_us, TIMER_packet_return, packet->packet_id);
    refusal = packet_fill(view, at, packet);
    packet_show(packet, true, answer);
    return refusal;
}

const struct command packet_create = {
    .name = "packet_create",
    .number = 246,
    .method = "POST",
    .route = "/v1/packets",
    .http_status = 201,
    .callers = CALLERS_MERCHANT | CALLER_BIT(shopper),
    .request = &create_shape,
    .answer = &packet_shape,
    .decide = decide_create,
    .check = create_check,
    .summary = "Makes a red packet: an amount for a number of people, split at random or evenly, exact to the cent. "
               "Tells the SHA-256 of what it is split by. A shopper's counts as a confirmed payment of the day.",
};

/* ---- opening it ---- */

static const struct column open_columns[] = {
    COLUMN(packet_open, packet_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(packet_open, shopper_id, .form = FORM_id, .text = "Left out: the shopper who asks."),
    COLUMN(packet_open, packet_key, .form = FORM_id,
           .text = "As it came with the packet; not needed when it is for all."),
};
static const struct shape open_shape = SHAPE("packet_open", packet_open, open_columns);

static bool key_fits(const struct packet_row *packet, int64_t key)
{
    int64_t wanted = packet_key(packet);
    return digest_equal(&wanted, &key, sizeof(key));
}

static void packet_end(struct packet_row *packet, const struct moment *at, enum packet_state state)
{
    packet->state = (int32_t)state;
    packet->ended_at_us = at->now_us;
    memcpy(packet->seed, packet->secret, sizeof(packet->seed));
}

static enum refusal part_take(struct view *view, struct moment *at, const struct packet_row *asked,
                              const struct packet_claim_row *known, const struct shopper_row *shopper)
{
    int64_t number = asked->people - asked->left_people + 1;
    int64_t amount_minor = asked->split == PACKET_even
                               ? draw_piece_even(asked->left_minor, asked->left_people)
                               : draw_piece(asked->secret, number, asked->left_minor, asked->left_people);
    struct party party = { PARTY_shopper, shopper->shopper_id };
    enum refusal refusal = party_may_receive(view, party, asked->currency, amount_minor);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct packet_row *packet = view_change(view, asked);
    struct packet_claim_row *claim = view_change(view, known);
    claim->shopper_id = shopper->shopper_id;
    claim->number = number;
    claim->amount_minor = amount_minor;
    claim->at_us = at->now_us;
    packet->left_minor -= amount_minor;
    packet->left_people--;
    if (packet->left_people == 0) {
        packet_end(packet, at, PACKET_emptied);
        timer_drop(view, packet->expires_at_us, TIMER_packet_return, packet->packet_id);
    }
    struct leg leg = { .from = packet_account(packet),
                       .to = party_account(party, packet->currency),
                       .amount = amount_minor };
    return ledger_move(view, at, (struct cause){ CAUSE_packet_claim, packet->packet_id }, &leg, 1,
                       &claim->transfer_id);
}

static enum refusal decide_claim(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct packet_open *want = request;
    bool self = want->shopper_id == 0 && at->caller.kind == CALLER_shopper;
    int64_t shopper_id = self ? at->caller.id : want->shopper_id;
    const struct packet_row *packet = packet_ask(view, want->packet_id);
    const struct shopper_row *shopper = shopper_ask(view, shopper_id);
    if (!access_shopper(at, shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (!row_exists(packet) || (packet->for_all == 0 && !key_fits(packet, want->packet_key))) {
        return REFUSAL_packet_unknown;
    }
    const struct packet_claim_row *known = packet_claim_ask(view, packet->packet_id, shopper->person_id);
    if (row_exists(known)) {
        memcpy(answer, known, sizeof(*known));
        return REFUSAL_none;
    }
    if (packet->state == PACKET_emptied) {
        return REFUSAL_packet_empty;
    }
    if (packet->state == PACKET_returned || at->now_us >= packet->expires_at_us) {
        return REFUSAL_packet_over;
    }
    enum refusal refusal = part_take(view, at, packet, known, shopper);
    memcpy(answer, known, sizeof(*known));
    return refusal;
}

const struct command packet_claim = {
    .name = "packet_claim",
    .number = 247,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/packets/{packet_id}/claims",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &open_shape,
    .answer = &packet_claim_table.shape,
    .decide = decide_claim,
    .summary = "Opens a red packet: what was in it for this person goes into the wallet. The same person again gets "
               "the same answer; no Idempotency-Key is needed.",
};

/* ---- looking at it, and its end ---- */

static const struct column look_columns[] = {
    COLUMN(packet_look, packet_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(packet_look, packet_key, .form = FORM_id, .text = "Not needed by its sender, nor when it is for all."),
};
static const struct shape look_shape = SHAPE("packet_look", packet_look, look_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct packet_look *want = request;
    const struct packet_row *packet = packet_ask(view, want->packet_id);
    bool sender = row_exists(packet) && sender_is_caller(view, at, sender_of(packet));
    bool known = row_exists(packet) && (sender || packet->for_all != 0 || key_fits(packet, want->packet_key));
    if (!known) {
        return REFUSAL_packet_unknown;
    }
    packet_show(packet, sender, answer);
    return REFUSAL_none;
}

const struct command packet_query = {
    .name = "packet_query",
    .number = 248,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/packets/{packet_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &look_shape,
    .answer = &packet_shape,
    .decide = decide_query,
    .summary = "A red packet as it stands; once it is over with the seed that it was split by.",
};

/* The timer's: what nobody opened in time goes back. */
static enum refusal decide_return(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct packet_row *asked = packet_ask(view, due->subject_id);
    (void)answer;
    if (!row_exists(asked) || asked->state != PACKET_open) {
        return REFUSAL_none;
    }
    struct packet_row *packet = view_change(view, asked);
    packet_end(packet, at, PACKET_returned);
    struct leg leg = { .from = packet_account(packet),
                       .to = party_account(sender_of(packet), packet->currency),
                       .amount = packet->left_minor };
    return ledger_move(view, at, (struct cause){ CAUSE_packet_return, packet->packet_id }, &leg, 1,
                       &packet->return_transfer_id);
}

const struct command packet_return = {
    .name = "packet_return",
    .number = 249,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_return,
    .summary = "Gives back what nobody took out of a red packet in time.",
};
