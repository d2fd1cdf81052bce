/* SPDX-License-Identifier: Apache-2.0 */
/* onetill serve: a store, the engine on it, and the doors, until SIGTERM. */
#include "app/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/app.h"
#include "app/options.h"
#include "app/sandbox.h"
#include "app/scratch.h"
#include "base/civil.h"
#include "base/os_clock.h"
#include "doors/told_rows.h"
#include "ledger/ledger.h"
#include "people/people.h"

static const char help[] =
    "usage: onetill serve --store FILE [OPTION]…\n\n"
    "Serves a store over HTTP until SIGTERM or SIGINT, then answers what it accepted and ends.\n"
    "Prints one line when it is ready: ready http://ADDRESS pid PID\n\n"
    "  --store PLACE           the store; made when there is none. A FILE: FILE.key, its master key, and\n"
    "                          FILE.operator-token are made beside it. postgres://user@host/name: a database, of\n"
    "                          which any number of servers may be one till. env:NAME: what that environment\n"
    "                          variable says. memory: nothing is kept\n"
    "  --key FILE              the master key (FILE.key; of a database onetill.key). All servers of a database have\n"
    "                          the same; files that belong to it are beside it\n"
    "  --read-store URL        of a database: a replica that lists and reports are read from\n"
    "  --partitions N          of a new database: its tables are made for one that shards, in 1 to 64 partitions (1)\n"
    "  --value-lists           rows go to the database as lists of values, which those that shard prefer to arrays\n"
    "  --listen ADDRESS        host:port, [host]:port; port 0 takes a free one (127.0.0.1:8080)\n"
    "  --tls-cert FILE         PEM certificate chain, with --tls-key\n"
    "  --tls-key FILE          its private key\n"
    "  --base-url URL          how shoppers reach this server; stands in QR codes\n"
    "  --http-threads N        threads that read and write requests (1)\n"
    "  --connections N         most connections at a time (8192)\n"
    "  --cache-mb N            memory for rows (512; for a large file up to twice its size, but never more than a\n"
    "                          quarter of the machine's memory; of a sandbox 16)\n"
    "  --test-clock            time stands still and is moved by POST /v1/test/clock; test codes are offered\n"
    "  --test-clock-start T    where the test clock starts, RFC 3339\n"
    "  --metrics-guarded       /metrics wants an operator's token\n"
    "  --sandbox               for tests of programs: apps with keys, shops and shoppers with money, printed as one\n"
    "                          line of JSON before the ready line; pay codes at /sandbox/; the test clock runs.\n"
    "                          Without --store everything is gone at the end\n"
    "  --webhook-private       webhooks may go to this machine and to private networks (as with --test-clock)\n";

#define ADDRESS_TEXT_SIZE 300
#define EXIT_STATUS_DISK 74 /* as the engine ends without us */
#define CACHE_MB_SANDBOX 16

/* ---- the test clock ---- */

static int64_t test_clock_now(void *context)
{
    const struct server *server = context;
    return atomic_load(&server->test_clock_us) + (server->clock_runs ? os_now_us() : 0);
}

static void test_clock_move(void *context, int64_t now_us)
{
    struct server *server = context;
    int64_t seen = atomic_load(&server->test_clock_us);
    now_us -= server->clock_runs ? os_now_us() : 0;
    while (seen < now_us && !atomic_compare_exchange_weak(&server->test_clock_us, &seen, now_us)) {
    }
    engine_wake(server->engine);
}

/* Another process moved its test clock: all processes on a database have one. */
static void test_clock_watch(void *context, const struct commit *commit)
{
    if (commit->foreign) {
        test_clock_move(context, commit->at_us);
    }
}

static int64_t server_now(void *context)
{
    return engine_now_us(((struct server *)context)->engine);
}

/* ---- opening and closing ---- */

/* Tokens of shoppers stand by themselves: they issue nothing, and there may be millions. */
static bool token_read(void *context, const void *row)
{
    const struct token_row *token = row;
    struct tokens *tokens = ((struct server *)context)->tokens;
    if (token->caller_kind != CALLER_shopper && token->parent_token_id != 0 &&
        !tokens_descend(tokens, token->token_id, token->parent_token_id)) {
        return false;
    }
    return token->state != TOKEN_revoked ||
           (token->keeps_issued != 0 ? tokens_revoke_alone(tokens, token->token_id)
                                     : tokens_revoke(tokens, token->token_id));
}

