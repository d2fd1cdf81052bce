/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/rest/router.h"

#include "base/hash.h"

#define EDGE_SLOTS (2 * ROUTER_NODES_MAX)

static const char *const method_names[METHOD_COUNT] = { "GET",   "HEAD",   "POST",   "PUT",
                                                        "PATCH", "DELETE", "OPTIONS" };

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

enum http_method http_method_of(const char *name)
{
    size_t index = 0;
    while (index < METHOD_COUNT && strcmp(method_names[index], name) != 0) {
        index++;
    }
    assert(index < METHOD_COUNT);
    return (enum http_method)index;
}

void router_init(struct router *router, struct arena *arena)
{
    router->nodes = arena_take(arena, ROUTER_NODES_MAX * sizeof(router->nodes[0]));
    router->edges = arena_take(arena, EDGE_SLOTS * sizeof(router->edges[0]));
    router->node_count = 1;
}

/* The edge, or the free slot where it would go. There are twice as many slots as nodes. */
static struct router_edge *edge_of(const struct router *router, uint16_t from, struct span segment)
{
    uint64_t hash = hash_mix(hash_bytes(segment.bytes, segment.size) ^ from);
    for (size_t slot = hash & (EDGE_SLOTS - 1);; slot = (slot + 1) & (EDGE_SLOTS - 1)) {
        struct router_edge *edge = &router->edges[slot];
        if (edge->to == 0 || (edge->from == from && span_equal(edge->segment, segment))) {
            return edge;
        }
    }
}

/* Takes the next segment off the path; false at its end. A path is "/" or "/a/b". */
static bool segment_cut(struct span *rest, struct span *segment)
{
    if (rest->size == 0) {
        return false;
    }
    *segment = span_cut(*rest, '/', rest);
    return true;
}

static bool is_parameter(struct span segment)
{
    return segment.size > 2 && segment.bytes[0] == '{' && segment.bytes[segment.size - 1] == '}';
}

/* "{path...}": all that is left. */
static bool is_rest(struct span segment)
{
    return is_parameter(segment) && segment.size > 5 && memcmp(segment.bytes + segment.size - 4, "...}", 4) == 0;
}

static uint16_t node_add(struct router *router)
{
    assert(router->node_count < ROUTER_NODES_MAX);
    return router->node_count++;
}

void router_add(struct router *router, enum http_method method, const char *path, void *route)
{
    struct span rest = span_of(path);
    struct span segment;
    uint16_t node = 0;
    assert(rest.size > 0);
    assert(rest.bytes[0] == '/');
    rest = (struct span){ rest.bytes + 1, rest.size - 1 };
    for (uint32_t depth = 0; segment_cut(&rest, &segment); depth++) {
        assert(depth < ROUTE_SEGMENTS_MAX);
        assert(segment.size > 0);
        if (is_rest(segment)) {
            assert(rest.size == 0);
            if (router->nodes[node].rest == 0) {
                router->nodes[node].rest = node_add(router);
            }
            node = router->nodes[node].rest;
            continue;
        }
        if (is_parameter(segment)) {
            if (router->nodes[node].parameter == 0) {
                router->nodes[node].parameter = node_add(router);
            }
            node = router->nodes[node].parameter;
            continue;
        }
        struct router_edge *edge = edge_of(router, node, segment);
        if (edge->to == 0) {
            *edge = (struct router_edge){ segment, node, node_add(router) };
        }
        node = edge->to;
    }
    assert(router->nodes[node].routes[method] == NULL);
    router->nodes[node].routes[method] = route;
    router->nodes[node].taken = true;
}

struct router_match router_find(const struct router *router, struct span path)
{
    struct router_match match = { 0 };
    struct span rest = path;
    struct span segment;
    uint16_t node = 0;
    if (path.size == 0 || path.bytes[0] != '/' || (path.size > 1 && path.bytes[path.size - 1] == '/')) {
        return match;
    }
    rest = (struct span){ path.bytes + 1, path.size - 1 };
    for (uint32_t depth = 0; segment_cut(&rest, &segment); depth++) {
        if (depth == ROUTE_SEGMENTS_MAX || segment.size == 0) {
            return match;
        }
        uint16_t next = edge_of(router, node, segment)->to;
        if (next == 0 && router->nodes[node].parameter == 0 && router->nodes[node].rest != 0 &&
            match.param_count < ROUTE_PARAMS_MAX) {
            size_t left = (size_t)(path.bytes + path.size - segment.bytes);
            match.params[match.param_count++] = (struct span){ segment.bytes, left };
            match.node = &router->nodes[router->nodes[node].rest];
            return match;
        }
        if (next == 0) {
            next = router->nodes[node].parameter;
            if (next == 0 || match.param_count == ROUTE_PARAMS_MAX) {
                return match;
            }
            match.params[match.param_count++] = segment;
        }
        node = next;
    }
    match.node = router->nodes[node].taken ? &router->nodes[node] : NULL;
    return match;
}

uint32_t router_params(const char *path, struct span names[ROUTE_PARAMS_MAX])
{
    struct span rest = span_of(path);
    struct span segment;
    uint32_t count = 0;
    while (segment_cut(&rest, &segment)) {
        if (is_parameter(segment)) {
            assert(count < ROUTE_PARAMS_MAX);
            size_t braces = is_rest(segment) ? 5 : 2; /* and the dots */
            names[count++] = (struct span){ segment.bytes + 1, segment.size - braces };
        }
    }
    return count;
}

void router_allow(const struct router_node *node, char to[ALLOW_SIZE])
{
    size_t size = 0;
    for (size_t method = 0; method < METHOD_COUNT; method++) {
        bool offered = node->routes[method] != NULL || method == HTTP_OPTIONS ||
                       (method == HTTP_HEAD && node->routes[HTTP_GET] != NULL);
        if (offered) {
            struct span name = span_of(method_names[method]);
            assert(size + name.size + 3 <= ALLOW_SIZE);
            if (size > 0) {
                memcpy(to + size, ", ", 2);
                size += 2;
            }
            memcpy(to + size, name.bytes, name.size);
            size += name.size;
        }
    }
    to[size] = '\0';
}
