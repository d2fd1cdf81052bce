/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in, in the form #login of a page: account and the log-in code that the shopper's phone shows now. It is not
 * the pay code, which cashiers see. In a sandbox, whose phones nobody holds in the hand, its shoppers are offered as
 * buttons that fill both in.
 */
import { find, make, show, showList } from "/live/document.js";

/* An element with attributes, whose words the frame fills in: data-text is what it says, data-hint a placeholder. */
function worded(name, attributes, ...children) {
    const element = make(name, "", ...children);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
}

function fieldMake(id, attributes) {
    const name = id.replace("-", "_");
    const word = name.startsWith("login") ? name : "login_" + name;
    const input = { id, type: "text", spellcheck: "false", "aria-describedby": "login-fault", ...attributes };
    return make(
        "p",
        "field",
        worded("label", { for: id, "data-text": word }),
        worded("input", { ...input, "data-hint": word + "_hint" }),
    );
}

function formFill(form) {
    form.noValidate = true;
    form.autocomplete = "off";
    form.setAttribute("aria-labelledby", "login-title");
    form.replaceChildren(
        worded("h2", { id: "login-title", "data-text": "login_title" }),
        worded("p", { class: "quiet", "data-text": "login_how" }),
        fieldMake("account", { maxlength: 99, autocapitalize: "none" }),
        fieldMake("login-code", { maxlength: 31, inputmode: "numeric" }),
        worded("p", { id: "login-fault", class: "fault", role: "alert", hidden: "" }),
        worded("button", { id: "login-button", class: "main", "data-text": "login_button" }),
        worded(
            "div",
            { id: "sandbox", class: "sandbox", hidden: "" },
            worded("p", { class: "tag", "data-text": "sandbox_title" }),
            worded("p", { class: "quiet", "data-text": "sandbox_how" }),
            worded("ul", { id: "sandbox-shoppers", class: "choices" }),
        ),
    );
}

export class Login {
    /* begun: called with nothing when the shopper is logged in. Made before the frame starts, which says its words. */
    constructor(frame, door, begun) {
        this.frame = frame;
        this.door = door;
        this.begun = begun;
        this.shoppers = [];
        this.error = null;
        this.busy = false;
        formFill(find("login"));
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
