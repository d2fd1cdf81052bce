/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PostgreSQL server for the tests of one program: in a folder of its own, run by a user without rights, on a
 * Unix socket, gone with the program however that ends (cluster.py beside this file does it). A whole run of
 * the tests may share one: then it is joined instead, and databases keep programs apart. One thread; what does
 * not work ends the program with a sentence.
 */
#ifndef TESTS_SUPPORT_CLUSTER_H
#define TESTS_SUPPORT_CLUSTER_H

#include "base/base.h"

#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_PLACE_SIZE 512
#define CLUSTER_SERVERS_MAX 256

struct cluster;

struct cluster_settings {
    bool own;                   /* not a shared one: it shall be stopped, restarted, replicated */
    bool durable;               /* with fsync: what is measured or shown to people */
    bool replicated;            /* may have standbys */
    const char *const *options; /* NAME=VALUE of postgresql.conf, ended by NULL; or NULL */
};

/* How a server ends: told to; at once with its children, as after a kill; the first process by SIGKILL. */
enum cluster_end {
    CLUSTER_END_fast,
    CLUSTER_END_immediate,
    CLUSTER_END_kill,
};

/* NULL settings: a shared server when there is one, otherwise one of the program's own. */
struct cluster *cluster_open(const struct cluster_settings *settings);
void cluster_close(struct cluster *cluster);

/* Makes a database and writes its place, postgres://…, for as long as the server lives. */
void cluster_database(struct cluster *cluster, char place[CLUSTER_PLACE_SIZE]);
/* Where the name of the database stands in a place. */
const char *cluster_name(const char *place, size_t *size);
/* Whoever is connected to it loses the connection. */
void cluster_database_drop(struct cluster *cluster, const char *place);
/* Removes all tables: cheaper than another database. Nobody may be connected who believes in them. */
void cluster_database_empty(struct cluster *cluster, const char *place);

/* Runs one statement or several; NULL: in the database that every server has. */
void cluster_run(struct cluster *cluster, const char *place, const char *statements);
/* The number in the first column of the first row. */
int64_t cluster_number(struct cluster *cluster, const char *place, const char *query);
/* Ends all connections to the database, as an administrator would; returns how many. */
int64_t cluster_terminate(struct cluster *cluster, const char *place);

/* ---- of a server of one's own; server 0 is the first, the others are its standbys ---- */

void cluster_restart(struct cluster *cluster, uint32_t server, enum cluster_end end);
void cluster_stop(struct cluster *cluster, uint32_t server, enum cluster_end end);
void cluster_start(struct cluster *cluster, uint32_t server);
/* A copy that follows `server`, which from now on commits nothing without its word. Returns its number. */
uint32_t cluster_standby(struct cluster *cluster, uint32_t server);
/* A standby takes over. */
void cluster_promote(struct cluster *cluster, uint32_t server);
/* Stops a server and removes what it has. */
void cluster_remove(struct cluster *cluster, uint32_t server);
/* The place of a database of server 0, on whichever of the servers takes writes. */
void cluster_place_any(const struct cluster *cluster, const char *place, char any[CLUSTER_PLACE_SIZE]);
/* The same database on one server. */
void cluster_place_on(const struct cluster *cluster, const char *place, uint32_t server, char on[CLUSTER_PLACE_SIZE]);
/* The end of what the server has logged, for a failing test. Valid until the next call. */
const char *cluster_log(struct cluster *cluster, uint32_t server);

#endif
