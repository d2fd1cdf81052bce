/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread, one libmicrohttpd daemon in external polling mode, one epoll.
 *
 * Owning the loop is what makes late answers cheap. libmicrohttpd's own threads would write to a pipe for
 * every MHD_resume_connection; here other threads push notes on a lock-free stack and write the eventfd
 * only when the loop has not been told yet, so hundreds of answers after a commit cost one system call.
 *
 * Held links: to suspend a connection costs three more system calls per request (out of the epoll, into
 * it again, a read that finds nothing). A connection whose request simply is not answered yet may instead
 * stay where it is; libmicrohttpd then asks for the answer at every pass, which costs tens of nanoseconds.
 * So up to `held_max` connections are held, each for up to HELD_POLLS_MAX passes; what must wait longer,
 * and what is too many, is suspended. While a link is held libmicrohttpd would spin, therefore the loop
 * waits by itself: on libmicrohttpd's epoll, for at most HELD_WAIT_MS.
 */
#include "doors/http_internal.h"

#include "base/os_clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 250
#define STOPPING_TICK_MS 5
#define HELD_WAIT_MS 1
#define HOUSEKEEPING_US 100000
#define LEAVING_US                                                                                           \
    500000                 /* for a client that has closed its side to have its request read or answer sent  \
                            */
#define GIVE_UP_US 1000000 /* for the last answers to leave, once the time to stop is up */
#define POOL_EXTRA_SIZE 1024 /* of a connection's memory: header lines kept, the head of the answer */
#define STREAMS_PER_PASS 16
#define EVENTS_OF_ONE_WAIT 128 /* MAX_EVENTS of libmicrohttpd */
#define PASSES_AFTER_RESUME 3 /* take back, send, find nothing more to read */

static _Thread_local const struct http_loop *current_loop;

bool http_loop_is_mine(const struct http_loop *loop)
{
    return current_loop == loop;
}

void http_loop_post(struct http_loop *loop, struct http_note *note)
{
    struct http_note *newest = atomic_load_explicit(&loop->mail, memory_order_relaxed);
    do {
        note->next = newest;
    } while (!atomic_compare_exchange_weak(&loop->mail, &newest, note));
}

void http_loop_signal(struct http_loop *loop)
{
    if (!atomic_exchange(&loop->signalled, true)) {
        uint64_t one = 1;
        /* Cannot fill up: nobody signals 2^64 times. */
        ssize_t written = write(loop->signal_fd, &one, sizeof(one));
        assert(written == sizeof(one));
    }
}

static void note_read(struct http_loop *loop, struct http_note *note)
{
    struct http_exchange *exchange;
    switch (note->kind) {
    case HTTP_NOTE_answer:
        exchange = (struct http_exchange *)(void *)((char *)note - offsetof(struct http_exchange, note));
        http_exchange_answered(exchange);
        break;
    case HTTP_NOTE_wake:
        exchange = (struct http_exchange *)(void *)((char *)note - offsetof(struct http_exchange, note));
        exchange->request.finish(&exchange->request);
        break;
    case HTTP_NOTE_stream:
        note->next = NULL;
        *(loop->stream_oldest != NULL ? &loop->stream_newest->next : &loop->stream_oldest) = note;
        loop->stream_newest = note;
        break;
    }
}

static void mail_read(struct http_loop *loop)
{
    if (!atomic_load_explicit(&loop->signalled, memory_order_relaxed) &&
        atomic_load_explicit(&loop->mail, memory_order_relaxed) == NULL) {
        return;
    }
    /* In this order: whoever posts after the mail was taken finds the signal down and raises it again. */
    atomic_store(&loop->signalled, false);
    struct http_note *newest = atomic_exchange(&loop->mail, NULL);
    struct http_note *oldest = NULL;
    while (newest != NULL) {
        struct http_note *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct http_note *next = oldest->next; /* reading a note may post it again */
        note_read(loop, oldest);
        oldest = next;
    }
}

/* A broadcast to a thousand clients must not stand in the way of requests: they share the passes. */
static void stream_notes_read(struct http_loop *loop)
{
    for (unsigned i = 0; i < STREAMS_PER_PASS && loop->stream_oldest != NULL; i++) {
        struct http_note *note = loop->stream_oldest;
        loop->stream_oldest = note->next;
        http_stream_note(note);
    }
    if (loop->stream_oldest != NULL && loop->passes == 0) {
        loop->passes = 1;
    }
}

static int link_socket(struct MHD_Connection *wire)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(wire, MHD_CONNECTION_INFO_CONNECTION_FD);
    assert(info != NULL);
    return info->connect_fd;
}

