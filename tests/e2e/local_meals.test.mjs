/* SPDX-License-Identifier: Apache-2.0 */
/* Meals: several phones at a table, the kitchen's screen, what is taken away. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { words as deals_words } from "../../web/deals/text.js";
import { words as kitchen_words } from "../../web/kitchen/text.js";
import { desk, english_phone, fits, phone, says, streetHere } from "./local_stage.mjs";

const street = streetHere();
const { must, withPage } = street;

describe("a meal", () => {
    let dishes, table;

    before(async () => {
        dishes = await street.kitchen();
        table = await must("POST", "/v1/shops/1/tables", { name: "7", seats: 4 });
    });

    test("at a table: two phones order, the kitchen cooks, each pays their own", async () => {
        const [en, zh] = [deals_words.en, deals_words.zh];
        const address = `#table/${table.table_id}/${table.code}`;
        await withPage(english_phone, async (one) => {
            await street.logIn(one, address);
            await one.fill("#guest-name", "Xia");
            await one.click("#join");
            await withPage(phone, async (two) => {
                await street.logIn(two, address, 1);
                await two.fill("#guest-name", "Bo");
                await two.click("#join");
                await one.click("#dish-" + dishes.noodles);
                await one.check(`#option-${dishes.noodles}-2`);
                await one.fill("#dish-note", "no nuts");
                await one.click("#dish-add");
                await two.click("#dish-" + dishes.tea);
                await two.click("#dish-add");
                await one.click("#tab-order");
                await says(one, "#view", "Bo");
                await says(one, "#view", "Tea 茶");
                await two.click("#tab-order");
                await says(two, "#view", "Noodles 面");
                await fits(one);
                await withPage(desk, (kitchen) => cook(kitchen, () => one.click("#send")));
                await says(one, "#view", en.line_made);

                /* 29.00 and 12.01 with ten percent of service. */
                await one.click("#tab-bill");
                await one.click("#mode-guests");
                await one.click("#split");
                await says(one, ".bill", "Xia");
                await two.click("#tab-bill");
                await says(two, ".bill", zh.bill_open);
                await fits(two);
                await one.locator(".bill", { hasText: "Xia" }).locator("button.main").click();
                await says(two, ".bill[data-state=paid]", "Xia");
                await two.locator(".tips button").nth(2).click();
                await two.locator(".bill", { hasText: "Bo" }).locator("button.main").click();
                await says(two, "#all-paid", zh.all_paid);
                await says(one, "#all-paid", en.all_paid);
                const { data } = await must("GET", "/v1/shops/1/meals?all=true&limit=1");
                assert.equal(data[0].food_minor, 4101);
                assert.equal(data[0].paid_minor, data[0].food_minor + data[0].service_minor + data[0].tip_minor);
                assert.equal(data[0].tip_minor, 132);
                assert.equal(data[0].state, "done");
            });
        });
    });

    /* What comes from tables is on the screen at once, and goes by keys. */
    async function cook(kitchen, send) {
        const say = kitchen_words.en;
        await kitchen.addInitScript(() => {
            const timer = window.setTimeout.bind(window);
            window.setTimeout = (work, wait_ms, ...more) => (wait_ms < 3000 ? timer(work, wait_ms, ...more) : 0);
        });
        await street.staff(kitchen, "kitchen");
        await says(kitchen, "#line", say.line_live);
        await says(kitchen, "#view", say.none);
        await send(); /* the page does not ask by itself: a ticket comes as an event */
        await kitchen.waitForFunction(() => document.querySelectorAll(".kitchen-ticket").length === 2);
        await says(kitchen, ".kitchen-ticket", "no nuts");
        await says(kitchen, ".kitchen-ticket", "Hot");
        await kitchen.keyboard.press("2");
        await kitchen.waitForFunction(() => document.querySelectorAll(".kitchen-ticket").length === 1);
        await says(kitchen, ".kitchen-ticket", "Tea 茶");
        await kitchen.keyboard.press("0");
        await kitchen.keyboard.press("ArrowRight");
        await kitchen.keyboard.press("Enter");
        await kitchen.waitForSelector(".kitchen-ticket[data-state=cooking]");
        await kitchen.keyboard.press("p");
        await says(kitchen, ".kitchen-ticket", say.prints.replace("{count}", "2"));
        await kitchen.keyboard.press("Enter");
        await kitchen.waitForFunction(() => document.querySelectorAll(".kitchen-ticket").length === 1);
        await says(kitchen, ".lately", "1 ×");
        await kitchen.keyboard.press("r");
        await kitchen.waitForFunction(() => document.querySelectorAll(".kitchen-ticket").length === 2);
        await says(kitchen, ".kitchen-ticket", say.recalled);
        /* As on a bump bar: keys do not wait for answers. The first is being cooked, the second is new. */
        await kitchen.locator(".kitchen-ticket[data-state=cooking]").focus();
        await kitchen.keyboard.press("Enter");
        await kitchen.waitForFunction(() => document.querySelectorAll(".kitchen-ticket").length === 1);
        await kitchen.locator(".kitchen-ticket[data-state=queued]").focus();
        await kitchen.keyboard.press("Enter");
        await kitchen.keyboard.press("Enter");
        await says(kitchen, "#view", say.none);
    }

    test("that has run out is on no phone any more, and is there again", async () => {
        await withPage(phone, async (page) => {
            await street.logIn(page, "#shop/1");
            await page.click("#take-away");
            await page.waitForSelector("#dish-" + dishes.tea);
            await withPage(desk, async (kitchen) => {
                await street.staff(kitchen, "kitchen");
                await kitchen.click("#stock summary");
                await kitchen.click("#stock-" + dishes.tea);
                await page.waitForSelector("#dish-" + dishes.tea, { state: "detached" });
                await kitchen.click("#stock-" + dishes.tea);
                await page.waitForSelector("#dish-" + dishes.tea);
            });
            await page.click("#dish-" + dishes.tea);
            await page.click("#dish-add");
            await page.click("#tab-order");
            await page.click("#place");
            await says(page, "#meal-state", deals_words.zh.meal_state_cooking);
            await fits(page);
        });
    });

    test("a kitchen without a line asks by itself, and says so", async () => {
        await withPage({ ...desk, viewport: { width: 1024, height: 768 }, noise: /status of 503/ }, async (page) => {
            const body = { status: 503, body: "{}", contentType: "application/json" };
            await page.route("**/v1/events", (route) => route.fulfill(body));
            await street.staff(page, "kitchen");
            await says(page, "#line", kitchen_words.en.line_lost);
            const order = await must("POST", "/v1/shops/1/meals", { kind: "dine_in", table_id: table.table_id });
            await must("POST", `/v1/meals/${order.order_id}/lines`, { dish_id: dishes.tea, pieces: 4 });
            await must("POST", `/v1/meals/${order.order_id}/send`);
            await says(page, ".kitchen-ticket", "4 ×");
        });
    });
});
