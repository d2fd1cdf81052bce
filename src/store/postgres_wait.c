/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for a server that may hang. Its machine answers for it as long as it stands: TCP stays alive, nothing
 * is closed, and libpq would wait without end. What a connection may be waited for hangs on the connection.
 */
#include "store/postgres_store.h"

#include <libpq-events.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/os_clock.h"

struct patience {
    int64_t silent_us;
    bool given_up;
};

static int patience_event(PGEventId event, void *info, void *context)
{
    (void)context;
    if (event == PGEVT_CONNDESTROY) {
        PGEventConnDestroy *gone = info;
        free(PQinstanceData(gone->conn, patience_event));
    }
    return 1;
}

void postgres_patience(PGconn *connection, int64_t silent_us)
{
    struct patience *patience = PQinstanceData(connection, patience_event);
    if (patience == NULL) {
        patience = calloc(1, sizeof(*patience));
        assert(patience != NULL);
        int hung = PQregisterEventProc(connection, patience_event, "patience", NULL);
        assert(hung == 1);
        int set = PQsetInstanceData(connection, patience_event, patience);
        assert(set == 1);
    }
    patience->silent_us = silent_us;
    (void)PQsetnonblocking(connection, silent_us > 0); /* a lost connection shows when it is used */
}

int64_t postgres_given_up_us(const PGconn *connection)
{
    const struct patience *patience = connection != NULL ? PQinstanceData(connection, patience_event) : NULL;
    return patience != NULL && patience->given_up ? patience->silent_us : 0;
}

/*
 * Waits until something can be read, or sent if there is anything left to send. After the limit the socket is
 * shut down: what reads from it then finds its end, and all that a lost connection needs is done as ever.
 */
static void wait_once(PGconn *connection, bool unsent)
{
    struct patience *patience = PQinstanceData(connection, patience_event);
    int64_t silent_us = patience != NULL ? patience->silent_us : 0;
    int64_t until_us = os_monotonic_us() + silent_us;
    struct pollfd socket = { .fd = PQsocket(connection), .events = POLLIN };
    socket.events = (short)(unsent ? POLLIN | POLLOUT : POLLIN);
    int ready = 0;
    while (ready <= 0 && socket.fd >= 0) {
        int64_t left_us = until_us - os_monotonic_us();
        if (silent_us > 0 && left_us <= 0) {
            patience->given_up = true;
            (void)shutdown(socket.fd, SHUT_RDWR);
            return;
        }
        ready = poll(&socket, 1, silent_us > 0 ? (int)(left_us / 1000) + 1 : -1); /* or a signal came */
    }
}

/*
 * With TLS the rest of a record may have left the socket and lie in memory: a read takes 8 KiB for certain, and a
 * record may have twice as much. So it is read once more before the socket is waited for.
 */
bool postgres_busy(PGconn *connection)
{
    if (PQisBusy(connection) && PQsslInUse(connection)) {
        (void)PQconsumeInput(connection); /* a lost connection shows when it is waited for */
    }
    return PQisBusy(connection);
}

PGresult *postgres_result(PGconn *connection)
{
    for (;;) {
        bool unsent = PQflush(connection) == 1;
        if (!postgres_busy(connection)) {
            break;
        }
        wait_once(connection, unsent);
        if (PQconsumeInput(connection) != 1) {
            break; /* which the result says */
        }
    }
    return PQgetResult(connection);
}

void postgres_idle(PGconn *connection)
{
    while (PQtransactionStatus(connection) == PQTRANS_ACTIVE && PQstatus(connection) == CONNECTION_OK) {
        PGresult *left = postgres_result(connection);
        if (left == NULL) {
            break;
        }
        PQclear(left);
    }
}

PGresult *postgres_last(PGconn *connection, bool sent)
{
    PGresult *last = NULL;
    PGresult *next = sent ? postgres_result(connection) : NULL;
    while (next != NULL) {
        PQclear(last);
        last = next;
        ExecStatusType kind = PQresultStatus(last);
        bool copies = kind == PGRES_COPY_IN || kind == PGRES_COPY_OUT || kind == PGRES_COPY_BOTH;
        bool lost = PQstatus(connection) != CONNECTION_OK;
        next = copies || lost ? NULL : postgres_result(connection);
    }
    return last;
}
