/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the page knows: the last hello, the last second, the plots' samples, and what changed since the second
 * before (for the announcements). Knows nothing of the document. Everything it keeps is bounded.
 */
import { history_max } from "./message.js";

const rates_max = history_max + 2; /* one gliding in at the right, one gliding out at the left */
const burn_points_max = 240;

export class Model {
    constructor() {
        this.hello = null;
        this.second = null;
        this.rates = []; /* payments per second, oldest first, at most rates_max */
        this.burns = new Map(); /* campaign_id → [{at, left}], oldest first */
    }

    /*
     * A hello comes at every connection and replaces the samples: the server's memory has no gap, ours may.
     */
    takeHello(hello) {
        this.hello = hello;
        this.rates = hello.history.map((sample) => sample.payments_per_second);
        const burns = new Map();
        for (const campaign of hello.campaigns)
            burns.set(
                campaign.campaign_id,
                campaign.burn.length > 0 ? campaign.burn : (this.burns.get(campaign.campaign_id) ?? []),
            );
        this.burns = burns;
    }

    /* Returns what changed: [{ kind: 'law' | 'used_up' | 'campaign', … }]. */
    takeSecond(second) {
        this.rates.push(second.payments_per_second);
        if (this.rates.length > rates_max) this.rates.shift();
        const burns = new Map();
        for (const campaign of second.campaigns) {
            const points = this.burns.get(campaign.campaign_id) ?? [];
            burns.set(campaign.campaign_id, burnAppend(points, { at: second.at, left: campaign.left }));
        }
        this.burns = burns;
        const changes = this.second === null ? [] : changesBetween(this.second, second);
        this.second = second;
        return changes;
    }
}

/* Keeps the shape of the whole day in a bounded number of points: when full, every other old point goes. */
function burnAppend(points, point) {
    const last = points.at(-1);
    if (last !== undefined && point.at < last.at)
        return [point]; /* the server's clock was set back: the old points have no place on the axis */
    if (last !== undefined && point.at === last.at) return [...points.slice(0, -1), point];
    if (points.length < burn_points_max) return [...points, point];
    return [...points.filter((_, index) => index % 2 === 0), point];
}

function changesBetween(before, after) {
    const changes = [];
    const laws = new Map(before.laws.map((law) => [law.law, law.state]));
    for (const law of after.laws) {
        const was = laws.get(law.law);
        if (was !== undefined && was !== law.state && (was === "broken" || law.state === "broken"))
            changes.push({ kind: "law", law: law.law, state: law.state });
    }
    const campaigns = new Map(before.campaigns.map((campaign) => [campaign.campaign_id, campaign]));
    for (const campaign of after.campaigns) {
        const was = campaigns.get(campaign.campaign_id);
        if (was === undefined) continue;
        if (was.left > 0n && campaign.left <= 0n) changes.push({ kind: "used_up", name: campaign.name });
        else if (was.state !== campaign.state)
            changes.push({ kind: "campaign", name: campaign.name, state: campaign.state });
    }
    return changes;
}
