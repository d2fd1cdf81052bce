/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shop's page of what is brought: each ride, who has it and why, given to another one, moved on for a courier who
 * has no phone at hand, called off; and the couriers themselves.
 */
import { choice, twice } from "/deals/parts.js";
import { h } from "/local/paint.js";
import { mayBeCancelled, mayGoToAnother, movesOf, rideFacts, rideHead } from "/local/ride.js";
import { Staff } from "/local/staff.js";
import { CouriersPart } from "/rides/couriers.js";
import { words } from "/rides/text.js";
import { whyTree } from "/rides/why.js";
import { Reading } from "/shopper/reading.js";

const ask_every_ms = 3000;
const again_ms = 400; /* when what came was older than what was done here */

class Rides {
    constructor() {
        this.staff = new Staff(this, words);
        this.couriers = new CouriersPart(this);
        this.forget();
        this.timer = 0;
        this.clock_timer = 0;
    }

    forget() {
        this.rides = null;
        this.couriers.couriers = [];
        this.steps = new Map(); /* of the rides whose reasons somebody looks at */
        this.named = new Map(); /* ride: the courier who is chosen by hand */
        this.sure = null;
        this.away = false;
    }

    begun() {
        this.clock_timer = setInterval(() => this.staff.draw(), 1000);
        void this.ask();
    }

    ended() {
        clearTimeout(this.timer);
        clearInterval(this.clock_timer);
        this.forget();
    }

    async ask() {
        clearTimeout(this.timer);
        const { staff } = this;
        const { shop } = staff.door;
        if (shop === null) return;
        let wait_ms = ask_every_ms;
        try {
            if (!(await this.askOnce(shop))) wait_ms = again_ms;
            this.away = false;
        } catch (error) {
            if (staff.turnedAway(error) || staff.door.shop !== shop) return;
            if (error.code === undefined) throw error;
            this.away = true;
        }
        if (staff.door.shop !== shop) return;
        staff.draw();
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(), wait_ms);
    }

    /* False: it is of before something that was done here. */
    async askOnce(shop) {
        const reading = new Reading(this.staff.door);
        const path = `/v1/shops/${shop.shop_id}`;
        const looked_at = [...this.steps.keys()];
        const [rides, couriers, ...steps] = await Promise.all([
            reading.list(path + "/rides", 200),
            reading.list(path + "/couriers", 100),
            ...looked_at.map((ride_id) => reading.list(`/v1/rides/${ride_id}/steps`, 200)),
        ]);
        if (!this.staff.believes(reading, shop)) return false;
        this.rides = rides.sort((a, b) => Date.parse(a.ready_by) - Date.parse(b.ready_by));
        this.couriers.couriers = couriers;
        const open = new Set(rides.map((ride) => ride.ride_id));
        looked_at.forEach((ride_id, index) => {
            if (!open.has(ride_id)) this.steps.delete(ride_id);
            else if (this.steps.has(ride_id)) this.steps.set(ride_id, steps[index]);
        });
        return true;
    }

    /* Changes something, says so, and shows how everything stands then. */
    async change(path, body, done) {
        const { staff } = this;
        await staff.act(async () => done(await staff.change(path, body)));
        await this.ask();
    }

    assign(ride, courier_id = null) {
        const body = courier_id === null ? {} : { courier_id };
        return this.change(`/v1/rides/${ride.ride_id}/assign`, body, (given) => {
            const name = this.courierName(given.courier_id);
            this.staff.heard("heard_assigned", { number: ride.number, name });
        });
    }

    move(ride, state) {
        return this.change(`/v1/rides/${ride.ride_id}/move`, { state }, (moved) => {
            const { staff } = this;
            staff.heard("heard_moved", { number: ride.number, state: staff.say("ride_" + moved.state) });
        });
    }

    courierName(courier_id) {
        return courier_id === null ? this.staff.say("given_none") : this.couriers.name(courier_id);
    }

    whySet(ride_id, wanted) {
        if (wanted === this.steps.has(ride_id)) return;
        if (wanted) this.steps.set(ride_id, undefined);
        else this.steps.delete(ride_id);
        if (wanted) void this.ask();
    }

    assignTree(ride) {
        const { staff } = this;
        const { couriers } = this.couriers;
        if (ride.state !== "waiting" && !mayGoToAnother(ride)) return null;
        const others = couriers.filter((courier) => courier.courier_id !== ride.courier_id);
        const wanted = this.named.get(ride.ride_id);
        const named = others.some((one) => one.courier_id === wanted) ? wanted : others[0]?.courier_id;
        return h(
            "div",
            { class: "row", key: "assign" },
            h(
                "button",
                {
                    type: "button",
                    id: "assign-" + ride.ride_id,
                    class: ride.state === "waiting" ? "main" : "",
                    click: () => this.assign(ride),
                },
                staff.say(ride.state === "waiting" ? "assign" : "assign_another"),
            ),
            others.length > 0 &&
                choice(
                    "give-to-" + ride.ride_id,
                    staff.say("assign_to"),
                    others.map((courier) => courier.courier_id),
                    (courier_id) => this.courierName(courier_id),
                    named,
                    (courier_id) => this.named.set(ride.ride_id, courier_id),
                ),
            others.length > 0 &&
                h(
                    "button",
                    {
                        type: "button",
                        id: "give-" + ride.ride_id,
                        click: () => this.assign(ride, this.named.get(ride.ride_id) ?? named),
                    },
                    staff.say("assign_give"),
                ),
        );
    }

    movesTree(ride) {
        const { staff } = this;
        const again = (state) => ride.state === "failed" && state === "picked_up";
        return h(
            "div",
            { class: "row", key: "moves" },
            movesOf(ride).map((state) =>
                h(
                    "button",
                    {
                        type: "button",
                        key: state,
                        id: `move-${ride.ride_id}-${state}`,
                        click: () => this.move(ride, state),
                    },
                    staff.say(again(state) ? "move_again" : "move_" + state),
                ),
            ),
            mayBeCancelled(ride) &&
                twice(staff, this, "cancel-" + ride.ride_id, "cancel", "cancel_sure", () =>
                    this.move(ride, "cancelled"),
                ),
        );
    }

    rideTree(ride) {
        const { staff } = this;
        return h(
            "article",
            { class: "trade ride", key: ride.ride_id, id: "ride-" + ride.ride_id, "data-state": ride.state },
            rideHead(staff, ride),
            h("p", { class: "ride-courier", key: "courier" }, h("b", {}, this.courierName(ride.courier_id))),
            rideFacts(staff, ride, staff.clock.now()),
            this.assignTree(ride),
            this.movesTree(ride),
            whyTree(this, ride, this.steps.get(ride.ride_id)),
        );
    }

    tree() {
        const { staff, rides } = this;
        return [
            this.away && h("p", { class: "banner", role: "alert", key: "away" }, staff.say("away")),
            staff.fault !== null &&
                h("p", { class: "fault", role: "alert", key: "fault" }, staff.frame.fault(staff.fault)),
            h(
                "section",
                { class: "slip", key: "rides", "aria-labelledby": "rides-title" },
                h("h2", { id: "rides-title", key: "title" }, staff.say("rides")),
                rides === null && h("p", { class: "quiet", key: "asking" }, staff.say("asking")),
                rides?.length === 0 && h("p", { class: "quiet", key: "none" }, staff.say("rides_none")),
                (rides ?? []).map((ride) => this.rideTree(ride)),
            ),
            this.couriers.tree(),
        ];
    }
}

void new Rides().staff.start();
