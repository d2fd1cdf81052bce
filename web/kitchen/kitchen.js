/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kitchen's page: the tickets of all stations or of one, oldest first, in type that is read from two metres away.
 * They come as events, at once; while the stream is broken the list is asked for every few seconds. Everything is done
 * by keys as well: kitchens have bump bars.
 */
import { Board } from "/kitchen/board.js";
import { words } from "/kitchen/text.js";
import { StockPart } from "/kitchen/stock.js";
import { ticketTree, whereText } from "/kitchen/ticket.js";
import { h } from "/local/paint.js";
import { News } from "/local/news.js";
import { Staff } from "/local/staff.js";
import { Reading } from "/shopper/reading.js";

const lost_every_ms = 3000;
const live_every_ms = 30_000; /* whatever the stream says: a list that is a little wrong does not stay so */
const soon_ms = 60; /* a burst of events is one question */
const overtaken_ms = 1000; /* a list that news has overtaken is asked for anew, also where there is always news */
const lately_shown = 6;
const open_states = ["queued", "cooking"];

class Kitchen {
    constructor() {
        this.staff = new Staff(this, words);
        this.stock = new StockPart(this.staff);
        this.news = new News(this.staff.door, {
            opened: () => this.lineSet(true),
            broken: () => this.lineSet(false),
            heard: (event, data) => this.heard(event, data),
        });
        this.board = new Board();
        this.known = false;
        this.stations = [];
        this.station = 0;
        this.live = false;
        this.answered = true; /* the last question */
        this.asking = false;
        this.again = false;
        this.work = Promise.resolve();
        this.timer = 0;
        this.due_at = Infinity; /* when it asks again */
        this.clock_timer = 0;
    }

    begun() {
        const wanted = Number(new URLSearchParams(location.search).get("station") ?? 0);
        this.station = Number.isInteger(wanted) ? wanted : 0;
        this.news.open();
        this.clock_timer = setInterval(() => this.staff.draw(), 1000);
        void this.ask();
    }

    ended() {
        this.news.close();
        clearInterval(this.clock_timer);
        clearTimeout(this.timer);
        this.due_at = Infinity;
        this.board.clear();
        this.known = false;
    }

    lineSet(live) {
        this.live = live;
        this.staff.draw();
        void this.ask(); /* what was told while nobody listened */
    }

    /* Asks in so many milliseconds, or sooner when it does so anyway. */
    askIn(wait_ms) {
        const due_at = performance.now() + wait_ms;
        if (due_at >= this.due_at) return;
        clearTimeout(this.timer);
        this.due_at = due_at;
        this.timer = setTimeout(() => {
            this.due_at = Infinity;
            void this.ask();
        }, wait_ms);
    }

    /* One question at a time. */
    async ask() {
        this.again = true;
        if (this.asking) return;
        this.asking = true;
        try {
            while (this.again && this.staff.door.shop !== null) {
                this.again = false;
                await this.askOnce();
            }
        } finally {
            this.asking = false;
            if (this.staff.door.shop !== null)
                this.askIn(this.live && this.answered ? live_every_ms : lost_every_ms);
        }
    }

    async askOnce() {
        const { staff } = this;
        const { door } = staff;
        const { shop } = door;
        const reading = new Reading(door);
        try {
            const path = `/v1/shops/${shop.shop_id}`;
            const [open, lately, kitchen] = await Promise.all([
                reading.list(path + "/tickets", 300),
                reading.get(path + "/tickets?all=true&limit=40"),
                reading.get(path + "/kitchen"),
                this.stock.load(),
            ]);
            if (door.shop !== shop) return; /* who left meanwhile is shown nothing */
            this.stations = kitchen.stations;
            this.take([...lately.data, ...open], reading.as_of);
            this.answered = true;
        } catch (error) {
            if (staff.turnedAway(error) || door.shop !== shop) return;
            if (error.code === undefined) throw error;
            this.answered = false;
        }
        staff.draw();
    }

    take(list, as_of) {
        const before = this.board.tickets;
        if (!this.board.take(list, as_of)) this.askIn(overtaken_ms);
        for (const ticket of this.open(0))
            if (this.known && !before.has(ticket.ticket_id)) this.announce(ticket);
        this.known = true;
    }

    announce(ticket) {
        if (this.station === 0 || ticket.station === this.station)
            this.staff.heard("heard_new", { where: whereText(this.staff, ticket) });
    }

