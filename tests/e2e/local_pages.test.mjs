/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages of the local line in Chromium, against the program as a sandbox: the shopper's phone, the counter, the
 * kitchen; in both languages, on a desk and on a phone, by touch and by keys alone. ONETILL names the program,
 * CHROMIUM another browser than /usr/bin/chromium.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { words as counter_words } from "../../web/counter/text.js";
import { words as deals_words } from "../../web/deals/text.js";
import { words as kitchen_words } from "../../web/kitchen/text.js";
import { left } from "../../web/local/clock.js";
import { eventRead } from "../../web/local/news.js";
import { words as staff_words } from "../../web/local/text.js";
import { desk, fits, here, phone, says, Street, tabTo } from "./local_stage.mjs";

let street;

before(async () => {
    street = await Street.start();
});

after(() => street?.stop());

const must = (...call) => street.must(...call);
const withPage = (options, body) => street.withPage(options, body);
const near = `#near/${here.latitude_e6 / 1e6},${here.longitude_e6 / 1e6}`;
const english_phone = { ...phone, locale: "en-GB" };

describe("the words", () => {
    for (const [name, set] of Object.entries({ deals_words, counter_words, kitchen_words, staff_words }))
        test(`of ${name} are there in both languages, with the same holes`, () => {
            assert.deepEqual(Object.keys(set.zh), Object.keys(set.en));
            const holes = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
            for (const key of Object.keys(set.en)) {
                assert.deepEqual(holes(set.zh[key]), holes(set.en[key]), key);
                assert.ok(set.en[key].length > 0 && set.zh[key].length > 0, key);
            }
        });

    test("of a countdown are those of a clock", () => {
        assert.deepEqual(left(0), { days: 0, clock: "0:00", seconds: 0 });
        assert.deepEqual(left(-5), { days: 0, clock: "0:00", seconds: 0 });
        assert.equal(left(1).clock, "0:01");
        assert.equal(left(59_999).clock, "1:00");
        assert.equal(left(3_723_000).clock, "1:02:03");
        assert.deepEqual(left(86_400_000 + 61_000), { days: 1, clock: "0:01:01", seconds: 86_461 });
    });

    test("of an event are read as they are written", () => {
        assert.deepEqual(eventRead('id: 1-2\nevent: ticket.changed\ndata: {"a":1}'), {
            id: "1-2",
            event: "ticket.changed",
            data: '{"a":1}',
        });
        assert.deepEqual(eventRead(": quiet"), {});
        assert.deepEqual(eventRead("data: a\ndata: b"), { data: "a\nb" });
    });
});

describe("what the pages are painted with", () => {
    test("keeps what somebody types and where the focus is, and enters values as text only", async () => {
        await withPage(desk, async (page) => {
            await page.goto(street.url + "/deals/");
            const seen = await page.evaluate(async () => {
                const { h, paint } = await import("/local/paint.js");
                const box = document.createElement("div");
                document.body.append(box);
                const list = (keys) => [
                    h(
                        "ul",
                        {},
                        keys.map((key) => h("li", { key }, h("input", { id: "i" + key }))),
                    ),
                ];
                paint(box, list(["a", "b", "c"]));
                const input = box.querySelector("#ib");
                input.focus();
                input.value = "typed";
                paint(box, list(["c", "d", "b"]));
                const order = [...box.querySelectorAll("input")].map((one) => one.id);
                const same =
                    box.querySelector("#ib") === input && input.value === "typed" && document.activeElement === input;
                paint(box, list(["b", "c", "a", "d"]));
                const moved = [...box.querySelectorAll("input")].map((one) => one.id).join();
                const kept = moved === "ib,ic,ia,id" && document.activeElement === input;
                paint(box, [
                    h(
                        "p",
                        { class: "x", click: () => (window.clicked = 1) > 1 },
                        "<img src=x onerror=alert(1)>",
                        false,
                        null,
                    ),
                ]);
                box.querySelector("p").click();
                const { placeRead } = await import("/deals/near.js");
                const { seatsOf } = await import("/deals/seats.js");
                return {
                    order,
                    same,
                    kept,
                    text: box.textContent,
                    images: box.querySelectorAll("img, input").length,
                    clicked: window.clicked,
                    places: ["30.5, -120.25", "91,0", "x", "1 2", "1.5，2"].map(placeRead),
                    seats: seatsOf({ seats: 2 ** 51 + 5, taken: 4, aisles: 1 }).filter((seat) => seat.there),
                };
            });
            assert.deepEqual(seen.order, ["ic", "id", "ib"]);
            assert.ok(seen.same);
            assert.ok(seen.kept, "who has the focus keeps it when it is moved to the front");
            assert.equal(seen.text, "<img src=x onerror=alert(1)>");
            assert.equal(seen.images, 0);
            assert.equal(seen.clicked, 1);
            assert.deepEqual(seen.places, [
                { latitude_e6: 30_500_000, longitude_e6: -120_250_000 },
                null,
                null,
                { latitude_e6: 1_000_000, longitude_e6: 2_000_000 },
                { latitude_e6: 1_500_000, longitude_e6: 2_000_000 },
            ]);
            assert.deepEqual(seen.seats, [
                { seat: 1, there: true, taken: false, aisle: true },
                { seat: 3, there: true, taken: true, aisle: false },
                { seat: 52, there: true, taken: false, aisle: false },
            ]);
        });
    });
});

