/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/rest/rest.h"

#include "base/os_random.h"
#include "doors/openapi.h"
#include "doors/rest/rest_internal.h"

#define ARENA_SIZE_MAX (64 * 1024 * 1024)
#define READERS_DEFAULT 2
#define REFUSAL_NUMBER_MAX 1024

/* ---- opening ---- */

static const struct rest_edit *edit_of(const struct rest_settings *settings, const char *command)
{
    for (size_t i = 0; i < settings->edit_count; i++) {
        if (strcmp(settings->edits[i].command, command) == 0) {
            return &settings->edits[i];
        }
    }
    return NULL;
}

/* Parameters of the path and columns that say they come from it are the same. */
static void params_check(struct route *route, const char *path)
{
    uint32_t in_path = 0;
    route->param_count = router_params(path, route->param_names);
    for (uint32_t i = 0; i < route->param_count; i++) {
        const struct column_plan *column = shape_plan_column(route->request, route->param_names[i]);
        assert(column != NULL);
        assert((column->column->flags & COLUMN_in_path) != 0);
    }
    for (uint32_t i = 0; i < route->request->shape->column_count; i++) {
        in_path += (route->request->shape->columns[i].flags & COLUMN_in_path) != 0;
    }
    assert(in_path == route->param_count);
}

static struct route *route_add(struct rest *rest, enum route_kind kind, const char *method, const char *path,
                               unsigned callers)
{
    assert(rest->route_count < ROUTES_MAX);
    enum http_method number = http_method_of(method);
    struct route *route = &rest->routes[rest->route_count];
    *route = (struct route){ .kind = kind, .number = rest->route_count, .callers = callers };
    route->takes_body = number == HTTP_POST || number == HTTP_PUT || number == HTTP_PATCH;
    rest->route_count++;
    router_add(&rest->router, number, path, route);
    return route;
}

static const struct column *seed_of(const struct shape *request)
{
    const struct column *seed = shape_column(request, SPAN("seed"));
    return seed != NULL && seed->form == FORM_hidden ? seed : NULL;
}

static void command_add(struct rest *rest, const struct command *command)
{
    if (command->method == NULL || (command->flags & COMMAND_internal) != 0) {
        return;
    }
    struct route *route = route_add(rest, ROUTE_command, command->method, command->route, command->callers);
    route->command = command;
    route->request = shape_plan_make(&rest->arena, command->request);
    route->answer = shape_plan_make(&rest->arena, command->answer);
    route->edit = edit_of(&rest->settings, command->name);
    route->seed = seed_of(command->request);
    route->json_size_max = route->answer->json_size_max;
    if (route->edit != NULL && route->edit->after != NULL) {
        assert(route->edit->added != NULL);
        assert(route->edit->added->size <= REST_ADDED_SIZE_MAX);
        route->added = shape_plan_make(&rest->arena, route->edit->added);
        route->json_size_max += route->added->json_size_max;
    }
    params_check(route, command->route);
}

static void read_add(struct rest *rest, const struct read *read)
{
    struct route *route = route_add(rest, ROUTE_read, "GET", read->route, read->callers);
    route->read = read;
    route->request = shape_plan_make(&rest->arena, read->request);
    route->answer = shape_plan_make(&rest->arena, read->element);
    params_check(route, read->route);
}

static void page_add(struct rest *rest, const struct rest_page *page)
{
    struct route *route = route_add(rest, ROUTE_page, page->method, page->route, page->callers);
    route->page = page;
    route->param_count = router_params(page->route, route->param_names);
}

static void routes_make(struct rest *rest)
{
    const struct rest_settings *settings = &rest->settings;
    rest->routes = arena_take(&rest->arena, ROUTES_MAX * sizeof(rest->routes[0]));
    router_init(&rest->router, &rest->arena);
    command_add(rest, &rest_health_command);
    for (size_t i = 0; settings->commands[i] != NULL; i++) {
        command_add(rest, settings->commands[i]);
    }
    for (size_t i = 0; settings->reads != NULL && settings->reads[i] != NULL; i++) {
        read_add(rest, settings->reads[i]);
    }
    for (size_t i = 0; i < rest_own_page_count; i++) {
        page_add(rest, &rest_own_pages[i]);
    }
    for (size_t i = 0; i < settings->page_count; i++) {
        page_add(rest, &settings->pages[i]);
    }
}

