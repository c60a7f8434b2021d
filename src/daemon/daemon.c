// SPDX-License-Identifier: GPL-3.0-or-later
// Creates, starts, runs and ends the daemon.
#include "daemon/daemon.h"

#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/daemon_internal.h"

#define FLUSH_LIMIT_MS 5000

static void save_and_flush(struct daemon *daemon) {
    AUTO_ERROR struct error err = {0};
    if (!checkpoint_flush(daemon->checkpoint, FLUSH_LIMIT_MS, &err))
        log_notice("Cannot write state file before exiting, what is not saved is lost: %s", error_text(&err));
    loop_run_pending(daemon->loop); // responses that waited for the write
    output_flush(daemon->log_output, 200);
    if (daemon->verbose_output != NULL)
        output_flush(daemon->verbose_output, 200);
}

bool daemon_run(const struct daemon_options *options, enum daemon_exit *exit_code, int *subcommand_code,
                struct error *err) {
    struct daemon daemon = {.options = options, .subcommand_code = -1, .socket_fd = -1, .http_fd = -1, .lock_fd = -1};
    bool is_good = daemon_init(&daemon, err) && daemon_start(&daemon, err);
    if (is_good) {
        loop_run(daemon.loop);
        save_and_flush(&daemon);
        *exit_code = daemon.exit_code;
        *subcommand_code = daemon.subcommand_code;
    } else if (daemon.is_listening) {
        (void)unlink(options->socket_path);
    }
    daemon_destroy(&daemon);
    return is_good;
}
