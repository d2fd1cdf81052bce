/* SPDX-License-Identifier: Apache-2.0 */
/* What has run out: one touch, and no phone can order it any more. */
import { h } from "/local/paint.js";
import { Reading } from "/shopper/reading.js";

export class StockPart {
    constructor(staff) {
        this.staff = staff;
        this.dishes = [];
        this.stocks = new Map();
        this.set_at = -Infinity; /* when one was set here last */
    }

    /* What was set while this was asked is newer than its answer. */
    async load() {
        const { door, shop_id } = this.staff;
        const { shop } = door;
        const reading = new Reading(door);
        const [dishes, stocks] = await Promise.all(
            ["menu", "stocks"].map((name) => reading.list(`/v1/shops/${shop_id}/${name}`, 500)),
        );
        if (door.shop !== shop) return;
        this.dishes = dishes.sort((a, b) => a.place - b.place);
        if (this.set_at <= reading.as_of) this.stocks = new Map(stocks.map((stock) => [stock.dish_id, stock]));
    }

    out(dish) {
        return this.stocks.get(dish.dish_id)?.sold_out === true;
    }

    /* Options that have run out, and counts, stay as they are: what is sent replaces all of it. */
    set(dish, sold_out) {
        const { staff } = this;
        return staff.act(async () => {
            const before = this.stocks.get(dish.dish_id);
            const body = { sold_out };
            if (before?.counted) Object.assign(body, { counted: true, pieces_left: before.pieces_left });
            const options_out = dish.options.filter(
                ({ option }) => ((before?.options_out ?? 0) >> (option - 1)) % 2 === 1,
            );
            if (options_out.length > 0) body.options_out = options_out.map(({ option }) => ({ option }));
            const path = `/v1/shops/${staff.shop_id}/dishes/${dish.dish_id}/stock`;
            this.set_at = Infinity;
            try {
                this.stocks.set(dish.dish_id, await staff.once.change(path, body, "PUT"));
            } finally {
                this.set_at = performance.now();
            }
        });
    }

    tree() {
        const { staff, dishes } = this;
        if (dishes.length === 0) return null;
        return h(
            "details",
            { key: "stock", id: "stock" },
            h("summary", {}, staff.say("sold_out")),
            h("p", { class: "quiet" }, staff.say("sold_out_how")),
            h(
                "ul",
                { class: "lately" },
                dishes.map((dish) => {
                    const out = this.out(dish);
                    return h(
                        "li",
                        { key: dish.dish_id },
                        h("b", {}, dish.name),
                        out && h("span", { class: "tag" }, staff.say("out")),
                        h(
                            "button",
                            {
                                type: "button",
                                id: "stock-" + dish.dish_id,
                                "aria-label": dish.name + ": " + staff.say(out ? "back" : "out"),
                                click: () => this.set(dish, !out),
                            },
                            staff.say(out ? "back" : "out"),
                        ),
                    );
                }),
            ),
        );
    }
}
