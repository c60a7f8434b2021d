// SPDX-License-Identifier: GPL-3.0-or-later
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/exec_relay.h"
#include "cli/session.h"

// The environment that is sent: TERM, and the values of --env.
struct exec_environment {
    struct text_list names;
    struct text_list values;
};

static void environment_add(struct exec_environment *environment, const char *name, const char *value) {
    text_list_add(&environment->names, name);
    text_list_add(&environment->values, value);
}

static void environment_read(struct exec_environment *environment, const struct cli_call *call) {
    const char *term = getenv("TERM");
    const struct cli_value *option = cli_value(call, "env");
    if (term != NULL)
        environment_add(environment, "TERM", term);
    for (size_t i = 0; option->list_count > 0 && i < option->lists[0].count; i++) {
        const char *text = option->lists[0].items[i];
        const char *sign = strchr(text, '=');
        AUTO_FREE char *name = sign != NULL ? memory_string_n(text, (size_t)(sign - text)) : memory_string(text);
        environment_add(environment, name, sign != NULL ? sign + 1 : "");
    }
}

static void environment_finish(struct exec_environment *environment) {
    text_list_clear(&environment->names);
    text_list_clear(&environment->values);
}

// --- the terminal ---

// Standard output and error as one stream keep their order.
static bool is_same_file(int one, int other) {
    struct stat first, second;
    return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static bool read_flags(const struct cli_call *call, uint64_t *flags, struct error *err) {
    bool has_output = isatty(STDOUT_FILENO);
    if (cli_is_given(call, "t") && cli_is_given(call, "T"))
        return error_set(err, ERROR_BAD_REQUEST, "cannot use -t and -T at the same time");
    if (cli_is_given(call, "i") && cli_is_given(call, "I"))
        return error_set(err, ERROR_BAD_REQUEST, "cannot use -i and -I at the same time");
    *flags = 0;
    if (cli_is_given(call, "t") || (has_output && !cli_is_given(call, "T")))
        *flags |= PEBBLE_EXEC_TERMINAL;
    if (cli_is_given(call, "i") || (has_output && isatty(STDIN_FILENO) && !cli_is_given(call, "I")))
        *flags |= PEBBLE_EXEC_INTERACTIVE;
    if (!is_same_file(STDOUT_FILENO, STDERR_FILENO))
        *flags |= PEBBLE_EXEC_SPLIT_STDERR;
    return true;
}

// --- the command ---

static struct pebble_call *start_call(struct cli_call *call, struct pebble_exec_options *options, struct error *err) {
    struct pebble_call *exec = NULL;
    struct pebble_client *client = session_client(call->session, err);
    struct exec_environment environment = {0};
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return NULL;
    environment_read(&environment, call);
    options->environment_names = (const char *const *)environment.names.items;
    options->environment_values = (const char *const *)environment.values.items;
    options->environment_count = environment.names.count;
    if (!pebble_call_exec(client, options, &exec, &failure))
        (void)cli_fail(&failure, err);
    environment_finish(&environment);
    return exec;
}

static struct pebble_call *start_exec(struct cli_call *call, uint64_t flags, struct error *err) {
    const struct text_list *words = cli_argument_list(call);
    struct winsize size = {0};
    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    struct pebble_exec_options options = {.size = sizeof options,
                                          .words = (const char *const *)words->items,
                                          .word_count = words->count,
                                          .service_context = cli_text(call, "context"),
                                          .working_dir = cli_text(call, "w"),
                                          .timeout_ns = cli_value(call, "timeout")->number,
                                          .user_id = cli_number_or_null(call, "uid"),
                                          .user = cli_text(call, "user"),
                                          .group_id = cli_number_or_null(call, "gid"),
                                          .group = cli_text(call, "group"),
                                          .flags = flags,
                                          .columns = size.ws_col,
                                          .rows = size.ws_row};
    return start_call(call, &options, err);
}

// The end of a program that writes to a pipe which nobody reads.
static int end_by_closed_pipe(struct error *err) {
    (void)raise(SIGPIPE);
    (void)error_set(err, ERROR_INTERNAL, "cannot write to standard output: broken pipe");
    return 1;
}

static int finish(struct cli_call *call, const struct pebble_call *exec, struct error *err) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    const struct pebble_error *cause = pebble_call_error(exec);
    if (cause == NULL)
        return pebble_call_exit_code(exec);
    failure.kind = cause->kind;
    failure.message = memory_string(cause->message);
    failure.api_kind = cause->api_kind != NULL ? memory_string(cause->api_kind) : NULL;
    (void)cli_fail(&failure, err);
    const char *context = cli_text(call, "context");
    if (cause->kind == PEBBLE_ERROR_API && !text_is_empty(context))
        advise_refused_names(session_client(call->session, NULL), ADVICE_SERVICE, &context, 1, err);
    return 1;
}

