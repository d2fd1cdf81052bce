/* SPDX-License-Identifier: Apache-2.0 */
#include "people/access.h"

#include "people/people.h"

bool access_platform(const struct moment *at)
{
    return at->caller.kind == CALLER_operator || at->caller.kind == CALLER_system;
}

bool access_merchant(const struct moment *at, int64_t merchant_id)
{
    return access_platform(at) || (at->caller.kind == CALLER_merchant && at->caller.id == merchant_id);
}

bool access_shop(struct view *view, const struct moment *at, const struct shop_row *shop)
{
    switch (at->caller.kind) {
    case CALLER_shop:
        return at->caller.id == shop->shop_id;
    case CALLER_terminal:
        return terminal_ask(view, at->caller.id)->shop_id == shop->shop_id;
    default:
        return access_merchant(at, shop->merchant_id);
    }
}

bool access_shopper(const struct moment *at, int64_t shopper_id)
{
    return access_platform(at) || (at->caller.kind == CALLER_shopper && at->caller.id == shopper_id);
}
