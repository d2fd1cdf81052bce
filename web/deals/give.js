/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is given away: a button that wakes at the very second, by the server's clock; or a lottery, whose draw anybody
 * can compute again from what is shown here.
 */
import { facts } from "/deals/parts.js";
import { left } from "/local/clock.js";
import { h } from "/local/paint.js";

export class GivePart {
    constructor(app, deal_id) {
        this.app = app;
        this.deal_id = deal_id;
        this.give = null;
        this.ticket = null;
        this.asked = false;
        this.claimed = null;
    }

    async load(reading) {
        const path = `/v1/gives/${this.deal_id}`;
        this.give = await reading.get(path);
        if (this.give.kind !== "lottery" || (this.asked && this.ticket === null)) return;
        this.asked = true; /* who has none gets one by entering */
        try {
            this.ticket = await reading.get(`${path}/entries/${this.app.shopper_id}`);
        } catch (error) {
            if (error.status !== 404) throw error;
        }
    }

    claim() {
        const { app } = this;
        return app.act(async () => {
            this.claimed = await app.change(`/v1/gives/${this.deal_id}/claims`, { confirmed: true });
            app.heard("heard_claimed");
            if (this.claimed.voucher_id !== null) app.go("#voucher/" + this.claimed.voucher_id);
        });
    }

    enter() {
        const { app } = this;
        return app.act(async () => {
            this.ticket = await app.change(`/v1/gives/${this.deal_id}/entries`);
            app.heard("heard_entered");
        });
    }

    countTree(key, until) {
        const { app } = this;
        const rest = left(until - app.clock.now());
        return h(
            "p",
            { class: "countdown", key: "count" },
            h("span", { class: "quiet" }, app.say(key)),
            h(
                "b",
                { class: "count", role: "timer" },
                rest.days > 0 && app.say("days", { days: rest.days }) + " ",
                rest.clock,
            ),
        );
    }

    claimTree(deal, begun, over) {
        const { app } = this;
        const token = deal.price_minor > 0;
        if (this.claimed?.voucher_id === null) return h("p", { class: "subject" }, app.say("claim_unpaid"));
        if (over) return h("p", { class: "subject" }, app.say("give_over"));
        if (begun && deal.copies_left === 0) return h("p", { class: "subject" }, app.say("give_gone"));
        return h(
            "button",
            { type: "button", id: "claim", key: "claim", class: "main", disabled: !begun, click: () => this.claim() },
            app.say(token ? "claim_for" : "claim", { amount: app.money(deal.price_minor, deal.currency) }),
        );
    }

    ticketTree() {
        const { app, ticket, give } = this;
        const words = !ticket.drawn ? "ticket_waits" : ticket.won ? "ticket_won" : "ticket_lost";
        return h(
            "div",
            { class: "ticket", key: "ticket" },
            h("p", { class: "subject" }, app.say(words)),
            ticket.won &&
                ticket.voucher_id !== null &&
                h("a", { class: "button main", href: "#voucher/" + ticket.voucher_id }, app.say("show_voucher")),
            facts([
                [app.say("ticket_number"), String(ticket.number)],
                [app.say("entries"), String(give.claims)],
                ticket.drawn && [app.say("ticket_place"), String(ticket.place)],
                [app.say("winners"), String(ticket.drawn ? ticket.winners : give.winners)],
            ]),
        );
    }

    /* What the draw is computed from: the promise before, what it was after. */
    proofTree() {
        const { app, give } = this;
        return h(
            "details",
            { key: "proof" },
            h("summary", {}, app.say("proof")),
            h("p", { class: "quiet" }, app.say("proof_how")),
            facts([
                [app.say("seed_hash"), h("code", {}, give.seed_hash)],
                [app.say("chain"), h("code", {}, give.chain)],
                give.state !== "open" && [app.say("seed"), h("code", {}, give.seed)],
            ]),
        );
    }

    lotteryTree(begun, over) {
        const { app, ticket } = this;
        return [
            ticket !== null && this.ticketTree(),
            ticket === null && over && h("p", { class: "subject" }, app.say("lottery_over")),
            ticket === null &&
                !over &&
                h(
                    "button",
                    {
                        type: "button",
                        id: "enter",
                        key: "enter",
                        class: "main",
                        disabled: !begun,
                        click: () => this.enter(),
                    },
                    app.say("enter", { winners: this.give.winners }),
                ),
            this.proofTree(),
        ];
    }

    tree(deal) {
        const { app, give } = this;
        if (give === null) return null;
        const now = app.clock.now();
        const begun = now >= Date.parse(give.starts_at);
        const over = now >= Date.parse(give.ends_at);
        const lottery = give.kind === "lottery";
        return h(
            "div",
            { class: "give", key: "give" },
            !begun && this.countTree("begins_in", Date.parse(give.starts_at)),
            begun && !over && this.countTree(lottery ? "drawn_in" : "ends_in", Date.parse(give.ends_at)),
            lottery ? this.lotteryTree(begun, over) : this.claimTree(deal, begun, over),
        );
    }
}
