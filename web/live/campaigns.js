/* SPDX-License-Identifier: Apache-2.0 */
/* The campaigns: one burn-down each. */
import { burnPlotMake, burnPlotShow, burnSpan } from "./burn_plot.js";
import { find, make, show, showList } from "./document.js";

const few = 3;
const order = { live: 0, paused: 1, ended: 2 };

export class CampaignPanel {
    /* context: { say(key, values), format } of the moment. */
    constructor(context) {
        this.context = context;
        this.all = false;
        this.list = find("campaigns");
        this.more = find("campaigns-more");
        this.more.addEventListener("click", () => {
            this.all = !this.all;
            this.show();
        });
    }

    take(second, burns) {
        this.second = second;
        this.burns = burns;
        this.show();
    }

    show() {
        if (this.second === undefined) return;
        const { say, format } = this.context;
        const campaigns = [...this.second.campaigns].sort((a, b) => order[a.state] - order[b.state]);
        const shown = this.all ? campaigns : campaigns.slice(0, few);
        find("campaigns-none").hidden = campaigns.length > 0;
        this.more.hidden = campaigns.length <= few;
        this.more.setAttribute("aria-expanded", String(this.all));
        show(
            this.more,
            this.all
                ? say("campaigns_fewer")
                : say("campaigns_all", { count: format.count(campaigns.length) }),
        );
        showList(
            this.list,
            shown,
            (item) => item.campaign_id,
            cardMake,
            (card, item) => this.showCard(card, item),
        );
    }

    showCard(card, campaign) {
        const { say, format } = this.context;
        const part = (name) => card.querySelector("." + name);
        const used_up = campaign.left <= 0n && campaign.budget > 0n;
        const share = format.share(campaign.left, campaign.budget);
        card.dataset.state = campaign.state;
        card.dataset.used = String(used_up);
        show(part("campaign-name"), campaign.name);
        part("campaign-name").title = campaign.name;
        show(part("campaign-state"), say("campaign_" + campaign.state));
        show(part("campaign-share"), share);
        show(part("campaign-word"), say("campaign_left"));
        const left = format.money(campaign.left);
        const budget = format.money(campaign.budget);
        show(part("campaign-left"), say("campaign_left_of", { left, budget }));
        const spent = format.money(campaign.spent);
        const count = format.count(campaign.uses);
        show(part("campaign-spent"), say("campaign_spent", { spent, count, plural: campaign.uses }));
        show(part("campaign-empty"), this.emptyText(campaign, used_up));

        const burning = !used_up && campaign.state === "live" ? campaign.empty_at : null;
        const points = this.burns.get(campaign.campaign_id);
        const label = say("campaign_plot", { name: campaign.name, share });
        burnPlotShow(part("campaign-plot").firstChild, points, campaign.budget, burning, label);
        const span = burnSpan(points, burning);
        show(part("campaign-from"), format.moment(span.from, span.now));
        show(part("campaign-to"), format.moment(span.to, span.now));
    }

    emptyText(campaign, used_up) {
        const { say, format } = this.context;
        const now = this.second.at;
        if (used_up) {
            if (campaign.empty_at === null) return say("campaign_used_up");
            return say("campaign_used_up_at", { time: format.moment(campaign.empty_at, now) });
        }
        if (campaign.state !== "live") return "";
        if (campaign.empty_at === null) return say("campaign_not_burning");
        return say("campaign_empty_at", { time: format.moment(campaign.empty_at, now) });
    }
}

function cardMake() {
    const plot = make("div", "campaign-plot");
    plot.append(burnPlotMake());
    return make(
        "li",
        "campaign",
        make("div", "campaign-head", make("h3", "campaign-name"), make("span", "campaign-state")),
        make(
            "p",
            "campaign-figure",
            make("span", "campaign-share"),
            " ",
            make("span", "campaign-word quiet"),
        ),
        make("p", "campaign-left"),
        plot,
        make("div", "campaign-axis quiet", make("span", "campaign-from"), make("span", "campaign-to")),
        make("p", "campaign-empty"),
        make("p", "campaign-spent quiet"),
    );
}
