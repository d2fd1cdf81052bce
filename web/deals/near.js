/* SPDX-License-Identifier: Apache-2.0 */
/* Deals near a place: where the phone is, or a place that was typed; kept in this browser. */
import { preferenceGet, preferenceSet } from "/live/preference.js";
import { choice, fault, field, picture, price } from "/deals/parts.js";
import { h } from "/local/paint.js";

const page_size = 20;
const categories = "dining drinks film karaoke sports beauty leisure family lodging travel services other".split(" ");
const orders = ["distance", "price", "rating"];
const radii = [1000, 3000, 10000, 50000];

/* "30.2741, 120.1551" in millionths of a degree; null when it is no place. */
export function placeRead(text) {
    const found = /^\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text);
    if (found === null) return null;
    const [latitude, longitude] = [Number(found[1]), Number(found[2])];
    if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return null;
    return { latitude_e6: Math.round(latitude * 1e6), longitude_e6: Math.round(longitude * 1e6) };
}

export function placeText(place) {
    return (place.latitude_e6 / 1e6).toFixed(4) + ", " + (place.longitude_e6 / 1e6).toFixed(4);
}

/* Where the phone is; rejects when it does not say so. */
export async function placeHere() {
    if (navigator.geolocation === undefined) throw new Error("no place");
    const options = { timeout: 10_000, maximumAge: 60_000 };
    const { coords } = await new Promise((found, lost) =>
        navigator.geolocation.getCurrentPosition(found, lost, options),
    );
    return coords.latitude.toFixed(5) + ", " + coords.longitude.toFixed(5);
}

/* The place that deals were looked for at last, as it was typed. */
export function placeKept() {
    return keptRead()?.place ?? "";
}

function keptRead() {
    try {
        const kept = JSON.parse(preferenceGet("near") ?? "null");
        return typeof kept === "object" ? kept : null;
    } catch {
        return null;
    }
}

export class NearView {
    constructor(app, [place]) {
        const kept = keptRead();
        this.app = app;
        this.every_ms = 15_000;
        this.found = null;
        this.cursor = null;
        this.lost = false; /* the phone does not say where it is */
        this.wish = { place: "", category: "", order: "distance", radius_m: 3000, open_now: false, ...kept };
        if (place !== undefined && placeRead(place) !== null) this.wish.place = place;
    }

    keep() {
        preferenceSet("near", JSON.stringify(this.wish));
        void this.app.ask();
    }

    path(cursor) {
        const { wish } = this;
        const place = placeRead(wish.place);
        const query = new URLSearchParams({ ...place, radius_m: wish.radius_m, order: wish.order, limit: page_size });
        if (wish.category !== "") query.set("category", wish.category);
        if (wish.open_now) query.set("open_now", "true");
        if (cursor !== null) query.set("cursor", cursor);
        return "/v1/nearby/deals?" + query;
    }

    async load(reading) {
        if (placeRead(this.wish.place) === null) return;
        const path = this.path(null);
        const { data, next_cursor } = await reading.get(path);
        if (path !== this.path(null)) return; /* it was wished otherwise meanwhile */
        const shown = this.found?.path === path ? this.found.deals : [];
        const first = new Set(data.map((deal) => deal.deal_id));
        const later =
            shown.length > page_size ? shown.slice(page_size).filter((deal) => !first.has(deal.deal_id)) : [];
        if (later.length === 0) this.cursor = next_cursor;
        this.found = { path, deals: [...data, ...later] };
        for (const deal of data) this.app.known.nameSet(deal.shop_id, deal.shop_name);
    }

    async more() {
        await this.app.act(async () => {
            const { data, next_cursor } = await this.app.door.get(this.path(this.cursor));
            const known = new Set(this.found.deals.map((deal) => deal.deal_id));
            for (const deal of data) this.app.known.nameSet(deal.shop_id, deal.shop_name);
            this.found.deals.push(...data.filter((deal) => !known.has(deal.deal_id)));
            this.cursor = next_cursor;
        });
    }

