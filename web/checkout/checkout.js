/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checkout page: shows a trade, lets a shopper log in and pay it, or waits until a wallet that scanned its
 * QR has done so, and goes back to the shop. It asks every two seconds how the trade stands: what it shows is
 * always the server's word.
 */
import { find, make, show } from "/live/document.js";
import { Door } from "/shopper/door.js";
import { Frame } from "/shopper/frame.js";
import { Login } from "/shopper/login.js";
import { Outdated, Readings } from "/shopper/reading.js";
import { words } from "/checkout/text.js";

const ask_every_ms = 2000;
const return_after_ms = 3000;
const address = "/checkout/" + location.pathname.split("/")[2];

const door = new Door();
const readings = new Readings(door);
const frame = new Frame(words, draw);
const login = new Login(frame, door, begun);
let trade = null;
let lost = false; /* the address names no trade */
let news = null; /* what went wrong when asking */
let fault = null; /* what went wrong when paying */
let busy = false;
let witnessed = false; /* the payment happened before our eyes */

const waits = () => trade?.state === "WAIT_BUYER_PAY";
const paid = () => trade?.state === "TRADE_SUCCESS" || trade?.state === "TRADE_FINISHED";

function factsDraw() {
    const say = (key) => frame.say(key);
    const format = frame.format(trade.currency);
    const now = Date.parse(trade.now);
    const list = [];
    if (trade.discount_minor > 0) {
        list.push([say("price"), frame.money(trade.list_minor, trade.currency)]);
        list.push([say("discount"), frame.money(-trade.discount_minor, trade.currency)]);
    }
    if (trade.expires_at !== null)
        list.push([say("pay_before"), format.moment(Date.parse(trade.expires_at), now)]);
    if (trade.paid_at !== null) list.push([say("paid_at"), format.moment(Date.parse(trade.paid_at), now)]);
    if (trade.merchant !== trade.shop) list.push([say("merchant"), trade.merchant]);
    list.push([say("number"), trade.out_trade_no]);
    find("facts").replaceChildren(
        ...list.map(([name, value]) => make("div", "", make("dt", "quiet", name), make("dd", "", value))),
    );
}

function verdictText() {
    if (paid()) return frame.say(witnessed && trade.returns ? "paid_returning" : "paid");
    return frame.say("closed_" + trade.close_reason);
}

function tradeDraw() {
    document.body.dataset.state = trade.state;
    show(find("shop"), trade.shop);
    show(find("subject"), trade.subject || frame.say("no_subject"));
    show(find("amount"), frame.money(paid() ? trade.paid_minor : trade.list_minor, trade.currency));
    find("verdict").hidden = waits();
    if (!waits()) {
        show(find("verdict-mark"), paid() ? "✓" : "–");
        show(find("verdict-words"), verdictText());
    }
    factsDraw();
    find("return").hidden = !(paid() && trade.returns);
    find("trade-fault").hidden = news === null;
    show(find("trade-fault"), news === null ? "" : frame.fault(news));
}

function confirmDraw() {
    const known = door.shopper !== null;
    find("confirm").hidden = !known;
    show(find("pay"), frame.say("pay", { amount: frame.money(trade.list_minor, trade.currency) }));
    show(find("account-now"), known ? frame.say("account_now", { account: door.shopper.user_id }) : "");
    for (const id of ["pay", "decline", "logout"]) find(id).disabled = busy;
    find("confirm-fault").hidden = fault === null;
    show(find("confirm-fault"), fault === null ? "" : frame.fault(fault));
}

function draw() {
    find("lost").hidden = !lost;
    find("trade").hidden = lost || trade === null;
    find("ways").hidden = !waits();
    login.draw();
    if (trade === null) return;
    tradeDraw();
    if (!waits()) return;
    confirmDraw();
    void login.open(door.shopper === null);
    if (find("qr").getAttribute("src") === null) find("qr").src = address + "/qr.svg";
}

async function ask() {
    try {
        const now = await readings.begin().get(address + "/trade");
        const waited = waits();
        trade = now;
        news = null;
        if (waited && !waits()) ended();
    } catch (error) {
        if (error.status === 404) lost = true;
        else if (!(error instanceof Outdated)) news = error; /* then somebody knows it better */
    }
    draw();
}

/* The trade ended while the page was open: say so, and take the shopper back when it was paid. */
function ended() {
    witnessed = true;
    frame.announce(verdictText());
    if (!paid() || !trade.returns) return;
    setTimeout(goBack, return_after_ms);
}

function goBack() {
    location.assign(address + "/return");
}

async function askOn() {
    if (!document.hidden && !busy) await ask();
    if (!lost && (trade === null || waits())) setTimeout(askOn, ask_every_ms);
}

/* Does what the shopper wants with the trade, which becomes this shopper's by being looked at. */
async function act(step) {
    if (busy) return;
    busy = true;
    fault = null;
    draw();
    try {
        await readings.changing(async () => {
            await door.change("/v1/qr/scan", { qr: trade.qr });
            if (step !== null) await door.change(`/v1/trades/${trade.trade_id}/${step}`);
        });
    } catch (error) {
        fault = error;
        frame.announce(frame.fault(error));
    }
    busy = false;
    await ask();
}

async function begun() {
    await act(null);
    if (waits()) find("pay").focus();
}

async function logout() {
    try {
        await door.end();
        fault = null;
    } catch (error) {
        fault = error;
    }
    draw();
    if (!find("login").hidden) find("account").focus();
}

async function start() {
    frame.start();
    find("pay").addEventListener("click", () => act("confirm"));
    find("decline").addEventListener("click", () => act("decline"));
    find("logout").addEventListener("click", logout);
    find("return").addEventListener("click", goBack);
    try {
        await door.open();
    } catch (error) {
        news = error;
    }
    await askOn();
}

void start();
