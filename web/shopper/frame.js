/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every page for shoppers has around it: the language and theme switches, the words, the sentence that is
 * read out. A page brings its own words for both languages; they come before the shared ones.
 */
import { find, show } from "/live/document.js";
import { Formatter } from "/live/format.js";
import { preferenceGet, preferenceSet } from "/live/preference.js";
import { refusalText } from "/live/text.js";
import { shared } from "/shopper/text.js";

const themes = ["system", "light", "dark"];
const tags = { en: "en", zh: "zh-Hans-CN" };

/* ISO 4217 numbers of the currencies that the till knows, with their codes and decimals. */
const currencies = {
    156: ["CNY", 2],
    344: ["HKD", 2],
    356: ["INR", 2],
    392: ["JPY", 0],
    410: ["KRW", 0],
    702: ["SGD", 2],
    764: ["THB", 2],
    840: ["USD", 2],
    978: ["EUR", 2],
    986: ["BRL", 2],
};

export class Frame {
    /* words: { en: {…}, zh: {…} }; redraw: called whenever the language changes, also the first time. */
    constructor(words, redraw) {
        this.words = words;
        this.redraw = redraw;
        this.language = "en";
        this.formats = new Map();
    }

    say(key, values = {}) {
        const pattern = this.words[this.language][key] ?? shared[this.language][key] ?? key;
        return pattern.replace(/\{(\w+)\}/g, (hole, name) => (name in values ? String(values[name]) : hole));
    }

    /* Plain words for what went wrong. */
    fault(error) {
        const key = "fault_" + error.code;
        const known = this.words[this.language][key] ?? shared[this.language][key];
        return known ?? refusalText(this.language, error.code ?? "unreachable");
    }

    format(currency) {
        const key = this.language + currency;
        if (!this.formats.has(key)) {
            const [code, digits] = currencies[currency] ?? ["XTS", 2];
            this.formats.set(key, new Formatter(tags[this.language], code, digits, 480));
        }
        return this.formats.get(key);
    }

    money(minor, currency) {
        return this.format(currency).money(BigInt(minor));
    }

    announce(text) {
        show(find("announcer"), text);
    }

    start() {
        this.languageShow(this.languageDefault());
        for (const button of document.querySelectorAll("[data-language]"))
            button.addEventListener("click", () => {
                preferenceSet("language", button.dataset.language);
                this.languageShow(button.dataset.language);
            });
        find("theme").addEventListener("click", () => this.themeNext());
    }

    languageDefault() {
        const kept = preferenceGet("language");
        if (kept === "en" || kept === "zh") return kept;
        return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
    }

    languageShow(language) {
        this.language = language;
        document.documentElement.lang = tags[language];
        for (const element of document.querySelectorAll("[data-text]"))
            show(element, this.say(element.dataset.text));
        for (const element of document.querySelectorAll("[data-label]"))
            element.setAttribute("aria-label", this.say(element.dataset.label));
        for (const element of document.querySelectorAll("[data-alt]")) element.alt = this.say(element.dataset.alt);
        for (const element of document.querySelectorAll("[data-hint]"))
            element.placeholder = this.say(element.dataset.hint);
        for (const button of document.querySelectorAll("[data-language]"))
            button.setAttribute("aria-pressed", String(button.dataset.language === language));
        document.title = this.say("title");
        this.themeShow();
        this.redraw();
    }

    themeShow() {
        const kept = document.documentElement.dataset.theme;
        show(find("theme"), this.say("theme_" + (themes.includes(kept) ? kept : "system")));
    }

    themeNext() {
        const now = themes.indexOf(document.documentElement.dataset.theme ?? "system");
        const next = themes[(now + 1) % themes.length];
        if (next === "system") delete document.documentElement.dataset.theme;
        else document.documentElement.dataset.theme = next;
        preferenceSet("theme", next);
        this.themeShow();
    }
}
