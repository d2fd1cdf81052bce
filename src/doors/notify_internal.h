/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the webhook worker only. */
#ifndef DOORS_NOTIFY_INTERNAL_H
#define DOORS_NOTIFY_INTERNAL_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "doors/alipay/notice.h"
#include "doors/notify.h"
#include "doors/notify_queue.h"
#include "doors/shape_json.h"
#include "till/trade_rows.h"
#include "till/webhook.h"

#define INBOX_MAX 16384
#define WORD_SIZE 8 /* of an answer, to see whether it is `success` and no more */

/* A row that a commit changed. */
struct told {
    int64_t delivery_id, subject_id;
    int64_t endpoint_id; /* of a notice: the app's id, which no endpoint has */
    int64_t next_at_us;
    bool pending;
};

struct told_list {
    struct told *list; /* INBOX_MAX, made at the first */
    uint32_t count;
};

/* A delivery with all that an attempt must know of it. */
struct delivery_facts {
    struct delivery_work work;
    /* of a notice */
    char logon_id[LOGON_SIZE]; /* of the trade's shopper */
    char campaigns[DISCOUNTS_MAX][NAME_SIZE];
    int64_t refund_paid_minor; /* of the refund it tells of; -1: of none */
};
extern const struct command delivery_facts_read;

/* What an attempt does next. */
enum step {
    STEP_read,      /* the delivery is to be read */
    STEP_reading,   /* by the engine */
    STEP_sending,   /* libcurl has it */
    STEP_report,    /* the outcome is to be reported */
    STEP_reporting, /* to the engine */
};

struct attempt {
    struct notify *notify;
    struct attempt *next; /* in a list */
    enum step step;
    struct delivery *delivery;
    int64_t delivery_id;
    struct call call;
    struct delivery_ref ref;
    struct delivery_facts facts;
    struct delivery_done outcome;
    struct nothing nothing;
    struct trade_row trade;
    CURL *easy;
    struct curl_slist *headers;
    bool plain;           /* http */
    bool again;           /* it is made twice, as a fault of the network would have it */
    bool heard_before;    /* the first time */
    size_t answer_size;   /* bytes of the answer seen */
    char word[WORD_SIZE]; /* the first of them */
    char *body;
    size_t body_size;
};

struct attempt_list {
    struct attempt *first;
    uint32_t count;
};

struct notify {
    struct arena arena;
    struct notify_settings settings;
    pthread_t thread;
    bool running;
    const struct shape_plan *trade_plan;
    size_t body_size_max;
    struct arena notice_arena; /* of the notice that is being written */
    CURLM *multi;
    /* the worker's */
    struct notify_queue queue;
    struct told_list taken;
    struct attempt_list free, asked, sending; /* asked: waits for room in the engine's queue */
    uint32_t attempts_made, calls_out;
    bool more; /* deliveries from `more_from` on are not all in memory */
    int64_t more_from;
    struct reader *reader;
    atomic_bool leads;     /* it makes deliveries: the one process on a database that does, or the only one */
    int64_t leads_look_us; /* monotonic: when to look again */
    int64_t sweep_us;      /* monotonic: when to look for what was not told; of a shared store */
    int64_t *sweep_ids;    /* of intake_more; made when it is needed */
    /* under `lock` */
    pthread_mutex_t lock;
    struct arena inbox_arena; /* the observer's */
    struct told_list inbox;
    bool inbox_missed;
    int64_t inbox_missed_from;
    struct attempt_list returned; /* answered by the engine */
    bool stopping;
    struct notify_counts counts;
};

static inline void attempt_push(struct attempt_list *list, struct attempt *attempt)
{
    attempt->next = list->first;
    list->first = attempt;
    list->count++;
}

/* ---- notify_intake.c: what is pending ---- */

MUST_CHECK bool intake_open(struct notify *notify);
commit_observer intake_watch;
/* What commits told since the last time. */
void intake_take(struct notify *notify);
/* More deliveries from the store, when there are some and there is room. */
void intake_more(struct notify *notify);
/* Of a shared store: whether this process makes deliveries now; who begins to, looks through all that are pending. */
void intake_lead(struct notify *notify);

/* ---- notify_send.c: one attempt over HTTP ---- */

MUST_CHECK bool send_open(struct notify *notify);
void send_close(struct notify *notify);
/* Begins to send the attempt's `work`; false: it cannot be sent, with the outcome set. */
MUST_CHECK bool send_begin(struct notify *notify, struct attempt *attempt);
/* Lets go of the transfer and sets the outcome: a status that came counts, whatever became of the rest. */
void send_end(struct notify *notify, struct attempt *attempt);

#endif
