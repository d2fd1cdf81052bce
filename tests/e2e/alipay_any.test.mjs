/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a content says, the gateway answers it in the protocol's words, signed, and stands. The fields and their
 * limits are those of `onetill describe alipay`. Seeded: ONETILL_SEED repeats a run that failed.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPublicKey, createSign, createVerify, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { number, program, Sandbox } from "./alipay_stage.mjs";

const rounds = Number(process.env.ONETILL_ROUNDS ?? 1500);
const seed = Number(process.env.ONETILL_SEED ?? 20261122);

let sandbox, described, platform;

before(async () => {
    sandbox = await Sandbox.start();
    described = JSON.parse(execFileSync(program, ["describe", "alipay"], { maxBuffer: 1 << 26 }));
    const der = Buffer.from(sandbox.facts.app.alipay_public_key, "base64");
    platform = createPublicKey({ key: der, format: "der", type: "spki" });
});
after(() => sandbox?.stop());

function timestamp() {
    return new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 19).replace("T", " ");
}

function sign(text) {
    return createSign("RSA-SHA256").update(text).sign(sandbox.facts.app.private_key, "base64");
}

/* The methods whose fields are parameters of the request itself. */
const on_top = new Set([
    "alipay.system.oauth.token",
    "alipay.user.info.share",
    "alipay.offline.material.image.upload",
]);
const for_browsers = new Set(["alipay.trade.page.pay", "alipay.trade.wap.pay"]);

/* The node of a v2 answer, its signature checked; a page for people comes back as its text. */
async function form(method, content) {
    const params = {
        app_id: sandbox.facts.app.app_id,
        method,
        charset: "utf-8",
        sign_type: "RSA2",
        version: "1.0",
        timestamp: timestamp(),
    };
    if (on_top.has(method)) {
        for (const [name, value] of Object.entries(content)) {
            params[name] = typeof value === "string" ? value : JSON.stringify(value);
        }
    } else {
        params.biz_content = typeof content === "string" ? content : JSON.stringify(content);
    }
    const names = Object.keys(params).sort();
    params.sign = sign(names.map((name) => `${name}=${params[name]}`).join("&"));
    const answer = await fetch(sandbox.facts.gateway, {
        method: "POST",
        body: new URLSearchParams(params),
        redirect: "manual",
    });
    const text = await answer.text();
    if (for_browsers.has(method) && !text.startsWith("{")) return { code: "page", text };
    assert.equal(answer.status, 200, text);
    const [, name, node, signature] = /^\{"(\w+)":(.*),"sign":"([^"]*)"\}$/s.exec(text) ?? [];
    assert.equal(name, method.replaceAll(".", "_") + "_response", text);
    assert.ok(createVerify("RSA-SHA256").update(node).verify(platform, signature, "base64"), text);
    return JSON.parse(node);
}

/* [status, document] of a v3 answer. */
async function rest(verb, path, content) {
    const query = verb === "GET" ? "?" + new URLSearchParams(Object.entries(content).map(texts)) : "";
    const body = verb === "GET" ? "" : typeof content === "string" ? content : JSON.stringify(content);
    const auth = `app_id=${sandbox.facts.app.app_id},nonce=${randomUUID()},timestamp=${Date.now()}`;
    const signature = sign(`${auth}\n${verb}\n${path}${query}\n${body}\n`);
    const answer = await fetch(sandbox.url + path + query, {
        method: verb,
        headers: {
            authorization: `ALIPAY-SHA256withRSA ${auth},sign=${signature}`,
            ...(body === "" ? {} : { "content-type": "application/json" }),
        },
        body: verb === "GET" ? undefined : body,
    });
    return [answer.status, JSON.parse(await answer.text())];
}

function texts([name, value]) {
    return [name, typeof value === "string" ? value : JSON.stringify(value)];
}

/* ---- contents ---- */

let state = seed;

function draw(below) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
}

/* What a field might say when all is well. */
function good(field) {
    const fitting = {
        out_trade_no: () => number(),
        trade_no: () => "2026112290000000000000000001",
        total_amount: () => "1.00",
        trans_amount: () => "1.00",
        refund_amount: () => "0.01",
        subject: () => "x",
        auth_code: () => "280000000000000000",
        scene: () => "bar_code",
        out_request_no: () => number("R"),
        out_biz_no: () => number("B"),
        bill_type: () => "trade",
        bill_date: () => "2026-01-01",
        buyer_id: () => sandbox.facts.shoppers[0].user_id,
        alipay_user_id: () => sandbox.facts.shop.user_id,
        payee_info: () => ({ identity: sandbox.facts.shoppers[0].user_id, identity_type: "ALIPAY_USER_ID" }),
        receiver_list: () => [{ type: "userId", account: sandbox.facts.shoppers[0].user_id }],
        royalty_parameters: () => [{ trans_in: sandbox.facts.shoppers[0].user_id, amount: "0.10" }],
    };
    return fitting[field.name]?.() ?? (field.type === "list" ? [] : field.type === "object" ? {} : "1");
}