static const char *route_name(const struct route *route)
{
    switch (route->kind) {
    case ROUTE_command:
        return route->command->name;
    case ROUTE_read:
        return route->read->name;
    case ROUTE_page:
        break;
    }
    return route->page->name;
}

static void metrics_make(struct rest *rest)
{
    uint32_t refusals = 0;
    while (refusal_at(refusals) != NULL) {
        refusals++;
    }
    rest->refusal_first = OUTCOME_problems + PROBLEM_count;
    rest->refusal_index = arena_take(&rest->arena, REFUSAL_NUMBER_MAX);
    struct metrics_settings settings = { .route_count = rest->route_count,
                                         .outcome_count = rest->refusal_first + refusals };
    const char **routes = arena_take(&rest->arena, rest->route_count * sizeof(routes[0]));
    const char **outcomes = arena_take(&rest->arena, settings.outcome_count * sizeof(outcomes[0]));
    for (uint32_t i = 0; i < rest->route_count; i++) {
        routes[i] = route_name(&rest->routes[i]);
    }
    outcomes[OUTCOME_ok] = "ok";
    outcomes[OUTCOME_repeated] = "repeated";
    for (uint32_t i = 0; i < PROBLEM_count; i++) {
        outcomes[OUTCOME_problems + i] = door_problem_text((enum door_problem)i)->name;
    }
    assert(refusals <= UINT8_MAX);
    for (uint32_t i = 0; i < refusals; i++) {
        const struct refusal_text *text = refusal_at(i);
        assert(text->refusal < REFUSAL_NUMBER_MAX);
        outcomes[rest->refusal_first + i] = text->name;
        rest->refusal_index[text->refusal] = (uint8_t)i;
    }
    settings.routes = routes;
    settings.outcomes = outcomes;
    rest->metrics = metrics_open(&settings);
}

struct rest *rest_open(const struct rest_settings *settings, char *error, size_t error_size)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024, ARENA_SIZE_MAX);
    struct rest *rest = arena_take(&arena, sizeof(*rest));
    rest->arena = arena;
    rest->settings = *settings;
    if (rest->settings.call_age_max_us == 0) {
        rest->settings.call_age_max_us = CALL_AGE_MAX_US;
    }
    hmac_key_init(&rest->body_key, "onetill request v1", strlen("onetill request v1"));
    master_key_derive_hmac(settings->key, "onetill cursor v1", &rest->cursor_key);
    rest->request_salt = os_random_u64();
    int rc = pthread_mutex_init(&rest->server_lock, NULL);
    assert(rc == 0);
    routes_make(rest);
    metrics_make(rest);
    rest->openapi = openapi_make(&rest->arena, settings);
    if (settings->reads != NULL && settings->reads[0] != NULL) {
        enum status status =
            reads_open(rest, settings->reader_count != 0 ? settings->reader_count : READERS_DEFAULT);
        if (status != STATUS_ok && status != STATUS_not_found) {
            snprintf(error, error_size, "the store does not open a connection for reading");
            rest_close(rest);
            return NULL;
        }
    }
    timer_watch_init(&rest->timers);
    engine_observe(settings->engine, timer_watch_commit, &rest->timers);
    return rest;
}

void rest_close(struct rest *rest)
{
    if (rest->reads != NULL) {
        reads_close(rest->reads);
    }
    metrics_close(rest->metrics);
    hmac_key_wipe(&rest->cursor_key);
    (void)pthread_mutex_destroy(&rest->server_lock);
    struct arena arena = rest->arena;
    arena_release(&arena);
}

void rest_attach(struct rest *rest, struct http_server *server)
{
    pthread_mutex_lock(&rest->server_lock);
    rest->server = server;
    pthread_mutex_unlock(&rest->server_lock);
}

void rest_detach(struct rest *rest)
{
    if (rest->reads != NULL) {
        reads_stop(rest->reads);
    }
    rest_attach(rest, NULL);
}

struct metrics *rest_metrics(struct rest *rest)
{
    return rest->metrics;
}

/* ---- the way in ---- */

