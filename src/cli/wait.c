// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/wait.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "cli/progress.h"
#include "cli/session.h"

struct wait {
    struct progress progress;
    sigset_t interrupts; // SIGINT, held back so that it can be asked for
};

static bool goes_on(void *data) {
    const struct wait *wait = data;
    static const struct timespec at_once = {0};
    return sigtimedwait(&wait->interrupts, NULL, &at_once) != SIGINT;
}

static bool on_progress(const struct pebble_change *change, void *data) {
    struct wait *wait = data;
    progress_show(&wait->progress, change);
    return true;
}

// A second SIGINT ends the program.
static void abort_change(struct wait *wait, struct pebble_client *client, const char *change_id) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    struct pebble_change change = {0};
    (void)sigprocmask(SIG_UNBLOCK, &wait->interrupts, NULL);
    progress_finish(&wait->progress);
    if (wait->progress.has_terminal)
        (void)fprintf(stderr, "Aborting change %s, and waiting for its end; ctrl-C again to leave it alone.\n",
                      change_id);
    if (pebble_abort_change(client, change_id, &change, &failure))
        pebble_change_clear(&change);
    else
        (void)fprintf(stderr, "%s\n", failure.message);
}

static int wait_with_progress(struct cli_session *session, const char *change_id, struct error *err) {
    struct wait wait = {0};
    const struct pebble_wait_options options = {.progress = on_progress, .data = &wait};
    struct pebble_client *client = session_client(session, err);
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    progress_init(&wait.progress);
    (void)sigemptyset(&wait.interrupts);
    (void)sigaddset(&wait.interrupts, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &wait.interrupts, NULL);
    pebble_client_set_interrupt(client, goes_on, &wait);
    bool is_good = pebble_wait_change(client, change_id, &options, NULL, &failure);
    pebble_client_set_interrupt(client, NULL, NULL);
    if (!is_good && failure.kind == PEBBLE_ERROR_CANCELLED) {
        pebble_error_clear(&failure);
        abort_change(&wait, client, change_id);
        is_good = pebble_wait_change(client, change_id, &options, NULL, &failure);
    }
    progress_finish(&wait.progress);
    (void)sigprocmask(SIG_UNBLOCK, &wait.interrupts, NULL);
    return is_good ? 0 : cli_fail(&failure, err);
}

int wait_for_change(struct cli_call *call, const char *change_id, struct error *err) {
    if (!cli_is_given(call, "no-wait"))
        return wait_with_progress(call->session, change_id, err);
    (void)printf("%s\n", change_id);
    return 0;
}
