/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books: the trial balance, which must be zero, the equation of discounts and budgets, one light per
 * law, the alarm.
 */
import { find, make, show, showList } from "./document.js";

/* In the order of the design; a law that the server adds later comes after these. */
const laws_known = [
    "money_conserved",
    "budget_kept",
    "stock_kept",
    "voucher_once",
    "seat_once",
    "reservation_kept",
    "answer_durable",
];
const marks = { held: "✓", broken: "✕", unused: "–" };

export class BooksPanel {
    constructor(context) {
        this.context = context;
    }

    lawText(law) {
        return laws_known.includes(law) ? this.context.say("law_" + law) : law.replaceAll("_", " ");
    }

    take(second) {
        this.second = second;
        this.show();
    }

    show() {
        if (this.second === undefined) return;
        const { say, format } = this.context;
        const zero = this.second.trial_balance === 0n;
        find("trial").dataset.zero = String(zero);
        show(find("trial-amount"), format.amount(this.second.trial_balance));
        show(find("trial-words"), say(zero ? "trial_zero" : "trial_off"));
        show(find("trial-mark"), zero ? "✓" : "✕");
        this.showEquation();
        const rank = (law) =>
            laws_known.includes(law.law) ? laws_known.indexOf(law.law) : laws_known.length;
        const laws = [...this.second.laws].sort((a, b) => rank(a) - rank(b));
        showList(
            find("laws"),
            laws,
            (law) => law.law,
            lawMake,
            (row, law) => this.showLaw(row, law),
        );
        this.showAlarm(
            laws.filter((law) => law.state === "broken"),
            zero,
        );
    }

    showEquation() {
        const { say, format } = this.context;
        const discount = this.second.discount_total;
        const spent = this.second.budget_spent_total;
        const equal = discount === spent;
        find("equation").dataset.equal = String(equal);
        show(find("equation-discount"), format.money(discount));
        show(find("equation-budget"), format.money(spent));
        show(find("equation-sign"), equal ? "=" : "≠");
        show(find("equation-mark"), equal ? "✓" : "✕");
        const difference = format.money(discount > spent ? discount - spent : spent - discount);
        show(find("equation-words"), equal ? say("equation_equal") : say("equation_differs", { difference }));
    }

    showLaw(row, law) {
        const { say, format } = this.context;
        row.dataset.law = law.law;
        row.dataset.state = law.state;
        show(row.querySelector(".law-light"), marks[law.state]);
        show(row.querySelector(".law-name"), this.lawText(law.law));
        show(row.querySelector(".law-state"), say("law_" + law.state));
        const time = law.checked_at === null ? "" : format.clock(law.checked_at);
        const checks = say("law_checks", { count: format.count(law.checks), plural: law.checks, time });
        show(row.querySelector(".law-checks"), time === "" ? "" : checks);
    }

    /* role=alert: what is written here is read out at once, and only when it changes. */
    showAlarm(broken, zero) {
        const { say, format } = this.context;
        const lines = broken.map((law) => say("alarm_law", { law: this.lawText(law.law) }));
        if (!zero) lines.push(say("alarm_balance", { amount: format.money(this.second.trial_balance) }));
        const alarm = find("alarm");
        alarm.hidden = lines.length === 0;
        show(alarm, lines.join(" "));
        document.body.dataset.alarm = String(lines.length > 0);
    }
}

function lawMake() {
    const light = make("span", "law-light");
    light.setAttribute("aria-hidden", "true");
    return make(
        "li",
        "law",
        light,
        make("span", "law-name"),
        make("span", "law-state"),
        make("span", "law-checks quiet"),
    );
}
