/* SPDX-License-Identifier: Apache-2.0 */
/* The server's time: a phone's own clock may be minutes wrong, and a countdown to the second must not be. */

export class Clock {
    constructor(door) {
        this.door = door;
        this.ahead_ms = 0; /* of this browser's clock */
    }

    /* As good as half of the way there and back. Without an answer the browser's own clock goes on. */
    async set() {
        const before = performance.now();
        try {
            const { now } = await this.door.get("/v1/time");
            const way_ms = (performance.now() - before) / 2;
            this.ahead_ms = Date.parse(now) + way_ms - Date.now();
        } catch {
            /* See above. */
        }
    }

    now() {
        return Date.now() + this.ahead_ms;
    }
}

/* 2:03, 1:02:03, or 3 days as { days }: what is left of a time in the words of a clock. Never below zero. */
export function left(ms) {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    const two = (number) => String(number).padStart(2, "0");
    const days = Math.floor(seconds / 86400);
    const hours = Math.floor(seconds / 3600) % 24;
    const minutes = Math.floor(seconds / 60) % 60;
    const clock = (hours > 0 || days > 0 ? hours + ":" + two(minutes) : minutes) + ":" + two(seconds % 60);
    return { days, clock, seconds };
}
