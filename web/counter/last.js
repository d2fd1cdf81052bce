/* SPDX-License-Identifier: Apache-2.0 */
/* What was redeemed last and can be undone, what was taken without a network, what of that did not hold. */
import { h } from "/local/paint.js";
import { Reading } from "/shopper/reading.js";

const shown = 12;

export class LastPart {
    constructor(counter) {
        this.counter = counter;
        this.redemptions = null;
        this.titles = new Map(); /* deal: its title */
        this.sure = null;
    }

    get staff() {
        return this.counter.staff;
    }

    async load() {
        const { door } = this.staff;
        const { shop } = door;
        const reading = new Reading(door);
        const { data } = await reading.get(`/v1/shops/${shop.shop_id}/redemptions?limit=${shown}`);
        for (const { deal_id } of data)
            if (!this.titles.has(deal_id)) this.titles.set(deal_id, (await door.get(`/v1/deals/${deal_id}`)).title);
        if (this.staff.believes(reading, shop)) this.redemptions = data;
    }

    title(deal_id) {
        return this.titles.get(deal_id) ?? this.staff.say("deal_number", { number: deal_id });
    }

    undoable(redemption) {
        return redemption.state === "done" && this.staff.clock.now() < Date.parse(redemption.undo_until);
    }

    undo(redemption) {
        const { staff } = this;
        if (this.sure !== redemption.redemption_id) {
            this.sure = redemption.redemption_id;
            staff.draw();
            return Promise.resolve();
        }
        this.sure = null;
        return staff
            .act(async () => {
                const now = this.redemptions?.find((one) => one.redemption_id === redemption.redemption_id);
                if (now === undefined || !this.undoable(now)) return;
                await staff.change(`/v1/redemptions/${redemption.redemption_id}/undo`);
                this.counter.basket.done = null;
                staff.heard("heard_undone");
                await this.load();
            })
            .then(() => this.counter.focus());
    }

    undoLast() {
        const last = this.redemptions?.find((redemption) => this.undoable(redemption));
        return last === undefined ? Promise.resolve() : this.undo(last);
    }

    tell() {
        const { staff, counter } = this;
        return staff.act(async () => {
            if (counter.offline.taken.length === 0) return;
            await counter.offline.tell();
            counter.away = false;
            await counter.offline.load();
            await this.load();
        });
    }

    lineTree(redemption) {
        const { staff } = this;
        const sure = this.sure === redemption.redemption_id;
        const what =
            redemption.amount_minor > 0
                ? staff.say("value_taken", { amount: staff.money(redemption.amount_minor, redemption.currency) })
                : staff.say("pieces_taken", { count: redemption.pieces });
        return h(
            "li",
            { class: "trade", key: redemption.redemption_id, "data-state": redemption.state },
            h("p", { class: "trade-line" }, h("b", {}, this.titles.get(redemption.deal_id) ?? "…"), h("b", {}, what)),
            h(
                "p",
                { class: "trade-line quiet" },
                h("span", {}, staff.moment(redemption.accepted_at)),
                redemption.offline && h("span", { class: "tag" }, staff.say("offline_mark")),
                h("span", {}, staff.money(redemption.gross_minor, redemption.currency)),
            ),
            redemption.state === "undone" && h("p", { class: "tag" }, staff.say("undone")),
            this.undoable(redemption) &&
                h(
                    "div",
                    { class: "row" },
                    h(
                        "button",
                        {
                            type: "button",
                            id: "undo-" + redemption.redemption_id,
                            class: sure ? "sure" : null,
                            click: () => this.undo(redemption),
                        },
                        staff.say(sure ? "undo_sure" : "undo"),
                    ),
                ),
        );
    }

    tree() {
        const { staff, redemptions } = this;
        return h(
            "section",
            { class: "slip", key: "last", "aria-labelledby": "last-title" },
            h("h2", { id: "last-title" }, staff.say("last")),
            redemptions === null && h("p", { class: "quiet" }, staff.say("asking")),
            redemptions?.length === 0 && h("p", { class: "quiet" }, staff.say("last_none")),
            h(
                "ul",
                { class: "trades", id: "last" },
                (redemptions ?? []).map((redemption) => this.lineTree(redemption)),
            ),
        );
    }

    offlineTree() {
        const { staff } = this;
        const { kept, taken, conflicts, result } = this.counter.offline;
        if (kept.size === 0 && taken.length === 0 && conflicts.length === 0 && result === null) return null;
        return h(
            "section",
            { class: "slip", key: "offline", "aria-labelledby": "offline-title" },
            h("h2", { id: "offline-title" }, staff.say("offline_title")),
            h("p", {}, staff.say("offline_how", { count: kept.size })),
            kept.size > 0 &&
                h(
                    "details",
                    { key: "list" },
                    h("summary", {}, staff.say("offline_list")),
                    h(
                        "ul",
                        { class: "trades" },
                        [...kept.values()].map((voucher) =>
                            h(
                                "li",
                                { class: "trade-line", key: voucher.voucher_id },
                                h("span", {}, voucher.title),
                                h(
                                    "span",
                                    { class: "quiet" },
                                    staff.say("until", { moment: staff.moment(voucher.kept_accept) }),
                                ),
                            ),
                        ),
                    ),
                ),
            taken.length > 0 &&
                h(
                    "div",
                    { class: "row", key: "taken" },
                    h("p", {}, staff.say("offline_taken", { count: taken.length })),
                    h(
                        "button",
                        { type: "button", id: "tell", class: "main", click: () => this.tell() },
                        staff.say("offline_tell"),
                    ),
                ),
            result !== null &&
                taken.length === 0 &&
                h("p", { id: "told", key: "told", role: "status" }, staff.say("offline_told", result)),
            conflicts.length > 0 &&
                h(
                    "div",
                    { key: "conflicts" },
                    h("h3", {}, staff.say("conflicts")),
                    h(
                        "ul",
                        { class: "trades" },
                        conflicts.map((conflict) =>
                            h(
                                "li",
                                { class: "trade", key: conflict.conflict_id },
                                h(
                                    "p",
                                    { class: "trade-line" },
                                    h("span", {}, conflict.code),
                                    h("span", { class: "quiet" }, staff.moment(conflict.accepted_at)),
                                ),
                                h("p", { class: "fault" }, staff.say("conflict_" + conflict.reason)),
                            ),
                        ),
                    ),
                ),
        );
    }
}
