/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page that is mostly lists says what it shows as a tree, and the document is changed where it differs: whoever has
 * the focus keeps it, what somebody is typing stays, a list that is asked for every second does not flicker. Values
 * enter as text only: nothing here turns a string into markup.
 */

const svg_space = "http://www.w3.org/2000/svg";
const painted = new WeakMap(); /* element: the tree it was last made of */

/*
 * h("li", { class: "deal", key: 7, click: open }, child…): an element. A child is one too, a text or a number; false,
 * null and undefined are left out. Of the second: `key` names it among its brothers, functions listen to the event of
 * their name, `value`, `checked` and `disabled` are what the element itself has, everything else is an attribute.
 */
export function h(name, props = null, ...children) {
    const kept = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
    return { name, props: props ?? {}, children: kept };
}

function propSet(element, name, value) {
    if (name === "key") return;
    if (typeof value === "function") element["on" + name] = (event) => void value(event); /* false would prevent */
    else if (name === "value" || name === "checked" || name === "disabled") element[name] = value ?? "";
    else if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
}

function propsSet(element, before, after) {
    for (const name of Object.keys(before))
        if (!(name in after)) {
            if (typeof before[name] === "function") element["on" + name] = null;
            else propSet(element, name, name === "disabled" || name === "checked" ? false : null);
        }
    for (const [name, value] of Object.entries(after)) {
        /* What somebody typed or ticked is the element's own: it is compared with that. */
        const shown = name === "value" || name === "checked" ? element[name] : before[name];
        if (shown !== value) propSet(element, name, value);
    }
}

function elementMake(tree, inside) {
    const space = tree.name === "svg" ? svg_space : inside;
    const element = space === null ? document.createElement(tree.name) : document.createElementNS(space, tree.name);
    painted.set(element, { name: tree.name, props: {}, children: [] });
    return element;
}

const spaceOf = (element) => (element.namespaceURI === svg_space ? svg_space : null);

function fits(node, tree) {
    const before = node instanceof Element ? painted.get(node) : undefined;
    return before !== undefined && before.name === tree.name && before.props.key === tree.props.key;
}

/* The node that shows `tree`: the one at `place` when it fits, one with the same key, or a new one. */
function nodeFind(parent, place, tree, keyed) {
    if (typeof tree !== "object")
        return place !== null && place.nodeType === Node.TEXT_NODE ? place : document.createTextNode("");
    if (tree.props.key !== undefined) {
        const known = keyed.get(String(tree.props.key));
        return known !== undefined && fits(known, tree) ? known : elementMake(tree, spaceOf(parent));
    }
    return place !== null && fits(place, tree) ? place : elementMake(tree, spaceOf(parent));
}

/*
 * Puts `node` at `place` and answers the place behind it. A node that is moved loses the focus: what has it stays where
 * it is, and what stands in front of it goes behind.
 */
function nodePut(parent, node, place) {
    if (node === place) return place.nextSibling;
    if (place !== null && node.parentNode === parent && node.contains(document.activeElement)) {
        const behind = document.createDocumentFragment();
        while (place !== null && place !== node) {
            const next = place.nextSibling;
            behind.append(place);
            place = next;
        }
        const after = behind.firstChild;
        node.after(behind);
        return after;
    }
    parent.insertBefore(node, place);
    return place;
}

/* Makes the children of `parent` what `children` says. Everything below it is painted, nothing is made otherwise. */
export function paint(parent, children) {
    const keyed = new Map();
    for (const child of parent.children) {
        const key = painted.get(child)?.props.key;
        if (key !== undefined) keyed.set(String(key), child);
    }
    let place = parent.firstChild;
    for (const tree of children) {
        const node = nodeFind(parent, place, tree, keyed);
        place = nodePut(parent, node, place);
        if (typeof tree !== "object") {
            if (node.data !== String(tree)) node.data = String(tree);
            continue;
        }
        const before = painted.get(node);
        painted.set(node, tree);
        paint(node, tree.children);
        propsSet(node, before.props, tree.props); /* after the children: a select's value is one of its options */
    }
    while (place !== null) {
        const next = place.nextSibling;
        place.remove();
        place = next;
    }
}