    /* What is told is how a ticket stands, in short; what is to be made is asked for when it is new, or came back. */
    heard(event, data) {
        if (event === "dish.changed" || event === "gap") return this.askIn(soon_ms);
        if (event !== "ticket.changed") return;
        const known = this.board.get(data.ticket_id);
        const { state, late, recalls, prints } = data;
        this.board.hear(data.ticket_id, { state, late, recalls, prints });
        if (known === undefined || known.state !== state || state === "bumped") this.askIn(soon_ms);
        this.staff.draw();
    }

    /* Of a station, or of all, those that are to be begun first in front. */
    open(station = this.station) {
        return this.board
            .all()
            .filter(
                (ticket) => open_states.includes(ticket.state) && (station === 0 || ticket.station === station),
            )
            .sort(
                (a, b) =>
                    Date.parse(a.start_at) - Date.parse(b.start_at) ||
                    (BigInt(a.ticket_id) < BigInt(b.ticket_id) ? -1 : 1),
            );
    }

    lately() {
        const bumped_at = (ticket) => (ticket.bumped_at === null ? Infinity : Date.parse(ticket.bumped_at));
        return this.board
            .all()
            .filter((ticket) => ticket.state === "bumped" && (this.station === 0 || ticket.station === this.station))
            .sort((a, b) => (bumped_at(a) === bumped_at(b) ? 0 : bumped_at(b) - bumped_at(a)))
            .slice(0, lately_shown);
    }

    /* Keys may come faster than answers: one after the other. */
    inTurn(step) {
        this.work = this.work.catch(() => undefined).then(step);
        return this.work;
    }

    mark(ticket, action) {
        return this.inTurn(() => this.markNow(this.board.get(ticket.ticket_id) ?? ticket, action));
    }

    /* Enter: begins it, or is done with it, as it stands when its turn has come. */
    next(ticket) {
        return this.inTurn(() => {
            const now = this.board.get(ticket.ticket_id);
            if (now === undefined || !open_states.includes(now.state)) return undefined;
            return this.markNow(now, now.state === "queued" ? "start" : "bump");
        });
    }

    async markNow(ticket, action) {
        const { staff } = this;
        const around = this.open();
        const where = whereText(staff, ticket);
        const done = await staff.act(async () => {
            const sent_at = performance.now();
            const marked = await staff.once.change(`/v1/tickets/${ticket.ticket_id}/mark`, { action });
            const { state, late, recalls, prints, started_at, bumped_at } = marked;
            const what = { state, late, recalls, prints, started_at, bumped_at };
            if (!this.board.answered(ticket.ticket_id, what, sent_at)) this.askIn(soon_ms);
            if (action === "bump") staff.heard("heard_bumped", { where });
            if (action === "recall") staff.heard("heard_recalled", { where });
            if (action === "reprint") staff.heard("heard_printed");
        });
        if (!done) return this.askIn(soon_ms); /* somebody else may have marked it before */
        this.focus(action === "bump" ? this.neighbour(ticket, around) : ticket);
    }

    /* The next one after it that is still there, or else the last one before. */
    neighbour(ticket, around) {
        const open = new Set(this.open().map((one) => one.ticket_id));
        const index = around.findIndex((one) => one.ticket_id === ticket.ticket_id);
        const there = (one) => open.has(one.ticket_id);
        return around.slice(index + 1).find(there) ?? around.slice(0, Math.max(index, 0)).findLast(there) ?? null;
    }

    focus(ticket) {
        if (ticket !== null) document.getElementById("ticket-" + ticket.ticket_id)?.focus();
    }

    chosen() {
        const id = document.activeElement?.closest?.(".kitchen-ticket")?.dataset.ticket;
        return id === undefined ? null : (this.board.get(id) ?? null);
    }

    /* Cards stand in rows: up and down go to the nearest card above and below. */
    step(key) {
        const open = this.open();
        const index = open.findIndex((ticket) => ticket.ticket_id === this.chosen()?.ticket_id);
        if (index < 0) return this.focus(open[0] ?? null);
        if (key === "ArrowLeft" || key === "ArrowRight")
            return this.focus(open[index + (key === "ArrowRight" ? 1 : -1)] ?? null);
        const tops = open.map((ticket) =>
            document.getElementById("ticket-" + ticket.ticket_id).getBoundingClientRect(),
        );
        const here = tops[index];
        const beyond = open.filter(
            (_, other) =>
                (key === "ArrowDown" ? tops[other].top > here.top + 4 : tops[other].top < here.top - 4) &&
                Math.abs(tops[other].left - here.left) < 4,
        );
        this.focus((key === "ArrowDown" ? beyond[0] : beyond.at(-1)) ?? null);
    }

