/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The official SDK for Node, unmodified, against the sandbox: what a till does with trades, through both protocols.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { number, Sandbox, tradeId } from "./alipay_stage.mjs";

let sandbox, sdk;

before(async () => {
    sandbox = await Sandbox.start();
    sdk = sandbox.sdk();
});
after(() => sandbox?.stop());

const signed = { validateSign: true };

/* One method through exec (v2) or curl (v3), so that a test can be about both. */
const protocols = {
    exec: (method, biz, client = sdk) => client.exec(method, { bizContent: biz }, signed),
    curl: async (method, biz, client = sdk) => {
        const path = "/v3/" + method.replaceAll(".", "/");
        const answer = await client.curl("POST", path, { body: biz });
        assert.ok(answer.traceId);
        return camel(answer.data);
    },
};

function camel(value) {
    if (Array.isArray(value)) return value.map(camel);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [
            name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()),
            camel(inner),
        ]),
    );
}

/* The sub_code with which a call is refused, however the protocol says it. */
async function refusal(call) {
    try {
        const answer = await call;
        assert.notEqual(answer.subCode, undefined, "it was not refused: " + JSON.stringify(answer));
        assert.notEqual(answer.code, "10000");
        assert.ok(answer.subMsg);
        return answer.subCode;
    } catch (error) {
        if (error.name !== "AlipayRequestError") throw error;
        assert.ok(error.responseHttpStatus >= 400, error.message);
        return error.code;
    }
}

async function pay(how, more = {}, client = sdk) {
    const biz = {
        out_trade_no: number(),
        total_amount: "88.88",
        subject: "咖啡 A+B&C=%20 \"d\" / 'e'",
        scene: "bar_code",
        auth_code: await sandbox.payCode(),
        ...more,
    };
    return [biz, await protocols[how]("alipay.trade.pay", biz, client)];
}

