/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cashier's page: a code is scanned or typed, the page says what it stands for and whether it is valid here and
 * now, and redeems what stands in the list: one, several, or a part of one. A scanner types digits and Enter; nothing
 * here wants a mouse.
 */
import { BasketPart } from "/counter/basket.js";
import { LastPart } from "/counter/last.js";
import { Offline } from "/counter/offline.js";
import { words } from "/counter/text.js";
import { h } from "/local/paint.js";
import { Staff } from "/local/staff.js";

const ask_every_ms = 5000;
const kept_every = 6; /* times that it asks, the list of what is set aside once */

class Counter {
    constructor() {
        this.staff = new Staff(this, words);
        this.offline = new Offline(this.staff);
        this.basket = new BasketPart(this);
        this.last = new LastPart(this);
        this.code = "";
        this.away = false; /* the server cannot be reached */
        this.asked = 0;
        this.timer = 0;
        this.work = Promise.resolve();
    }

    begun() {
        this.offline.begin();
        void this.ask();
        this.focus();
    }

    ended() {
        clearTimeout(this.timer);
        this.basket.entries = [];
        this.last.redemptions = null;
        this.asked = 0;
    }

    focus() {
        document.getElementById("code")?.focus();
    }

    async ask() {
        clearTimeout(this.timer);
        const { staff } = this;
        const { shop } = staff.door;
        if (shop === null) return;
        try {
            await this.last.load();
            if (staff.door.shop !== shop) return; /* who left meanwhile is shown nothing */
            if (this.asked % kept_every !== 0 || (await this.offline.load())) this.asked++;
            this.away = false;
        } catch (error) {
            if (staff.turnedAway(error) || staff.door.shop !== shop) return;
            if (error.code === undefined) throw error;
            this.away = error.code === "unreachable";
        }
        staff.draw();
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(), ask_every_ms);
    }

    /* Keys may come faster than answers: each is about what the ones before it have led to. */
    inTurn(step) {
        this.work = this.work.catch(() => undefined).then(step);
        return this.work;
    }

    /*
     * Enter in the field: a code is looked up; nothing in it redeems what stands there. A scanner does not wait for
     * answers: the field is empty at once, and codes are looked up one after the other.
     */
    enter() {
        const text = this.code.trim();
        const { round } = this.basket;
        this.code = "";
        this.staff.draw();
        return this.inTurn(() => {
            if (round !== this.basket.round) return undefined; /* all of it was taken away since */
            return text === "" ? this.basket.redeem() : this.look(text);
        });
    }

    async look(text) {
        const signed = text.startsWith("ov1.") ? text : null; /* what a phone shows of a voucher that is set aside */
        const code = signed === null ? text.replace(/\D/g, "") : (text.split(".")[1] ?? "");
        const done = await this.staff.act(async () => {
            if (code.length !== 12) throw Object.assign(new Error("no code"), { code: "code" });
            await this.basket.look(code, signed);
        });
        if (done || this.code !== "") return;
        this.code = text; /* to be looked at again, or typed over */
        this.staff.draw();
        document.getElementById("code")?.select();
    }

    key(event) {
        if (this.staff.door.shop === null) return;
        if (event.key === "Escape") {
            this.basket.clear();
            this.code = "";
            this.staff.fault = null;
            this.staff.draw();
            this.focus();
        } else if (event.key === "F8") {
            event.preventDefault();
            void this.inTurn(() => this.last.undoLast());
        } else if (/^\d$/.test(event.key) && !event.target.matches("input"))
            this.focus(); /* the scanner is heard anywhere */
    }

    formTree() {
        const { staff } = this;
        const say = (key) => staff.say(key);
        return h(
            "form",
            {
                class: "slip",
                key: "form",
                novalidate: true,
                submit: (event) => {
                    event.preventDefault();
                    void this.enter();
                },
            },
            this.away && h("p", { class: "banner", role: "alert", key: "away" }, say("offline_now")),
            h(
                "p",
                { class: "field", key: "field" },
                h("label", { for: "code" }, say("code_label")),
                h("input", {
                    type: "text",
                    id: "code",
                    class: "code-input",
                    value: this.code,
                    maxlength: 300,
                    inputmode: "numeric",
                    autocomplete: "off",
                    spellcheck: "false",
                    placeholder: say("code_hint"),
                    "aria-describedby": "code-fault keys",
                    input: (event) => (this.code = event.target.value),
                }),
            ),
            h(
                "p",
                { id: "code-fault", class: "fault", role: "alert", key: "fault" },
                staff.fault === null ? "" : staff.frame.fault(staff.fault),
            ),
            h("div", { class: "row", key: "row" }, h("button", { id: "look" }, say("code_look"))),
            h("p", { id: "keys", class: "quiet", key: "keys" }, say("keys")),
        );
    }

    tree() {
        return [
            h("div", { class: "side", key: "left" }, this.formTree(), this.basket.tree()),
            h("div", { class: "side", key: "right" }, this.last.tree(), this.last.offlineTree()),
        ];
    }

    start() {
        document.addEventListener("keydown", (event) => this.key(event));
        void this.staff.start();
    }
}

new Counter().start();
