// SPDX-License-Identifier: GPL-3.0-or-later
// A sender and the results that it reports. The peers are ordinary sockets in the same thread.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/memory.h"
#include "base/text.h"
#include "forward/sender_internal.h"
#include "http/http_client.h"
#include "http/proxy.h"
#include "net/connector.h"

static struct loop *loop;
static struct forward_spec spec;
static struct proxy_settings *proxies;
static struct sender *sender;
static struct payload payload;
static struct {
    int count;
    enum send_outcome outcome;
    int status;
    int64_t retry_after_ns;
    size_t dropped;
    char *message;
} seen;

static inline int set_up_senders(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    (void)alarm(60); // a test that hangs ends
    assert_true(loop_create(&loop, &err));
    spec = (struct forward_spec){.loop = loop, .user_agent = "pebble/test"};
    spec.connector = connector_create(loop, NULL);
    proxies = proxy_settings_create(NULL, NULL, NULL);
    spec.http_client = http_client_create(loop, spec.connector, proxies);
    buffer_init(&payload.text, BUFFER_NO_LIMIT);
    payload.count = 0;
    memset(&seen, 0, sizeof seen);
    return 0;
}

static inline int tear_down_senders(void **state UNUSED) {
    sender_destroy(sender);
    sender = NULL;
    http_client_destroy(spec.http_client);
    proxy_settings_destroy(proxies);
    connector_destroy(spec.connector);
    loop_destroy(loop);
    descriptor_budget_destroy(spec.descriptors);
    buffer_finish(&payload.text);
    free(seen.message);
    return 0;
}

static inline void on_payload_done(const struct send_result *result, void *data) {
    assert_ptr_equal(data, &seen);
    seen.count++;
    seen.outcome = result->outcome;
    seen.status = result->status;
    seen.retry_after_ns = result->retry_after_ns;
    seen.dropped = result->dropped;
    free(seen.message);
    seen.message = result->message != NULL ? memory_string(result->message) : NULL;
}

static inline void create(enum log_target_type type, const char *location) {
    sender = sender_create(&spec, type, location);
    sender_on_done(sender, on_payload_done, &seen);
}

static inline void add_to_payload(const char *text) {
    buffer_add_string(&payload.text, text);
    payload.ends[payload.count++] = payload.text.length;
}

static inline void wait_for_count(int count) {
    while (seen.count < count)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static inline void wait_for_result(void) {
    wait_for_count(seen.count + 1);
}

static inline void send_payload(void) {
    int before = seen.count;
    sender_start(sender, &payload);
    assert_int_equal(seen.count, before);
    wait_for_result();
    assert_int_equal(seen.count, before + 1);
}

// For a test that begins with a new sender: of this many descriptors, a sender gets none or one.
static inline void limit_descriptors(size_t count) {
    AUTO_ERROR struct error err = {0};
    spec.descriptors = descriptor_budget_create(2 * DESCRIPTORS_RESERVED);
    size_t left = descriptor_budget_left(spec.descriptors, DESCRIPTORS_PROCESSES);
    assert_true(descriptor_budget_take(spec.descriptors, DESCRIPTORS_PROCESSES, left - count, &err));
}

static inline size_t descriptors_left(void) {
    return descriptor_budget_left(spec.descriptors, DESCRIPTORS_PROCESSES);
}

// --- peers ---

// Binds a socket to a free port of the loopback address.
static inline int bind_socket(int type, uint16_t *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 8), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

// Runs the loop until a connection comes.
static inline int accept_connection(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0) {
        assert_int_equal(errno, EAGAIN);
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    }
    return fd;
}

// Adds what the socket has received to `text`, and runs the loop once.
static inline void receive_some(int fd, struct buffer *text) {
    char bytes[65536];
    ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count > 0)
        buffer_add(text, bytes, (size_t)count);
    else
        assert_true(count < 0 && errno == EAGAIN);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

// Both replace the content of `text`.
static inline void receive(int fd, size_t length, struct buffer *text) {
    buffer_clear(text);
    while (text->length < length)
        receive_some(fd, text);
}

static inline void receive_until(int fd, const char *suffix, struct buffer *text) {
    buffer_clear(text);
    while (!text_has_suffix(buffer_text(text), suffix))
        receive_some(fd, text);
}
