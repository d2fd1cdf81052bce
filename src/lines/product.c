/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/product.h"

#include "engine/engine_rows.h"
#include "ledger/ledger.h"
#include "lines/local/local.h"
#include "people/app.h"
#include "till/bill.h"
#include "till/paycode.h"
#include "till/till_reads.h"

#define ROWS(name)
#define COMMAND(name)
#define READ(name)
#define INDEX(sql)
#define TIMER(kind, name)

#undef ROWS
#define ROWS(name) &(name),
const struct table *const product_tables[] = {
#include "till/till.def"
#include "lines/local/local.def"
    NULL,
};
#undef ROWS
#define ROWS(name)

#undef COMMAND
#define COMMAND(name) &(name),
const struct command *const product_commands[] = {
#include "till/till.def"
#include "lines/local/local.def"
    NULL,
};
#undef COMMAND
#define COMMAND(name)

#undef READ
#define READ(name) &(name),
const struct read *const product_reads[] = {
#include "till/till.def"
#include "lines/local/local.def"
    NULL,
};
#undef READ
#define READ(name)

/* What a payment asks for comes first. */
const struct table *const product_warm[] = {
    &account_table,  &device_table,   &shopper_table, &campaign_use_table, &campaign_table, &offers_table,
    &terminal_table, &merchant_table, &shop_table,    NULL,
};

#undef INDEX
#define INDEX(sql) sql,
const char *const product_indexes[] = {
#include "till/till.def"
#include "lines/local/local.def"
    NULL,
};
#undef INDEX
#define INDEX(sql)

#undef TIMER
#define TIMER(kind, name) [TIMER_##kind] = &(name),
const struct command *const product_timers[] = {
#include "till/till.def"
#include "lines/local/local.def"
    [TIMER_count] = NULL,
};

const struct line *const product_lines[] = { &local_line, NULL };
