/* SPDX-License-Identifier: Apache-2.0 */
/* One shop: where it is, what it sells, what can be booked there, its queues, what people say of it. */
import { BringPart } from "/deals/bring.js";
import { reviewsTree } from "/deals/deal.js";
import { back, facts, fault, price, stepper } from "/deals/parts.js";
import { h } from "/local/paint.js";

const clock = (minute) =>
    String(Math.floor(minute / 60)).padStart(2, "0") + ":" + String(minute % 60).padStart(2, "0");

/* Opening hours with equal days side by side: Mon–Fri 10:00–22:00. */
export function openText(app, hours) {
    if (hours.length !== 7) return "";
    const words = hours.map(({ minute_from, minute_to }) => {
        if (minute_from === 0 && minute_to === 0) return app.say("shop_closed");
        if (minute_from === 0 && minute_to === 1440) return app.say("always");
        return clock(minute_from) + "–" + clock(minute_to);
    });
    const runs = [];
    words.forEach((word, day) => {
        const last = runs.at(-1);
        if (last?.word === word) last.to = day;
        else runs.push({ word, from: day, to: day });
    });
    if (runs.length === 1) return runs[0].word;
    const name = (run) =>
        app.say("weekday_" + run.from) + (run.to > run.from ? "–" + app.say("weekday_" + run.to) : "");
    return runs.map((run) => name(run) + " " + run.word).join(", ");
}

export class ShopView {
    constructor(app, [shop_id]) {
        this.app = app;
        this.shop_id = shop_id;
        this.every_ms = 10_000;
        this.place = null;
        this.deals = [];
        this.resources = [];
        this.shows = [];
        this.queues = [];
        this.numbers = [];
        this.reviews = [];
        this.kitchen = null;
        this.bring = new BringPart(app, shop_id);
        this.people = 2;
    }

    async part(reading, name, path) {
        this[name] = (await reading.get(`/v1/shops/${this.shop_id}/${path}`)).data;
    }

    async load(reading) {
        this.place = await reading.get(`/v1/shops/${this.shop_id}/place`);
        await Promise.all([
            this.part(reading, "deals", "deals?limit=50"),
            this.part(reading, "resources", "resources?limit=50"),
            this.part(reading, "shows", "shows?limit=100"),
            this.part(reading, "queues", "queues?limit=20"),
            this.part(reading, "reviews", "reviews?limit=10"),
        ]);
        this.kitchen ??= await reading.get(`/v1/shops/${this.shop_id}/kitchen`).catch((error) => {
            if (error.status !== 404) throw error;
            return { open: false };
        });
        const { data } = await reading.get(`/v1/shoppers/${this.app.shopper_id}/places?limit=20`);
        this.numbers = data.filter(
            (place) => place.shop_id === this.shop_id && ["waiting", "called"].includes(place.state),
        );
        this.every_ms = this.numbers.length > 0 ? 2000 : 10_000; /* who waits wants to know at once */
    }

    take(queue) {
        const { app } = this;
        return app.act(async () => {
            const place = await app.change(`/v1/queues/${queue.queue_id}/places`, { people: this.people });
            app.heard("heard_number", { number: place.letter + place.number });
            await this.load(app.reading());
        });
    }

    leave(place) {
        const { app } = this;
        return app.act(async () => {
            await app.change(`/v1/queues/${place.queue_id}/places/${place.number}/end`, { outcome: "left" });
            await this.load(app.reading());
        });
    }

    order() {
        const { app } = this;
        return app.act(async () => {
            const order = await app.change(`/v1/shops/${this.shop_id}/meals`, { kind: "take_away" });
            app.go("#meal/" + order.order_id);
        });
    }

    dealsTree() {
        const { app, deals } = this;
        if (deals.length === 0) return null;
        return h(
            "section",
            { class: "slip", key: "deals", "aria-labelledby": "shop-deals" },
            h("h2", { id: "shop-deals" }, app.say("deals_here")),
            h(
                "ul",
                { class: "cards" },
                deals.map((deal) =>
                    h(
                        "li",
                        { key: deal.deal_id },
                        h(
                            "a",
                            { class: "card", href: `#deal/${deal.deal_id}/${this.shop_id}` },
                            h(
                                "span",
                                { class: "card-head" },
                                h("b", { class: "card-title" }, deal.title),
                                price(app, deal),
                            ),
                        ),
                    ),
                ),
            ),
        );
    }

