/* SPDX-License-Identifier: Apache-2.0 */
/* The two events of the live page as text; web/live/README.md says what each member means. */
#include "base/civil.h"
#include "doors/live_internal.h"
#include "till/campaign_rows.h"
#include "till/trade_rows.h"

#define JSON_INTEGER_MAX INT64_C(9007199254740991) /* 2^53 - 1 */
#define BURN_LEAST 8 /* points of a campaign, however many campaigns there are */

static const char *const law_names[AUDIT_LAW_COUNT] = {
    [AUDIT_money_conserved] = "money_conserved",
    [AUDIT_budget_kept] = "budget_kept",
    [AUDIT_stock_kept] = "stock_kept",
    [AUDIT_voucher_once] = "voucher_once",
    [AUDIT_seat_once] = "seat_once",
    [AUDIT_reservation_kept] = "reservation_kept",
    [AUDIT_answer_durable] = "answer_durable",
};

/* Beyond what a JSON number can say exactly, a text of digits. */
static void write_minor(struct json_out *out, const char *key, int64_t minor)
{
    json_out_key(out, key);
    if (minor > JSON_INTEGER_MAX || minor < -JSON_INTEGER_MAX) {
        json_out_id(out, minor);
    } else {
        json_out_i64(out, minor);
    }
}

static void write_count(struct json_out *out, const char *key, uint64_t count)
{
    json_out_key(out, key);
    json_out_i64(out, (int64_t)(count < (uint64_t)JSON_INTEGER_MAX ? count : (uint64_t)JSON_INTEGER_MAX));
}

static void write_text(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, span_of(text));
}

static void write_instant(struct json_out *out, const char *key, int64_t at_us)
{
    char text[INSTANT_TEXT_SIZE];
    json_out_key(out, key);
    if (at_us == 0) {
        json_out_null(out);
        return;
    }
    /* Whole milliseconds: nobody reads more on a wall, and every browser parses them. */
    size_t size = instant_write(at_us - at_us % 1000, LIVE_ZONE_MINUTES, text);
    json_out_text(out, (struct span){ text, size });
}

