/* SPDX-License-Identifier: Apache-2.0 */
/* What a shopper holds: the list, and one voucher with the code that the counter scans. */
import { area, back, choice, facts, fault, field, grouped, stepper, twice } from "/deals/parts.js";
import { h } from "/local/paint.js";
import { qr } from "/local/qr.js";

const usable = (voucher) => voucher.state === "open";

/* What is left of it: "3 of 10", an amount, or nothing to say of a single ticket. */
export function restText(app, voucher) {
    if (voucher.face_minor > 0)
        return app.say("left_amount", { amount: app.money(voucher.face_left_minor, voucher.currency) });
    return voucher.pieces > 1 ? app.say("left_of", { left: voucher.pieces_left, all: voucher.pieces }) : "";
}

/* Who gets it: a user id (2088 0, and the shopper's own number), a phone or a mail. */
export function receiver(text) {
    const user = /^20880(\d{11})$/.exec(text);
    return user === null ? { to_logon_id: text } : { to_shopper_id: String(Number(user[1])) };
}

function partText(app, voucher) {
    if (voucher.kind !== "bundle") return "";
    return app.known.deal(voucher.deal_id)?.parts[voucher.part]?.name ?? "";
}

export class VouchersView {
    constructor(app) {
        this.app = app;
        this.every_ms = 5000;
        this.vouchers = null;
    }

    async load(reading) {
        this.vouchers = await reading.list(`/v1/shoppers/${this.app.shopper_id}/vouchers`, 200);
    }

    cardTree(voucher) {
        const { app } = this;
        return h(
            "li",
            { key: voucher.voucher_id },
            h(
                "a",
                { class: "card", href: "#voucher/" + voucher.voucher_id, "data-state": voucher.state },
                h(
                    "span",
                    { class: "card-head" },
                    h("b", { class: "card-title" }, voucher.title),
                    h("span", {}, restText(app, voucher)),
                ),
                h(
                    "span",
                    { class: "card-facts quiet" },
                    h("span", {}, partText(app, voucher)),
                    usable(voucher)
                        ? h("span", {}, app.say("until", { moment: app.moment(voucher.valid_until) }))
                        : h("span", { class: "tag" }, app.say("voucher_" + voucher.state)),
                ),
            ),
        );
    }

    listTree(key, vouchers) {
        const { app } = this;
        return h(
            "section",
            { class: "slip", key, "aria-labelledby": key + "-title" },
            h("h2", { id: key + "-title" }, app.say(key)),
            vouchers.length === 0 && h("p", { class: "quiet" }, app.say(key + "_none")),
            h(
                "ul",
                { class: "cards" },
                vouchers.map((voucher) => this.cardTree(voucher)),
            ),
        );
    }

    tree() {
        const { app, vouchers } = this;
        if (vouchers === null) return fault(app, this) ?? h("p", { class: "slip quiet" }, app.say("asking"));
        const past = vouchers.filter((voucher) => !usable(voucher));
        return [
            fault(app, this),
            this.listTree("vouchers_open", vouchers.filter(usable)),
            past.length > 0 && this.listTree("vouchers_past", past),
        ];
    }
}

export class VoucherView {
    constructor(app, [voucher_id]) {
        this.app = app;
        this.voucher_id = voucher_id;
        this.every_ms = 2000;
        this.voucher = null;
        this.sure = null;
        this.to = "";
        this.return_pieces = 1;
        this.stars = 0;
        this.words = "";
        this.shop_id = "";
        this.signed = null; /* what a till without a network believes; empty: nothing any more */
    }

    get path() {
        return `/v1/vouchers/${this.voucher_id}`;
    }

    async load(reading) {
        const before = this.voucher;
        this.voucher = await reading.get(this.path);
        if (before !== null && this.voucher.redemptions > before.redemptions) this.app.heard("heard_redeemed");
        const { kept_shop_id } = this.voucher;
        if (kept_shop_id !== null && this.signed === null) await this.signedAsk(kept_shop_id);
    }

