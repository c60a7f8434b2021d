// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/wait.h"

#include <signal.h>
#include <stdio.h>

#include "cli/interrupts.h"
#include "cli/progress.h"
#include "cli/session.h"

#define POLL_MS 100

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
    interrupts_begin(&interrupts, client, (const int[]){SIGINT, 0});
    bool is_good = pebble_wait_change(client, change_id, &options, NULL, &failure);
    bool is_interrupted = !is_good && failure.kind == PEBBLE_ERROR_CANCELLED;
    (void)interrupts_end(&interrupts, is_interrupted);
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