void http_resume(struct http_link *link)
{
    if (link->suspended) {
        link->suspended = false;
        link->loop->passes = PASSES_AFTER_RESUME;
        MHD_resume_connection(link->wire);
    }
}

void http_cut(struct http_link *link)
{
    (void)shutdown(link_socket(link->wire), SHUT_RDWR);
}

void http_unwatch(struct http_link *link)
{
    struct http_watch *watch = link->watch;
    if (watch != NULL) {
        *(link->older != NULL ? &link->older->newer : &watch->oldest) = link->newer;
        *(link->newer != NULL ? &link->newer->older : &watch->newest) = link->older;
        link->watch = NULL;
    }
}

void http_watch(struct http_link *link)
{
    struct http_watch *watch = link->half_closed ? &link->loop->leaving : &link->loop->slow;
    http_unwatch(link);
    link->since_us = link->loop->now_us;
    link->older = watch->newest;
    link->newer = NULL;
    *(link->older != NULL ? &link->older->newer : &watch->oldest) = link;
    watch->newest = link;
    link->watch = watch;
}

static void watch_cut(struct http_watch *watch, int64_t before_us)
{
    while (watch->oldest != NULL && watch->oldest->since_us <= before_us) {
        struct http_link *link = watch->oldest;
        http_unwatch(link);
        http_cut(link);
    }
}

/*
 * libmicrohttpd overlooks that a client has closed when the news came together with its last bytes, and
 * while the connection is suspended. A client may well close its side and still wait for its answer, and
 * bytes of its request may still be unread: therefore it gets some time, except when all it does is listen.
 */
static void hangups_read(struct http_loop *loop)
{
    struct epoll_event events[64];
    int count;
    do {
        count = epoll_wait(loop->hangup_fd, events, (int)COUNT_OF(events), 0);
        for (int i = 0; i < count; i++) {
            struct http_link *link = events[i].data.ptr;
            if (link->half_closed) {
                continue; /* its stream was cut, which is an event again: a crowd that leaves must come to an end */
            }
            link->half_closed = true;
            if (link->stream != NULL) {
                http_stream_cut(link->stream);
            } else if (link->watch != NULL) {
                http_watch(link);
            }
        }
    } while (count == (int)COUNT_OF(events));
}

static void housekeep(struct http_loop *loop)
{
    const struct http_settings *settings = &loop->server->settings;
    int64_t late_us = loop->now_us - settings->request_timeout_ms * 1000;
    int64_t slow_us = loop->now_us - (settings->idle_timeout_ms + settings->request_timeout_ms) * 1000;

    loop->housekeeping_us = loop->now_us + HOUSEKEEPING_US;
    while (loop->oldest_waiting != NULL && loop->oldest_waiting->received_us <= late_us) {
        http_exchange_give_up(
            loop->oldest_waiting, 504,
            SPAN("{\"type\":\"about:blank\",\"title\":\"No answer in time\",\"status\":504,\"detail\":\"The "
                 "outcome is not known yet. Repeat the request with the same idempotency key.\"}"));
    }
    hangups_read(loop);
    watch_cut(&loop->slow, slow_us);
    watch_cut(&loop->leaving, loop->now_us - LEAVING_US);
    atomic_store_explicit(&loop->tally.cpu_us, (uint64_t)os_thread_cpu_ns() / 1000, memory_order_relaxed);
}

static void stop_begin(struct http_loop *loop)
{
    loop->stopping = true;
    loop->stop_by_us = loop->now_us + loop->server->settings.stop_timeout_ms * 1000;
    int fd = MHD_quiesce_daemon(loop->daemon);
    assert(fd == loop->listen_fd);
    (void)close(fd);
    http_streams_end(loop);
}

static void stop_give_up(struct http_loop *loop)
{
    loop->given_up = true;
    while (loop->oldest_waiting != NULL) {
        http_exchange_give_up(
            loop->oldest_waiting, 503,
            SPAN("{\"type\":\"about:blank\",\"title\":\"Stopping\",\"status\":503,\"detail\":\"The server "
                 "stops "
                 "and the outcome is not known. Repeat the request with the same idempotency key.\"}"));
    }
}

/* True when nothing is left to do, or the time for it is up. */
static bool stop_goes_on(struct http_loop *loop)
{
    if (loop->oldest_waiting == NULL && loop->unsent == 0 && loop->streams == NULL && loop->owed == 0) {
        return false;
    }
    if (!loop->given_up && loop->now_us >= loop->stop_by_us) {
        stop_give_up(loop);
    }
    return loop->now_us < loop->stop_by_us + GIVE_UP_US;
}

/*
 * libmicrohttpd takes 128 events at a time, and when it got as many it waits for more, with the full time-out,
 * before it looks at any of them. When there may be so many it must therefore never wait by itself.
 */
