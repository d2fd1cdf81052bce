/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several views need and what hardly changes: deals, their details, shops. Asked for once when somebody looks at
 * it first; until it has come there is nothing, then `ready` is called.
 */

const again_ms = 5000;

export class Known {
    constructor(door, ready) {
        this.door = door;
        this.ready = ready;
        this.answers = new Map();
        this.names = new Map();
    }

    forget() {
        this.answers.clear();
    }

    get(path) {
        if (!this.answers.has(path)) {
            this.answers.set(path, null);
            void this.ask(path);
        }
        return this.answers.get(path);
    }

    async ask(path) {
        try {
            this.answers.set(path, await this.door.get(path));
        } catch (error) {
            /* What there is not stays unknown for as long as the page; what only did not come is asked for again. */
            if (error.status < 400 || error.status >= 500) setTimeout(() => this.answers.delete(path), again_ms);
            return;
        }
        this.ready();
    }

    deal(deal_id) {
        return this.get(`/v1/deals/${deal_id}`);
    }

    detail(deal_id) {
        return this.get(`/v1/deals/${deal_id}/detail`);
    }

    place(shop_id) {
        return this.get(`/v1/shops/${shop_id}/place`);
    }

    resource(resource_id) {
        return this.get(`/v1/resources/${resource_id}`);
    }

    show(show_id) {
        return this.get(`/v1/shows/${show_id}`);
    }

    nameSet(shop_id, name) {
        this.names.set(shop_id, name);
    }

    /* The name of a shop, as far as it was heard. */
    name(shop_id, otherwise) {
        return this.names.get(shop_id) ?? this.place(shop_id)?.name ?? otherwise;
    }
}
