/* SPDX-License-Identifier: Apache-2.0 */
/* Why a ride went to this courier: what was thought of each one, in the words of people. */
import { distanceText } from "/local/ride.js";
import { h } from "/local/paint.js";

const could_come = ["chosen", "later"];

function candidateTree(page, candidate) {
    const { staff } = page;
    const { courier_id, verdict } = candidate;
    const way = staff.say("why_way", {
        distance: distanceText(staff, candidate.distance_m),
        minutes: Math.ceil(candidate.wait_s / 60),
        open: candidate.open,
    });
    return h(
        "li",
        { class: "trade", key: courier_id, "data-verdict": verdict },
        h(
            "p",
            { class: "trade-line" },
            h("b", {}, page.courierName(courier_id)),
            h("span", {}, staff.say("verdict_" + verdict)),
        ),
        could_come.includes(verdict) && h("p", { class: "quiet" }, way),
    );
}

/* Of the steps of a ride those in which somebody was looked for, the last one first. */
export function whyTree(page, ride, steps) {
    const { staff } = page;
    const searches = (steps ?? []).filter((step) => step.candidates.length > 0).reverse();
    return h(
        "details",
        {
            key: "why",
            id: "why-" + ride.ride_id,
            toggle: (event) => page.whySet(ride.ride_id, event.target.open),
        },
        h("summary", {}, staff.say("why")),
        steps !== undefined && searches.length === 0 && h("p", { class: "quiet" }, staff.say("why_none")),
        searches.map((step) => {
            const moment = staff.moment(step.at);
            const found = step.to_state === "assigned";
            const name = page.courierName(step.courier_id);
            return h(
                "div",
                { key: step.step },
                h("h3", {}, staff.say(found ? "why_at" : "why_nobody", { moment, name })),
                step.reason === "named by the staff" && h("p", { class: "quiet" }, staff.say("named")),
                h(
                    "ul",
                    { class: "trades" },
                    step.candidates.map((candidate) => candidateTree(page, candidate)),
                ),
            );
        }),
    );
}
