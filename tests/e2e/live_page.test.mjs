/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live page in Chromium. Against an invented day (mock_live.mjs), or against the server at ONETILL_URL,
 * where the tests that must command the server are left out. CHROMIUM names another browser than
 * /usr/bin/chromium.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";

import { readHello, readSecond } from "../../web/live/message.js";
import { texts } from "../../web/live/text.js";
import { comes_ms } from "./alipay_stage.mjs";
import { Day, MockLive } from "./mock_live.mjs";

const real = process.env.ONETILL_URL?.replace(/\/+$/, "");
const mock_only = { skip: real ? "needs the mock" : false };
const tick_ms = 400;
const page_files = /^\/$|^\/style\.css$|^\/live\/[a-z_]+\.(js|css|svg)$/;

let browser;

before(async () => {
    browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu"],
    });
});

after(() => browser.close());

/* Runs `body` with a day of its own and a page on it, and then checks what must hold for every page. */
async function withPage(options, body) {
    const { mock: mock_options = {}, quiet = true, route, ...context_options } = options;
    const mock = real ? null : await new MockLive({ tick_ms, ...mock_options }).listen();
    const url = real ?? mock.url;
    const context = await browser.newContext({
        viewport: { width: 1440, height: 900 },
        locale: "en-GB",
        timezoneId: "America/New_York" /* not the server's: times must be the server's all the same */,
        ...context_options,
    });
    context.setDefaultTimeout(comes_ms);
    const page = await context.newPage();
    const seen = { problems: [], requests: [] };
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) seen.problems.push(message.text());
    });
    page.on("pageerror", (error) => seen.problems.push(error.message));
    page.on("request", (request) => seen.requests.push(request.url()));
    await page.addInitScript(() => {
        window.violations = [];
        document.addEventListener("securitypolicyviolation", (event) =>
            window.violations.push(event.violatedDirective + " " + event.blockedURI),
        );
    });
    try {
        if (route) await page.route("**/v1/live", route);
        await page.goto(url + "/");
        await body(page, mock, seen);
        assert.deepEqual(await page.evaluate(() => window.violations), [], "violations of the policy");
        if (quiet) assert.deepEqual(seen.problems, [], "errors and warnings in the console");
        for (const address of seen.requests) {
            const { origin, pathname } = new URL(address);
            assert.equal(origin, new URL(url).origin, "a request to another host: " + address);
            assert.ok(
                pathname === "/v1/live" || page_files.test(pathname),
                "an unexpected request: " + address,
            );
        }
    } finally {
        await context.close();
        await mock?.close();
    }
}

async function live(page) {
    await page.waitForSelector('body[data-stream="live"][data-news="some"]');
}

function textOf(page, id) {
    return page.locator("#" + id).textContent();
}

async function changes(page, id) {
    const first = await textOf(page, id);
    await page.waitForFunction(
        ([name, text]) => document.getElementById(name).textContent !== text,
        [id, first],
    );
    return [first, await textOf(page, id)];
}

function numberIn(text) {
    return Number(text.replaceAll(",", ""));
}

/* A stream of one answer, for states that a healthy server does not show. */
function canned(change) {
    const day = new Day();
    const second = day.second();
    change(second);
    const events = [
        ["hello", day.hello()],
        ["second", second],
    ];
    const body = events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join("");
    return (route) => route.fulfill({ contentType: "text/event-stream", body: "retry: 60000\n\n" + body });
}

describe("the stream", () => {
    test("follows the contract", async () => {
        const mock = real ? null : await new MockLive({ tick_ms }).listen();
        const stop = new AbortController();
        try {
            const answer = await fetch((real ?? mock.url) + "/v1/live", { signal: stop.signal });
            assert.equal(answer.status, 200);
            assert.match(answer.headers.get("content-type"), /^text\/event-stream\b/);
            const events = await eventsOf(answer.body, 4);
            assert.deepEqual(
                events.map((event) => event.name),
                ["hello", "second", "second", "second"],
            );
            readHello(events[0].data);
            const seconds = events.slice(1).map((event) => readSecond(event.data));
            assert.ok(seconds[2].at >= seconds[0].at);
            assert.deepEqual(
                seconds[0].laws.map((law) => law.law),
                [
                    "money_conserved",
                    "budget_kept",
                    "stock_kept",
                    "voucher_once",
                    "seat_once",
                    "reservation_kept",
                    "answer_durable",
                ],
            );
        } finally {
            stop.abort();
            await mock?.close();
        }
    });

    test("comes with a policy that forbids everything from elsewhere", async () => {
        const mock = real ? null : await new MockLive().listen();
        try {
            const answer = await fetch((real ?? mock.url) + "/");
            const policy = answer.headers.get("content-security-policy") ?? "";
            assert.match(policy, /default-src 'self'/);
            assert.doesNotMatch(policy, /unsafe|data:|\*/);
            assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
        } finally {
            await mock?.close();
        }
    });
});

