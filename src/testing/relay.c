// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/relay_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"
#include "testing/link_internal.h"
#include "testing/socket_internal.h"
#include "testing/thread_internal.h"

#define PAUSE_MS 10 // until descriptors are tried for again, and a daemon that has not accepted
#define OWN_POLLS ((size_t)2)

enum relay_request { REQUEST_NONE, REQUEST_OPEN, REQUEST_CLOSE, REQUEST_END };

struct testing_relay {
    char *client_path, *daemon_path;
    struct testing_records *records;
    pthread_t thread;
    int wake_fd; // an eventfd
    bool is_open;
    // Between the threads.
    pthread_mutex_t mutex;
    pthread_cond_t handled;
    enum relay_request request; // NONE when it was handled
    int new_listener_fd;        // of REQUEST_OPEN
    // Of the relay's thread.
    int listener_fd;
    bool is_pausing; // no descriptor was left, or a connection has to wait
    struct testing_link **links;
    size_t count, capacity;
    struct pollfd *polls;
    size_t poll_capacity;
};

// --- connections ---

// False if the daemon is not there.
static bool connect_link(struct testing_relay *relay, struct testing_link *link) {
    int fd = testing_socket_connect(relay->daemon_path);
    if (fd < 0) {
        bool waits = errno == EAGAIN || errno == EMFILE || errno == ENFILE;
        relay->is_pausing = relay->is_pausing || waits;
        return waits;
    }
    testing_link_connect(link, fd);
    return true;
}

static void accept_client(struct testing_relay *relay) {
    int fd = accept4(relay->listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        relay->is_pausing = errno != EAGAIN && errno != EINTR && errno != ECONNABORTED;
        return;
    }
    struct testing_link *link = testing_link_create(fd, relay->records);
    if (!connect_link(relay, link)) {
        testing_link_destroy(link);
        return;
    }
    relay->links = memory_grow(relay->links, &relay->capacity, relay->count + 1, sizeof(struct testing_link *));
    relay->links[relay->count++] = link;
}

static void cut_all(struct testing_relay *relay) {
    for (size_t i = 0; i < relay->count; i++)
        testing_link_destroy(relay->links[i]);
    relay->count = 0;
}

// `polls` are those of the links, of which there were `count`.
static void step_links(struct testing_relay *relay, const struct pollfd *polls, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < relay->count; i++) {
        struct testing_link *link = relay->links[i];
        bool lives = link->daemon.fd < 0 ? connect_link(relay, link)
                                         : i >= count || testing_link_step(link, polls + i * TESTING_LINK_POLLS);
        if (lives)
            relay->links[kept++] = link;
        else
            testing_link_destroy(link);
    }
    relay->count = kept;
}

// --- the thread ---

// False at the end.
static bool handle_request(struct testing_relay *relay) {
    uint64_t number;
    (void)!read(relay->wake_fd, &number, sizeof number);
    (void)pthread_mutex_lock(&relay->mutex);
    enum relay_request request = relay->request;
    if (request == REQUEST_OPEN) {
        relay->listener_fd = relay->new_listener_fd;
    } else if (request != REQUEST_NONE) {
        file_close_at(&relay->listener_fd);
        cut_all(relay);
    }
    relay->request = REQUEST_NONE;
    (void)pthread_cond_signal(&relay->handled);
    (void)pthread_mutex_unlock(&relay->mutex);
    return request != REQUEST_END;
}

static size_t prepare_polls(struct testing_relay *relay) {
    size_t needed = OWN_POLLS + relay->count * TESTING_LINK_POLLS;
    relay->polls = memory_grow(relay->polls, &relay->poll_capacity, needed, sizeof *relay->polls);
    relay->polls[0] = (struct pollfd){.fd = relay->wake_fd, .events = POLLIN};
    relay->polls[1] = (struct pollfd){.fd = relay->is_pausing ? -1 : relay->listener_fd, .events = POLLIN};
    for (size_t i = 0; i < relay->count; i++)
        testing_link_watch(relay->links[i], relay->polls + OWN_POLLS + i * TESTING_LINK_POLLS);
    return needed;
}

static void *run_relay(void *data) {
    struct testing_relay *relay = data;
    for (;;) {
        size_t poll_count = prepare_polls(relay), link_count = relay->count;
        int timeout_ms = relay->is_pausing ? PAUSE_MS : -1;
        relay->is_pausing = false;
        if (poll(relay->polls, poll_count, timeout_ms) < 0)
            continue;
        if (relay->polls[0].revents != 0) {
            if (!handle_request(relay))
                return NULL;
            continue;
        }
        step_links(relay, relay->polls + OWN_POLLS, link_count);
        if (relay->polls[1].revents != 0)
            accept_client(relay);
    }
}

// --- the test's thread ---

static void send_request(struct testing_relay *relay, enum relay_request request, int listener_fd) {
    (void)pthread_mutex_lock(&relay->mutex);
    relay->request = request;
    relay->new_listener_fd = listener_fd;
    file_wake(relay->wake_fd);
    while (relay->request != REQUEST_NONE)
        (void)pthread_cond_wait(&relay->handled, &relay->mutex);
    (void)pthread_mutex_unlock(&relay->mutex);
}

static void release(struct testing_relay *relay) {
    file_close_at(&relay->wake_fd);
    (void)pthread_mutex_destroy(&relay->mutex);
    (void)pthread_cond_destroy(&relay->handled);
    free(relay->links);
    free(relay->polls);
    free(relay->client_path);
    free(relay->daemon_path);
    free(relay);
}

struct testing_relay *testing_relay_create(const char *client_path, const char *daemon_path,
                                           struct testing_records *records, struct pebble_error *error) {
    struct testing_relay *relay = memory_new(sizeof *relay);
    relay->client_path = memory_string(client_path);
    relay->daemon_path = memory_string(daemon_path);
    relay->records = records;
    relay->listener_fd = -1;
    (void)pthread_mutex_init(&relay->mutex, NULL);
    (void)pthread_cond_init(&relay->handled, NULL);
    relay->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool is_good = relay->wake_fd >= 0 ||
                   client_fail(error, PEBBLE_ERROR_FILE, "cannot create relay: %s", error_errno_text(errno));
    if (is_good && testing_thread_start(&relay->thread, run_relay, relay, error))
        return relay;
    release(relay);
    return NULL;
}

void testing_relay_destroy(struct testing_relay *relay) {
    if (relay == NULL)
        return;
    send_request(relay, REQUEST_END, -1);
    (void)pthread_join(relay->thread, NULL);
    release(relay);
}

bool testing_relay_open(struct testing_relay *relay, struct pebble_error *error) {
    if (relay->is_open)
        return true;
    int fd = testing_socket_listen(relay->client_path);
    if (fd < 0)
        return client_fail(error, PEBBLE_ERROR_FILE, "cannot listen on %s: %s", relay->client_path,
                           error_errno_text(errno));
    send_request(relay, REQUEST_OPEN, fd);
    relay->is_open = true;
    return true;
}

void testing_relay_close(struct testing_relay *relay) {
    if (!relay->is_open)
        return;
    (void)unlink(relay->client_path);
    send_request(relay, REQUEST_CLOSE, -1);
    relay->is_open = false;
}
