/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking vouchers without a network: of those that are set aside for this shop, whose pieces are on its account, so
 * that nobody else can have them. A till knows the list of them, and believes the signed text that a phone shows
 * (docs/offline.md) of what was set aside after the network was gone. What was taken is kept in this browser until the
 * server has heard of it, also over a break of power; it is told in the order in which it was taken.
 */

import { Reading } from "/shopper/reading.js";

const told_most = 32; /* of one request */
const signed_form = /^(ov1\.(\d{12})\.(\d+)\.(\d+)\.\d+\.(\d+)\.(\d+)\.(\d+)\.(\d+))\.([\w-]{86})$/;

const bytesOf = (base64url) =>
    Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

const refuse = (code) => {
    throw Object.assign(new Error(code), { code });
};

export class Offline {
    constructor(staff) {
        this.staff = staff;
        this.kept = new Map(); /* code: voucher */
        this.key = null; /* with which the server signs; a browser without Ed25519 has the list only */
        this.taken = [];
        this.conflicts = [];
        this.result = null; /* of the last telling: { good, bad } */
    }

    get store_key() {
        return "onetill.taken." + this.staff.shop_id;
    }

    begin() {
        try {
            this.taken = JSON.parse(localStorage.getItem(this.store_key) ?? "[]");
        } catch {
            this.taken = [];
        }
    }

    /* False: the browser does not keep it, and then it must not be taken. */
    keep() {
        try {
            localStorage.setItem(this.store_key, JSON.stringify(this.taken));
            return true;
        } catch {
            return false;
        }
    }

    async load() {
        const { door } = this.staff;
        const { shop } = door;
        const reading = new Reading(door);
        const kept = await reading.list(`/v1/shops/${shop.shop_id}/kept-vouchers`, 2000);
        const conflicts = await reading.get(`/v1/shops/${shop.shop_id}/conflicts?limit=10`);
        if (!this.staff.believes(reading, shop)) return false;
        this.kept = new Map(kept.map((voucher) => [voucher.code, voucher]));
        this.conflicts = conflicts.data;
        this.key ??= await this.keyAsk(door, shop.shop_id);
        return true;
    }

    async keyAsk(door, shop_id) {
        const { data } = await door.get(`/v1/shops/${shop_id}/voucher-quotas?limit=1`);
        if (data.length === 0) return null;
        const { offline_key } = await door.get(`/v1/shops/${shop_id}/voucher-quotas/${data[0].deal_id}`);
        try {
            return await crypto.subtle.importKey("raw", bytesOf(offline_key), "Ed25519", false, ["verify"]);
        } catch {
            return null;
        }
    }

    /* Puts what a signed text says on the list; throws when it is not signed by the server, or is another shop's. */
    async trust(text, title) {
        const found = signed_form.exec(text) ?? refuse("offline_signature");
        const [, body, code, voucher_id, deal_id, shop_id, pieces, face, accept_s, signature] = found;
        if (this.kept.has(code)) return;
        const bytes = new TextEncoder().encode(body);
        const holds =
            this.key !== null && (await crypto.subtle.verify("Ed25519", this.key, bytesOf(signature), bytes));
        if (!holds) refuse("offline_signature");
        if (shop_id !== this.staff.shop_id) refuse("offline_shop");
        this.kept.set(code, {
            voucher_id,
            deal_id,
            title,
            pieces_left: Number(pieces),
            face_minor: Number(face),
            face_left_minor: Number(face),
            currency: 156,
            kept_accept: new Date(Number(accept_s) * 1000).toISOString(),
        });
    }

    /* What this till may still take of a voucher; an answer as that of vouchers/prepare, or null. */
    find(code) {
        const voucher = this.kept.get(code);
        if (voucher === undefined) return null;
        const mine = this.taken.filter((one) => one.code === code);
        const pieces = mine.reduce((sum, one) => sum + (one.pieces ?? 0), 0);
        const amount = mine.reduce((sum, one) => sum + (one.amount_minor ?? 0), 0);
        const over = this.staff.clock.now() >= Date.parse(voucher.kept_accept);
        const left = voucher.face_minor > 0 ? voucher.face_left_minor - amount : voucher.pieces_left - pieces;
        return {
            voucher_id: voucher.voucher_id,
            deal_id: voucher.deal_id,
            title: voucher.title,
            rules: "",
            valid: !over && left > 0,
            why_not: over ? "offline_over" : left > 0 ? "" : "voucher_redeemed",
            pieces_left: voucher.face_minor > 0 ? voucher.pieces_left : left,
            face_left_minor: voucher.face_minor > 0 ? left : 0,
            currency: voucher.currency,
            valid_until: voucher.kept_accept,
        };
    }

    /* Takes what stands in the list of the counter; throws when it cannot be kept. */
    take(uses) {
        const accepted_at = new Date(this.staff.clock.now()).toISOString();
        const before = this.taken;
        this.taken = [...before, ...uses.map((use) => ({ ...use, accepted_at }))];
        if (this.keep()) return;
        this.taken = before;
        throw Object.assign(new Error("no storage"), { code: "offline_storage" });
    }

    async tell() {
        const { door, shop_id } = this.staff;
        this.result = { good: 0, bad: 0 };
        while (this.taken.length > 0) {
            const now = this.taken.slice(0, told_most);
            const body = { taken: now };
            if (door.staff.terminal_id !== "") body.terminal_id = door.staff.terminal_id;
            const answer = await this.staff.change(`/v1/shops/${shop_id}/reconciliations`, body);
            this.taken = this.taken.slice(now.length);
            this.keep();
            for (const one of answer.taken)
                if (one.reason === null) this.result.good++;
                else this.result.bad++;
        }
    }
}
