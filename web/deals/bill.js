/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sharing what a table costs: one bill, even parts, each guest's own, or chosen lines; each bill is paid by a phone of
 * its own, with a tip if one likes. The cents are the server's matter: what is shown are its bills.
 */
import { facts, stepper } from "/deals/parts.js";
import { h } from "/local/paint.js";

const modes = ["whole", "evenly", "guests", "lines"];
const tips = [0, 5, 10, 15]; /* percent of food and service */

export class BillPart {
    constructor(app, meal) {
        this.app = app;
        this.meal = meal;
        this.mode = "whole";
        this.parts = 2;
        this.lines = new Set();
        this.tip = 0;
    }

    split() {
        const body = { mode: this.mode };
        if (this.mode === "evenly") body.parts = this.parts;
        if (this.mode === "lines") body.lines = [...this.lines].map((line) => ({ line }));
        this.lines.clear();
        return this.meal.change("/split", body, "heard_split");
    }

    pay(bill) {
        const body = { confirmed: true };
        if (this.tip > 0) body.tip_minor = this.tipMinor(bill);
        return this.meal.change(`/bills/${bill.bill}/pay`, body, "heard_paid");
    }

    tipMinor(bill) {
        return Math.round(((bill.food_minor + bill.service_minor) * this.tip) / 100);
    }

    /* Lines that are on no bill yet. */
    loose() {
        return this.meal.lines.filter((line) => line.state !== "off" && line.bill === 0);
    }

    modeTree(mode) {
        const { app } = this;
        return h(
            "p",
            { class: "tick", key: mode },
            h("input", {
                type: "radio",
                name: "mode",
                id: "mode-" + mode,
                checked: this.mode === mode,
                change: () => {
                    this.mode = mode;
                    app.draw();
                },
            }),
            h("label", { for: "mode-" + mode }, app.say("split_" + mode)),
        );
    }

    splitTree() {
        const { app, meal } = this;
        const loose = this.loose();
        const left = meal.order.food_minor - meal.order.billed_minor;
        if (left === 0 || !meal.open) return null;
        const may = modes.filter((mode) => mode !== "guests" || meal.guests.length > 1);
        const none = this.mode === "lines" && this.lines.size === 0;
        return h(
            "form",
            {
                key: "split",
                novalidate: true,
                submit: (event) => {
                    event.preventDefault();
                    if (!none) void this.split();
                },
            },
            h(
                "fieldset",
                {},
                h("legend", {}, app.say("split_title", { amount: app.money(left, meal.order.currency) })),
                may.map((mode) => this.modeTree(mode)),
            ),
            this.mode === "evenly" &&
                stepper(app, "parts", app.say("split_parts"), this.parts, 2, 16, (parts) => {
                    this.parts = parts;
                    app.draw();
                }),
            this.mode === "lines" &&
                h(
                    "fieldset",
                    {},
                    h("legend", {}, app.say("split_choose")),
                    loose.map((line) =>
                        h(
                            "p",
                            { class: "tick", key: line.line },
                            h("input", {
                                type: "checkbox",
                                id: "split-" + line.line,
                                checked: this.lines.has(line.line),
                                change: (event) => {
                                    if (event.target.checked) this.lines.add(line.line);
                                    else this.lines.delete(line.line);
                                    app.draw();
                                },
                            }),
                            h(
                                "label",
                                { for: "split-" + line.line },
                                line.pieces > 1 && line.pieces + " × ",
                                line.name,
                                " ",
                                h("span", { class: "quiet" }, app.money(line.total_minor, meal.order.currency)),
                            ),
                        ),
                    ),
                ),
            h(
                "div",
                { class: "row" },
                h(
                    "button",
                    { class: "main", id: "split", disabled: none },
                    app.say(this.mode === "whole" ? "split_whole_do" : "split_do"),
                ),
            ),
        );
    }

    tipTree() {
        const { app } = this;
        return h(
            "div",
            { class: "tips", role: "group", "aria-label": app.say("tip"), key: "tips" },
            h("span", {}, app.say("tip")),
            tips.map((tip) =>
                h(
                    "button",
                    {
                        type: "button",
                        key: tip,
                        "aria-pressed": String(tip === this.tip),
                        click: () => {
                            this.tip = tip;
                            app.draw();
                        },
                    },
                    tip === 0 ? app.say("tip_none") : tip + " %",
                ),
            ),
        );
    }

    billTree(bill) {
        const { app, meal } = this;
        const { currency } = meal.order;
        const open = bill.state === "open" && meal.open;
        const total = bill.total_minor + (open ? this.tipMinor(bill) : 0);
        const whose = bill.guest > 0 ? meal.guestName(bill.guest) : app.say("bill_number", { number: bill.bill });
        return h(
            "li",
            { class: "trade bill", key: bill.bill, "data-state": bill.state },
            h(
                "p",
                { class: "trade-line" },
                h("b", {}, whose),
                h("span", { class: "tag bill-" + bill.state }, app.say("bill_" + bill.state)),
            ),
            facts([
                bill.service_minor > 0 && [app.say("food"), app.money(bill.food_minor, currency)],
                bill.service_minor > 0 && [app.say("service"), app.money(bill.service_minor, currency)],
                bill.fee_minor > 0 && [app.say("fee"), app.money(bill.fee_minor, currency)],
                bill.tip_minor > 0 && [app.say("tip"), app.money(bill.tip_minor, currency)],
                [app.say("total"), app.money(bill.total_minor, currency)],
            ]),
            open &&
                h(
                    "div",
                    { class: "row" },
                    h(
                        "button",
                        { type: "button", class: "main", id: "pay-" + bill.bill, click: () => this.pay(bill) },
                        app.say("pay", { amount: app.money(total, currency) }),
                    ),
                ),
            bill.state === "waiting" && h("p", {}, h("a", { href: "/wallet/" }, app.say("to_wallet"))),
        );
    }

    tree() {
        const { app, meal } = this;
        const bills = meal.bills.filter((bill) => bill.state !== "void");
        const open = bills.some((bill) => bill.state === "open") && meal.open;
        const paid =
            meal.order.paid_minor > 0 &&
            meal.order.bills_unpaid === 0 &&
            meal.order.food_minor === meal.order.billed_minor;
        return h(
            "section",
            { class: "slip", key: "bill", "aria-label": app.say("tab_bill") },
            meal.order.food_minor === 0 && h("p", { class: "quiet" }, app.say("bill_none")),
            paid &&
                h(
                    "p",
                    { class: "verdict good", id: "all-paid" },
                    h("span", { class: "verdict-mark", "aria-hidden": "true" }, "✓"),
                    app.say("all_paid"),
                ),
            this.splitTree(),
            open && this.tipTree(),
            h(
                "ul",
                { class: "trades" },
                bills.map((bill) => this.billTree(bill)),
            ),
            open &&
                h(
                    "div",
                    { class: "row" },
                    h(
                        "button",
                        { type: "button", id: "unsplit", click: () => meal.change("/unsplit", {}) },
                        app.say("unsplit"),
                    ),
                ),
        );
    }
}
