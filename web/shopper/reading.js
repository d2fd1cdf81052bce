/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions that are put together, and how old what they tell may be. What a page hears or does while it waits for an
 * answer is newer than the answer; so is, with a replica of the database that is behind, what it did a little before.
 */
import { listRead } from "/shopper/door.js";

export class Reading {
    constructor(door) {
        this.door = door;
        this.put_at = performance.now();
        this.age_ms = 0;
    }

    /* Everything that was answered before this moment, by performance.now(), is in what has been read so far. */
    get as_of() {
        return this.put_at - this.age_ms;
    }

    async get(path) {
        const { document, age_ms } = await this.door.ask("GET", path);
        this.age_ms = Math.max(this.age_ms, age_ms);
        return document;
    }

    list(path, most = 100) {
        return listRead(this, path, most);
    }
}