    async locate() {
        try {
            this.wish.place = await placeHere();
            this.lost = false;
            this.keep();
        } catch {
            this.lost = true;
            this.app.draw();
        }
    }

    select(name, options, words) {
        return choice("near-" + name, this.app.say("near_" + name), options, words, this.wish[name], (value) => {
            this.wish[name] = typeof this.wish[name] === "number" ? Number(value) : value;
            this.keep();
        });
    }

    formTree() {
        const { app, wish } = this;
        const typed = (event) => {
            wish.place = event.target.value;
            if (placeRead(wish.place) !== null) this.keep();
            else app.draw();
        };
        const words = (key) => (value) => app.say(value === "" ? key + "any" : key + value);
        return h(
            "form",
            {
                class: "slip",
                key: "form",
                "aria-labelledby": "near-title",
                submit: (event) => event.preventDefault(),
            },
            h("h2", { id: "near-title" }, app.say("near_title")),
            field("near-place", app.say("near_place"), {
                value: wish.place,
                input: typed,
                inputmode: "text",
                maxlength: 40,
                placeholder: "30.2741, 120.1551",
                "aria-describedby": "near-lost",
            }),
            h(
                "p",
                { id: "near-lost", class: "fault", role: "alert", hidden: !this.lost },
                this.lost ? app.say("near_lost") : "",
            ),
            h(
                "div",
                { class: "row" },
                h("button", { type: "button", click: () => this.locate() }, app.say("near_here")),
            ),
            h(
                "div",
                { class: "fields" },
                this.select("category", ["", ...categories], words("category_")),
                this.select("order", orders, words("order_")),
                this.select("radius_m", radii, (radius) => app.say("radius", { km: radius / 1000 })),
            ),
            h(
                "p",
                { class: "tick" },
                h("input", {
                    type: "checkbox",
                    id: "near-open",
                    checked: wish.open_now,
                    change: (event) => {
                        wish.open_now = event.target.checked;
                        this.keep();
                    },
                }),
                h("label", { for: "near-open" }, app.say("near_open")),
            ),
        );
    }

    dealTree(deal) {
        const { app } = this;
        const gone = deal.copies_left === 0;
        const facts = [
            h("span", {}, deal.shop_name),
            h("span", {}, distanceText(app, deal.distance_m)),
            deal.reviews > 0 &&
                h("span", {}, app.say("stars", { stars: (deal.rating_tenths / 10).toFixed(1), count: deal.reviews })),
            !deal.open && h("span", { class: "tag" }, app.say("shop_closed")),
            gone && h("span", { class: "tag" }, app.say("sold_out")),
        ];
        return h(
            "li",
            { key: deal.deal_id },
            h(
                "a",
                { class: "card", href: "#deal/" + deal.deal_id + "/" + deal.shop_id },
                picture(deal.picture, "card-picture"),
                h("span", { class: "card-head" }, h("b", { class: "card-title" }, deal.title), price(app, deal)),
                h("span", { class: "card-facts quiet" }, facts),
                deal.kind !== "voucher" && h("span", { class: "tag kind" }, app.say("kind_" + deal.kind)),
            ),
        );
    }

    listTree() {
        const { app, found } = this;
        if (placeRead(this.wish.place) === null)
            return h("p", { class: "slip quiet", key: "none" }, app.say("near_where"));
        if (found === null) return h("p", { class: "slip quiet", key: "none" }, app.say("asking"));
        return h(
            "section",
            { class: "slip", key: "list", "aria-label": app.say("near_found") },
            found.deals.length === 0 && h("p", { class: "quiet" }, app.say("near_none")),
            h(
                "ul",
                { class: "cards" },
                found.deals.map((deal) => this.dealTree(deal)),
            ),
            this.cursor !== null && h("button", { type: "button", click: () => this.more() }, app.say("more")),
        );
    }

    tree() {
        return [this.formTree(), fault(this.app, this), this.listTree()];
    }
}

export function distanceText(app, distance_m) {
    return distance_m < 1000
        ? app.say("metres", { m: distance_m })
        : app.say("kilometres", { km: (distance_m / 1000).toFixed(1) });
}
