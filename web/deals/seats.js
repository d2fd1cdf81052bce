/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A show's hall: seats are touched one by one, or the best ones side by side are asked for. Bits of a row's number are
 * its seats (bit 0 is seat 1); they are at most 52, so a number holds them exactly, but its operators on bits do not.
 */
import { back, fault, stepper } from "/deals/parts.js";
import { h } from "/local/paint.js";

const seats_most = 12;
const bit = (bits, seat) => Math.floor(bits / 2 ** (seat - 1)) % 2 === 1;

/* Seats of a row from left to right: { seat, taken } or an aisle behind one. */
export function seatsOf(row) {
    const seats = [];
    for (let seat = 1; seat <= 52 && row.seats >= 2 ** (seat - 1); seat++)
        seats.push({ seat, there: bit(row.seats, seat), taken: bit(row.taken, seat), aisle: bit(row.aisles, seat) });
    return seats;
}

export class SeatsView {
    constructor(app, [show_id]) {
        this.app = app;
        this.show_id = show_id;
        this.every_ms = 3000;
        this.show = null;
        this.resource = null;
        this.rows = null;
        this.picked = new Map(); /* "line-seat": { line, seat } */
        this.count = 2;
    }

    async load(reading) {
        this.show = await reading.get(`/v1/shows/${this.show_id}`);
        this.resource ??= await reading.get(`/v1/resources/${this.show.resource_id}`);
        this.rows = await reading.list(`/v1/shows/${this.show_id}/seats`);
        for (const [key, { line, seat }] of this.picked)
            if (bit(this.rows.find((row) => row.line === line).taken, seat)) this.picked.delete(key);
    }

    pick(line, seat) {
        const key = line + "-" + seat;
        if (this.picked.has(key)) this.picked.delete(key);
        else if (this.picked.size < seats_most) this.picked.set(key, { line, seat });
        this.app.draw();
    }

    book(body) {
        const { app } = this;
        return app.act(async () => {
            const booking = await app.change(`/v1/shows/${this.show_id}/bookings`, { ...body, confirmed: true });
            app.heard("heard_booked");
            app.go("#bookings/" + booking.booking_id);
        });
    }

    /* Left and right go to the next seat that is free, up and down to the row before and behind. */
    step(event, line, seat) {
        const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
        const move = moves[event.key];
        if (move === undefined) return;
        event.preventDefault();
        let [to_line, to_seat] = [line + move[0], seat + move[1]];
        while (to_line >= 0 && to_line < this.rows.length && to_seat >= 1 && to_seat <= 52) {
            const found = document.getElementById(`seat-${to_line}-${to_seat}`);
            if (found !== null) return found.focus();
            to_line += move[0];
            to_seat += move[1];
        }
    }

    seatTree(row, { seat, there, taken, aisle }) {
        const { app } = this;
        const chosen = this.picked.has(row.line + "-" + seat);
        const label = app.say(taken ? "seat_taken_label" : "seat_label", {
            row: row.label,
            seat,
            amount: app.money(row.price_minor),
        });
        const props = { key: seat, class: "seat" + (aisle ? " aisle" : ""), "data-price": row.price_minor };
        if (!there) return h("span", { ...props, class: props.class + " gap" });
        if (taken)
            return h("span", { ...props, class: props.class + " taken", role: "img", "aria-label": label }, "×");
        return h(
            "button",
            {
                ...props,
                type: "button",
                id: `seat-${row.line}-${seat}`,
                "aria-pressed": String(chosen),
                "aria-label": label,
                click: () => this.pick(row.line, seat),
                keydown: (event) => this.step(event, row.line, seat),
            },
            chosen ? "✓" : seat,
        );
    }

    bookTree() {
        const { app, picked } = this;
        const prices = new Map(this.rows.map((row) => [row.line, row.price_minor]));
        if (picked.size === 0)
            return h(
                "div",
                { class: "row", key: "best" },
                stepper(app, "count", app.say("seats_count"), this.count, 1, seats_most, (count) => {
                    this.count = count;
                    app.draw();
                }),
                h(
                    "button",
                    { type: "button", id: "best", class: "main", click: () => this.book({ count: this.count }) },
                    app.say("seats_best"),
                ),
            );
        const total = [...picked.values()].reduce((sum, { line }) => sum + prices.get(line), 0);
        const names = [...picked.values()].map(({ line, seat }) =>
            app.say("seat_name", { row: this.rows.find((row) => row.line === line).label, seat }),
        );
        const words =
            this.resource.pay === "before" ? app.say("book_pay", { amount: app.money(total) }) : app.say("book");
        return h(
            "div",
            { class: "row", key: "book" },
            h("p", {}, names.join(", ")),
            h(
                "button",
                {
                    type: "button",
                    id: "book",
                    class: "main",
                    click: () => this.book({ seats: [...picked.values()] }),
                },
                words,
            ),
        );
    }

    tree() {
        const { app, show, rows } = this;
        if (rows === null) return fault(app, this) ?? h("p", { class: "slip quiet" }, app.say("asking"));
        const free = rows.reduce(
            (sum, row) => sum + seatsOf(row).filter((seat) => seat.there && !seat.taken).length,
            0,
        );
        return [
            back(app, "#shop/" + show.shop_id, "the_shop"),
            h(
                "section",
                { class: "slip", key: "seats", "aria-labelledby": "seats-title" },
                h("h2", { id: "seats-title", class: "subject" }, show.title),
                h("p", { key: "when" }, app.moment(show.starts_at), " · ", app.say("seats_free", { count: free })),
                h(
                    "div",
                    {
                        class: "hall-frame",
                        key: "hall",
                        tabindex: 0,
                        role: "group",
                        "aria-label": app.say("seat_map"),
                    },
                    h(
                        "div",
                        { class: "hall" },
                        h("p", { class: "screen", "aria-hidden": "true" }, app.say("screen")),
                        rows.map((row) =>
                            h(
                                "div",
                                {
                                    class: "seat-row",
                                    key: row.line,
                                    role: "group",
                                    "aria-label": app.say("seat_row", { row: row.label }),
                                },
                                h("span", { class: "seat-row-label quiet", "aria-hidden": "true" }, row.label),
                                seatsOf(row).map((seat) => this.seatTree(row, seat)),
                            ),
                        ),
                    ),
                ),
                h("p", { class: "quiet legend", key: "legend" }, app.say("seat_legend")),
                this.bookTree(),
                fault(app, this),
            ),
        ];
    }
}