/* The first `count` events of a stream of server-sent events. */
async function eventsOf(body, count) {
    const events = [];
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of body) {
        text += decoder.decode(chunk, { stream: true });
        const blocks = text.split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
            const field = (name) =>
                block
                    .split("\n")
                    .find((line) => line.startsWith(name + ": "))
                    ?.slice(name.length + 2);
            if (field("event") !== undefined) events.push({ name: field("event"), data: field("data") });
        }
        if (events.length >= count) break;
    }
    return events.slice(0, count);
}

describe("the numbers", () => {
    test("appear and move", async () => {
        await withPage({}, async (page) => {
            await live(page);
            assert.match(await textOf(page, "payments-total"), /^[\d,]+$/);
            assert.match(await textOf(page, "payments-rate"), /^[\d,]+$/);
            assert.match(await textOf(page, "taken"), /^¥[\d,]+\.\d\d$/);
            assert.match(await textOf(page, "trial-amount"), /^0\.00$/);
            assert.match(await textOf(page, "latency-p99"), /^[\d.,]+ (µs|ms|s)$/);
            assert.equal(await page.locator("#laws .law").count(), 7);
            /* a real server's test clock stands still until somebody moves it */
            if (real && (await page.locator("#clock-test").isVisible())) return;
            const [clock_before, clock_after] = await changes(page, "clock-time");
            assert.notEqual(clock_before, clock_after);
        });
    });

    test("count up with the payments", mock_only, async () => {
        await withPage({}, async (page) => {
            await live(page);
            const [was, is] = (await changes(page, "payments-total")).map(numberIn);
            assert.ok(is > was, `${is} is more than ${was}`);
            await changes(page, "payments-rate");
            const [row] = await page.locator("#latest .payment").all();
            const texts = await row.locator("span").allTextContents();
            assert.ok(
                texts.every((text) => text.length > 0),
                texts.join(" | "),
            );
        });
    });

    test("are those of the message, to the cent, in the server's zone", mock_only, async () => {
        const big = "9223372036854775807";
        const route = canned((second) => {
            second.at = "2014-12-12T15:59:58Z";
            second.amount_minor_total = big;
            second.discount_minor_total = 7;
            second.budget_spent_minor_total = 8;
            second.payments_total = 1;
            second.refunds_total = 1;
        });
        await withPage({ route }, async (page) => {
            await page.waitForSelector('body[data-news="some"]');
            assert.equal(await textOf(page, "taken"), "¥92,233,720,368,547,758.07");
            assert.equal(await textOf(page, "payments-total"), "1");
            assert.equal(await textOf(page, "refunds"), "1 refund");
            assert.equal(await textOf(page, "clock-time"), "23:59:58");
            assert.equal(await textOf(page, "equation-sign"), "≠");
            assert.equal(await textOf(page, "equation-words"), "they differ by ¥0.01");
        });
    });

    test("show the plot, drawn for the pixels of the screen, and moving", mock_only, async () => {
        await withPage({ deviceScaleFactor: 2 }, async (page) => {
            await live(page);
            const canvas = page.locator("#rate-plot");
            const sizes = await canvas.evaluate((element) => [element.width, element.clientWidth]);
            assert.equal(sizes[0], 2 * sizes[1]);
            const blank = await canvas.evaluate((element) => {
                const empty = document.createElement("canvas");
                empty.width = element.width;
                empty.height = element.height;
                return element.toDataURL() === empty.toDataURL();
            });
            assert.ok(!blank, "something is drawn");
            const first = await canvas.screenshot();
            while (first.equals(await canvas.screenshot())); /* it moves */
            assert.match(await canvas.getAttribute("aria-label"), /peak [\d,]+/);
        });
    });

    test("are not moved by motion when the person wants none", mock_only, async () => {
        await withPage({ reducedMotion: "reduce" }, async (page) => {
            await live(page);
            await changes(page, "payments-total");
            const moving = await page.evaluate(
                () => document.getAnimations().filter((one) => one.playState === "running").length,
            );
            assert.equal(moving, 0);
            const [frames, news] = await page.evaluate(async (seconds) => {
                const pen = document.getElementById("rate-plot").getContext("2d");
                const seen = [0, 0];
                pen.clearRect = (...area) => {
                    seen[0] += 1;
                    CanvasRenderingContext2D.prototype.clearRect.apply(pen, area);
                };
                await new Promise((resolve) => {
                    const count = () => ++seen[1] === seconds && requestAnimationFrame(() => resolve());
                    const total = document.getElementById("payments-total");
                    new MutationObserver(count).observe(total, { childList: true, characterData: true, subtree: true });
                });
                return seen;
            }, 5);
            assert.ok(
                frames >= 1 && frames <= news + 2,
                `the plot steps once with each second, not ${frames} times in ${news}`,
            );
        });
    });

    test("wait in words while nothing has happened", mock_only, async () => {
        await withPage({ mock: { empty: true } }, async (page) => {
            await live(page);
            for (const id of ["payments-none", "campaigns-none", "refusals-none", "latest-none"])
                assert.ok(await page.locator("#" + id).isVisible(), id);
            assert.equal(await page.locator('.law[data-state="unused"]').count(), 7);
        });
    });
});

