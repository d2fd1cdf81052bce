/* SPDX-License-Identifier: Apache-2.0 */
/* Free slots of a room, a court or a table on a day: one touch chooses, a neighbour makes it longer. */
import { back, fault, stepper } from "/deals/parts.js";
import { h } from "/local/paint.js";

const day_ms = 86_400_000;
const days_shown = 14;

export class SlotsView {
    constructor(app, [resource_id, day]) {
        this.app = app;
        this.resource_id = resource_id;
        this.every_ms = 5000;
        this.resource = null;
        this.day = day ?? this.dayText(0);
        this.slots = null;
        this.first = -1; /* of those that are chosen; -1: none */
        this.last = -1;
        this.was_full = false; /* when it was chosen */
        this.pieces = 1;
        this.people = 1;
        this.booking = null; /* that is moved to another time */
    }

    /* Days are those of the shop, eight hours east unless its resource says otherwise. */
    dayOf(moment) {
        const zone_ms = (this.resource?.zone_minutes ?? 480) * 60_000;
        return new Date(moment + zone_ms).toISOString().slice(0, 10);
    }

    dayText(ahead) {
        return this.dayOf(this.app.clock.now() + ahead * day_ms);
    }

    /* How many places of it are free for whoever chooses here. */
    free(slot) {
        return slot.free;
    }

    async load(reading) {
        this.resource ??= await reading.get(`/v1/resources/${this.resource_id}`);
        const { day } = this;
        const slots = await reading.list(`/v1/resources/${this.resource_id}/slots?day=${day}`, 700);
        if (day !== this.day) return;
        this.take(slots);
    }

    /* What is chosen stays the same times, whatever has begun since; it is given up when somebody was faster. */
    take(slots) {
        const chosen = this.chosen();
        const now = this.app.clock.now();
        this.slots = slots.filter((slot) => Date.parse(slot.starts_at) > now);
        if (chosen.length === 0) return;
        const place = (slot) => this.slots.findIndex((one) => one.starts_at === slot.starts_at);
        [this.first, this.last] = [place(chosen[0]), place(chosen.at(-1))];
        if (this.first < 0 || this.last < 0 || (!this.was_full && this.full())) this.first = this.last = -1;
    }

    /* Who chooses what is full wants to wait for it. */
    full() {
        return this.chosen().some((slot) => this.free(slot) < this.pieces);
    }

    chosen() {
        return this.first < 0 ? [] : this.slots.slice(this.first, this.last + 1);
    }

    dayShow(day) {
        this.day = day;
        this.slots = null;
        this.first = this.last = -1;
        this.app.draw();
        void this.app.ask();
    }

    /* A neighbour of what is chosen makes it longer; its end makes it shorter; anything else begins anew. */
    pick(index) {
        const most = this.resource.slots_most;
        if (this.first >= 0 && index === this.last + 1 && index - this.first < most) this.last = index;
        else if (this.first >= 0 && index === this.first - 1 && this.last - index < most) this.first = index;
        else if (index === this.last && index > this.first) this.last--;
        else if (index === this.first && index === this.last) this.first = this.last = -1;
        else this.first = this.last = index;
        this.was_full = this.full();
        this.app.draw();
    }

    wish() {
        const [slot] = this.chosen();
        const wish = { starts_at: slot.starts_at, slots: this.last - this.first + 1, pieces: this.pieces };
        return this.resource.people_max > 0 ? { ...wish, people: this.people } : wish;
    }

    book() {
        const { app } = this;
        return app.act(async () => {
            const booking = await app.change(`/v1/resources/${this.resource_id}/bookings`, {
                ...this.wish(),
                confirmed: true,
            });
            app.heard("heard_booked");
            app.go("#bookings/" + booking.booking_id);
        });
    }

    wait() {
        const { app } = this;
        return app.act(async () => {
            await app.change("/v1/waiting", { resource_id: this.resource_id, ...this.wish() });
            app.heard("heard_waits");
            app.go("#bookings");
        });
    }