for (const [where, options] of Object.entries({ desk, phone }))
    describe("a deal on a " + where, () => {
        const say = deals_words[where === "phone" ? "zh" : "en"];

        test("is found, bought, shown, redeemed at the counter, and undone", async () => {
            const title = "Dinner " + where;
            await street.deal({ title });
            await withPage(options, async (page) => {
                await street.logIn(page, near);
                assert.equal(await page.title(), say.title);
                await page.locator("a.card", { hasText: title }).click();
                await says(page, "#buy", "88.00");
                await fits(page);
                await page.click("#buy");
                await page.waitForSelector("#code");
                const code = (await page.textContent("#code")).replaceAll(" ", "");
                assert.match(code, /^\d{12}$/);
                await fits(page);

                /* What is drawn is the QR of that code. */
                await page.waitForSelector("svg.code path");
                const token = await street.sandbox.token("shop", "1");
                const headers = { authorization: "Bearer " + token };
                const svg = await (await fetch(`${street.url}/v1/qr.svg?text=${code}`, { headers })).text();
                const drawn = await page.locator("svg.code path").getAttribute("d");
                assert.ok(svg.includes(`d="${drawn}"`));

                await withPage(desk, async (counter) => {
                    await street.staff(counter, "counter");
                    assert.ok(!counter.url().includes(token), "the token is out of the address");
                    await counter.keyboard.type(code);
                    await counter.keyboard.press("Enter");
                    await says(counter, ".entry", title);
                    await says(counter, ".entry", counter_words.en.valid);
                    await counter.keyboard.press("Enter");
                    await says(counter, "#done", counter_words.en.redeemed_title);

                    await says(page, ".verdict", say.voucher_redeemed);
                    await says(page, "#announcer", say.heard_redeemed);

                    /* Again: it says why not, and redeems nothing. */
                    await counter.keyboard.type(code);
                    await counter.keyboard.press("Enter");
                    await counter.waitForSelector(".entry:not([data-valid])");
                    assert.equal(await counter.locator("#redeem").count(), 0);

                    await counter.keyboard.press("F8");
                    await says(counter, "button.sure", counter_words.en.undo_sure);
                    await counter.keyboard.press("F8");
                    await says(counter, "ul#last, #last", counter_words.en.undone);
                });
                await page.waitForSelector("#code");
                await fits(page);
            });
        });

        test("that is sold out is waited for", async () => {
            const deal = await street.deal({ title: "Few " + where, stock: 1 });
            await street.bought(deal.deal_id, "1002");
            await withPage(options, async (page) => {
                await street.logIn(page, "#deal/" + deal.deal_id);
                await page.click("#wait");
                await says(page, "#view", say.wait_stands);
                await page.click('[data-place="me"]');
                await says(page, "#view", say.awaited_waits);
                await must("POST", `/v1/deals/${deal.deal_id}/stock`, { copies: 5 });
                await says(page, "#view", say.awaited_told);
                await page.locator("a.card", { hasText: "Few " + where }).click();
                await page.waitForSelector("#buy");
            });
        });
    });

