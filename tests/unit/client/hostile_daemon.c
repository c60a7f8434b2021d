// SPDX-License-Identifier: GPL-3.0-or-later
#include "hostile_daemon.h"

#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "pebble.h"

#define CONNECTIONS_MAX 16
#define TRICKLE_MS 1
#define LENGTH_HEADER "\r\nContent-Length: "
#define CHUNKED_HEADER "\r\nTransfer-Encoding: chunked"
#define LAST_CHUNK "\r\n0\r\n\r\n"
#define NOT_FOUND "{\"type\":\"error\",\"status-code\":404,\"result\":{\"message\":\"cannot find this\"}}"

struct hostile_daemon {
    pid_t pid;
    int control;
};

struct message {
    bool is_order; // else a report is wanted
    struct hostile_order order;
};

struct connection {
    int fd;
    struct buffer input;
    bool is_used;       // a request was responded to
    bool is_deaf;       // what comes is dropped: frames, or what follows a spoiled response
    struct buffer rest; // to be sent byte for byte, but for the last one
};

struct server {
    const char *path;
    int control;
    int listener; // -1: the door is closed
    struct connection connections[CONNECTIONS_MAX];
    size_t count;
    struct hostile_order order;
    struct hostile_report report;
    bool is_shut; // the next connection is closed
};

static void die(const char *what) {
    perror(what);
    _exit(1);
}

// --- responses ---

// The client may close at any time.
static bool send_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static int on_entry_found(const char *path, const struct stat *status UNUSED, int flag UNUSED,
                          struct FTW *walk UNUSED) {
    return remove(path);
}

static void remove_directory(const char *path) {
    if (path[0] != '\0' && nftw(path, on_entry_found, 8, FTW_DEPTH | FTW_PHYS) != 0)
        die(path);
}

static bool send_good(struct connection *connection, const struct hostile_response *response) {
    AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
    hostile_add_response(&bytes, response, HOSTILE_LENGTH);
    return send_all(connection->fd, bytes.data, bytes.length);
}

// Whether the connection goes on.
static bool send_spoiled(struct server *server, struct connection *connection,
                         const struct hostile_response *response) {
    const struct hostile_order *order = &server->order;
    const struct hostile_fault *fault = &hostile_faults[order->fault];
    struct hostile_report *report = &server->report;
    report->count = fault->count(response);
    report->is_spoiled = order->number < report->count;
    if (!report->is_spoiled)
        return send_good(connection, response);
    struct hostile_spoiled spoiled = {.bytes = BUFFER_INIT(BUFFER_NO_LIMIT)};
    fault->spoil(response, order->number, order->call_flags, &spoiled);
    report->ends = spoiled.ends;
    // A request over a connection that was idle is sent again.
    bool is_repeated = connection->is_used && strstr(buffer_text(&spoiled.bytes), "\r\n\r\n") == NULL;
    if (is_repeated && spoiled.ends == HOSTILE_ENDS(PEBBLE_ERROR_CONNECTION))
        report->ends |= HOSTILE_SUCCEEDS;
    memcpy(report->what, spoiled.what, sizeof report->what);
    bool goes_on = true;
    if (spoiled.after == HOSTILE_TRICKLES)
        buffer_add(&connection->rest, spoiled.bytes.data, spoiled.bytes.length);
    else
        goes_on = send_all(connection->fd, spoiled.bytes.data, spoiled.bytes.length) && spoiled.after != HOSTILE_CLOSES;
    connection->is_deaf = connection->is_deaf || spoiled.after != HOSTILE_KEEPS;
    buffer_finish(&spoiled.bytes);
    return goes_on;
}

// Of an ID that was spoiled.
static bool send_not_found(int fd) {
    AUTO_FREE char *text =
        memory_printf("HTTP/1.1 404 Not Found\r\nContent-Length: %zu\r\n\r\n%s", strlen(NOT_FOUND), NOT_FOUND);
    return send_all(fd, text, strlen(text));
}

static bool respond(struct server *server, struct connection *connection) {
    const char *request = buffer_text(&connection->input);
    unsigned number = hostile_route_find(request);
    struct hostile_response response;
    if (number == hostile_route_count)
        return send_not_found(connection->fd);
    hostile_response_make(&response, &hostile_routes[number], request);
    connection->is_deaf = response.route->form == HOSTILE_FRAMES;
    bool is_first = (server->report.routes & (uint64_t)1 << number) == 0;
    bool is_chosen = is_first && number == server->order.route;
    server->report.routes |= (uint64_t)1 << number;
    if (is_chosen)
        remove_directory(server->order.removed);
    bool is_good = !is_chosen || server->order.fault == hostile_fault_count;
    bool goes_on = is_good ? send_good(connection, &response) : send_spoiled(server, connection, &response);
    hostile_response_finish(&response);
    return goes_on;
}

// --- connections ---

// The length of a request that has come completely, else 0.
static size_t request_length(const struct buffer *input) {
    const char *text = buffer_text(input);
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strstr(text, LENGTH_HEADER);
    const char *chunked = strstr(text, CHUNKED_HEADER);
    if (end == NULL)
        return 0;
    if (chunked != NULL && chunked < end) {
        const char *last = strstr(end, LAST_CHUNK);
        return last != NULL ? (size_t)(last - text) + strlen(LAST_CHUNK) : 0;
    }
    size_t whole = (size_t)(end - text) + 4;
    if (length != NULL && length < end)
        whole += strtoul(length + strlen(LENGTH_HEADER), NULL, 10);
    return whole <= input->length ? whole : 0;
}

