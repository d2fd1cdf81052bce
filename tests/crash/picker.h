/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load balancer without any sense: each request, also of one connection, goes to a server picked at random
 * from those that are there. It never repeats one: when the server dies under a request, the client's
 * connection is closed. On a thread of its own; picker_set from any one other thread.
 */
#ifndef TESTS_CRASH_PICKER_H
#define TESTS_CRASH_PICKER_H

#include "load/http_client.h"

#define PICKER_SERVERS_MAX 8

struct picker;

/* Listens on 127.0.0.1. What cannot be had fails an assertion. */
struct picker *picker_open(uint64_t seed, struct http_address *address);
/* Server `index` is at `at` from now on; NULL: it is gone. */
void picker_set(struct picker *picker, uint32_t index, const struct http_address *at);
/* How many requests it has sent to a server. */
uint64_t picker_requests(struct picker *picker, uint32_t index);
void picker_close(struct picker *picker);

#endif