/* "Bearer TOKEN", the scheme in any case. */
static struct span bearer_of(struct span header)
{
    static const char scheme[] = "Bearer ";
    size_t size = sizeof(scheme) - 1;
    if (header.size <= size || strncasecmp(header.bytes, scheme, size) != 0) {
        return (struct span){ NULL, 0 };
    }
    return span_trim((struct span){ header.bytes + size, header.size - size });
}

/* Who calls, as far as the route wants to know; false after it answered 401 or 403. */
static bool caller_let_in(struct rest *rest, const struct route *route, struct http_request *http,
                          struct let_in *who)
{
    bool open = (route->callers & CALLER_BIT(none)) != 0;
    struct caller *caller = &who->caller;
    *who = (struct let_in){ .caller = { .kind = CALLER_none } };
    if (route->callers == CALLER_BIT(none)) {
        return true;
    }
    struct span header = http_header_value(http, "Authorization");
    bool known = header.bytes == NULL && rest->settings.session_check != NULL &&
                 rest->settings.session_check(rest->settings.session_context, http, caller);
    if (open && header.bytes == NULL && !known) {
        return true;
    }
    struct span token = bearer_of(header);
    if (!known && (token.size == 0 || !tokens_check(rest->settings.tokens, token, caller, &who->token_id))) {
        rest_problem(rest, route, http, PROBLEM_unauthenticated, "Authorization");
        return false;
    }
    if ((route->callers & 1u << caller->kind) == 0) {
        rest_refuse(rest, route, http, REFUSAL_forbidden, NULL, 0);
        return false;
    }
    return true;
}

static void route_serve(struct rest *rest, const struct route *route, struct http_request *http,
                        const struct router_match *match)
{
    struct let_in who;
    if (!caller_let_in(rest, route, http, &who)) {
        return;
    }
    switch (route->kind) {
    case ROUTE_command:
        rest_command(rest, route, http, match, &who);
        break;
    case ROUTE_read:
        rest_read(rest, route, http, match, who.caller);
        break;
    case ROUTE_page:
        /* Before it is served: afterwards the request may be gone. Its time is its own. */
        rest_count(rest, route, OUTCOME_ok, 0);
        route->page->serve(route->page >= rest_own_pages && route->page < rest_own_pages + rest_own_page_count
                               ? rest
                               : route->page->context,
                           http, &who.caller, match->params, match->param_count);
        break;
    }
}

static void method_answer(struct rest *rest, const struct router_node *node, struct http_request *http)
{
    char request_id[REQUEST_ID_SIZE];
    char *allow = arena_try(http->arena, ALLOW_SIZE);
    if (allow == NULL) {
        rest_problem(rest, NULL, http, PROBLEM_busy, NULL);
        return;
    }
    router_allow(node, allow);
    if (http->method == HTTP_OPTIONS) {
        struct http_header header = { "Allow", allow };
        http_answer(http, 204, NULL, (struct span){ NULL, 0 }, &header, 1);
        return;
    }
    const struct door_problem_text *text = door_problem_text(PROBLEM_method_not_allowed);
    rest_request_id(rest, request_id);
    problem_answer(http, &(struct problem){ .status = text->http_status,
                                            .code = text->name,
                                            .detail = text->text,
                                            .allow = allow,
                                            .request_id = request_id });
}

static bool is_own_path(struct span path)
{
    return path.size >= 3 && memcmp(path.bytes, "/v1", 3) == 0 && (path.size == 3 || path.bytes[3] == '/');
}

void rest_handle(void *context, struct http_request *http)
{
    struct rest *rest = context;
    struct router_match match = router_find(&rest->router, http->path);
    if (match.node == NULL) {
        if (rest->settings.fallback != NULL && !is_own_path(http->path)) {
            rest->settings.fallback(rest->settings.fallback_context, http);
        } else {
            rest_problem(rest, NULL, http, PROBLEM_route_unknown, NULL);
        }
        return;
    }
    enum http_method method = http->method == HTTP_HEAD ? HTTP_GET : http->method;
    const struct route *route = match.node->routes[method];
    if (route == NULL) {
        method_answer(rest, match.node, http);
        return;
    }
    route_serve(rest, route, http, &match);
}