static void events_wait(struct http_loop *loop, int wait_ms)
{
    struct pollfd ready = { .fd = loop->poll_fd, .events = POLLIN };
    MHD_UNSIGNED_LONG_LONG due_ms;
    if (MHD_get_timeout(loop->daemon, &due_ms) == MHD_YES && (wait_ms < 0 || due_ms < (unsigned)wait_ms)) {
        wait_ms = (int)due_ms;
    }
    (void)poll(&ready, 1, wait_ms);
}

static void settle(struct http_loop *loop)
{
    if (loop->settled != NULL) {
        void (*settled)(void *context) = loop->settled;
        loop->settled = NULL;
        settled(loop->settled_context);
    }
}

void http_when_settled(struct http_request *request, void (*settled)(void *context), void *context)
{
    struct http_loop *loop = ((struct http_exchange *)request)->loop;
    assert(http_loop_is_mine(loop));
    loop->settled = settled;
    loop->settled_context = context;
}

/* Lets libmicrohttpd do what is due, which hands requests over, and says when that is done. */
static void run(struct http_loop *loop)
{
    (void)MHD_run(loop->daemon);
    settle(loop);
}

static void pass(struct http_loop *loop, uint64_t *progress_seen)
{
    if (loop->passes > 0) {
        loop->passes--;
        run(loop);
        return;
    }
    if (loop->held == 0) {
        int wait_ms = loop->stopping ? STOPPING_TICK_MS : loop->links > 0 ? TICK_MS : -1;
        if (loop->links < EVENTS_OF_ONE_WAIT / 2) {
            (void)MHD_run_wait(loop->daemon, wait_ms);
            settle(loop);
        } else {
            events_wait(loop, wait_ms);
            run(loop);
        }
        return;
    }
    /* An answer that did not leave in the pass that took it may need one more, unless that made no headway.
     */
    if (loop->unsent == 0 || loop->progress == *progress_seen) {
        struct pollfd ready = { .fd = loop->poll_fd, .events = POLLIN };
        (void)poll(&ready, 1, HELD_WAIT_MS);
    }
    *progress_seen = loop->progress;
    run(loop);
}

static void loop_end(struct http_loop *loop)
{
    stop_give_up(loop);
    http_streams_cut(loop);
    MHD_stop_daemon(loop->daemon);
    settle(loop);
    assert(loop->links == 0);
    assert(loop->streams == NULL);
}

unsigned http_loop_settle(struct http_loop *loop)
{
    current_loop = loop;
    mail_read(loop);
    while (loop->stream_oldest != NULL) {
        stream_notes_read(loop);
    }
    current_loop = NULL;
    http_exchange_free_all(loop);
    return loop->owed;
}

static void *loop_main(void *context)
{
    struct http_loop *loop = context;
    (void)pthread_setname_np(pthread_self(), "http");
    uint64_t progress_seen = 0;

    current_loop = loop;
    for (;;) {
        loop->now_us = os_monotonic_us();
        mail_read(loop);
        stream_notes_read(loop);
        if (loop->now_us >= loop->housekeeping_us) {
            housekeep(loop);
        }
        if (!loop->stopping && atomic_load_explicit(&loop->server->stopping, memory_order_relaxed)) {
            stop_begin(loop);
        }
        if (loop->stopping && !stop_goes_on(loop)) {
            break;
        }
        pass(loop, &progress_seen);
    }
    loop_end(loop);
    return NULL;
}

static enum MHD_Result link_allow(void *context, const struct sockaddr *address, socklen_t size)
{
    struct http_loop *loop = context;
    uint8_t key[16];
    (void)size;
    http_address_key(address, key);
    return http_address_full(&loop->server->addresses, key) ? MHD_NO : MHD_YES;
}