describe("campaigns", () => {
    test("burn down and say when they will be empty", mock_only, async () => {
        await withPage({}, async (page) => {
            await live(page);
            const card = page.locator('.campaign[data-key="supermarkets"]');
            const left = async () =>
                (await card.locator(".campaign-left").textContent()).replace(/ of .*/, "");
            const path = () => card.locator(".burn-line").getAttribute("d");
            const [left_before, path_before] = [await left(), await path()];
            while ((await path()) === path_before || (await left()) === left_before)
                await page.waitForTimeout(tick_ms);
            assert.ok(numberIn((await left()).slice(1)) < numberIn(left_before.slice(1)));
            assert.match(await card.locator(".campaign-empty").textContent(), /^empty at about \d\d:\d\d$/);
            assert.notEqual(await card.locator(".burn-ahead").getAttribute("d"), "");
            assert.match(await textOf(page, "equation-words"), /equal to the cent/);
        });
    });

    test("say when they were used up, and that is announced", mock_only, async () => {
        await withPage({}, async (page, mock) => {
            await live(page);
            mock.day.campaigns[2].left = 1;
            const card = page.locator('.campaign[data-key="drinks"]');
            await card.getByText(/^budget used up at \d\d:\d\d$/).waitFor();
            assert.equal(await card.locator(".campaign-share").textContent(), "0%");
            assert.equal(await card.locator(".burn-ahead").getAttribute("d"), "");
            await page
                .locator("#announcer")
                .getByText("Drinks for one cent: the budget is used up.")
                .waitFor({ state: "attached" });
        });
    });

    test("that are paused or not burning show no estimate", mock_only, async () => {
        await withPage({}, async (page) => {
            await live(page);
            await page.locator("#campaigns-more").click();
            assert.equal(await page.locator("#campaigns-more").getAttribute("aria-expanded"), "true");
            const card = page.locator('.campaign[data-key="cinemas"]');
            assert.equal(await card.locator(".campaign-state").textContent(), "paused");
            assert.equal(await card.locator(".campaign-empty").textContent(), "");
        });
    });
});

