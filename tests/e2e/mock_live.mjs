/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for the server behind the live page: serves web/ with the headers the real one sends and plays
 * an invented day over /v1/live, the same for the same seed. Run it to work on the page:
 *
 *     node tests/e2e/mock_live.mjs [--port 8620] [--seed 1212]
 *
 * and open /, /?broken=1 (a law is broken), /?hiccup=1 (the line drops now and then), /?empty=1 (nothing has
 * happened yet). Each of these starts the day anew for everybody, and holds until another of them, such as
 * /?day=1, is opened.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const web = fileURLToPath(new URL("../../web/", import.meta.url));
const types = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
};
const safety = {
    "Content-Security-Policy":
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
};
const day_start = Date.parse("2014-12-12T10:00:00+08:00");
const zone_minutes = 480;
const past_seconds = 1500; /* of the day, when the first page opens it */
const hiccup_every = 20;
const hiccup_seconds = 4;

const shops = [
    "青禾超市 · 建国路店",
    "Lotus Supermarket, South Gate",
    "阿婆生煎 · 南门店",
    "Blue Gate Noodles, Canal Street",
    "百味便利 · 大学城店",
    "Eastern Sun Department Store",
    "小满茶铺 · 西湖店",
    "Vending machine 4417, Line 2",
    "老街面馆 · 钟楼店",
    "Harbour Fresh, Pier 3",
    "云上影城自动售货机 12",
    "Golden Wheat Bakery, Station Hall",
];

/* mulberry32: small, seeded, good enough for a play. */
function randomMake(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let x = Math.imul(state ^ (state >>> 15), state | 1);
        x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
        return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
    };
}

function instant(at) {
    return new Date(at + zone_minutes * 60_000).toISOString().slice(0, 19) + "+08:00";
}

/* The invented day, one second per step. */
export class Day {
    constructor({ seed = 1212, hostile = false, empty = false, nodes = [] } = {}) {
        this.random = randomMake(seed);
        this.hostile = hostile;
        this.empty = empty;
        this.broken = null;
        this.nodes = nodes; /* each one's part of the payments */
        this.elapsed = 0;
        this.payments = 0;
        this.amount = 0;
        this.discount = 0;
        this.refunds = 0;
        this.rate = 0;
        this.history = [];
        this.latest = [];
        this.refusals = {};
        const name = hostile
            ? "<img src=x onerror=\"document.title='owned'\"><b>Half</b> price"
            : "Supermarkets, half price up to 50";
        this.campaigns = empty
            ? []
            : [
                  this.campaign("supermarkets", name, 240_000_000_00, 0.62),
                  this.campaign("snacks", "小吃连锁半价，最高优惠 20 元", 56_300_000_00, 0.27),
                  this.campaign("drinks", "Drinks for one cent", 15_250_000_00, 0.11),
                  this.campaign("cinemas", "Cinema evening", 8_000_000_00, 0),
              ];
        if (!empty) {
            this.campaigns[3].state = "paused";
            for (let i = 0; i < past_seconds; i++) this.step();
        }
    }

    campaign(campaign_id, name, budget, part) {
        return {
            campaign_id,
            name,
            state: "live",
            budget,
            left: budget,
            uses: 0,
            part,
            burn: [],
            used_up_at: null,
            speed: 0,
        };
    }

    get at() {
        return day_start + this.elapsed * 1000;
    }

    step() {
        this.elapsed += 1;
        const t = this.elapsed;
        const wave = 0.06 * Math.sin(t / 17) + 0.04 * Math.sin(t / 5.3) + 0.06 * (this.random() - 0.5);
        const surge = 0.78 + 0.55 * Math.exp(-(((t % 140) - 90) ** 2) / 220);
        this.rate = this.empty ? 0 : Math.round(38_500 * (1 - Math.exp(-t / 900)) * (0.86 + wave) * surge);
        this.payments += this.rate;
        this.amount += this.rate * (2_600 + Math.floor(this.random() * 300)) + (this.rate % 100);
        for (const campaign of this.campaigns) this.burn(campaign);
        this.refuse();
        this.history.push({ at: instant(this.at), payments_per_second: this.rate });
        if (this.history.length > 120) this.history.shift();
        if (!this.empty) this.pay();
    }

