// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cmd_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/accounts.h"
#include "base/log.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/session.h"

static bool environment_is(const char *name, const char *value) {
    return text_equal(getenv(name), value);
}

bool run_read_options(const struct cli_call *call, struct daemon_options *options, struct error *err) {
    const char *copy_source = getenv("PEBBLE_COPY_ONCE"), *http_address = cli_text(call, "http"),
               *https_address = cli_text(call, "https"), *identities = cli_text(call, "identities");
    const struct cli_value *arguments = cli_value(call, "args");
    *options = (struct daemon_options){
        .directory = call->session->directory,
        .socket_path = call->session->socket_path,
        .http_address = text_is_empty(http_address) ? NULL : http_address,
        .https_address = text_is_empty(https_address) ? NULL : https_address,
        .copy_source = text_is_empty(copy_source) ? NULL : copy_source,
        .identities = text_is_empty(identities) ? NULL : identities,
        .arguments = arguments->lists,
        .argument_count = arguments->list_count,
        .creates_directory = cli_is_given(call, "create-dirs"),
        .holds = cli_is_given(call, "hold"),
        .is_verbose = cli_is_given(call, "verbose") || environment_is("PEBBLE_VERBOSE", "1"),
        .quarantines_state = cli_is_given(call, "quarantine-state"),
        .persists = !environment_is("PEBBLE_PERSIST", "never"),
        .is_until_done = cli_is_given(call, "until-done"),
        .ready_fd = -1,
    };
    return !options->is_until_done || !options->holds ||
           error_set(err, ERROR_BAD_REQUEST, "cannot use --until-done with --hold");
}

static const struct {
    const char *code, *advice;
} failures[] = {
    {"no-directory", "Create it, use --create-dirs, or set PEBBLE to another directory."},
    {"not-a-directory", "It is not a directory. Set PEBBLE to one."},
    {"directory-not-writable", "Set PEBBLE to one that can be written. To run without saving the state, set\n"
                               "PEBBLE_PERSIST=never, and PEBBLE_SOCKET to a path in another directory."},
    {"directory-in-use", "Stop that daemon, or set PEBBLE to another directory."},
    {"invalid-layer-name", "The label after the number begins with a letter, and has at least three characters: a\n"
                           "to z, digits, and single hyphens between them."},
    {"socket-in-use", "A daemon runs there already, which 'pebble services' and the other commands use.\n"
                      "For a second one, set PEBBLE to another directory, and unset PEBBLE_SOCKET."},
    {"socket-path-too-long", "Set PEBBLE_SOCKET to a shorter path."},
    {"socket-not-made", "The socket is a file in a directory that is there, and in which this user may write. See\n"
                        "PEBBLE_SOCKET."},
    {"address-in-use", "Another program listens there. Stop it, or choose another port."},
    {"address-denied", "Ports below 1024 are usually for root only. Choose a higher one."},
    {"address-elsewhere", "This machine does not have that address. \":PORT\" is PORT of all its addresses."},
    {"no-port", "Write HOST:PORT, or \":PORT\" for all addresses of this machine."},
};

// What to do, below the reason. Only for people: scripts compare the whole message.
static void print_advice(const struct error *err) {
    if (!isatty(STDERR_FILENO))
        return;
    if (err->advice != NULL) {
        AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
        text_add_shown(&shown, err->advice, "\n");
        (void)fprintf(stderr, "%s\n", buffer_text(&shown));
    }
    for (size_t i = 0; i < ARRAY_COUNT(failures); i++) {
        if (error_has_code(err, failures[i].code))
            (void)fprintf(stderr, "%s\n", failures[i].advice);
    }
}

int run_daemon(const struct daemon_options *options, int *subcommand_code) {
    enum daemon_exit code = DAEMON_EXIT_OK;
    AUTO_ERROR struct error err = {0};
    accounts_init();
    log_set_debug(environment_is("PEBBLE_DEBUG", "1"));
    *subcommand_code = -1;
    if (!daemon_run(options, &code, subcommand_code, &err)) {
        AUTO_FREE char *shown = text_shown(error_text(&err), "\n\t");
        (void)fprintf(stderr, "cannot run daemon: %s\n", shown);
        print_advice(&err);
        return DAEMON_EXIT_FAILED;
    }
    if (code == DAEMON_EXIT_STANDBY)
        (void)puts("daemon stop requested to wait for socket activation");
    return code >= DAEMON_EXIT_SERVICE_CODE ? (int)code - DAEMON_EXIT_SERVICE_CODE : (int)code;
}

static int run_run(struct cli_call *call, struct error *err) {
    struct daemon_options options;
    int subcommand_code;
    if (!run_read_options(call, &options, err))
        return 1;
    call->was_daemon = true;
    return run_daemon(&options, &subcommand_code);
}

const struct cli_command cmd_run = {
    .name = "run",
    .summary = "Run the daemon",
    .description =
        "Runs the daemon in the foreground. Reads the layers in the subdirectory \"layers\" of its directory, starts "
        "the enabled services, and serves the API until it receives SIGTERM, SIGINT or SIGQUIT. Then stops all "
        "services "
        "and exits. With --until-done it also exits when no service runs, waits or is to be restarted.\n\n"
        "The daemon's directory is $PEBBLE (default /var/lib/pebble/default). Its socket is $PEBBLE_SOCKET (default "
        ".pebble.socket in that directory). Other environment variables:\n\n"
        "  PEBBLE_COPY_ONCE=DIR  if the daemon's directory is empty, copy DIR to it\n"
        "  PEBBLE_PERSIST=never  do not save the state\n"
        "  PEBBLE_VERBOSE=1      as --verbose\n"
        "  PEBBLE_DEBUG=1        log debug messages\n\n"
        "Exit status:\n\n"
        "  0   stopped by a signal, or shut down after a service succeeded\n"
        "  1   the daemon could not run\n"
        "  10  shut down because a service failed\n"
        "  11  shut down because a check failed\n"
        "  42  under systemd: there was nothing to run for 5 seconds\n\n"
        "A service with the action \"exit\" ends the daemon with its own exit code. So does the first service that "
        "failed, with --until-done: 127 if its command was not found, 126 if it could not be run.",
    .examples = "  pebble run --hold --http :4000\n  pebble run --args web --port 8080 \\; --verbose",
    .options = (const struct cli_option[]){RUN_OPTIONS, {0}},
    .run = run_run,
};