static void write_burn(struct json_out *out, const struct live_burn *burn, uint32_t most)
{
    uint32_t step = (burn->count + most - 1) / most;
    json_out_key(out, "burn");
    json_out_array(out);
    for (uint32_t i = 0; i < burn->count; i += step) {
        json_out_object(out);
        write_instant(out, "at", burn->points[i].at_us);
        write_minor(out, "left_minor", burn->points[i].minor);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static int64_t empty_at(const struct live_campaign *campaign, const struct live_burn *burn, int64_t left)
{
    if (left <= 0) {
        return campaign->empty_at_us;
    }
    return campaign->state == CAMPAIGN_live ? burn->empty_at_us : 0;
}

static void write_campaigns(struct json_out *out, const struct live_news *news, bool burns)
{
    uint32_t count = news->facts.campaign_count;
    uint32_t most = count > 0 ? BURN_POINTS_MAX / count : 0;
    most = most < BURN_LEAST ? BURN_LEAST : most > BURN_MAX ? BURN_MAX : most;
    json_out_key(out, "campaigns");
    json_out_array(out);
    for (uint32_t i = 0; i < count; i++) {
        const struct live_campaign *campaign = &news->facts.campaigns[i];
        int64_t left = campaign->left_minor[0] + campaign->left_minor[1];
        json_out_object(out);
        json_out_key(out, "campaign_id");
        json_out_id(out, campaign->campaign_id);
        write_text(out, "name", campaign->name);
        write_text(out, "state", campaign_states[campaign->state]);
        write_minor(out, "budget_minor", left + campaign->spent_minor);
        write_minor(out, "left_minor", left);
        write_minor(out, "spent_minor", campaign->spent_minor);
        write_count(out, "uses", (uint64_t)max_i64(campaign->uses, 0));
        write_instant(out, "empty_at", empty_at(campaign, &news->burns[i], left));
        if (burns) {
            write_burn(out, &news->burns[i], most);
        }
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void write_history(struct json_out *out, const struct live_news *news)
{
    uint64_t first = news->history_count > HISTORY_MAX ? news->history_count - HISTORY_MAX : 0;
    json_out_key(out, "history");
    json_out_array(out);
    for (uint64_t i = first; i < news->history_count; i++) {
        const struct live_sample *sample = &news->history[i % HISTORY_MAX];
        json_out_object(out);
        write_instant(out, "at", sample->at_us);
        write_count(out, "payments_per_second", sample->payments);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void write_refusals(struct json_out *out, const struct live_news *news)
{
    json_out_key(out, "refusals");
    json_out_object(out);
    for (size_t i = 0; refusal_at(i) != NULL; i++) {
        const struct refusal_text *refusal = refusal_at(i);
        if (news->facts.refusals[refusal->refusal] > 0) {
            write_count(out, refusal->name, news->facts.refusals[refusal->refusal]);
        }
    }
    json_out_object_end(out);
}

static void write_latest(struct json_out *out, const struct live_news *news)
{
    uint64_t count = news->facts.latest_count;
    uint64_t shown = count < LATEST_MAX ? count : LATEST_MAX;
    json_out_key(out, "latest");
    json_out_array(out);
    for (uint64_t i = 0; i < shown; i++) {
        size_t place = (count - 1 - i) % LATEST_MAX;
        const struct live_payment *payment = &news->facts.latest[place];
        const char *name = news->names[place].shop_id == payment->shop_id ? news->names[place].name : "";
        json_out_object(out);
        json_out_key(out, "trade_id");
        json_out_id(out, payment->trade_id);
        write_instant(out, "at", payment->at_us);
        write_text(out, "shop_name", name);
        write_minor(out, "list_minor", payment->list_minor);
        write_minor(out, "discount_minor", payment->discount_minor);
        write_minor(out, "paid_minor", payment->paid_minor);
        write_text(out, "state", trade_states[payment->state]);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void write_laws(struct json_out *out, const struct live_news *news)
{
    json_out_key(out, "laws");
    json_out_array(out);
    for (size_t i = 0; i < AUDIT_LAW_COUNT; i++) {
        const struct law_state *law = &news->facts.laws[i];
        json_out_object(out);
        write_text(out, "law", law_names[i]);
        write_text(out, "state", law->broken ? "broken" : law->checks > 0 ? "held" : "unused");
        write_count(out, "checks", law->checks);
        write_instant(out, "checked_at", law->checks > 0 ? law->checked_at_us : 0);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

/* Not where they are: that is for the operator, and this stream for everybody. */
static void write_nodes(struct json_out *out, const struct live_news *news)
{
    json_out_key(out, "nodes");
    json_out_array(out);
    for (uint32_t i = 0; i < news->node_count; i++) {
        const struct store_node *node = &news->nodes[i];
        json_out_object(out);
        write_count(out, "node", node->node);
        json_out_key(out, "here");
        json_out_bool(out, node->node == news->node);
        json_out_key(out, "leads");
        json_out_bool(out, node->leads);
        write_instant(out, "started_at", node->started_us);
        write_count(out, "seen_ms_ago", (uint64_t)max_i64(node->seen_us / 1000, 0));
        write_count(out, "payments_per_second", news->node_payments[i]);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void event_begin(struct json_out *out, char *to, size_t capacity, struct span head)
{
    json_out_init(out, to, capacity);
    assert(head.size < capacity);
    memcpy(to, head.bytes, head.size);
    out->size = head.size;
    json_out_object(out);
}

static struct span event_end(struct json_out *out)
{
    json_out_object_end(out);
    out->comma = false;
    json_out_raw(out, SPAN("\n\n"));
    return json_out_end(out);
}

struct span live_hello_write(const struct live_news *news, char *to, size_t capacity)
{
    struct json_out out;
    event_begin(&out, to, capacity, SPAN("event: hello\ndata: "));
    write_text(&out, "version", news->version);
    write_text(&out, "store", news->store_name);
    write_instant(&out, "started_at", news->started_at_us);
    write_text(&out, "currency", "CNY");
    json_out_key(&out, "digits");
    json_out_i64(&out, 2);
    json_out_key(&out, "zone_minutes");
    json_out_i64(&out, LIVE_ZONE_MINUTES);
    json_out_key(&out, "test_clock");
    json_out_bool(&out, news->test_clock);
    write_history(&out, news);
    write_campaigns(&out, news, true);
    return event_end(&out);
}

struct span live_second_write(const struct live_news *news, char *to, size_t capacity)
{
    const struct live_facts *facts = &news->facts;
    struct json_out out;
    event_begin(&out, to, capacity, SPAN("event: second\ndata: "));
    write_instant(&out, "at", news->now_us);
    write_count(&out, "payments_total", (uint64_t)facts->day.payments);
    write_count(&out, "payments_per_second", news->payments_last_second);
    write_minor(&out, "amount_minor_total", facts->day.amount_minor);
    write_minor(&out, "discount_minor_total", facts->day.discount_minor);
    write_minor(&out, "budget_spent_minor_total", facts->day.budget_minor);
    write_count(&out, "refunds_total", (uint64_t)facts->day.refunds);
    write_refusals(&out, news);
    json_out_key(&out, "latency_us");
    json_out_object(&out);
    write_count(&out, "p50", news->p50_us);
    write_count(&out, "p99", news->p99_us);
    write_count(&out, "max", news->max_us);
    json_out_object_end(&out);
    write_campaigns(&out, news, false);
    write_latest(&out, news);
    write_minor(&out, "trial_balance_minor", facts->balance_before_minor + facts->balance_since_minor);
    write_laws(&out, news);
    write_count(&out, "connections", news->connections);
    write_count(&out, "queue_depth", news->queue_depth);
    json_out_key(&out, "read_age_ms");
    if (news->read_age_us < 0) {
        json_out_null(&out);
    } else {
        json_out_i64(&out, (news->read_age_us + 999) / 1000);
    }
    write_nodes(&out, news);
    return event_end(&out);
}
