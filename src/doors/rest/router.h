/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a path to a route, segment by segment: a tree whose edges stand in one hash table, so that a look-up
 * costs one probe per segment. A segment of a route is literal or a parameter, "{trade_id}", which takes
 * exactly one non-empty segment. A literal wins over a parameter, and is not taken back later: two routes
 * may not need that. Where neither fits, a last segment "{path...}" of a route takes all that is left, as one
 * parameter. Built once; then read by any thread.
 */
#ifndef DOORS_REST_ROUTER_H
#define DOORS_REST_ROUTER_H

#include "base/arena.h"
#include "doors/http.h"

#define ROUTE_PARAMS_MAX 4
#define ROUTE_SEGMENTS_MAX 12
#define ROUTES_MAX 256
#define ROUTER_NODES_MAX 1024
#define METHOD_COUNT (HTTP_OPTIONS + 1)

struct router_node {
    void *routes[METHOD_COUNT]; /* by enum http_method */
    uint16_t parameter;         /* the child for any segment; 0: none */
    uint16_t rest;              /* the child for all that is left; 0: none */
    bool taken;                 /* some route ends here */
};

struct router_edge {
    struct span segment;
    uint16_t from, to; /* `to` 0: a free slot */
};

struct router {
    struct router_node *nodes; /* [0] is the root */
    struct router_edge *edges;
    uint16_t node_count;
};

struct router_match {
    const struct router_node *node; /* NULL: no route has this path */
    uint32_t param_count;
    struct span params[ROUTE_PARAMS_MAX];
};

void router_init(struct router *router, struct arena *arena);
/* `path` must outlive the router. Asserts that no other route has this method and path. */
void router_add(struct router *router, enum http_method method, const char *path, void *route);
struct router_match router_find(const struct router *router, struct span path);

/* The names of a path's parameters in order; returns their number. */
uint32_t router_params(const char *path, struct span names[ROUTE_PARAMS_MAX]);
/* "GET, HEAD, OPTIONS" for the Allow header. */
#define ALLOW_SIZE 64
void router_allow(const struct router_node *node, char to[ALLOW_SIZE]);

const char *http_method_name(enum http_method method);
/* Asserts that it is one. */
enum http_method http_method_of(const char *name);

#endif
