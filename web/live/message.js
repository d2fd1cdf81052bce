/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the two events of the stream (README.md is the contract) into plain values: amounts are BigInt,
 * instants are milliseconds, texts are cut to a length, lists to a count. Throws an Error that names the
 * member when something is missing or of another kind: a page of money shows no half-understood numbers.
 * Members that are not in the contract are ignored, so that the server may grow.
 */

export const history_max = 120;
export const latest_max = 12;
export const campaigns_max = 500;
const burn_max = 240;
const laws_max = 32;
const refusals_max = 200;
const nodes_max = 64;
const text_max = 120;
const zone_minutes_max = 18 * 60;

const campaign_states = ["live", "paused", "ended"];
const law_states = ["held", "broken", "unused"];

function fail(name, wanted) {
    throw new Error(`${name} is not ${wanted}`);
}

function readText(value, name) {
    if (typeof value !== "string") fail(name, "a text");
    return value.length > text_max ? value.slice(0, text_max - 1) + "…" : value;
}

function readCount(value, name) {
    if (!Number.isSafeInteger(value) || value < 0) fail(name, "a count");
    return value;
}

/* An integer within ±(2^53 − 1), or any integer as a text of digits. */
function readMinor(value, name) {
    if (Number.isSafeInteger(value)) return BigInt(value);
    if (typeof value !== "string" || !/^-?\d{1,19}$/.test(value)) fail(name, "an amount");
    return BigInt(value);
}

function readInstant(value, name) {
    const at = typeof value === "string" ? Date.parse(value) : NaN;
    if (Number.isNaN(at)) fail(name, "an RFC 3339 time");
    return at;
}

function readMaybeInstant(value, name) {
    return value === null ? null : readInstant(value, name);
}

function readOneOf(value, allowed, name) {
    if (!allowed.includes(value)) fail(name, "one of " + allowed.join(", "));
    return value;
}

function readList(value, max, readItem, name) {
    if (!Array.isArray(value)) fail(name, "a list");
    return value
        .slice(0, max)
        .map((item, index) => readItem(readObject(item, `${name}[${index}]`), `${name}[${index}]`));
}

function readObject(value, name) {
    if (typeof value !== "object" || value === null) fail(name, "an object");
    return value;
}

function readCampaign(value, name) {
    return {
        campaign_id: readText(value.campaign_id, name + ".campaign_id"),
        name: readText(value.name, name + ".name"),
        state: readOneOf(value.state, campaign_states, name + ".state"),
        budget: readMinor(value.budget_minor, name + ".budget_minor"),
        left: readMinor(value.left_minor, name + ".left_minor"),
        spent: readMinor(value.spent_minor, name + ".spent_minor"),
        uses: readCount(value.uses, name + ".uses"),
        empty_at: readMaybeInstant(value.empty_at, name + ".empty_at"),
    };
}

function readBurnPoint(value, name) {
    return {
        at: readInstant(value.at, name + ".at"),
        left: readMinor(value.left_minor, name + ".left_minor"),
    };
}

function readCampaignWithBurn(value, name) {
    const burn = value.burn ?? [];
    return { ...readCampaign(value, name), burn: readList(burn, burn_max, readBurnPoint, name + ".burn") };
}

function readPayment(value, name) {
    return {
        trade_id: readText(value.trade_id, name + ".trade_id"),
        at: readInstant(value.at, name + ".at"),
        shop_name: readText(value.shop_name, name + ".shop_name"),
        list: readMinor(value.list_minor, name + ".list_minor"),
        discount: readMinor(value.discount_minor, name + ".discount_minor"),
        paid: readMinor(value.paid_minor, name + ".paid_minor"),
        state: readText(value.state, name + ".state"),
    };
}

function readLaw(value, name) {
    return {
        law: readText(value.law, name + ".law"),
        state: readOneOf(value.state, law_states, name + ".state"),
        checks: readCount(value.checks, name + ".checks"),
        checked_at: readMaybeInstant(value.checked_at, name + ".checked_at"),
    };
}

function readSample(value, name) {
    return {
        at: readInstant(value.at, name + ".at"),
        payments_per_second: readCount(value.payments_per_second, name + ".payments_per_second"),
    };
}

function readRefusals(value) {
    const codes = Object.entries(readObject(value, "refusals")).slice(0, refusals_max);
    return codes.map(([code, count]) => ({
        code: readText(code, "refusals"),
        count: readCount(count, "refusals." + code),
    }));
}

/* A process that serves the same database. */
function readNode(value, name) {
    if (typeof value.here !== "boolean") fail(name + ".here", "true or false");
    if (typeof value.leads !== "boolean") fail(name + ".leads", "true or false");
    return {
        node: readCount(value.node, name + ".node"),
        here: value.here,
        leads: value.leads,
        started_at: readInstant(value.started_at, name + ".started_at"),
        seen_ms_ago: readCount(value.seen_ms_ago, name + ".seen_ms_ago"),
        payments_per_second: readCount(value.payments_per_second, name + ".payments_per_second"),
    };
}

export function readHello(json) {
    const value = readObject(JSON.parse(json), "hello");
    const zone_minutes = value.zone_minutes;
    if (!Number.isInteger(zone_minutes) || Math.abs(zone_minutes) > zone_minutes_max)
        fail("zone_minutes", "an offset in minutes");
    if (!Number.isInteger(value.digits) || value.digits < 0 || value.digits > 4)
        fail("digits", "a number of decimals");
    if (typeof value.currency !== "string" || !/^[A-Z]{3}$/.test(value.currency))
        fail("currency", "a currency code");
    if (typeof value.test_clock !== "boolean") fail("test_clock", "true or false");
    return {
        version: readText(value.version, "version"),
        store: readText(value.store, "store"),
        started_at: readInstant(value.started_at, "started_at"),
        currency: value.currency,
        digits: value.digits,
        zone_minutes,
        test_clock: value.test_clock,
        history: readList(value.history, history_max, readSample, "history"),
        campaigns: readList(value.campaigns, campaigns_max, readCampaignWithBurn, "campaigns"),
    };
}

export function readSecond(json) {
    const value = readObject(JSON.parse(json), "second");
    const latency = readObject(value.latency_us, "latency_us");
    return {
        at: readInstant(value.at, "at"),
        payments_total: readCount(value.payments_total, "payments_total"),
        payments_per_second: readCount(value.payments_per_second, "payments_per_second"),
        amount_total: readMinor(value.amount_minor_total, "amount_minor_total"),
        discount_total: readMinor(value.discount_minor_total, "discount_minor_total"),
        budget_spent_total: readMinor(value.budget_spent_minor_total, "budget_spent_minor_total"),
        refunds_total: readCount(value.refunds_total, "refunds_total"),
        refusals: readRefusals(value.refusals),
        latency: {
            p50: readCount(latency.p50, "latency_us.p50"),
            p99: readCount(latency.p99, "latency_us.p99"),
            max: readCount(latency.max, "latency_us.max"),
        },
        campaigns: readList(value.campaigns, campaigns_max, readCampaign, "campaigns"),
        latest: readList(value.latest, latest_max, readPayment, "latest"),
        trial_balance: readMinor(value.trial_balance_minor, "trial_balance_minor"),
        laws: readList(value.laws, laws_max, readLaw, "laws"),
        connections: readCount(value.connections, "connections"),
        queue_depth: readCount(value.queue_depth, "queue_depth"),
        read_age_ms: (value.read_age_ms ?? null) === null ? null : readCount(value.read_age_ms, "read_age_ms"),
        nodes: readList(value.nodes ?? [], nodes_max, readNode, "nodes"),
    };
}
