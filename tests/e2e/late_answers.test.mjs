/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that come late: what a page has heard or done since it asked is newer than the answer. Each test holds an
 * answer back until something has happened, and lets it come then.
 */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { words as checkout_words } from "../../web/checkout/text.js";
import { words as counter_words } from "../../web/counter/text.js";
import { words as deals_words } from "../../web/deals/text.js";
import { Board } from "../../web/kitchen/board.js";
import { words as kitchen_words } from "../../web/kitchen/text.js";
import { number } from "./alipay_stage.mjs";
import { alwaysSays, desk, english_phone, holdBack, says, streetHere } from "./local_stage.mjs";

const street = streetHere();
const { must, withPage } = street;

describe("the board of a kitchen", () => {
    const ticket = (state, prints, more) => ({ ticket_id: "1", state, late: false, recalls: 0, prints, ...more });
    const stand = (board) => [board.get("1").state, board.get("1").prints];

    test("keeps news that a list may not have, until a list has it", () => {
        const board = new Board();
        assert.ok(board.take([ticket("queued", 1)], 10));
        board.hear("1", { state: "cooking" }, 20);
        assert.deepEqual(stand(board), ["cooking", 1]);
        assert.ok(!board.take([ticket("queued", 1)], 15), "asked for before the news");
        assert.deepEqual(stand(board), ["cooking", 1]);
        assert.ok(!board.take([ticket("queued", 1)], 20), "at the same moment");
        assert.deepEqual(stand(board), ["cooking", 1]);
        assert.ok(board.take([ticket("cooking", 3)], 21));
        assert.deepEqual(stand(board), ["cooking", 3]);
        assert.ok(board.take([], 30));
        assert.equal(board.get("1"), undefined);
    });

    test("joins what was heard bit by bit, also of a ticket that it knows later", () => {
        const board = new Board();
        board.hear("1", { state: "cooking" }, 5);
        assert.equal(board.get("1"), undefined);
        board.hear("1", { prints: 2 }, 6);
        assert.ok(!board.take([ticket("queued", 1, { items: [7] })], 4));
        assert.deepEqual(stand(board), ["cooking", 2]);
        assert.deepEqual(board.get("1").items, [7]);
        assert.ok(!board.take([], 4), "a list that it had left while it was read");
        assert.deepEqual(stand(board), ["cooking", 2]);
    });

    test("cannot say which came last, an answer or other news of the same time", () => {
        const board = new Board();
        board.take([ticket("queued", 1)], 1);
        assert.ok(board.answered("1", ticket("cooking", 1), 5, 6));
        board.hear("1", ticket("cooking", 1), 7);
        assert.ok(board.answered("1", ticket("cooking", 2), 8, 9), "what was heard before it was sent is older");
        board.hear("1", ticket("bumped", 2), 11);
        assert.ok(!board.answered("1", ticket("cooking", 3), 10, 12));
        board.hear("1", ticket("bumped", 4), 14);
        assert.ok(board.answered("1", ticket("bumped", 4), 13, 15), "both say the same");
    });
});

