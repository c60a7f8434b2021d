// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/wait.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/progress.h"
#include "cli/session.h"

#define POLL_MS 100

// --- SIGINT ---

// While SIGINT is blocked, the client's blocking functions return when it arrives.
struct interrupts {
    sigset_t signals;
    struct pebble_client *client;
    int fd; // signalfd(2); -1 if SIGINT is not blocked
};

static void interrupts_begin(struct interrupts *interrupts, struct pebble_client *client) {
    interrupts->client = client;
    (void)sigemptyset(&interrupts->signals);
    (void)sigaddset(&interrupts->signals, SIGINT);
    interrupts->fd = signalfd(-1, &interrupts->signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (interrupts->fd < 0)
        return; // SIGINT ends the program
    (void)sigprocmask(SIG_BLOCK, &interrupts->signals, NULL);
    pebble_client_set_interrupt_fd(client, interrupts->fd);
}

// Consumes the signal that has arrived. The next one ends the program.
static void interrupts_end(struct interrupts *interrupts, bool has_come) {
    struct signalfd_siginfo info;
    if (interrupts->fd < 0)
        return;
    pebble_client_set_interrupt_fd(interrupts->client, -1);
    if (has_come)
        (void)!read(interrupts->fd, &info, sizeof info);
    (void)sigprocmask(SIG_UNBLOCK, &interrupts->signals, NULL);
    file_close_at(&interrupts->fd);
}

// --- waiting ---

static bool on_change_progress(const struct pebble_change *change, void *data) {
    progress_show(data, change);
    return true;
}

static void abort_change(struct progress *progress, struct pebble_client *client, const char *change_id) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    progress_finish(progress);
    if (progress->has_terminal)
        (void)fprintf(stderr, "Aborting change %s and waiting for it to finish; press ctrl-C again to stop waiting.\n",
                      change_id);
    if (!pebble_abort_change(client, change_id, NULL, &failure))
        (void)fprintf(stderr, "%s\n", failure.message);
}

static int wait_with_progress(struct cli_session *session, const char *change_id, struct error *err) {
    struct progress progress;
    struct interrupts interrupts;
    const struct pebble_wait_options options = {
        .size = sizeof options, .poll_ms = POLL_MS, .on_progress = on_change_progress, .data = &progress};
    struct pebble_client *client = session_client(session, err);
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    progress_init(&progress);
    interrupts_begin(&interrupts, client);
    bool is_good = pebble_wait_change(client, change_id, &options, NULL, &failure);
    bool is_interrupted = !is_good && failure.kind == PEBBLE_ERROR_CANCELLED;
    interrupts_end(&interrupts, is_interrupted);
    if (is_interrupted) {
        pebble_error_clear(&failure);
        abort_change(&progress, client, change_id);
        is_good = pebble_wait_change(client, change_id, &options, NULL, &failure);
    }
    progress_finish(&progress);
    return is_good ? 0 : cli_fail(&failure, err);
}

int wait_for_change(struct cli_call *call, const char *change_id, struct error *err) {
    if (!cli_is_given(call, "no-wait"))
        return wait_with_progress(call->session, change_id, err);
    (void)printf("%s\n", change_id);
    return 0;
}
