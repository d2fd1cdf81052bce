/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tickets as far as they are known. Whole ones come in lists; what becomes of one comes sooner, as an event or as
 * the answer to a mark. A list that was asked for before such news may tell what was before it: then the news stands,
 * and the list is asked for again.
 */

export class Board {
    constructor() {
        this.tickets = new Map(); /* id: ticket; those that are open, and the last that are not */
        this.news = new Map(); /* id: { at, what }: what was heard, and when, that no list has confirmed */
    }

    clear() {
        this.tickets.clear();
        this.news.clear();
    }

    get(ticket_id) {
        return this.tickets.get(ticket_id);
    }

    all() {
        return [...this.tickets.values()];
    }

    /* `what` is how the ticket stands, as far as it was said. */
    hear(ticket_id, what, at = performance.now()) {
        this.news.set(ticket_id, { at, what: { ...this.news.get(ticket_id)?.what, ...what } });
        const known = this.tickets.get(ticket_id);
        if (known !== undefined) this.tickets.set(ticket_id, { ...known, ...what });
    }

    /*
     * The answer to a mark that was sent at that moment. False when something else was heard of the ticket meanwhile:
     * nobody can say then which of the two came last, and a list that is asked for now can.
     */
    answered(ticket_id, what, sent_at, at = performance.now()) {
        const heard = this.news.get(ticket_id);
        const agree = heard === undefined || heard.at < sent_at || sameStand(heard.what, what);
        this.hear(ticket_id, what, at);
        return agree;
    }

    /* Takes a list that has everything until `as_of`. False when there is news that it may not have. */
    take(list, as_of) {
        const before = this.tickets;
        this.tickets = new Map(list.map((ticket) => [ticket.ticket_id, ticket]));
        for (const [ticket_id, { at, what }] of this.news) {
            if (at < as_of) {
                this.news.delete(ticket_id);
                continue;
            }
            const known = this.tickets.get(ticket_id) ?? before.get(ticket_id);
            if (known !== undefined) this.tickets.set(ticket_id, { ...known, ...what });
        }
        return this.news.size === 0;
    }
}

const sameStand = (one, other) =>
    ["state", "late", "recalls", "prints"].every((name) => one[name] === other[name]);
