/* SPDX-License-Identifier: Apache-2.0 */
/* Who brings meals for this shop: taken on, on duty, let go. */
import { field, twice } from "/deals/parts.js";
import { h } from "/local/paint.js";

export class CouriersPart {
    constructor(page) {
        this.page = page;
        this.staff = page.staff;
        this.couriers = [];
        this.wish = { courier_id: "", name: "", phone: "" };
        this.sure = null;
    }

    name(courier_id) {
        return this.couriers.find((one) => one.courier_id === courier_id)?.name ?? courier_id;
    }

    add() {
        const { staff, wish } = this;
        return this.page.change(`/v1/shops/${staff.shop_id}/couriers`, { ...wish }, (courier) => {
            staff.heard("heard_courier", { name: courier.name });
            this.wish = { courier_id: "", name: "", phone: "" };
        });
    }

    letGo(courier) {
        const { staff } = this;
        const { courier_id, name, phone } = courier;
        return this.page.change(`/v1/shops/${staff.shop_id}/couriers`, { courier_id, name, phone, gone: true }, () =>
            staff.heard("heard_gone", { name }),
        );
    }

    courierTree(courier) {
        const { staff } = this;
        const moment = staff.moment(courier.seen_at);
        const seen = courier.seen_at === null ? "" : staff.say("courier_seen", { moment });
        return h(
            "li",
            { class: "trade", key: courier.courier_id, id: "courier-" + courier.courier_id },
            h(
                "p",
                { class: "trade-line" },
                h("b", {}, courier.name),
                h("span", { class: "tag" }, staff.say(courier.on_duty ? "courier_on" : "courier_off")),
                h("span", {}, staff.say("courier_open", { open: courier.open, most: courier.open_most })),
            ),
            h(
                "p",
                { class: "trade-line quiet" },
                h("span", {}, seen),
                h(
                    "span",
                    {},
                    staff.say("courier_brought", {
                        count: courier.delivered,
                        amount: staff.money(courier.earned_minor),
                    }),
                ),
            ),
            courier.open === 0 &&
                h(
                    "div",
                    { class: "row" },
                    twice(staff, this, "gone-" + courier.courier_id, "courier_gone", "courier_gone_sure", () =>
                        this.letGo(courier),
                    ),
                ),
        );
    }

    formTree() {
        const { staff, wish } = this;
        const typed = (name, more = {}) => {
            const part = name.replace("courier_", "");
            return field("courier-" + part, staff.say("courier_" + part), {
                value: wish[name],
                maxlength: 60,
                input: (event) => (wish[name] = event.target.value.trim()),
                ...more,
            });
        };
        return h(
            "details",
            { key: "add", id: "courier-add" },
            h("summary", {}, staff.say("courier_add")),
            h(
                "form",
                {
                    novalidate: true,
                    submit: (event) => {
                        event.preventDefault();
                        void this.add();
                    },
                },
                typed("courier_id", { inputmode: "numeric", maxlength: 19 }),
                typed("name"),
                typed("phone", { inputmode: "tel", maxlength: 30 }),
                h("div", { class: "row" }, h("button", { class: "main", id: "courier-do" }, staff.say("courier_do"))),
            ),
        );
    }

    tree() {
        const { staff, couriers } = this;
        return h(
            "section",
            { class: "slip", key: "couriers", "aria-labelledby": "couriers-title" },
            h("h2", { id: "couriers-title" }, staff.say("couriers")),
            couriers.length === 0 && h("p", { class: "quiet", key: "none" }, staff.say("couriers_none")),
            h(
                "ul",
                { class: "trades", key: "list" },
                couriers.map((courier) => this.courierTree(courier)),
            ),
            this.formTree(),
        );
    }
}
