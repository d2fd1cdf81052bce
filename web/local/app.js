/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of a shopper's session that has several views. Which of them is shown is behind the # of the address, so that
 * a QR code can lead to one and the browser's own way back works. What is shown is the server's word: a view asks again
 * while somebody looks at it.
 */
import { find, show } from "/live/document.js";
import { Known } from "/deals/known.js";
import { Clock } from "/local/clock.js";
import { Once } from "/local/once.js";
import { paint } from "/local/paint.js";
import { Door } from "/shopper/door.js";
import { Frame } from "/shopper/frame.js";
import { Login } from "/shopper/login.js";
import { Outdated, Readings } from "/shopper/reading.js";

const again_ms = 400; /* after an answer that was older than what the page knows */

/* While something is under way: a button that was pressed then would do nothing. */
function waiting(tree) {
    if (typeof tree !== "object") return tree;
    const props = tree.name === "button" ? { ...tree.props, "aria-disabled": "true" } : tree.props;
    return { ...tree, props, children: tree.children.map(waiting) };
}

/* What a view gets: the server, the words, the time, and how it is shown anew. */
export class App {
    /* views: by name, [View, below]: the place of the foot in which it stands; home: the one that is shown first. */
    constructor(words, views, home) {
        this.views = views;
        this.home = home;
        this.door = new Door();
        this.frame = new Frame(words, () => this.draw());
        this.login = new Login(this.frame, this.door, () => this.begun());
        this.clock = new Clock(this.door);
        this.once = new Once(this.door);
        this.known = new Known(this.door, () => this.draw());
        this.view = null;
        this.busy = false;
        this.fault = null;
        this.timer = 0;
        this.readings = new Readings(this.door);
    }

    say(key, values) {
        return this.frame.say(key, values);
    }

    money(minor, currency = 156) {
        return this.frame.money(minor, currency);
    }

    moment(instant) {
        return instant === null ? "–" : this.frame.format(156).moment(Date.parse(instant), this.clock.now());
    }

    get shopper_id() {
        return this.door.shopper.shopper_id;
    }

    go(address) {
        if (location.hash === address) this.open();
        else location.hash = address;
    }

    draw() {
        const known = this.door.shopper !== null;
        find("view").hidden = !known;
        find("places").hidden = !known;
        this.login.draw();
        void this.login.open(!known);
        for (const link of document.querySelectorAll("[data-place]"))
            if (link.dataset.place === this.view?.below) link.setAttribute("aria-current", "page");
            else link.removeAttribute("aria-current");
        const trees = known && this.view !== null ? [this.view.tree()].flat(Infinity).filter(Boolean) : [];
        paint(find("view"), this.busy ? trees.map(waiting) : trees);
    }

    /* One thing at a time, and its buttons show it; what goes wrong is said where it was wanted and read out. */
    async act(work) {
        if (this.busy) return;
        this.busy = true;
        this.fault = null;
        this.draw();
        const view = this.view;
        try {
            await work();
        } catch (error) {
            if (!(error instanceof Outdated)) {
                if (error.code === undefined) throw error;
                if (this.view === view) this.fault = error;
                this.frame.announce(this.frame.fault(error));
            }
        } finally {
            this.busy = false;
            this.draw();
        }
        if (this.view === view) void this.ask();
    }

    /* A change, once: what was asked before is older than its answer. */
    change(path, body, method) {
        return this.readings.changing(() => this.once.change(path, body, method));
    }

    /* Questions whose answers count unless something was changed, or asked anew, since. */
    reading() {
        return this.readings.begin();
    }

    heard(key, values) {
        this.frame.announce(this.say(key, values));
    }

    /* Shows what the address names. */
    open() {
        const [name, ...rest] = location.hash.slice(1).split("/").map(decodeURIComponent);
        const [View, below] = this.views[Object.hasOwn(this.views, name) ? name : this.home];
        this.view = new View(this, rest);
        this.view.below = below;
        this.fault = null;
        this.draw();
        window.scrollTo(0, 0);
        void this.ask();
    }

    /* Asks for what the view shows, now and then again. */
    async ask() {
        clearTimeout(this.timer);
        const { view } = this;
        if (view === null || this.door.shopper === null) return;
        let every_ms = view.every_ms;
        if (!document.hidden && !this.busy) {
            try {
                await view.load(this.reading());
                view.trouble = null;
            } catch (error) {
                if (error instanceof Outdated) every_ms = again_ms;
                else if (error.code === undefined) throw error;
                else view.trouble = error;
            }
        }
        if (view !== this.view) return;
        this.draw();
        clearTimeout(this.timer); /* somebody else may have asked meanwhile */
        if (every_ms > 0) this.timer = setTimeout(() => this.ask(), every_ms);
    }

    async begun() {
        await this.clock.set();
        this.open();
        find("main").focus();
    }

    async logout() {
        try {
            await this.door.end();
        } catch {
            this.door.shopper = null; /* the cookie ends by itself */
        }
        this.readings.forget();
        this.known.forget();
        this.view = null;
        this.draw();
        find("account").focus();
    }

    async start() {
        this.frame.start();
        find("skip").addEventListener("click", (event) => {
            event.preventDefault(); /* what is behind the # says what is shown */
            find("main").focus();
        });
        window.addEventListener("hashchange", () => this.open());
        document.addEventListener("visibilitychange", () => document.hidden || void this.ask());
        setInterval(() => this.view?.ticks && !document.hidden && this.draw(), 500);
        try {
            if ((await this.door.open()) !== null) await this.begun();
        } catch (error) {
            this.login.error = error;
        }
        this.draw();
        show(find("announcer"), "");
    }
}