describe("a kitchen's screen", () => {
    const say = kitchen_words.en;
    let dishes;
    let tables = 0;

    before(async () => {
        dishes = await street.kitchen();
    });

    /* The ticket of what is sent to the kitchen from a table where nobody sat before. */
    async function ordered(pieces) {
        const table = await must("POST", "/v1/shops/1/tables", { name: String(++tables), seats: 4 });
        const order = await must("POST", "/v1/shops/1/meals", { kind: "dine_in", table_id: table.table_id });
        await must("POST", `/v1/meals/${order.order_id}/lines`, { dish_id: dishes.tea, pieces });
        await must("POST", `/v1/meals/${order.order_id}/send`);
        const { data } = await must("GET", "/v1/shops/1/tickets?limit=100");
        return data.find((ticket) => ticket.order_id === order.order_id).ticket_id;
    }

    const mark = (ticket_id, action) => must("POST", `/v1/tickets/${ticket_id}/mark`, { action });
    const lists = (path) => path.startsWith("/v1/shops/1/tickets?");
    const listed = (page) => page.waitForResponse((response) => lists(new URL(response.url()).pathname + "?"));

    test("does not go back to what a list was before a mark, nor before an event", async () => {
        const [one, two] = [await ordered(2), await ordered(3)];
        await withPage(desk, async (page) => {
            await street.staff(page, "kitchen");
            await says(page, "#line", say.line_live);
            await says(page, "#ticket-" + two, "3 ×");
            const { held, go } = await holdBack(page, lists);
            await ordered(1); /* a new ticket: the list is asked for */
            await held;

            await page.locator("#ticket-" + one).focus();
            await page.keyboard.press("Enter");
            await page.waitForSelector(`#ticket-${one}[data-state=cooking]`);
            await page.keyboard.press("p");
            await says(page, "#ticket-" + one, say.prints.replace("{count}", "2"));
            await mark(two, "start");
            await page.waitForSelector(`#ticket-${two}[data-state=cooking]`);
            const printed = await alwaysSays(page, "#ticket-" + one, say.prints.replace("{count}", "2"));
            const cooking = await alwaysSays(page, "#ticket-" + two, say.cooking);
            await go();
            await listed(page); /* it asks again by itself, and that list is believed */
            await printed();
            await mark(one, "reprint");
            await says(page, "#ticket-" + one, say.prints.replace("{count}", "3"));
            await cooking();
            await page.locator("#ticket-" + one).focus();
            await page.keyboard.press("Enter");
            await page.waitForSelector("#ticket-" + one, { state: "detached" });
        });
    });

    test("shows how a ticket stands when others marked it while its own mark was under way", async () => {
        const ticket = await ordered(4);
        await withPage(desk, async (page) => {
            await street.staff(page, "kitchen");
            await says(page, "#line", say.line_live);
            await page.locator("#ticket-" + ticket).focus();
            const { held, go } = await holdBack(page, (path) => path.endsWith("/mark"));
            await page.keyboard.press("Enter");
            await held;
            await mark(ticket, "bump");
            await says(page, ".lately", "4 ×");
            await go(); /* which says that it is being cooked */
            await says(page, ".lately", "4 ×");
            await page.waitForSelector("#ticket-" + ticket, { state: "detached" });
        });
    });

    test("keeps the focus where it is when what stands in front goes, and gives keys to it", async () => {
        const [one, two] = [await ordered(1), await ordered(2)];
        await withPage(desk, async (page) => {
            await street.staff(page, "kitchen");
            await says(page, "#line", say.line_live);
            await page.locator("#ticket-" + two).focus();
            await mark(one, "start");
            await mark(one, "bump");
            await page.waitForSelector("#ticket-" + one, { state: "detached" });
            await page.keyboard.press("p");
            await says(page, "#ticket-" + two, say.prints.replace("{count}", "2"));
            await mark(one, "recall");
            await page.waitForSelector("#ticket-" + one);
            await page.keyboard.press("Enter");
            await page.waitForSelector(`#ticket-${two}[data-state=cooking]`);
        });
    });

    test("does not forget what has run out, and takes the next touch while the first is under way", async () => {
        await withPage(desk, async (page) => {
            await street.staff(page, "kitchen");
            await page.click("#stock summary");
            const late = await holdBack(page, (path) => path.startsWith("/v1/shops/1/stocks"));
            await ordered(1);
            await late.held;
            const out = await holdBack(page, (path) => path.endsWith("/stock"));
            await page.click("#stock-" + dishes.tea);
            await page.click("#stock-" + dishes.noodles);
            await out.held;
            await out.go();
            const tag = (dish) => page.locator("#stock li", { has: page.locator("#stock-" + dish) }).locator(".tag");
            await tag(dishes.tea).waitFor();
            await tag(dishes.noodles).waitFor();
            const always = await alwaysSays(page, "#stock .tag", say.out);
            await late.go();
            for (const dish of [dishes.tea, dishes.noodles]) {
                await page.click("#stock-" + dish);
                if (dish === dishes.tea) await always();
                await tag(dish).waitFor({ state: "detached" });
            }
        });
    });
});

describe("the counter", () => {
    test("undoes what was redeemed last, whatever an older list says", async () => {
        const deal = await street.deal({ title: "First" });
        const newer = await street.deal({ title: "Second" });
        const [one, two] = [await street.bought(deal.deal_id), await street.bought(newer.deal_id)];
        await withPage(desk, async (page) => {
            await street.staff(page, "counter");
            await page.keyboard.type(one.code + "\n\n");
            await says(page, "#done", "First");
            const { held, go } = await holdBack(page, (path) => path.startsWith("/v1/shops/1/redemptions?"), 1);
            await held;
            await page.keyboard.type(two.code + "\n");
            await says(page, ".entry", "Second");
            await page.keyboard.press("Enter");
            await says(page, "#done", "Second");
            await says(page, "#last li:first-child", "Second");
            const newest = await alwaysSays(page, "#last li:first-child", "Second");
            await go();
            await page.keyboard.press("F8");
            await says(page, "button.sure", counter_words.en.undo_sure);
            await page.keyboard.press("F8");
            await says(page, "#last", counter_words.en.undone);
            await newest();
            assert.equal((await must("GET", `/v1/vouchers/${two.voucher_id}`)).state, "open");
            assert.equal((await must("GET", `/v1/vouchers/${one.voucher_id}`)).state, "redeemed");
        });
    });

    test("redeems once what Enter asks for twice", async () => {
        const card = await street.deal({
            title: "Ten visits",
            kind: "times",
            parts: [{ merchant_id: "1", pieces: 10, share_minor: 8800 }],
        });
        const visits = await street.bought(card.deal_id);
        await withPage(desk, async (page) => {
            await street.staff(page, "counter");
            await page.keyboard.type(visits.code + "\n\n\n\n", { delay: 1 });
            await says(page, "#done", "Ten visits");
            assert.equal((await must("GET", `/v1/vouchers/${visits.voucher_id}`)).pieces_left, 9);
        });
    });
});

