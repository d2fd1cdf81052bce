/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shopper's wallet: the balance, what waits to be confirmed, a QR code to scan, what was paid lately. Where
 * the server is a sandbox it also shows the codes of now, which elsewhere only the shopper's own phone can make.
 * It asks every two seconds for what may have changed; a page in the background asks for nothing.
 */
import { find, make, show, showList } from "/live/document.js";
import { Door, requestKey } from "/shopper/door.js";
import { Frame } from "/shopper/frame.js";
import { Login } from "/shopper/login.js";
import { Outdated, Readings } from "/shopper/reading.js";
import { minorOf } from "/wallet/amount.js";
import { LoginCode } from "/wallet/login_code.js";
import { PayCode } from "/wallet/pay_code.js";
import { readPicture, picturesReadable } from "/wallet/picture.js";
import { words } from "/wallet/text.js";

const ask_every_ms = 2000;
const lines_count = 8;

const door = new Door();
const readings = new Readings(door);
const frame = new Frame(words, draw);
const login = new Login(frame, door, begun);
const pay_code = new PayCode(door, frame);
const login_code = new LoginCode(door, frame);
const faults = { waiting: null, scan: null };
let wallet = null;
let waiting = [];
let lines = [];
let counter = null; /* the text of a counter's code, whose amount is being typed */
let counter_key = "";
let busy = false;

function faultDraw(name) {
    const error = faults[name];
    find(name + "-fault").hidden = error === null;
    show(find(name + "-fault"), error === null ? "" : frame.fault(error));
}

function tradeMake(trade) {
    const buttons = make("div", "row");
    for (const step of ["confirm", "decline"]) {
        const button = make("button", step === "confirm" ? "main" : "");
        button.type = "button";
        button.dataset.step = step;
        button.addEventListener("click", () => answer(trade.trade_id, step));
        buttons.append(button);
    }
    const line = make("p", "trade-line", make("b"), make("b"));
    return make("li", "trade", line, make("p", "quiet"), buttons);
}

function tradeDraw(element, trade) {
    const [subject, amount] = element.querySelectorAll("b");
    const { currency, list_minor } = trade;
    show(subject, trade.subject || frame.say("no_subject"));
    show(amount, frame.money(list_minor, currency));
    show(element.querySelector("p.quiet"), frame.say("order", { number: trade.out_trade_no }));
    for (const button of element.querySelectorAll("button")) {
        show(button, frame.say(button.dataset.step));
        button.disabled = busy;
    }
}

function lineDraw(element, line) {
    const [what, amount] = element.querySelectorAll("b");
    const at = Date.parse(line.at);
    show(what, frame.say("cause_" + line.cause));
    show(amount, frame.money(line.amount_minor, wallet.currency));
    show(element.querySelector("p.quiet"), frame.format(wallet.currency).moment(at, 0));
}

function draw() {
    const known = door.shopper !== null;
    login.draw();
    void login.open(!known);
    for (const id of ["money", "waiting", "scan", "past"]) find(id).hidden = !known;
    pay_code.draw(known);
    login_code.draw(known);
    if (!known) return;
    show(find("account-now"), frame.say("account_now", { account: door.shopper.user_id }));
    show(find("balance"), wallet === null ? "–" : frame.money(wallet.balance_minor, wallet.currency));
    find("waiting-none").hidden = waiting.length > 0;
    showList(find("trades"), waiting, (trade) => trade.trade_id, tradeMake, tradeDraw);
    find("past-none").hidden = lines.length > 0;
    if (wallet !== null)
        showList(
            find("lines"),
            lines,
            (line) => line.transfer_id,
            () => make("li", "trade", make("p", "trade-line", make("b"), make("b")), make("p", "quiet")),
            lineDraw,
        );
    find("amount-field").hidden = counter === null;
    find("picture-label").hidden = !picturesReadable();
    faultDraw("waiting");
    faultDraw("scan");
}

async function ask() {
    const path = "/v1/shoppers/" + door.shopper.shopper_id;
    const reading = readings.begin();
    const [now, waits, statement] = await Promise.all([
        reading.get(path + "/wallet"),
        reading.get(path + "/waiting"),
        reading.get(`${path}/wallet/statement?limit=${lines_count}`),
    ]);
    const known = new Set(waiting.map((trade) => trade.trade_id));
    for (const trade of waits.data)
        if (!known.has(trade.trade_id))
            frame.announce(frame.say("heard_waiting", { amount: frame.money(trade.list_minor, trade.currency) }));
    const moved = wallet !== null && wallet.transfer_id !== now.transfer_id;
    wallet = now;
    waiting = waits.data;
    lines = statement.data;
    if (moved) pay_code.renewSoon();
}