    burn(campaign) {
        const uses =
            campaign.state === "live"
                ? Math.round(this.rate * campaign.part * (0.9 + this.random() * 0.2))
                : 0;
        const wanted =
            uses * (500 + Math.floor(this.random() * 120)) + (uses > 0 ? Math.floor(this.random() * 100) : 0);
        const spent = Math.min(campaign.left, wanted);
        campaign.left -= spent;
        campaign.uses += spent > 0 ? uses : 0;
        campaign.speed = campaign.speed * 0.95 + spent * 0.05;
        this.discount += spent;
        if (campaign.left === 0 && campaign.used_up_at === null) campaign.used_up_at = this.at;
        if (this.elapsed % 15 === 0) campaign.burn.push({ at: instant(this.at), left_minor: campaign.left });
        if (campaign.burn.length > 240) campaign.burn.shift();
    }

    refuse() {
        const shares = {
            balance_short: 0.004,
            code_unknown: 0.0027,
            code_used: 0.0011,
            shop_closed: 0.0002,
            day_limit_reached: 0.0006,
            code_malformed: 0.0005,
            attempts_exceeded: 0.0001,
            code_elsewhere: 0.00004,
        };
        for (const [code, share] of Object.entries(shares))
            this.refusals[code] =
                (this.refusals[code] ?? 0) + Math.round(this.rate * share * (0.5 + this.random()));
        this.refunds += Math.round(this.rate * 0.0004 * this.random());
    }

    pay() {
        for (let i = 0; i < 2; i++) {
            const list = 300 + Math.floor(this.random() ** 3 * 19_000);
            const discount = this.random() < 0.8 ? Math.min(2_000, Math.floor(list / 2)) : 0;
            const dice = this.random();
            const state = dice < 0.9 ? "TRADE_SUCCESS" : dice < 0.96 ? "WAIT_BUYER_PAY" : "TRADE_CLOSED";
            const shop_name = this.hostile
                ? "<script>document.title='owned'</script>&amp; Sons"
                : shops[Math.floor(this.random() * shops.length)];
            this.latest.unshift({
                trade_id: String(this.elapsed * 2 + i),
                at: instant(this.at),
                shop_name,
                list_minor: list,
                discount_minor: discount,
                paid_minor: list - discount,
                state,
            });
        }
        this.latest.length = Math.min(this.latest.length, 12);
    }

    campaignNow(campaign) {
        const ahead = campaign.speed > 1 ? (campaign.left / campaign.speed) * 1000 : null;
        const burning = campaign.state === "live" && ahead !== null && campaign.left > 0;
        return {
            campaign_id: campaign.campaign_id,
            name: campaign.name,
            state: campaign.state,
            budget_minor: campaign.budget,
            left_minor: campaign.left,
            spent_minor: campaign.budget - campaign.left,
            uses: campaign.uses,
            empty_at:
                campaign.used_up_at !== null
                    ? instant(campaign.used_up_at)
                    : burning
                      ? instant(this.at + ahead)
                      : null,
        };
    }

    hello() {
        return {
            version: "0.1.0",
            store: "sqlite",
            started_at: instant(day_start - 95 * 60_000),
            currency: "CNY",
            digits: 2,
            zone_minutes,
            test_clock: true,
            history: this.history,
            campaigns: this.campaigns.map((campaign) => ({
                ...this.campaignNow(campaign),
                burn: campaign.burn,
            })),
        };
    }

