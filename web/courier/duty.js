/* SPDX-License-Identifier: Apache-2.0 */
/* Being on duty: the shop is told so and where the courier is, once a minute, as long as the page is open. */
import { preferenceGet, preferenceSet } from "/live/preference.js";
import { field } from "/deals/parts.js";
import { placeHere, placeRead, placeText } from "/deals/near.js";
import { h } from "/local/paint.js";

const tell_every_ms = 60_000;
const holds_ms = 600_000; /* so long the shop believes what it was told */
const kept_under = "courier";

function keptRead() {
    const empty = { place: "", on_duty: "", told_on: 0 };
    try {
        return { ...empty, ...JSON.parse(preferenceGet(kept_under) ?? "{}") };
    } catch {
        return empty;
    }
}

export class DutyPart {
    constructor(app) {
        const kept = keptRead();
        this.app = app;
        this.courier_id = app.shopper_id;
        this.place = kept.place;
        /* The page was loaded anew while on duty; whoever comes back after days off says so anew. */
        this.on = kept.on_duty === app.shopper_id && Date.now() - kept.told_on < holds_ms;
        this.lost = false; /* the phone does not say where it is */
        this.told_at = -Infinity;
    }

    set(on) {
        const { app } = this;
        return app.act(async () => {
            if (on) await this.locate();
            await this.tell(on);
            app.heard(on ? "heard_duty_on" : "heard_duty_off");
        });
    }

    /* Where the phone is, if it says so; what was typed otherwise. */
    async locate() {
        try {
            this.place = await placeHere();
            this.lost = false;
        } catch {
            this.lost = true;
        }
    }

    async tell(on) {
        const place = placeRead(this.place);
        if (place === null) throw Object.assign(new Error("no place"), { code: "place" });
        const body = { on_duty: on, ...place };
        const told = await this.app.door.call("PUT", `/v1/couriers/${this.courier_id}/report`, body);
        this.on = told.on_duty;
        this.told_at = performance.now();
        preferenceSet(
            kept_under,
            JSON.stringify({
                place: placeText(place),
                on_duty: this.on ? this.courier_id : "",
                told_on: Date.now(),
            }),
        );
    }

    /* Called now and then. What does not reach the server does so a minute later. */
    async goOn() {
        if (!this.on || performance.now() - this.told_at < tell_every_ms) return;
        this.told_at = performance.now();
        await this.locate();
        if (this.on) await this.tell(true).catch(() => undefined);
    }

    tree() {
        const { app } = this;
        return h(
            "form",
            {
                class: "slip",
                key: "duty",
                novalidate: true,
                "aria-labelledby": "duty-title",
                submit: (event) => {
                    event.preventDefault();
                    void this.set(!this.on);
                },
            },
            h("h2", { id: "duty-title" }, app.say(this.on ? "duty_on" : "duty_off")),
            h("p", { class: "quiet" }, app.say("duty_how")),
            (this.lost || this.place === "") &&
                field("duty-place", app.say("duty_place"), {
                    value: this.place,
                    maxlength: 40,
                    placeholder: "30.2741, 120.1551",
                    "aria-describedby": "duty-lost",
                    input: (event) => (this.place = event.target.value),
                }),
            h(
                "p",
                { id: "duty-lost", class: "quiet", key: "lost", hidden: !this.lost },
                this.lost ? app.say("duty_lost") : "",
            ),
            h(
                "div",
                { class: "row", key: "row" },
                h(
                    "button",
                    { class: this.on ? "" : "main", id: "duty", "aria-pressed": String(this.on) },
                    app.say(this.on ? "duty_end" : "duty_begin"),
                ),
            ),
        );
    }
}
