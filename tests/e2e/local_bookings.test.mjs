/* SPDX-License-Identifier: Apache-2.0 */
/* Slots, seats and numbers on the shopper's phone. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { words as deals_words } from "../../web/deals/text.js";
import { desk, english_phone, fits, phone, says, streetHere, tabTo } from "./local_stage.mjs";

const street = streetHere();
const { must, withPage } = street;

describe("bookings", () => {
    const say = deals_words.en;
    let room, hall, show;

    before(async () => {
        const rules = { shop_id: "1", pay: "before", free_minutes: 60, late_percent: 50 };
        room = await must("POST", "/v1/resources", {
            ...rules,
            name: "Karaoke 小包",
            kind: "room",
            slots_most: 3,
            people_max: 6,
        });
        const hours = [0, 1, 2, 3, 4, 5, 6].map((weekday) => ({ weekday, opens: 0, closes: 1440 }));
        await must("POST", `/v1/resources/${room.resource_id}/schedule`, {
            slot_minutes: 60,
            price_minor: 6800,
            hours,
        });
        hall = await must("POST", "/v1/resources", { ...rules, name: "Hall 1", kind: "hall", gap_rule: "between" });
        const lines = ["A", "B", "C"].map((label) => ({ label, seats: 2 ** 10 - 1, aisles: 2 ** 4, price: 0 }));
        await must("POST", `/v1/resources/${hall.resource_id}/seat-map`, { lines });
        show = await must("POST", `/v1/resources/${hall.resource_id}/shows`, {
            title: "The Long Till",
            starts_at: street.at(4 * 3600),
            ends_at: street.at(6 * 3600),
            prices: [{ price_minor: 4500 }],
        });
    });

    test("of slots are made and cancelled", async () => {
        await withPage(english_phone, async (page) => {
            await street.logIn(page, "#shop/1");
            await page.locator("a.card", { hasText: "Karaoke" }).click();
            await page.locator(".days button").nth(1).click();
            await page.locator(".slot").nth(10).click();
            await page.locator(".slot").nth(11).click();
            await says(page, "#book", "136.00");
            await fits(page);
            const before = await street.sandbox.balance("1001");
            await page.click("#book");
            await says(page, ".booking", say.booking_confirmed);
            assert.equal(before - (await street.sandbox.balance("1001")), 13_600);
            await page.locator("[id^=cancel-]").first().click();
            await says(page, "button.sure", say.booking_cancel_sure);
            await page.locator("button.sure").click();
            await says(page, ".booking", say.booking_cancelled);
            assert.equal(await street.sandbox.balance("1001"), before);
            await fits(page);
        });
    });

    test("are moved to another time, and cost what that costs", async () => {
        const path = `/v1/resources/${room.resource_id}`;
        const day = street.at(5 * 86_400).slice(0, 10);
        const { data } = await must("GET", `${path}/slots?day=${day}&limit=20`);
        const book = { shopper_id: "1001", starts_at: data[10].starts_at, slots: 2, confirmed: true };
        const { booking_id } = await must("POST", path + "/bookings", book);
        await must("POST", path + "/bookings", { ...book, shopper_id: "1002", starts_at: data[14].starts_at });
        await withPage(english_phone, async (page) => {
            await street.logIn(page, "#bookings");
            await page.click("#move-" + booking_id);
            await says(page, "#view", "Karaoke");
            const slot = (index) => page.locator(".slot").nth(index);
            await slot(13).click(); /* its second hour is somebody else's */
            await says(page, "#view", say.move_full);
            await fits(page);
            await slot(11).click(); /* its own second hour is free for it */
            await page.focus("#move");
            await page.keyboard.press("Enter");
            await says(page, "#booking-" + booking_id, say.booking_confirmed);
            const moved = await must("GET", "/v1/bookings/" + booking_id);
            assert.equal(moved.starts_at, data[11].starts_at);
            assert.equal(moved.moves, 1);
        });
        await withPage(phone, async (page) => {
            await street.logIn(page, "#move/" + booking_id);
            await page.locator(".slot").nth(2).click();
            await page.waitForSelector("#move:enabled");
            await must("POST", path + "/bookings", { ...book, shopper_id: "1003", starts_at: data[2].starts_at });
            await page.waitForSelector("#move", { state: "detached" }); /* somebody was faster */
            await fits(page);
        });
    });

    test("of seats are made by keys; taken ones cannot be chosen", async () => {
        await must("POST", `/v1/shows/${show.show_id}/bookings`, {
            shopper_id: "1002",
            seats: [{ line: 1, seat: 5 }],
            confirmed: true,
        });
        await withPage(desk, async (page) => {
            await street.logIn(page, "#seats/" + show.show_id);
            await page.waitForSelector(".seat.taken");
            assert.equal(await page.locator("#seat-1-5").count(), 0);
            await tabTo(page, "seat-0-1");
            await page.keyboard.press("ArrowRight");
            await page.keyboard.press("ArrowDown");
            await page.keyboard.press("ArrowDown");
            await page.keyboard.press("Enter");
            await says(page, '#seat-2-2[aria-pressed="true"]', "✓");
            await page.keyboard.press("ArrowRight");
            await page.keyboard.press("Enter");
            await tabTo(page, "book");
            await page.keyboard.press("Enter");
            await says(page, ".booking", "C-2, C-3");
            const { data } = await must("GET", "/v1/shoppers/1001/bookings?limit=1");
            assert.deepEqual(data[0].seats, [
                { line: 2, seat: 2 },
                { line: 2, seat: 3 },
            ]);
        });
        await withPage(phone, async (page) => {
            await street.logIn(page, "#seats/" + show.show_id, 1);
            await page.click("#best");
            await says(page, ".booking", deals_words.zh.booking_confirmed);
        });
    });

    test("a number is taken, called, and given up", async () => {
        const queue = await must("POST", "/v1/shops/1/queues", { name: "Small tables", letter: "A", people_most: 4 });
        await withPage(phone, async (page) => {
            await street.logIn(page, "#shop/1");
            await page.click("#take-" + queue.queue_id);
            await says(page, ".number", "A1");
            await must("POST", `/v1/queues/${queue.queue_id}/call`);
            await says(page, ".number[data-state=called]", deals_words.zh.queue_called);
            await page.locator(".number button").click();
            await page.waitForSelector(".number", { state: "detached" });
        });
    });
});
