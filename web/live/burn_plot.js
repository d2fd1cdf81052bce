/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A campaign's budget burning down, as SVG: what was left at each moment, and dashed from now on to the
 * moment at which it is expected to be empty. The axis is the server's clock. The drawing is stretched to
 * its box, so strokes do not scale, and a dot is a stroke of no length with a round end.
 */
import { makeSvg } from "./document.js";
import { shareOf } from "./format.js";

const side = 1000;
const span_min_ms = 60_000;
const stretch_max = 1; /* the future gets at most as much room as the past */

export function burnPlotMake() {
    const svg = makeSvg("svg", { viewBox: `0 0 ${side} ${side}`, preserveAspectRatio: "none", role: "img" });
    for (const name of ["full", "area", "ahead", "line", "dot"])
        svg.append(makeSvg("path", { class: "burn-" + name, "vector-effect": "non-scaling-stroke" }));
    return svg;
}

/* The two ends of the time axis for these points; `empty_at` may be null. */
export function burnSpan(points, empty_at) {
    const now = points.at(-1).at;
    const from = Math.min(points[0].at, now - span_min_ms);
    const ahead = empty_at === null ? 0 : Math.max(0, empty_at - now);
    return { from, now, to: now + Math.min(ahead, (now - from) * stretch_max) };
}

/* empty_at: the expected moment, or null when the budget is not burning or is used up already. */
export function burnPlotShow(svg, points, budget, empty_at, label) {
    const span = burnSpan(points, empty_at);
    const x = (at) => ((at - span.from) / (span.to - span.from)) * side;
    const y = (left) => side - shareOf(left, budget);
    const drawn = points.map((point) => `${x(point.at).toFixed(1)} ${y(point.left)}`);
    const last = points.at(-1);
    const here = `M${x(last.at).toFixed(1)} ${y(last.left)}`;
    const paths = {
        full: `M0 0H${side}M0 ${side}H${side}`,
        area: `M${x(points[0].at).toFixed(1)} ${side}L${drawn.join("L")}V${side}Z`,
        line: `M${drawn.join("L")}`,
        dot: here + "h0.01",
        ahead: empty_at === null ? "" : here + aheadTo(span, empty_at, y(last.left)),
    };
    for (const path of svg.children)
        path.setAttribute("d", paths[path.getAttribute("class").slice("burn-".length)]);
    svg.setAttribute("aria-label", label);
}

/* The straight way down to empty, cut where the axis ends. */
function aheadTo(span, empty_at, y_now) {
    const whole = empty_at - span.now;
    if (whole <= 0) return `V${side}`;
    const part = (span.to - span.now) / whole;
    return `L${side} ${(y_now + (side - y_now) * part).toFixed(1)}`;
}
