/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The official SDK for Node, unmodified, against the sandbox: pages, orders for phones, notices, encryption,
 * uploads, shares, transfers, bills, grants, and what can go wrong on the way.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { AlipayFormData } from "alipay-sdk";

import { comes_ms, number, Receiver, Sandbox, tradeId } from "./alipay_stage.mjs";

let sandbox, sdk, receiver;

before(async () => {
    sandbox = await Sandbox.start();
    sdk = sandbox.sdk();
    receiver = await Receiver.start();
});
after(async () => {
    await receiver?.stop();
    await sandbox?.stop();
});

const signed = { validateSign: true };

function exec(method, bizContent, more = {}) {
    return sdk.exec(method, { bizContent, ...more }, signed);
}

async function biz(more = {}) {
    return {
        out_trade_no: number(),
        total_amount: "20.00",
        subject: "晚餐",
        auth_code: await sandbox.payCode(),
        ...more,
    };
}

async function paid(more = {}, params = {}, client = sdk) {
    const answer = await client.exec("alipay.trade.pay", { bizContent: await biz(more), ...params }, signed);
    assert.equal(answer.code, "10000", JSON.stringify(answer));
    return answer;
}

/* ---- pages ---- */

/* What a browser does with the form that pageExec writes. */
function formOf(html) {
    const decode = (text) =>
        text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    const action = decode(/<form action="([^"]*)"/.exec(html)[1]);
    const hidden = [...html.matchAll(/name="([^"]*)" value="([^"]*)"/g)];
    const fields = hidden.map(([, name, value]) => [name, decode(value)]);
    return [action, new URLSearchParams(fields)];
}