const odd = [
    () => "",
    () => " ",
    () => null,
    () => true,
    () => 0,
    () => -1,
    () => 1e30,
    () => 0.1 + 0.2,
    () => "NaN",
    () => "9".repeat(40),
    () => "-0.01",
    () => "1,5",
    () => "中".repeat(draw(600)),
    () => "x".repeat(draw(3000)),
    () => "😀\u202e\u0007\n\t",
    () => "\"},\"sign\":\"x\"}",
    () => "</script><b>&amp;%00%zz",
    () => "../../etc/passwd",
    () => "' OR 1=1 --",
    () => [],
    () => [null],
    () => Array.from({ length: draw(400) }, () => ({ a: 1 })),
    () => ({}),
    () => ({ toString: 1, __proto__: [] }),
    () => [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]],
    () => ({ amount: "x", trans_in: 7, type: null, account: {}, identity: [] }),
    () => "2088000000001001",
    () => "2026-11-22 25:61:00",
    () => "http://127.0.0.1:1/x?y=\r\nz",
    () => "1c",
];

function contentOf(method) {
    const content = {};
    for (const field of method.fields) {
        if (field.need === "must" || draw(4) === 0) content[field.name] = good(field);
    }
    for (let left = 1 + draw(3); left > 0; left--) {
        const field = method.fields[draw(method.fields.length)];
        const value = odd[draw(odd.length)]();
        const inner = content[field.name];
        if (draw(3) === 0 && inner !== null && typeof inner === "object") {
            const names = Object.keys(inner);
            inner[names.length > 0 ? names[draw(names.length)] : "x"] = value;
        } else {
            content[field.name] = value;
        }
    }
    return content;
}

const wild = ["", "{", "[]", "null", "1", '{"a":1,"a":2}', '{"a":"\\ud800"}', "[".repeat(5000), '"x"', '{"a":1}x'];

test("any content is answered, and nothing falls over", async () => {
    const seen = new Map();
    for (let round = 0; round < rounds; round++) {
        const method = described.methods[draw(described.methods.length)];
        const content = draw(30) === 0 && !on_top.has(method.name) ? wild[draw(wild.length)] : contentOf(method);
        const told = `seed ${seed} round ${round}: ${method.name} ${JSON.stringify(content)?.slice(0, 500)}`;
        if (method.v3 && draw(3) === 0 && !(method.v3_method === "GET" && typeof content === "string")) {
            const [status, document] = await rest(method.v3_method, method.v3, content);
            assert.ok(status < 500, `${told} -> ${status} ${JSON.stringify(document)}`);
            assert.notEqual(document.code, "invalid-signature", told);
            if (status >= 400) assert.ok(document.code && document.message, told);
            seen.set(document.code ?? "good", true);
        } else {
            const node = await form(method.name, content);
            assert.notEqual(node.code, "20000", `${told} -> ${JSON.stringify(node)}`);
            assert.notEqual(node.sub_code, "isv.invalid-signature", told);
            seen.set(node.sub_code ?? node.code, true);
        }
    }
    assert.ok(seen.size >= 12, "the contents are too much alike: " + [...seen.keys()].join(" "));
    assert.ok((await sandbox.must("GET", "/v1/time")).now);
});

test("no text is taken that is longer than its field", async () => {
    let fields = 0;
    for (const method of described.methods) {
        if (for_browsers.has(method.name) || on_top.has(method.name)) continue;
        for (const field of method.fields) {
            if (field.type !== "text" || !field.size || field.size > 5000) continue;
            const content = {};
            for (const other of method.fields) if (other.need === "must") content[other.name] = good(other);
            content[field.name] = "中".repeat(field.size + 1);
            const node = await form(method.name, content);
            const what = `${method.name} ${field.name}: ${JSON.stringify(node)}`;
            assert.ok(node.sub_code, what);
            assert.match(node.sub_code, /INVALID|INVAILID|invalid/, what);
            assert.ok(node.sub_msg.includes(field.name), what);
            fields++;
        }
    }
    assert.ok(fields > 50, fields + " fields");
});

test("what must be there is missed by its name", async () => {
    let fields = 0;
    for (const method of described.methods) {
        if (for_browsers.has(method.name) || on_top.has(method.name)) continue;
        for (const field of method.fields.filter((one) => one.need === "must")) {
            const content = {};
            for (const other of method.fields) {
                if (other.need === "must" && other !== field) content[other.name] = good(other);
            }
            const node = await form(method.name, content);
            const what = `${method.name} ${field.name}: ${JSON.stringify(node)}`;
            assert.ok(node.sub_code, what);
            assert.ok(node.sub_msg.includes(field.name) || /EMPTY/.test(node.sub_code), what);
            fields++;
        }
    }
    assert.ok(fields > 20, fields + " fields");
});