static void close_connection(struct server *server, size_t index) {
    struct connection *connection = &server->connections[index];
    close(connection->fd);
    buffer_finish(&connection->input);
    buffer_finish(&connection->rest);
    server->count--;
    memmove(connection, connection + 1, (server->count - index) * sizeof *connection);
}

// Whether the connection goes on.
static bool take_input(struct server *server, struct connection *connection) {
    char bytes[65536];
    ssize_t received = recv(connection->fd, bytes, sizeof bytes, 0);
    if (received <= 0)
        return false;
    if (connection->is_deaf)
        return true;
    buffer_add(&connection->input, bytes, (size_t)received);
    size_t length = request_length(&connection->input);
    if (length == 0)
        return true;
    bool goes_on = respond(server, connection);
    connection->is_used = true;
    buffer_consume(&connection->input, length);
    return goes_on;
}

static bool trickle(struct connection *connection) {
    if (connection->rest.length <= 1)
        return true;
    bool is_sent = send_all(connection->fd, connection->rest.data, 1);
    buffer_consume(&connection->rest, 1);
    return is_sent;
}

static void accept_connection(struct server *server) {
    int fd = accept(server->listener, NULL, NULL);
    bool is_refused = server->is_shut || server->count == CONNECTIONS_MAX;
    server->is_shut = false;
    if (fd >= 0 && is_refused)
        close(fd);
    else if (fd >= 0)
        server->connections[server->count++] =
            (struct connection){.fd = fd, .input = BUFFER_INIT(BUFFER_NO_LIMIT), .rest = BUFFER_INIT(BUFFER_NO_LIMIT)};
}

// --- orders ---

static void open_door(struct server *server) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, server->path, strlen(server->path) + 1);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(server->path);
    if (bind(server->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, CONNECTIONS_MAX) != 0)
        die("listen");
}

// What was asked for before must not count for the next order.
static void close_all(struct server *server) {
    for (int fd = 0; server->listener >= 0 && fd >= 0;) {
        fd = accept(server->listener, NULL, NULL);
        if (fd >= 0)
            close(fd);
    }
    while (server->count > 0)
        close_connection(server, server->count - 1);
}

static void take_order(struct server *server, const struct hostile_order *order) {
    close_all(server);
    server->order = *order;
    memset(&server->report, 0, sizeof server->report);
    server->is_shut = order->door == HOSTILE_SHUT;
    bool is_open = order->door == HOSTILE_OPEN || order->door == HOSTILE_SHUT;
    if (is_open && server->listener < 0)
        open_door(server);
    if (!is_open && server->listener >= 0) {
        close(server->listener);
        server->listener = -1;
    }
    if (order->door == HOSTILE_MISSING)
        unlink(server->path);
}

static void take_message(struct server *server) {
    struct message message;
    if (recv(server->control, &message, sizeof message, 0) != (ssize_t)sizeof message)
        _exit(0); // the test has ended
    if (message.is_order)
        take_order(server, &message.order);
    if (send(server->control, &server->report, sizeof server->report, MSG_NOSIGNAL) < 0)
        _exit(0);
}

static void serve(struct server *server) {
    for (;;) {
        struct pollfd watched[CONNECTIONS_MAX + 2] = {{.fd = server->control, .events = POLLIN},
                                                      {.fd = server->listener, .events = POLLIN}};
        bool is_trickling = false;
        size_t count = server->count;
        for (size_t i = 0; i < count; i++) {
            watched[i + 2] = (struct pollfd){.fd = server->connections[i].fd, .events = POLLIN};
            is_trickling = is_trickling || server->connections[i].rest.length > 1;
        }
        (void)poll(watched, count + 2, is_trickling ? TRICKLE_MS : -1);
        for (size_t i = count; i-- > 0;) {
            struct connection *connection = &server->connections[i];
            if ((watched[i + 2].revents != 0 && !take_input(server, connection)) || !trickle(connection))
                close_connection(server, i);
        }
        if (watched[1].revents != 0)
            accept_connection(server);
        if (watched[0].revents != 0)
            take_message(server);
    }
}

// --- what tests call ---

struct hostile_daemon *hostile_daemon_start(const char *path) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        die("socketpair");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        close(ends[0]);
        (void)signal(SIGALRM, SIG_DFL);
        serve(&(struct server){.path = path, .control = ends[1], .listener = -1});
    }
    close(ends[1]);
    struct hostile_daemon *daemon = memory_new(sizeof *daemon);
    *daemon = (struct hostile_daemon){pid, ends[0]};
    return daemon;
}

void hostile_daemon_stop(struct hostile_daemon *daemon) {
    close(daemon->control);
    (void)waitpid(daemon->pid, NULL, 0);
    free(daemon);
}

static void exchange(struct hostile_daemon *daemon, const struct message *message, struct hostile_report *report) {
    if (send(daemon->control, message, sizeof *message, MSG_NOSIGNAL) < 0 ||
        recv(daemon->control, report, sizeof *report, 0) != (ssize_t)sizeof *report)
        die("hostile daemon");
}

void hostile_daemon_order(struct hostile_daemon *daemon, const struct hostile_order *order) {
    struct hostile_report report;
    exchange(daemon, &(struct message){.is_order = true, .order = *order}, &report);
}

void hostile_daemon_report(struct hostile_daemon *daemon, struct hostile_report *report) {
    exchange(daemon, &(struct message){.is_order = false}, report);
}
