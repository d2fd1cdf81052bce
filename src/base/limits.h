/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit in one place. A limit is a promise: what is inside it works, what is beyond it is refused
 * with a message that names it. Static assertions say how limits depend on one another.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include "base/base.h"

/* rows and keys */
#define KEY_SIZE_MAX 128      /* bytes of an encoded row key */
#define ROW_SIZE_MAX 4096     /* bytes of a row struct, and of its packed form */
#define PACK_SIZE_MAX 1022    /* bytes of a packed answer or payload inside a row */
#define TABLE_COUNT_MAX 128

/* batches */
#define BATCH_CALLS_MAX 2048      /* commands in one transaction */
#define BATCH_ROWS_MAX 65536      /* distinct rows one transaction may touch */
#define BATCH_ARENA_SIZE_MAX (INT64_C(1) << 30)
#define COMMAND_ROWS_MAX 512      /* rows one command may touch: a payment where 80 campaigns are offered, 5 each */
#define NODES_MAX 64              /* processes on one shared store */
#define PARTITIONS_MAX 64         /* of the tables of a database that shards */
#define READ_AGE_MAX_US INT64_C(30000000) /* a replica that is further behind is not asked */
#define DATABASE_UNSEEN_US_MAX INT64_C(5000000)  /* one that has not answered for longer is said to be away */
#define DATABASE_SILENT_US_MAX INT64_C(10000000) /* a connection of which nothing is heard for longer is given up */
#define ROUNDS_MAX 128            /* ask rounds in which nothing can be decided: who still asks has a bug */

/* waiting work */
#define QUEUE_CALLS_MAX 8192      /* accepted and not yet decided; beyond it the door answers 503 */
#define CALL_AGE_MAX_US INT64_C(5000000) /* work that has waited longer is not decided any more */

/* doors */
#define REQUEST_KEY_SIZE 65       /* Idempotency-Key: at most 64 bytes and the terminating zero */
#define BODY_SIZE_MAX 65536       /* bytes of a request body */
#define ANSWER_JSON_SIZE_MAX 65536
#define PAGE_ROWS_MAX 100         /* rows of one page of a list */

/* people */
#define TOKENS_ISSUED_MAX 50000   /* tokens that a merchant and its shops may issue in all */
#define APPS_MAX 200              /* apps of one merchant */

/* ledger */
#define LEGS_MAX 12               /* legs of one transfer */
#define AMOUNT_MAX INT64_C(100000000000000) /* 10^14 minor units in one amount: sums of 90,000 of them fit */

/* till */
#define NAME_SIZE 128             /* bytes of a name, with the terminating zero */
#define NUMBER_SIZE 65            /* out_trade_no, out_request_no: 64 bytes and the terminating zero */
#define DISCOUNTS_MAX 3           /* campaigns that may combine on one trade */
#define OFFERS_MAX 16             /* live campaigns of one target (a shop, a merchant, a shop set) */
#define SHOP_SETS_MAX 2           /* sets that one shop may belong to */

static_assert(BATCH_CALLS_MAX <= QUEUE_CALLS_MAX, "the queue holds at least one batch");
static_assert((int64_t)BATCH_CALLS_MAX * 16 <= BATCH_ROWS_MAX, "a full batch of ordinary commands fits its rows");
static_assert(1 + 2 * DISCOUNTS_MAX <= LEGS_MAX, "a trade posts its price and two funders of each discount");

#endif
