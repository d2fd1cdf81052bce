/* SPDX-License-Identifier: Apache-2.0 */
/* Runs before the first paint, so that a page opened in the chosen theme never flashes in the other one. */
"use strict";
(() => {
    try {
        const theme = localStorage.getItem("onetill.theme");
        if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    } catch {
        /* Storage may be forbidden; the system's theme is then the right one. */
    }
})();
