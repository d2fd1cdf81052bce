/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the live page that need no browser: money as text, the reading of messages, axes, burn-downs.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Formatter, shareOf } from "../../web/live/format.js";
import { readHello, readSecond } from "../../web/live/message.js";
import { Model } from "../../web/live/model.js";
import { refusalText, textOf } from "../../web/live/text.js";
import { Day } from "./mock_live.mjs";

describe("money as text", () => {
    const yuan = new Formatter("en", "CNY", 2, 480);

    test("is exact at any size and sign", () => {
        const cases = [
            [0n, "0.00"],
            [1n, "0.01"],
            [-1n, "-0.01"],
            [10n, "0.10"],
            [99n, "0.99"],
            [100n, "1.00"],
            [-12_345n, "-123.45"],
            [9_007_199_254_740_993n, "90,071,992,547,409.93"],
            [9_223_372_036_854_775_807n, "92,233,720,368,547,758.07"],
            [-9_223_372_036_854_775_808n, "-92,233,720,368,547,758.08"],
        ];
        for (const [minor, text] of cases) assert.equal(yuan.amount(minor), text);
        assert.equal(yuan.money(-5n), "-¥0.05");
    });

    test("follows the currency's digits", () => {
        assert.equal(new Formatter("en", "JPY", 0, 0).money(1234n), "¥1,234");
        assert.equal(new Formatter("en", "KWD", 3, 0).amount(1234n), "1.234");
    });

    test("agrees with Intl wherever a plain number is exact", () => {
        const intl = new Intl.NumberFormat("zh-Hans-CN", {
            minimumFractionDigits: 2,
            maximumFractionDigits: 2,
        });
        const chinese = new Formatter("zh-Hans-CN", "CNY", 2, 480);
        for (let minor = -250; minor < 2_000_000; minor += 997)
            assert.equal(chinese.amount(BigInt(minor)), intl.format(minor / 100));
    });
});

describe("other texts", () => {
    const format = new Formatter("en", "CNY", 2, 480);

    test("shares are rounded down and never lie about none or all", () => {
        assert.equal(shareOf(1n, 3n), 333);
        assert.equal(shareOf(5n, 0n), 0);
        assert.equal(shareOf(7n, 5n), 1000);
        assert.equal(format.share(99_999n, 100_000n), "99%");
        assert.equal(format.share(1n, 100_000n), "<0.1%");
        assert.equal(format.share(0n, 100_000n), "0%");
        assert.equal(format.share(94n, 1000n), "9.4%");
    });

    test("times are those of the server's zone, with the day when it is another", () => {
        const now = Date.parse("2014-12-12T15:30:05Z");
        assert.equal(format.clock(now), "23:30:05");
        assert.equal(format.moment(now, now), "23:30");
        assert.match(format.moment(now + 3_600_000, now), /Dec 13 00:30/);
    });

    test("latencies take the unit that fits", () => {
        assert.deepEqual(
            [0, 999, 1000, 99_949, 100_000, 2_100_000].map((us) => format.latency(us)),
            ["0 µs", "999 µs", "1.0 ms", "99.9 ms", "100 ms", "2.1 s"],
        );
    });

    test("an unknown refusal code is shown with its underscores opened", () => {
        assert.equal(refusalText("en", "moon_full"), "moon full");
        assert.equal(refusalText("zh", "code_used"), "付款码已使用");
        assert.equal(refusalText("en", "__proto__"), "  proto  ");
    });

    test("plurals and holes", () => {
        assert.equal(textOf("en", "refunds_today", { count: "1", plural: 1 }), "1 refund");
        assert.equal(textOf("en", "refunds_today", { count: "2", plural: 2 }), "2 refunds");
        assert.equal(textOf("zh", "refunds_today", { count: "1", plural: 1 }), "退款 1 笔");
    });
});