describe("vouchers", () => {
    const say = deals_words.en;

    test("are given away, returned, and reviewed", async () => {
        const deal = await street.deal({ title: "Tea for one" });
        const [one, two, three] = [
            await street.bought(deal.deal_id),
            await street.bought(deal.deal_id),
            await street.bought(deal.deal_id),
        ];
        await must("POST", "/v1/shops/1/redemptions", { codes: [{ code: three.code }] });
        await withPage(english_phone, async (page) => {
            await street.logIn(page, "#voucher/" + one.voucher_id);
            await page.locator("summary", { hasText: say.give }).click();
            await page.fill("#give-to", "1590000");
            await page.click("#give");
            await page.waitForSelector("#view .fault[role=alert]");
            await page.fill("#give-to", "2088000000001002");
            await page.click("#give");
            await says(page, "#announcer", say.heard_given);
            const given = await must("GET", `/v1/vouchers/${one.voucher_id}`);
            assert.equal(given.holder_id, "1002");
            assert.notEqual(given.code, one.code);

            const before = await street.sandbox.balance("1001");
            await page.evaluate((id) => (location.hash = "#voucher/" + id), two.voucher_id);
            await says(page, "#code", two.code.slice(0, 4));
            await page.locator("summary", { hasText: say.return }).click();
            await page.click("#return");
            assert.equal((await must("GET", `/v1/vouchers/${two.voucher_id}`)).state, "open", "once is not enough");
            await page.click("#return");
            await says(page, ".verdict", say.voucher_returned);
            assert.equal((await street.sandbox.balance("1001")) - before, 8800);

            await page.evaluate((id) => (location.hash = "#voucher/" + id), three.voucher_id);
            await page.locator(".stars input").nth(3).check({ force: true });
            await page.fill("#review-text", "Good 好吃 <b>");
            await page.click("#review");
            await says(page, "#view", say.reviewed);
            await page.evaluate(() => (location.hash = "#shop/1"));
            await says(page, ".trade", "Good 好吃 <b>");
        });
    });

    test("of several pieces and of amounts are redeemed in part, several at once", async () => {
        const card = await street.deal({
            title: "Ten visits",
            kind: "times",
            parts: [{ merchant_id: "1", pieces: 10, share_minor: 8800 }],
        });
        const value = await street.deal({ title: "Worth 100", kind: "stored_value", face_minor: 10_000 });
        const [visits, money] = [await street.bought(card.deal_id), await street.bought(value.deal_id)];
        await withPage(desk, async (page) => {
            await street.staff(page, "counter");
            /* As a scanner: it does not wait for answers. */
            await page.keyboard.type(
                visits.code + "\n" + visits.code + "\n" + visits.code + "\n" + money.code + "\n",
                { delay: 1 },
            );
            await says(page, ".entry", "Worth 100");
            await says(page, ".entry output", "3");
            await page.keyboard.press("Enter");
            await says(page, "#code-fault", counter_words.en.fault_amount);
            await page.waitForFunction((id) => document.activeElement.id === id, "amount-" + money.code);
            await page.keyboard.type("25.50");
            await page.keyboard.press("Enter");
            await says(page, "#done", "¥74.50");
            const left_visits = await must("GET", `/v1/vouchers/${visits.voucher_id}`);
            const left_money = await must("GET", `/v1/vouchers/${money.voucher_id}`);
            assert.equal(left_visits.pieces_left, 7);
            assert.equal(left_money.face_left_minor, 7450);
        });
        await withPage(phone, async (page) => {
            await street.staff(page, "counter", "2");
            await page.locator("#code").fill(visits.code);
            await page.keyboard.press("Enter");
            await page.waitForSelector(".entry:not([data-valid])");
            assert.equal(await page.locator("#redeem").count(), 0);
            await page.locator("#code").fill("12345");
            await page.keyboard.press("Enter");
            await says(page, "#code-fault", counter_words.zh.fault_code);
        });
    });

    test("that are set aside for a shop are taken without a network, and told later", async () => {
        const deal = await street.deal({ title: "Offline" });
        const two = await street.deal({ title: "Elsewhere", shop_id: "2" });
        const voucher = await street.bought(deal.deal_id);
        const other = await street.bought(deal.deal_id);
        await must("PUT", `/v1/shops/1/voucher-quotas/${deal.deal_id}`, { pieces: 5, accept_in_s: 3600 });
        await withPage(english_phone, async (page) => {
            await street.logIn(page, "#voucher/" + voucher.voucher_id);
            await page.locator("summary", { hasText: say.keep }).click();
            await page.click("#keep-do");
            await page.click("#keep-do");
            await says(page, "summary", "Sandbox Store");
        });
        const late = await street.bought(deal.deal_id);
        await must("PUT", `/v1/shops/2/voucher-quotas/${two.deal_id}`, { pieces: 5, accept_in_s: 3600 });
        const elsewhere = await street.bought(two.deal_id);
        const strange = await must("POST", `/v1/vouchers/${elsewhere.voucher_id}/keep`, { shop_id: "2" });
        await withPage({ ...desk, noise: /ERR_INTERNET_DISCONNECTED/ }, async (page, context) => {
            await street.staff(page, "counter");
            await says(page, "#view", counter_words.en.offline_title);
            await context.setOffline(true);
            await page.locator("#code").fill(other.code);
            await page.keyboard.press("Enter");
            await says(page, "#code-fault", counter_words.en.fault_offline_none);
            await page.locator("#code").fill(voucher.code);
            await page.keyboard.press("Enter");
            await says(page, ".entry", counter_words.en.kept_list);
            await page.locator("#code").fill("");
            await page.keyboard.press("Enter");
            await says(page, "#done", "Offline");
            assert.equal((await must("GET", `/v1/vouchers/${voucher.voucher_id}`)).state, "open");

            /* What was set aside meanwhile is signed: that is believed, and nothing else. */
            const { offline_code } = await must("POST", `/v1/vouchers/${late.voucher_id}/keep`, { shop_id: "1" });
            const wrongs = [
                [offline_code.replace(/\.1\.1\./, ".1.9."), counter_words.en.fault_offline_signature],
                [offline_code.slice(0, -1), counter_words.en.fault_offline_signature],
                [strange.offline_code, counter_words.en.fault_offline_shop],
            ];
            for (const [text, fault] of wrongs) {
                await page.locator("#code").fill(text);
                await page.keyboard.press("Enter");
                await says(page, "#code-fault", fault);
            }
            await page.locator("#code").fill(offline_code);
            await page.keyboard.press("Enter");
            await says(page, ".entry", counter_words.en.kept_list);
            await page.locator("#code").fill("");
            await page.keyboard.press("Enter");
            await page.waitForSelector(".entry", { state: "detached" });

            /* It cannot be taken twice, not even over a break of power. */
            await page.locator("#code").fill(voucher.code);
            await page.keyboard.press("Enter");
            await page.waitForSelector(".entry:not([data-valid])");
            await context.setOffline(false);
            await page.reload();
            await page.click("#tell");
            await says(page, "#told", counter_words.en.offline_told.replace("{good}", "2").replace("{bad}", "0"));
            assert.equal((await must("GET", `/v1/vouchers/${voucher.voucher_id}`)).state, "redeemed");
            assert.equal((await must("GET", `/v1/vouchers/${late.voucher_id}`)).state, "redeemed");
            assert.equal(await page.locator("#tell").count(), 0);
        });
    });
});

