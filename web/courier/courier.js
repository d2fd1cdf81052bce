/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The courier's phone: what is to be brought, where to, and one large button for what comes next. A courier is a
 * shopper whom a shop has taken on; fees and tips go into that wallet.
 */
import { words } from "/courier/text.js";
import { DutyPart } from "/courier/duty.js";
import { fault, field, twice } from "/deals/parts.js";
import { App } from "/local/app.js";
import { h } from "/local/paint.js";
import { mayGoToAnother, movesOf, rideFacts, rideHead } from "/local/ride.js";

const shown = 50;
const duties = new Map(); /* by courier: it lasts over the views */

function dutyOf(app) {
    if (!duties.has(app.shopper_id)) duties.set(app.shopper_id, new DutyPart(app));
    return duties.get(app.shopper_id);
}

class RidesView {
    constructor(app) {
        this.app = app;
        this.every_ms = 3000;
        this.ticks = true;
        this.duty = dutyOf(app);
        this.rides = null;
        this.reasons = new Map();
        this.sure = null;
    }

    async load(reading) {
        const { data } = await reading.get(`/v1/couriers/${this.app.shopper_id}/rides?limit=${shown}`);
        const open = data.filter((ride) => ride.ended_at === null);
        const known = new Set(this.rides?.map((ride) => ride.ride_id));
        for (const ride of open)
            if (this.rides !== null && !known.has(ride.ride_id)) this.app.heard("heard_new", { address: ride.address });
        this.rides = open.sort((a, b) => Date.parse(a.ready_by) - Date.parse(b.ready_by));
        void this.duty.goOn();
    }

    move(ride, state, reason = "") {
        const { app } = this;
        return app.act(async () => {
            const path = `/v1/rides/${ride.ride_id}/move`;
            const moved = await app.change(path, reason === "" ? { state } : { state, reason });
            app.heard("heard_moved", { number: ride.number, state: app.say("ride_" + moved.state) });
            const mine = moved.courier_id === app.shopper_id && moved.ended_at === null;
            this.rides = mine
                ? this.rides.map((one) => (one.ride_id === moved.ride_id ? moved : one))
                : this.rides.filter((one) => one.ride_id !== moved.ride_id);
        });
    }

    buttonTree(ride, state, main) {
        const { app } = this;
        const again = ride.state === "failed" && state === "picked_up";
        return h(
            "button",
            {
                type: "button",
                key: state,
                class: main ? "main" : "",
                id: `move-${ride.ride_id}-${state}`,
                click: () => this.move(ride, state),
            },
            app.say(again ? "move_again" : "move_" + state),
        );
    }

    /* That nobody was there is said with a word why, and not by a slip of the thumb. */
    failedTree(ride) {
        const { app } = this;
        const id = ride.ride_id;
        return h(
            "details",
            { key: "failed", id: "failed-" + id },
            h("summary", {}, app.say("not_there")),
            field("reason-" + id, app.say("reason"), {
                value: this.reasons.get(id) ?? "",
                maxlength: 60,
                input: (event) => this.reasons.set(id, event.target.value),
            }),
            h(
                "button",
                {
                    type: "button",
                    id: `move-${id}-failed`,
                    click: () => this.move(ride, "failed", (this.reasons.get(id) ?? "").trim()),
                },
                app.say("move_failed"),
            ),
        );
    }

    rideTree(ride) {
        const { app } = this;
        const moves = movesOf(ride).filter((state) => state !== "failed");
        return h(
            "section",
            {
                class: "slip ride",
                key: ride.ride_id,
                id: "ride-" + ride.ride_id,
                "data-state": ride.state,
                "aria-label": app.say("ride_number", { number: ride.number }),
            },
            rideHead(app, ride),
            rideFacts(app, ride, app.clock.now()),
            h(
                "div",
                { class: "row", key: "row" },
                moves.map((state, index) => this.buttonTree(ride, state, index === 0)),
                mayGoToAnother(ride) &&
                    twice(app, this, "decline-" + ride.ride_id, "decline", "decline_sure", () =>
                        this.move(ride, "waiting"),
                    ),
            ),
            movesOf(ride).includes("failed") && this.failedTree(ride),
        );
    }

    tree() {
        const { app, rides } = this;
        if (rides === null) return fault(app, this) ?? h("p", { class: "slip quiet" }, app.say("asking"));
        return [
            fault(app, this),
            rides.length === 0 && h("p", { class: "slip quiet", key: "none" }, app.say("rides_none")),
            rides.map((ride) => this.rideTree(ride)),
            this.duty.tree(),
        ];
    }
}

class PastView {
    constructor(app) {
        this.app = app;
        this.every_ms = 15_000;
        this.rides = null;
    }

    async load(reading) {
        const { data } = await reading.get(`/v1/couriers/${this.app.shopper_id}/rides?limit=${shown}`);
        this.rides = data.filter((ride) => ride.ended_at !== null);
    }

    tree() {
        const { app, rides } = this;
        if (rides === null) return fault(app, this) ?? h("p", { class: "slip quiet" }, app.say("asking"));
        return [
            fault(app, this),
            rides.length === 0 && h("p", { class: "slip quiet", key: "none" }, app.say("past_none")),
            rides.map((ride) =>
                h(
                    "section",
                    { class: "slip ride", key: ride.ride_id, "data-state": ride.state },
                    rideHead(app, ride),
                    h("p", { key: "address" }, ride.address),
                    h(
                        "p",
                        { class: "trade-line quiet", key: "when" },
                        h("span", {}, app.moment(ride.ended_at)),
                        ride.fee_minor > 0 && h("span", {}, app.say("ride_fee", { amount: app.money(ride.fee_minor) })),
                    ),
                ),
            ),
            h(
                "section",
                { class: "slip", key: "me" },
                h("p", {}, app.say("account_now", { account: app.door.shopper.user_id })),
                h("button", { type: "button", id: "logout", click: () => app.logout() }, app.say("logout")),
            ),
        ];
    }
}

const views = {
    rides: [RidesView, "rides"],
    past: [PastView, "past"],
};

void new App(words, views, "rides").start();
