// SPDX-License-Identifier: GPL-3.0-or-later
#include "fake_daemon.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"

struct fake_daemon {
    char *path;
    const struct fake_response *script;
    size_t count;
    struct text_list requests;
    pthread_t thread;
    pthread_mutex_t mutex;
    int listener;
    int connection; // -1 while there is none; the mutex's
    bool is_stopping;
    int connections;
};

static void die(const char *what) {
    perror(what);
    abort();
}

// --- what the thread does ---

static bool read_byte(struct fake_daemon *daemon, char *byte) {
    return recv(daemon->connection, byte, 1, 0) == 1;
}

// The chunks of a body, whose content does not look like the last one.
static bool read_chunks(struct fake_daemon *daemon, struct buffer *text) {
    while (!text_has_suffix(buffer_text(text), "\n0\r\n\r\n")) {
        char byte;
        if (!read_byte(daemon, &byte))
            return false;
        buffer_add_char(text, byte);
    }
    return true;
}

static bool read_request(struct fake_daemon *daemon, const struct fake_response *response) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_printf(&text, "%d ", daemon->connections);
    size_t rest = 1;
    bool is_in_body = false;
    while (rest > 0) {
        char byte;
        if (!read_byte(daemon, &byte))
            return false;
        buffer_add_char(&text, byte);
        if (is_in_body) {
            rest--;
        } else if (text_has_suffix(buffer_text(&text), "\r\n\r\n")) {
            const char *length = strstr(buffer_text(&text), "Content-Length: ");
            is_in_body = true;
            rest =
                length == NULL || response->ignores_body ? 0 : strtoul(length + strlen("Content-Length: "), NULL, 10);
        }
    }
    bool is_chunked = strstr(buffer_text(&text), "Transfer-Encoding: chunked") != NULL && !response->ignores_body;
    if (is_chunked && !read_chunks(daemon, &text))
        return false;
    text_list_add(&daemon->requests, buffer_text(&text));
    return true;
}

static void write_response(const struct fake_response *response, struct buffer *out) {
    if (response->bytes != NULL) {
        buffer_add(out, response->bytes, response->length > 0 ? response->length : strlen(response->bytes));
        return;
    }
    if (response->result == NULL && response->json == NULL)
        return;
    int status = response->status > 0 ? response->status : 200;
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (response->json != NULL) {
        buffer_add_string(&body, response->json);
    } else {
        buffer_printf(&body, "{\"type\":\"sync\",\"status-code\":%d,\"status\":\"?\",\"result\":%s}", status,
                      response->result);
    }
    buffer_printf(out, "HTTP/1.1 %d ?\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", status,
                  body.length);
    buffer_add(out, body.data, body.length);
}

static void send_response(struct fake_daemon *daemon, const struct fake_response *response) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    write_response(response, &text);
    size_t piece = response->piece > 0 ? response->piece : text.length;
    for (size_t at = 0; at < text.length;) {
        size_t size = piece < text.length - at ? piece : text.length - at;
        ssize_t sent = send(daemon->connection, text.data + at, size, MSG_NOSIGNAL);
        if (sent < 0)
            return; // the client has gone
        at += (size_t)sent;
    }
}

static bool accept_connection(struct fake_daemon *daemon) {
    int fd = accept(daemon->listener, NULL, NULL);
    pthread_mutex_lock(&daemon->mutex);
    bool goes_on = fd >= 0 && !daemon->is_stopping;
    if (goes_on) {
        daemon->connection = fd;
        daemon->connections++;
    } else if (fd >= 0) {
        close(fd);
    }
    pthread_mutex_unlock(&daemon->mutex);
    return goes_on;
}

static void close_connection(struct fake_daemon *daemon) {
    pthread_mutex_lock(&daemon->mutex);
    if (daemon->connection >= 0)
        close(daemon->connection);
    daemon->connection = -1;
    pthread_mutex_unlock(&daemon->mutex);
}

static void *run(void *data) {
    struct fake_daemon *daemon = data;
    size_t done = 0;
    while (done < daemon->count) {
        if (daemon->connection < 0 && !accept_connection(daemon))
            break;
        const struct fake_response *response = &daemon->script[done];
        if (!read_request(daemon, response)) {
            close_connection(daemon);
            continue;
        }
        if (++done == daemon->count)
            shutdown(daemon->listener, SHUT_RDWR); // whoever comes later is refused
        if (response->raises)
            kill(getpid(), response->signal != 0 ? response->signal : SIGUSR1);
        send_response(daemon, response);
        if (response->holds) {
            char byte;
            while (read_byte(daemon, &byte)) {
            }
        }
        if (response->closes || response->holds)
            close_connection(daemon);
    }
    close_connection(daemon);
    return NULL;
}

// --- what tests call ---

static int listen_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        die(path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0)
        die("listen");
    return fd;
}

static int listen_tcp(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0)
        die("listen");
    return fd;
}

struct fake_daemon *fake_daemon_start(const char *path, const struct fake_response *script, size_t count) {
    struct fake_daemon *daemon = memory_new(sizeof *daemon);
    daemon->path = path != NULL ? memory_string(path) : NULL;
    daemon->script = script;
    daemon->count = count;
    daemon->connection = -1;
    daemon->listener = path != NULL ? listen_unix(path) : listen_tcp();
    pthread_mutex_init(&daemon->mutex, NULL);
    // Signals are for the test's thread.
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&daemon->thread, NULL, run, daemon) != 0)
        die("pthread_create");
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return daemon;
}

int fake_daemon_port(const struct fake_daemon *daemon) {
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    if (getsockname(daemon->listener, (struct sockaddr *)&address, &size) != 0)
        die("getsockname");
    return ntohs(address.sin_port);
}

void fake_daemon_stop(struct fake_daemon *daemon, struct text_list *requests) {
    pthread_mutex_lock(&daemon->mutex);
    daemon->is_stopping = true;
    shutdown(daemon->listener, SHUT_RDWR);
    if (daemon->connection >= 0)
        shutdown(daemon->connection, SHUT_RDWR);
    pthread_mutex_unlock(&daemon->mutex);
    pthread_join(daemon->thread, NULL);
    pthread_mutex_destroy(&daemon->mutex);
    close(daemon->listener);
    if (daemon->path != NULL)
        unlink(daemon->path);
    if (requests != NULL)
        text_list_add_list(requests, &daemon->requests);
    text_list_clear(&daemon->requests);
    free(daemon->path);
    free(daemon);
}

char *fake_socket_path(void) {
    char directory[] = "/tmp/fake-daemon-XXXXXX";
    if (mkdtemp(directory) == NULL)
        die("mkdtemp");
    return memory_printf("%s/socket", directory);
}

void fake_socket_remove(char *path) {
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    free(path);
}
