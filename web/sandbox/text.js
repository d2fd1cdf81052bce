/* SPDX-License-Identifier: Apache-2.0 */
/* Every word of the sandbox page that is its own. */

const english = {
    title: "Onetill sandbox",
    what: "sandbox",
    shoppers_title: "Shoppers",
    shoppers_how: "Invented people with invented money. A pay code is good for one payment within about a minute.",
    wallet_open: "Open the wallet",
    code_show: "A pay code",
    fault_not_found: "This server is not a sandbox: start it with --sandbox.",
    fault_route_unknown: "This server is not a sandbox: start it with --sandbox.",
};

const chinese = {
    title: "Onetill 沙箱",
    what: "沙箱",
    shoppers_title: "顾客",
    shoppers_how: "虚构的人和虚构的钱。付款码在一分钟左右内可用一次。",
    wallet_open: "打开钱包",
    code_show: "付款码",
    fault_not_found: "此服务器不是沙箱，请用 --sandbox 启动。",
    fault_route_unknown: "此服务器不是沙箱，请用 --sandbox 启动。",
};

export const words = { en: english, zh: chinese };