static void tokens_watch(void *context, const struct commit *commit)
{
    for (size_t i = 0; i < commit->change_count; i++) {
        if (commit->changes[i].table == &token_table && commit->changes[i].exists &&
            !token_read(context, commit->changes[i].row)) {
            fprintf(stderr, "onetill: stopping: no more tokens can be kept apart\n");
            _exit(EXIT_fault); /* a server that cannot revoke must not go on */
        }
    }
}

/* Where the other processes on a database, and people, find this one: at least which machine and port it has. */
static void address_tell(const char *listen, char to[ADDRESS_TEXT_SIZE])
{
    char host[128] = "";
    const char *port = strrchr(listen, ':');
    bool anywhere = strncmp(listen, "0.0.0.0:", 8) == 0 || strncmp(listen, "[::]:", 5) == 0 ||
                    strncmp(listen, "127.0.0.1:", 10) == 0 || strncmp(listen, "[::1]:", 6) == 0;
    if (!anywhere || port == NULL || gethostname(host, sizeof(host) - 1) != 0) {
        snprintf(to, ADDRESS_TEXT_SIZE, "%s", listen);
    } else if (strcmp(port, ":0") == 0) { /* the port is known only later: the process tells it apart */
        snprintf(to, ADDRESS_TEXT_SIZE, "%s pid %d", host, (int)getpid());
    } else {
        snprintf(to, ADDRESS_TEXT_SIZE, "%s%s", host, port);
    }
}

static bool store_open(struct server *server, const struct server_settings *settings, char *error, size_t error_size)
{
    char address[ADDRESS_TEXT_SIZE];
    struct place_settings place = { .cache_mb = settings->cache_mb,
                                    .warm = !settings->sandbox,
                                    .address = address,
                                    .partitions = settings->partitions,
                                    .value_lists = settings->value_lists,
                                    .read_place = settings->read_place != NULL ? settings->read_place->text : NULL };
    address_tell(settings->listen, address);
    return place_open(settings->place, &place, &server->store, error, error_size);
}

/* Nothing may be flushed or answered any more: the truth is read back at the next start. */
static void server_fatal(void *context, const char *what)
{
    const struct server *server = context;
    struct store_error why;
    place_fault(server->place, server->store, &why);
    fprintf(stderr, "onetill: stopping: %s%s%s\n", what, why.text[0] != '\0' ? ": " : "", why.text);
    _exit(EXIT_STATUS_DISK);
}

static bool engine_up(struct server *server, const struct server_settings *settings)
{
    struct engine_settings engine = { .store = server->store,
                                      .timer_commands = product_timers,
                                      .check = ledger_check,
                                      .tells = doors_tells,
                                      .fatal = server_fatal,
                                      .fatal_context = server };
    if (settings->test_clock) {
        engine.now_us = test_clock_now;
        engine.clock_context = server;
        server->clock_runs = settings->sandbox;
        atomic_store(&server->test_clock_us, settings->test_clock_start_us - (settings->sandbox ? os_now_us() : 0));
    }
    server->engine = engine_open(&engine);
    if (server->engine == NULL) {
        return false;
    }
    if (settings->test_clock) {
        test_clock_move(server, engine_now_us(server->engine));
    }
    struct span all = { NULL, 0 };
    if (server->store->ops->scan(server->store, &token_table, all, token_read, server) != STATUS_ok) {
        return false;
    }
    engine_observe(server->engine, tokens_watch, server);
    if (settings->test_clock && server->store->shared) {
        engine_observe(server->engine, test_clock_watch, server);
    }
    return true;
}

