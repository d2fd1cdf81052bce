/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QR code of a text, drawn by the server for whoever is logged in. It comes as SVG; its one path and its size are
 * taken out and painted here, because an <img> cannot say who is asking.
 */
import { h } from "/local/paint.js";

const drawn = new Map(); /* text: { box, path }, or null while it is asked for */
const kept_most = 50;

async function draw(door, text, ready) {
    try {
        const address = "/v1/qr.svg?text=" + encodeURIComponent(text);
        const answer = await fetch(address, { headers: door.credentials(), cache: "no-store" });
        if (!answer.ok) throw new Error("no picture");
        const picture = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
        const path = picture.querySelector("path").getAttribute("d");
        if (drawn.size > kept_most) drawn.clear();
        drawn.set(text, { box: picture.getAttribute("viewBox"), path });
        ready();
    } catch {
        drawn.delete(text); /* the digits are there too; it is asked for again when it is shown again */
    }
}

/* The code with `alt` as its words; an empty square until it has come, then `ready` is called to paint again. */
export function qr(door, text, alt, ready) {
    const known = drawn.get(text);
    if (known === undefined) {
        drawn.set(text, null);
        void draw(door, text, ready);
    }
    if (!known) return h("span", { key: "qr", class: "code code-qr" });
    return h(
        "svg",
        {
            key: "qr-" + text,
            class: "code code-qr",
            viewBox: known.box,
            role: "img",
            "aria-label": alt,
            "shape-rendering": "crispEdges",
        },
        h("path", { d: known.path, fill: "#000" }),
    );
}
