/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command is a pure decision: it reads and changes rows through a view and fills in an answer. It does no
 * I/O, reads no clock and makes no random numbers: `struct moment` brings the time and fresh ids. Same rows
 * and same command, same outcome. Requests and answers are structs with a shape; decoding and encoding are
 * data. The engine alone knows idempotency, retries and transactions.
 */
#ifndef ENGINE_COMMAND_H
#define ENGINE_COMMAND_H

#include "engine/refusal.h"
#include "engine/row.h"
#include "engine/view.h"

/* Who calls. What each kind may do is decided in people/access.h; the engine only stores it beside keys. */
enum caller_kind {
    CALLER_none = 0,
    CALLER_operator = 1,
    CALLER_merchant = 2, /* id: merchant_id */
    CALLER_shop = 3,     /* id: shop_id */
    CALLER_terminal = 4, /* id: terminal_id */
    CALLER_shopper = 5,  /* id: shopper_id */
    CALLER_system = 6,   /* timers and workers of this process */
};

#define CALLER_BIT(kind) (1u << CALLER_##kind)

struct caller {
    int32_t kind; /* enum caller_kind */
    int64_t id;
};

struct moment {
    int64_t now_us; /* strictly increasing from command to command */
    int64_t id_last;
    struct caller caller;
    int64_t token_id; /* that the caller showed; 0: none, or a session */
    uint32_t node_bits, node; /* the lowest bits of ids: NODE_BITS and the node of this process; 0: not shared */
};

#define NODE_BITS 6u
static_assert(1u << NODE_BITS == NODES_MAX, "the lowest bits of an id hold any node");

/* A fresh id, greater than every id handed out before by this process, and than every one that it has seen. */
int64_t moment_id(struct moment *at);
/* When the id was handed out, to the millisecond: us. */
int64_t moment_id_us(int64_t id);
/* The least id that can have been handed out then or later; for searching by time what has an id. */
int64_t moment_id_least(int64_t at_us);

typedef enum refusal decide_fn(const void *request, struct moment *at, struct view *view, void *answer);

/* What is wrong with a request, whatever the rows are. */
struct complaint {
    const char *field;  /* as it is named in JSON; of a list the list */
    const char *reason; /* "must be later than sale_from" */
};

/*
 * Whether the members of a request agree with one another; false: the complaint says which does not, and why. For
 * doors, so that they can name the field; the decision refuses such a request by itself.
 */
typedef bool check_fn(const void *request, struct complaint *complaint);

/* Returns `holds`; false: it becomes the complaint. */
static inline bool complain_unless(struct complaint *complaint, bool holds, const char *field, const char *reason)
{
    if (!holds) {
        *complaint = (struct complaint){ field, reason };
    }
    return holds;
}

enum command_flag {
    COMMAND_reads = 1,    /* changes nothing and takes no Idempotency-Key */
    COMMAND_internal = 2, /* not offered by any door */
    COMMAND_sandbox = 4,  /* offered only with --test-clock */
    COMMAND_unkeyed = 8,  /* changes something and is idempotent by its own content */
};

struct command {
    const char *name;    /* noun_verb; also the metric and the scenario word */
    uint32_t number;     /* frozen: names the command in stored requests */
    unsigned flags;      /* enum command_flag */
    const char *method;  /* "POST"; NULL for internal commands */
    const char *route;   /* "/v1/trades/{trade_id}/refunds" */
    int http_status;     /* of success: 200 or 201 */
    unsigned callers;    /* CALLER_BIT of those who may call it at all */
    const struct shape *request;
    const struct shape *answer;
    decide_fn *decide;
    check_fn *check;     /* NULL: each member is judged by itself */
    const char *summary; /* one sentence for people */
};

#endif
