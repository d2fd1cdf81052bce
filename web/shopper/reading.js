/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions that are put together, and how old what they tell may be. What a page hears or does while it waits for an
 * answer is newer than the answer; so is, with a replica of the database that is behind, what it did a little before.
 */
import { listRead } from "/shopper/door.js";

/* What was read is of before something that the page knows: it asks again. */
export class Outdated extends Error {}

export class Reading {
    /* holds: whether what is true since `as_of` may still be shown; asked at each answer. */
    constructor(door, holds = () => true) {
        this.door = door;
        this.holds = holds;
        this.put_at = performance.now();
        this.age_ms = 0;
    }

    /* Everything that was answered before this moment, by performance.now(), is in what has been read so far. */
    get as_of() {
        return this.put_at - this.age_ms;
    }

    /* Throws Outdated, or as the door does. */
    async get(path) {
        const { document, age_ms } = await this.door.ask("GET", path);
        this.age_ms = Math.max(this.age_ms, age_ms);
        if (!this.holds(this.as_of)) throw new Outdated();
        return document;
    }

    /* Further questions, put now, under the same condition. */
    again() {
        return new Reading(this.door, this.holds);
    }

    list(path, most = 100) {
        return listRead(this, path, most);
    }
}

/* The readings of a page that also changes things: only the newest one counts, and only if it was begun after. */
export class Readings {
    constructor(door) {
        this.door = door;
        this.count = 0;
        this.changed_at = -Infinity;
    }

    begin() {
        const number = ++this.count;
        return new Reading(this.door, (as_of) => number === this.count && this.changed_at <= as_of);
    }

    /* What is read while this goes on is of before or after, nobody knows: it does not count. */
    async changing(work) {
        this.changed_at = Infinity;
        try {
            return await work();
        } finally {
            this.changed_at = performance.now();
        }
    }

    /* Whatever is being read is somebody else's now. */
    forget() {
        this.count++;
    }
}
