/* SPDX-License-Identifier: Apache-2.0 */
/* One deal: what it is, on what terms, where; buying it, or waiting until there is more of it. */
import { GivePart } from "/deals/give.js";
import { back, facts, fault, picture, price, stepper } from "/deals/parts.js";
import { left } from "/local/clock.js";
import { h } from "/local/paint.js";

const copies_most = 50;
const reviews_shown = 5;

/* What the deal says of when it is valid: weekdays and hours. */
export function hoursText(app, deal) {
    const days = [];
    for (let day = 0; day < 7; day++)
        if (deal.weekdays === 0 || (deal.weekdays >> day) & 1) days.push(app.say("weekday_" + day));
    const clock = (minute) =>
        String(Math.floor(minute / 60)).padStart(2, "0") + ":" + String(minute % 60).padStart(2, "0");
    const all_day = deal.minute_from === 0 && deal.minute_to === 0;
    const hours = all_day ? "" : clock(deal.minute_from) + "–" + clock(deal.minute_to);
    if (days.length === 7) return all_day ? app.say("always") : hours;
    return days.join(" ") + " " + hours;
}

export class DealView {
    constructor(app, [deal_id, shop_id]) {
        this.app = app;
        this.deal_id = deal_id;
        this.shop_id = shop_id ?? null;
        this.every_ms = 4000;
        this.ticks = true;
        this.deal = null;
        this.detail = null;
        this.reviews = [];
        this.waiting = null;
        this.give = null;
        this.copies = 1;
        this.bought = null;
    }

    async load(reading) {
        this.deal = await reading.get(`/v1/deals/${this.deal_id}`);
        if (this.deal.kind === "give") {
            this.give ??= new GivePart(this.app, this.deal_id);
            await this.give.load(reading);
        }
        if (this.detail === null) {
            this.detail = await reading.get(`/v1/deals/${this.deal_id}/detail`);
            this.reviews = (await reading.get(`/v1/shops/${this.shopShown()}/reviews?limit=${reviews_shown}`)).data;
        }
        if (this.deal.copies_left === 0 && this.deal.kind !== "give") await this.loadWaiting(reading);
    }

    async loadWaiting(reading) {
        const all = await reading.list(`/v1/shoppers/${this.app.shopper_id}/deals-awaited`);
        this.waiting = all.find((one) => one.deal_id === this.deal_id && one.state === "waits") ?? null;
    }

    shopShown() {
        return this.shop_id ?? this.detail.shops[0]?.shop_id ?? this.deal.shop_id;
    }

    copiesMost() {
        const { deal } = this;
        const most = Math.min(copies_most, deal.copies_left);
        return Math.max(1, deal.copies_per_person > 0 ? Math.min(most, deal.copies_per_person) : most);
    }

    buy() {
        const { app } = this;
        return app.act(async () => {
            const body = { copies: this.copies, confirmed: true };
            this.bought = await app.change(`/v1/deals/${this.deal_id}/purchases`, body);
            app.heard(this.bought.state === "issued" ? "heard_bought" : "heard_ordered");
            if (this.bought.state === "issued") await this.show();
        });
    }

    /* The vouchers of what was just bought: the one, or the list. */
    async show() {
        const { app } = this;
        const { data } = await app.door.get(`/v1/shoppers/${app.shopper_id}/vouchers?limit=100`);
        const ours = data.filter((voucher) => voucher.purchase_id === this.bought.purchase_id);
        app.go(ours.length === 1 ? "#voucher/" + ours[0].voucher_id : "#vouchers");
    }

    wait(joins) {
        const { app } = this;
        return app.act(async () => {
            const path = `/v1/deals/${this.deal_id}/waiting` + (joins ? "" : "/leave");
            const answer = await app.change(path, joins ? { copies: 1 } : {});
            this.waiting = answer.state === "waits" ? answer : null;
            app.heard(joins ? "heard_waiting_deal" : "heard_left");
        });
    }

