/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few ways in which the page touches its document. Values enter as text only: nothing here, or anywhere
 * in this folder, turns a string into markup.
 */

const svg_space = "http://www.w3.org/2000/svg";

export function find(id) {
    const element = document.getElementById(id);
    if (element === null) throw new Error("the page has no element " + id);
    return element;
}

/* Writing the same text again would cost a layout and disturb a selection. */
export function show(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

/* make("li", "bar", child…): an element with a class and its children; a string child becomes text. */
export function make(name, class_name = "", ...children) {
    const element = document.createElement(name);
    if (class_name !== "") element.className = class_name;
    element.append(...children);
    return element;
}

export function makeSvg(name, attributes = {}) {
    const element = document.createElementNS(svg_space, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
}

/*
 * Makes the children of `parent` those of `items`, in their order, and keeps the elements of items that
 * stay, so that a list which changes once per second neither flickers nor loses the focus.
 */
export function showList(parent, items, keyOf, create, update) {
    const kept = new Map([...parent.children].map((child) => [child.dataset.key, child]));
    let place = parent.firstElementChild;
    for (const item of items) {
        const key = keyOf(item);
        let element = kept.get(key);
        if (element === undefined) {
            element = create(item);
            element.dataset.key = key;
        }
        kept.delete(key);
        update(element, item);
        if (element === place) place = place.nextElementSibling;
        else parent.insertBefore(element, place);
    }
    for (const element of kept.values()) element.remove();
}
