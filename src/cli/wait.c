// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/wait.h"

#include <signal.h>
#include <stdio.h>

#include "base/memory.h"
#include "cli/advice.h"
#include "cli/interrupts.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/wrap.h"

#define POLL_MS 100
#define MOST_COLUMNS 100

static bool on_change_progress(const struct pebble_change *change, void *data) {
    progress_show(data, change);
    return true;
}

// For a person at the terminal.
static void print_words(const char *words) {
    AUTO_BUFFER struct buffer lines = BUFFER_INIT(BUFFER_NO_LIMIT);
    wrap_message(&lines, words, terminal_columns(MOST_COLUMNS) - 1, 0);
    (void)fprintf(stderr, "%s\n", buffer_text(&lines));
}

// False if another interrupt has come before the daemon has responded.
static bool abort_change(struct progress *progress, struct pebble_client *client, const char *change_id) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    AUTO_FREE char *words = memory_printf(
        progress->is_stopping
            ? "Aborting change %s, but services that are being stopped are stopped all the same. Waiting for it; press "
              "ctrl-C again to stop waiting."
            : "Aborting change %s and waiting for it to finish; press ctrl-C again to stop waiting.",
        change_id);
    progress_clear(progress);
    if (progress->has_terminal)
        print_words(words);
    if (pebble_abort_change(client, change_id, NULL, &failure))
        return true;
    if (failure.kind == PEBBLE_ERROR_CANCELLED)
        return false;
    AUTO_FREE char *shown = text_shown(failure.message, "\n\t");
    (void)fprintf(stderr, "%s\n", shown);
    return true;
}

static void print_what_goes_on(struct progress *progress, const char *change_id, bool is_aborted) {
    AUTO_FREE char *words = memory_printf(
        "Change %s %s. Use 'pebble tasks %s' to see it.", change_id,
        is_aborted && !progress->is_stopping ? "is still being aborted" : "may still be in progress", change_id);
    progress_clear(progress);
    if (progress->has_terminal)
        print_words(words);
}

// Waits for the change. An interrupt aborts it; the next one ends the wait, which fails with PEBBLE_ERROR_CANCELLED. No
// interrupt between the two waits is lost, or ends the program without a word.
static bool wait_or_abort(struct pebble_client *client, const char *change_id, struct progress *progress,
                          struct pebble_error *failure) {
    struct interrupts interrupts;
    const struct pebble_wait_options options = {
        .size = sizeof options, .poll_ms = POLL_MS, .on_progress = on_change_progress, .data = progress};
    interrupts_begin(&interrupts, client, (const int[]){SIGINT, 0});
    bool is_good = pebble_wait_change(client, change_id, &options, NULL, failure);
    if (!is_good && failure->kind == PEBBLE_ERROR_CANCELLED) {
        interrupts_consume(&interrupts);
        bool is_aborted = abort_change(progress, client, change_id);
        if (is_aborted) {
            pebble_error_clear(failure);
            is_good = pebble_wait_change(client, change_id, &options, NULL, failure);
        }
        if (!is_good && failure->kind == PEBBLE_ERROR_CANCELLED)
            print_what_goes_on(progress, change_id, is_aborted);
    }
    (void)interrupts_end(&interrupts, !is_good && failure->kind == PEBBLE_ERROR_CANCELLED);
    return is_good;
}

static int wait_with_progress(struct cli_session *session, const char *change_id, struct error *err) {
    struct progress progress;
    struct pebble_client *client = session_client(session, err);
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    progress_init(&progress);
    bool is_good = wait_or_abort(client, change_id, &progress, &failure);
    progress_finish(&progress);
    if (!is_good && failure.kind == PEBBLE_ERROR_CANCELLED)
        (void)raise(SIGINT);
    if (is_good)
        return 0;
    struct pebble_change *change = TAKE(failure.change);
    int status = cli_fail(&failure, err);
    advise_failed_change(change, err);
    pebble_change_destroy(change);
    return status;
}

int wait_for_change(struct cli_call *call, const char *change_id, struct error *err) {
    if (!cli_is_given(call, "no-wait"))
        return wait_with_progress(call->session, change_id, err);
    AUTO_FREE char *shown = text_shown(change_id, "");
    (void)printf("%s\n", shown);
    return 0;
}
