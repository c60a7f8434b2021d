// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cmd_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/accounts.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/session.h"

static bool environment_is(const char *name, const char *value) {
    return text_equal(getenv(name), value);
}

bool run_read_options(const struct cli_call *call, struct daemon_options *options, struct error *err) {
    static const char *const missing[] = {"https", "identities"};
    for (size_t i = 0; i < ARRAY_COUNT(missing); i++) {
        if (!text_is_empty(cli_text(call, missing[i])))
            return error_set(err, ERROR_NOT_IMPLEMENTED, "option --%s is not available in this version", missing[i]);
    }
    const char *copy_source = getenv("PEBBLE_COPY_ONCE"), *http_address = cli_text(call, "http");
    const struct cli_value *arguments = cli_value(call, "args");
    *options = (struct daemon_options){
        .directory = call->session->directory,
        .socket_path = call->session->socket_path,
        .http_address = text_is_empty(http_address) ? NULL : http_address,
        .copy_source = text_is_empty(copy_source) ? NULL : copy_source,
        .arguments = arguments->lists,
        .argument_count = arguments->list_count,
        .creates_directory = cli_is_given(call, "create-dirs"),
        .holds = cli_is_given(call, "hold"),
        .is_verbose = cli_is_given(call, "verbose") || environment_is("PEBBLE_VERBOSE", "1"),
        .quarantines_state = cli_is_given(call, "quarantine-state"),
        .persists = !environment_is("PEBBLE_PERSIST", "never"),
        .ready_fd = -1,
    };
    return true;
}

int run_be_daemon(const struct daemon_options *options, int *subcommand_code) {
    enum daemon_exit code = DAEMON_EXIT_OK;
    AUTO_ERROR struct error err = {0};
    accounts_init();
    log_set_debug(environment_is("PEBBLE_DEBUG", "1"));
    *subcommand_code = -1;
    if (!daemon_run(options, &code, subcommand_code, &err)) {
        (void)fprintf(stderr, "cannot run daemon: %s\n", error_text(&err));
        return DAEMON_EXIT_FAILED;
    }
    if (code == DAEMON_EXIT_STANDBY)
        (void)puts("daemon stop requested to wait for socket activation");
    return (int)code;
}

static int run_run(struct cli_call *call, struct error *err) {
    struct daemon_options options;
    int subcommand_code;
    call->was_daemon = true;
    return run_read_options(call, &options, err) ? run_be_daemon(&options, &subcommand_code) : 1;
}

const struct cli_command cmd_run = {
    .name = "run",
    .summary = "Run the daemon",
    .description =
        "Runs the daemon: reads the layers in the directory's \"layers\", starts the services that are enabled, and "
        "serves "
        "the API on the socket until it is told to end (SIGTERM, SIGINT). The services end with it.\n\n"
        "The directory is $PEBBLE, or /var/lib/pebble/default, the socket $PEBBLE_SOCKET, or .pebble.socket in that "
        "directory. With PEBBLE_COPY_ONCE=FOLDER an empty directory is filled from that folder first; with "
        "PEBBLE_PERSIST=never nothing is kept for the next start; with PEBBLE_DEBUG=1 the log says more.\n\n"
        "The exit status is 10 if the daemon ended because a service failed, 11 because a check did, 42 if "
        "systemd may start it again when somebody asks, 1 if it could not run.",
    .examples = "  pebble run --hold --http :4000\n  pebble run --args web --port 8080 \\; --verbose",
    .options = (const struct cli_option[]){RUN_OPTIONS, {0}},
    .run = run_run,
};
