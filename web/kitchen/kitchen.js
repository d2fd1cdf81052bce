/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kitchen's page: the tickets of all stations or of one, oldest first, in type that is read from two metres away.
 * They come as events, at once; while the stream is broken the list is asked for every few seconds. Everything is done
 * by keys as well: kitchens have bump bars.
 */
import { words } from "/kitchen/text.js";
import { StockPart } from "/kitchen/stock.js";
import { ticketTree, whereText } from "/kitchen/ticket.js";
import { h } from "/local/paint.js";
import { News } from "/local/news.js";
import { Staff } from "/local/staff.js";

const lost_every_ms = 3000;
const live_every_ms = 30_000; /* whatever the stream says: a list that is a little wrong does not stay so */
const soon_ms = 60;
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
        this.tickets = new Map(); /* id: ticket; those that are open, and the last that are not */
        this.known = false;
        this.stations = [];
        this.station = 0;
        this.live = false;
        this.asking = false;
        this.again = false;
        this.work = Promise.resolve();
        this.timer = 0;
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
        this.tickets.clear();
        this.known = false;
    }

    lineSet(live) {
        this.live = live;
        this.staff.draw();
        void this.ask(); /* what was told while nobody listened */
    }

    /* One question at a time: an older answer never comes after a newer one. */
    async ask() {
        this.again = true;
        if (this.asking) return;
        this.asking = true;
        while (this.again && this.staff.door.shop !== null) {
            this.again = false;
            await this.askOnce();
        }
        this.asking = false;
        clearTimeout(this.timer);
        if (this.staff.door.shop !== null)
            this.timer = setTimeout(() => this.ask(), this.live ? live_every_ms : lost_every_ms);
    }

    async askOnce() {
        const { door } = this.staff;
        try {
            const path = `/v1/shops/${door.shop.shop_id}`;
            const [open, lately, kitchen] = await Promise.all([
                door.list(path + "/tickets", 300),
                door.get(path + "/tickets?all=true&limit=40"),
                door.get(path + "/kitchen"),
            ]);
            if (door.shop === null) return void this.ended(); /* who left meanwhile is shown nothing */
            this.stations = kitchen.stations;
            const before = this.tickets;
            this.tickets = new Map([...lately.data, ...open].map((ticket) => [ticket.ticket_id, ticket]));
            if (this.known) for (const ticket of open) if (!before.has(ticket.ticket_id)) this.announce(ticket);
            this.known = true;
            await this.stock.load();
        } catch (error) {
            if (door.shop === null) return;
            if (error.code === undefined) throw error;
            this.live = false;
            if (error.code === "unauthenticated") {
                this.staff.login_fault = error;
                this.ended();
            }
        }
        this.staff.draw();
    }

    announce(ticket) {
        if (this.station === 0 || ticket.station === this.station)
            this.staff.heard("heard_new", { where: whereText(this.staff, ticket) });
    }

    /* What is told is how a ticket stands, in short; what is to be made is asked for when it is new, or came back. */
    heard(event, data) {
        if (event === "dish.changed") return this.askSoon();
        if (event !== "gap" && event !== "ticket.changed") return;
        const known = this.tickets.get(data?.ticket_id);
        if (known === undefined || known.state !== data.state || known.state === "bumped") this.askSoon();
        if (known === undefined) return;
        const { state, late, recalls, prints } = data;
        this.tickets.set(data.ticket_id, { ...known, state, late, recalls, prints });
        this.staff.draw();
    }

    /* A burst of events is one question. */
    askSoon() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(), soon_ms);
    }

    /* Of the chosen station, those that are to be begun first in front. */
    open() {
        return [...this.tickets.values()]
            .filter(
                (ticket) =>
                    open_states.includes(ticket.state) && (this.station === 0 || ticket.station === this.station),
            )
            .sort(
                (a, b) =>
                    Date.parse(a.start_at) - Date.parse(b.start_at) ||
                    (BigInt(a.ticket_id) < BigInt(b.ticket_id) ? -1 : 1),
            );
    }

    lately() {
        return [...this.tickets.values()]
            .filter((ticket) => ticket.state === "bumped" && (this.station === 0 || ticket.station === this.station))
            .sort((a, b) => Date.parse(b.bumped_at) - Date.parse(a.bumped_at))
            .slice(0, lately_shown);
    }

    /* Keys may come faster than answers: one after the other. */
    mark(ticket, action) {
        this.work = this.work
            .catch(() => undefined)
            .then(() => this.markNow(this.tickets.get(ticket.ticket_id) ?? ticket, action));
        return this.work;
    }

    /* Enter: begins it, or is done with it, as it stands when its turn has come. */
    next(ticket) {
        this.work = this.work
            .catch(() => undefined)
            .then(() => {
                const now = this.tickets.get(ticket.ticket_id);
                if (now === undefined || !open_states.includes(now.state)) return undefined;
                return this.markNow(now, now.state === "queued" ? "start" : "bump");
            });
        return this.work;
    }

    markNow(ticket, action) {
        const { staff } = this;
        const next = this.neighbour(ticket);
        const where = whereText(staff, ticket);
        return staff
            .act(async () => {
                const marked = await staff.once.change(`/v1/tickets/${ticket.ticket_id}/mark`, { action });
                const now = this.tickets.get(ticket.ticket_id) ?? ticket;
                const { state, late, recalls, prints, started_at, bumped_at } = marked;
                this.tickets.set(ticket.ticket_id, { ...now, state, late, recalls, prints, started_at, bumped_at });
                if (action === "bump") staff.heard("heard_bumped", { where });
                if (action === "recall") staff.heard("heard_recalled", { where });
                if (action === "reprint") staff.heard("heard_printed");
            })
            .then((done) => {
                if (done && action === "bump") this.focus(next);
                else if (done) this.focus(ticket);
            });
    }

    neighbour(ticket) {
        const open = this.open();
        const index = open.findIndex((one) => one.ticket_id === ticket.ticket_id);
        return open[index + 1] ?? open[index - 1] ?? null;
    }

    focus(ticket) {
        if (ticket !== null) document.getElementById("ticket-" + ticket.ticket_id)?.focus();
    }

    chosen() {
        const id = document.activeElement?.closest?.(".kitchen-ticket")?.dataset.ticket;
        return id === undefined ? null : (this.tickets.get(id) ?? null);
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
        const open = [...this.tickets.values()].filter((ticket) => open_states.includes(ticket.state));
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
                { class: "state", "data-state": this.live ? "live" : "lost", id: "line" },
                this.live ? "● " + staff.say("line_live") : "○ " + staff.say("line_lost"),
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
