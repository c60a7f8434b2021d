// SPDX-License-Identifier: GPL-3.0-or-later
// A transfer to a daemon that is the test itself, and what has come of it.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/epoll.h>

#include "base/buffer.h"
#include "base/file.h"
#include "client/errors.h"
#include "client/transfer_internal.h"
#include "peer.h"

#define OK(length) "HTTP/1.1 200 OK\r\nContent-Length: " #length "\r\n\r\n"
#define RESPONSE OK(3) "abc"

static const struct client_request get_x = {.method = "GET", .target = "/x"};
static const struct client_request post_x = {.method = "POST", .target = "/x", .body = "{}", .body_length = 2};

struct run {
    struct peer peer;
    struct client_transfer transfer;
    struct pebble_error error;
    struct buffer body;
};

static inline void run_begin(struct run *run, const struct client_request *request) {
    assert_true(client_transfer_init(&run->transfer, run->peer.client, request, NULL, NULL));
    buffer_init(&run->body, BUFFER_NO_LIMIT);
}

static inline void run_init(struct run *run, const struct client_request *request) {
    *run = (struct run){0};
    peer_begin(&run->peer);
    run_begin(run, request);
}

// Goes on until it waits or is over.
static inline enum client_transfer_event go_on(struct run *run) {
    for (;;) {
        const char *data;
        size_t length;
        enum client_transfer_event event = client_transfer_step(&run->transfer, &data, &length, &run->error);
        if (event == CLIENT_TRANSFER_BODY)
            buffer_add(&run->body, data, length);
        else if (event != CLIENT_TRANSFER_HEAD)
            return event;
    }
}

// Another one, with the same client.
static inline void run_again(struct run *run, const struct client_request *request) {
    client_transfer_finish(&run->transfer);
    buffer_finish(&run->body);
    pebble_error_clear(&run->error);
    run_begin(run, request);
}

static inline void run_finish(struct run *run) {
    client_transfer_finish(&run->transfer);
    client_transfer_finish(&run->transfer);
    buffer_finish(&run->body);
    pebble_error_clear(&run->error);
    peer_end(&run->peer);
}

static inline void assert_ended(struct run *run, const char *body) {
    assert_int_equal(go_on(run), CLIENT_TRANSFER_END);
    assert_string_equal(buffer_text(&run->body), body);
    assert_int_equal(run->transfer.exchange.status, 200);
    assert_int_equal(go_on(run), CLIENT_TRANSFER_END);
}

static inline void assert_failed(struct run *run, enum pebble_error_kind kind, const char *message) {
    assert_int_equal(go_on(run), CLIENT_TRANSFER_FAILED);
    assert_string_equal(run->error.message, message);
    assert_int_equal(run->error.kind, kind);
}

static inline int64_t wake_ns(struct run *run) {
    AUTO_CLOSE int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct client_wants wants = {.poll_fd = poll_fd};
    assert_true(client_transfer_watch(&run->transfer, &wants, NULL));
    client_watch_clear(&run->transfer.connection.watch);
    return wants.wake_ns;
}
