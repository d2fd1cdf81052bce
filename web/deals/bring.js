/* SPDX-License-Identifier: Apache-2.0 */
/* A meal that is brought: to which door, to whom. What was typed last is kept in this browser. */
import { preferenceGet, preferenceSet } from "/live/preference.js";
import { placeHere, placeKept, placeRead } from "/deals/near.js";
import { field } from "/deals/parts.js";
import { h } from "/local/paint.js";

const kept_under = "door";

/* Of this shopper only: somebody else may have used this browser before. */
function doorRead(shopper_id) {
    const empty = { address: "", contact: "", phone: "", place: placeKept(), shopper_id };
    try {
        const kept = JSON.parse(preferenceGet(kept_under) ?? "{}");
        return kept.shopper_id === shopper_id ? { ...empty, ...kept } : empty;
    } catch {
        return empty;
    }
}

export class BringPart {
    constructor(app, shop_id) {
        this.app = app;
        this.shop_id = shop_id;
        this.wish = doorRead(app.shopper_id);
        this.lost = false; /* the phone does not say where it is */
    }

    async locate() {
        try {
            this.wish.place = await placeHere();
            this.lost = false;
        } catch {
            this.lost = true;
        }
        this.app.draw();
    }

    order() {
        const { app, wish } = this;
        return app.act(async () => {
            const place = placeRead(wish.place);
            if (wish.address.trim() === "") throw Object.assign(new Error("no address"), { code: "door_address" });
            if (place === null) throw Object.assign(new Error("no place"), { code: "door_place" });
            const { address, contact, phone } = wish;
            const body = { kind: "delivery", address: address.trim(), contact: contact.trim(), phone: phone.trim() };
            const order = await app.change(`/v1/shops/${this.shop_id}/meals`, { ...body, ...place });
            preferenceSet(kept_under, JSON.stringify(wish));
            app.go("#meal/" + order.order_id);
        });
    }

    field(name, more) {
        const { app, wish } = this;
        const typed = (event) => (wish[name] = event.target.value);
        return field("bring-" + name, app.say("bring_" + name), { value: wish[name], input: typed, ...more });
    }

    tree(kitchen) {
        const { app } = this;
        const terms = { km: kitchen.delivery_radius_m / 1000, fee: app.money(kitchen.delivery_fee_minor) };
        const least = kitchen.delivery_least_minor;
        return h(
            "details",
            { key: "bring", id: "bring" },
            h("summary", {}, app.say("bring")),
            h("p", { class: "quiet" }, app.say("bring_how", terms)),
            least > 0 && h("p", { class: "quiet" }, app.say("bring_least", { amount: app.money(least) })),
            h(
                "form",
                {
                    novalidate: true,
                    submit: (event) => {
                        event.preventDefault();
                        void this.order();
                    },
                },
                this.field("address", { maxlength: 50, autocomplete: "street-address" }),
                this.field("contact", { maxlength: 20, autocomplete: "name" }),
                this.field("phone", { maxlength: 30, inputmode: "tel", autocomplete: "tel" }),
                this.field("place", {
                    maxlength: 40,
                    placeholder: "30.2741, 120.1551",
                    "aria-describedby": "bring-lost",
                }),
                h(
                    "p",
                    { id: "bring-lost", class: "fault", role: "alert", hidden: !this.lost },
                    this.lost ? app.say("near_lost") : "",
                ),
                h(
                    "div",
                    { class: "row" },
                    h("button", { class: "main", id: "bring-do" }, app.say("bring_do")),
                    h("button", { type: "button", click: () => this.locate() }, app.say("near_here")),
                ),
            ),
        );
    }
}