/* What does not come now comes in two seconds; only a session that is over is the shopper's business. */
async function askOnce() {
    if (door.shopper === null) return;
    try {
        await ask();
        faults.waiting = null;
    } catch (error) {
        if (!(error instanceof Outdated)) faults.waiting = error; /* then somebody knows it better */
    }
    draw();
}

async function askOn() {
    if (!document.hidden && !busy) await askOnce();
    setTimeout(askOn, ask_every_ms);
}

/* Does one thing at a time, shows why it could not be done, and asks anew how everything stands. */
async function doing(name, act) {
    if (busy) return;
    busy = true;
    faults[name] = null;
    draw();
    try {
        await readings.changing(act);
    } catch (error) {
        faults[name] = error;
        frame.announce(frame.fault(error));
    }
    busy = false;
    const kept = faults[name];
    await askOnce();
    faults[name] = kept;
    draw();
}

function answer(trade_id, step) {
    return doing("waiting", async () => {
        await door.change(`/v1/trades/${trade_id}/${step}`);
        frame.announce(frame.say(step === "confirm" ? "heard_paid" : "heard_declined"));
    });
}

/* What a shop's app hands to the wallet app: a signed order, which the gateway turns into a checkout. */
async function open(order) {
    const headers = { "Content-Type": "application/x-www-form-urlencoded;charset=utf-8" };
    const answer = await fetch("/gateway.do", { method: "POST", headers, body: order }).catch(() => null);
    const address = answer?.headers.get("Onetill-Checkout");
    if (!address) throw Object.assign(new Error("no order"), { code: "order" });
    location.assign(new URL(address, location.href).pathname);
}

/* A trade's code is looked at and then waits; a counter's code, which the server tells by refusing, wants an amount. */
async function scan(text) {
    if (/(^|&)method=alipay\.trade\.app\.pay(&|$)/.test(text)) return open(text);
    try {
        await door.change("/v1/qr/scan", { qr: text });
    } catch (error) {
        if (error.code !== "qr_invalid") throw error;
        counter = text;
        counter_key = requestKey();
        return;
    }
    find("qr-text").value = "";
}

async function payCounter() {
    const amount_minor = minorOf(find("amount").value);
    if (amount_minor === null) throw Object.assign(new Error(), { code: "amount" });
    await door.change("/v1/qr/pay", { qr: counter, amount_minor, confirmed: true }, counter_key);
    frame.announce(frame.say("heard_paid"));
    counterForget();
    find("qr-text").value = "";
    find("amount").value = "";
}

function counterForget() {
    counter = null;
    draw();
}

async function scanSubmit() {
    const text = find("qr-text").value.trim();
    if (text === "") return;
    await doing("scan", () => (counter === text ? payCounter() : scan(text)));
    if (counter !== null) find("amount").focus();
}

async function pictureTake() {
    const [file] = find("picture").files;
    find("picture").value = "";
    if (file === undefined) return;
    await doing("scan", async () => {
        find("qr-text").value = await readPicture(file);
        await scan(find("qr-text").value.trim());
    });
}

async function begun() {
    await askOnce();
    pay_code.renewSoon();
    const text = new URLSearchParams(location.hash.slice(1)).get("scan");
    if (text !== null && find("qr-text").value === "") find("qr-text").value = text;
    find("money").querySelector("button").focus();
}

async function logout() {
    try {
        await door.end();
    } catch {
        door.shopper = null; /* the cookie ends by itself */
    }
    readings.forget();
    wallet = null;
    waiting = [];
    lines = [];
    draw();
    find("account").focus();
}

async function start() {
    frame.start();
    find("logout").addEventListener("click", logout);
    find("renew").addEventListener("click", () => pay_code.renew());
    find("picture").addEventListener("change", pictureTake);
    find("qr-text").addEventListener("input", counterForget);
    find("scan-form").addEventListener("submit", (event) => {
        event.preventDefault();
        void scanSubmit();
    });
    try {
        if ((await door.open()) !== null) await begun();
    } catch (error) {
        login.error = error;
    }
    draw();
    void askOn();
}

void start();
