/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An app asks who the shopper is. The page shows which app, what it would learn and where the browser goes next;
 * nothing happens before the shopper agrees. The server looks at the address again when that is said.
 */
import { find, make, show } from "/live/document.js";
import { Door } from "/shopper/door.js";
import { Frame } from "/shopper/frame.js";
import { Login } from "/shopper/login.js";
import { words } from "/oauth/text.js";

const query = new URLSearchParams(location.search);

/* Several are asked for with commas between them; the larger one includes the other. */
function scopeOf(text) {
    const list = text.split(",");
    return list.includes("auth_user") ? "auth_user" : list[0];
}

const wish = {
    app_id: query.get("app_id") ?? "",
    scope: scopeOf(query.get("scope") ?? "auth_base"),
    redirect_uri: query.get("redirect_uri") ?? "",
    state: query.get("state") ?? "",
};

const door = new Door();
const frame = new Frame(words, draw);
const login = new Login(frame, door, () => {
    draw();
    find("agree").focus();
});
let app = null;
let lost = null;
let fault = null;
let busy = false;

function draw() {
    login.draw();
    find("lost").hidden = lost === null;
    find("asks").hidden = app === null;
    find("ways").hidden = app === null;
    if (lost !== null) show(find("lost-words"), lostText());
    if (app === null) return;
    show(find("app"), app.app);
    show(find("merchant"), frame.say("of_merchant", { merchant: app.merchant }));
    const learns = wish.scope === "auth_user" ? ["learns_number", "learns_name"] : ["learns_number"];
    find("scopes").replaceChildren(...learns.map((key) => make("li", "", "· " + frame.say(key))));
    show(find("asks-where"), frame.say("goes_to", { host: new URL(wish.redirect_uri).host }));
    const known = door.shopper !== null;
    find("confirm").hidden = !known;
    show(find("account-now"), known ? frame.say("account_now", { account: door.shopper.user_id }) : "");
    for (const id of ["agree", "logout"]) find(id).disabled = busy;
    find("confirm-fault").hidden = fault === null;
    show(find("confirm-fault"), fault === null ? "" : frame.fault(fault));
    void login.open(!known);
}

function lostText() {
    const key = "lost_" + (lost.field ?? lost.code);
    return key in words.en ? frame.say(key) : frame.fault(lost);
}

async function agree() {
    if (busy) return;
    busy = true;
    fault = null;
    draw();
    try {
        const { redirect } = await door.call("POST", "/oauth2/grant", wish);
        location.assign(redirect);
        return; /* the page goes; nothing is to be pressed any more */
    } catch (error) {
        fault = error;
        frame.announce(frame.fault(error));
    }
    busy = false;
    draw();
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
    find("agree").addEventListener("click", agree);
    find("logout").addEventListener("click", logout);
    try {
        await door.open();
        app = await door.get("/oauth2/app?" + new URLSearchParams(wish));
    } catch (error) {
        lost = error;
    }
    draw();
}

void start();
