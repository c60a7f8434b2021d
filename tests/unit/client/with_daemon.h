// SPDX-License-Identifier: GPL-3.0-or-later
// What tests of the client's functions begin and end with: a client of a fake daemon.
#pragma once

#include "base/memory.h"
#include "base/text.h"
#include "fake_daemon.h"
#include "pebble.h"

struct with_daemon {
    char *path;
    struct fake_daemon *daemon; // NULL after with_daemon_stop()
    struct pebble_client *client;
    struct pebble_error error;
    struct text_list requests; // after with_daemon_stop()
};

static inline void with_daemon_begin(struct with_daemon *with, const struct fake_response *script, size_t count) {
    *with = (struct with_daemon){.path = fake_socket_path()};
    if (count > 0)
        with->daemon = fake_daemon_start(with->path, script, count);
    const struct pebble_client_options options = {.size = sizeof options, .socket_path = with->path};
    assert_true(pebble_client_create(&options, &with->client, NULL));
}

static inline void with_daemon_stop(struct with_daemon *with) {
    if (with->daemon != NULL) {
        fake_daemon_stop(with->daemon, &with->requests);
        with->daemon = NULL;
    }
}

static inline void with_daemon_end(struct with_daemon *with) {
    pebble_client_destroy(with->client);
    with_daemon_stop(with);
    pebble_error_clear(&with->error);
    text_list_clear(&with->requests);
    fake_socket_remove(with->path);
}

// The request's line and body: "1 POST /v1/x HTTP/1.1" and "{...}".
static inline void with_daemon_assert_request(struct with_daemon *with, size_t number, const char *line,
                                              const char *body) {
    with_daemon_stop(with);
    assert_true(number < with->requests.count);
    const char *text = with->requests.items[number];
    AUTO_FREE char *begun = memory_printf("%s\r\n", line);
    AUTO_FREE char *ended = memory_printf("\r\n\r\n%s", body);
    if (!text_has_prefix(text, begun) || !text_has_suffix(text, ended))
        fail_msg("request %zu is %s", number, text);
}

static inline void with_daemon_assert_error(struct with_daemon *with, enum pebble_error_kind kind,
                                            const char *message) {
    assert_string_equal(with->error.message != NULL ? with->error.message : "", message);
    assert_int_equal(with->error.kind, kind);
}