    groupTree() {
        const { app, deal } = this;
        if (deal.kind !== "group") return null;
        const short = Math.max(0, deal.group_least - deal.buyers);
        const rest = left(Date.parse(deal.group_until) - app.clock.now());
        const words =
            deal.group_state === "open"
                ? app.say("group_open", { short, least: deal.group_least })
                : app.say("group_" + deal.group_state);
        return h(
            "div",
            { class: "group", key: "group" },
            h("p", { class: "subject" }, words),
            deal.group_state === "open" &&
                h(
                    "p",
                    {},
                    app.say("group_left"),
                    " ",
                    rest.days > 0 && app.say("days", { days: rest.days }) + " ",
                    h("b", { class: "count" }, rest.clock),
                ),
            h("progress", {
                max: deal.group_least,
                value: Math.min(deal.buyers, deal.group_least),
                "aria-label": app.say("group_progress", { count: deal.buyers, least: deal.group_least }),
            }),
        );
    }

    buyTree() {
        const { app, deal } = this;
        const now = app.clock.now();
        if (deal.kind === "give") return this.give?.tree(deal);
        if (this.bought !== null && this.bought.state !== "issued")
            return h(
                "div",
                { class: "row", key: "bought" },
                h(
                    "p",
                    { class: "subject" },
                    app.say("bought_" + this.bought.state, {
                        short: this.bought.group_short,
                    }),
                ),
                h("a", { class: "button", href: "#me" }, app.say("purchases")),
            );
        if (deal.state !== "live" || now >= Date.parse(deal.sale_until))
            return h("p", { class: "subject", key: "over" }, app.say("sale_over"));
        if (now < Date.parse(deal.sale_from)) {
            const rest = left(Date.parse(deal.sale_from) - now);
            return h(
                "p",
                { class: "subject", key: "early" },
                app.say("sale_begins"),
                " ",
                rest.days > 0 && app.say("days", { days: rest.days }) + " ",
                h("b", { class: "count" }, rest.clock),
            );
        }
        if (deal.copies_left === 0) return this.soldOutTree();
        const most = this.copiesMost();
        const total = app.money(BigInt(deal.price_minor) * BigInt(this.copies), deal.currency);
        return h(
            "div",
            { class: "row", key: "buy" },
            stepper(app, "copies", app.say("copies"), this.copies, 1, most, (copies) => {
                this.copies = copies;
                app.draw();
            }),
            h(
                "button",
                { type: "button", id: "buy", class: "main", click: () => this.buy() },
                app.say("buy", { amount: total }),
            ),
        );
    }

    soldOutTree() {
        const { app, waiting } = this;
        return h(
            "div",
            { key: "sold-out", class: "row" },
            h("p", { class: "subject" }, app.say("sold_out")),
            waiting === null
                ? h(
                      "button",
                      { type: "button", id: "wait", class: "main", click: () => this.wait(true) },
                      app.say("wait_join"),
                  )
                : [
                      h("p", { class: "quiet" }, app.say("wait_stands")),
                      h(
                          "button",
                          { type: "button", id: "wait-leave", click: () => this.wait(false) },
                          app.say("wait_leave"),
                      ),
                  ],
        );
    }

    termsTree() {
        const { app, deal } = this;
        return facts([
            deal.kind === "times" && [app.say("visits"), deal.pieces_each],
            deal.kind === "stored_value" && [app.say("worth"), app.money(deal.face_minor, deal.currency)],
            ...(deal.parts.length > 1
                ? deal.parts.map((part) => [part.name || "·", app.say("pieces", { count: part.pieces })])
                : []),
            [app.say("valid_until"), app.moment(deal.valid_until)],
            deal.valid_days > 0 && [app.say("valid_days"), app.say("days", { days: deal.valid_days })],
            [app.say("valid_hours"), hoursText(app, deal)],
            deal.closed_days.length > 0 && [
                app.say("not_on"),
                deal.closed_days.map((closed) => closed.day).join(", "),
            ],
            deal.price_minor > 0 && [app.say("refund"), app.say("refund_" + deal.refund)],
            deal.price_minor > 0 && deal.lapse_refunds && [app.say("lapse"), app.say("lapse_refunds")],
            deal.copies_per_person > 0 && [app.say("per_person"), deal.copies_per_person],
            deal.copies_left > 0 && deal.copies_left <= 100 && [app.say("left"), deal.copies_left],
        ]);
    }