static void link_open(struct http_loop *loop, struct MHD_Connection *wire, void **slot)
{
    struct http_link *link = calloc(1, sizeof(*link));
    if (link == NULL) {
        return; /* http_access closes the connection when it finds no link */
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(wire, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    assert(info != NULL);
    const struct sockaddr *address = info->client_addr;
    const void *bytes = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
                            : &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (inet_ntop(address->sa_family, bytes, link->peer, sizeof(link->peer)) != NULL) {
        link->peer_size = strlen(link->peer);
    }
    http_address_key(address, link->address);
    http_address_add(&loop->server->addresses, link->address);
    link->loop = loop;
    link->wire = wire;
    if (loop->links == 0) {
        loop->now_us = os_monotonic_us(); /* the wait for a first one has no end */
    }
    http_watch(link);
    struct epoll_event event = { .events = EPOLLRDHUP | EPOLLET, .data.ptr = link };
    /* On failure a half-closed connection is cut later, by a time-out. */
    (void)epoll_ctl(loop->hangup_fd, EPOLL_CTL_ADD, link_socket(wire), &event);
    loop->links++;
    http_tally_add(&loop->tally.connections, 1);
    http_tally_add(&loop->tally.connections_open, 1);
    *slot = link;
}

static void link_notify(void *context, struct MHD_Connection *wire, void **slot,
                        enum MHD_ConnectionNotificationCode code)
{
    struct http_loop *loop = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        link_open(loop, wire, slot);
        return;
    }
    struct http_link *link = *slot;
    if (link == NULL) {
        return;
    }
    assert(link->exchange == NULL);
    assert(link->stream == NULL);
    assert(!link->held);
    http_unwatch(link);
    http_address_remove(&loop->server->addresses, link->address);
    http_tally_sub(&loop->tally.connections_open, 1);
    loop->links--;
    free(link->target);
    free(link);
    *slot = NULL;
}

/*
 * Decodes %XX in place. libmicrohttpd hands texts on by their terminating zero, so that /v1/shops/7%00/x would
 * be taken for /v1/shops/7: a coded zero becomes another control character, which nothing accepts.
 */
static size_t address_decode(void *context, struct MHD_Connection *wire, char *text)
{
    (void)context;
    (void)wire;
    for (char *zero = text; (zero = strstr(zero, "%00")) != NULL; zero += 3) {
        zero[2] = '1';
    }
    return MHD_http_unescape(text);
}

/*
 * The request line's target before it is decoded. What is returned would be the request's state, which begins
 * with none.
 */
static void *target_keep(void *context, const char *target, struct MHD_Connection *wire)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(wire, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_link *link = info != NULL ? info->socket_context : NULL;
    size_t size = strlen(target);
    (void)context;
    if (link == NULL) {
        return NULL;
    }
    link->target_size = 0;
    if (size > link->target_capacity) {
        char *wider = realloc(link->target, size);
        if (wider == NULL) {
            return NULL; /* as if it were empty: no signature will hold */
        }
        link->target = wider;
        link->target_capacity = size;
    }
    memcpy(link->target, target, size);
    link->target_size = size;
    return NULL;
}

static struct MHD_Daemon *daemon_start(struct http_loop *loop)
{
    const struct http_server *server = loop->server;
    const struct http_settings *settings = &server->settings;
    uint32_t links = (settings->connections_max + settings->thread_count - 1) / settings->thread_count;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    bool tls = server->tls_key != NULL;
    struct MHD_OptionItem items[] = {
        { MHD_OPTION_LISTEN_SOCKET, loop->listen_fd, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, (intptr_t)links, NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)(settings->header_max + POOL_EXTRA_SIZE), NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)((settings->idle_timeout_ms + 999) / 1000), NULL },
        { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_completed, loop },
        { MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)link_notify, loop },
        { MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)address_decode, NULL },
        { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)target_keep, NULL },
        { tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, server->tls_certificate },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, server->tls_key },
        { MHD_OPTION_END, 0, NULL },
    };
    if (tls) {
        flags |= MHD_USE_TLS;
    }
    return MHD_start_daemon(flags, 0, link_allow, loop, http_access, loop, MHD_OPTION_ARRAY, items,
                            MHD_OPTION_END);
}

/* Signals are for the program's own threads. */
static bool thread_start(struct http_loop *loop)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        return false;
    }
    bool started = pthread_create(&loop->thread, NULL, loop_main, loop) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

bool http_loop_start(struct http_loop *loop, char *error, size_t error_size)
{
    /* libmicrohttpd closes its own. */
    loop->listen_fd = fcntl(loop->server->listen_fd, F_DUPFD_CLOEXEC, 0);
    loop->signal_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->hangup_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->listen_fd < 0 || loop->signal_fd < 0 || loop->hangup_fd < 0) {
        snprintf(error, error_size, "cannot start an HTTP thread: %s", strerror(errno));
        return false;
    }
    loop->now_us = os_monotonic_us();
    loop->daemon = daemon_start(loop);
    if (loop->daemon == NULL) {
        snprintf(error, error_size, "%s",
                 loop->server->tls_key != NULL ? "the TLS certificate and key do not do"
                                               : "libmicrohttpd does not start");
        (void)close(loop->listen_fd);
        return false;
    }
    loop->poll_fd = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    /* libmicrohttpd passes over events without data: such an event only ends its wait. */
    struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = NULL };
    if (epoll_ctl(loop->poll_fd, EPOLL_CTL_ADD, loop->signal_fd, &event) != 0 || !thread_start(loop)) {
        snprintf(error, error_size, "cannot start an HTTP thread: %s", strerror(errno));
        MHD_stop_daemon(loop->daemon);
        return false;
    }
    return true;
}