describe("messages", () => {
    const day = new Day();
    const second = () => structuredClone(day.second());
    const read = (value) => readSecond(JSON.stringify(value));

    test("of the invented day follow the contract", () => {
        readHello(JSON.stringify(day.hello()));
        readSecond(JSON.stringify(day.second()));
    });

    test("that lack a member or have a wrong one are refused by name", () => {
        const optional = ["nodes", "read_age_ms"]; // told only where several processes serve one database
        for (const name of Object.keys(second()).filter((member) => !optional.includes(member))) {
            const value = second();
            delete value[name];
            assert.throws(
                () => read(value),
                (error) => error.message.includes(name),
                name,
            );
        }
        for (const name of Object.keys(day.hello())) {
            const value = structuredClone(day.hello());
            delete value[name];
            assert.throws(
                () => readHello(JSON.stringify(value)),
                (error) => error.message.includes(name),
                name,
            );
        }
        const wrongs = [
            ["payments_total", -1],
            ["payments_total", 1.5],
            ["payments_total", "7"],
            ["at", "yesterday"],
            ["amount_minor_total", 2 ** 60],
            ["amount_minor_total", 0.1],
            ["amount_minor_total", "1e3"],
            ["campaigns", {}],
            ["laws", [{ law: "x", state: "maybe", checks: 1, checked_at: null }]],
            ["refusals", null],
        ];
        for (const [name, wrong] of wrongs)
            assert.throws(() => read({ ...second(), [name]: wrong }), new RegExp(name), `${name} = ${wrong}`);
    });

    test("are bounded", () => {
        const value = second();
        value.latest = Array.from({ length: 50 }, () => value.latest[0]);
        value.latest[0].shop_name = "x".repeat(10_000);
        const taken = read(value);
        assert.equal(taken.latest.length, 12);
        assert.equal(taken.latest[0].shop_name.length, 120);
    });

    test("take amounts beyond 2^53 as digits", () => {
        assert.equal(
            read({ ...second(), amount_minor_total: "9223372036854775807" }).amount_total,
            9223372036854775807n,
        );
    });
});

describe("what the page keeps", () => {
    test("is bounded over a long day, and keeps its first and last point", () => {
        const day = new Day({ empty: true });
        const model = new Model();
        model.takeHello(readHello(JSON.stringify(day.hello())));
        const start = Date.parse("2014-12-12T00:00:00Z");
        const base = readSecond(JSON.stringify(day.second()));
        const campaign = {
            campaign_id: "a",
            name: "A",
            state: "live",
            budget: 100_000n,
            spent: 0n,
            uses: 0,
            empty_at: null,
        };
        for (let i = 0; i < 86_400; i++)
            model.takeSecond({
                ...base,
                at: start + i * 1000,
                campaigns: [{ ...campaign, left: BigInt(100_000 - i) }],
            });
        assert.ok(model.rates.length <= 122);
        const points = model.burns.get("a");
        assert.ok(points.length <= 240);
        assert.equal(points[0].left, 100_000n);
        assert.equal(points.at(-1).left, 13_601n);
        for (let i = 1; i < points.length; i++) assert.ok(points[i].at > points[i - 1].at);
    });

    test("begins a burn-down anew when the server's clock went back", () => {
        const day = new Day();
        const model = new Model();
        model.takeHello(readHello(JSON.stringify(day.hello())));
        const second = readSecond(JSON.stringify(day.second()));
        model.takeSecond(second);
        assert.ok(model.burns.get("snacks").length > 50);
        model.takeSecond({ ...second, at: second.at - 3_600_000 });
        assert.equal(model.burns.get("snacks").length, 1);
    });

    test("names what changed", () => {
        const day = new Day();
        const model = new Model();
        model.takeHello(readHello(JSON.stringify(day.hello())));
        const second = readSecond(JSON.stringify(day.second()));
        assert.deepEqual(model.takeSecond(second), []);
        const after = structuredClone(second);
        after.laws[0].state = "broken";
        after.laws[2].state = "held"; /* from unused: no news */
        after.campaigns[0].left = 0n;
        after.campaigns[3].state = "live";
        assert.deepEqual(
            model.takeSecond(after).map((change) => [change.kind, change.law ?? change.name]),
            [
                ["law", "money_conserved"],
                ["used_up", after.campaigns[0].name],
                ["campaign", "Cinema evening"],
            ],
        );
    });
});