static bool doors_open(struct server *server, const struct server_settings *settings, char *error, size_t error_size)
{
    server->edits.tokens = server->tokens;
    snprintf(server->edits.base_url, sizeof(server->edits.base_url), "%s", settings->base_url);
    server->edits.now_us = server_now;
    server->edits.clock_move = settings->test_clock ? test_clock_move : NULL;
    server->edits.clock_context = server;
    till_edits_init(&server->edits, &server->key);

    struct rest_settings rest = {
        .engine = server->engine,
        .store = server->store,
        .tokens = server->tokens,
        .key = &server->key,
        .commands = product_commands,
        .reads = product_reads,
        .edits = server->edits.edits,
        .edit_count = server->edits.count,
        .test_clock = settings->test_clock,
        .metrics_guarded = settings->metrics_guarded,
        .version = ONETILL_VERSION,
    };
    server_extras(server, settings, &rest);
    server->rest = rest_open(&rest, error, error_size);
    if (server->rest == NULL) {
        return false;
    }
    struct http_settings http = http_settings_default();
    http.listen = settings->listen;
    http.tls_certificate_path = settings->tls_certificate;
    http.tls_key_path = settings->tls_key;
    http.thread_count = settings->http_threads;
    http.connections_max = settings->connections_max;
    http.body_max = BODY_SIZE_MAX;
    http.header_max = 31 * 1024; /* some clients of the Alipay protocol put all they say into the address of a GET */
    server->http = http_open(&http, rest_handle, server->rest, error, error_size);
    if (server->http == NULL) {
        return false;
    }
    rest_attach(server->rest, server->http);
    return true;
}

bool server_open(struct server *server, const struct server_settings *settings, char *error, size_t error_size)
{
    *server = (struct server){ .place = settings->place, .started_us = os_now_us() };
    if (!store_open(server, settings, error, error_size)) {
        return false;
    }
    if (!place_key(settings->place, server->store, true, &server->key, error, error_size)) {
        server->store->ops->close(server->store);
        return false;
    }
    server->tokens = tokens_open(&server->key);
    if (!engine_up(server, settings)) {
        snprintf(error, error_size, "the store cannot be read");
        return false;
    }
    if (!doors_open(server, settings, error, error_size)) {
        return false;
    }
    engine_start(server->engine);
    server_extras_start(server);
    return true;
}

void server_close(struct server *server)
{
    server_extras_stop(server);
    rest_detach(server->rest);
    http_stop(server->http);
    engine_stop(server->engine);
    server_alipay_drain(server);
    http_close(server->http);
    rest_close(server->rest);
    server_extras_close(server);
    engine_close(server->engine);
    tokens_close(server->tokens);
    server->store->ops->close(server->store);
}

/* ---- the subcommand ---- */

/*
 * The operator's token, for who may read the file. Written anew at each start, the same every time, until it is
 * revoked like any other: then the file is gone.
 */
static bool token_write(const struct server *server, const struct place *place)
{
    char path[APP_PATH_SIZE], text[TOKEN_TEXT_SIZE];
    struct caller caller;
    int64_t token_id;
    if (place->stem[0] == '\0' || !path_beside(place->stem, ".operator-token", path)) {
        return place->stem[0] == '\0';
    }
    tokens_issue(server->tokens, (struct caller){ .kind = CALLER_operator }, TOKEN_FIRST_ID, text);
    if (!tokens_check(server->tokens, span_of(text), &caller, &token_id)) {
        return unlink(path) == 0 || errno == ENOENT;
    }
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) {
        return false;
    }
    bool written = write(file, text, strlen(text)) == (ssize_t)strlen(text) && write(file, "\n", 1) == 1;
    return close(file) == 0 && written;
}

static void files_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool base_url_holds(const char *url)
{
    size_t size = strlen(url);
    return size <= 200 && (size == 0 || url[size - 1] != '/') && span_is_text(span_of(url));
}

enum serve_option {
    OPTION_store = 256, OPTION_listen, OPTION_cert, OPTION_key, OPTION_base, OPTION_threads, OPTION_connections,
    OPTION_cache, OPTION_clock, OPTION_clock_start, OPTION_guarded, OPTION_private, OPTION_sandbox,
    OPTION_master, OPTION_read, OPTION_partitions, OPTION_lists, OPTION_help,
};

