/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's shoppers: each one's pay code of now, and the wallet as that shopper sees it. */
import { find, make, show, showList } from "/live/document.js";
import { Door } from "/shopper/door.js";
import { Frame } from "/shopper/frame.js";
import { words } from "/sandbox/text.js";

const door = new Door();
const frame = new Frame(words, draw);
const codes = new Map();
let shoppers = [];
let fault = null;

function shopperMake(shopper) {
    const code = make("button");
    code.type = "button";
    code.addEventListener("click", () => codeShow(shopper));
    const wallet = make("button", "main");
    wallet.type = "button";
    wallet.addEventListener("click", () => walletOpen(shopper));
    const line = make("p", "trade-line", make("b"), make("span", "quiet"));
    return make("li", "trade", line, make("p", "digits"), make("div", "row", wallet, code));
}

function shopperDraw(element, shopper) {
    const [wallet, code] = element.querySelectorAll("button");
    show(element.querySelector("b"), shopper.name);
    show(element.querySelector("span"), [shopper.user_id, shopper.logon_id].filter(Boolean).join(" · "));
    show(element.querySelector(".digits"), codes.get(shopper.shopper_id) ?? "");
    show(wallet, frame.say("wallet_open"));
    show(code, frame.say("code_show"));
}

function draw() {
    showList(find("shoppers"), shoppers, (shopper) => shopper.shopper_id, shopperMake, shopperDraw);
    find("fault").hidden = fault === null;
    show(find("fault"), fault === null ? "" : frame.fault(fault));
}

async function doing(act) {
    fault = null;
    try {
        await act();
    } catch (error) {
        fault = error;
    }
    draw();
}

/* { pay_code, login_code } of one of the shopper's phones. */
function codesOf(shopper) {
    return door.get(`/v1/sandbox/shoppers/${shopper.shopper_id}/pay_code`);
}

function codeShow(shopper) {
    return doing(async () => {
        codes.set(shopper.shopper_id, (await codesOf(shopper)).pay_code);
        frame.announce(codes.get(shopper.shopper_id));
    });
}

function walletOpen(shopper) {
    return doing(async () => {
        await door.begin(shopper.user_id, (await codesOf(shopper)).login_code);
        location.assign("/wallet/");
    });
}

async function start() {
    frame.start();
    await doing(async () => {
        shoppers = (await door.get("/v1/sandbox/shoppers")).data;
    });
}

void start();