    bookTree() {
        const { app, resources } = this;
        const now = app.clock.now();
        const shows = this.shows
            .filter((show) => show.state === "open" && Date.parse(show.starts_at) > now)
            .sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at));
        const rooms = resources.filter((resource) => resource.kind !== "hall" && resource.open);
        if (rooms.length === 0 && shows.length === 0) return null;
        return h(
            "section",
            { class: "slip", key: "book", "aria-labelledby": "shop-book" },
            h("h2", { id: "shop-book" }, app.say("book_here")),
            h(
                "ul",
                { class: "cards" },
                rooms.map((room) =>
                    h(
                        "li",
                        { key: "r" + room.resource_id },
                        h(
                            "a",
                            { class: "card", href: "#slots/" + room.resource_id },
                            h(
                                "span",
                                { class: "card-head" },
                                h("b", { class: "card-title" }, room.name),
                                h("span", {}, app.say("resource_" + room.kind)),
                            ),
                            h(
                                "span",
                                { class: "card-facts quiet" },
                                h("span", {}, app.say("pay_" + room.pay, { amount: app.money(room.deposit_minor) })),
                            ),
                        ),
                    ),
                ),
                shows.map((show) =>
                    h(
                        "li",
                        { key: "s" + show.show_id },
                        h(
                            "a",
                            { class: "card", href: "#seats/" + show.show_id },
                            h(
                                "span",
                                { class: "card-head" },
                                h("b", { class: "card-title" }, show.title),
                                h("span", {}, app.moment(show.starts_at)),
                            ),
                            h(
                                "span",
                                { class: "card-facts quiet" },
                                h(
                                    "span",
                                    {},
                                    app.say("from_price", {
                                        amount: app.money(Math.min(...show.prices.map((one) => one.price_minor))),
                                    }),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        );
    }

    queuesTree() {
        const { app, queues, numbers } = this;
        const open = queues.filter((queue) => queue.open);
        if (open.length === 0 && numbers.length === 0) return null;
        return h(
            "section",
            { class: "slip", key: "queues", "aria-labelledby": "shop-queues" },
            h("h2", { id: "shop-queues" }, app.say("queues")),
            numbers.map((place) => this.numberTree(place)),
            open.length > 0 &&
                stepper(app, "people", app.say("people"), this.people, 1, 20, (people) => {
                    this.people = people;
                    app.draw();
                }),
            h(
                "ul",
                { class: "cards" },
                open
                    .filter((queue) => queue.people_most === 0 || queue.people_most >= this.people)
                    .map((queue) =>
                        h(
                            "li",
                            { class: "card plain", key: queue.queue_id },
                            h(
                                "span",
                                { class: "card-head" },
                                h("b", {}, queue.name),
                                h("span", {}, app.say("queue_waiting", { count: queue.waiting.length })),
                            ),
                            h(
                                "div",
                                { class: "row" },
                                h(
                                    "button",
                                    { type: "button", id: "take-" + queue.queue_id, click: () => this.take(queue) },
                                    app.say("queue_take"),
                                ),
                            ),
                        ),
                    ),
            ),
        );
    }

    numberTree(place) {
        const { app } = this;
        const queue = this.queues.find((one) => one.queue_id === place.queue_id);
        const ahead = queue?.waiting.filter(({ number }) => number < place.number).length ?? 0;
        const called = place.state === "called";
        return h(
            "div",
            { class: "number", key: "n" + place.queue_id + "-" + place.number, "data-state": place.state },
            h("b", { class: "amount" }, (queue?.letter ?? "") + place.number),
            h(
                "span",
                { role: called ? "alert" : null },
                called ? app.say("queue_called") : app.say("queue_ahead", { count: ahead }),
            ),
            h("button", { type: "button", click: () => this.leave(place) }, app.say("queue_leave")),
        );
    }

    tree() {
        const { app, place, shop_id } = this;
        if (place === null)
            return [
                back(app, "#near", "place_near"),
                fault(app, this) ?? h("p", { class: "slip quiet", key: "asking" }, app.say("asking")),
            ];
        const stars =
            place.reviews > 0
                ? app.say("stars", { stars: (place.rating_tenths / 10).toFixed(1), count: place.reviews })
                : "";
        return [
            back(app, "#near", "place_near"),
            h(
                "section",
                { class: "slip", key: "shop", "aria-labelledby": "shop-title" },
                h(
                    "h2",
                    { id: "shop-title", class: "subject" },
                    app.known.name(shop_id, place.name ?? app.say("shop_number", { number: shop_id })),
                ),
                facts([
                    [app.say("address"), place.address],
                    [app.say("open_hours"), openText(app, place.hours)],
                    [app.say("rating"), stars],
                ]),
                fault(app, this),
                this.kitchen?.open &&
                    h(
                        "div",
                        { class: "row" },
                        h(
                            "button",
                            { type: "button", id: "take-away", click: () => this.order() },
                            app.say("take_away_order"),
                        ),
                    ),
                this.kitchen?.open && this.kitchen.delivers && this.bring.tree(this.kitchen),
            ),
            this.queuesTree(),
            this.bookTree(),
            this.dealsTree(),
            reviewsTree(app, this.reviews),
        ];
    }
}
