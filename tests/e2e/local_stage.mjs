/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sandbox with a street in it: deals of all kinds, a karaoke room, a cinema's hall, a kitchen with two stations and
 * tables; and browsers that look at its pages. What is asked of every page is asked here: no errors, no violations of
 * the policy, nothing from elsewhere, no scrolling sideways.
 */
import assert from "node:assert/strict";
import { after, before } from "node:test";

import { chromium } from "playwright-core";

import { comes_ms, Sandbox } from "./alipay_stage.mjs";

export const desk = { viewport: { width: 1280, height: 900 }, locale: "en-GB" };
export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, locale: "zh-CN" };
export const english_phone = { ...phone, locale: "en-GB" };
export const here = { latitude_e6: 30274100, longitude_e6: 120155100 };

const all_day = Array(7).fill({ minute_from: 0, minute_to: 1440 });
/* What the browser itself says of an answer that is no 200; the page says it in words of its own. */
const expected_noise = /Failed to load resource: the server responded with a status of (401|402|403|404|409|422|429)/;

export class Street {
    constructor() {
        this.must = this.must.bind(this);
        this.withPage = this.withPage.bind(this);
    }

    async open() {
        this.sandbox = await Sandbox.start();
        this.browser = await chromium.launch({
            executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
            args: ["--no-sandbox", "--disable-gpu"],
        });
        this.url = this.sandbox.url;
        const place = { ...here, category: "dining", address: "88 Hubin Road 湖滨路", hours: all_day };
        await this.must("PUT", "/v1/shops/1/place", place);
        await this.must("PUT", "/v1/shops/2/place", { ...place, latitude_e6: here.latitude_e6 + 9000 });
        for (const id of ["1001", "1002", "1003"])
            await this.must("POST", `/v1/shoppers/${id}/wallet/top_up`, { amount_minor: 500_000 });
    }

    async stop() {
        await this.browser?.close();
        await this.sandbox?.stop();
    }

    must(method, path, body, token) {
        return this.sandbox.must(method, path, body, token);
    }

    /* The instant that many seconds from now, by the sandbox's clock. */
    at(seconds) {
        return new Date(Date.now() + this.sandbox.moved_ms + seconds * 1000).toISOString();
    }

    deal(more) {
        return this.must("POST", "/v1/deals", {
            shop_id: "1",
            kind: "voucher",
            category: "dining",
            title: "Lunch 午餐",
            rules: "One for each table. 每桌限用一张。",
            price_minor: 8800,
            list_price_minor: 16800,
            stock: 100,
            sale_until: this.at(30 * 86400),
            valid_until: this.at(60 * 86400),
            refund: "any_time",
            ...more,
        });
    }

    /* A voucher that this shopper has bought. */
    async bought(deal_id, shopper_id = "1001") {
        const body = { shopper_id, confirmed: true };
        const { purchase_id } = await this.must("POST", `/v1/deals/${deal_id}/purchases`, body);
        const { data } = await this.must("GET", `/v1/shoppers/${shopper_id}/vouchers?limit=100`);
        return data.find((voucher) => voucher.purchase_id === purchase_id);
    }

    /* A kitchen with two stations; the numbers of its dishes. */
    async kitchen(more = {}) {
        const stations = [
            { station: 1, name: "Wok 炒锅" },
            { station: 2, name: "Drinks 饮品" },
        ];
        const kitchen = { open: true, service_bp: 1000, stations, slot_capacity: 600, ...more };
        await this.must("PUT", "/v1/shops/1/kitchen", kitchen);
        const dish = async (name, price_minor, more) =>
            (await this.must("POST", "/v1/merchants/1/dishes", { name, price_minor, minutes: 5, ...more })).dish_id;
        return {
            noodles: await dish("Noodles 面", 2800, {
                station: 1,
                place: 1,
                category: "Food",
                groups: [{ group: 1, name: "Heat", least: 1, most: 1 }],
                options: [
                    { option: 1, group: 1, name: "Mild" },
                    { option: 2, group: 1, name: "Hot", price_minor: 100 },
                ],
            }),
            tea: await dish("Tea 茶", 1201, { station: 2, place: 2, category: "Drinks" }),
        };
    }

