/* SPDX-License-Identifier: Apache-2.0 */
/* Small parts that the views are made of. */
import { h } from "/local/paint.js";

/* What went wrong: with what was wanted, or with asking how things stand. */
export function fault(app, view) {
    const error = app.fault ?? view.trouble ?? null;
    return error === null
        ? null
        : h("p", { class: "slip fault", key: "fault", role: "alert" }, app.frame.fault(error));
}

export function back(app, address, key) {
    return h("p", { class: "back", key: "back" }, h("a", { href: address }, "← " + app.say(key)));
}

/* A labelled field; `props` are the input's. */
export function field(id, label, props) {
    return h(
        "p",
        { class: "field", key: id },
        h("label", { for: id }, label),
        h("input", { type: "text", autocomplete: "off", id, ...props }),
    );
}

export function area(id, label, props) {
    return h("p", { class: "field", key: id }, h("label", { for: id }, label), h("textarea", { id, ...props }));
}

export function choice(id, label, options, words, value, chosen) {
    return h(
        "p",
        { class: "field", key: id },
        h("label", { for: id }, label),
        h(
            "select",
            { id, value, change: (event) => chosen(event.target.value) },
            options.map((option) => h("option", { key: option, value: option }, words(option))),
        ),
    );
}

/* Fewer and more of something, by two buttons. */
export function stepper(app, id, label, value, least, most, changed) {
    const step = (sign, word, end) =>
        h(
            "button",
            {
                type: "button",
                id: id + word,
                "aria-label": app.say(word),
                "aria-disabled": value === end ? "true" : null,
                click: () => value !== end && changed(value + sign),
            },
            sign < 0 ? "−" : "+",
        );
    return h(
        "div",
        { class: "stepper", role: "group", "aria-label": label, key: id },
        h("span", { class: "stepper-label" }, label),
        step(-1, "fewer", least),
        h("output", { id }, value),
        step(1, "further", most),
    );
}

/* The price now, what it costs otherwise, and how much less that is. */
export function price(app, deal) {
    const free = deal.price_minor === 0;
    const less = deal.list_price_minor > deal.price_minor;
    return h(
        "span",
        { class: "price" },
        h("b", {}, free ? app.say("free") : app.money(deal.price_minor, deal.currency)),
        less &&
            h(
                "s",
                { class: "quiet" },
                h("span", { class: "heard" }, app.say("instead_of")),
                app.money(deal.list_price_minor, deal.currency),
            ),
    );
}

/* Only an address with TLS, as the policy of the page has it; anything else is no picture. */
function pictureAddress(text) {
    try {
        const address = new URL(text);
        return address.protocol === "https:" ? address.href : "";
    } catch {
        return "";
    }
}

/*
 * A merchant's picture: asked for when it comes into view, without saying from where; it says nothing that the words
 * beside it do not say. One that does not come leaves no hole.
 */
export function picture(text, class_name) {
    const src = pictureAddress(text);
    if (src === "") return null;
    return h("img", {
        class: class_name,
        key: "picture-" + src,
        src,
        alt: "",
        loading: "lazy",
        decoding: "async",
        referrerpolicy: "no-referrer",
        load: (event) => (event.target.dataset.state = "there"),
        error: (event) => (event.target.dataset.state = "gone"),
    });
}

/* Names and values: a list of pairs, those without a value left out. */
export function facts(pairs) {
    return h(
        "dl",
        { class: "facts", key: "facts" },
        pairs
            .filter((pair) => pair && pair[1] !== null && pair[1] !== undefined && pair[1] !== "")
            .map(([name, value]) => h("div", { key: name }, h("dt", { class: "quiet" }, name), h("dd", {}, value))),
    );
}

export function grouped(code) {
    return code.replace(/(\d{4})(?=\d)/g, "$1 ");
}

/* A button that wants to be pressed twice: the second time it says what it really does. */
export function twice(app, view, id, word, sure_word, done, values = {}) {
    const sure = view.sure === id;
    return h(
        "button",
        {
            type: "button",
            id,
            key: id,
            class: sure ? "sure" : null,
            click: () => {
                if (!sure) {
                    view.sure = id;
                    app.draw();
                    return;
                }
                view.sure = null;
                done();
            },
        },
        app.say(sure ? sure_word : word, values),
    );
}
