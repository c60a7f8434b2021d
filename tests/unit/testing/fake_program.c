// SPDX-License-Identifier: GPL-3.0-or-later
#include "fake_program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "testing/socket_internal.h"
#include "wire/http_message.h"

#define REQUEST_LIMIT_BYTES ((size_t)1048576)

struct fake {
    const char *kind;
    bool is_down;
};

static const char *result_of(struct fake *fake, const char *method, const char *path) {
    static const char up[] = "[{\"name\":\"ready\",\"level\":\"ready\",\"status\":\"up\",\"change-id\":\"1\"}]",
                      down[] = "[{\"name\":\"ready\",\"level\":\"ready\",\"status\":\"down\",\"change-id\":\"2\"}]";
    if (text_has_prefix(path, "/v1/system-info"))
        return "{\"version\":\"fake\",\"boot-id\":\"1\"}";
    if (text_has_prefix(path, "/v1/services"))
        return "[{\"name\":\"web\",\"startup\":\"enabled\",\"current\":\"active\"}]";
    if (text_equal(path, "/v1/checks/refresh")) {
        fake->is_down = !fake->is_down && !text_equal(fake->kind, "stuck");
        return "{\"info\":{\"name\":\"ready\"}}";
    }
    if (text_equal(path, "/v1/checks"))
        return "{\"changed\":[]}";
    if (text_has_prefix(path, "/v1/checks"))
        return fake->is_down ? down : up;
    if (text_has_prefix(path, "/v1/notices") && text_equal(fake->kind, "orphan")) {
        (void)kill(getppid(), SIGKILL);
        (void)pause(); // ended by the system, PR_SET_PDEATHSIG
    }
    if (text_has_prefix(path, "/v1/notices"))
        return text_equal(method, "POST") ? "{\"id\":\"3\"}"
                                          : "[{\"id\":\"3\",\"type\":\"change-update\",\"key\":\"2\"}]";
    return "true";
}

static void respond(struct fake *fake, int fd, const struct http_head *head, const char *body) {
    char text[1024];
    const char *result = result_of(fake, head->method, head->target);
    (void)fprintf(stderr, "%s %s %s\n", head->method, head->target, body);
    AUTO_FREE char *json =
        memory_printf("{\"type\":\"sync\",\"status-code\":200,\"status\":\"OK\",\"result\":%s}", result);
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                          "Connection: close\r\n\r\n%s",
                          strlen(json), json);
    (void)send(fd, text, (size_t)length, MSG_NOSIGNAL);
}

// One request.
static void serve(struct fake *fake, int fd) {
    struct http_reader reader;
    char bytes[4096];
    ssize_t length;
    bool is_complete = false;
    AUTO_BUFFER struct buffer body = BUFFER_INIT(REQUEST_LIMIT_BYTES);
    struct http_taken_head head = {0};
    http_reader_init(&reader, HTTP_READ_REQUEST);
    while (!is_complete && (length = read(fd, bytes, sizeof bytes)) > 0) {
        const char *at = bytes, *data;
        size_t left = (size_t)length, data_length;
        enum http_event event;
        while (!is_complete && (event = http_reader_next(&reader, &at, &left, &data, &data_length)) != HTTP_NEED_MORE) {
            if (event == HTTP_HEAD)
                http_reader_take_head(&reader, &head);
            else if (event == HTTP_BODY)
                buffer_add(&body, data, data_length);
            else
                is_complete = true;
        }
    }
    if (is_complete && head.head.method != NULL)
        respond(fake, fd, &head.head, buffer_text(&body));
    http_taken_head_finish(&head);
    http_reader_finish(&reader);
}

static _Noreturn void run(const char *kind) {
    struct fake fake = {.kind = kind};
    if (text_equal(kind, "exit")) {
        (void)fputs("the layer is wrong\n", stderr);
        _exit(1);
    }
    if (text_equal(kind, "stubborn"))
        (void)signal(SIGTERM, SIG_IGN);
    if (text_equal(kind, "hang")) {
        for (;;)
            (void)pause();
    }
    int listener = testing_socket_listen(getenv("PEBBLE_SOCKET"));
    (void)fcntl(listener, F_SETFL, 0);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            _exit(2);
        serve(&fake, fd);
        (void)close(fd);
    }
}

void fake_program_begin(void) {
    const char *kind = getenv("FAKE_PROGRAM");
    if (kind != NULL)
        run(kind);
}

struct pebble_test_options fake_program_options(const char *const *environment) {
    return (struct pebble_test_options){.size = sizeof(struct pebble_test_options),
                                        .program = "/proc/self/exe",
                                        .environment = environment,
                                        .environment_count = 1,
                                        .timeout_ms = FAKE_TIMEOUT_MS};
}
