// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/responder_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"
#include "testing/thread_internal.h"

#define CONNECTIONS_MAX 256
#define BACKLOG 128
#define HEAD_LIMIT_BYTES ((size_t)16384)
#define READ_BYTES 4096
#define PAUSE_MS 10
#define STATUS_UP 200
#define STATUS_DOWN 503
#define STATUS_UNKNOWN 404

struct testing_asker {
    int fd;          // -1: unused
    uint64_t number; // in the order of connections
    struct buffer head;
};

struct testing_responder {
    int listener_fd;
    int stop_fd; // an eventfd
    int port;
    pthread_t thread;
    bool has_thread;
    atomic_bool is_down[TESTING_CHECKS_MAX];
    struct testing_asker askers[CONNECTIONS_MAX]; // of the thread
    uint64_t accepted_count;
};

int testing_responder_port(const struct testing_responder *responder) {
    return responder->port;
}

void testing_responder_set(struct testing_responder *responder, size_t index, bool is_up) {
    atomic_store(&responder->is_down[index], !is_up);
}

int testing_responder_status(struct testing_responder *responder, const char *request) {
    static const char method[] = "GET /";
    if (strncmp(request, method, sizeof method - 1) != 0)
        return STATUS_UNKNOWN;
    char *end;
    const char *digits = request + sizeof method - 1;
    unsigned long index = strtoul(digits, &end, 10);
    if (end == digits || *end != ' ' || index >= TESTING_CHECKS_MAX)
        return STATUS_UNKNOWN;
    return atomic_load(&responder->is_down[index]) ? STATUS_DOWN : STATUS_UP;
}

// --- the thread ---

static void close_asker(struct testing_asker *asker) {
    file_close_at(&asker->fd);
    buffer_finish(&asker->head);
}

static void respond(struct testing_responder *responder, const struct testing_asker *asker) {
    char text[128];
    int status = testing_responder_status(responder, buffer_text(&asker->head));
    int length =
        snprintf(text, sizeof text, "HTTP/1.1 %d Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
    (void)send(asker->fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void read_asker(struct testing_responder *responder, struct testing_asker *asker) {
    char bytes[READ_BYTES];
    ssize_t length = recv(asker->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length > 0)
        buffer_add(&asker->head, bytes, (size_t)length);
    bool is_complete = strstr(buffer_text(&asker->head), "\r\n\r\n") != NULL;
    if (is_complete)
        respond(responder, asker);
    if (is_complete || length <= 0 || !buffer_is_whole(&asker->head))
        close_asker(asker);
}

// An unused one, else that of the oldest connection, which is likely to be idle.
static struct testing_asker *find_place(struct testing_responder *responder) {
    struct testing_asker *oldest = &responder->askers[0];
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct testing_asker *asker = &responder->askers[i];
        if (asker->fd < 0)
            return asker;
        if (asker->number < oldest->number)
            oldest = asker;
    }
    return oldest;
}

static void accept_asker(struct testing_responder *responder) {
    int fd = accept4(responder->listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno != EAGAIN)
            (void)poll(NULL, 0, PAUSE_MS); // without descriptors the listener stays readable
        return;
    }
    struct testing_asker *asker = find_place(responder);
    close_asker(asker);
    asker->fd = fd;
    asker->number = responder->accepted_count++;
}

static void *run_responder(void *data) {
    struct testing_responder *responder = data;
    for (;;) {
        struct pollfd polls[CONNECTIONS_MAX + 2] = {{.fd = responder->stop_fd, .events = POLLIN}};
        polls[1] = (struct pollfd){.fd = responder->listener_fd, .events = POLLIN};
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
            polls[i + 2] = (struct pollfd){.fd = responder->askers[i].fd, .events = POLLIN};
        if (poll(polls, ARRAY_COUNT(polls), -1) < 0)
            continue;
        if (polls[0].revents != 0)
            return NULL;
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            if (polls[i + 2].revents != 0)
                read_asker(responder, &responder->askers[i]);
        }
        if (polls[1].revents != 0)
            accept_asker(responder);
    }
}

// --- the test ---

static bool listen_somewhere(struct testing_responder *responder) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    responder->listener_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    responder->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (responder->listener_fd < 0 || responder->stop_fd < 0 ||
        bind(responder->listener_fd, (const struct sockaddr *)&address, size) != 0 ||
        listen(responder->listener_fd, BACKLOG) != 0 ||
        getsockname(responder->listener_fd, (struct sockaddr *)&address, &size) != 0)
        return false;
    responder->port = ntohs(address.sin_port);
    return true;
}

struct testing_responder *testing_responder_create(struct pebble_error *error) {
    struct testing_responder *responder = memory_new(sizeof *responder);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        responder->askers[i].fd = -1;
        buffer_init(&responder->askers[i].head, HEAD_LIMIT_BYTES);
    }
    if (!listen_somewhere(responder)) {
        int errnum = errno;
        testing_responder_destroy(responder);
        (void)client_fail(error, PEBBLE_ERROR_FILE, "cannot listen for checks: %s", error_errno_text(errnum));
        return NULL;
    }
    responder->has_thread = testing_thread_start(&responder->thread, run_responder, responder, error);
    if (responder->has_thread)
        return responder;
    testing_responder_destroy(responder);
    return NULL;
}

void testing_responder_destroy(struct testing_responder *responder) {
    if (responder == NULL)
        return;
    if (responder->has_thread) {
        file_wake(responder->stop_fd);
        (void)pthread_join(responder->thread, NULL);
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        close_asker(&responder->askers[i]);
    file_close_at(&responder->listener_fd);
    file_close_at(&responder->stop_fd);
    free(responder);
}
