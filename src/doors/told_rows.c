/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/told_rows.h"

#include "doors/events_kitchen.h"
#include "engine/view.h"
#include "ledger/ledger_rows.h"
#include "people/app.h"
#include "till/campaign_rows.h"
#include "till/trade_rows.h"
#include "till/webhook_rows.h"

static bool trade_tells(const struct trade_row *trade)
{
    return trade->shopper_id != 0 || trade->state != TRADE_wait_buyer_pay;
}

static bool account_tells(const struct account_row *account)
{
    return account->purpose == PURPOSE_budget_platform || account->purpose == PURPOSE_budget_merchant;
}

/* Those that are over were ended by the process that made them, which knows. */
static bool delivery_tells(const struct delivery_row *delivery)
{
    return delivery->state == DELIVERY_pending;
}

bool doors_tells(const struct row_change *change)
{
    const struct table *table = change->table;
    if (!change->exists) {
        return false; /* no door knows of a row that can vanish */
    }
    if (table == &trade_table) {
        return trade_tells(change->row);
    }
    if (table == &account_table) {
        return account_tells(change->row);
    }
    if (table == &delivery_table) {
        return delivery_tells(change->row);
    }
    return table == &token_table || table == &app_table || table == &campaign_table || table == &shop_table ||
           events_kitchen_tells(table);
}