for (const [how, call] of Object.entries(protocols)) {
    describe("through " + how, () => {
        test("a pay code pays", async () => {
            const money = await sandbox.balance("1001");
            const [biz, paid] = await pay(how);
            if (how === "exec") assert.deepEqual([paid.code, paid.msg], ["10000", "Success"]);
            assert.equal(paid.outTradeNo, biz.out_trade_no);
            assert.match(paid.tradeNo, /^20\d{26}$/);
            assert.equal(paid.totalAmount, "88.88");
            assert.equal(paid.receiptAmount, "88.88");
            assert.equal(paid.buyerPayAmount, "88.88");
            assert.equal(paid.buyerUserId, sandbox.facts.shoppers[0].user_id);
            assert.equal(paid.buyerLogonId, "159****5620");
            assert.match(paid.gmtPayment, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
            assert.deepEqual(paid.fundBillList, [{ amount: "88.88", fundChannel: "ALIPAYACCOUNT" }]);
            assert.equal(paid.subCode, undefined);
            assert.equal(await sandbox.balance("1001"), money - 8888);
        });

        test("one trade is seen by both protocols and the REST door", async () => {
            const [biz, paid] = await pay(how);
            for (const [other, ask] of Object.entries(protocols)) {
                for (const by of [{ out_trade_no: biz.out_trade_no }, { trade_no: paid.tradeNo }]) {
                    const found = await ask("alipay.trade.query", by);
                    assert.equal(found.tradeStatus, "TRADE_SUCCESS", other);
                    assert.equal(found.tradeNo, paid.tradeNo);
                    assert.equal(found.outTradeNo, biz.out_trade_no);
                    assert.equal(found.totalAmount, "88.88");
                    assert.equal(found.subject, biz.subject);
                    assert.equal(found.sendPayDate, paid.gmtPayment);
                }
            }
            const trade = await sandbox.must("GET", "/v1/trades/" + tradeId(paid.tradeNo));
            assert.equal(trade.state, "TRADE_SUCCESS");
            assert.equal(trade.paid_minor, 8888);
            assert.equal(trade.out_trade_no, biz.out_trade_no);
        });

        test("a number is paid once, and stands for one content", async () => {
            const [biz, paid] = await pay(how);
            const fresh = async () => ({ ...biz, auth_code: await sandbox.payCode() });
            assert.equal(await refusal(call("alipay.trade.pay", await fresh())), "ACQ.TRADE_HAS_SUCCESS");
            const other = { ...(await fresh()), total_amount: "88.87" };
            assert.equal(await refusal(call("alipay.trade.pay", other)), "ACQ.CONTEXT_INCONSISTENT");
            const found = await call("alipay.trade.query", { out_trade_no: biz.out_trade_no });
            assert.equal(found.tradeNo, paid.tradeNo);
        });

        test("a large sum waits for the shopper, who confirms it", async () => {
            const [biz, waiting] = await pay(how, { total_amount: "1000.01" });
            if (how === "exec") assert.equal(waiting.code, "10003");
            assert.equal(waiting.subCode, undefined);
            assert.equal(waiting.gmtPayment, undefined);
            const query = () => call("alipay.trade.query", { out_trade_no: biz.out_trade_no });
            assert.equal((await query()).tradeStatus, "WAIT_BUYER_PAY");
            await sandbox.shopper("1001", `/v1/trades/${tradeId(waiting.tradeNo)}/confirm`);
            const found = await query();
            assert.equal(found.tradeStatus, "TRADE_SUCCESS");
            assert.equal(found.buyerPayAmount, "1000.01");
        });

        test("a large sum waits for the shopper, who declines it", async () => {
            const [biz, waiting] = await pay(how, { total_amount: "1000.02" });
            await sandbox.shopper("1001", `/v1/trades/${tradeId(waiting.tradeNo)}/decline`);
            const found = await call("alipay.trade.query", { out_trade_no: biz.out_trade_no });
            assert.equal(found.tradeStatus, "TRADE_CLOSED");
        });

        test("without money nothing is paid", async () => {
            const paying = pay(how, { auth_code: await sandbox.payCode("1002"), total_amount: "100.01" });
            const code = await refusal(paying.then(([, answer]) => answer));
            assert.equal(code, "ACQ.BUYER_BALANCE_NOT_ENOUGH");
        });

        test("a code that is forged or used does not pay", async () => {
            const forged = pay(how, { auth_code: "280000000000000000" }).then(([, answer]) => answer);
            assert.equal(await refusal(forged), "ACQ.PAYMENT_AUTH_CODE_INVALID");
            const auth_code = await sandbox.payCode();
            await pay(how, { auth_code });
            const again = pay(how, { auth_code }).then(([, answer]) => answer);
            assert.equal(await refusal(again), "ACQ.PAYMENT_AUTH_CODE_INVALID");
        });

        test("an unknown trade is not there", async () => {
            const unknown = call("alipay.trade.query", { out_trade_no: number("none") });
            assert.equal(await refusal(unknown), "ACQ.TRADE_NOT_EXIST");
            const foreign = call("alipay.trade.query", { trade_no: "2014112611001004680073956707" });
            assert.equal(await refusal(foreign), "ACQ.TRADE_NOT_EXIST");
        });

        test("a QR is scanned, and then the trade is there", async () => {
            const biz = { out_trade_no: number(), total_amount: 12.5, subject: "早餐" };
            const opened = await call("alipay.trade.precreate", biz);
            assert.equal(opened.outTradeNo, biz.out_trade_no);
            assert.match(opened.qrCode, /^https?:\/\//);
            const query = () => call("alipay.trade.query", { out_trade_no: biz.out_trade_no });
            assert.equal(await refusal(query()), "ACQ.TRADE_NOT_EXIST");
            const again = await call("alipay.trade.precreate", biz);
            assert.equal(again.qrCode, opened.qrCode);
            const scanned = await sandbox.shopper("1002", "/v1/qr/scan", { qr: opened.qrCode });
            assert.equal((await query()).tradeStatus, "WAIT_BUYER_PAY");
            await sandbox.shopper("1002", `/v1/trades/${scanned.trade_id}/confirm`);
            const found = await query();
            assert.equal(found.tradeStatus, "TRADE_SUCCESS");
            assert.equal(found.totalAmount, "12.50");
            assert.equal(found.buyerLogonId, "che***@sandbox.example");
        });

        test("a trade opened for a buyer is paid by nobody else", async () => {
            const [, buyer] = sandbox.facts.shoppers;
            const biz = {
                out_trade_no: number(),
                total_amount: "1.00",
                subject: "x",
                product_code: "JSAPI_PAY",
                buyer_id: buyer.user_id,
            };
            const opened = await call("alipay.trade.create", biz);
            assert.match(opened.tradeNo, /^20\d{26}$/);
            const trade_id = tradeId(opened.tradeNo);
            const token = await sandbox.token("shopper", "1001");
            const [status] = await sandbox.rest("POST", `/v1/trades/${trade_id}/confirm`, {}, token);
            assert.ok(status >= 400, "another shopper confirmed it");
            await sandbox.shopper("1002", `/v1/trades/${trade_id}/confirm`);
            const found = await call("alipay.trade.query", { trade_no: opened.tradeNo });
            assert.equal(found.tradeStatus, "TRADE_SUCCESS");
            assert.equal(found.buyerUserId, buyer.user_id);
        });

        test("an unpaid trade is closed, a paid one is not", async () => {
            const [biz] = await pay(how, { total_amount: "1000.03" });
            const by = { out_trade_no: biz.out_trade_no };
            const closed = await call("alipay.trade.close", by);
            assert.equal(closed.outTradeNo, biz.out_trade_no);
            assert.equal((await call("alipay.trade.query", by)).tradeStatus, "TRADE_CLOSED");
            const again = { ...biz, auth_code: await sandbox.payCode() };
            assert.equal(await refusal(call("alipay.trade.pay", again)), "ACQ.TRADE_HAS_CLOSE");
            const [paid] = await pay(how);
            const code = await refusal(call("alipay.trade.close", { out_trade_no: paid.out_trade_no }));
            assert.match(code, /^ACQ\.(REASON_)?TRADE_STATUS_(INVALID|ERROR)$/);
        });

        test("cancelling brings everything back to where it was", async () => {
            const money = await sandbox.balance("1001");
            const [paid] = await pay(how);
            const cancelled = await call("alipay.trade.cancel", { out_trade_no: paid.out_trade_no });
            assert.equal(cancelled.action, "refund");
            assert.equal(cancelled.retryFlag, "N");
            assert.equal(await sandbox.balance("1001"), money);
            const [waiting] = await pay(how, { total_amount: "1000.04" });
            assert.equal((await call("alipay.trade.cancel", { out_trade_no: waiting.out_trade_no })).action, "close");
            const unknown = await call("alipay.trade.cancel", { out_trade_no: number("none") });
            assert.equal(unknown.action, undefined);
            assert.equal(unknown.retryFlag, "N");
        });

        test("refunds add up to the price and no further", async () => {
            const money = await sandbox.balance("1001");
            const [biz] = await pay(how, { total_amount: "10.00" });
            const refund = (amount, request) =>
                call("alipay.trade.refund", {
                    out_trade_no: biz.out_trade_no,
                    refund_amount: amount,
                    out_request_no: request,
                    refund_reason: "凉了",
                });
            const first = await refund("3.33", "R1");
            assert.equal(first.fundChange, "Y");
            assert.equal(first.refundFee, "3.33");
            const again = await refund("3.33", "R1");
            assert.equal(again.fundChange, "N");
            assert.equal(again.refundFee, "3.33");
            assert.match(await refusal(refund("3.34", "R1")), /^ACQ\./);
            assert.equal(await refusal(refund("6.68", "R2")), "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
            const query = () => call("alipay.trade.query", { out_trade_no: biz.out_trade_no });
            assert.equal((await query()).tradeStatus, "TRADE_SUCCESS");
            const last = await refund("6.67", "R3");
            assert.equal(last.refundFee, "10.00");
            assert.equal((await query()).tradeStatus, "TRADE_CLOSED");
            assert.equal(await sandbox.balance("1001"), money);

            const ask = (request) =>
                call("alipay.trade.fastpay.refund.query", {
                    out_trade_no: biz.out_trade_no,
                    out_request_no: request,
                });
            const found = await ask("R3");
            assert.equal(found.refundAmount, "6.67");
            assert.equal(found.totalAmount, "10.00");
            assert.equal(found.refundStatus, "REFUND_SUCCESS");
            assert.equal((await ask("R9")).refundAmount, undefined);
        });

        test("a price has an upper limit", async () => {
            const paying = pay(how, { total_amount: "100000000.01" }).then(([, answer]) => answer);
            assert.equal(await refusal(paying), "ACQ.TOTAL_FEE_EXCEED");
        });

        test("what is missing or wrong is named", async () => {
            for (const [change, field] of [
                [{ out_trade_no: undefined }, "out_trade_no"],
                [{ subject: undefined }, "subject"],
                [{ total_amount: undefined }, "total_amount"],
                [{ total_amount: "1.001" }, "total_amount"],
                [{ total_amount: "0.00" }, "total_amount"],
                [{ total_amount: "-1" }, "total_amount"],
                [{ out_trade_no: "x".repeat(65) }, "out_trade_no"],
            ]) {
                try {
                    const [, answer] = await pay(how, change);
                    assert.notEqual(answer.subCode, undefined, field + " " + JSON.stringify(answer));
                    assert.match(answer.subCode, /INVALID_PARAMETER|isv\./, field);
                    assert.ok(answer.subMsg.includes(field), answer.subMsg);
                } catch (error) {
                    if (error.name !== "AlipayRequestError") throw error;
                    assert.match(error.code, /INVALID_PARAMETER|invalid-parameter/);
                    assert.ok(error.message.includes(field), error.message);
                }
            }
        });
    });
}

describe("many at once", () => {
    test("lose nothing and pay nothing twice", async () => {
        const count = 120;
        const other = sandbox.certified();
        const codes = [];
        for (let i = 0; i < count; i++) codes.push(await sandbox.payCode());
        const money = await sandbox.balance("1001");
        const work = codes.map(async (auth_code, i) => {
            const biz = { out_trade_no: number(), total_amount: "0.01", subject: "x", auth_code };
            const how = i % 2 === 0 ? "exec" : "curl";
            const twice = [0, 1].map(() => protocols[how]("alipay.trade.pay", biz).catch((error) => error));
            const answers = await Promise.all(twice);
            const paying = answers.filter((answer) => answer.tradeNo !== undefined && !answer.subCode);
            assert.ok(paying.length >= 1, JSON.stringify(answers));
            const [found, unknown] = await Promise.all([
                protocols.curl("alipay.trade.query", { out_trade_no: biz.out_trade_no }),
                refusal(protocols.exec("alipay.trade.query", { out_trade_no: biz.out_trade_no }, other)),
            ]);
            assert.equal(found.tradeStatus, "TRADE_SUCCESS");
            assert.equal(unknown, "ACQ.TRADE_NOT_EXIST");
        });
        const change = { name: "Sandbox POS", shop_id: sandbox.facts.shop.shop_id };
        for (let i = 0; i < 20; i++) {
            await sandbox.must("POST", `/v1/apps/${sandbox.facts.app.app_id}`, change);
        }
        await Promise.all(work);
        assert.equal(await sandbox.balance("1001"), money - count);
    });
});

describe("apps", () => {
    test("an app sees nothing of another merchant's trades", async () => {
        const other = sandbox.certified();
        const [biz, paid] = await pay("exec");
        for (const [how, call] of Object.entries(protocols)) {
            for (const by of [{ out_trade_no: biz.out_trade_no }, { trade_no: paid.tradeNo }]) {
                for (const method of ["query", "close"]) {
                    const code = await refusal(call("alipay.trade." + method, by, other));
                    assert.equal(code, "ACQ.TRADE_NOT_EXIST", how + " " + method);
                }
                const back = call("alipay.trade.refund", { ...by, refund_amount: "0.01" }, other);
                assert.equal(await refusal(back), "ACQ.TRADE_NOT_EXIST");
            }
            const cancelled = await call("alipay.trade.cancel", { trade_no: paid.tradeNo }, other);
            assert.equal(cancelled.action, undefined);
        }
        const found = await protocols.exec("alipay.trade.query", { trade_no: paid.tradeNo });
        assert.equal(found.tradeStatus, "TRADE_SUCCESS");
    });

    test("the same number belongs to each merchant on its own", async () => {
        const [biz, mine] = await pay("exec");
        const [, theirs] = await pay("exec", { out_trade_no: biz.out_trade_no }, sandbox.certified());
        assert.equal(theirs.code, "10000");
        assert.notEqual(theirs.tradeNo, mine.tradeNo);
    });

    test("a certificate signs as a key does, and the answer names the platform's", async () => {
        const other = sandbox.certified();
        const [, paid] = await pay("exec", {}, other);
        assert.equal(paid.code, "10000");
        const answer = await other.curl("POST", "/v3/alipay/trade/query", { body: { trade_no: paid.tradeNo } });
        assert.equal(answer.data.trade_status, "TRADE_SUCCESS");
    });

    test("keys are taken in every spelling the SDK knows", async () => {
        const { app } = sandbox.facts;
        const bare = (pem) => pem.replace(/-----[^-]+-----|\s/g, "");
        for (const more of [
            { privateKey: app.private_key_pkcs8, keyType: "PKCS8" },
            { privateKey: bare(app.private_key) },
            { privateKey: bare(app.private_key_pkcs8), keyType: "PKCS8" },
            { alipayPublicKey: bare(app.alipay_public_key) },
            { signType: "RSA" },
        ]) {
            const [, paid] = await pay("exec", {}, sandbox.sdk(app, more));
            assert.equal(paid.code, "10000", JSON.stringify(Object.keys(more)));
        }
    });
});
