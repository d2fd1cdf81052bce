/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program as a sandbox, as an integrator's CI starts it, and what plays the people around it: the shoppers with
 * their phones, the operator, and a shop's server that takes notices. ONETILL names the program.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import { AlipaySdk } from "alipay-sdk";

export const program = process.env.ONETILL ?? new URL("../../build/src/app/onetill", import.meta.url).pathname;
/*
 * How long a test waits for what must come: that it comes late on a machine that is busy is no fault. What must come
 * sooner than that says so, and what must not come is never waited for.
 */
export const comes_ms = 60_000;


let numbers = 0;

/* A number that no other test uses. */
export function number(prefix = "T") {
    return prefix + process.pid + "x" + ++numbers;
}

export class Sandbox {
    /* Resolves when the server is ready: `facts` is the line that it prints for programs. */
    static async start(...options) {
        const sandbox = new Sandbox();
        sandbox.process = spawn(program, ["serve", "--sandbox", "--listen", "127.0.0.1:0", ...options], {
            stdio: ["ignore", "pipe", "pipe"],
        });
        sandbox.errors = "";
        sandbox.process.stderr.on("data", (text) => (sandbox.errors += text));
        const late = setTimeout(() => sandbox.process.kill("SIGKILL"), comes_ms);
        for await (const line of createInterface({ input: sandbox.process.stdout })) {
            if (line.startsWith("{")) sandbox.facts = JSON.parse(line);
            if (line.startsWith("ready ")) break;
        }
        clearTimeout(late);
        if (!sandbox.facts) throw new Error("the sandbox did not start: " + sandbox.errors);
        sandbox.url = sandbox.facts.url;
        sandbox.tokens = new Map();
        sandbox.moved_ms = 0;
        return sandbox;
    }

    /* The exit status must be 0: a leak or a failed assertion is a failed test. */
    async stop() {
        if (this.process.exitCode === null && this.process.signalCode === null) {
            const gone = once(this.process, "exit");
            this.process.kill("SIGTERM");
            await gone;
        }
        if (this.process.exitCode !== 0) {
            const how = this.process.exitCode ?? this.process.signalCode;
            throw new Error(`the server ended with ${how}: ${this.errors}`);
        }
    }

    /* The SDK as its guide sets it up for an app of the facts. */
    sdk(app = this.facts.app, more = {}) {
        return new AlipaySdk({
            appId: app.app_id,
            privateKey: app.private_key,
            alipayPublicKey: app.alipay_public_key,
            gateway: this.facts.gateway,
            endpoint: this.url,
            ...more,
        });
    }

    certified(app = this.facts.other.app, more = {}) {
        return new AlipaySdk({
            appId: app.app_id,
            privateKey: app.private_key,
            appCertContent: app.app_certificate,
            alipayPublicCertContent: this.facts.alipay_certificate,
            alipayRootCertContent: this.facts.alipay_root_certificate,
            gateway: this.facts.gateway,
            endpoint: this.url,
            ...more,
        });
    }

    /* The REST door: [status, document]. */
    async rest(method, path, body, token = this.facts.operator_token) {
        const answer = await fetch(this.url + path, {
            method,
            headers: {
                authorization: "Bearer " + token,
                "content-type": "application/json",
                ...(method === "GET" ? {} : { "idempotency-key": number("k") }),
            },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        return [answer.status, text === "" ? null : JSON.parse(text)];
    }

    async must(method, path, body, token) {
        const [status, document] = await this.rest(method, path, body, token);
        if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(document)}`);
        return document;
    }

    async token(kind, id) {
        const name = kind + " " + id;
        if (!this.tokens.has(name)) {
            const issued = await this.must("POST", "/v1/tokens", { caller_kind: kind, caller_id: id, name });
            this.tokens.set(name, issued.token);
        }
        return this.tokens.get(name);
    }

    /* What a phone of the shopper shows now: to a till, and to its owner for logging in. */
    async codes(shopper_id = "1001") {
        return this.must("GET", `/v1/sandbox/shoppers/${shopper_id}/pay_code`);
    }

    async payCode(shopper_id = "1001") {
        return (await this.codes(shopper_id)).pay_code;
    }

    async loginCode(shopper_id = "1001") {
        return (await this.codes(shopper_id)).login_code;
    }

    /* A fault on demand, of the gateway or of a notice. */
    async fault(order) {
        await this.must("POST", "/v1/sandbox/faults", { app_id: this.facts.app.app_id, ...order });
    }

    /* A browser in which the shopper has logged in with the code of the phone: headers for further requests. */
    async logIn(shopper_id = "1001") {
        const answer = await fetch(this.url + "/session", {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({
                account: this.facts.shoppers.find((one) => one.shopper_id === shopper_id).user_id,
                login_code: await this.loginCode(shopper_id),
            }),
        });
        const session = await answer.json();
        if (answer.status !== 200) throw new Error("logging in: " + JSON.stringify(session));
        const cookie = answer.headers.get("set-cookie").split(";")[0];
        return { "content-type": "application/json", cookie, "onetill-proof": session.proof };
    }

    /* A shopper does something: scan, confirm, decline. */
    async shopper(shopper_id, path, body = {}) {
        return this.must("POST", path, body, await this.token("shopper", shopper_id));
    }

    async balance(shopper_id) {
        const wallet = await this.must("GET", `/v1/shoppers/${shopper_id}/wallet`);
        return wallet.balance_minor;
    }

    /* Moves the clock of the sandbox; what falls due on the way has happened then. */
    async later(seconds) {
        this.moved_ms += seconds * 1000;
        const now = new Date(Date.now() + this.moved_ms).toISOString();
        await this.must("POST", "/v1/test/clock", { now });
    }
}

/* The trade's own id in its trade_no: the last 19 of 28 digits. */
export function tradeId(trade_no) {
    return BigInt(trade_no.slice(9)).toString();
}

/* A shop's server: keeps what it is sent and answers as it is told. */
export class Receiver {
    static async start() {
        const receiver = new Receiver();
        receiver.notices = [];
        receiver.answers = []; /* taken one by one; "success" when there are no more */
        receiver.waiting = [];
        receiver.server = createServer(async (request, response) => {
            let body = "";
            for await (const part of request) body += part;
            receiver.notices.push({ path: request.url, headers: request.headers, body });
            const answer = receiver.answers.shift() ?? "success";
            response.writeHead(answer.status ?? 200, { "content-type": "text/plain" });
            response.end(answer.text ?? answer);
            receiver.waiting.forEach((wake) => wake());
        });
        receiver.server.listen(0, "127.0.0.1");
        await once(receiver.server, "listening");
        receiver.url = `http://127.0.0.1:${receiver.server.address().port}/notice`;
        return receiver;
    }

    /* The notices that `wanted` says yes to, once there are `count`; parsed as a form. */
    async take(count, wanted = () => true, timeout_ms = comes_ms) {
        const end = Date.now() + timeout_ms;
        for (;;) {
            const found = this.notices
                .map((notice) => Object.fromEntries(new URLSearchParams(notice.body)))
                .filter(wanted);
            if (found.length >= count) return found;
            const left = end - Date.now();
            if (left <= 0) throw new Error(`${found.length} of ${count} notices came`);
            await new Promise((wake) => {
                const timer = setTimeout(wake, left);
                this.waiting.push(() => (clearTimeout(timer), wake()));
            });
        }
    }

    async stop() {
        this.server.closeAllConnections();
        this.server.close();
        await once(this.server, "close");
    }
}