describe("pages", () => {
    const params = (method) => ({
        returnUrl: "https://shop.example/back?a=1&b=2",
        bizContent: {
            out_trade_no: number(),
            total_amount: "35.50",
            subject: "蛋糕 & <b>",
            product_code: method.includes("wap") ? "QUICK_WAP_WAY" : "FAST_INSTANT_TRADE_PAY",
        },
    });

    async function leadsToCheckout(answer, method, out_trade_no) {
        assert.equal(answer.status, 302, await answer.text());
        const checkout = new URL(answer.headers.get("location"), sandbox.url);
        assert.match(checkout.pathname, /^\/checkout\//);
        const shown = await (await fetch(checkout + "/trade")).json();
        assert.equal(shown.subject, "蛋糕 & <b>");

        /* The shopper logs in, confirms, and is led back to the shop with a signed address. */
        const headers = await sandbox.logIn();
        const act = async (path, body) => {
            const keyed = { ...headers, "idempotency-key": number("k") };
            const options = { method: "POST", headers: keyed, body: JSON.stringify(body) };
            const done = await fetch(sandbox.url + path, options);
            assert.equal(done.status, 200, await done.text());
        };
        await act("/v1/qr/scan", { qr: shown.qr });
        assert.equal((await exec("alipay.trade.query", { out_trade_no })).tradeStatus, "WAIT_BUYER_PAY");
        await act(`/v1/trades/${shown.trade_id}/confirm`, {});
        assert.equal((await exec("alipay.trade.query", { out_trade_no })).tradeStatus, "TRADE_SUCCESS");
        const back = await fetch(checkout + "/return", { redirect: "manual" });
        assert.equal(back.status, 302);
        const address = new URL(back.headers.get("location"));
        assert.equal(address.origin + address.pathname, "https://shop.example/back");
        const told = Object.fromEntries(address.searchParams);
        assert.equal(told.a, "1");
        assert.equal(told.out_trade_no, out_trade_no);
        assert.equal(told.total_amount, "35.50");
        assert.equal(told.method, method + ".return");
        assert.equal(told.seller_id, sandbox.facts.shop.user_id);
        delete told.a; /* the shop's own, which nobody signed */
        delete told.b;
        assert.ok(sdk.checkNotifySignV2(told), JSON.stringify(told));
        assert.ok(!sdk.checkNotifySignV2({ ...told, total_amount: "35.51" }));
    }

    for (const method of ["alipay.trade.page.pay", "alipay.trade.wap.pay"]) {
        test(method + " by an address", async () => {
            const order = params(method);
            const url = sdk.pageExec(method, "GET", order);
            const answer = await fetch(url, { redirect: "manual" });
            await leadsToCheckout(answer, method, order.bizContent.out_trade_no);
        });

        test(method + " by a form", async () => {
            const order = params(method);
            const [action, body] = formOf(sdk.pageExec(method, "POST", order));
            const answer = await fetch(action, { method: "POST", body, redirect: "manual" });
            await leadsToCheckout(answer, method, order.bizContent.out_trade_no);
        });

        test(method + " tells people what is wrong", async () => {
            const url = new URL(sdk.pageExec(method, "GET", params(method)));
            url.searchParams.set("biz_content", url.searchParams.get("biz_content").replace("35.50", "0.01"));
            const answer = await fetch(url, { redirect: "manual" });
            assert.equal(answer.status, 200);
            assert.match(answer.headers.get("content-type"), /^text\/html/);
            assert.match(await answer.text(), /invalid-signature/);
        });
    }

    test("an order for a phone is taken by our wallet", async () => {
        const product_code = "QUICK_MSECURITY_PAY";
        const order = { out_trade_no: number(), total_amount: "7.00", subject: "x", product_code };
        const text = sdk.sdkExec("alipay.trade.app.pay", { bizContent: order });
        const answer = await fetch(sandbox.facts.gateway, {
            method: "POST",
            headers: { "content-type": "application/x-www-form-urlencoded;charset=utf-8" },
            body: text,
            redirect: "manual",
        });
        assert.ok([200, 302].includes(answer.status));
        const found = await exec("alipay.trade.query", { out_trade_no: order.out_trade_no });
        assert.ok(found.tradeStatus === "WAIT_BUYER_PAY" || found.subCode === "ACQ.TRADE_NOT_EXIST");
    });
});

/* ---- notices ---- */

/* Until the server has noted what became of an attempt: the next one is counted from then. */
async function noted(trade_no, attempts) {
    for (const end = Date.now() + comes_ms; Date.now() < end; ) {
        const log = await sandbox.must("GET", "/v1/merchants/1/deliveries?limit=100");
        const delivery = log.data.find((one) => one.subject_id === tradeId(trade_no));
        if (delivery?.attempts >= attempts) return;
        await new Promise((wake) => setTimeout(wake, 20));
    }
    throw new Error(`no ${attempts} attempts were noted`);
}

describe("notices", () => {
    test("a payment and its refunds are told, signed as the SDK checks it", async () => {
        const passback = encodeURIComponent("a=1&b=咖啡");
        const answer = await paid({ passback_params: passback, body: "一杯" }, { notifyUrl: receiver.url });
        const mine = (notice) => notice.out_trade_no === answer.outTradeNo;
        const [told] = await receiver.take(1, mine);
        assert.ok(sdk.checkNotifySignV2(told));
        assert.equal(told.trade_status, "TRADE_SUCCESS");
        assert.equal(told.trade_no, answer.tradeNo);
        assert.equal(told.total_amount, "20.00");
        assert.equal(told.app_id, sandbox.facts.app.app_id);
        assert.equal(told.seller_id, sandbox.facts.shop.user_id);
        assert.equal(told.buyer_id, answer.buyerUserId);
        assert.equal(told.passback_params, passback);
        assert.equal(told.body, "一杯");
        assert.equal(told.notify_type, "trade_status_sync");
        assert.equal(told.gmt_payment, answer.gmtPayment);
        assert.deepEqual(JSON.parse(told.fund_bill_list), [{ amount: "20.00", fundChannel: "ALIPAYACCOUNT" }]);
        for (const [name, value] of Object.entries(told)) assert.notEqual(value, "", name + " is empty");
        assert.ok(!sdk.checkNotifySignV2({ ...told, total_amount: "2.00" }));

        await exec("alipay.trade.refund", {
            out_trade_no: answer.outTradeNo,
            refund_amount: "5.00",
            out_request_no: "R1",
        });
        const [, back] = await receiver.take(2, mine);
        assert.ok(sdk.checkNotifySignV2(back));
        assert.equal(back.refund_fee, "5.00");
        assert.equal(back.out_biz_no, "R1");
        assert.equal(back.trade_status, "TRADE_SUCCESS");
        assert.match(back.gmt_refund, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,3}$/);
        assert.notEqual(back.notify_id, told.notify_id);
    });

    test("what is not heard is told again, with the same notify_id", async () => {
        receiver.answers = ["no", { status: 500, text: "success" }];
        const answer = await paid({}, { notifyUrl: receiver.url });
        const mine = (notice) => notice.out_trade_no === answer.outTradeNo;
        await noted(answer.tradeNo, 1);
        await sandbox.later(4 * 60 + 1);
        await receiver.take(2, mine);
        await noted(answer.tradeNo, 2);
        await sandbox.later(10 * 60 + 1);
        const told = await receiver.take(3, mine);
        assert.equal(new Set(told.map((notice) => notice.notify_id)).size, 1);
        for (const notice of told) assert.ok(sdk.checkNotifySignV2(notice));
        await noted(answer.tradeNo, 3);
        await sandbox.later(20 * 60);
        assert.equal((await receiver.take(3, mine)).length, 3, "it was told again after it was heard");
    });
});

