// SPDX-License-Identifier: GPL-3.0-or-later
// Shared by the tests of the commands for notices and warnings: a fake daemon, and a state file of its own.
#pragma once

#include <unistd.h>

#include "../client/fake_daemon.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define NOTICE(id, user, type, key)                                                                                    \
    "{\"id\":\"" id "\",\"user-id\":" user ",\"type\":\"" type "\",\"key\":\"" key "\","                               \
    "\"first-occurred\":\"2024-01-02T03:04:05Z\",\"last-occurred\":\"2024-01-02T03:04:07Z\","                          \
    "\"last-repeated\":\"2024-01-02T03:04:06.000000007Z\",\"occurrences\":3,\"last-data\":{\"size\":\"1\"},"           \
    "\"repeat-after\":\"1h0m0s\",\"expire-after\":\"168h0m0s\"}"

#define REFUSED(message)                                                                                               \
    { .json = "{\"type\":\"error\",\"status-code\":400,\"result\":{\"message\":\"" message "\"}}", .status = 400 }

struct notice_fixture {
    char *socket_path;
    char *folder; // the parent of the socket, for the state file too
    struct fake_daemon *daemon;
    struct text_list requests;
};

static inline void notice_fixture_begin(struct notice_fixture *fixture, const struct fake_response *script,
                                        size_t count) {
    *fixture = (struct notice_fixture){.socket_path = fake_socket_path()};
    fixture->folder =
        memory_string_n(fixture->socket_path, (size_t)(strrchr(fixture->socket_path, '/') - fixture->socket_path));
    fixture->daemon = fake_daemon_start(fixture->socket_path, script, count);
    (void)setenv("PEBBLE_SOCKET", fixture->socket_path, 1);
    (void)setenv("XDG_CONFIG_HOME", fixture->folder, 1);
    (void)setenv("TZ", "UTC", 1);
}

static inline void notice_fixture_stop(struct notice_fixture *fixture) {
    if (fixture->daemon != NULL)
        fake_daemon_stop(fixture->daemon, &fixture->requests);
    fixture->daemon = NULL;
}

static inline void notice_fixture_end(struct notice_fixture *fixture) {
    AUTO_FREE char *inner = path_join(fixture->folder, "pebble");
    AUTO_FREE char *file = path_join(inner, "cli.json");
    notice_fixture_stop(fixture);
    (void)unlink(file);
    (void)rmdir(inner);
    text_list_clear(&fixture->requests);
    free(fixture->folder);
    fake_socket_remove(fixture->socket_path);
}

// Method and target of a request. Stops the daemon.
static inline void notice_fixture_assert_request(struct notice_fixture *fixture, size_t number, const char *line) {
    notice_fixture_stop(fixture);
    assert_true(number < fixture->requests.count);
    const char *text = strchr(fixture->requests.items[number], ' ') + 1;
    AUTO_FREE char *begun = memory_printf("%s HTTP/1.1\r\n", line);
    if (!text_has_prefix(text, begun))
        fail_msg("request %zu is %s", number, text);
}

static inline void notice_fixture_assert_body(struct notice_fixture *fixture, size_t number, const char *body) {
    notice_fixture_stop(fixture);
    AUTO_FREE char *ended = memory_printf("\r\n\r\n%s", body);
    if (!text_has_suffix(fixture->requests.items[number], ended))
        fail_msg("request %zu is %s", number, fixture->requests.items[number]);
}

// Replaces the state file.
static inline void write_listed(const char *text) {
    AUTO_FREE char *folder = path_join(getenv("XDG_CONFIG_HOME"), "pebble");
    AUTO_FREE char *path = path_join(folder, "cli.json");
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    assert_true(directory_create_all(folder, 0700, NULL));
    assert_true(file_write_atomic(path, &piece, 1, 0600, NULL));
}

// What the state file contains.
static inline void assert_listed(const char *name, const char *time) {
    AUTO_FREE char *path = path_join(getenv("XDG_CONFIG_HOME"), "pebble/cli.json");
    AUTO_FREE char *member = memory_printf("\"%s\":\"%s\"", name, time);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(65536);
    assert_true(file_read(path, &text, NULL));
    if (strstr(buffer_text(&text), member) == NULL)
        fail_msg("%s is not in %s", member, buffer_text(&text));
}