describe("the counter", () => {
    test("is entered by a token that holds, and by keys alone", async () => {
        const deal = await street.deal({ title: "Keys" });
        const voucher = await street.bought(deal.deal_id);
        const token = await street.sandbox.token("shop", "1");
        await withPage(desk, async (page) => {
            await page.goto(street.url + "/counter/");
            await tabTo(page, "shop");
            await page.keyboard.type("1");
            await tabTo(page, "token");
            await page.keyboard.type("ot_wrong");
            await page.keyboard.press("Enter");
            await says(page, "#login-fault", staff_words.en.fault_unauthenticated);
            await page.fill("#token", token);
            await page.keyboard.press("Enter");
            await page.waitForFunction(() => document.activeElement.id === "code");
            await page.keyboard.type(voucher.code + "\n");
            await tabTo(page, "redeem");
            await page.keyboard.press("Enter");
            await says(page, "#done", "Keys");
            await page.reload();
            await page.waitForSelector("#view:not([hidden])");
            await page.click("#leave");
            await page.reload();
            await page.waitForSelector("#login:not([hidden])");
        });
    });

    test("changes its language while it works", async () => {
        await withPage(desk, async (page) => {
            await street.staff(page, "counter");
            await page.click('[data-language="zh"]');
            await says(page, "#view", counter_words.zh.basket);
            assert.equal(await page.title(), counter_words.zh.title);
            assert.equal(await page.locator("html").getAttribute("lang"), "zh-Hans-CN");
        });
    });
});

