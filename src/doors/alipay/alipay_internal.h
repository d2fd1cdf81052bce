/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the Alipay gateway only. */
#ifndef DOORS_ALIPAY_ALIPAY_INTERNAL_H
#define DOORS_ALIPAY_ALIPAY_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/os_clock.h"
#include "doors/alipay/alipay.h"
#include "doors/alipay/apps.h"
#include "doors/alipay/bill.h"
#include "doors/alipay/certificate.h"
#include "doors/alipay/charset.h"
#include "doors/alipay/checkout.h"
#include "doors/alipay/fault.h"
#include "doors/alipay/image.h"
#include "doors/alipay/method.h"
#include "doors/alipay/money_text.h"
#include "doors/alipay/oauth.h"
#include "doors/alipay/params.h"
#include "doors/alipay/platform.h"
#include "doors/alipay/v3_sign.h"
#include "engine/reader.h"

#define TIMESTAMP_WINDOW_US US_PER_DAY /* v2: its rules name none, and clients sign in their machine's own zone */
#define TRACE_ID_SIZE 33
#define SUB_MESSAGE_SIZE 512
#define SILENCE_US (120 * US_PER_SECOND) /* longer than the HTTP server waits for an answer */

/* ---- edits.c: keys of apps as the REST door takes them, and routes about apps ---- */

size_t alipay_app_pages(struct alipay *door, struct rest_page *to);

/* ---- workers.c ---- */

enum job_step {
    JOB_begin,  /* to be read and handed to the engine */
    JOB_decided,
    JOB_ready,  /* its answer is made and was held back */
    JOB_steps,
};

struct alipay_worker {
    struct alipay *door;
    pthread_t thread;
    struct reader *reader; /* opened when it is first needed; NULL: none */
    bool reader_missing;
    bool measured; /* what the present step uses is counted */
    uint32_t steps;
    uint32_t owed;         /* answers that the server was not woken for yet */
    int64_t owed_since_us; /* monotonic */
};

struct alipay_job {
    struct call call;
    struct alipay *door;
    struct alipay_worker *worker; /* whose it is now */
    struct http_request *http;
    struct alipay_job *next;
    enum job_step step;
    int64_t received_us, due_us; /* monotonic */
    bool v3;

    /* as it came; copied from the server's thread */
    struct span query, body, content_type;
    struct span authorization, app_auth_token, root_cert_sn, encrypt_type;
    struct span host;

    /* what was read of it */
    struct alipay_params *params;
    char method_name[ALIPAY_NAME_SIZE_MAX + 1];
    const struct alipay_method *method;
    struct alipay_app *app; /* held */
    enum alipay_digest digest;
    enum charset charset;
    bool certified; /* certificate mode: the answer says which certificate */
    bool encrypted;
    bool json_asked;
    const struct json_value *biz;
    struct fault_order fault;

    /* what comes of it */
    enum alipay_result result;
    const char *forced_code; /* a sub_code that was asked for; NULL: the result's */
    struct span expected;    /* what should have been signed, for who signed something else */
    char detail[SUB_MESSAGE_SIZE]; /* behind the result's text */
    struct alipay_ask ask;
    struct alipay_told told;
    char trace_id[TRACE_ID_SIZE];
    char stamp[24], nonce[TRACE_ID_SIZE]; /* of an answer of v3; like the one above read until it is sent */
    char bill_url[BILL_URL_SIZE];
    bool bill_empty;
    char image_id[2 * IMAGE_ID_BYTES + 1];
    struct span own; /* JSON members that the method wrote itself, without braces */
};

/* What the server's thread fills in; the rest is large, and the worker's to clear. */
#define ALIPAY_JOB_HEAD offsetof(struct alipay_job, params)

struct alipay_counts {
    atomic_uint_fast64_t requests, refused_full, signature_faults, answered, failed;
    atomic_uint_fast64_t v3_requests;
    atomic_int_fast64_t busy_us;
    /* CPU time of the workers, by a sample of steps; verifying is a part of reading, signing of writing. */
    atomic_int_fast64_t read_ns, verify_ns, write_ns, sign_ns;
};