    shopsTree() {
        const { app, detail } = this;
        if (detail === null) return null;
        const shops = [...detail.shops].sort((a, b) => (b.shop_id === this.shop_id) - (a.shop_id === this.shop_id));
        return h(
            "section",
            { class: "slip", key: "shops", "aria-labelledby": "shops-title" },
            h("h2", { id: "shops-title" }, app.say("valid_in")),
            h(
                "ul",
                { class: "cards" },
                shops.slice(0, 12).map(({ shop_id }) => {
                    const place = app.known.place(shop_id);
                    return h(
                        "li",
                        { key: shop_id },
                        h(
                            "a",
                            { class: "card", href: "#shop/" + shop_id },
                            h(
                                "b",
                                { class: "card-title" },
                                app.known.name(shop_id, app.say("shop_number", { number: shop_id })),
                            ),
                            place !== null &&
                                h(
                                    "span",
                                    { class: "card-facts quiet" },
                                    h("span", {}, place.address),
                                    place.reviews > 0 &&
                                        h(
                                            "span",
                                            {},
                                            app.say("stars", {
                                                stars: (place.rating_tenths / 10).toFixed(1),
                                                count: place.reviews,
                                            }),
                                        ),
                                ),
                        ),
                    );
                }),
            ),
        );
    }

    tree() {
        const { app, deal, detail } = this;
        if (deal === null)
            return [
                back(app, "#near", "place_near"),
                fault(app, this) ?? h("p", { class: "slip quiet", key: "asking" }, app.say("asking")),
            ];
        return [
            back(app, "#near", "place_near"),
            h(
                "section",
                { class: "slip", key: "deal", "aria-labelledby": "deal-title" },
                deal.kind !== "voucher" && h("p", { class: "tag", key: "kind" }, app.say("kind_" + deal.kind)),
                picture(this.detail?.picture ?? "", "picture"),
                h("h2", { id: "deal-title", class: "subject", key: "title" }, deal.title),
                h("p", { class: "big-price", key: "price" }, price(app, deal)),
                this.groupTree(),
                this.buyTree(),
                fault(app, this),
                this.termsTree(),
                detail !== null && detail.rules !== "" && h("p", { class: "rules", key: "rules" }, detail.rules),
            ),
            this.shopsTree(),
            reviewsTree(app, this.reviews),
        ];
    }
}

export function reviewsTree(app, reviews) {
    if (reviews.length === 0) return null;
    return h(
        "section",
        { class: "slip", key: "reviews", "aria-labelledby": "reviews-title" },
        h("h2", { id: "reviews-title" }, app.say("reviews")),
        h(
            "ul",
            { class: "trades" },
            reviews.map((review) =>
                h(
                    "li",
                    { class: "trade", key: review.review_id },
                    h(
                        "p",
                        { class: "trade-line" },
                        h(
                            "b",
                            { "aria-label": app.say("stars_only", { stars: review.stars }) },
                            "★".repeat(review.stars) + "☆".repeat(5 - review.stars),
                        ),
                        h("span", { class: "quiet" }, app.moment(review.written_at)),
                    ),
                    review.text !== "" && h("p", {}, review.text),
                    review.reply !== "" && h("p", { class: "quiet" }, app.say("reply"), " ", review.reply),
                ),
            ),
        ),
    );
}
