/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What brings a meal to a door, as both sides show it: the shop's staff and the courier. Moves are those that the
 * server makes; what is not offered here it would refuse.
 */
import { left } from "/local/clock.js";
import { h } from "/local/paint.js";

const next = {
    assigned: ["accepted"],
    accepted: ["at_kitchen"],
    at_kitchen: ["picked_up"],
    picked_up: ["at_door", "failed"],
    at_door: ["delivered", "failed"],
    failed: ["picked_up", "returned"],
};
const given_back = ["assigned", "accepted", "at_kitchen"]; /* until then another may take it */

/* The moves that a ride may make now; the first is what usually comes next. */
export function movesOf(ride) {
    return next[ride.state] ?? [];
}

export function mayGoToAnother(ride) {
    return given_back.includes(ride.state);
}

export function mayBeCancelled(ride) {
    return ride.state === "waiting" || mayGoToAnother(ride);
}

export function distanceText(page, distance_m) {
    return distance_m < 1000
        ? page.say("metres", { m: distance_m })
        : page.say("kilometres", { km: (distance_m / 1000).toFixed(1) });
}

/* Where it goes and until when: `page` says words and moments. */
export function rideFacts(page, ride, now) {
    const rest_ms = ride.ready_by === null ? 0 : Date.parse(ride.ready_by) - now;
    const due = rest_ms > 0 ? page.say("ready_in", { clock: left(rest_ms).clock }) : page.say("ready_since");
    const phone = ride.phone.replace(/[^\d+]/g, "");
    return [
        h("p", { class: "subject", key: "address" }, ride.address),
        h(
            "p",
            { class: "trade-line", key: "who" },
            h("span", {}, ride.contact),
            phone !== "" && h("a", { href: "tel:" + phone }, ride.phone),
        ),
        h(
            "p",
            { class: "trade-line quiet", key: "how" },
            h("span", {}, distanceText(page, ride.distance_m)),
            ride.ended_at === null && ride.picked_up_at === null && h("span", {}, due),
            ride.fee_minor > 0 && h("span", {}, page.say("ride_fee", { amount: page.money(ride.fee_minor) })),
        ),
    ];
}

export function rideHead(page, ride) {
    return h(
        "p",
        { class: "trade-line", key: "head" },
        h("b", { class: "ticket-where" }, page.say("ride_number", { number: ride.number })),
        h("span", { class: "tag" }, page.say("ride_" + ride.state)),
    );
}
