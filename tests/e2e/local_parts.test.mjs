/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages of the local line are made of: their words, and how they are painted. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { words as counter_words } from "../../web/counter/text.js";
import { words as deals_words } from "../../web/deals/text.js";
import { words as kitchen_words } from "../../web/kitchen/text.js";
import { left } from "../../web/local/clock.js";
import { eventRead } from "../../web/local/news.js";
import { words as staff_words } from "../../web/local/text.js";
import { desk, streetHere } from "./local_stage.mjs";

const street = streetHere();
const { withPage } = street;

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