describe("what is given away", () => {
    const say = deals_words.en;

    test("can be claimed from the very second on, once", async () => {
        const deal = await street.deal({
            kind: "give",
            title: "Film ticket",
            price_minor: 380,
            stock: 2,
            copies_per_person: 1,
        });
        await must("POST", "/v1/gives", {
            deal_id: deal.deal_id,
            kind: "claim",
            starts_at: street.at(300),
            ends_at: street.at(3600),
        });
        await withPage(english_phone, async (page) => {
            await page.clock.install();
            await street.logIn(page, "#deal/" + deal.deal_id);
            await page.waitForSelector("#claim:disabled");
            await says(page, ".countdown", say.begins_in);
            await street.sandbox.later(300);
            await page.clock.fastForward(300_000);
            await page.waitForSelector("#claim:enabled");
            await fits(page);
            await page.click("#claim");
            await page.waitForSelector("#code");
            const paid = (await must("GET", "/v1/shoppers/1001/purchases?limit=1")).data[0];
            assert.equal(paid.deal_id, deal.deal_id);
            assert.equal(paid.price_minor, 380);
        });
        await withPage(phone, async (page) => {
            await street.logIn(page, "#deal/" + deal.deal_id, 1);
            await page.click("#claim");
            await page.waitForSelector("#code");
            await page.goBack();
            await says(page, "#view", deals_words.zh.give_gone);
        });
    });

    test("is drawn, and shows what the draw is computed from", async () => {
        const deal = await street.deal({
            kind: "give",
            title: "Weekend",
            price_minor: 0,
            stock: 1,
            copies_per_person: 1,
        });
        const rules = { deal_id: deal.deal_id, kind: "lottery", ends_at: street.at(120), winners: 1 };
        const give = await must("POST", "/v1/gives", rules);
        await withPage(english_phone, async (page) => {
            await street.logIn(page, "#deal/" + deal.deal_id);
            await page.click("#enter");
            await says(page, ".ticket", say.ticket_waits);
            await page.locator("summary", { hasText: say.proof }).click();
            await says(page, "details", give.seed_hash);
            await street.sandbox.shopper("1002", `/v1/gives/${deal.deal_id}/entries`);
            await street.sandbox.later(150);
            await page.waitForFunction(
                ([won, lost]) => [won, lost].includes(document.querySelector(".ticket .subject")?.textContent),
                [say.ticket_won, say.ticket_lost],
            );
            const ticket = await must("GET", `/v1/gives/${deal.deal_id}/entries/1001`);
            await says(page, ".ticket", ticket.won ? say.ticket_won : say.ticket_lost);
            await says(page, "details", ticket.seed);
            await fits(page);
        });
    });

    test("as a red packet goes into the wallet", async () => {
        const wish = {
            sender_kind: "shopper",
            sender_id: "1002",
            greeting: "新年快乐",
            amount_minor: 300,
            people: 2,
        };
        const packet = await street.sandbox.shopper("1002", "/v1/packets", wish);
        await withPage(phone, async (page) => {
            await street.logIn(page, `#packet/${packet.packet_id}/${packet.packet_key}`);
            const before = await street.sandbox.balance("1001");
            await page.click("#packet-open");
            await page.waitForSelector("#packet-mine");
            const got = (await street.sandbox.balance("1001")) - before;
            assert.ok(got >= 1 && got <= 299);
            await says(page, "#packet-mine", (got / 100).toFixed(2));
            await page.reload();
            await page.waitForSelector("#packet-mine");
            assert.equal(await page.locator("#packet-open").count(), 0);
        });
    });

    test("as a group's price waits for enough people", async () => {
        const deal = await street.deal({
            kind: "group",
            title: "Hot pot",
            group_least: 2,
            group_until: street.at(3600),
        });
        await withPage(english_phone, async (page) => {
            await street.logIn(page, "#deal/" + deal.deal_id);
            await says(page, ".group", say.group_open.replace("{short}", "2").replace("{least}", "2"));
            await page.click("#buy");
            await says(page, "#view", say.bought_paid.replace("{short}", "1"));
            await street.bought(deal.deal_id, "1002");
            await says(page, ".group", say.group_stands);
            await page.click('[data-place="vouchers"]');
            await says(page, ".card", "Hot pot");
        });
    });
});

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
