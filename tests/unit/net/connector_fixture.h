// SPDX-License-Identifier: GPL-3.0-or-later
// A loop, a connector with a resolver that knows a few names, listening sockets, and the outcomes of attempts.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/connector_internal.h"
#include "net/stream.h"

enum { OUTCOMES_MAX = RESOLVE_THREADS + (int)RESOLVE_QUEUE_MAX + 1 };

static struct loop *loop;
static struct connector *connector;

// --- the resolver ---

// Names that begin with "hang" resolve when the gate is opened, as "local".
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_open;
    int calls, waiting;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void gate_pass(bool waits) {
    pthread_mutex_lock(&gate.lock);
    gate.calls++;
    gate.waiting += waits;
    pthread_cond_broadcast(&gate.changed);
    while (waits && !gate.is_open)
        pthread_cond_wait(&gate.changed, &gate.lock);
    gate.waiting -= waits;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static UNUSED void gate_wait_for(int waiting) {
    pthread_mutex_lock(&gate.lock);
    while (gate.waiting < waiting)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void gate_wait_until_passed(void) {
    pthread_mutex_lock(&gate.lock);
    while (gate.waiting > 0)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void gate_set_open(bool is_open) {
    pthread_mutex_lock(&gate.lock);
    gate.is_open = is_open;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static const struct {
    const char *name;
    const char *addresses[4];
} names[] = {
    {"local", {"127.0.0.1"}},
    {"localhost", {"127.0.0.1"}},
    {"two", {"127.0.0.1", "127.0.0.2"}},
    {"none", {NULL}},
    {"three", {"127.0.0.1", "127.0.0.3", "127.0.0.2"}},
};

static bool resolve_known(const char *name, struct address_list *found, struct error *err) {
    bool hangs = text_has_prefix(name, "hang");
    gate_pass(hangs);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (!text_equal(hangs ? "local" : name, names[i].name))
            continue;
        found->items = memory_new_array(ARRAY_COUNT(names[i].addresses), sizeof *found->items);
        for (; names[i].addresses[found->count] != NULL; found->count++) {
            struct sockaddr_in *address = (struct sockaddr_in *)&found->items[found->count];
            address->sin_family = AF_INET;
            assert_int_equal(inet_pton(AF_INET, names[i].addresses[found->count], &address->sin_addr), 1);
        }
        return true;
    }
    return error_set(err, ERROR_CONNECTION, "no such host");
}

// --- sockets ---

static UNUSED struct sockaddr_in ipv4(const char *host, uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
    return address;
}

// A socket bound to the address, any port if it is 0; not listening.
static UNUSED int bind_at(const char *host, uint16_t *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = ipv4(host, *port);
    socklen_t length = sizeof address;
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static UNUSED int listen_at(const char *host, uint16_t *port) {
    int fd = bind_at(host, port);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

// A listening socket that takes no more connections: those that come next wait without end.
struct full_socket {
    int fd;
    int clients[4];
};

static UNUSED struct full_socket listen_full_at(const char *host, uint16_t *port) {
    struct full_socket full = {.fd = bind_at(host, port)};
    assert_int_equal(listen(full.fd, 0), 0);
    for (size_t i = 0; i < ARRAY_COUNT(full.clients); i++) {
        struct sockaddr_in address = ipv4(host, *port);
        full.clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int status = connect(full.clients[i], (const struct sockaddr *)&address, sizeof address);
        assert_true(status == 0 || errno == EINPROGRESS);
    }
    return full;
}

static UNUSED void full_socket_close(struct full_socket *full) {
    (void)close(full->fd);
    for (size_t i = 0; i < ARRAY_COUNT(full->clients); i++)
        (void)close(full->clients[i]);
}
#define AUTO_FULL_SOCKET CLEANUP(full_socket_close)

// --- attempts ---

struct outcome {
    struct connection_attempt *attempt; // NULL once it is over
    struct stream *stream;
    enum error_kind kind;
    int errnum;
    char *message;
    int calls;
    void (*on_end)(void); // called at the end, if it is set
};
static struct outcome outcomes[OUTCOMES_MAX];
static struct connection_attempt *ending; // the attempt whose function is running
static int done_count, stop_at;
static bool is_starting;

static void on_attempt_done(struct connection_attempt *attempt, struct stream *stream, const struct error *err,
                            void *data) {
    struct outcome *outcome = data;
    assert_false(is_starting);
    assert_ptr_equal(attempt, outcome->attempt);
    assert_true((stream == NULL) == (err != NULL));
    outcome->attempt = NULL;
    ending = attempt;
    outcome->stream = stream;
    outcome->calls++;
    if (err != NULL) {
        outcome->kind = err->kind;
        outcome->errnum = err->errnum;
        outcome->message = memory_string(error_text(err));
    }
    if (outcome->on_end != NULL)
        outcome->on_end();
    if (++done_count == stop_at)
        loop_stop(loop);
}

static UNUSED struct outcome *start_target(int i, const struct connect_target *target) {
    is_starting = true;
    outcomes[i].attempt = connector_start(connector, target, on_attempt_done, &outcomes[i]);
    is_starting = false;
    return &outcomes[i];
}

static UNUSED struct outcome *start(int i, const char *host, uint16_t port, int64_t deadline_ns) {
    return start_target(i, &(struct connect_target){.host = host, .port = port, .deadline_ns = deadline_ns});
}

// Until so many attempts in all have ended.
static UNUSED void run_until_done(int count) {
    stop_at = count;
    if (done_count < count)
        loop_run(loop);
    stop_at = 0;
    assert_int_equal(done_count, count);
}

static UNUSED void expect_error(const struct outcome *outcome, enum error_kind kind, const char *message) {
    assert_int_equal(outcome->calls, 1);
    assert_null(outcome->stream);
    assert_string_equal(outcome->message, message);
    assert_int_equal(outcome->kind, kind);
}

static UNUSED void expect_stream(const struct outcome *outcome) {
    assert_int_equal(outcome->calls, 1);
    if (outcome->stream == NULL)
        fail_msg("%s", outcome->message);
}

// --- the fixture ---

static int open_connector(void **state UNUSED) {
    (void)signal(SIGPIPE, SIG_IGN);
    memset(outcomes, 0, sizeof outcomes);
    done_count = 0;
    gate.calls = 0;
    gate_set_open(false);
    if (!loop_create(&loop, NULL))
        return -1;
    connector = connector_create(loop, resolve_known);
    return 0;
}

static int close_connector(void **state UNUSED) {
    gate_set_open(true);
    gate_wait_until_passed();
    if (connector != NULL)
        assert_true(worker_pool_wait(connector->pool, 60 * NS_PER_S));
    connector_destroy(connector);
    for (int i = 0; i < OUTCOMES_MAX; i++) {
        stream_destroy(outcomes[i].stream);
        free(outcomes[i].message);
    }
    loop_destroy(loop);
    return 0;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_connector, close_connector)
