/* SPDX-License-Identifier: Apache-2.0 */
/* A table, by the QR code that stands on it: #table/ID/CODE. Who joins shares one order with the others there. */
import { fault, field } from "/deals/parts.js";
import { h } from "/local/paint.js";

export class TableView {
    constructor(app, [table_id, code]) {
        this.app = app;
        this.table_id = table_id ?? "";
        this.code = code ?? "";
        this.name = "";
        this.every_ms = 0;
    }

    async load() {
        /* Nothing is to be seen of a table before one sits there. */
    }

    join() {
        const { app } = this;
        return app.act(async () => {
            const body = { code: this.code };
            if (this.name.trim() !== "") body.name = this.name.trim();
            const order = await app.change(`/v1/tables/${this.table_id}/join`, body);
            app.go("#meal/" + order.order_id);
        });
    }

    tree() {
        const { app } = this;
        return h(
            "form",
            {
                class: "slip",
                key: "table",
                novalidate: true,
                "aria-labelledby": "table-title",
                submit: (event) => {
                    event.preventDefault();
                    void this.join();
                },
            },
            h("h2", { id: "table-title", class: "subject" }, app.say("table_title")),
            h("p", { class: "quiet" }, app.say("table_how")),
            field("guest-name", app.say("guest_name"), {
                value: this.name,
                maxlength: 10,
                input: (event) => (this.name = event.target.value),
            }),
            fault(app, this),
            h("div", { class: "row" }, h("button", { class: "main", id: "join" }, app.say("table_join"))),
        );
    }
}
