/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a page speaks to the server: as nobody, or as the shopper of a session. The session's cookie is the
 * browser's own matter; what a script adds to it is the proof, which GET /session tells pages of this server
 * only. Refusals come as DoorError with the stable code of the REST door.
 */

export class DoorError extends Error {
    constructor(status, problem) {
        super(problem.detail ?? "HTTP " + status);
        this.status = status;
        this.code = problem.code ?? (status === 0 ? "unreachable" : "http_" + status);
        this.field = problem.field ?? null;
    }
}

const hex = (byte) => byte.toString(16).padStart(2, "0");

/* A key under which the REST door does a thing once, however often it is asked. */
export function requestKey() {
    return "page-" + [...crypto.getRandomValues(new Uint8Array(16))].map(hex).join("");
}

/* The elements of a list, at most so many; the server gives at most a hundred at a time. `door` has a get(). */
export async function listRead(door, path, most) {
    const elements = [];
    for (let cursor = ""; cursor !== null && elements.length < most; ) {
        const limit = Math.min(100, most - elements.length);
        const more = `${path.includes("?") ? "&" : "?"}limit=${limit}` + (cursor === "" ? "" : `&cursor=${cursor}`);
        const page = await door.get(path + more);
        elements.push(...page.data);
        cursor = page.next_cursor;
    }
    return elements;
}

export class Door {
    constructor() {
        this.shopper = null; /* of the session: { shopper_id, user_id, ends_at, proof } */
        this.sandbox = false;
    }

    /* Headers that say who is asking. */
    credentials() {
        return this.shopper === null ? {} : { "Onetill-Proof": this.shopper.proof };
    }

    /* The server does not know us any more. */
    lost() {
        this.shopper = null;
    }

    /*
     * Answers the document and how many milliseconds old it may be, which only lists from a replica of the database
     * are; or throws a DoorError.
     */
    async ask(method, path, body = undefined, key = undefined) {
        const headers = this.credentials();
        if (body !== undefined) headers["Content-Type"] = "application/json";
        if (key !== undefined) headers["Idempotency-Key"] = key;
        let answer, document;
        try {
            answer = await fetch(path, {
                method,
                headers,
                body: body === undefined ? undefined : JSON.stringify(body),
                cache: "no-store",
                credentials: "same-origin",
                redirect: "error",
            });
            document = await answer.json();
        } catch {
            throw new DoorError(answer?.status ?? 0, {});
        }
        if (answer.ok) return { document, age_ms: Number(answer.headers.get("Onetill-Read-Age-Ms") ?? 0) };
        if (answer.status === 401) this.lost();
        throw new DoorError(answer.status, document);
    }

    async call(method, path, body = undefined, key = undefined) {
        return (await this.ask(method, path, body, key)).document;
    }

    get(path) {
        return this.call("GET", path);
    }

    /* A change; asked again with the same key it happens once. */
    change(path, body = {}, key = requestKey()) {
        return this.call("POST", path, body, key);
    }

    /* What is put in the place of what was there; a key when the server wants one. */
    put(path, body, key = requestKey()) {
        return this.call("PUT", path, body, key);
    }

    list(path, most = 100) {
        return listRead(this, path, most);
    }

    /* Who is logged in, if anybody. */
    async open() {
        const session = await this.get("/session");
        this.sandbox = session.sandbox === true;
        this.shopper = session.shopper_id === null ? null : session;
        return this.shopper;
    }

    async begin(account, login_code) {
        this.shopper = await this.call("POST", "/session", { account, login_code });
        return this.shopper;
    }

    async end() {
        await this.call("DELETE", "/session");
        this.shopper = null;
    }
}