describe("a shopper's phone", () => {
    test("does not show again what was cancelled, and says when a button must wait", async () => {
        const rules = { shop_id: "1", pay: "at_shop", slots_most: 3 };
        const room = await must("POST", "/v1/resources", { ...rules, name: "Room", kind: "room" });
        const hours = [0, 1, 2, 3, 4, 5, 6].map((weekday) => ({ weekday, opens: 0, closes: 1440 }));
        const path = `/v1/resources/${room.resource_id}`;
        await must("POST", path + "/schedule", { slot_minutes: 60, price_minor: 6800, hours });
        const day = street.at(2 * 86_400).slice(0, 10);
        const { data } = await must("GET", `${path}/slots?day=${day}&limit=1`);
        const book = { shopper_id: "1001", starts_at: data[0].starts_at, slots: 1, confirmed: true };
        const { booking_id } = await must("POST", path + "/bookings", book);
        await withPage(english_phone, async (page) => {
            await street.logIn(page, "#bookings");
            await says(page, "#booking-" + booking_id, "Room");
            const list = await holdBack(page, (path) => path.startsWith("/v1/shoppers/1001/bookings"), 1);
            await list.held;
            const change = await holdBack(page, (path) => path.endsWith("/cancel"), 1);
            await page.click("#cancel-" + booking_id);
            await page.click("#cancel-" + booking_id);
            await change.held;
            await page.waitForSelector(`#cancel-${booking_id}[aria-disabled=true]`);
            await change.go();
            await says(page, "#booking-" + booking_id, deals_words.en.booking_cancelled);
            const cancelled = await alwaysSays(page, "#booking-" + booking_id, deals_words.en.booking_cancelled);
            await list.go();
            await page.waitForResponse((response) => response.url().includes("/bookings?")); /* the next one */
            await cancelled();
        });
    });

    test("does not ask again for what it has paid", async () => {
        const order = { shop_id: "1", subject: "Basket", amount_minor: 880 };
        const trade = await must("POST", "/v1/trades", { ...order, out_trade_no: number("L") });
        await withPage(english_phone, async (page) => {
            await street.logInAt(page, trade.qr_url);
            await page.waitForSelector("#pay:enabled");
            const { held, go } = await holdBack(page, (path) => path.endsWith("/trade"), 1);
            await held;
            await page.click("#pay");
            await says(page, "#verdict-words", checkout_words.en.paid);
            const paid = await alwaysSays(page, "#verdict-words", checkout_words.en.paid);
            const shut = await page.locator("#ways").evaluateHandle((ways) => {
                const seen = { open: false };
                new MutationObserver(() => (seen.open ||= !ways.hidden)).observe(ways, { attributes: true });
                return seen;
            });
            await go();
            await page.evaluate(() => fetch("/session")); /* and what came before it has been taken */
            await paid();
            assert.equal(await shut.evaluate((seen) => seen.open), false);
        });
    });

    test("shows in the wallet what is left after paying, and nothing that waits any more", async () => {
        const order = { shop_id: "1", subject: "Basket", amount_minor: 990 };
        const trade = await must("POST", "/v1/trades", { ...order, out_trade_no: number("L") });
        await street.sandbox.shopper("1001", "/v1/qr/scan", { qr: trade.qr_url });
        await withPage(english_phone, async (page) => {
            await street.logInAt(page, street.url + "/wallet/");
            const waits = page.locator(`#trades li[data-key="${trade.trade_id}"]`);
            await waits.waitFor();
            const { held, go } = await holdBack(page, (path) => path.endsWith("/waiting"), 1);
            await held;
            await waits.locator("button.main").click();
            await waits.waitFor({ state: "detached" });
            const shown = await page.textContent("#balance");
            const balance = await alwaysSays(page, "#balance", shown);
            await go();
            await page.evaluate(() => fetch("/session"));
            await balance();
            assert.equal(await waits.count(), 0);
        });
    });
});
