/* SPDX-License-Identifier: Apache-2.0 */
/* What is about to be redeemed: several codes go through together, or none of them does. */
import { h } from "/local/paint.js";
import { minorOf } from "/wallet/amount.js";

const entries_most = 16;

export class BasketPart {
    constructor(counter) {
        this.counter = counter;
        this.entries = []; /* { code, voucher, pieces, amount, offline } */
        this.done = null; /* what was redeemed last: { title, rest } each */
        this.round = 0; /* how often it was emptied by hand */
    }

    get staff() {
        return this.counter.staff;
    }

    clear() {
        this.round++;
        this.entries = [];
        this.done = null;
    }

    /* Whether it is redeemed in amounts: a stored-value card. */
    stored(entry) {
        return entry.voucher.face_left_minor > 0;
    }

    async prepare(code, signed) {
        const { door, shop_id } = this.staff;
        try {
            return {
                voucher: await door.call("POST", `/v1/shops/${shop_id}/vouchers/prepare`, { code }),
                offline: false,
            };
        } catch (error) {
            if (error.code !== "unreachable") throw error;
            this.counter.away = true;
            if (signed !== null)
                await this.counter.offline.trust(signed, this.counter.last.title(signed.split(".")[3]));
            const voucher = this.counter.offline.find(code);
            if (voucher === null) throw Object.assign(new Error("not on the list"), { code: "offline_none" });
            return { voucher, offline: true };
        }
    }

    /* A code that stands there already wants one piece more. */
    async look(code, signed = null) {
        this.done = null;
        const known = this.entries.find((entry) => entry.code === code);
        if (known !== undefined) {
            if (!this.stored(known) && known.pieces < known.voucher.pieces_left) known.pieces++;
            return;
        }
        if (this.entries.length === entries_most) this.entries.shift();
        const { round } = this;
        const entry = { code, ...(await this.prepare(code, signed)), pieces: 1, amount: "" };
        if (round !== this.round) return;
        this.entries.push(entry);
        this.staff.heard("heard_looked", { title: entry.voucher.title, verdict: this.verdict(entry) });
    }

    verdict(entry) {
        const { staff } = this;
        if (entry.voucher.valid) return staff.say(entry.offline ? "kept_list" : "valid");
        return staff.frame.fault({ code: entry.voucher.why_not });
    }

    use(entry) {
        if (!this.stored(entry)) return { code: entry.code, pieces: entry.pieces };
        const amount_minor = minorOf(entry.amount);
        if (amount_minor === null) throw Object.assign(new Error("no amount"), { code: "amount", entry });
        return { code: entry.code, amount_minor };
    }

    redeem() {
        const { staff, counter } = this;
        const work = staff.act(async () => {
            const ready = this.entries.filter((entry) => entry.voucher.valid);
            if (ready.length === 0) return;
            const uses = ready.map((entry) => this.use(entry));
            let answers = [];
            if (ready.some((entry) => entry.offline)) counter.offline.take(uses);
            else answers = await this.send(uses);
            this.done = ready.map((entry, index) => ({
                title: entry.voucher.title,
                ...answers[index],
                uses: uses[index],
                currency: entry.voucher.currency,
            }));
            this.entries = [];
            staff.heard("heard_redeemed");
            if (answers.length > 0) await counter.last.load();
        });
        return work.then(() => this.focus());
    }

    /* Where the next key belongs: the amount that is missing, or the next code. */
    focus() {
        const { fault } = this.staff;
        if (fault?.code === "amount") document.getElementById("amount-" + fault.entry.code)?.focus();
        else this.counter.focus();
    }

    async send(codes) {
        const { door, shop_id } = this.staff;
        const body = { codes };
        if (door.staff.terminal_id !== "") body.terminal_id = door.staff.terminal_id;
        return (await this.staff.change(`/v1/shops/${shop_id}/redemptions`, body)).redemptions;
    }

    remove(entry) {
        this.entries = this.entries.filter((one) => one !== entry);
        this.staff.draw();
        this.counter.focus();
    }

