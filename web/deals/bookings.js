/* SPDX-License-Identifier: Apache-2.0 */
/* What a shopper booked, is offered, and waits for. */
import { fault, twice } from "/deals/parts.js";
import { left } from "/local/clock.js";
import { h } from "/local/paint.js";

const open_states = ["waiting", "offered", "held", "confirmed"];

export class BookingsView {
    constructor(app, [booking_id]) {
        this.app = app;
        this.booking_id = booking_id ?? null; /* the one that was just made */
        this.every_ms = 4000;
        this.ticks = true;
        this.bookings = null;
        this.sure = null;
    }

    async load(reading) {
        const bookings = await reading.list(`/v1/shoppers/${this.app.shopper_id}/bookings`, 60);
        for (const booking of bookings) {
            const before = this.bookings?.find((one) => one.booking_id === booking.booking_id);
            if (booking.state === "offered" && before?.state === "waiting") this.app.heard("heard_offered");
        }
        this.bookings = bookings;
    }

    act(booking, verb, heard, body = {}) {
        const { app } = this;
        return app.act(async () => {
            await app.change(`/v1/bookings/${booking.booking_id}/${verb}`, body);
            app.heard(heard);
            await this.load(app.reading());
        });
    }

    name(booking) {
        const { app } = this;
        const named =
            booking.show_id === null
                ? app.known.resource(booking.resource_id)?.name
                : app.known.show(booking.show_id)?.title;
        return named ?? "…";
    }

    rowName(booking, line) {
        const rows = this.app.known.get(`/v1/shows/${booking.show_id}/seats?limit=100`)?.data ?? [];
        return rows.find((row) => row.line === line)?.label ?? line + 1;
    }

    /* What cancelling costs now, by the rules of when it was booked. */
    feeText(booking) {
        const { app } = this;
        const free_until = Date.parse(booking.starts_at) - booking.free_minutes * 60_000;
        if (booking.state !== "confirmed" || booking.late_percent === 0 || booking.pay === "at_shop") return "";
        return app.clock.now() < free_until
            ? app.say("cancel_free_until", { moment: app.moment(new Date(free_until).toISOString()) })
            : app.say("cancel_costs", { percent: booking.late_percent });
    }

    /* As long as it could be cancelled for nothing; a seat of a show is not moved. */
    movable(booking) {
        const free_until = Date.parse(booking.starts_at) - booking.free_minutes * 60_000;
        return booking.state === "confirmed" && booking.show_id === null && this.app.clock.now() < free_until;
    }

    whereText(booking) {
        const { app } = this;
        if (booking.seats.length === 0)
            return booking.pieces > 1 ? app.say("places_number", { count: booking.pieces }) : "";
        return booking.seats
            .map(({ line, seat }) => app.say("seat_name", { row: this.rowName(booking, line), seat }))
            .join(", ");
    }

    bookingTree(booking) {
        const { app } = this;
        const open = open_states.includes(booking.state);
        const rest = booking.due_at === null ? null : left(Date.parse(booking.due_at) - app.clock.now());
        const money =
            booking.price_minor > 0 && booking.pay === "before"
                ? app.say("paid_price", { amount: app.money(booking.price_minor) })
                : booking.deposit_minor > 0
                  ? app.say("paid_deposit", { amount: app.money(booking.deposit_minor) })
                  : "";
        return h(
            "li",
            {
                class: "trade booking",
                key: booking.booking_id,
                id: "booking-" + booking.booking_id,
                "data-state": booking.state,
                "data-new": booking.booking_id === this.booking_id,
            },
            h(
                "p",
                { class: "trade-line" },
                h("b", {}, this.name(booking)),
                h("span", { class: "tag" }, app.say("booking_" + booking.state)),
            ),
            h(
                "p",
                { class: "trade-line" },
                h(
                    "span",
                    {},
                    app.moment(booking.starts_at),
                    "–",
                    app.frame.format(156).moment(Date.parse(booking.ends_at), Date.parse(booking.starts_at)),
                ),
                h("span", {}, money),
            ),
            h("p", { class: "quiet" }, this.whereText(booking)),
            h("p", { class: "quiet" }, this.feeText(booking)),
            booking.state === "held" &&
                h("p", {}, app.say("held_how"), " ", h("a", { href: "/wallet/" }, app.say("to_wallet"))),
            ["held", "offered"].includes(booking.state) &&
                rest !== null &&
                h("p", {}, app.say("due_in"), " ", h("b", { class: "count" }, rest.clock)),
            open &&
                h(
                    "div",
                    { class: "row" },
                    booking.state === "offered" &&
                        h(
                            "button",
                            {
                                type: "button",
                                class: "main",
                                id: "accept-" + booking.booking_id,
                                click: () => this.act(booking, "accept", "heard_booked", { confirmed: true }),
                            },
                            app.say("accept"),
                        ),
                    this.movable(booking) &&
                        h(
                            "a",
                            { class: "button", id: "move-" + booking.booking_id, href: "#move/" + booking.booking_id },
                            app.say("booking_move"),
                        ),
                    twice(app, this, "cancel-" + booking.booking_id, "booking_cancel", "booking_cancel_sure", () =>
                        this.act(booking, "cancel", "heard_cancelled"),
                    ),
                ),
        );
    }

    tree() {
        const { app, bookings } = this;
        if (bookings === null) return fault(app, this) ?? h("p", { class: "slip quiet" }, app.say("asking"));
        const list = (key, part) =>
            part.length > 0 &&
            h(
                "section",
                { class: "slip", key, "aria-labelledby": key },
                h("h2", { id: key }, app.say(key)),
                h(
                    "ul",
                    { class: "trades" },
                    part.map((booking) => this.bookingTree(booking)),
                ),
            );
        const open = bookings.filter((booking) => open_states.includes(booking.state));
        return [
            fault(app, this),
            bookings.length === 0 && h("p", { class: "slip quiet", key: "none" }, app.say("bookings_none")),
            list("bookings_open", open),
            list(
                "bookings_past",
                bookings.filter((booking) => !open.includes(booking)),
            ),
        ];
    }
}
