/* SPDX-License-Identifier: Apache-2.0 */
/* The words that the pages of a shop's staff share. */

const english = {
    leave: "Leave",
    staff_title: "For the shop's staff",
    staff_how: "With a token of the shop or of one of its tills. It is kept until this tab is closed.",
    staff_shop: "Number of the shop",
    staff_token: "Token",
    staff_terminal: "Number of the till (if there is one)",
    staff_enter: "Go on",
    asking: "One moment …",
    fewer: "Fewer",
    further: "More",
    fault_unauthenticated: "This token does not hold.",
    fault_forbidden: "This token is not for this shop.",
    fault_shop_unknown: "There is no such shop.",
    fault_invalid_field: "That is not right. Check what you typed.",
};

const chinese = {
    leave: "退出",
    staff_title: "店员入口",
    staff_how: "使用门店或收银终端的令牌，仅在本标签页内保存。",
    staff_shop: "门店编号",
    staff_token: "令牌",
    staff_terminal: "终端编号（可不填）",
    staff_enter: "继续",
    asking: "请稍候…",
    fewer: "减少",
    further: "增加",
    fault_unauthenticated: "令牌无效。",
    fault_forbidden: "此令牌不适用于该门店。",
    fault_shop_unknown: "没有该门店。",
    fault_invalid_field: "输入有误，请检查。",
};

export const words = { en: english, zh: chinese };
