/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on demand, for tests of programs against a sandbox: see fault.c. Any thread. */
#ifndef DOORS_ALIPAY_FAULT_H
#define DOORS_ALIPAY_FAULT_H

#include <pthread.h>

#include "doors/alipay/params.h"
#include "doors/rest/rest.h"

#define FAULTS_MAX_KEPT 64

enum fault_kind {
    FAULTY_none,
    FAULTY_delay,   /* answered late */
    FAULTY_silence, /* done, and never answered */
    FAULTY_unknown, /* done, and answered 20000 */
    FAULTY_code,    /* not done, and answered with a code */
    FAULTY_notice_lost,
    FAULTY_notice_repeated,
    FAULTY_notice_late,
};

struct fault_order {
    int64_t app_id;
    char method[ALIPAY_NAME_SIZE_MAX]; /* empty: any */
    enum fault_kind kind;
    char sub_code[96];
    int64_t delay_ms;
    int32_t count; /* how often it still happens */
};

struct fault_orders {
    pthread_mutex_t lock;
    uint32_t count;
    struct fault_order list[FAULTS_MAX_KEPT];
};

/* The order that this call of an app meets, counted down; kind none when there is none. */
struct fault_order alipay_fault_take(struct fault_orders *orders, int64_t app_id, const char *method);
void alipay_fault_page(void *context, struct http_request *request, const struct caller *caller,
                       const struct span *params, uint32_t param_count);

#endif
