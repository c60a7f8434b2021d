// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/resolver_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

struct client_resolution {
    char *host;
    char port[16];
    int done_fd;           // an eventfd; -1 if no thread was needed
    atomic_int references; // the caller's and the thread's
    atomic_bool is_done;   // what follows is set then, and does not change any more
    struct addrinfo *found;
    int problem; // of getaddrinfo(), with errnum for EAI_SYSTEM
    int errnum;
};

static void look_up(struct client_resolution *resolution, int flags) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    resolution->problem = getaddrinfo(resolution->host, resolution->port, &hints, &resolution->found);
    resolution->errnum = errno;
}

static void set_done(struct client_resolution *resolution) {
    atomic_store(&resolution->is_done, true);
    if (resolution->done_fd >= 0)
        file_wake(resolution->done_fd);
}

static void *run_look_up(void *data) {
    struct client_resolution *resolution = data;
    look_up(resolution, 0);
    set_done(resolution);
    client_resolution_release(resolution);
    return NULL;
}

static bool start_thread(struct client_resolution *resolution) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, old;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    atomic_fetch_add(&resolution->references, 1);
    errno = pthread_create(&thread, &attributes, run_look_up, resolution);
    bool is_started = errno == 0;
    if (!is_started)
        atomic_fetch_sub(&resolution->references, 1);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    (void)pthread_attr_destroy(&attributes);
    return is_started;
}

struct client_resolution *client_resolution_start(const char *host, int port, struct error *err) {
    struct client_resolution *resolution = memory_new(sizeof *resolution);
    resolution->host = memory_string(host);
    (void)snprintf(resolution->port, sizeof resolution->port, "%d", port);
    resolution->done_fd = -1;
    atomic_init(&resolution->references, 1);
    look_up(resolution, AI_NUMERICHOST);
    if (resolution->problem == 0) {
        set_done(resolution);
        return resolution;
    }
    resolution->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (resolution->done_fd >= 0 && start_thread(resolution))
        return resolution;
    error_set_errno(err, errno, "dial tcp: lookup %s", host);
    if (err != NULL)
        err->kind = ERROR_CONNECTION;
    client_resolution_release(resolution);
    return NULL;
}

bool client_resolution_is_done(const struct client_resolution *resolution) {
    return atomic_load(&resolution->is_done);
}

int client_resolution_fd(const struct client_resolution *resolution) {
    return resolution->done_fd;
}

const struct addrinfo *client_resolution_addresses(const struct client_resolution *resolution, struct error *err) {
    if (resolution->problem == 0)
        return resolution->found;
    bool is_system = resolution->problem == EAI_SYSTEM;
    error_set(err, ERROR_CONNECTION, "dial tcp: lookup %s: %s", resolution->host,
              is_system ? error_errno_text(resolution->errnum) : gai_strerror(resolution->problem));
    return NULL;
}

void client_resolution_release(struct client_resolution *resolution) {
    if (resolution == NULL || atomic_fetch_sub(&resolution->references, 1) > 1)
        return;
    if (resolution->found != NULL)
        freeaddrinfo(resolution->found);
    file_close_at(&resolution->done_fd);
    free(resolution->host);
    free(resolution);
}
