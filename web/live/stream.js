/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one connection to the server. Keeps exactly one EventSource open, opens it anew when the browser has
 * given up or when the line has been silent for so long that it must be dead, and says how fresh the news
 * is.
 *
 * States: connecting (nothing yet) · live · stale (connected, but no news for a while) · reconnecting ·
 * unreadable (news arrives that does not follow the contract).
 */
import { readHello, readSecond } from "./message.js";

const stale_after_ms = 3_000;
const dead_after_ms = 15_000;
const wait_first_ms = 1_000;
const wait_max_ms = 30_000;

export class Stream {
    /*
     * listener: hello(hello), second(second), state(state, silent_seconds), the last one also once per
     * second.
     */
    constructor(address, listener) {
        this.address = address;
        this.listener = listener;
        this.source = null;
        this.state = "connecting";
        this.wait_ms = wait_first_ms;
        this.news_at = null; /* monotonic, of the last readable second */
        this.opened_at = 0;
        this.retry = 0;
    }

    open() {
        this.connect();
        setInterval(() => this.watch(), 1000);
        this.tell("connecting");
    }

    connect() {
        this.source?.close();
        clearTimeout(this.retry);
        this.opened_at = performance.now();
        const source = new EventSource(this.address);
        this.source = source;
        source.addEventListener("hello", (event) => this.take(source, event, readHello, "hello"));
        source.addEventListener("second", (event) => this.take(source, event, readSecond, "second"));
        source.addEventListener("error", () => this.lost(source));
    }

    take(source, event, read, name) {
        if (source !== this.source) return;
        let message;
        try {
            message = read(event.data);
        } catch (error) {
            console.warn(`live: the event ${name} was not understood: ${error.message}`);
            this.tell("unreadable");
            return;
        }
        this.listener[name](message);
        if (name !== "second") return;
        this.news_at = performance.now();
        this.wait_ms = wait_first_ms;
        this.tell("live");
    }

    /* The browser reconnects by itself after a broken line, but not after an answer that was no stream. */
    lost(source) {
        if (source !== this.source) return;
        this.tell("reconnecting");
        if (source.readyState === EventSource.CLOSED) this.connectLater();
    }

    connectLater() {
        const wait_ms = this.wait_ms * (0.75 + Math.random() / 2);
        this.wait_ms = Math.min(this.wait_ms * 2, wait_max_ms);
        clearTimeout(this.retry);
        this.retry = setTimeout(() => this.connect(), wait_ms);
    }

    watch() {
        const now = performance.now();
        const open = this.source.readyState === EventSource.OPEN;
        const heard_at = Math.max(this.news_at ?? 0, this.opened_at);
        if (open && now - heard_at > dead_after_ms) {
            this.tell("reconnecting");
            this.connect();
        } else if (this.state === "live" && now - this.news_at > stale_after_ms) {
            this.tell("stale");
        } else {
            this.tell(this.state);
        }
    }

    silentSeconds() {
        return this.news_at === null ? 0 : Math.floor((performance.now() - this.news_at) / 1000);
    }

    tell(state) {
        this.state = state;
        this.listener.state(state, this.silentSeconds());
    }
}