    /* What a till without a network believes: keeping it again answers it again, as long as it may be taken. */
    async signedAsk(shop_id) {
        try {
            this.signed = (await this.app.once.change(this.path + "/keep", { shop_id })).offline_code;
        } catch (error) {
            if (!(error.status >= 400 && error.status < 500)) throw error;
            this.signed = "";
        }
    }

    give() {
        const { app } = this;
        return app.act(async () => {
            await app.change(this.path + "/give", receiver(this.to.trim()));
            app.heard("heard_given");
            app.go("#vouchers");
        });
    }

    giveBack() {
        const { app, voucher } = this;
        return app.act(async () => {
            const body = voucher.pieces_left > 1 ? { pieces: this.return_pieces } : {};
            this.voucher = await app.change(this.path + "/return", body);
            this.return_pieces = 1;
            app.heard("heard_returned");
        });
    }

    review() {
        const { app } = this;
        return app.act(async () => {
            await app.change(this.path + "/review", { stars: this.stars, text: this.words.trim() });
            this.voucher = { ...this.voucher, reviewed: true };
            app.heard("heard_reviewed");
        });
    }

    keepFor() {
        const { app } = this;
        return app.act(async () => {
            await app.change(this.path + "/keep", { shop_id: this.shop_id });
            this.voucher = await app.door.get(this.path);
        });
    }

    codeTree() {
        const { app, voucher } = this;
        if (!usable(voucher))
            return h(
                "p",
                { class: "verdict", key: "verdict" },
                h("span", { class: "verdict-mark", "aria-hidden": "true" }, voucher.state === "redeemed" ? "✓" : "–"),
                app.say("voucher_" + voucher.state),
            );
        return [
            qr(app.door, voucher.code, app.say("code_alt", { code: voucher.code }), () => app.draw()),
            h("p", { class: "digits", id: "code", key: "code" }, grouped(voucher.code)),
            h("p", { class: "quiet centre", key: "how" }, app.say("show_code")),
        ];
    }

    returnTree() {
        const { app, voucher } = this;
        const lapsed = voucher.state === "lapsed" || app.clock.now() >= Date.parse(voucher.valid_until);
        const may =
            voucher.left_minor > 0 &&
            (voucher.refund === "any_time" || (voucher.refund === "until_expiry" && !lapsed));
        if (!may || voucher.pieces_left === 0) return null;
        const amount = app.money(voucher.left_minor, voucher.currency);
        return h(
            "details",
            { key: "return" },
            h("summary", {}, app.say("return")),
            h("p", { class: "quiet" }, app.say("return_how", { amount })),
            h(
                "div",
                { class: "row" },
                voucher.pieces_left > 1 &&
                    stepper(
                        app,
                        "return-pieces",
                        app.say("return_pieces"),
                        this.return_pieces,
                        1,
                        voucher.pieces_left,
                        (pieces) => {
                            this.return_pieces = pieces;
                            app.draw();
                        },
                    ),
                twice(app, this, "return", "return_do", "return_sure", () => this.giveBack()),
            ),
        );
    }

    giveTree() {
        const { app, voucher } = this;
        if (!usable(voucher) || voucher.kept_shop_id !== null) return null;
        return h(
            "details",
            { key: "give" },
            h("summary", {}, app.say("give")),
            h(
                "form",
                {
                    novalidate: true,
                    submit: (event) => {
                        event.preventDefault();
                        if (this.to.trim() !== "") void this.give();
                    },
                },
                h("p", { class: "quiet" }, app.say("give_how")),
                field("give-to", app.say("give_to"), {
                    value: this.to,
                    maxlength: 99,
                    autocapitalize: "none",
                    spellcheck: "false",
                    input: (event) => (this.to = event.target.value),
                }),
                h("div", { class: "row" }, h("button", { class: "main", id: "give" }, app.say("give_do"))),
            ),
        );
    }

