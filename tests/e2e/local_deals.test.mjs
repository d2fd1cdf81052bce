/* SPDX-License-Identifier: Apache-2.0 */
/* Deals on the shopper's phone: found, bought, shown, given away; what is given to everybody. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { words as counter_words } from "../../web/counter/text.js";
import { words as deals_words } from "../../web/deals/text.js";
import { desk, english_phone, fits, here, phone, says, streetHere } from "./local_stage.mjs";

const street = streetHere();
const { must, withPage } = street;
const near = `#near/${here.latitude_e6 / 1e6},${here.longitude_e6 / 1e6}`;

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

describe("pictures of deals", () => {
    test("come from elsewhere over TLS without saying from where; what does not come leaves no hole", async () => {
        const elsewhere = "https://pictures.example";
        const shown = await street.deal({ title: "With a picture", picture: elsewhere + "/noodles.svg" });
        const lost = await street.deal({ title: "Without", picture: elsewhere + "/lost.png" });
        const plain = await street.deal({ title: "Plain", picture: "http://pictures.example/plain.png" });
        const script = await street.deal({ title: "Script", picture: "javascript:alert(1)" });
        const body = '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="9"><path d="M0 0h9v9"/></svg>';
        await withPage({ ...english_phone, elsewhere, noise: /status of 404/ }, async (page) => {
            const asked = [];
            await page.route(elsewhere + "/**", (route) => {
                asked.push(route.request().headers());
                if (route.request().url().endsWith("lost.png")) return route.fulfill({ status: 404 });
                return route.fulfill({ contentType: "image/svg+xml", body });
            });
            await street.logIn(page, "#deal/" + shown.deal_id);
            await page.waitForSelector("img.picture[data-state=there]");
            assert.equal(await page.locator("img.picture").evaluate((image) => image.naturalWidth), 16);
            assert.ok(asked.every((headers) => headers.referer === undefined && headers.cookie === undefined));
            await fits(page);
            for (const [deal, count] of [
                [lost, 1],
                [plain, 0],
                [script, 0],
            ]) {
                await page.evaluate((id) => (location.hash = "#deal/" + id), deal.deal_id);
                await says(page, "#deal-title", deal.title);
                await page.waitForSelector("#shops-title");
                assert.equal(await page.locator("img.picture").count(), count, deal.title);
            }
            await page.evaluate((id) => (location.hash = "#deal/" + id), lost.deal_id);
            await page.waitForSelector("img.picture[data-state=gone]", { state: "attached" });
            assert.ok(await page.locator("img.picture").isHidden());
            await page.evaluate((hash) => (location.hash = hash), near);
            await page.locator("a.card", { hasText: "With a picture" }).locator("img").scrollIntoViewIfNeeded();
            await page.waitForSelector("img.card-picture[data-state=there]");
            await fits(page);
        });
        const policy = async (path) => (await fetch(street.url + path)).headers.get("content-security-policy");
        assert.match(await policy("/deals/"), /img-src 'self' https:/);
        for (const path of ["/wallet/", "/counter/", "/courier/", "/live/"])
            assert.doesNotMatch(await policy(path), /img-src/);
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
