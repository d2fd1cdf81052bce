/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live page: one stream in, panels out. Holds the language and the theme; everything else is in its
 * module.
 */
import { ActivityPanel } from "./activity.js";
import { BooksPanel } from "./books.js";
import { CampaignPanel } from "./campaigns.js";
import { find, show } from "./document.js";
import { Formatter } from "./format.js";
import { Model } from "./model.js";
import { preferenceGet, preferenceSet } from "./preference.js";
import { RatePlot } from "./rate_plot.js";
import { Stream } from "./stream.js";
import { texts, textOf } from "./text.js";

const themes = ["system", "light", "dark"];

const model = new Model();
/* What panels need to speak: replaced members, one object, so that all see a change of language at once. */
const context = {
    language: "en",
    say: (key, values) => textOf(context.language, key, values),
    format: null,
};
const plot = new RatePlot(find("rate-plot"), {
    count: (number) => context.format.compact(number),
    ago: (seconds) => context.say("plot_ago", { seconds }),
    now: () => context.say("plot_now"),
    peak: (number) => context.say("plot_peak", { value: context.format.count(number) }),
});
const books = new BooksPanel(context);
const campaigns = new CampaignPanel(context);
const activity = new ActivityPanel(context);
let connection = { state: "", silent: 0 };

function languageDefault() {
    const kept = preferenceGet("language");
    if (kept !== null && Object.hasOwn(texts, kept)) return kept;
    const wanted = navigator.languages?.length > 0 ? navigator.languages : [navigator.language ?? "en"];
    return /^zh\b/i.test(wanted[0]) ? "zh" : "en";
}

function languageShow(language) {
    context.language = language;
    document.documentElement.lang = texts[language].tag;
    formatRenew();
    for (const element of document.querySelectorAll("[data-text]"))
        show(element, context.say(element.dataset.text));
    for (const element of document.querySelectorAll("[data-label]"))
        element.setAttribute("aria-label", context.say(element.dataset.label));
    for (const button of document.querySelectorAll("[data-language]"))
        button.setAttribute("aria-pressed", String(button.dataset.language === language));
    themeShow();
    connectionShow();
    for (const panel of [books, campaigns, activity]) panel.show();
    helloShow();
    clockShow();
    plotLabelShow();
    plot.restyle();
}

function formatRenew() {
    const { currency, digits, zone_minutes } = model.hello ?? { currency: "CNY", digits: 2, zone_minutes: 0 };
    context.format = new Formatter(texts[context.language].tag, currency, digits, zone_minutes);
}

function themeNow() {
    const kept = document.documentElement.dataset.theme;
    return themes.includes(kept) ? kept : "system";
}

function themeShow() {
    show(find("theme"), context.say("theme_" + themeNow()));
}

function themeNext() {
    const next = themes[(themes.indexOf(themeNow()) + 1) % themes.length];
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    preferenceSet("theme", next);
    themeShow();
    plot.restyle();
}

function connectionShow() {
    const { state, silent } = connection;
    if (state === "") return;
    const old = silent > 3;
    document.body.dataset.stream = state;
    show(find("stream-state"), context.say("stream_" + state));
    find("stream-silent").hidden = !old;
    show(
        find("stream-silent"),
        old ? context.say("stream_silent_for", { seconds: context.format.count(silent) }) : "",
    );
}

function announce(text) {
    show(find("announcer"), text);
}

function connectionTake(state, silent) {
    const changed = state !== connection.state;
    connection = { state, silent };
    connectionShow();
    if (changed) announce(context.say("stream_heard_" + state));
}

function helloShow() {
    const hello = model.hello;
    if (hello === null) return;
    const now = model.second?.at ?? hello.started_at;
    show(find("foot-server"), context.say("foot_server", { version: hello.version }));
    show(find("foot-store"), context.say("foot_store", { store: hello.store }));
    show(
        find("foot-since"),
        context.say("foot_since", { time: context.format.moment(hello.started_at, now) }),
    );
    find("clock-test").hidden = !hello.test_clock;
}

function clockShow() {
    const at = model.second?.at;
    if (at === undefined) return;
    show(find("clock-time"), context.format.clock(at));
    show(find("clock-day"), context.format.date(at));
    find("clock-time").dateTime = new Date(at).toISOString();
}

function plotLabelShow() {
    const peak = context.format.count(Math.max(0, ...model.rates));
    const now = context.format.count(model.rates.at(-1) ?? 0);
    find("rate-plot").setAttribute("aria-label", context.say("plot_label", { now, peak }));
}

function changesAnnounce(changes) {
    for (const change of changes) {
        if (change.kind === "used_up") announce(context.say("heard_used_up", { name: change.name }));
        else if (change.kind === "campaign")
            announce(
                context.say("heard_campaign", {
                    name: change.name,
                    state: context.say("campaign_" + change.state),
                }),
            );
        else if (change.state !== "broken")
            announce(context.say("heard_law_held", { law: books.lawText(change.law) }));
        /* A broken law is announced by the alarm itself. */
    }
}

function secondTake(second) {
    const changes = model.takeSecond(second);
    document.body.dataset.news = "some";
    find("payments-none").hidden = second.payments_total > 0;
    plot.take(model.rates);
    plotLabelShow();
    clockShow();
    activity.take(second);
    campaigns.take(second, model.burns);
    books.take(second);
    changesAnnounce(changes);
}

function start() {
    languageShow(languageDefault());
    for (const button of document.querySelectorAll("[data-language]"))
        button.addEventListener("click", () => {
            preferenceSet("language", button.dataset.language);
            languageShow(button.dataset.language);
        });
    find("theme").addEventListener("click", themeNext);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.restyle());
    plot.start();
    const stream = new Stream("/v1/live", {
        hello: (hello) => {
            model.takeHello(hello);
            formatRenew();
            helloShow();
            plot.take(model.rates);
        },
        second: secondTake,
        state: connectionTake,
    });
    stream.open();
}

start();
