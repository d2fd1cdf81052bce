/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes on: the day's totals, refusals by reason, the latest payments, answer times, and the server
 * itself.
 */
import { find, make, show, showList } from "./document.js";
import { refusalText } from "./text.js";

const reasons_max = 5;
const arrivals_max = 3; /* a busy list changes as a whole: fading all of it once per second would flicker */
const other = "\u0000other"; /* no code of the server can be this */
const tween_ms = 950;
const tween_frame_ms = 50;
const silent_ms = 3000; /* of a process that says every second that it lives */
const trade_states = ["WAIT_BUYER_PAY", "TRADE_SUCCESS", "TRADE_FINISHED", "TRADE_CLOSED"];

/* A count that runs up to its new value during the second until the next one; counts only, never money. */
class RunningCount {
    constructor(element, context) {
        this.element = element;
        this.context = context;
        this.value = 0;
        this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    }

    take(value, known) {
        clearInterval(this.timer);
        this.from = this.value;
        this.to = value;
        this.begun = performance.now();
        if (!known || value <= this.from || this.calm.matches) this.write(value);
        else this.timer = setInterval(() => this.run(), tween_frame_ms);
    }

    run() {
        const part = Math.min(1, (performance.now() - this.begun) / tween_ms);
        this.write(this.from + Math.round((this.to - this.from) * part));
        if (part === 1) clearInterval(this.timer);
    }

    write(value) {
        this.value = value;
        const text = this.context.format.count(value);
        show(this.element, text);
        this.element.style.setProperty("--characters", text.length);
    }
}

export class ActivityPanel {
    constructor(context) {
        this.context = context;
        this.total = new RunningCount(find("payments-total"), context);
    }

    take(second) {
        this.total.take(second.payments_total, this.second !== undefined);
        this.second = second;
        this.show();
    }

    show() {
        if (this.second === undefined) return;
        const { say, format } = this.context;
        const second = this.second;
        this.total.write(this.total.value);
        const rate = format.count(second.payments_per_second);
        show(find("payments-rate"), rate);
        find("payments-rate").style.setProperty("--characters", rate.length);
        show(find("taken"), format.money(second.amount_total));
        const refunds = { count: format.count(second.refunds_total), plural: second.refunds_total };
        show(find("refunds"), say("refunds_today", refunds));
        for (const name of ["p50", "p99", "max"])
            show(find("latency-" + name), format.latency(second.latency[name]));
        this.showRefusals();
        this.showLatest();
        const connections = { count: format.count(second.connections), plural: second.connections };
        show(find("foot-connections"), say("foot_connections", connections));
        show(find("foot-queue"), say("foot_queue", { count: format.count(second.queue_depth) }));
        this.showReplica();
        this.showNodes();
    }

    /* Of lists that a replica of the database answers: how old they may be. */
    showReplica() {
        const { say, format } = this.context;
        const age_ms = this.second.read_age_ms;
        find("foot-replica").hidden = age_ms === null;
        if (age_ms !== null) show(find("foot-replica"), say("foot_replica", { age: format.latency(age_ms * 1000) }));
    }

    /* Of a database that several processes serve: a line for each. */
    showNodes() {
        const nodes = this.second.nodes;
        find("nodes").hidden = nodes.length === 0;
        showList(
            find("nodes"),
            nodes,
            (node) => String(node.node),
            nodeMake,
            (row, node) => this.showNode(row, node),
        );
    }

    showNode(row, node) {
        const { say, format } = this.context;
        const silent = node.seen_ms_ago > silent_ms;
        row.dataset.silent = String(silent);
        show(row.querySelector(".node-name"), say("node_name", { node: format.count(node.node) }));
        const marks = [];
        if (node.here) marks.push(say("node_here"));
        if (node.leads) marks.push(say("node_leads"));
        if (silent) marks.push(say("node_silent", { seconds: format.count(Math.round(node.seen_ms_ago / 1000)) }));
        show(row.querySelector(".node-marks"), marks.join(" · "));
        show(row.querySelector(".node-rate"), say("node_rate", { count: format.count(node.payments_per_second) }));
        row.title = say("foot_since", { time: format.clock(node.started_at) });
    }

    showRefusals() {
        const { say, format } = this.context;
        const sorted = this.second.refusals
            .filter((reason) => reason.count > 0)
            .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
        const shown = sorted.length > reasons_max ? sorted.slice(0, reasons_max - 1) : sorted;
        const rest = sorted.slice(shown.length);
        if (rest.length > 0)
            shown.push({ code: other, count: rest.reduce((sum, reason) => sum + reason.count, 0) });
        const most = Math.max(1, ...shown.map((reason) => reason.count));
        find("refusals-none").hidden = shown.length > 0;
        showList(
            find("refusals"),
            shown,
            (reason) => reason.code,
            reasonMake,
            (row, reason) => {
                const label =
                    reason.code === other
                        ? say("refusals_other")
                        : refusalText(this.context.language, reason.code);
                show(row.querySelector(".reason-name"), label);
                show(row.querySelector(".reason-count"), format.count(reason.count));
                row.querySelector(".reason-bar").style.inlineSize =
                    Math.max(0.5, (100 * reason.count) / most) + "%";
            },
        );
    }

    showLatest() {
        const { say, format } = this.context;
        find("latest-none").hidden = this.second.latest.length > 0;
        const before = new Set([...find("latest").children].map((row) => row.dataset.key));
        const arrived = this.second.latest.filter((trade) => !before.has(trade.trade_id)).length;
        const create = () => paymentMake(arrived <= arrivals_max ? "payment payment-new" : "payment");
        showList(
            find("latest"),
            this.second.latest,
            (trade) => trade.trade_id,
            create,
            (row, trade) => {
                const part = (name) => row.querySelector("." + name);
                const known = trade_states.includes(trade.state);
                row.dataset.state = trade.state;
                show(part("payment-time"), format.clock(trade.at));
                show(part("payment-shop"), trade.shop_name);
                part("payment-shop").title = trade.shop_name;
                show(part("payment-paid"), format.money(trade.paid));
                show(part("payment-state"), known ? say("trade_" + trade.state) : trade.state);
                const amounts = { list: format.money(trade.list), discount: format.money(trade.discount) };
                const key = trade.discount === 0n ? "latest_undiscounted" : "latest_discounted";
                show(part("payment-discount"), say(key, amounts));
            },
        );
    }
}

function reasonMake() {
    const track = make("span", "reason-track", make("span", "reason-bar"));
    return make("li", "reason", make("span", "reason-name"), make("span", "reason-count"), track);
}

function paymentMake(class_name) {
    return make(
        "li",
        class_name,
        make("span", "payment-shop"),
        make("span", "payment-paid"),
        make("span", "payment-time quiet"),
        make("span", "payment-discount quiet"),
        make("span", "payment-state quiet"),
    );
}

function nodeMake() {
    return make("li", "node", make("b", "node-name"), make("span", "node-rate"), make("span", "node-marks"));
}
