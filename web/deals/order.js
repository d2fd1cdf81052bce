/* SPDX-License-Identifier: Apache-2.0 */
/* What was ordered, by whom, and how far the kitchen is; sending it, or placing what is taken away. */
import { choice, stepper } from "/deals/parts.js";
import { h } from "/local/paint.js";

export class OrderPart {
    constructor(app, meal) {
        this.app = app;
        this.meal = meal;
        this.times = null;
        this.time = "";
    }

    lineChange(line, pieces) {
        return this.meal.change(`/lines/${line.line}`, { pieces, note: line.note }, null, "PUT");
    }

    send() {
        return this.meal.change("/send", {}, "heard_sent");
    }

    place() {
        const body = { confirmed: true };
        if (this.time !== "") body.ready_by = this.time;
        return this.meal.change("/place", body, "heard_placed");
    }

    async timesAsk() {
        this.times = [];
        const { data } = await this.app.door
            .get(`/v1/shops/${this.meal.order.shop_id}/kitchen/times?limit=40`)
            .catch(() => ({ data: [] }));
        this.times = data;
        this.app.draw();
    }

    lineTree(line) {
        const { app, meal } = this;
        const currency = meal.order.currency;
        const options = line.options.map((option) => option.name).join(", ");
        const mine = line.guest === 0 || line.guest === meal.me?.guest;
        return h(
            "li",
            { class: "trade", key: line.line, "data-state": line.state },
            h(
                "p",
                { class: "trade-line" },
                h("b", {}, line.pieces > 1 && line.pieces + " × ", line.name),
                h("b", {}, app.money(line.total_minor, currency)),
            ),
            h(
                "p",
                { class: "trade-line" },
                h("span", { class: "quiet" }, [options, line.note].filter((text) => text !== "").join(" · ")),
                h("span", { class: "tag line-" + line.state }, app.say("line_" + line.state)),
            ),
            line.state === "draft" &&
                mine &&
                meal.open &&
                h(
                    "div",
                    { class: "row" },
                    stepper(app, "line-" + line.line, app.say("dish_pieces"), line.pieces, 0, 99, (pieces) =>
                        this.lineChange(line, pieces),
                    ),
                ),
        );
    }

    guestTree(number, lines) {
        const { app, meal } = this;
        const sum = lines.filter((line) => line.state !== "off").reduce((total, line) => total + line.total_minor, 0);
        return h(
            "div",
            { key: number },
            meal.guests.length > 1 &&
                h(
                    "h3",
                    { class: "trade-line" },
                    h("span", {}, meal.guestName(number)),
                    h("span", { class: "quiet" }, app.money(sum, meal.order.currency)),
                ),
            h(
                "ul",
                { class: "trades" },
                lines.map((line) => this.lineTree(line)),
            ),
        );
    }

    placeTree() {
        const { app, meal } = this;
        const { order } = meal;
        if (this.times === null) void this.timesAsk();
        const times = ["", ...(this.times ?? []).map((time) => time.ready_by)];
        const total = app.money(order.food_minor + order.fee_minor, order.currency);
        return h(
            "div",
            { key: "place" },
            choice(
                "ready-by",
                app.say("ready_when"),
                times,
                (time) => (time === "" ? app.say("ready_soon") : app.moment(time)),
                this.time,
                (time) => (this.time = time),
            ),
            h(
                "div",
                { class: "row" },
                h(
                    "button",
                    { type: "button", class: "main", id: "place", click: () => this.place() },
                    app.say("place_pay", { amount: total }),
                ),
            ),
        );
    }

    doTree() {
        const { app, meal } = this;
        const { order } = meal;
        if (!meal.open || order.drafts === 0) return null;
        if (order.kind !== "dine_in") return this.placeTree();
        if (order.pay_first)
            return h(
                "div",
                { class: "row", key: "do" },
                h("p", { class: "quiet" }, app.say("pay_first")),
                h(
                    "button",
                    { type: "button", class: "main", id: "to-bill", click: () => meal.show("bill") },
                    app.say("to_bill"),
                ),
            );
        return h(
            "div",
            { class: "row", key: "do" },
            h(
                "button",
                { type: "button", class: "main", id: "send", click: () => this.send() },
                app.say("send", { count: order.drafts }),
            ),
        );
    }

    tree() {
        const { app, meal } = this;
        const lines = meal.lines.filter((line) => line.state !== "off");
        const numbers = [...new Set(lines.map((line) => line.guest))].sort((a, b) => a - b);
        return h(
            "section",
            { class: "slip", key: "order", "aria-label": app.say("tab_order") },
            lines.length === 0 && h("p", { class: "quiet" }, app.say("order_none")),
            numbers.map((number) =>
                this.guestTree(
                    number,
                    lines.filter((line) => line.guest === number),
                ),
            ),
            lines.length > 0 &&
                h(
                    "p",
                    { class: "trade-line total" },
                    h("span", {}, app.say("total")),
                    h("b", {}, app.money(meal.order.food_minor, meal.order.currency)),
                ),
            this.doTree(),
        );
    }
}
