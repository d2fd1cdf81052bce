/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages for shoppers in Chromium, against the program as a sandbox: checkout, wallet, an app that asks, the
 * sandbox's own page; in both languages, on a desk and on a phone, by mouse and by keyboard alone. ONETILL names
 * the program, CHROMIUM another browser than /usr/bin/chromium.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";

import { words as checkout_words } from "../../web/checkout/text.js";
import { words as oauth_words } from "../../web/oauth/text.js";
import { words as sandbox_words } from "../../web/sandbox/text.js";
import { shared } from "../../web/shopper/text.js";
import { minorOf } from "../../web/wallet/amount.js";
import { words as wallet_words } from "../../web/wallet/text.js";
import { comes_ms, Sandbox, number } from "./alipay_stage.mjs";

const desk = { viewport: { width: 1280, height: 850 }, locale: "en-GB" };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, locale: "zh-CN" };
/* What the browser itself says of an answer that is no 200; the page says it in words of its own. */
const expected_noise = /Failed to load resource: the server responded with a status of (401|402|403|404|409|422|429)/;

let browser, sandbox, shop;

/* A shop that browsers are sent back to. */
async function shopStart() {
    const server = createServer((request, response) => {
        response.setHeader("content-type", "text/html");
        response.end("<title>the shop</title><link rel=icon href=data:,>thank you");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

before(async () => {
    shop = await shopStart();
    sandbox = await Sandbox.start();
    browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu"],
    });
});

after(async () => {
    await browser?.close();
    await sandbox?.stop();
    shop?.stop();
});

/* Runs `body` with a page, then checks what must hold for each. */
async function withPage(options, body) {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(comes_ms);
    const page = await context.newPage();
    const problems = [];
    page.on("console", (message) => {
        const bad = ["error", "warning"].includes(message.type());
        if (bad && !expected_noise.test(message.text())) problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => {
        const { origin } = new URL(request.url());
        if (![sandbox.url, shop.url].includes(origin)) problems.push("a request elsewhere: " + request.url());
    });
    await page.addInitScript(() => {
        window.violations = [];
        document.addEventListener("securitypolicyviolation", (event) =>
            window.violations.push(event.violatedDirective + " " + event.blockedURI),
        );
    });
    try {
        await body(page);
        assert.deepEqual(await page.evaluate(() => window.violations ?? []), [], "violations of the policy");
        assert.deepEqual(problems, [], "errors and warnings");
    } finally {
        await context.close();
    }
}

function open(more = {}) {
    const order = { shop_id: "1", out_trade_no: number("P"), subject: "Basket 菜篮", amount_minor: 12850, ...more };
    return sandbox.must("POST", "/v1/trades", order);
}

async function fits(page) {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} pixels too wide`);
}

const shown = (page, id) => page.waitForSelector(`#${id}:not([hidden])`, { timeout: comes_ms });
const textOf = (page, id) => page.locator("#" + id).textContent();

/* Logs in as one of the sandbox's shoppers by the buttons that a sandbox offers. */
async function logIn(page, index = 0) {
    await page.waitForSelector("#sandbox-shoppers button");
    await page.locator("#sandbox-shoppers button").nth(index).click();
    await page.waitForFunction(() => document.getElementById("login-code").value.length === 18);
    await page.click("#login-button");
}

describe("the words", () => {
    const sets = { shared, checkout_words, oauth_words, sandbox_words, wallet_words };
    for (const [name, set] of Object.entries(sets))
        test(`of ${name} are there in both languages, with the same holes`, () => {
            assert.deepEqual(Object.keys(set.zh), Object.keys(set.en));
            const holes = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
            for (const key of Object.keys(set.en)) assert.deepEqual(holes(set.zh[key]), holes(set.en[key]), key);
        });

    test("an amount is exact, or none", () => {
        const cases = { "12.5": 1250, "0.01": 1, "¥3": 300, "1,5": 150, "90071992.54": 9007199254 };
        for (const [text, minor] of Object.entries(cases)) assert.equal(minorOf(text), minor, text);
        for (const text of ["", "0", "0.00", "-1", "1.234", "1e3", "x", "1 2", "9".repeat(13)])
            assert.equal(minorOf(text), null, text);
    });
});

for (const [where, options] of Object.entries({ desk, phone }))
    describe("the checkout on a " + where, () => {
        const language = where === "phone" ? "zh" : "en";
        const words = checkout_words[language];

        test("is paid after logging in, and says so", async () => {
            const trade = await open();
            await withPage(options, async (page) => {
                await page.goto(trade.qr_url); /* as a phone's camera opens it */
                assert.match(page.url(), /\/checkout\//);
                await shown(page, "login");
                assert.equal(await textOf(page, "subject"), "Basket 菜篮");
                assert.equal(await textOf(page, "amount"), "¥128.50");
                assert.equal(await page.title(), words.title);
                await page.waitForFunction(() => document.getElementById("qr").naturalWidth > 0);
                await fits(page);
                await logIn(page);
                await shown(page, "confirm");
                const known = await sandbox.must("GET", `/v1/trades/${trade.trade_id}`);
                assert.equal(known.shopper_id, "1001");
                assert.equal(known.state, "WAIT_BUYER_PAY");
                await fits(page);
                await page.click("#pay");
                await shown(page, "verdict");
                assert.equal(await textOf(page, "verdict-words"), words.paid);
                assert.ok(await page.locator("#ways").isHidden());
                await fits(page);
            });
            const paid = await sandbox.must("GET", `/v1/trades/${trade.trade_id}`);
            assert.equal(paid.state, "TRADE_SUCCESS");
            assert.equal(paid.confirmed, true);
        });

        test("is declined", async () => {
            const trade = await open();
            await withPage(options, async (page) => {
                await page.goto(trade.qr_url);
                await logIn(page);
                await page.click("#decline");
                await shown(page, "verdict");
                assert.equal(await textOf(page, "verdict-words"), words.closed_declined);
            });
            const closed = await sandbox.must("GET", `/v1/trades/${trade.trade_id}`);
            assert.equal(closed.close_reason, "declined");
        });

        test("says in plain words why it does not work", async () => {
            const trade = await open({ amount_minor: 100_000_00 });
            await withPage(options, async (page) => {
                await page.goto(trade.qr_url);
                await shown(page, "login");
                await page.fill("#account", "2088000000001001");
                for (const [code, fault] of [
                    ["381234567890123456", "fault_code_unknown"],
                    [await sandbox.payCode("1001"), "fault_login_code_malformed"],
                ]) {
                    await page.fill("#login-code", code);
                    await page.click("#login-button");
                    await page.locator("#login-fault", { hasText: shared[language][fault] }).waitFor();
                }
                await logIn(page);
                await page.click("#pay");
                await shown(page, "confirm-fault");
                assert.equal(await textOf(page, "confirm-fault"), shared[language].fault_balance_short);
            });
        });

        test("of another shopper is not taken over", async () => {
            const trade = await open();
            await sandbox.shopper("1002", "/v1/qr/scan", { qr: trade.qr_url });
            await withPage(options, async (page) => {
                await page.goto(trade.qr_url);
                await logIn(page);
                await shown(page, "confirm-fault");
                assert.equal(await textOf(page, "confirm-fault"), shared[language].fault_buyer_differs);
            });
        });

        test("that does not exist is said to be lost", async () => {
            await withPage(options, async (page) => {
                const answer = await page.goto(sandbox.url + "/checkout/123.AAAAAAAAAAAAAAAAAAAAAA");
                assert.equal(answer.status(), 404);
                await shown(page, "lost");
                assert.ok((await page.locator("#lost").textContent()).includes(words.lost));
                await fits(page);
            });
        });
    });

describe("the checkout", () => {
    test("notices that a wallet elsewhere has paid", async () => {
        const trade = await open();
        await withPage(desk, async (page) => {
            await page.goto(trade.qr_url);
            await shown(page, "login");
            await sandbox.shopper("1001", "/v1/qr/pay", { qr: trade.qr_url, confirmed: true });
            await shown(page, "verdict");
            assert.equal(await textOf(page, "announcer"), checkout_words.en.paid);
        });
    });

    test("goes back to the shop with an address that the platform signed", async () => {
        const sdk = sandbox.sdk();
        const order = { out_trade_no: number("R"), total_amount: "8.80", subject: "Tea" };
        const address = sdk.pageExec("alipay.trade.page.pay", "GET", {
            returnUrl: shop.url + "/back?order=1#top",
            bizContent: { ...order, product_code: "FAST_INSTANT_TRADE_PAY" },
        });
        await withPage(phone, async (page) => {
            await page.goto(address);
            await logIn(page);
            await page.click("#pay");
            await page.waitForURL(shop.url + "/**", { timeout: comes_ms });
            const back = new URL(page.url());
            assert.equal(back.hash, "#top");
            const told = Object.fromEntries(back.searchParams);
            assert.equal(told.order, "1");
            delete told.order;
            assert.equal(told.out_trade_no, order.out_trade_no);
            assert.equal(told.total_amount, "8.80");
            assert.ok(sdk.checkNotifySignV2(told));
        });
    });

    test("is paid by the keyboard alone", async () => {
        const trade = await open();
        const code = await sandbox.loginCode("1001");
        await withPage(desk, async (page) => {
            await page.goto(trade.qr_url);
            await shown(page, "login");
            for (let steps = 0; (await page.evaluate(() => document.activeElement.id)) !== "account"; steps++) {
                assert.ok(steps < 12, "the account is not reached by Tab");
                await page.keyboard.press("Tab");
            }
            await page.keyboard.type("15900005620");
            await page.keyboard.press("Tab");
            await page.keyboard.type(code);
            await page.keyboard.press("Enter");
            await shown(page, "confirm");
            await page.waitForFunction(() => document.activeElement.id === "pay");
            await page.keyboard.press("Enter");
            await shown(page, "verdict");
        });
    });

    test("changes its language and theme, and keeps them", async () => {
        const trade = await open();
        await withPage(desk, async (page) => {
            await page.goto(trade.qr_url);
            await shown(page, "login");
            await page.click('[data-language="zh"]');
            assert.equal(await page.locator("html").getAttribute("lang"), "zh-Hans-CN");
            assert.equal(await textOf(page, "login-title"), shared.zh.login_title);
            await page.click("#theme");
            await page.click("#theme");
            await page.reload();
            await shown(page, "login");
            assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
            assert.equal(await textOf(page, "login-title"), shared.zh.login_title);
        });
    });
});

for (const [where, options] of Object.entries({ desk, phone }))
    describe("the wallet on a " + where, () => {
        test("shows codes, takes QR codes, and pays", async () => {
            const trade = await open({ subject: "Noodles", amount_minor: 880 });
            const counter = await sandbox.must("GET", "/v1/shops/1");
            await withPage(options, async (page) => {
                await page.goto(sandbox.url + "/wallet/");
                await logIn(page);
                await shown(page, "show");
                await page.waitForFunction(
                    () =>
                        document.getElementById("bars").naturalWidth > 0 &&
                        document.getElementById("code-qr").naturalWidth > 0,
                );
                const code = (await textOf(page, "digits")).replaceAll(" ", "");
                assert.match(code, /^28\d{16}$/);
                await fits(page);

                /* What logs in is not where the till looks: it comes when it is asked for. */
                assert.equal(await textOf(page, "login-digits"), "");
                await page.click("#login-show");
                await shown(page, "login-shown");
                const login_code = (await textOf(page, "login-digits")).replaceAll(" ", "");
                assert.match(login_code, /^38\d{16}$/);
                assert.notEqual(login_code.slice(2), code.slice(2));
                await fits(page);

                /* The till scans what the wallet shows. */
                const before = await sandbox.balance("1001");
                const sale = { shop_id: "1", out_trade_no: number("W"), amount_minor: 100, pay_code: code };
                const sold = await sandbox.must("POST", "/v1/trades/pay", { ...sale, subject: "Gum" });
                assert.equal(sold.state, "TRADE_SUCCESS");
                await page.waitForFunction((old) => {
                    const now = document.getElementById("digits").textContent.replaceAll(" ", "");
                    return now !== "" && now !== old;
                }, code);

                /* A trade's code waits to be confirmed. */
                await page.fill("#qr-text", trade.qr_url);
                await page.click("#scan-form button.main");
                const waiting = page.locator(`#trades li[data-key="${trade.trade_id}"]`);
                await waiting.locator("button.main").click();
                await waiting.waitFor({ state: "detached" });

                /* A counter's code wants an amount. */
                await page.fill("#qr-text", counter.qr_url);
                await page.click("#scan-form button.main");
                await shown(page, "amount-field");
                await page.fill("#amount", "nothing");
                await page.click("#scan-form button.main");
                await shown(page, "scan-fault");
                await page.fill("#amount", "3.5");
                await page.click("#scan-form button.main");
                await page.waitForSelector("#amount-field", { state: "hidden" });
                assert.equal(await sandbox.balance("1001"), before - 100 - 880 - 350);
                await page.waitForFunction(() => document.getElementById("lines").children.length >= 3);
                await fits(page);
            });
        });

        test("says that a code is not one of ours", async () => {
            await withPage(options, async (page) => {
                await page.goto(sandbox.url + "/wallet/");
                await logIn(page);
                await shown(page, "scan");
                await page.fill("#qr-text", "https://other.example/q/t/1.AAAAAAAAAA");
                await page.click("#scan-form button.main");
                await shown(page, "amount-field");
                await page.fill("#amount", "1");
                await page.click("#scan-form button.main");
                await shown(page, "scan-fault");
                const language = where === "phone" ? "zh" : "en";
                assert.equal(await textOf(page, "scan-fault"), wallet_words[language].fault_qr_invalid);
            });
        });
    });

describe("the wallet", () => {
    test("reads a picture where the browser can", async () => {
        const trade = await open();
        await withPage(desk, async (page) => {
            await page.addInitScript((text) => {
                window.BarcodeDetector = class {
                    async detect(picture) {
                        return picture.width > 0 ? [{ rawValue: text }] : [];
                    }
                };
            }, trade.qr_url);
            await page.goto(sandbox.url + "/wallet/");
            await logIn(page, 1);
            await shown(page, "picture-label");
            const picture = await fetch(
                `${sandbox.url}/v1/qr.png?` + new URLSearchParams({ text: trade.qr_url }),
                { headers: { authorization: "Bearer " + sandbox.facts.operator_token } },
            );
            const buffer = Buffer.from(await picture.arrayBuffer());
            await page.setInputFiles("#picture", { name: "qr.png", mimeType: "image/png", buffer });
            const waiting = page.locator(`#trades li[data-key="${trade.trade_id}"]`);
            await waiting.waitFor();
            await page.setInputFiles("#picture", { name: "x.png", mimeType: "image/png", buffer: Buffer.from("x") });
            await shown(page, "scan-fault");
            assert.equal(await textOf(page, "scan-fault"), wallet_words.en.fault_picture);
            await waiting.locator("button").nth(1).click();
            await waiting.waitFor({ state: "detached" });
        });
    });

    test("takes the order that a shop's app hands over", async () => {
        const sdk = sandbox.sdk();
        const order = sdk.sdkExec("alipay.trade.app.pay", {
            bizContent: {
                out_trade_no: number("A"),
                total_amount: "7.00",
                subject: "App",
                product_code: "QUICK_MSECURITY_PAY",
            },
        });
        await withPage(desk, async (page) => {
            await page.goto(sandbox.url + "/wallet/");
            await logIn(page);
            await shown(page, "scan");
            await page.fill("#qr-text", order.replace("7.00", "0.01"));
            await page.click("#scan-form button.main");
            await shown(page, "scan-fault");
            assert.equal(await textOf(page, "scan-fault"), wallet_words.en.fault_order);
            await page.fill("#qr-text", order);
            await page.click("#scan-form button.main");
            await page.waitForURL("**/checkout/**");
            await shown(page, "confirm");
            await page.click("#pay");
            await shown(page, "verdict");
        });
    });

    test("logs out, and the session is over after a quarter of an hour", async () => {
        await withPage(desk, async (page) => {
            await page.goto(sandbox.url + "/wallet/");
            await logIn(page);
            await shown(page, "money");
            await page.click("#logout");
            await shown(page, "login");
            await page.reload();
            await shown(page, "login");
            await logIn(page);
            await shown(page, "money");
            await sandbox.later(16 * 60);
            await shown(page, "login");
        });
    });
});

for (const [where, options] of Object.entries({ desk, phone }))
    describe("an app that asks on a " + where, () => {
        const address = (more) => {
            const query = {
                app_id: sandbox.facts.app.app_id,
                scope: "auth_user",
                redirect_uri: shop.url + "/welcome?from=us",
                state: "a b&c=d",
                ...more,
            };
            return `${sandbox.url}/oauth2/publicAppAuthorize.htm?` + new URLSearchParams(query);
        };

        test("gets a code when the shopper agrees", async () => {
            await withPage(options, async (page) => {
                await page.goto(address({}));
                await shown(page, "login");
                assert.equal(await textOf(page, "app"), sandbox.facts.app.name);
                await fits(page);
                await logIn(page, 1);
                await shown(page, "confirm");
                await page.click("#agree");
                await page.waitForURL(shop.url + "/**");
                const told = new URL(page.url()).searchParams;
                assert.equal(told.get("from"), "us");
                assert.equal(told.get("state"), "a b&c=d");
                assert.equal(told.get("app_id"), sandbox.facts.app.app_id);
                assert.match(told.get("auth_code"), /^[0-9a-f]{40}$/);
                const token = await sandbox.sdk().exec("alipay.system.oauth.token", {
                    grant_type: "authorization_code",
                    code: told.get("auth_code"),
                });
                assert.equal(token.userId, sandbox.facts.shoppers[1].user_id);
            });
        });

        test("is not told anything at an address that is not its own", async () => {
            for (const wrong of [
                { redirect_uri: "https://evil.example/" },
                { redirect_uri: "http://127.0.0.1@evil.example/" },
                { redirect_uri: "javascript:alert(1)" },
                { app_id: "9021999999999999" },
                { scope: "everything" },
            ])
                await withPage(options, async (page) => {
                    await page.goto(address(wrong));
                    await shown(page, "lost");
                    assert.ok(await page.locator("#ways").isHidden());
                    const key = "lost_" + Object.keys(wrong)[0];
                    assert.equal(await textOf(page, "lost-words"), oauth_words[where === "phone" ? "zh" : "en"][key]);
                    await fits(page);
                });
        });
    });

describe("the sandbox's page", () => {
    test("gives codes and opens wallets", async () => {
        await withPage(phone, async (page) => {
            await page.goto(sandbox.url + "/sandbox/");
            await page.waitForSelector("#shoppers li");
            assert.equal(await page.locator("#shoppers li").count(), sandbox.facts.shoppers.length);
            await page.locator("#shoppers li").nth(2).locator("button").nth(1).click();
            await page.waitForFunction(() => /^28\d{16}$/.test(document.querySelectorAll(".digits")[2].textContent));
            await fits(page);
            await page.locator("#shoppers li").nth(0).locator("button").nth(0).click();
            await page.waitForURL("**/wallet/");
            await shown(page, "money");
        });
    });
});

/* What stands around the otp in a code's nine digits: src/till/paycode_digits.c says that it is no secret. */
function mixOf(otp) {
    const kept = (value) => BigInt.asUintN(64, value);
    let x = kept(BigInt(otp) + 0x9e3779b97f4a7c15n);
    x = kept((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
    x = kept((x ^ (x >> 27n)) * 0x94d049bb133111ebn);
    return Number((x ^ (x >> 31n)) % 1_000_000_000n);
}

/* A log-in code of the same device with another otp. */
function codeBeside(code, step) {
    const otp = Number(code.slice(11));
    const other = (otp + step) % 10 ** 7;
    const alias = (Number(code.slice(2, 11)) - mixOf(otp) + 10 ** 9) % 10 ** 9;
    const front = (alias + mixOf(other)) % 10 ** 9;
    return "38" + String(front).padStart(9, "0") + String(other).padStart(7, "0");
}

describe("a session", () => {
    const begin = (body, headers = { "content-type": "application/json" }) =>
        fetch(sandbox.url + "/session", { method: "POST", headers, body });

    test("is worth nothing without its proof, and nothing for others", async () => {
        const headers = await sandbox.logIn("1002");
        const wallet = (id, more) =>
            fetch(`${sandbox.url}/v1/shoppers/${id}/wallet`, { headers: { ...headers, ...more } });
        assert.equal((await wallet("1002", {})).status, 200);
        assert.equal((await wallet("1001", {})).status, 403);
        assert.equal((await wallet("1002", { "onetill-proof": "" })).status, 401);
        assert.equal((await wallet("1002", { "onetill-proof": "A".repeat(22) })).status, 401);
        const forged = headers.cookie.replace(/.$/, (last) => (last === "A" ? "E" : "A"));
        assert.equal((await wallet("1002", { cookie: forged })).status, 401);
        const other = await sandbox.logIn("1001");
        assert.equal((await wallet("1002", { cookie: other.cookie })).status, 401, "a proof fits one cookie");
        const own = await (await fetch(sandbox.url + "/session", { headers: { cookie: headers.cookie } })).json();
        assert.equal(own.shopper_id, "1002");
        assert.equal(own.proof, headers["onetill-proof"]);
    });

    test("begins by JSON only, with a code that is used once", async () => {
        const account = sandbox.facts.shoppers[0].user_id;
        const body = JSON.stringify({ account, login_code: await sandbox.loginCode("1001") });
        assert.equal((await begin(body, { "content-type": "text/plain" })).status, 422);
        assert.equal((await begin(body)).status, 200);
        const again = await begin(body);
        assert.equal((await again.json()).code, "code_used");
        const elsewhere = JSON.stringify({ account, login_code: await sandbox.loginCode("1002") });
        assert.notEqual((await begin(elsewhere)).status, 200, "another shopper's code");
        assert.equal((await begin("{}")).status, 422);
        assert.equal((await begin("no json")).status, 422);
    });

    test("is not to be had by a code that a till was shown", async () => {
        const account = "2088000000001001";
        const { pay_code, login_code } = await sandbox.codes("1001");
        /* Neither is the pay code taken, nor its digits under the other two, nor the member of old. */
        const shown = await begin(JSON.stringify({ account, login_code: pay_code }));
        assert.equal(shown.status, 422);
        const problem = await shown.json();
        assert.equal(problem.code, "login_code_malformed");
        assert.equal(problem.field, "login_code");
        const disguised = await begin(JSON.stringify({ account, login_code: "38" + pay_code.slice(2) }));
        assert.equal((await disguised.json()).code, "code_unknown");
        assert.equal((await begin(JSON.stringify({ account, pay_code }))).status, 422);

        /* And no till takes a log-in code, of neither door. */
        const sale = { shop_id: "1", out_trade_no: number("L"), amount_minor: 100, subject: "Gum" };
        const [status, refused] = await sandbox.rest("POST", "/v1/trades/pay", { ...sale, pay_code: login_code });
        assert.equal(status, 422);
        assert.equal(refused.code, "code_malformed");
        const paid = await sandbox.sdk().exec("alipay.trade.pay", {
            bizContent: {
                out_trade_no: number("L"),
                total_amount: "1.00",
                subject: "Gum",
                scene: "bar_code",
                auth_code: login_code,
            },
        });
        assert.equal(paid.subCode, "ACQ.PAYMENT_AUTH_CODE_INVALID");

        /* Both are still good for what they are for; one minute of a device is good for one of them. */
        assert.equal((await begin(JSON.stringify({ account, login_code }))).status, 200);
        const [, used] = await sandbox.rest("POST", "/v1/trades/pay", { ...sale, pay_code });
        assert.equal(used.code, "code_elsewhere");
        const other = await sandbox.codes("1001");
        await sandbox.must("POST", "/v1/trades/pay", { ...sale, out_trade_no: number("L"), pay_code: other.pay_code });
        const burnt = await begin(JSON.stringify({ account, login_code: other.login_code }));
        assert.equal((await burnt.json()).code, "code_elsewhere");
    });

    test("is not to be had by trying", async () => {
        /* What is counted is counted by the minute: this one has just begun. */
        await sandbox.later(121 - ((Date.now() + sandbox.moved_ms) / 1000) % 60);

        /* At a device: five wrong codes in a minute, then not even the right one. */
        const right = await sandbox.loginCode("1003");
        for (let i = 1; i < 8; i++) {
            const login_code = codeBeside(right, i);
            const answer = await begin(JSON.stringify({ account: "2088000000001003", login_code }));
            assert.equal((await answer.json()).code, i <= 5 ? "code_unknown" : "attempts_exceeded", `try ${i}`);
        }
        const late = await begin(JSON.stringify({ account: "2088000000001003", login_code: right }));
        assert.equal((await late.json()).code, "attempts_exceeded");

        /* From an address, at whatever devices; from this machine, where a proxy may stand, after 300. */
        let code, tries;
        for (tries = 0; tries < 700 && code !== "attempts_exceeded"; tries++) {
            const login_code = "38" + String(10 ** 15 + tries * 7919 * 10 ** 7).padStart(16, "0");
            const answer = await begin(JSON.stringify({ account: "2088000000001003", login_code }));
            code = (await answer.json()).code;
        }
        assert.equal(code, "attempts_exceeded");
        assert.ok(tries > 200, "as many as shoppers behind a proxy may make together");
        await sandbox.later(120);
        assert.ok((await sandbox.logIn("1003")).cookie);
    });
});