struct alipay {
    struct alipay_settings settings;
    struct http_server *http; /* woken for the workers' answers */
    struct arena arena;
    struct alipay_apps *apps;
    struct v3_nonces *nonces;
    struct hmac_key aes_master;
    struct fault_orders faults;
    struct image_shelf shelf;
    struct alipay_counts counts;
    uint64_t trace_salt;
    atomic_uint_fast64_t trace_count;

    pthread_mutex_t lock; /* the queue */
    pthread_cond_t wake;
    struct alipay_job *first[JOB_steps], **last[JOB_steps];
    struct alipay_job *held; /* answers that are held back, any order */
    uint32_t waiting;        /* in JOB_begin */
    uint32_t flying;         /* jobs with the engine */
    bool draining;
    uint32_t worker_count;
    struct alipay_worker workers[ALIPAY_WORKERS_MAX];
};

/* Counts what the worker's thread uses from here to alipay_spend, where its present step is one of the sample. */
int64_t alipay_spend_begin(const struct alipay_worker *worker);
void alipay_spend(const struct alipay_worker *worker, atomic_int_fast64_t *count, int64_t begun_ns);
/* Takes a request in, on the server's thread; it owes the answer from here on. */
void alipay_job_take_in(struct alipay *door, struct http_request *http, bool v3);
/* From here on requests may come: the server listens before the workers are started. */
void alipay_queue_init(struct alipay *door);
void alipay_workers_start(struct alipay *door);
void alipay_workers_drain(struct alipay *door);
/* Hands the job's call to the engine; false: it takes no more. */
MUST_CHECK bool alipay_job_submit(struct alipay_job *job);
/* Puts a finished job aside until `due_us`. */
void alipay_job_hold(struct alipay_job *job);
/* A reader of this worker's; NULL: the store has none. */
struct reader *alipay_worker_reader(struct alipay_worker *worker);

/* ---- gateway.c: the form protocol; v3.c: the other. Both on workers ---- */

/* Reads and checks the request up to biz_content; RESULT_none: fine. */
enum alipay_result alipay_v2_read(struct alipay_job *job);
enum alipay_result alipay_v3_read(struct alipay_job *job);
/* The two steps of a job, whichever protocol it is of. */
void alipay_job_begin(struct alipay_job *job);
void alipay_job_decided(struct alipay_job *job);
/* Takes the app of that number into the job. */
enum alipay_result alipay_app_read(struct alipay_job *job, struct span text);
enum alipay_result alipay_certificates_check(struct alipay_job *job, struct span app_cert_sn, struct span root_cert_sn);
/* `type` is what the request says of the encryption; `*text` becomes what was encrypted. */
enum alipay_result alipay_decrypt_text(struct alipay_job *job, struct span type, struct span *text);
/* Biz content from text in the request's charset, decrypted where it is encrypted. */
enum alipay_result alipay_biz_read(struct alipay_job *job, struct span text);

/* ---- fields.c ---- */

/* Checks the fields of biz_content, or of the request, and puts them into job->ask. */
enum alipay_result alipay_fields_read(struct alipay_job *job);
size_t alipay_characters(struct span text);
/* Cuts at a character so that it fits into `size` bytes with its zero. */
void alipay_text_cut(struct span text, char *to, size_t size);

/* ---- ask.c ---- */

extern const struct command alipay_command;
/* The trade that the request names, as it was; its row does not exist when there is none, or another's. */
const struct trade_row *alipay_trade_named(const struct alipay_ask *ask, const struct moment *at, struct view *view,
                                           struct alipay_told *told);
/* The trade as it is now, with what an answer shows of it. */
void alipay_trade_tell(struct view *view, const struct moment *at, int64_t trade_id, struct alipay_told *told);
/* The shopper with this number or logon id; 0: there is none. */
int64_t alipay_shopper_of(struct view *view, const char *user_id, const char *logon_id);

/* ---- answer.c ---- */

/* Encodes, signs and answers; the job is gone then. */
void alipay_job_answer(struct alipay_job *job);
/* "in process" and success carry business fields, other results only the code. */
bool alipay_result_good(enum alipay_result result);
enum alipay_result alipay_result_of(const struct alipay_job *job, enum refusal refusal);

#endif
