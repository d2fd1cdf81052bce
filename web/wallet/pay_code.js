/* SPDX-License-Identifier: Apache-2.0 */
/* The pay code of a sandbox's wallet: digits, bars and QR, a new one each minute and after each payment. */
import { find, show } from "/live/document.js";

const renew_every_ms = 60_000;

export class PayCode {
    constructor(door, frame) {
        this.door = door;
        this.frame = frame;
        this.code = "";
        this.timer = 0;
        this.asked = 0;
    }

    draw(known) {
        find("show").hidden = !known || !this.door.sandbox;
        if (!known) this.code = "";
        show(find("digits"), this.code.replace(/(\d{4})(?=\d)/g, "$1 "));
        find("bars").alt = this.frame.say("bars_alt", { code: this.code });
        for (const [id, form] of [
            ["bars", "bars"],
            ["code-qr", "qr"],
        ]) {
            const address = this.code === "" ? null : `/v1/sandbox/pay_code.svg?form=${form}&code=${this.code}`;
            if (find(id).getAttribute("src") === address) continue;
            if (address === null) find(id).removeAttribute("src");
            else find(id).src = address;
        }
    }

    renewSoon() {
        if (this.door.sandbox) void this.renew();
    }

    async renew() {
        clearTimeout(this.timer);
        if (this.door.shopper === null || !this.door.sandbox) return;
        this.timer = setTimeout(() => this.renew(), renew_every_ms);
        if (document.hidden) return;
        const number = ++this.asked;
        let code = ""; /* nothing is better than a code that no till takes */
        try {
            const path = `/v1/sandbox/shoppers/${this.door.shopper.shopper_id}/pay_code`;
            code = (await this.door.get(path)).pay_code;
        } catch {
            /* See above. */
        }
        if (number !== this.asked) return; /* an older code than the one that is shown, or asked for */
        this.code = code;
        this.draw(this.door.shopper !== null);
    }
}