static const struct option options[] = {
    { "store", required_argument, NULL, OPTION_store },
    { "key", required_argument, NULL, OPTION_master },
    { "read-store", required_argument, NULL, OPTION_read },
    { "partitions", required_argument, NULL, OPTION_partitions },
    { "value-lists", no_argument, NULL, OPTION_lists },
    { "listen", required_argument, NULL, OPTION_listen },
    { "tls-cert", required_argument, NULL, OPTION_cert },
    { "tls-key", required_argument, NULL, OPTION_key },
    { "base-url", required_argument, NULL, OPTION_base },
    { "http-threads", required_argument, NULL, OPTION_threads },
    { "connections", required_argument, NULL, OPTION_connections },
    { "cache-mb", required_argument, NULL, OPTION_cache },
    { "test-clock", no_argument, NULL, OPTION_clock },
    { "test-clock-start", required_argument, NULL, OPTION_clock_start },
    { "metrics-guarded", no_argument, NULL, OPTION_guarded },
    { "webhook-private", no_argument, NULL, OPTION_private },
    { "sandbox", no_argument, NULL, OPTION_sandbox },
    { "help", no_argument, NULL, OPTION_help },
    { NULL, 0, NULL, 0 },
};

/* What is typed, and what it comes to. */
struct serve {
    const char *store, *key, *read_store;
    struct place place, read_place;
    struct server_settings settings;
};

/* Those that say where everything is; false when the value is wrong, or it is none of them. */
static bool place_option_take(struct serve *serve, int option)
{
    int64_t number = 0;
    bool fits = true;
    switch (option) {
    case OPTION_store:
        serve->store = optarg;
        break;
    case OPTION_master:
        serve->key = optarg;
        break;
    case OPTION_read:
        serve->read_store = optarg;
        break;
    case OPTION_partitions:
        fits = option_number(optarg, 1, PARTITIONS_MAX, &number);
        serve->settings.partitions = (uint32_t)number;
        break;
    case OPTION_lists:
        serve->settings.value_lists = true;
        break;
    default:
        fits = false;
    }
    return fits;
}

/* Takes one option in; false when its value is wrong. */
static bool option_take(void *context, int option)
{
    struct serve *serve = context;
    struct server_settings *settings = &serve->settings;
    int64_t number = 0;
    bool fits = true;
    switch (option) {
    case OPTION_listen:
        settings->listen = optarg;
        break;
    case OPTION_cert:
        settings->tls_certificate = optarg;
        break;
    case OPTION_key:
        settings->tls_key = optarg;
        break;
    case OPTION_base:
        settings->base_url = optarg;
        fits = base_url_holds(optarg);
        break;
    case OPTION_threads:
        fits = option_number(optarg, 1, HTTP_THREADS_MAX, &number);
        settings->http_threads = (uint32_t)number;
        break;
    case OPTION_connections:
        fits = option_number(optarg, 1, 1000000, &number);
        settings->connections_max = (uint32_t)number;
        break;
    case OPTION_cache:
        fits = option_number(optarg, 1, 1 << 20, &settings->cache_mb);
        break;
    case OPTION_clock:
        settings->test_clock = true;
        break;
    case OPTION_clock_start:
        fits = instant_read(span_of(optarg), &settings->test_clock_start_us);
        settings->test_clock = true;
        break;
    case OPTION_guarded:
        settings->metrics_guarded = true;
        break;
    case OPTION_sandbox:
        settings->sandbox = true;
        settings->test_clock = true;
        break;
    case OPTION_private:
        settings->webhook_private = true;
        break;
    default:
        fits = place_option_take(serve, option);
    }
    return fits;
}

static const char *options_check(void *context, char **files, int file_count)
{
    struct serve *serve = context;
    const struct server_settings *settings = &serve->settings;
    (void)files;
    (void)file_count;
    if (serve->store == NULL && !settings->sandbox) {
        return "--store is needed";
    }
    const char *wrong = serve->store != NULL ? place_read(&serve->place, serve->store, serve->key) : NULL;
    if (wrong == NULL && serve->read_store != NULL) {
        wrong = place_read(&serve->read_place, serve->read_store, NULL);
        if (wrong == NULL && (serve->place.kind != PLACE_postgres || serve->read_place.kind != PLACE_postgres)) {
            wrong = "--read-store names a replica of a database that --store names";
        }
    }
    if (wrong != NULL) {
        return wrong;
    }
    bool one = (settings->tls_certificate == NULL) != (settings->tls_key == NULL);
    return one ? "--tls-cert and --tls-key go together" : NULL;
}

