/* SPDX-License-Identifier: Apache-2.0 */
/* The cashier's page: by a scanner, by keys alone, without a network. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { words as counter_words } from "../../web/counter/text.js";
import { words as deals_words } from "../../web/deals/text.js";
import { words as staff_words } from "../../web/local/text.js";
import { desk, english_phone, phone, says, streetHere, tabTo } from "./local_stage.mjs";

const street = streetHere();
const { must, withPage } = street;

describe("vouchers at the counter", () => {
    const say = deals_words.en;

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
