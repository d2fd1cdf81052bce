/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in: account and the log-in code that the shopper's phone shows now. It is not the pay code, which
 * cashiers see. In a sandbox, whose phones nobody holds in the hand, its shoppers are offered as buttons that fill
 * both in.
 */
import { find, make, show, showList } from "/live/document.js";

export class Login {
    /* begun: called with nothing when the shopper is logged in. */
    constructor(frame, door, begun) {
        this.frame = frame;
        this.door = door;
        this.begun = begun;
        this.shoppers = [];
        this.error = null;
        this.busy = false;
        find("login").addEventListener("submit", (event) => {
            event.preventDefault();
            this.submit();
        });
    }

    /* Shows or hides itself; the first time in a sandbox it asks who its shoppers are. */
    async open(wanted) {
        find("login").hidden = !wanted;
        if (!wanted || !this.door.sandbox || this.shoppers.length > 0) return;
        try {
            this.shoppers = (await this.door.get("/v1/sandbox/shoppers")).data;
        } catch {
            return; /* then by hand */
        }
        this.draw();
    }

    draw() {
        const { frame } = this;
        find("sandbox").hidden = this.shoppers.length === 0;
        showList(
            find("sandbox-shoppers"),
            this.shoppers,
            (shopper) => shopper.shopper_id,
            (shopper) => {
                const button = make("button", "choice");
                button.type = "button";
                button.append(make("b"), make("span", "quiet"));
                button.addEventListener("click", () => this.fill(shopper));
                return make("li", "", button);
            },
            (element, shopper) => {
                show(element.querySelector("b"), shopper.name);
                show(element.querySelector("span"), shopper.logon_id || shopper.user_id);
            },
        );
        find("login-fault").hidden = this.error === null;
        show(find("login-fault"), this.error === null ? "" : frame.fault(this.error));
        find("login-button").disabled = this.busy;
    }

    async fill(shopper) {
        try {
            const { login_code } = await this.door.get(`/v1/sandbox/shoppers/${shopper.shopper_id}/pay_code`);
            find("account").value = shopper.logon_id || shopper.user_id;
            find("login-code").value = login_code;
            this.error = null;
        } catch (error) {
            this.error = error;
        }
        this.draw();
        find("login-button").focus();
    }

    async submit() {
        if (this.busy) return;
        const account = find("account").value.trim();
        const code = find("login-code").value.replace(/\s/g, "");
        this.busy = true;
        this.error = null;
        this.draw();
        try {
            await this.door.begin(account, code);
        } catch (error) {
            this.error = error;
        }
        this.busy = false;
        find("login-code").value = "";
        this.draw();
        if (this.error === null) this.begun();
        else find("login-code").focus();
    }
}
