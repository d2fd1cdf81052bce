/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One order: the menu, what was ordered by whom, the bills. Several phones show the same one; each asks how it stands
 * every two seconds, and for its lines, guests and bills when its version has grown.
 */
import { BillPart } from "/deals/bill.js";
import { MenuPart } from "/deals/menu.js";
import { OrderPart } from "/deals/order.js";
import { fault } from "/deals/parts.js";
import { h } from "/local/paint.js";

const tabs = ["menu", "order", "bill"];
const stocks_every = 4; /* times that it is asked, the stocks once */

export class MealView {
    constructor(app, [order_id, tab]) {
        this.app = app;
        this.order_id = order_id;
        this.every_ms = 2000;
        this.tab = tabs.includes(tab) ? tab : "menu";
        this.order = null;
        this.lines = [];
        this.guests = [];
        this.bills = [];
        this.ride = null; /* that brings it */
        this.dishes = null;
        this.stocks = new Map();
        this.version = -1; /* of the order when its lines, guests and bills were asked for */
        this.grown_at = -Infinity; /* when the order was seen to be another than before */
        this.asked = 0;
        this.menu = new MenuPart(app, this);
        this.ordered = new OrderPart(app, this);
        this.bill = new BillPart(app, this);
    }

    get path() {
        return `/v1/meals/${this.order_id}`;
    }

    get me() {
        return this.guests.find((guest) => guest.shopper_id === this.app.shopper_id) ?? null;
    }

    get open() {
        return this.order.state !== "done" && this.order.state !== "cancelled";
    }

    guestName(number) {
        if (number === 0) return this.app.say("for_all");
        const guest = this.guests.find((one) => one.guest === number);
        if (guest === undefined) return "";
        return guest === this.me ? this.app.say("guest_me", { name: guest.name }) : guest.name;
    }

    async load(reading) {
        const before = this.order;
        this.take(await reading.get(this.path));
        if (this.order.ride_id !== null) this.ride = await reading.get("/v1/rides/" + this.order.ride_id);
        if (before !== null && before.state !== "ready" && this.order.state === "ready")
            this.app.heard("heard_ready");
        if (this.dishes === null) {
            const dishes = await reading.list(`/v1/shops/${this.order.shop_id}/menu`, 500);
            this.dishes = dishes.sort((a, b) => a.place - b.place);
            if (this.order.lines > 0 && this.tab === "menu" && !this.open) this.tab = "order";
        }
        if (this.asked % stocks_every === 0) {
            const stocks = await reading.list(`/v1/shops/${this.order.shop_id}/stocks`, 500);
            this.stocks = new Map(stocks.map((stock) => [stock.dish_id, stock]));
        }
        this.asked++;
        if (this.order.version !== this.version) await this.parts(reading.again());
    }

    /* Answers may overtake one another; an order's version only grows. */
    take(order) {
        if (this.order !== null && order.version < this.order.version) return;
        if (order.version !== this.order?.version) this.grown_at = performance.now();
        this.order = order;
    }

    /* A list from a replica that is behind may be of before: then it is asked for again. */
    async parts(reading) {
        const { version } = this.order;
        const [lines, guests, bills] = await Promise.all(
            ["lines", "guests", "bills"].map((name) => reading.list(this.path + "/" + name)),
        );
        Object.assign(this, { lines, guests, bills });
        if (reading.as_of >= this.grown_at) this.version = version;
    }

    /* Every change of the order answers the order. */
    change(path, body, heard = null, method = "POST") {
        const { app } = this;
        return app.act(async () => {
            this.take(await app.change(this.path + path, body, method));
            await this.parts(app.reading());
            if (heard !== null) app.heard(heard);
        });
    }

    show(tab) {
        this.tab = tab;
        this.app.fault = null;
        history.replaceState(null, "", `#meal/${this.order_id}/${tab}`);
        this.app.draw();
    }

    tabTree(tab) {
        const { app } = this;
        const counts = {
            menu: 0,
            order: this.lines.filter((line) => line.state !== "off").length,
            bill: this.bills.filter((bill) => bill.state === "open").length,
        };
        return h(
            "button",
            {
                type: "button",
                key: tab,
                id: "tab-" + tab,
                "aria-pressed": String(tab === this.tab),
                click: () => this.show(tab),
            },
            app.say("tab_" + tab),
            counts[tab] > 0 && h("span", { class: "badge" }, " " + counts[tab]),
        );
    }

    headTree() {
        const { app, order } = this;
        const where =
            order.kind === "dine_in"
                ? app.say("table_name", { name: order.table_name })
                : app.say("meal_" + order.kind);
        const others = this.guests.filter((guest) => guest !== this.me).map((guest) => guest.name);
        return h(
            "section",
            { class: "slip meal-head", key: "head", "aria-labelledby": "meal-title" },
            h(
                "p",
                { class: "trade-line" },
                h(
                    "b",
                    { id: "meal-title", class: "subject" },
                    where,
                    order.number > 0 && " · " + app.say("meal_number", { number: order.number }),
                ),
                h(
                    "span",
                    { class: "tag", id: "meal-state", "data-state": order.state },
                    app.say("meal_state_" + order.state),
                ),
            ),
            others.length > 0 && h("p", { class: "quiet" }, app.say("with_others", { names: others.join(", ") })),
            order.ready_by !== null &&
                order.kind !== "dine_in" &&
                this.open &&
                h("p", {}, app.say("ready_by", { moment: app.moment(order.ready_by) })),
            order.kind === "delivery" && h("p", { class: "quiet", key: "door" }, order.address),
            this.ride !== null &&
                h("p", { id: "ride", key: "ride", "data-state": this.ride.state }, app.say("ride_" + this.ride.state)),
            h(
                "div",
                { class: "tabs", role: "group", "aria-label": app.say("tabs") },
                tabs
                    .filter((tab) => tab !== "bill" || order.kind === "dine_in" || this.bills.length > 0)
                    .map((tab) => this.tabTree(tab)),
            ),
        );
    }

    tree() {
        const { app, order } = this;
        if (order === null) return fault(app, this) ?? h("p", { class: "slip quiet" }, app.say("asking"));
        const part = { menu: this.menu, order: this.ordered, bill: this.bill }[this.tab];
        return [this.headTree(), fault(app, this), part.tree()];
    }
}