/* ---- encryption and files ---- */

describe("content", () => {
    test("is encrypted both ways", async () => {
        const key = sandbox.facts.app.aes_key;
        assert.ok(key, "the sandbox shows the AES key");
        const secret = sandbox.sdk(sandbox.facts.app, { encryptKey: key });
        const answer = await secret.exec("alipay.trade.pay", { bizContent: await biz(), needEncrypt: true });
        assert.equal(answer.code, "10000");
        const found = await secret.curl("POST", "/v3/alipay/trade/query", {
            body: { trade_no: answer.tradeNo },
            needEncrypt: true,
        });
        assert.equal(found.data.trade_status, "TRADE_SUCCESS");
    });

    test("that does not decrypt is named", async () => {
        const wrong = sandbox.sdk(sandbox.facts.app, { encryptKey: Buffer.alloc(16, 7).toString("base64") });
        const call = wrong.exec("alipay.trade.query", { bizContent: { out_trade_no: "x" }, needEncrypt: true });
        const answer = await call;
        assert.equal(answer.code, "40002");
        /* Once in 256 keys the padding holds by chance: then what comes out is no text or no JSON. */
        assert.match(answer.subCode, /^isv\.(decryption-error-unknown|illegal-json|invalid-charset)$/);
    });

    test("may be a file", async () => {
        const picture = Buffer.from("ffd8ffe000104a46494600010100000100010000ffd9", "hex");
        const form = new AlipayFormData();
        form.addField("imageType", "jpg");
        form.addField("imageName", "店招");
        form.addFile("imageContent", "店招.jpg", picture);
        const answer = await sdk.exec("alipay.offline.material.image.upload", {}, { formData: form, ...signed });
        assert.equal(answer.code, "10000", JSON.stringify(answer));
        assert.ok(answer.imageId);
        assert.match(answer.imageUrl, /^https?:\/\//);
    });

    test("is read in GBK", async () => {
        const order = await biz({ subject: "咖啡" });
        const { createSign } = await import("node:crypto");
        const params = {
            app_id: sandbox.facts.app.app_id,
            method: "alipay.trade.pay",
            charset: "GBK",
            sign_type: "RSA2",
            timestamp: timestamp(),
            version: "1.0",
        };
        const bytes = (text) => Buffer.concat([...text].map((letter) => gbk[letter] ?? Buffer.from(letter)));
        const gbk = { 咖: Buffer.from("bfa7", "hex"), 啡: Buffer.from("b7c8", "hex") };
        const content = bytes(JSON.stringify(order));
        const text = Buffer.concat([
            Buffer.from(`app_id=${params.app_id}&biz_content=`),
            content,
            Buffer.from(`&charset=GBK&method=${params.method}&sign_type=RSA2`),
            Buffer.from(`&timestamp=${params.timestamp}&version=1.0`),
        ]);
        params.sign = createSign("RSA-SHA256").update(text).sign(sandbox.facts.app.private_key, "base64");
        const percent = [...content].map((byte) => "%" + byte.toString(16).padStart(2, "0")).join("");
        const answer = await fetch(sandbox.facts.gateway + "?" + new URLSearchParams(params), {
            method: "POST",
            headers: { "content-type": "application/x-www-form-urlencoded" },
            body: "biz_content=" + percent,
        });
        assert.match(await answer.text(), /"code":"10000"/);
        const found = await exec("alipay.trade.query", { out_trade_no: order.out_trade_no });
        assert.equal(found.subject, "咖啡");
    });
});

function timestamp(at_ms = Date.now()) {
    return new Date(at_ms + 8 * 3600_000).toISOString().slice(0, 19).replace("T", " ");
}

/* ---- shares ---- */

describe("shares of a trade", () => {
    const receivers = () => [
        { type: "userId", account: sandbox.facts.shoppers[1].user_id, memo: "达人" },
        { type: "userId", account: sandbox.facts.merchant.user_id },
    ];

    test("go to those who are bound, and come back with a refund", async () => {
        const bound = await exec("alipay.trade.royalty.relation.bind", {
            receiver_list: receivers(),
            out_request_no: number("B"),
        });
        assert.equal(bound.resultCode, "SUCCESS", JSON.stringify(bound));
        const list = await exec("alipay.trade.royalty.relation.batchquery", { out_request_no: number("Q") });
        assert.deepEqual(
            list.receiverList.map((one) => one.account).sort(),
            receivers().map((one) => one.account).sort(),
        );
        const rate = await exec("alipay.trade.royalty.rate.query", { out_request_no: number("Q") });
        assert.equal(Number(rate.maxRatio), 30);

        const money = await sandbox.balance("1002");
        const trade = await paid({ extend_params: { royalty_freeze: "true" } });
        const settle = {
            out_request_no: number("S"),
            trade_no: trade.tradeNo,
            royalty_parameters: [
                { trans_in: sandbox.facts.shoppers[1].user_id, amount: 2, desc: "佣金" },
                { trans_in: sandbox.facts.merchant.user_id, amount: "1.00" },
            ],
        };
        const settled = await exec("alipay.trade.order.settle", settle);
        assert.equal(settled.code, "10000", JSON.stringify(settled));
        assert.equal(await sandbox.balance("1002"), money + 200);
        const again = await exec("alipay.trade.order.settle", settle);
        assert.equal(again.settleNo, settled.settleNo);
        assert.equal(await sandbox.balance("1002"), money + 200);
        const found = await exec("alipay.trade.order.settle.query", { settle_no: settled.settleNo });
        assert.deepEqual(
            found.royaltyDetailList.map((line) => [line.amount, line.state]),
            [
                ["2.00", "SUCCESS"],
                ["1.00", "SUCCESS"],
            ],
        );
        const beyond = { ...settle, out_request_no: number("S") };
        beyond.royalty_parameters = [{ trans_in: sandbox.facts.shoppers[1].user_id, amount: "3.01" }];
        assert.ok((await exec("alipay.trade.order.settle", beyond)).subCode);

        await exec("alipay.trade.refund", { trade_no: trade.tradeNo, refund_amount: "20.00" });
        assert.equal(await sandbox.balance("1002"), money);
    });

    test("go to nobody else", async () => {
        const unbound = await exec("alipay.trade.royalty.relation.unbind", {
            receiver_list: receivers().slice(0, 1),
            out_request_no: number("B"),
        });
        assert.equal(unbound.resultCode, "SUCCESS");
        const trade = await paid({ extend_params: { royalty_freeze: "true" } });
        const refused = await exec("alipay.trade.order.settle", {
            out_request_no: number("S"),
            trade_no: trade.tradeNo,
            royalty_parameters: [{ trans_in: sandbox.facts.shoppers[1].user_id, amount: "1.00" }],
        });
        assert.match(refused.subCode, /ROYALTY|RELATION|BIND/i);
    });
});

/* ---- money ---- */

describe("money", () => {
    test("goes from the shop to a shopper, once", async () => {
        await paid();
        const money = await sandbox.balance("1003");
        const account = { alipay_user_id: sandbox.facts.shop.user_id, account_type: "ACCTRANS_ACCOUNT" };
        const funds = () => exec("alipay.fund.account.query", account);
        const had = await funds();
        const transfer = {
            out_biz_no: number("B"),
            trans_amount: "1.23",
            product_code: "TRANS_ACCOUNT_NO_PWD",
            biz_scene: "DIRECT_TRANSFER",
            order_title: "退押金",
            payee_info: { identity: sandbox.facts.shoppers[2].user_id, identity_type: "ALIPAY_USER_ID" },
        };
        const sent = await exec("alipay.fund.trans.uni.transfer", transfer);
        assert.equal(sent.status, "SUCCESS", JSON.stringify(sent));
        const again = await exec("alipay.fund.trans.uni.transfer", transfer);
        assert.equal(again.orderId, sent.orderId);
        assert.equal(await sandbox.balance("1003"), money + 123);
        const other = await exec("alipay.fund.trans.uni.transfer", { ...transfer, trans_amount: "1.24" });
        assert.equal(other.subCode, "PAYMENT_INFO_INCONSISTENCY");
        const found = await exec("alipay.fund.trans.common.query", {
            out_biz_no: transfer.out_biz_no,
            product_code: transfer.product_code,
            biz_scene: transfer.biz_scene,
        });
        assert.deepEqual([found.status, found.transAmount], ["SUCCESS", "1.23"]);
        const has = await funds();
        assert.equal(Math.round(100 * had.availableAmount) - Math.round(100 * has.availableAmount), 123);
    });
});

/* ---- discounts and deadlines ---- */

describe("amounts", () => {
    test("say who paid which part of a discount", async () => {
        const { other } = sandbox.facts;
        const campaign = await sandbox.must("POST", "/v1/campaigns", {
            name: "半价",
            kind: "percentage",
            percent_bp: 5000,
            merchant_share_bp: 4000,
            starts_at: "2020-01-01T00:00:00Z",
            ends_at: "2099-01-01T00:00:00Z",
            targets: [{ kind: "shop", id: other.shop.shop_id }],
        });
        const money = { platform_minor: 100000, merchant_minor: 100000 };
        await sandbox.must("POST", `/v1/campaigns/${campaign.campaign_id}/fund`, money);
        try {
            const client = sandbox.certified();
            const answer = await paid({ total_amount: "20.00" }, {}, client);
            const yuan = (text) => Math.round(100 * text);
            assert.equal(answer.totalAmount, "20.00");
            assert.equal(answer.buyerPayAmount, "10.00");
            assert.equal(answer.mdiscountAmount, "4.00");
            assert.equal(answer.discountAmount, "6.00");
            assert.equal(answer.receiptAmount, "16.00");
            const bills = answer.fundBillList.reduce((sum, line) => sum + yuan(line.amount), 0);
            assert.equal(bills, 2000);
            const [voucher] = answer.voucherDetailList;
            assert.deepEqual(
                [voucher.name, voucher.amount, voucher.merchantContribute, voucher.otherContribute],
                ["半价", "10.00", "4.00", "6.00"],
            );
            const query = { bizContent: { trade_no: answer.tradeNo } };
            const found = await client.exec("alipay.trade.query", query, signed);
            for (const name of ["buyerPayAmount", "receiptAmount", "discountAmount", "mdiscountAmount"]) {
                assert.equal(found[name], answer[name], name);
            }
        } finally {
            await sandbox.must("POST", `/v1/campaigns/${campaign.campaign_id}/end`);
        }
    });

    test("are due until the time that was given", async () => {
        const order = { out_trade_no: number(), total_amount: "3.00", subject: "x", timeout_express: "5m" };
        const opened = await exec("alipay.trade.precreate", order);
        const scanned = await sandbox.shopper("1001", "/v1/qr/scan", { qr: opened.qrCode });
        const query = async () => (await exec("alipay.trade.query", { out_trade_no: order.out_trade_no })).tradeStatus;
        await sandbox.later(4 * 60);
        assert.equal(await query(), "WAIT_BUYER_PAY");
        await sandbox.later(61);
        assert.equal(await query(), "TRADE_CLOSED");
        const token = await sandbox.token("shopper", "1001");
        const [status] = await sandbox.rest("POST", `/v1/trades/${scanned.trade_id}/confirm`, {}, token);
        assert.ok(status >= 400, "a trade was paid after its time");
        for (const wrong of [{ timeout_express: "1.5h" }, { timeout_express: "16d" }, { time_expire: "gestern" }]) {
            const refused = await exec("alipay.trade.precreate", { ...order, out_trade_no: number(), ...wrong });
            assert.equal(refused.subCode, "ACQ.INVALID_PARAMETER", JSON.stringify(wrong));
        }
    });
});

/* ---- bills ---- */

describe("bills", () => {
    test("are at an address for half a minute", async () => {
        const trade = await paid();
        await sandbox.later(24 * 3600);
        const bill_date = timestamp(Date.now()).slice(0, 10);
        const answers = [
            await exec("alipay.data.dataservice.bill.downloadurl.query", { bill_type: "trade", bill_date }),
            (
                await sdk.curl("GET", "/v3/alipay/data/dataservice/bill/downloadurl/query", {
                    query: { bill_type: "trade", bill_date },
                })
            ).data,
        ];
        for (const answer of answers) {
            const url = answer.billDownloadUrl ?? answer.bill_download_url;
            const file = await fetch(url);
            assert.equal(file.status, 200, JSON.stringify(answer));
            const zip = Buffer.from(await file.arrayBuffer());
            assert.equal(zip.subarray(0, 2).toString(), "PK");
            const rows = await (await fetch(url.replace("csv.zip", "json"))).json();
            assert.ok(JSON.stringify(rows).includes(trade.tradeNo));
            const spoilt = await fetch(url.replace(/token=./, "token=x"));
            assert.ok(spoilt.status >= 400);
        }
        const none = await exec("alipay.data.dataservice.bill.downloadurl.query", {
            bill_type: "trade",
            bill_date: "2001-01-01",
        });
        assert.ok(none.subCode ?? none.billFileCode, JSON.stringify(none));
    });
});

/* ---- grants ---- */

describe("a shopper's grant", () => {
    async function code(scope) {
        const headers = await sandbox.logIn("1002");
        const redirect_uri = "http://127.0.0.1:1/back";
        const answer = await fetch(sandbox.url + "/oauth2/grant", {
            method: "POST",
            headers,
            body: JSON.stringify({ app_id: sandbox.facts.app.app_id, scope, redirect_uri, state: "s" }),
        });
        const document = await answer.json();
        assert.equal(answer.status, 200, JSON.stringify(document));
        const back = new URL(document.redirect);
        assert.equal(back.searchParams.get("state"), "s");
        return back.searchParams.get("auth_code");
    }

    test("is redeemed once, refreshed, and says who the shopper is", async () => {
        const auth_code = await code("auth_user");
        const grant = { grantType: "authorization_code", code: auth_code };
        const redeem = () => sdk.exec("alipay.system.oauth.token", grant, signed);
        const granted = await redeem();
        assert.equal(granted.userId, sandbox.facts.shoppers[1].user_id, JSON.stringify(granted));
        assert.ok(granted.accessToken);
        assert.ok((await redeem()).subCode, "a code was taken twice");
        const user = await sdk.exec("alipay.user.info.share", { auth_token: granted.accessToken }, signed);
        assert.equal(user.code, "10000", JSON.stringify(user));
        assert.ok(sandbox.facts.shoppers[1].name.includes(user.nickName) || user.nickName.length > 0);
        const fresh = await sdk.exec(
            "alipay.system.oauth.token",
            { grantType: "refresh_token", refreshToken: granted.refreshToken },
            signed,
        );
        assert.ok(fresh.accessToken);
        const stranger = await sdk.exec("alipay.user.info.share", { auth_token: "x".repeat(40) }, signed);
        assert.equal(stranger.code, "20001");
    });
});

/* ---- the rest, through the other protocol ---- */

describe("the REST protocol", () => {
    const post = async (path, body) => (await sdk.curl("POST", "/v3/alipay/" + path, { body })).data;
    const get = async (path, query) => (await sdk.curl("GET", "/v3/alipay/" + path, { query })).data;

    test("has shares", async () => {
        const receiver_list = [{ type: "userId", account: sandbox.facts.shoppers[2].user_id }];
        const bound = await post("trade/royalty/relation/bind", { receiver_list, out_request_no: number("B") });
        assert.equal(bound.result_code, "SUCCESS");
        const list = await post("trade/royalty/relation/batchquery", { out_request_no: number("Q"), page_size: 100 });
        assert.ok(list.receiver_list.some((one) => one.account === sandbox.facts.shoppers[2].user_id));
        assert.equal(list.current_page_num, 1);
        assert.equal(Number((await get("trade/royalty/rate/query", { out_request_no: number("Q") })).max_ratio), 30);
        const trade = await paid({ extend_params: { royalty_freeze: "true" } });
        const out_request_no = number("S");
        const settled = await post("trade/order/settle", {
            out_request_no,
            trade_no: trade.tradeNo,
            royalty_parameters: [{ trans_in: sandbox.facts.shoppers[2].user_id, amount_percentage: 10 }],
        });
        assert.ok(settled.settle_no);
        const found = await get("trade/order/settle/query", { trade_no: trade.tradeNo, out_request_no });
        assert.equal(found.royalty_detail_list[0].amount, "2.00");
        const unbound = await post("trade/royalty/relation/unbind", { receiver_list, out_request_no: number("B") });
        assert.equal(unbound.result_code, "SUCCESS");
    });

    test("has transfers", async () => {
        await paid();
        const transfer = {
            out_biz_no: number("B"),
            trans_amount: 0.1,
            product_code: "TRANS_ACCOUNT_NO_PWD",
            biz_scene: "DIRECT_TRANSFER",
            payee_info: {
                identity: sandbox.facts.shoppers[0].logon_id,
                identity_type: "ALIPAY_LOGON_ID",
                name: sandbox.facts.shoppers[0].name,
            },
        };
        const sent = await post("fund/trans/uni/transfer", transfer);
        assert.equal(sent.status, "SUCCESS");
        const found = await get("fund/trans/common/query", { order_id: sent.order_id });
        assert.equal(found.out_biz_no, transfer.out_biz_no);
        const account = { alipay_user_id: sandbox.facts.shop.user_id, account_type: "ACCTRANS_ACCOUNT" };
        assert.match((await get("fund/account/query", account)).available_amount, /^\d+\.\d\d$/);
    });

    test("says what is wrong in its own way", async () => {
        for (const [path, body, status, code] of [
            ["trade/query", { out_trade_no: "nobody's" }, 400, /^ACQ\.TRADE_NOT_EXIST$/],
            ["trade/order/settle", {}, 400, /INVALID_PARAMETER|invalid-parameter/],
            ["fund/trans/uni/transfer", {}, 400, /INVALID_PARAMETER|invalid-parameter/i],
            ["system/oauth/token", { grant_type: "authorization_code", code: "x" }, 400, /code|token/i],
        ]) {
            await assert.rejects(post(path, body), (error) => {
                assert.equal(error.responseHttpStatus, status, path);
                assert.match(error.code, code);
                assert.ok(error.traceId);
                return true;
            });
        }
    });
});

/* ---- what can go wrong ---- */

describe("errors", () => {
    test("an unknown method is the protocol's own error, signed", async () => {
        const answer = await exec("alipay.nothing.of.ours", {});
        assert.equal(answer.code, "40002");
        assert.equal(answer.subCode, "isv.invalid-method");
        await assert.rejects(sdk.curl("POST", "/v3/alipay/nothing/of/ours", { body: {} }), (error) => {
            assert.equal(error.code, "invalid-method");
            return error.responseHttpStatus === 404;
        });
    });

    test("a wrong key is told what was expected", async () => {
        const wrong = sandbox.sdk({ ...sandbox.facts.app, private_key: sandbox.facts.other.app.private_key });
        const answer = await wrong.exec("alipay.trade.query", { bizContent: { out_trade_no: "x" } }, signed);
        assert.equal(answer.code, "40002");
        assert.equal(answer.subCode, "isv.invalid-signature");
        const echo = "&amp;biz_content={&quot;out_trade_no&quot;:&quot;x&quot;}&amp;";
        assert.ok(answer.subMsg.includes(echo), answer.subMsg);
        await assert.rejects(wrong.curl("POST", "/v3/alipay/trade/query", { body: {} }), (error) => {
            assert.equal(error.code, "invalid-signature");
            return error.responseHttpStatus >= 400;
        });
    });

    test("an unknown app is answered without a signature", async () => {
        const stranger = sandbox.sdk({ ...sandbox.facts.app, app_id: "9021999999999999" });
        const answer = await stranger.exec("alipay.trade.query", { bizContent: { out_trade_no: "x" } });
        assert.equal(answer.subCode, "isv.invalid-app-id");
    });

    test("every documented code can be had on demand", async () => {
        const forced = async (code) => {
            await sandbox.fault({ method: "alipay.trade.pay", fault: "code", code });
            const answer = await exec("alipay.trade.pay", await biz());
            assert.equal(answer.subCode, code);
        };
        for (const code of ["ACQ.SYSTEM_ERROR", "ACQ.PAYMENT_REQUEST_HAS_RISK", "ACQ.BEYOND_PAY_RESTRICTION"]) {
            await forced(code);
        }
        await paid();
    });

    test("an unknown outcome is found out by a query", async () => {
        await sandbox.fault({ method: "alipay.trade.pay", fault: "unknown" });
        const order = await biz();
        const answer = await exec("alipay.trade.pay", order);
        assert.equal(answer.code, "20000");
        const found = await exec("alipay.trade.query", { out_trade_no: order.out_trade_no });
        assert.equal(found.tradeStatus, "TRADE_SUCCESS");
    });

    test("a lost answer is found out by a query", async () => {
        await sandbox.fault({ method: "alipay.trade.pay", fault: "silence" });
        const order = await biz();
        const impatient = sandbox.sdk(sandbox.facts.app, { timeout: 2000 });
        await assert.rejects(impatient.exec("alipay.trade.pay", { bizContent: order }, signed));
        const found = await exec("alipay.trade.query", { out_trade_no: order.out_trade_no });
        assert.equal(found.tradeStatus, "TRADE_SUCCESS");
    });

    test("notices are lost, late and repeated on demand", async () => {
        for (const [fault, count] of [
            ["notice_repeated", 2],
            ["notice_late", 1],
        ]) {
            await sandbox.fault({ fault, delay_ms: 200 });
            const answer = await paid({}, { notifyUrl: receiver.url });
            await receiver.take(count, (notice) => notice.out_trade_no === answer.outTradeNo);
        }
        await sandbox.fault({ fault: "notice_lost" });
        const lost = await paid({}, { notifyUrl: receiver.url });
        const mine = (notice) => notice.out_trade_no === lost.outTradeNo;
        await assert.rejects(receiver.take(1, mine, 500));
        await noted(lost.tradeNo, 1);
        await sandbox.later(4 * 60 + 1);
        await receiver.take(1, mine);
    });
});

test("the platform's certificate is to be had", async () => {
    const other = sandbox.certified();
    const answer = await other.exec(
        "alipay.open.app.alipaycert.download",
        { bizContent: { alipay_cert_sn: sandbox.facts.alipay_cert_sn } },
        signed,
    );
    const text = Buffer.from(answer.alipayCertContent, "base64").toString();
    assert.equal(text.trim(), sandbox.facts.alipay_certificate.trim());
});

test("a trade is over when refunds are", async () => {
    const answer = await paid();
    await sandbox.later(366 * 24 * 3600);
    const found = await exec("alipay.trade.query", { trade_no: answer.tradeNo });
    assert.equal(found.tradeStatus, "TRADE_FINISHED");
    const late = await exec("alipay.trade.refund", {
        trade_no: answer.tradeNo,
        refund_amount: "1.00",
        out_request_no: "R1",
    });
    assert.equal(late.subCode, "ACQ.TRADE_HAS_FINISHED");
    assert.equal((await sandbox.must("GET", "/v1/trades/" + tradeId(answer.tradeNo))).state, "TRADE_FINISHED");
});
