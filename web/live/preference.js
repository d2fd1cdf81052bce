/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the person chose, kept in this browser. Storage may be forbidden or full: then a choice lasts as long
 * as the page.
 */

export function preferenceGet(name) {
    try {
        return localStorage.getItem("onetill." + name);
    } catch {
        return null;
    }
}

export function preferenceSet(name, value) {
    try {
        localStorage.setItem("onetill." + name, value);
    } catch {
        /* See above. */
    }
}