    /* Runs `body` with a page, then checks what must hold for each. */
    async withPage(options, body) {
        /* What this browser may complain of besides, and where it may ask besides. */
        const { noise = null, elsewhere = null, ...context_options } = options;
        const context = await this.browser.newContext(context_options);
        context.setDefaultTimeout(comes_ms);
        const page = await context.newPage();
        const problems = [];
        page.on("console", (message) => {
            const bad = ["error", "warning"].includes(message.type());
            const text = message.text();
            const known = expected_noise.test(text) || noise?.test(text);
            if (bad && !known) problems.push(text);
        });
        page.on("pageerror", (error) => problems.push(error.stack));
        page.on("request", (request) => {
            const { origin } = new URL(request.url());
            if (![this.url, elsewhere].includes(origin)) problems.push("a request elsewhere: " + request.url());
        });
        await page.addInitScript(() => {
            window.violations = [];
            document.addEventListener("securitypolicyviolation", (event) =>
                window.violations.push(event.violatedDirective + " " + event.blockedURI),
            );
        });
        try {
            await body(page, context);
            await fits(page);
            assert.deepEqual(await page.evaluate(() => window.violations), [], "violations of the policy");
            assert.deepEqual(problems, [], "errors and warnings");
        } finally {
            await context.close();
        }
    }

    /* One of the sandbox's shoppers logs in at a page that wants to know who it is. */
    async logInAt(page, address, shopper = 0) {
        await page.goto(address);
        await page.waitForSelector("#sandbox-shoppers button");
        await page.locator("#sandbox-shoppers button").nth(shopper).click();
        await page.waitForFunction(() => document.getElementById("login-code").value.length === 18);
        await page.click("#login-button");
    }

    /* The phone of a shopper, logged in, at this part of /deals/. */
    async logIn(page, address = "#near", shopper = 0) {
        await this.logInAt(page, this.url + "/deals/" + address, shopper);
        await page.waitForSelector("#view:not([hidden])");
    }

    /* A page of the staff, entered by the token behind the address's #. */
    async staff(page, name, shop_id = "1") {
        const token = await this.sandbox.token("shop", shop_id);
        await page.goto(`${this.url}/${name}/#shop=${shop_id}&token=${token}`);
        await page.waitForSelector("#view:not([hidden])");
    }
}

/* A street that is there from before the first test of a file until after the last. */
export function streetHere() {
    const street = new Street();
    before(() => street.open());
    after(() => street.stop());
    return street;
}

export async function fits(page) {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} pixels too wide`);
}

/* Waits until an element says so. */
export function says(page, selector, text) {
    return page.locator(selector, { hasText: text }).first().waitFor();
}

/*
 * Holds back the answers to the next `most` requests that `matches` says yes to: what the server says now comes when it
 * is let go.
 * Answers { held, go }: `held` is there when the first answer is, `go` lets all of them come and holds no more.
 */
export async function holdBack(page, matches, most = Infinity) {
    let caught, letGo;
    let holding = true;
    const held = new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error("nothing was asked that was to be held back")), comes_ms);
        caught = () => resolve(clearTimeout(late));
    });
    const gone = new Promise((resolve) => (letGo = resolve));
    const open = [];
    const hold = async (route) => {
        const response = await route.fetch();
        caught();
        await gone;
        await route.fulfill({ response });
    };
    const wanted = (url) => holding && open.length < most && matches(url.pathname + url.search);
    await page.route(wanted, (route) => void open.push(hold(route)));
    const go = async () => {
        holding = false;
        letGo();
        await Promise.all(open);
    };
    return { held, go };
}

/* Notes, from now on, whether this was ever not said: answers a function that tells. */
export async function alwaysSays(page, selector, text) {
    const name = "unsaid_" + Math.random().toString(36).slice(2);
    await page.evaluate(
        ([name, selector, text]) => {
            window[name] = 0;
            const look = () => {
                const found = [...document.querySelectorAll(selector)].some((one) => one.textContent.includes(text));
                if (!found) window[name]++;
            };
            look();
            new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
        },
        [name, selector, text],
    );
    return async () => assert.equal(await page.evaluate((key) => window[key], name), 0, `"${text}" was not shown`);
}

/* Moves by Tab until the element with this id has the focus. */
export async function tabTo(page, id) {
    for (let steps = 0; steps < 60; steps++) {
        if ((await page.evaluate(() => document.activeElement.id)) === id) return;
        await page.keyboard.press("Tab");
    }
    assert.fail(`#${id} is not reached by Tab`);
}
