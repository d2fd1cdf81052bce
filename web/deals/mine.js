/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what is the shopper's: meals; purchases that wait, queue numbers, red packets, who is logged in. */
import { fault, field, twice } from "/deals/parts.js";
import { h } from "/local/paint.js";

export class MealsView {
    constructor(app) {
        this.app = app;
        this.every_ms = 5000;
        this.meals = null;
        this.table = "";
    }

    async load(reading) {
        this.meals = (await reading.get(`/v1/shoppers/${this.app.shopper_id}/meals?limit=30`)).data;
    }

    /* What the QR on the table says: an address that ends in #table/ID/CODE. */
    openTable() {
        const found = /#?table\/(\d{1,19})\/(\d{1,10})\s*$/.exec(this.table);
        if (found !== null) this.app.go(`#table/${found[1]}/${found[2]}`);
    }

    tree() {
        const { app, meals } = this;
        return [
            h(
                "form",
                {
                    class: "slip",
                    key: "form",
                    novalidate: true,
                    submit: (event) => {
                        event.preventDefault();
                        this.openTable();
                    },
                },
                h("h2", {}, app.say("meals_title")),
                h("p", { class: "quiet" }, app.say("meals_how")),
                field("table-text", app.say("table_text"), {
                    value: this.table,
                    maxlength: 300,
                    input: (event) => (this.table = event.target.value),
                }),
                h("div", { class: "row" }, h("button", {}, app.say("table_open"))),
            ),
            fault(app, this),
            meals !== null &&
                meals.length > 0 &&
                h(
                    "section",
                    { class: "slip", key: "meals", "aria-label": app.say("place_meals") },
                    h(
                        "ul",
                        { class: "cards" },
                        meals.map((meal) =>
                            h(
                                "li",
                                { key: meal.order_id },
                                h(
                                    "a",
                                    { class: "card", href: "#meal/" + meal.order_id + "/order" },
                                    h(
                                        "span",
                                        { class: "card-head" },
                                        h(
                                            "b",
                                            { class: "card-title" },
                                            meal.kind === "dine_in"
                                                ? app.say("table_name", { name: meal.table_name })
                                                : app.say("meal_" + meal.kind),
                                        ),
                                        h("span", { class: "tag" }, app.say("meal_state_" + meal.state)),
                                    ),
                                    h(
                                        "span",
                                        { class: "card-facts quiet" },
                                        h("span", {}, app.moment(meal.opened_at)),
                                        h("span", {}, app.money(meal.food_minor, meal.currency)),
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
        ];
    }
}

export class MeView {
    constructor(app) {
        this.app = app;
        this.every_ms = 5000;
        this.purchases = null;
        this.awaited = [];
        this.sure = null;
    }

    async load(reading) {
        const { shopper_id } = this.app;
        this.purchases = (await reading.get(`/v1/shoppers/${shopper_id}/purchases?limit=30`)).data;
        const awaited = (await reading.get(`/v1/shoppers/${shopper_id}/deals-awaited?limit=50`)).data;
        this.awaited = awaited.filter((one) => one.state !== "left");
    }

    cancel(purchase) {
        const { app } = this;
        return app.act(async () => {
            await app.change(`/v1/purchases/${purchase.purchase_id}/cancel`);
            app.heard("heard_cancelled");
            await this.load(app.reading());
        });
    }

    purchaseTree(purchase) {
        const { app } = this;
        const deal = app.known.deal(purchase.deal_id);
        const open = purchase.state === "waiting" || purchase.state === "paid";
        return h(
            "li",
            { class: "trade", key: purchase.purchase_id, "data-state": purchase.state },
            h(
                "p",
                { class: "trade-line" },
                h("a", { href: "#deal/" + purchase.deal_id }, deal?.title ?? "…"),
                h("span", { class: "tag" }, app.say("purchase_" + purchase.state)),
            ),
            h(
                "p",
                { class: "trade-line quiet" },
                h("span", {}, purchase.copies, " × ", app.money(purchase.price_minor)),
                h("span", {}, app.moment(purchase.created_at)),
            ),
            open &&
                h(
                    "div",
                    { class: "row" },
                    purchase.state === "waiting" &&
                        h("a", { class: "button", href: "/wallet/" }, app.say("to_wallet")),
                    twice(
                        app,
                        this,
                        "cancel-" + purchase.purchase_id,
                        "purchase_cancel",
                        "purchase_cancel_sure",
                        () => this.cancel(purchase),
                    ),
                ),
        );
    }

    tree() {
        const { app, purchases, awaited } = this;
        return [
            h(
                "section",
                { class: "slip", key: "me", "aria-labelledby": "me-title" },
                h("h2", { id: "me-title" }, app.say("account_now", { account: app.door.shopper.user_id })),
                h(
                    "div",
                    { class: "row" },
                    h("a", { class: "button", href: "/wallet/" }, app.say("to_wallet")),
                    h("button", { type: "button", id: "logout", click: () => app.logout() }, app.say("logout")),
                ),
            ),
            fault(app, this),
            awaited.length > 0 &&
                h(
                    "section",
                    { class: "slip", key: "awaited", "aria-labelledby": "awaited-title" },
                    h("h2", { id: "awaited-title" }, app.say("awaited")),
                    h(
                        "ul",
                        { class: "cards" },
                        awaited.map((one) =>
                            h(
                                "li",
                                { key: one.deal_id },
                                h(
                                    "a",
                                    { class: "card", href: "#deal/" + one.deal_id },
                                    h(
                                        "span",
                                        { class: "card-head" },
                                        h("b", { class: "card-title" }, app.known.deal(one.deal_id)?.title ?? "…"),
                                        h("span", { class: "tag" }, app.say("awaited_" + one.state)),
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
            purchases !== null &&
                h(
                    "section",
                    { class: "slip", key: "purchases", "aria-labelledby": "purchases-title" },
                    h("h2", { id: "purchases-title" }, app.say("purchases")),
                    purchases.length === 0 && h("p", { class: "quiet" }, app.say("purchases_none")),
                    h(
                        "ul",
                        { class: "trades" },
                        purchases.map((purchase) => this.purchaseTree(purchase)),
                    ),
                ),
        ];
    }
}