    reviewTree() {
        const { app, voucher } = this;
        if (voucher.redemptions === 0 || voucher.buyer_id !== app.shopper_id || voucher.trade_id === null)
            return null;
        if (voucher.reviewed) return h("p", { class: "quiet", key: "review" }, app.say("reviewed"));
        return h(
            "form",
            {
                key: "review",
                class: "review",
                novalidate: true,
                submit: (event) => {
                    event.preventDefault();
                    if (this.stars > 0) void this.review();
                },
            },
            h(
                "fieldset",
                { class: "stars" },
                h("legend", {}, app.say("review_stars")),
                [1, 2, 3, 4, 5].map((stars) =>
                    h(
                        "label",
                        { key: stars },
                        h("input", {
                            type: "radio",
                            name: "stars",
                            value: stars,
                            checked: this.stars === stars,
                            change: () => {
                                this.stars = stars;
                                app.draw();
                            },
                        }),
                        h("span", { "aria-hidden": "true" }, stars <= this.stars ? "★" : "☆"),
                        h("span", { class: "heard" }, app.say("stars_only", { stars })),
                    ),
                ),
            ),
            area("review-text", app.say("review_text"), {
                maxlength: 180,
                value: this.words,
                input: (event) => (this.words = event.target.value),
            }),
            h("div", { class: "row" }, h("button", { class: "main", id: "review" }, app.say("review_do"))),
        );
    }

    keptTree() {
        const { app, voucher, signed } = this;
        const shop = app.known.name(voucher.kept_shop_id, voucher.kept_shop_id);
        const words = app.say("kept", { shop, moment: app.moment(voucher.kept_accept) });
        if (!signed || !usable(voucher)) return h("p", { class: "tag", key: "keep" }, words);
        return h(
            "details",
            { key: "kept" },
            h("summary", {}, words),
            h("p", { class: "quiet" }, app.say("kept_how")),
            qr(app.door, signed, app.say("kept_alt"), () => app.draw()),
        );
    }

    keepTree() {
        const { app, voucher } = this;
        if (voucher.kept_shop_id !== null) return this.keptTree();
        const shops = app.known.detail(voucher.deal_id)?.shops ?? [];
        if (!usable(voucher) || shops.length === 0) return null;
        const ids = shops.map((shop) => shop.shop_id);
        if (!ids.includes(this.shop_id)) this.shop_id = ids[0];
        return h(
            "details",
            { key: "keep" },
            h("summary", {}, app.say("keep")),
            h("p", { class: "quiet" }, app.say("keep_how")),
            choice(
                "keep-shop",
                app.say("keep_shop"),
                ids,
                (id) => app.known.name(id, app.say("shop_number", { number: id })),
                this.shop_id,
                (id) => (this.shop_id = id),
            ),
            h(
                "div",
                { class: "row" },
                twice(app, this, "keep-do", "keep_do", "keep_sure", () => this.keepFor()),
            ),
        );
    }

    tree() {
        const { app, voucher } = this;
        if (voucher === null)
            return [
                back(app, "#vouchers", "place_vouchers"),
                fault(app, this) ?? h("p", { class: "slip quiet", key: "asking" }, app.say("asking")),
            ];
        return [
            back(app, "#vouchers", "place_vouchers"),
            h(
                "section",
                {
                    class: "slip voucher",
                    key: "voucher",
                    "data-state": voucher.state,
                    "aria-labelledby": "voucher-title",
                },
                h("h2", { id: "voucher-title", class: "subject" }, voucher.title),
                h("p", { class: "quiet", key: "part" }, partText(app, voucher)),
                this.codeTree(),
                h("p", { class: "rest", id: "rest", key: "rest" }, restText(app, voucher)),
                facts([
                    [app.say("valid_until"), app.moment(voucher.valid_until)],
                    voucher.paid_minor > 0 && [app.say("paid"), app.money(voucher.paid_minor, voucher.currency)],
                    voucher.redeemed_pieces > 0 &&
                        voucher.pieces > 1 && [app.say("used"), String(voucher.redeemed_pieces)],
                    voucher.returned_minor > 0 && [
                        app.say("paid_back"),
                        app.money(voucher.returned_minor, voucher.currency),
                    ],
                    [app.say("refund"), voucher.paid_minor > 0 ? app.say("refund_" + voucher.refund) : null],
                ]),
                h("p", { key: "deal" }, h("a", { href: "#deal/" + voucher.deal_id }, app.say("the_deal"))),
                fault(app, this),
                this.reviewTree(),
                this.giveTree(),
                this.returnTree(),
                this.keepTree(),
            ),
        ];
    }
}