static const struct options_terms terms = { .command = "serve",
                                           .help = help,
                                           .options = options,
                                           .help_option = OPTION_help,
                                           .take = option_take,
                                           .check = options_check };

/* Where the server listens, with the port that it really has. */
static void address_write(const struct server *server, const struct server_settings *settings,
                          char to[ADDRESS_TEXT_SIZE])
{
    struct span host = span_of(settings->listen);
    while (host.size > 0 && host.bytes[host.size - 1] != ':') {
        host.size--;
    }
    snprintf(to, ADDRESS_TEXT_SIZE, "%s://%.*s%u", settings->tls_key != NULL ? "https" : "http", (int)host.size,
             host.bytes, http_port(server->http));
}

/* Fills a sandbox and says what is in it. */
static bool sandbox_begin(struct server *server, const char *address, char *error, size_t error_size)
{
    char token[TOKEN_TEXT_SIZE];
    struct sandbox_facts facts = { .url = address, .operator_token = token, .platform = server->platform };
    /* Nobody asks yet: the address is printed below. */
    if (server->edits.base_url[0] == '\0' &&
        !span_copy(span_of(address), server->edits.base_url, sizeof(server->edits.base_url))) {
        snprintf(error, error_size, "the address to listen at is too long");
        return false;
    }
    for (size_t i = 0; i < server->edits.count; i++) {
        if (strcmp(server->edits.edits[i].command, "app_create") == 0) {
            facts.app_edit = &server->edits.edits[i];
        }
    }
    tokens_issue(server->tokens, (struct caller){ .kind = CALLER_operator }, TOKEN_FIRST_ID, token);
    return sandbox_fill(server->sandbox, error, error_size) && sandbox_print(server->sandbox, &facts, stdout);
}

static int serve_until_told(struct server *server, const struct server_settings *settings)
{
    char error[512] = "the sandbox cannot be told", address[ADDRESS_TEXT_SIZE];
    sigset_t signals;
    int got;

    files_raise();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by every thread: only this one takes them */
    if (!server_open(server, settings, error, sizeof(error))) {
        fprintf(stderr, "onetill serve: %s\n", error);
        return EXIT_fault;
    }
    address_write(server, settings, address);
    if (!token_write(server, settings->place)) {
        fprintf(stderr, "onetill serve: %s.operator-token cannot be written\n", settings->place->stem);
        server_close(server);
        return EXIT_fault;
    }
    if (settings->sandbox && !sandbox_begin(server, address, error, sizeof(error))) {
        fprintf(stderr, "onetill serve: %s\n", error);
        server_close(server);
        return EXIT_fault;
    }
    printf("ready %s pid %d\n", address, (int)getpid());
    fflush(stdout);
    while (sigwait(&signals, &got) != 0) {
    }
    server_close(server);
    return EXIT_holds;
}

int serve_main(int argc, char **argv)
{
    static struct serve serve; /* large, as is the next */
    static struct server server; /* it holds what lives as long as the process */
    struct server_settings *settings = &serve.settings;
    struct scratch scratch = { .folder = "" };
    *settings = (struct server_settings){ .place = &serve.place,
                                          .listen = "127.0.0.1:8080",
                                          .base_url = "",
                                          .http_threads = 1,
                                          .connections_max = 8192,
                                          .test_clock_start_us = os_now_us() };

    int exit_status = options_read(&terms, argc, argv, &serve);
    if (exit_status != EXIT_holds) {
        return exit_status < 0 ? EXIT_holds : exit_status;
    }
    settings->read_place = serve.read_store != NULL ? &serve.read_place : NULL;
    if (settings->cache_mb == 0 && settings->sandbox) {
        settings->cache_mb = CACHE_MB_SANDBOX;
    }
    if (serve.store == NULL) {
        if (access("/dev/shm", W_OK) == 0) {
            (void)setenv("TMPDIR", "/dev/shm", 0); /* memory, when nobody said otherwise */
        }
        if (!scratch_make(&scratch, NULL, "serve") || place_read(&serve.place, scratch.store, NULL) != NULL) {
            return EXIT_fault;
        }
    }
    exit_status = serve_until_told(&server, settings);
    scratch_remove(&scratch);
    return exit_status;
}
