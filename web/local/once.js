/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes that happen once: when no answer came, nobody knows whether it happened. Wanting the very same again then
 * asks under the same key, and the server answers what it did; after an answer it is another wish.
 */
import { requestKey } from "/shopper/door.js";

export class Once {
    constructor(door) {
        this.door = door;
        this.open = new Map(); /* what was wanted: its key */
    }

    async change(path, body = {}, method = "POST") {
        const wish = method + " " + path + " " + JSON.stringify(body);
        const key = this.open.get(wish) ?? requestKey();
        this.open.set(wish, key);
        try {
            const answer = await this.door.call(method, path, body, key);
            this.open.delete(wish);
            return answer;
        } catch (error) {
            if (error.status >= 400 && error.status < 500) this.open.delete(wish);
            throw error;
        }
    }
}
