/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/events, read by fetch: a browser's EventSource cannot say who is asking. Keeps one stream open, comes back
 * with Last-Event-ID after a break, and gives up a line that has been silent for so long that it must be dead (the
 * server sends a sign of life every fifteen seconds).
 */

const dead_after_ms = 40_000;
const wait_first_ms = 500;
const wait_max_ms = 15_000;

/* What is between two empty lines: { event, data, id }, as far as it is said. */
export function eventRead(text) {
    const event = {};
    for (const line of text.split("\n")) {
        const colon = line.indexOf(":");
        if (colon <= 0) continue; /* a comment is a sign of life */
        const name = line.slice(0, colon);
        const value = line.slice(colon + 1).replace(/^ /, "");
        event[name] = name === "data" && "data" in event ? event.data + "\n" + value : value;
    }
    return event;
}

export class News {
    /* listener: opened(), heard(event name, data), broken(). */
    constructor(door, listener) {
        this.door = door;
        this.listener = listener;
        this.last_id = null;
        this.wait_ms = wait_first_ms;
        this.wanted = false;
        this.abort = null;
        this.retry = 0;
    }

    open() {
        this.wanted = true;
        void this.follow();
    }

    close() {
        this.wanted = false;
        this.last_id = null;
        clearTimeout(this.retry);
        this.abort?.abort();
    }

    async follow() {
        const abort = new AbortController();
        this.abort = abort;
        try {
            await this.read(abort);
        } catch {
            /* Whatever broke it, it is opened anew. */
        }
        abort.abort();
        if (!this.wanted || this.abort !== abort) return;
        this.listener.broken();
        const wait_ms = this.wait_ms * (0.75 + Math.random() / 2);
        this.wait_ms = Math.min(this.wait_ms * 2, wait_max_ms);
        this.retry = setTimeout(() => this.follow(), wait_ms);
    }

    async read(abort) {
        const headers = this.door.credentials();
        if (this.last_id !== null) headers["Last-Event-ID"] = this.last_id;
        const answer = await fetch("/v1/events", { headers, cache: "no-store", signal: abort.signal });
        if (!answer.ok) return;
        this.listener.opened();
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        let text = "";
        let watch = 0;
        try {
            for (;;) {
                clearTimeout(watch);
                watch = setTimeout(() => abort.abort(), dead_after_ms);
                const { done, value } = await reader.read();
                if (done) return;
                this.wait_ms = wait_first_ms;
                text = this.take(text + value);
            }
        } finally {
            clearTimeout(watch);
        }
    }

    /* Tells of every event that is whole; answers the rest. */
    take(text) {
        const pieces = text.replaceAll("\r", "").split("\n\n");
        const rest = pieces.pop();
        for (const piece of pieces) {
            const event = eventRead(piece);
            if ("id" in event) this.last_id = event.id;
            if ("event" in event) this.listener.heard(event.event, JSON.parse(event.data ?? "null"));
        }
        return rest;
    }
}
