/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log-in code of a sandbox's wallet, for trying other pages by hand. It is shown when it is asked for, apart
 * from what a till scans, and gone after a minute.
 */
import { find, show } from "/live/document.js";

const shown_ms = 60_000;

export class LoginCode {
    constructor(door, frame) {
        this.door = door;
        this.frame = frame;
        this.code = "";
        this.timer = 0;
        find("login-show").addEventListener("click", () => this.ask());
    }

    draw(known) {
        if (!known) this.code = "";
        find("login-show").hidden = !known || !this.door.sandbox;
        find("login-shown").hidden = this.code === "";
        show(find("login-digits"), this.code.replace(/(\d{4})(?=\d)/g, "$1 "));
    }

    /* Of another phone than the one whose pay code is on the page: a log-in burns the minute of its phone. */
    async ask() {
        const { shopper } = this.door;
        if (shopper === null) return;
        try {
            this.code = (await this.door.get(`/v1/sandbox/shoppers/${shopper.shopper_id}/pay_code`)).login_code;
            this.frame.announce(this.code);
        } catch {
            this.code = ""; /* the page says by itself when the session is over */
        }
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.forget(), shown_ms);
        this.draw(this.door.shopper !== null);
    }

    forget() {
        this.code = "";
        this.draw(this.door.shopper !== null);
    }
}