    piecesTree(entry) {
        const { staff } = this;
        const step = (sign, word, end) =>
            h(
                "button",
                {
                    type: "button",
                    "aria-label": staff.say(word),
                    "aria-disabled": entry.pieces === end ? "true" : null,
                    click: () => {
                        if (entry.pieces !== end) entry.pieces += sign;
                        staff.draw();
                    },
                },
                sign < 0 ? "−" : "+",
            );
        return h(
            "div",
            { class: "stepper", role: "group", "aria-label": staff.say("pieces"), key: "pieces" },
            h("span", { class: "stepper-label" }, staff.say("pieces")),
            step(-1, "fewer", 1),
            h("output", {}, entry.pieces),
            step(1, "further", entry.voucher.pieces_left),
        );
    }

    amountTree(entry) {
        const { staff } = this;
        const id = "amount-" + entry.code;
        return h(
            "p",
            { class: "field", key: "amount" },
            h("label", { for: id }, staff.say("amount")),
            h("input", {
                type: "text",
                id,
                value: entry.amount,
                inputmode: "decimal",
                maxlength: 15,
                autocomplete: "off",
                input: (event) => (entry.amount = event.target.value),
                keydown: (event) => event.key === "Enter" && void this.redeem(),
            }),
        );
    }

    entryTree(entry) {
        const { staff } = this;
        const { voucher } = entry;
        const rest = this.stored(entry)
            ? staff.say("left_amount", { amount: staff.money(voucher.face_left_minor, voucher.currency) })
            : staff.say("left_pieces", { count: voucher.pieces_left });
        return h(
            "li",
            { class: "entry", key: entry.code, "data-valid": voucher.valid },
            h("p", { class: "trade-line" }, h("b", { class: "card-title" }, voucher.title), h("b", {}, rest)),
            h(
                "p",
                { class: "entry-verdict" },
                h("span", { class: "verdict-mark", "aria-hidden": "true" }, voucher.valid ? "✓" : "×"),
                this.verdict(entry),
            ),
            h(
                "p",
                { class: "trade-line quiet" },
                h("span", {}, entry.code.replace(/(\d{4})(?=\d)/g, "$1 ")),
                h("span", {}, staff.say("until", { moment: staff.moment(voucher.valid_until) })),
            ),
            voucher.rules !== "" && h("p", { class: "rules" }, voucher.rules),
            voucher.valid &&
                (this.stored(entry) ? this.amountTree(entry) : voucher.pieces_left > 1 && this.piecesTree(entry)),
            h(
                "div",
                { class: "row" },
                h("button", { type: "button", click: () => this.remove(entry) }, staff.say("remove")),
            ),
        );
    }

    doneTree() {
        const { staff, done } = this;
        if (done === null) return null;
        return h(
            "div",
            { class: "done", key: "done", id: "done" },
            h(
                "p",
                { class: "verdict good" },
                h("span", { class: "verdict-mark", "aria-hidden": "true" }, "✓"),
                staff.say("redeemed_title"),
            ),
            h(
                "ul",
                {},
                done.map((one, index) =>
                    h(
                        "li",
                        { class: "trade-line", key: index },
                        h("b", {}, one.title),
                        h(
                            "span",
                            {},
                            one.uses.amount_minor === undefined
                                ? staff.say("pieces_taken", { count: one.uses.pieces })
                                : staff.say("value_taken", {
                                      amount: staff.money(one.uses.amount_minor, one.currency),
                                  }),
                        ),
                        one.voucher_id !== undefined &&
                            h(
                                "span",
                                { class: "quiet" },
                                one.face_left_minor > 0
                                    ? staff.say("left_amount", {
                                          amount: staff.money(one.face_left_minor, one.currency),
                                      })
                                    : staff.say("left_pieces", { count: one.pieces_left }),
                            ),
                    ),
                ),
            ),
        );
    }

    tree() {
        const { staff, entries } = this;
        const ready = entries.filter((entry) => entry.voucher.valid).length;
        return h(
            "section",
            { class: "slip", key: "basket", "aria-labelledby": "basket-title" },
            h("h2", { id: "basket-title", key: "title" }, staff.say("basket")),
            this.doneTree(),
            entries.length === 0 &&
                this.done === null &&
                h("p", { class: "quiet", key: "none" }, staff.say("basket_none")),
            h(
                "ul",
                { class: "entries", key: "entries" },
                entries.map((entry) => this.entryTree(entry)),
            ),
            ready > 0 &&
                h(
                    "div",
                    { class: "row", key: "row" },
                    h(
                        "button",
                        { type: "button", id: "redeem", class: "main", click: () => this.redeem() },
                        ready > 1 ? staff.say("redeem_all", { count: ready }) : staff.say("redeem"),
                    ),
                ),
        );
    }
}
