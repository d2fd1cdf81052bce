/* SPDX-License-Identifier: Apache-2.0 */
/* The menu: dishes by category; what has options opens, what has none is added by one touch. */
import { field, stepper } from "/deals/parts.js";
import { h } from "/local/paint.js";

/* Whether this option is out, by the stock's bits: bit 0 is option 1. */
const optionOut = (stock, option) => ((stock?.options_out ?? 0) >> (option - 1)) % 2 === 1;

export class MenuPart {
    constructor(app, meal) {
        this.app = app;
        this.meal = meal;
        this.open_id = null; /* the dish whose options are shown */
        this.chosen = new Set();
        this.pieces = 1;
        this.note = "";
        this.for_all = false;
    }

    out(dish) {
        const stock = this.meal.stocks.get(dish.dish_id);
        return stock !== undefined && (stock.sold_out || (stock.counted && stock.pieces_left <= 0));
    }

    begin(dish) {
        this.open_id = this.open_id === dish.dish_id ? null : dish.dish_id;
        this.chosen = new Set();
        this.pieces = 1;
        this.note = "";
        this.for_all = false;
        for (const group of dish.groups)
            if (group.least === 1 && group.most === 1) {
                const stock = this.meal.stocks.get(dish.dish_id);
                const first = dish.options.find(
                    (option) => option.group === group.group && !optionOut(stock, option.option),
                );
                if (first !== undefined) this.chosen.add(first.option);
            }
        this.app.draw();
    }

    add(dish) {
        const body = { dish_id: dish.dish_id, pieces: this.pieces };
        if (this.for_all) body.for_all = true;
        if (this.note.trim() !== "") body.note = this.note.trim();
        if (this.chosen.size > 0) body.options = [...this.chosen].sort((a, b) => a - b).map((option) => ({ option }));
        return this.meal.change("/lines", body, "heard_added").then(() => {
            if (this.app.fault === null) this.open_id = null;
            this.app.draw();
        });
    }

    choose(group, dish, option, on) {
        if (group.most === 1)
            for (const other of dish.options) if (other.group === group.group) this.chosen.delete(other.option);
        if (on) this.chosen.add(option.option);
        else this.chosen.delete(option.option);
        this.app.draw();
    }

    groupTree(dish, group) {
        const { app } = this;
        const one = group.least === 1 && group.most === 1;
        const stock = this.meal.stocks.get(dish.dish_id);
        const options = dish.options.filter((option) => option.group === group.group);
        const count = options.filter((option) => this.chosen.has(option.option)).length;
        const words = one
            ? ""
            : group.least > 0
              ? app.say("choose_some", { least: group.least, most: group.most })
              : app.say("choose_most", { most: group.most });
        return h(
            "fieldset",
            { key: group.group },
            h("legend", {}, group.name, " ", h("span", { class: "quiet" }, words)),
            options.map((option) => {
                const on = this.chosen.has(option.option);
                const out = optionOut(stock, option.option);
                const id = `option-${dish.dish_id}-${option.option}`;
                return h(
                    "p",
                    { class: "tick", key: option.option },
                    h("input", {
                        type: one ? "radio" : "checkbox",
                        name: `group-${dish.dish_id}-${group.group}`,
                        id,
                        checked: on,
                        disabled: out || (!on && !one && count >= group.most),
                        change: (event) => this.choose(group, dish, option, event.target.checked),
                    }),
                    h(
                        "label",
                        { for: id },
                        option.name,
                        option.price_minor !== 0 &&
                            h(
                                "span",
                                { class: "quiet" },
                                " ",
                                option.price_minor > 0 ? "+" : "",
                                app.money(option.price_minor, dish.currency),
                            ),
                        out && h("span", { class: "tag" }, app.say("sold_out")),
                    ),
                );
            }),
        );
    }

    unitMinor(dish) {
        return dish.options
            .filter((option) => this.chosen.has(option.option))
            .reduce((sum, option) => sum + option.price_minor, dish.price_minor);
    }

    formTree(dish) {
        const { app } = this;
        return h(
            "form",
            {
                class: "dish-form",
                key: "form",
                novalidate: true,
                "aria-label": dish.name,
                submit: (event) => {
                    event.preventDefault();
                    void this.add(dish);
                },
            },
            dish.groups.map((group) => this.groupTree(dish, group)),
            field("dish-note", app.say("dish_note"), {
                value: this.note,
                maxlength: 20,
                input: (event) => (this.note = event.target.value),
            }),
            this.meal.guests.length > 1 &&
                h(
                    "p",
                    { class: "tick" },
                    h("input", {
                        type: "checkbox",
                        id: "for-all",
                        checked: this.for_all,
                        change: (event) => (this.for_all = event.target.checked),
                    }),
                    h("label", { for: "for-all" }, app.say("dish_for_all")),
                ),
            h(
                "div",
                { class: "row" },
                stepper(app, "dish-pieces", app.say("dish_pieces"), this.pieces, 1, 99, (pieces) => {
                    this.pieces = pieces;
                    app.draw();
                }),
                h(
                    "button",
                    { class: "main", id: "dish-add" },
                    app.say("dish_add", { amount: app.money(this.unitMinor(dish) * this.pieces, dish.currency) }),
                ),
            ),
        );
    }

    dishTree(dish) {
        const { app, meal } = this;
        const out = this.out(dish);
        const open = this.open_id === dish.dish_id;
        const stock = meal.stocks.get(dish.dish_id);
        return h(
            "li",
            { class: "dish", key: dish.dish_id, "data-out": out },
            h(
                "div",
                { class: "card-head" },
                h(
                    "div",
                    {},
                    h("b", {}, dish.name),
                    dish.about !== "" && h("p", { class: "quiet" }, dish.about),
                    out
                        ? h("span", { class: "tag" }, app.say("sold_out"))
                        : stock?.counted &&
                              h("span", { class: "quiet" }, app.say("dishes_left", { count: stock.pieces_left })),
                ),
                h(
                    "div",
                    { class: "dish-price" },
                    h("b", {}, app.money(dish.price_minor, dish.currency)),
                    meal.open &&
                        !out &&
                        h(
                            "button",
                            {
                                type: "button",
                                id: "dish-" + dish.dish_id,
                                "aria-expanded": String(open),
                                "aria-label": app.say("dish_choose", { name: dish.name }),
                                click: () => this.begin(dish),
                            },
                            open ? "×" : "+",
                        ),
                ),
            ),
            open && meal.open && !out && this.formTree(dish),
        );
    }

    tree() {
        const { app, meal } = this;
        if (meal.dishes === null) return h("p", { class: "slip quiet", key: "menu" }, app.say("asking"));
        const categories = [...new Set(meal.dishes.map((dish) => dish.category))];
        return h(
            "section",
            { class: "slip", key: "menu", "aria-label": app.say("tab_menu") },
            meal.dishes.length === 0 && h("p", { class: "quiet" }, app.say("menu_none")),
            categories.map((category) =>
                h(
                    "div",
                    { key: category },
                    category !== "" && h("h3", {}, category),
                    h(
                        "ul",
                        { class: "dishes" },
                        meal.dishes.filter((dish) => dish.category === category).map((dish) => this.dishTree(dish)),
                    ),
                ),
            ),
        );
    }
}