    key(event) {
        if (this.staff.door.shop === null || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.target.closest("input, select, textarea, details") !== null) return;
        const chosen = this.chosen();
        if (event.key.startsWith("Arrow")) {
            event.preventDefault();
            this.step(event.key);
        } else if (/^[0-8]$/.test(event.key)) this.stationShow(Number(event.key));
        else if (event.key.toLowerCase() === "r") {
            const [last] = this.lately();
            if (last !== undefined) void this.mark(last, "recall");
        } else if (event.key.toLowerCase() === "p" && chosen !== null) void this.mark(chosen, "reprint");
        else if (event.key === "Enter" && chosen !== null && event.target.classList.contains("kitchen-ticket")) {
            event.preventDefault();
            void this.next(chosen);
        }
    }

    stationShow(station) {
        if (station > 0 && !this.stations.some((one) => one.station === station)) return;
        this.station = station;
        history.replaceState(null, "", location.pathname + (station > 0 ? "?station=" + station : ""));
        this.staff.draw();
    }

    stationName(station) {
        return (
            this.stations.find((one) => one.station === station)?.name ??
            this.staff.say("station", { number: station })
        );
    }

    stationsTree() {
        const { staff } = this;
        const open = this.open(0);
        const live = this.live && this.answered;
        const button = (station, name) => {
            const count = open.filter((ticket) => station === 0 || ticket.station === station).length;
            return h(
                "button",
                {
                    type: "button",
                    key: station,
                    id: "station-" + station,
                    "aria-pressed": String(this.station === station),
                    click: () => this.stationShow(station),
                },
                name,
                " ",
                h("span", { class: "badge" }, count),
            );
        };
        return h(
            "div",
            { class: "stations", key: "stations", role: "group", "aria-label": staff.say("stations") },
            button(0, staff.say("all")),
            this.stations.map((one) => button(one.station, one.name)),
            h(
                "span",
                { class: "state", "data-state": live ? "live" : "lost", id: "line" },
                live ? "● " + staff.say("line_live") : "○ " + staff.say("line_lost"),
            ),
        );
    }

    latelyTree() {
        const { staff } = this;
        const lately = this.lately();
        if (lately.length === 0) return null;
        return h(
            "section",
            { key: "lately", "aria-labelledby": "lately-title" },
            h("h2", { id: "lately-title" }, staff.say("bumped")),
            h(
                "ul",
                { class: "lately" },
                lately.map((ticket) =>
                    h(
                        "li",
                        { key: ticket.ticket_id },
                        h(
                            "span",
                            {},
                            h("b", {}, whereText(staff, ticket)),
                            " ",
                            h(
                                "span",
                                { class: "quiet" },
                                ticket.items.map((item) => item.pieces + " × " + item.name).join(", "),
                            ),
                        ),
                        h("span", { class: "quiet" }, staff.moment(ticket.bumped_at)),
                        h(
                            "button",
                            {
                                type: "button",
                                id: "recall-" + ticket.ticket_id,
                                click: () => this.mark(ticket, "recall"),
                            },
                            staff.say("recall"),
                        ),
                    ),
                ),
            ),
        );
    }

    tree() {
        const { staff } = this;
        const open = this.open();
        return [
            this.stationsTree(),
            staff.fault !== null &&
                h("p", { class: "fault", role: "alert", key: "fault" }, staff.frame.fault(staff.fault)),
            open.length === 0 &&
                h("p", { class: "slip quiet", key: "none" }, staff.say(this.known ? "none" : "asking")),
            h(
                "section",
                { class: "kitchen-tickets", key: "tickets", "aria-label": staff.say("tickets") },
                open.map((ticket) => ticketTree(this, ticket)),
            ),
            this.latelyTree(),
            this.stock.tree(),
            h("p", { class: "quiet", key: "keys" }, staff.say("keys")),
        ];
    }

    start() {
        document.addEventListener("keydown", (event) => this.key(event));
        void this.staff.start();
    }
}

new Kitchen().start();
