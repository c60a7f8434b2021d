// SPDX-License-Identifier: GPL-3.0-or-later
#include "peer_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "peer_websocket.h"

#define END "{\"command\":\"end\"}"

static void send_frames(int fd, const char *bytes, size_t length) {
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    size_t size = websocket_write_head(head, WEBSOCKET_BINARY, true, length, NULL);
    (void)!send(fd, head, size, MSG_NOSIGNAL);
    while (length > 0) {
        ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL);
        if (count <= 0)
            return; // the client has gone
        bytes += count;
        length -= (size_t)count;
    }
    size = websocket_write_head(head, WEBSOCKET_TEXT, true, strlen(END), NULL);
    (void)!send(fd, head, size, MSG_NOSIGNAL | MSG_MORE);
    (void)!send(fd, END, strlen(END), MSG_NOSIGNAL);
}

static void wait_for(int fd) {
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    (void)poll(&watched, 1, 60000);
}

static int accept_next(const struct peer_command *command) {
    wait_for(command->peer.listener);
    int fd = peer_accept(&command->peer);
    wait_for(fd);
    return fd;
}

// To the text message, or the end of the connection.
static bool read_input(struct peer_command *command, int fd) {
    struct websocket_reader reader;
    char bytes[65536];
    bool has_ended = false;
    websocket_reader_init(&reader, true);
    for (ssize_t count; !has_ended && (count = recv(fd, bytes, sizeof bytes, 0)) > 0;) {
        const char *input = bytes;
        size_t length = (size_t)count;
        struct websocket_piece piece;
        while (!has_ended && websocket_reader_next(&reader, &input, &length, &piece) == WEBSOCKET_DATA) {
            has_ended = piece.opcode == WEBSOCKET_TEXT;
            if (!has_ended)
                buffer_add(&command->input, piece.bytes, piece.length);
        }
    }
    websocket_reader_finish(&reader);
    return has_ended;
}

// False: the client has gone.
static bool is_asked_for_change(const struct peer_command *command, int control) {
    struct pollfd watched[] = {{.fd = command->peer.listener, .events = POLLIN}, {.fd = control, .events = POLLIN}};
    (void)poll(watched, ARRAY_COUNT(watched), 60000);
    return watched[0].revents != 0;
}

static void respond(int fd, const char *type, const char *rest) {
    AUTO_FREE char *body = memory_printf("{\"type\":\"%s\",\"status-code\":200,%s}", type, rest);
    AUTO_FREE char *text = memory_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL); // the client may have gone
}

static void *serve(void *data) {
    struct peer_command *command = data;
    int fds[3] = {accept_next(command), -1, -1};
    free(peer_read(fds[0]));
    respond(fds[0], "async", "\"change\":\"3\",\"result\":{\"task-id\":\"7\"}");
    wait_for(fds[0]);
    peer_accept_websocket(fds[0], "/v1/tasks/7/websocket/control", NULL, 0);
    fds[1] = accept_next(command);
    peer_accept_websocket(fds[1], "/v1/tasks/7/websocket/stdio", NULL, 0);
    if (command->is_split) {
        fds[2] = accept_next(command);
        peer_accept_websocket(fds[2], "/v1/tasks/7/websocket/stderr", NULL, 0);
        send_frames(fds[2], command->error_output, strlen(command->error_output));
    }
    send_frames(fds[1], command->output, command->output_length);
    bool has_ended = read_input(command, fds[1]);
    if (has_ended && command->raises != 0) {
        (void)kill(getpid(), command->raises);
        wait_for(fds[0]);
        command->control = peer_read_frames(fds[0]);
    }
    if (has_ended && is_asked_for_change(command, fds[0])) {
        int fd = accept_next(command);
        free(peer_read(fd));
        AUTO_FREE char *result =
            memory_printf("\"result\":{\"id\":\"3\",\"status\":\"Done\",\"ready\":true,\"tasks\":[{\"data\":"
                          "{\"exit-code\":%d}}]}",
                          command->succeeds ? 0 : 9);
        respond(fd, "sync", result);
        wait_for(fds[0]);
        close(fd);
    }
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        file_close_at(&fds[i]);
    return NULL;
}

// Signals are for the test's thread.
static void start(struct peer_command *command) {
    sigset_t all, old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    assert_int_equal(pthread_create(&command->thread, NULL, serve, command), 0);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    command->has_ended = false;
}

void peer_command_begin(struct peer_command *command) {
    if (command->output_length == 0)
        command->output_length = strlen(command->output);
    buffer_init(&command->input, BUFFER_NO_LIMIT);
    peer_begin(&command->peer);
    start(command);
}

void peer_command_wait(struct peer_command *command) {
    if (!command->has_ended)
        pthread_join(command->thread, NULL);
    command->has_ended = true;
}

void peer_command_again(struct peer_command *command) {
    peer_command_wait(command);
    buffer_clear(&command->input);
    start(command);
}

void peer_command_end(struct peer_command *command) {
    peer_command_wait(command);
    buffer_finish(&command->input);
    free(command->control);
    peer_end(&command->peer);
}
