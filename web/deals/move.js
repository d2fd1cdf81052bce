/* SPDX-License-Identifier: Apache-2.0 */
/* Another time for what is booked: as many slots as before, for as many places; one touch chooses when it begins. */
import { SlotsView } from "/deals/slots.js";
import { h } from "/local/paint.js";

export class MoveView extends SlotsView {
    constructor(app, [booking_id]) {
        super(app, [null]);
        this.booking_id = booking_id;
        this.booking = null;
    }

    async load(reading) {
        if (this.booking === null) {
            this.booking = await reading.get(`/v1/bookings/${this.booking_id}`);
            this.resource_id = this.booking.resource_id;
            this.pieces = this.booking.pieces;
            this.resource = await reading.get(`/v1/resources/${this.resource_id}`);
            this.day = this.dayOf(Date.parse(this.booking.starts_at));
        }
        await super.load(reading);
    }

    /* Its own slots are free for it. */
    free(slot) {
        const at = Date.parse(slot.starts_at);
        const mine = Date.parse(this.booking.starts_at) <= at && at < Date.parse(this.booking.ends_at);
        return slot.free + (mine ? this.pieces : 0);
    }

    pick(index) {
        const last = index + this.booking.slots.length - 1;
        const again = this.first === index;
        this.first = again ? -1 : index;
        this.last = again ? -1 : Math.min(last, this.slots.length - 1);
        this.was_full = this.full();
        this.app.draw();
    }

    /* Whether the slots that it would have follow each other and have room. */
    fits(chosen) {
        return (
            chosen.length === this.booking.slots.length &&
            chosen.every(
                (slot, index) =>
                    this.free(slot) >= this.pieces && (index === 0 || chosen[index - 1].ends_at === slot.starts_at),
            )
        );
    }

    move(slot) {
        const { app, booking } = this;
        return app.act(async () => {
            await app.change(`/v1/bookings/${booking.booking_id}/reschedule`, { starts_at: slot.starts_at });
            app.heard("heard_moved", { moment: app.moment(slot.starts_at) });
            app.go("#bookings/" + booking.booking_id);
        });
    }

    bookTree() {
        const { app, booking } = this;
        const chosen = this.chosen();
        const how = app.say("move_how", { moment: app.moment(booking.starts_at) });
        if (chosen.length === 0) return h("p", { class: "quiet", key: "how" }, how);
        if (!this.fits(chosen)) return h("p", { class: "fault", role: "alert", key: "full" }, app.say("move_full"));
        const price = chosen.reduce((sum, slot) => sum + slot.price_minor, 0) * this.pieces;
        const back = booking.pay === "before" ? booking.price_minor - price : 0;
        return h(
            "div",
            { key: "book", class: "row" },
            back > 0 && h("p", {}, app.say("move_back", { amount: app.money(back) })),
            back < 0 && h("p", { class: "fault" }, app.say("fault_move_dearer")),
            h(
                "button",
                { type: "button", id: "move", class: "main", disabled: back < 0, click: () => this.move(chosen[0]) },
                app.say("move_to", { moment: app.moment(chosen[0].starts_at) }),
            ),
        );
    }
}
