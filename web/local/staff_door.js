/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the pages of a shop's staff speak to the server: with the token of a shop or of one of its terminals. It is
 * typed, or handed over behind the # of the address, which no server sees, and kept for as long as this tab is open.
 */
import { Door } from "/shopper/door.js";

const kept_under = "onetill.staff";

function storeGet() {
    try {
        return JSON.parse(sessionStorage.getItem(kept_under));
    } catch {
        return null;
    }
}

function storeSet(staff) {
    try {
        if (staff === null) sessionStorage.removeItem(kept_under);
        else sessionStorage.setItem(kept_under, JSON.stringify(staff));
    } catch {
        /* Then it lasts as long as the page. */
    }
}

export class StaffDoor extends Door {
    constructor() {
        super();
        this.staff = null; /* { shop_id, token, terminal_id } */
        this.shop = null; /* as the server shows it */
    }

    credentials() {
        return this.staff === null ? {} : { Authorization: "Bearer " + this.staff.token };
    }

    lost() {
        this.shop = null;
    }

    /* What the address brings is taken out of it at once: it shall be in no bookmark and on no picture. */
    remembered() {
        const given = new URLSearchParams(location.hash.slice(1));
        if (given.get("token") === null) return storeGet();
        history.replaceState(null, "", location.pathname + location.search);
        return {
            shop_id: given.get("shop") ?? "",
            token: given.get("token"),
            terminal_id: given.get("terminal") ?? "",
        };
    }

    /* Begins to speak for the shop when the token does; throws a DoorError otherwise. */
    async enter(staff) {
        this.staff = staff;
        try {
            this.shop = await this.get(`/v1/shops/${encodeURIComponent(staff.shop_id)}`);
        } catch (error) {
            this.staff = null;
            if (error.code !== "unreachable") storeSet(null);
            throw error;
        }
        storeSet(staff);
        return this.shop;
    }

    leave() {
        this.staff = null;
        this.shop = null;
        storeSet(null);
    }
}
