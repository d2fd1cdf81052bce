/* SPDX-License-Identifier: Apache-2.0 */
/* Every word of the page on which a shopper lets an app know who they are. */

const english = {
    title: "Onetill: an app asks",
    what: "an app asks",
    asks_title: "An app asks who you are",
    of_merchant: "of {merchant}",
    asks_for: "It would learn:",
    learns_number: "the number of your account",
    learns_name: "your name",
    goes_to: "Afterwards you go on to {host}.",
    agree: "Agree",
    other_account: "Another account",
    lost_app_id: "There is no such app.",
    lost_scope: "The app asks for something that does not exist.",
    lost_redirect_uri: "The address to go on to is not one of this app's.",
    lost_how: "Nothing was told to anybody. Go back and tell the shop.",
};

const chinese = {
    title: "Onetill 授权",
    what: "授权",
    asks_title: "应用请求获取您的身份",
    of_merchant: "来自 {merchant}",
    asks_for: "它将获得：",
    learns_number: "您的账号编号",
    learns_name: "您的姓名",
    goes_to: "随后将前往 {host}。",
    agree: "同意",
    other_account: "换个账号",
    lost_app_id: "应用不存在。",
    lost_scope: "应用请求的权限不存在。",
    lost_redirect_uri: "跳转地址不属于此应用。",
    lost_how: "没有透露任何信息。请返回并联系商家。",
};

export const words = { en: english, zh: chinese };