static int run_exec(struct cli_call *call, struct error *err) {
    uint64_t flags = 0;
    int code = 1;
    if (!read_flags(call, &flags, err))
        return 1;
    struct pebble_call *exec = start_exec(call, flags, err);
    if (exec == NULL)
        return 1;
    enum exec_relay_end end = exec_relay_run(exec, flags, err);
    if (end == EXEC_RELAY_ENDED)
        code = finish(call, exec, err);
    pebble_call_destroy(exec);
    if (end == EXEC_RELAY_CLOSED_PIPE)
        return end_by_closed_pipe(err);
    if (end != EXEC_RELAY_HANGUP)
        return code;
    // The terminal may be in raw mode: of the shell, which was hung up too.
    (void)fprintf(stderr, "SIGHUP received, exiting\r\n");
    return 0;
}

const struct cli_command cmd_exec = {
    .name = "exec",
    .summary = "Run a program in the daemon's environment",
    .description =
        "Runs a program as a child of the daemon, in the same container or on the same host. Connects it to this "
        "terminal, or to standard input, output and error. Put \"--\" before the program; everything after the "
        "program's "
        "name is passed to it. Relative paths are those of the daemon's file system.\n\n"
        "Signals are forwarded to the program: SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGABRT, SIGUSR1, SIGUSR2, SIGTSTP "
        "and "
        "SIGCONT among them. A background process that holds the program's output delays the end by up to five "
        "seconds.\n\n"
        "The exit status is that of the program, 128 and the number of the signal that has killed it, or 1 if it "
        "cannot "
        "be run or the timeout has passed. To run it in the background of a shell, redirect standard input from "
        "/dev/null.",
    .examples = "  pebble exec --timeout 10s -- ls -l /etc\n  pebble exec --context web -it sh",
    .options =
        (const struct cli_option[]){
            {.short_name = 'w',
             .kind = CLI_TEXT,
             .value = "directory",
             .values = VALUES_REMOTE_FILES,
             .help = "Working directory of the program; the default is the home directory of its user, else /"},
            {.name = "env",
             .kind = CLI_LIST,
             .value = "name=value",
             .help = "Set an environment variable, to \"\" without a value; may be repeated"},
            {.name = "uid",
             .kind = CLI_INTEGER,
             .value = "number",
             .help = "User ID to run the program as; one without an account needs --gid"},
            {.name = "user", .kind = CLI_TEXT, .value = "name", .help = "User name to run the program as"},
            {.name = "gid", .kind = CLI_INTEGER, .value = "number", .help = "Group ID to run the program as"},
            {.name = "group", .kind = CLI_TEXT, .value = "name", .help = "Group name to run the program as"},
            {.name = "timeout",
             .kind = CLI_DURATION,
             .value = "duration",
             .help = "Kill the program if it runs longer than this"},
            {.name = "context",
             .kind = CLI_TEXT,
             .value = "service",
             .values = VALUES_SERVICES,
             .help = "Use the environment, user, group and working directory of this service; other options take "
                     "precedence"},
            {.short_name = 't',
             .help = "Allocate a terminal for the program; the default if standard output is a terminal"},
            {.short_name = 'T', .help = "Do not allocate a terminal; on a terminal give -I too"},
            {.short_name = 'i',
             .help = "Interactive: connect standard input to the allocated terminal; the default if standard input and "
                     "output are terminals"},
            {.short_name = 'I', .help = "Not interactive: pass standard input through a pipe"},
            {0}},
    .positionals = (const struct cli_positional[]){{.name = "<command>",
                                                    .help = "Program and its arguments",
                                                    .is_required = true,
                                                    .is_list = true,
                                                    .values = VALUES_REMOTE_FILES},
                                                   {0}},
    .run = run_exec,
    .enter_rules = ENTER_ALLOWED | ENTER_SILENT | ENTER_NO_VERBOSE,
    .stops_at_argument = true,
};