describe("words", () => {
    test("exist in both languages, for every refusal code too", async () => {
        const keys = (language) =>
            Object.keys(texts[language].words)
                .filter((key) => !key.endsWith("_one"))
                .sort();
        assert.deepEqual(keys("zh"), keys("en"));
        for (const key of keys("en")) {
            const holes = (language) => (texts[language].words[key].match(/\{\w+\}/g) ?? []).sort();
            assert.deepEqual(holes("zh"), holes("en"), key);
        }
        const list = await readFile(new URL("../../src/engine/refusal.def", import.meta.url), "utf8");
        const codes = [...list.matchAll(/^REFUSAL\((\w+),/gm)]
            .map((match) => match[1])
            .filter((code) => code !== "none");
        assert.ok(codes.length > 20);
        const missing = codes.filter((code) => texts.en.words["refusal_" + code] === undefined);
        assert.deepEqual(missing, [], "codes without words in web/live/text.js");
        const html = await readFile(new URL("../../web/live/index.html", import.meta.url), "utf8");
        for (const [, key, text] of html.matchAll(/data-text="(\w+)"[^>]*>([^<]*)</g))
            assert.equal(text, texts.en.words[key], key);
    });

    test("change with the toggle and stay after a reload", async () => {
        await withPage({}, async (page) => {
            await live(page);
            assert.equal(await page.locator("html").getAttribute("lang"), "en");
            assert.equal(await textOf(page, "day-title"), "Payments today");
            await page.getByRole("button", { name: "中文" }).click();
            assert.equal(await textOf(page, "day-title"), "今日支付笔数");
            assert.equal(await textOf(page, "stream-state"), "实时");
            assert.equal(
                await page.locator('[data-law="money_conserved"] .law-name').textContent(),
                "钱不会凭空出现或消失",
            );
            await page.reload();
            await live(page);
            assert.equal(await page.locator("html").getAttribute("lang"), "zh-Hans-CN");
            assert.equal(await textOf(page, "day-title"), "今日支付笔数");
            assert.equal(await page.title(), "Onetill");
        });
    });

    test("are Chinese at once for a Chinese browser", async () => {
        await withPage({ locale: "zh-CN" }, async (page) => {
            await live(page);
            assert.equal(await textOf(page, "trial-words"), "借贷相等");
            assert.equal(
                await page.getByRole("button", { name: "中文" }).getAttribute("aria-pressed"),
                "true",
            );
        });
    });

    test("from the server never become markup", mock_only, async () => {
        await withPage({ mock: { hostile: true } }, async (page) => {
            await live(page);
            await page.waitForTimeout(3 * tick_ms);
            assert.equal(await page.title(), "Onetill");
            assert.equal(await page.locator("main img, main b:not([id]), main script").count(), 0);
            assert.match(await page.locator(".campaign-name").first().textContent(), /^<img src=x/);
            assert.match(await page.locator(".payment-shop").first().textContent(), /^<script>/);
        });
    });
});

describe("laws", () => {
    const broken = canned((second) => {
        second.laws[1].state = "broken";
        second.trial_balance_minor = -1;
    });

    test("that are broken are red, and said", async () => {
        await withPage({ route: broken }, async (page) => {
            const row = page.locator('[data-law="budget_kept"][data-state="broken"]');
            await row.waitFor();
            assert.equal(await row.locator(".law-state").textContent(), "broken");
            const alarm = page.getByRole("alert");
            assert.ok(await alarm.isVisible());
            assert.equal(
                await alarm.textContent(),
                "A law is broken: No campaign overspends. The books do not balance: -¥0.01.",
            );
            assert.equal(await textOf(page, "trial-amount"), "-0.01");
            const red = await page.evaluate(
                () => getComputedStyle(document.getElementById("alarm")).backgroundColor,
            );
            const light = await row
                .locator(".law-light")
                .evaluate((element) => getComputedStyle(element).backgroundColor);
            const held = await page
                .locator('[data-law="money_conserved"] .law-light')
                .evaluate((element) => getComputedStyle(element).backgroundColor);
            assert.equal(light, red);
            assert.notEqual(light, held);
        });
    });

    test("that break while one looks are announced", mock_only, async () => {
        await withPage({}, async (page, mock) => {
            await live(page);
            assert.equal(await page.getByRole("alert").count(), 0);
            mock.day.broken = "money_conserved";
            await page
                .getByRole("alert")
                .getByText(/Money neither appears nor vanishes/)
                .waitFor();
            mock.day.broken = null;
            await page
                .locator("#announcer")
                .getByText("Held again: Money neither appears nor vanishes.")
                .waitFor({ state: "attached" });
            assert.equal(await page.getByRole("alert").count(), 0);
        });
    });
});

describe("the connection", () => {
    test("opens one stream and asks for nothing else", async () => {
        await withPage({}, async (page, mock, seen) => {
            await live(page);
            await page.waitForTimeout(3000);
            const streams = seen.requests.filter((address) => new URL(address).pathname === "/v1/live");
            assert.equal(streams.length, 1);
            assert.ok(seen.requests.length <= 24, "the page's files and the stream, and no more");
        });
    });

    test("that cannot be made is shown, and made later", async () => {
        await withPage({ quiet: false, route: (route) => route.abort("connectionrefused") }, async (page) => {
            await page.waitForSelector('body[data-stream="reconnecting"]');
            assert.equal(await textOf(page, "stream-state"), "Reconnecting");
            assert.equal(await textOf(page, "announcer"), "Connection lost. Reconnecting.");
            await page.unroute("**/v1/live");
            await live(page);
            assert.equal(await textOf(page, "announcer"), "Connected. The numbers are live.");
        });
    });

    test("that breaks is shown and recovers, also after a 503", mock_only, async () => {
        await withPage({ quiet: false }, async (page, mock) => {
            await live(page);
            mock.refusing = true;
            mock.drop();
            await page.waitForSelector('body[data-stream="reconnecting"]');
            await page
                .locator("#stream-silent")
                .getByText(/^for \d+ s$/)
                .waitFor();
            const [opened, begun] = [mock.streams_opened, Date.now()];
            await page.waitForTimeout(3000);
            const most = 2 + Math.log2(1 + (Date.now() - begun) / 1000); /* each wait is twice the one before */
            assert.ok(mock.streams_opened - opened <= most, "no storm of attempts");
            mock.refusing = false;
            await live(page);
            assert.equal(mock.streams.size, 1);
            assert.ok(await page.locator("#stream-silent").isHidden());
        });
    });

    test("that is silent is stale, and says for how long", mock_only, async () => {
        await withPage({}, async (page, mock) => {
            await live(page);
            mock.silent = true;
            await page.waitForSelector('body[data-stream="stale"]');
            assert.equal(await textOf(page, "stream-state"), "Stale");
            await page
                .locator("#stream-silent")
                .getByText(/^for \d+ s$/)
                .waitFor();
            mock.silent = false;
            await live(page);
        });
    });

    test("that brings nonsense says so and keeps the last good numbers", mock_only, async () => {
        await withPage({ quiet: false }, async (page, mock, seen) => {
            await live(page);
            mock.garbled = true;
            await page.waitForSelector('body[data-stream="unreadable"]');
            assert.match(await textOf(page, "payments-total"), /^[\d,]+$/);
            assert.match(seen.problems.join(), /at is not an RFC 3339 time/);
            mock.garbled = false;
            await live(page);
        });
    });
});

describe("the sheet", () => {
    const sizes = [
        [360, 740],
        [390, 844],
        [768, 1024],
        [1024, 768],
        [1280, 720],
        [1440, 900],
        [2560, 1440],
        [3840, 2160],
    ];

    test("fits every screen without scrolling sideways, in both languages", async () => {
        await withPage({}, async (page) => {
            await live(page);
            for (const language of ["中文", "EN"]) {
                await page.getByRole("button", { name: language }).click();
                for (const [width, height] of sizes) {
                    await page.setViewportSize({ width, height });
                    const over = await page.evaluate(
                        () => document.documentElement.scrollWidth - window.innerWidth,
                    );
                    assert.ok(over <= 0, `${over} pixels too wide at ${width} × ${height} in ${language}`);
                }
            }
        });
    });

    test("has a line for each process of a database, and none for a store of one", mock_only, async () => {
        await withPage({}, async (page) => {
            await live(page);
            assert.equal(await page.locator("#nodes").isVisible(), false);
            assert.equal(await page.locator("#foot-replica").isVisible(), false);
        });
        await withPage({ mock: { nodes: [0.5, 0.3, 0.2] } }, async (page) => {
            await live(page);
            const lines = page.locator("#nodes > li");
            assert.equal(await lines.count(), 3);
            assert.match(await lines.nth(0).textContent(), /process 0.*payments\/s.*this one · leads/);
            assert.match(await lines.nth(1).textContent(), /process 1.*payments\/s$/);
            assert.match(await lines.nth(2).textContent(), /silent for 4 s/);
            assert.match(await page.locator("#foot-replica").textContent(), /lists: up to 840 ms old/);
            for (const [width, height] of sizes) {
                await page.setViewportSize({ width, height });
                await page.waitForTimeout(200);
                const over = await page.evaluate(() => [
                    document.documentElement.scrollWidth - window.innerWidth,
                    document.documentElement.scrollHeight - window.innerHeight,
                ]);
                assert.ok(over[0] <= 0, `${over[0]} pixels too wide at ${width} × ${height}`);
                assert.ok(width < 1440 || over[1] <= 0, `${over[1]} pixels too high at ${width} × ${height}`);
            }
        });
    });

    test("is one screen from a laptop to a wall", mock_only, async () => {
        await withPage({}, async (page) => {
            await live(page);
            for (const [width, height] of sizes.slice(5)) {
                await page.setViewportSize({ width, height });
                await page.waitForTimeout(200);
                const over = await page.evaluate(
                    () => document.documentElement.scrollHeight - window.innerHeight,
                );
                assert.ok(over <= 0, `${over} pixels too high at ${width} × ${height}`);
                const plot = await page.locator("#rate-plot").boundingBox();
                assert.ok(plot.height > height / 8, "the plot has room");
            }
        });
    });

    test("reaches every control by keyboard, in order, with the focus in sight", mock_only, async () => {
        await withPage({}, async (page) => {
            await live(page);
            const reached = [];
            for (let i = 0; i < 5; i++) {
                await page.keyboard.press("Tab");
                reached.push(
                    await page.evaluate(() => {
                        const element = document.activeElement;
                        const style = getComputedStyle(element);
                        const box = element.getBoundingClientRect();
                        const seen =
                            style.outlineStyle !== "none" &&
                            parseFloat(style.outlineWidth) >= 2 &&
                            box.top >= 0 &&
                            box.left >= 0;
                        return (
                            (element.id || element.dataset.language || element.className) +
                            (seen ? "" : " unseen")
                        );
                    }),
                );
            }
            assert.deepEqual(reached, ["skip", "en", "zh", "theme", "campaigns-more"]);
            const controls = await page
                .locator("a:visible, button:visible, input:visible, [tabindex='0']:visible")
                .count();
            assert.equal(controls, reached.length);
            await page.keyboard.press("Enter");
            assert.equal(await page.locator(".campaign").count(), 4);
            await page.keyboard.press("Shift+Tab");
            await page.keyboard.press("Space");
            assert.equal(await page.locator("html").getAttribute("data-theme"), "light");
        });
    });

    test("keeps the chosen theme, and follows the system without one", async () => {
        const paper = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        await withPage({ colorScheme: "dark" }, async (page) => {
            const dark = await paper(page);
            const theme = page.locator("#theme");
            assert.equal(await theme.textContent(), "Theme: system");
            await theme.click();
            const light = await paper(page);
            assert.notEqual(light, dark);
            await page.reload();
            assert.equal(await paper(page), light);
            assert.equal(await theme.textContent(), "Theme: light");
            await theme.click();
            assert.equal(await paper(page), dark);
            await theme.click();
            await page.emulateMedia({ colorScheme: "light" });
            assert.equal(await paper(page), light);
        });
    });

    test("has readable colours in both themes", async () => {
        for (const colorScheme of ["light", "dark"])
            await withPage({ colorScheme }, async (page) => {
                const colours = await page.evaluate(() => {
                    const root = getComputedStyle(document.documentElement);
                    const names = [
                        "paper",
                        "sheet",
                        "ink",
                        "quiet",
                        "flow",
                        "budget",
                        "good",
                        "bad",
                        "on-bad",
                        "focus",
                    ];
                    return Object.fromEntries(
                        names.map((name) => [name, root.getPropertyValue("--colour-" + name).trim()]),
                    );
                });
                for (const paper of ["paper", "sheet"])
                    for (const ink of ["ink", "quiet", "flow", "budget", "good", "bad", "focus"]) {
                        const ratio = contrast(colours[ink], colours[paper]);
                        assert.ok(ratio >= 4.5, `${ink} on ${paper}, ${colorScheme}: ${ratio.toFixed(2)}`);
                    }
                assert.ok(contrast(colours["on-bad"], colours.bad) >= 4.5, "the alarm, " + colorScheme);
            });
    });
});

/* Of WCAG 2, for two colours #rrggbb. */
function contrast(first, second) {
    const luminance = (colour) => {
        const parts = colour.match(/[0-9a-f]{2}/gi).map((hex) => parseInt(hex, 16) / 255);
        const [red, green, blue] = parts.map((part) =>
            part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const [low, high] = [luminance(first), luminance(second)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
}
