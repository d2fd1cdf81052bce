/* SPDX-License-Identifier: Apache-2.0 */
/* What is brought to a door: the shop's page, where it is given to a courier and says why, and the courier's phone. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { words as courier_words } from "../../web/courier/text.js";
import { words as deals_words } from "../../web/deals/text.js";
import { words as rides_words } from "../../web/rides/text.js";
import { desk, english_phone, fits, here, phone, says, streetHere, tabTo } from "./local_stage.mjs";

const street = streetHere();
const { must, withPage } = street;
const door = { latitude_e6: here.latitude_e6 + 9000, longitude_e6: here.longitude_e6 };
const courier = "1002";

describe("the words", () => {
    for (const [name, set] of Object.entries({ courier_words, rides_words }))
        test(`of ${name} are there in both languages, with the same holes`, () => {
            assert.deepEqual(Object.keys(set.zh), Object.keys(set.en));
            const holes = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
            for (const key of Object.keys(set.en)) assert.deepEqual(holes(set.zh[key]), holes(set.en[key]), key);
        });
});

describe("a ride", () => {
    const [staff_say, courier_say] = [rides_words.en, courier_words.zh];
    let dishes;

    before(async () => {
        const delivers = { delivers: true, delivery_radius_m: 3000, delivery_fee_minor: 500 };
        dishes = await street.kitchen({ ...here, ...delivers });
    });

    /* A meal that 1003 wants to have brought. */
    async function wanted(address) {
        const order = { kind: "delivery", shopper_id: "1003", address, contact: "Lan", phone: "159 0000", ...door };
        const { order_id } = await must("POST", "/v1/shops/1/meals", order);
        await must("POST", `/v1/meals/${order_id}/lines`, { dish_id: dishes.tea, pieces: 2 });
        return street.sandbox.shopper("1003", `/v1/meals/${order_id}/place`, { confirmed: true });
    }

    async function cooked(order) {
        for (const ticket of (await must("GET", `/v1/meals/${order.order_id}/tickets`)).data)
            for (const action of ["start", "bump"])
                await must("POST", `/v1/tickets/${ticket.ticket_id}/mark`, { action });
    }

    const rideOf = (order) => must("GET", "/v1/rides/" + order.ride_id);

    test("is given to a courier, who brings it by legal moves, and says why it was this one", async () => {
        await withPage(desk, async (staff) => {
            await street.staff(staff, "rides");
            await says(staff, "#view", staff_say.rides_none);
            await staff.focus("#courier-add summary");
            await staff.keyboard.press("Enter");
            await tabTo(staff, "courier-id");
            await staff.keyboard.type(courier);
            await tabTo(staff, "courier-name");
            await staff.keyboard.type("Wu 吴");
            await staff.keyboard.press("Enter");
            await says(staff, "#courier-" + courier, staff_say.courier_off);

            const order = await wanted("12 Hubin Road 湖滨路");
            const id = order.ride_id;
            await says(staff, "#ride-" + id, "12 Hubin Road");
            await staff.click("#assign-" + id);
            await says(staff, "#view .fault", staff_say.fault_courier_absent);
            await street.sandbox.later(1200); /* it is looked for one some minutes before the meal is ready */
            await staff.click(`#why-${id} summary`);
            await says(staff, "#why-" + id, staff_say.verdict_off_duty);
            await fits(staff);

            await withPage(phone, async (bringer) => {
                await street.logInAt(bringer, street.url + "/courier/", 1);
                await says(bringer, "#view", courier_say.rides_none);
                await bringer.fill("#duty-place", "30.2745, 120.1550");
                await bringer.click("#duty");
                await bringer.waitForSelector("#duty[aria-pressed=true]");
                await says(staff, "#courier-" + courier, staff_say.courier_on);
                await staff.click("#assign-" + id);
                await says(staff, "#ride-" + id, "Wu 吴");
                await says(staff, "#why-" + id, staff_say.verdict_chosen);

                await says(bringer, "#ride-" + id, "12 Hubin Road");
                await fits(bringer);
                await bringer.click(`#move-${id}-accepted`);
                await bringer.click(`#move-${id}-at_kitchen`);
                await bringer.click(`#move-${id}-picked_up`);
                await says(bringer, "#view .fault", courier_say.fault_meal_unready);
                await cooked(order);
                await bringer.click(`#move-${id}-picked_up`);
                await says(staff, "#ride-" + id, staff_say.ride_picked_up);
                assert.equal(await staff.locator("#cancel-" + id).count(), 0, "what is on its way is not called off");
                await bringer.click(`#move-${id}-at_door`);
                const before = await street.sandbox.balance(courier);
                await bringer.click(`#move-${id}-delivered`);
                await bringer.waitForSelector("#ride-" + id, { state: "detached" });
                assert.equal((await rideOf(order)).state, "delivered");
                assert.equal((await street.sandbox.balance(courier)) - before, 500);
                await bringer.click('[data-place="past"]');
                await says(bringer, "#view", "12 Hubin Road");
                await fits(bringer);
            });
            await says(staff, "#view", staff_say.rides_none);
        });
    });

    test("is not wanted, goes to nobody's door, and comes back", async () => {
        await must("POST", "/v1/shops/1/couriers", { courier_id: courier, name: "Wu 吴" });
        const report = { on_duty: true, ...here };
        await must("PUT", `/v1/couriers/${courier}/report`, report);
        const order = await wanted("9 North Hill Street 北山街");
        const id = order.ride_id;
        const place = { latitude: here.latitude_e6 / 1e6, longitude: here.longitude_e6 / 1e6 };
        const located = { ...english_phone, geolocation: place, permissions: ["geolocation"] };
        await withPage(located, async (page) => {
            const say = courier_words.en;
            await street.logInAt(page, street.url + "/courier/", 1);
            await page.click("#duty"); /* the phone says where it is */
            await page.waitForSelector("#duty[aria-pressed=true]");
            await withPage(phone, async (staff) => {
                await street.staff(staff, "rides");
                await staff.click("#assign-" + id);
                await page.click("#decline-" + id);
                await says(page, "button.sure", say.decline_sure);
                await page.click("#decline-" + id);
                await page.waitForSelector("#ride-" + id, { state: "detached" });
                const { data } = await must("GET", `/v1/rides/${id}/steps?limit=100`);
                assert.ok(data.some((step) => step.from_state === "assigned" && step.to_state === "waiting"));
                await staff.selectOption("#give-to-" + id, courier);
                await staff.click("#give-" + id);
                await says(staff, "#ride-" + id, rides_words.zh.ride_assigned);
                await fits(staff);
                await page.click(`#move-${id}-accepted`);
                await page.click(`#move-${id}-at_kitchen`);
                await cooked(order);
                await page.click(`#move-${id}-picked_up`);
                await page.click(`#move-${id}-at_door`);
                await page.click(`#failed-${id} summary`);
                await page.fill("#reason-" + id, "nobody opened");
                await page.click(`#move-${id}-failed`);
                await says(staff, "#ride-" + id, rides_words.zh.ride_failed);
                await staff.click(`#move-${id}-returned`);
                await says(staff, "#view", rides_words.zh.rides_none);
            });
            await page.waitForSelector("#ride-" + id, { state: "detached" });
            const steps = (await must("GET", `/v1/rides/${id}/steps?limit=100`)).data;
            assert.equal(steps.find((step) => step.to_state === "failed").reason, "nobody opened");
            assert.equal((await rideOf(order)).state, "returned");
        });
    });

    test("is ordered on a phone, which says how far it is", async () => {
        await withPage(phone, async (page) => {
            await street.logIn(page, "#shop/1", 2);
            await page.click("#bring summary");
            await page.fill("#bring-address", "7 Willow Lane 柳巷");
            await page.fill("#bring-place", "31.9, 120.15");
            await page.click("#bring-do");
            await says(page, "#view .fault", deals_words.zh.fault_door_far);
            await fits(page);
            await page.fill("#bring-place", `${door.latitude_e6 / 1e6}, ${door.longitude_e6 / 1e6}`);
            await page.click("#bring-do");
            await page.click("#dish-" + dishes.tea);
            await page.click("#dish-add");
            await page.click("#tab-order");
            await page.click("#place");
            await page.waitForSelector("#ride[data-state=waiting]");
            await says(page, "#view", "7 Willow Lane");
            await fits(page);
            const [ride] = (await must("GET", "/v1/shops/1/rides?limit=1")).data;
            assert.equal(ride.address, "7 Willow Lane 柳巷");
            await must("POST", `/v1/rides/${ride.ride_id}/move`, { state: "cancelled" });
            await page.waitForSelector("#ride[data-state=cancelled]");
        });
    });

    test("is called off by the shop as long as nobody has it in hand", async () => {
        const order = await wanted("1 Lake Street 湖街");
        const id = order.ride_id;
        await withPage(desk, async (page) => {
            await street.staff(page, "rides");
            await page.click("#cancel-" + id);
            await says(page, "button.sure", rides_words.en.cancel_sure);
            await page.click("#cancel-" + id);
            await page.waitForSelector("#ride-" + id, { state: "detached" });
        });
        assert.equal((await rideOf(order)).state, "cancelled");
    });
});
