/* SPDX-License-Identifier: Apache-2.0 */
/* One ticket: where it goes, what is to be made, how long it has been there and how long there is left. */
import { left } from "/local/clock.js";
import { h } from "/local/paint.js";

function placeText(staff, ticket) {
    const at_table = ticket.kind === "dine_in";
    return at_table ? staff.say("table", { name: ticket.table_name }) : staff.say("kind_" + ticket.kind);
}

export function whereText(staff, ticket) {
    const place = placeText(staff, ticket);
    return ticket.number > 0 ? place + " · " + staff.say("number", { number: ticket.number }) : place;
}

export function isLate(ticket, now) {
    return ticket.late || (ticket.due_at !== null && now >= Date.parse(ticket.due_at));
}

/* What is left of its time, or how much too long it takes. */
export function dueText(staff, ticket, now) {
    if (ticket.due_at === null) return "";
    const rest_ms = Date.parse(ticket.due_at) - now;
    return rest_ms >= 0
        ? staff.say("due", { clock: left(rest_ms).clock })
        : staff.say("over", { clock: left(-rest_ms).clock });
}

function itemTree(item, staff) {
    const off = item.pieces === 0;
    const more = [item.options, item.note].filter((text) => text !== "");
    return h(
        "li",
        { key: item.line, "data-off": off },
        h("span", { class: "pieces" }, off ? "–" : item.pieces + " ×"),
        h("span", {}, item.name, off && h("span", { class: "heard" }, " ", staff.say("taken_off"))),
        more.map((text, index) => h("span", { class: "more", key: "more" + index }, text)),
    );
}

export function ticketTree(kitchen, ticket) {
    const { staff } = kitchen;
    const now = staff.clock.now();
    const queued = ticket.state === "queued";
    const early = queued && now < Date.parse(ticket.start_at) - 60_000;
    const late = isLate(ticket, now);
    const action = queued ? "start" : "bump";
    const id = ticket.ticket_id;
    return h(
        "article",
        {
            class: "kitchen-ticket",
            key: id,
            id: "ticket-" + id,
            tabindex: 0,
            "data-ticket": id,
            "data-state": ticket.state,
            "data-late": late,
            "aria-labelledby": "where-" + id,
        },
        h(
            "header",
            { class: "ticket-head" },
            h(
                "span",
                { id: "where-" + id },
                h("span", { class: "ticket-where" }, placeText(staff, ticket)),
                " ",
                ticket.number > 0 &&
                    h("span", { class: "ticket-number" }, staff.say("number", { number: ticket.number })),
            ),
            h("span", { class: "ticket-clock" }, left(now - Date.parse(ticket.fired_at)).clock),
        ),
        h(
            "p",
            { class: "ticket-marks" },
            kitchen.station === 0 && h("span", { class: "tag", key: "station" }, kitchen.stationName(ticket.station)),
            h("span", { class: "tag", key: "state" }, staff.say(ticket.state)),
            late && h("span", { class: "tag", key: "late" }, staff.say("late")),
            ticket.recalls > 0 && h("span", { class: "tag", key: "recalled" }, staff.say("recalled")),
            ticket.prints > 1 &&
                h("span", { class: "tag", key: "prints" }, staff.say("prints", { count: ticket.prints })),
            h(
                "span",
                { class: "quiet", key: "due" },
                early
                    ? staff.say("begin_at", { moment: staff.moment(ticket.start_at) })
                    : dueText(staff, ticket, now),
            ),
        ),
        h(
            "ul",
            { class: "ticket-items" },
            ticket.items.map((item) => itemTree(item, staff)),
        ),
        h(
            "div",
            { class: "row" },
            h(
                "button",
                { type: "button", class: "main", id: action + "-" + id, click: () => kitchen.mark(ticket, action) },
                staff.say(action),
            ),
            h(
                "button",
                { type: "button", id: "print-" + id, click: () => kitchen.mark(ticket, "reprint") },
                staff.say("reprint"),
            ),
        ),
    );
}
