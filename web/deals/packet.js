/* SPDX-License-Identifier: Apache-2.0 */
/* A red packet that somebody sent: #packet/ID/KEY. Opened once; what was in it goes into the wallet. */
import { facts, fault } from "/deals/parts.js";
import { left } from "/local/clock.js";
import { h } from "/local/paint.js";

export class PacketView {
    constructor(app, [packet_id, key]) {
        this.app = app;
        this.packet_id = packet_id;
        this.key = key ?? "";
        this.every_ms = 3000;
        this.ticks = true;
        this.packet = null;
        this.claims = [];
        this.mine = null;
    }

    get query() {
        return this.key === "" ? "" : "packet_key=" + this.key;
    }

    async load(reading) {
        const { shopper_id } = this.app;
        const path = `/v1/packets/${this.packet_id}`;
        this.packet = await reading.get(path + (this.query === "" ? "" : "?" + this.query));
        this.claims = (await reading.get(`${path}/claims?limit=100&` + this.query)).data;
        this.mine ??= this.claims.find((claim) => claim.shopper_id === shopper_id) ?? null;
    }

    claim() {
        const { app } = this;
        return app.act(async () => {
            const body = this.key === "" ? {} : { packet_key: this.key };
            this.mine = await app.change(`/v1/packets/${this.packet_id}/claims`, body);
            app.heard("heard_packet", { amount: app.money(this.mine.amount_minor, this.packet.currency) });
            await this.load(app.reading());
        });
    }

    tree() {
        const { app, packet, mine } = this;
        if (packet === null) return fault(app, this) ?? h("p", { class: "slip quiet" }, app.say("asking"));
        const rest = left(Date.parse(packet.expires_at) - app.clock.now());
        return h(
            "section",
            { class: "slip packet", key: "packet", "aria-labelledby": "packet-title" },
            h("h2", { id: "packet-title", class: "subject" }, packet.greeting || app.say("packet")),
            mine !== null &&
                h("p", { class: "amount", id: "packet-mine" }, app.money(mine.amount_minor, packet.currency)),
            mine !== null && h("p", { class: "quiet" }, app.say("packet_got")),
            mine === null &&
                packet.state === "open" &&
                h(
                    "button",
                    { type: "button", class: "main", id: "packet-open", click: () => this.claim() },
                    app.say("packet_open"),
                ),
            mine === null && packet.state !== "open" && h("p", {}, app.say("packet_" + packet.state)),
            facts([
                [
                    app.say("packet_people"),
                    app.say("of_all", { count: packet.people - packet.left_people, all: packet.people }),
                ],
                [app.say("packet_money"), app.money(packet.amount_minor, packet.currency)],
                packet.state === "open" && [
                    app.say("ends_in"),
                    rest.days > 0 ? app.say("days", { days: rest.days }) : rest.clock,
                ],
            ]),
            fault(app, this),
            h(
                "ul",
                { class: "trades" },
                this.claims.map((claim) =>
                    h(
                        "li",
                        { class: "trade-line", key: claim.number },
                        h("span", { class: "quiet" }, app.moment(claim.at)),
                        h("b", {}, app.money(claim.amount_minor, packet.currency)),
                    ),
                ),
            ),
        );
    }
}
