/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pages of a shop's staff have in common: who they speak for, their words, one thing at a time, what went
 * wrong. The form asks for the shop's number and a token of the shop or of one of its terminals.
 */
import { find, show } from "/live/document.js";
import { Clock } from "/local/clock.js";
import { Once } from "/local/once.js";
import { paint } from "/local/paint.js";
import { StaffDoor } from "/local/staff_door.js";
import { words as staff_words } from "/local/text.js";
import { Frame } from "/shopper/frame.js";

export class Staff {
    /* page: words; tree(); begun() when the token holds; ended() when it does no more. */
    constructor(page, words) {
        const joined = (language) => ({ ...staff_words[language], ...words[language] });
        this.page = page;
        this.door = new StaffDoor();
        this.frame = new Frame({ en: joined("en"), zh: joined("zh") }, () => this.draw());
        this.clock = new Clock(this.door);
        this.once = new Once(this.door);
        this.work = Promise.resolve(); /* what is wanted and not done yet */
        this.changed_at = -Infinity; /* when something was changed here last; what was asked before is older */
        this.fault = null;
        this.login_fault = null;
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

    heard(key, values) {
        this.frame.announce(this.say(key, values));
    }

    get shop_id() {
        return this.door.shop.shop_id;
    }

    draw() {
        const known = this.door.shop !== null;
        find("login").hidden = known;
        find("view").hidden = !known;
        find("leave").hidden = !known;
        show(find("shop-name"), known ? this.door.shop.name : "");
        find("login-fault").hidden = this.login_fault === null;
        show(find("login-fault"), this.login_fault === null ? "" : this.frame.fault(this.login_fault));
        paint(find("view"), known ? [this.page.tree()].flat(Infinity).filter(Boolean) : []);
    }

    /*
     * Does what is wanted, one after the other: scanners and bump bars do not wait for answers. Answers whether it was
     * done. What is to be done is looked at when its turn has come, so that wanting it twice does not do it twice.
     */
    act(work) {
        const { shop } = this.door;
        const done = this.work.then(() => this.door.shop === shop && this.actNow(work));
        this.work = done.catch(() => undefined);
        return done;
    }

    async actNow(work) {
        this.fault = null;
        this.draw();
        try {
            await work();
        } catch (error) {
            if (this.turnedAway(error)) return false;
            if (error.code === undefined) throw error;
            this.fault = error;
            this.frame.announce(this.frame.fault(error));
        } finally {
            this.draw();
        }
        return this.fault === null;
    }

    /* A change, once; while it is on its way nobody knows whether an answer is from before or after it. */
    async change(path, body, method) {
        this.changed_at = Infinity;
        try {
            return await this.once.change(path, body, method);
        } finally {
            this.changed_at = performance.now();
        }
    }

    /* Whether what these questions brought may be shown: it is of this shop, and of after the last change. */
    believes(reading, shop) {
        return this.door.shop === shop && this.changed_at <= reading.as_of;
    }

    /* Whether the token holds no more: then one enters anew. */
    turnedAway(error) {
        if (error.code !== "unauthenticated" || this.door.staff === null || this.door.shop !== null) return false;
        this.page.ended();
        this.door.leave();
        this.login_fault = error;
        this.draw();
        return true;
    }

    async enter(staff) {
        this.login_fault = null;
        try {
            await this.door.enter(staff);
        } catch (error) {
            this.login_fault = error;
            this.draw();
            return;
        }
        find("token").value = "";
        await this.clock.set();
        this.draw();
        this.page.begun();
    }

    leave() {
        this.page.ended();
        this.door.leave();
        this.draw();
        find("shop").focus();
    }

    async start() {
        this.frame.start();
        find("leave").addEventListener("click", () => this.leave());
        find("login").addEventListener("submit", (event) => {
            event.preventDefault();
            const value = (id) => find(id).value.trim();
            void this.enter({ shop_id: value("shop"), token: value("token"), terminal_id: value("terminal") });
        });
        const staff = this.door.remembered();
        if (staff === null) return;
        find("shop").value = staff.shop_id;
        await this.enter(staff);
    }
}