    slotTree(slot, index) {
        const { app } = this;
        const full = this.free(slot) < this.pieces;
        const chosen = index >= this.first && index <= this.last;
        const time = app.frame
            .format(156)
            .to_minute.format(Date.parse(slot.starts_at) + this.resource.zone_minutes * 60_000);
        return h(
            "li",
            { key: slot.starts_at },
            h(
                "button",
                {
                    type: "button",
                    class: "slot",
                    "aria-pressed": String(chosen),
                    "data-full": full,
                    click: () => this.pick(index),
                },
                h("b", {}, time),
                h("span", { class: "quiet" }, slot.price_minor > 0 && app.money(slot.price_minor)),
                h(
                    "span",
                    { class: "quiet" },
                    full && app.say("slot_full"),
                    !full && slot.capacity > 1 && app.say("slot_free", { count: this.free(slot) }),
                ),
            ),
        );
    }

    bookTree() {
        const { app, resource } = this;
        const chosen = this.chosen();
        if (chosen.length === 0)
            return h("p", { class: "quiet", key: "how" }, app.say("slot_how", { count: resource.slots_most }));
        const full = this.full();
        const total = chosen.reduce((sum, slot) => sum + slot.price_minor, 0) * this.pieces;
        const deposit = resource.deposit_minor * this.pieces;
        const words =
            resource.pay === "before"
                ? app.say("book_pay", { amount: app.money(total) })
                : resource.pay === "deposit"
                  ? app.say("book_deposit", { amount: app.money(deposit) })
                  : app.say("book");
        return h(
            "div",
            { key: "book", class: "row" },
            full
                ? h(
                      "button",
                      { type: "button", id: "wait", class: "main", click: () => this.wait() },
                      app.say("slot_wait"),
                  )
                : h("button", { type: "button", id: "book", class: "main", click: () => this.book() }, words),
        );
    }

    tree() {
        const { app, resource, slots } = this;
        if (resource === null) return fault(app, this) ?? h("p", { class: "slip quiet" }, app.say("asking"));
        const days = Array.from({ length: Math.min(days_shown, resource.horizon_days + 1) }, (_, ahead) =>
            this.dayText(ahead),
        );
        const most = Math.max(1, ...(slots ?? []).map((slot) => slot.capacity));
        return [
            this.booking === null
                ? back(app, "#shop/" + resource.shop_id, "the_shop")
                : back(app, "#bookings/" + this.booking.booking_id, "place_bookings"),
            h(
                "section",
                { class: "slip", key: "slots", "aria-labelledby": "slots-title" },
                h("h2", { id: "slots-title", class: "subject" }, resource.name),
                h(
                    "p",
                    { class: "quiet", key: "rules" },
                    app.say("pay_" + resource.pay, { amount: app.money(resource.deposit_minor) }),
                    " ",
                    resource.free_minutes > 0 && app.say("cancel_free", { minutes: resource.free_minutes }),
                ),
                h(
                    "div",
                    { class: "days", role: "group", "aria-label": app.say("day"), key: "days" },
                    days.map((day) =>
                        h(
                            "button",
                            {
                                type: "button",
                                key: day,
                                "aria-pressed": String(day === this.day),
                                click: () => this.dayShow(day),
                            },
                            app.frame.format(156).day.format(Date.parse(day + "T00:00:00Z")),
                        ),
                    ),
                ),
                this.booking === null &&
                    most > 1 &&
                    stepper(app, "pieces", app.say("places_count"), this.pieces, 1, most, (pieces) => {
                        this.pieces = pieces;
                        this.was_full = this.full();
                        app.draw();
                    }),
                this.booking === null &&
                    resource.people_max > 0 &&
                    stepper(
                        app,
                        "people",
                        app.say("people"),
                        this.people,
                        1,
                        resource.people_max * this.pieces,
                        (people) => {
                            this.people = people;
                            app.draw();
                        },
                    ),
                slots === null && h("p", { class: "quiet", key: "asking" }, app.say("asking")),
                slots?.length === 0 && h("p", { class: "quiet", key: "none" }, app.say("slot_none")),
                h(
                    "ul",
                    { class: "slots", key: "list" },
                    (slots ?? []).map((slot, index) => this.slotTree(slot, index)),
                ),
                this.bookTree(),
                fault(app, this),
            ),
        ];
    }
}