    second() {
        const laws = [
            "money_conserved",
            "budget_kept",
            "stock_kept",
            "voucher_once",
            "seat_once",
            "reservation_kept",
            "answer_durable",
        ];
        const used = this.empty
            ? []
            : ["money_conserved", "budget_kept", "reservation_kept", "answer_durable"];
        return {
            at: instant(this.at),
            payments_total: this.payments,
            payments_per_second: this.rate,
            amount_minor_total: this.amount,
            discount_minor_total: this.discount,
            budget_spent_minor_total: this.discount,
            refunds_total: this.refunds,
            refusals: this.refusals,
            latency_us: {
                p50: 2_140 + Math.floor(this.random() * 300),
                p99: 6_900 + Math.floor(this.random() * 900),
                max: 41_200,
            },
            campaigns: this.campaigns.map((campaign) => this.campaignNow(campaign)),
            latest: this.latest,
            trial_balance_minor: this.broken === "money_conserved" ? -1 : 0,
            laws: laws.map((law) => ({
                law,
                state: law === this.broken ? "broken" : used.includes(law) ? "held" : "unused",
                checks: used.includes(law) ? this.payments : 0,
                checked_at: used.includes(law) ? instant(this.at) : null,
            })),
            connections: 256,
            queue_depth: Math.floor(this.random() * 40),
            read_age_ms: this.nodes.length > 0 ? 840 : null,
            nodes: this.nodes.map((part, node) => ({
                node,
                here: node === 0,
                leads: node === 0,
                started_at: instant(day_start),
                seen_ms_ago: node === 2 ? 4_200 : 400,
                payments_per_second: Math.round(this.rate * part),
            })),
        };
    }
}

export class MockLive {
    /* tick_ms: how long a second of the stream lasts; shorter than 1000 for tests in a hurry. */
    constructor({ tick_ms = 1000, ...day } = {}) {
        this.tick_ms = tick_ms;
        this.day_options = day;
        this.day = new Day(day);
        this.streams = new Set();
        this.streams_opened = 0;
        this.silent = false; /* connected, but nothing comes */
        this.refusing = false; /* new streams are answered with 503 */
        this.garbled = false; /* seconds that do not follow the contract */
        this.hiccups = false;
        this.server = createServer((request, response) => this.answer(request, response));
    }

    async listen(port = 0) {
        await new Promise((resolve) => this.server.listen(port, "127.0.0.1", resolve));
        this.timer = setInterval(() => this.tick(), this.tick_ms);
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    async close() {
        clearInterval(this.timer);
        this.drop();
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }

    drop() {
        for (const stream of this.streams) stream.destroy();
        this.streams.clear();
    }

    tick() {
        this.day.step();
        if (this.hiccups) {
            this.refusing = this.day.elapsed % hiccup_every >= hiccup_every - hiccup_seconds;
            if (this.refusing) this.drop();
        }
        if (this.silent) return;
        const second = this.day.second();
        for (const stream of this.streams)
            this.send(stream, "second", this.garbled ? { ...second, at: "yesterday" } : second);
    }

    send(stream, event, data) {
        stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    }

    async answer(request, response) {
        const url = new URL(request.url, "http://127.0.0.1");
        if (url.pathname === "/v1/live") return this.answerStream(response);
        if (url.pathname === "/" && url.search !== "") this.restart(url.searchParams);
        const path = url.pathname === "/" ? "/live/index.html" : url.pathname;
        const type = types[extname(path)];
        if (!/^(\/[a-z_]+)+\.[a-z]+$/.test(path) || type === undefined)
            return response.writeHead(404, safety).end();
        try {
            const bytes = await readFile(web + path.slice(1));
            response
                .writeHead(200, { ...safety, "Content-Type": type, "Cache-Control": "no-cache" })
                .end(bytes);
        } catch {
            response.writeHead(404, safety).end();
        }
    }

    answerStream(response) {
        this.streams_opened += 1;
        if (this.refusing) return response.writeHead(503, { ...safety, "Retry-After": "1" }).end();
        response.writeHead(200, {
            ...safety,
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
        });
        response.write("retry: 1000\n\n");
        this.send(response, "hello", this.day.hello());
        this.streams.add(response);
        response.on("close", () => this.streams.delete(response));
    }

    restart(query) {
        this.day = new Day({ ...this.day_options, empty: query.has("empty") });
        this.day.broken = query.has("broken") ? "money_conserved" : null;
        this.hiccups = query.has("hiccup");
        this.refusing = false;
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const { values } = parseArgs({
        options: { port: { type: "string", default: "8620" }, seed: { type: "string", default: "1212" } },
    });
    const mock = await new MockLive({ seed: Number(values.seed) }).listen(Number(values.port));
    console.log(`an invented day on ${mock.url}`);
}
