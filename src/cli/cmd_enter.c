// SPDX-License-Identifier: GPL-3.0-or-later
// The command enter: runs the daemon and a subcommand, for the entry point of a container. This process becomes the
// daemon (it may be process 1). The subcommand runs in a child process, which is forked before the daemon has a loop or
// threads and waits until the daemon is ready.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/cmd_run.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/program.h"
#include "cli/session.h"

static bool refuse(const char *words, const struct cli_command *command, struct error *err) {
    return error_set(err, ERROR_BAD_REQUEST, "enter: %s \"%s\" subcommand", words, command->name);
}

static bool check_rules(const struct cli_call *call, const struct cli_command *command, struct error *err) {
    unsigned rules = command->enter_rules;
    bool has_run = cli_is_given(call, "run");
    if (rules == 0)
        return error_set(err, ERROR_BAD_REQUEST, "enter: subcommand \"%s\" is not supported", command->name);
    if ((rules & ENTER_NEEDS_RUN) && !has_run)
        return refuse("must use --run before", command, err);
    if ((rules & (ENTER_REFUSES_RUN | ENTER_NO_DAEMON)) && has_run)
        return refuse("cannot provide --run before", command, err);
    if (cli_is_given(call, "until-done"))
        return refuse("cannot provide --until-done before", command, err);
    if ((rules & ENTER_NO_VERBOSE) && cli_is_given(call, "verbose"))
        return refuse("cannot provide -v/--verbose before", command, err);
    return true;
}

// --- the two processes ---

// In the child: returns false if the daemon exits before it is ready.
static bool wait_until_ready(int fd) {
    char byte;
    ssize_t count;
    do
        count = read(fd, &byte, 1);
    while (count < 0 && errno == EINTR);
    return count == 1;
}

// The entry point of a container exits as a shell does if the command cannot be run, and says what is wrong with it.
static void explain_failure(struct error *err, const char *program) {
    if (!error_is_set(err) || !text_has_prefix(error_text(err), "cannot find executable "))
        return;
    if (strchr(program, '/') == NULL || !file_exists(program)) {
        (void)error_set_code(err, PROGRAM_CODE_NO_COMMAND);
        return;
    }
    AUTO_FREE char *quoted = text_quoted(program);
    (void)error_set(err, ERROR_BAD_REQUEST, "cannot run %s: not an executable file", quoted);
    (void)error_set_code(err, PROGRAM_CODE_CANNOT_RUN);
}

// `command`: that of --exec, NULL without it.
static int run_child(struct cli_call *subcall, const struct text_list *command, int ends[2], struct error *err) {
    file_close_at(&ends[1]);
    bool is_ready = wait_until_ready(ends[0]);
    file_close_at(&ends[0]);
    int code = is_ready ? program_call(subcall, err) : 1;
    if (command != NULL)
        explain_failure(err, command->items[0]);
    return code;
}

// The exit code of a subcommand that runs when the daemon has ended. A child that has not begun exits by itself when
// the pipe closes. A child that has begun may be waiting for responses of the daemon.
static int end_child(pid_t child) {
    int status = 0;
    (void)kill(child, SIGTERM);
    (void)kill(child, SIGCONT);
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int run_parent(struct daemon_options *options, pid_t child, int ends[2]) {
    int subcommand_code;
    file_close_at(&ends[0]);
    options->subcommand = child;
    options->ready_fd = ends[1];
    int code = run_daemon(options, &subcommand_code);
    file_close_at(&ends[1]);
    if (subcommand_code >= 0)
        return subcommand_code > 0 ? subcommand_code : code;
    subcommand_code = end_child(child);
    if (subcommand_code != 0 && code == 0)
        (void)fprintf(stderr, "error: the daemon has ended before the subcommand\n");
    return code != 0 ? code : subcommand_code;
}

static int run_both(struct cli_call *call, struct cli_call *subcall, struct error *err) {
    struct daemon_options options;
    int ends[2];
    unsigned rules = subcall->command->enter_rules;
    if (!run_read_options(call, &options, err))
        return 1;
    options.holds = !cli_is_given(call, "run");
    options.is_silent = (rules & ENTER_SILENT) && !options.is_verbose;
    options.keeps_running = rules & ENTER_KEEPS_RUNNING;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)error_set_errno(err, errno, "cannot run subcommand");
        return 1;
    }
    pid_t child = fork();
    if (child == 0)
        return run_child(subcall, cli_is_given(call, "exec") ? cli_value(call, "exec")->lists : NULL, ends, err);
    if (child < 0) {
        (void)error_set_errno(err, errno, "cannot run subcommand");
        file_close_at(&ends[0]);
        file_close_at(&ends[1]);
        return 1;
    }
    call->was_daemon = true;
    return run_parent(&options, child, ends);
}

// --- the command ---

// `words`: its name and its arguments.
static int run_parsed(struct cli_call *call, struct cli_call *subcall, const struct text_list *words,
                      struct error *err) {
    enum cli_action action = CLI_ACTION_RUN;
    if (!arguments_parse(subcall->command, words->items + 1, words->count - 1, &subcall->arguments, &action, err))
        return 1;
    if (action != CLI_ACTION_RUN)
        return action == CLI_ACTION_HELP ? help_print_command(subcall->command) : help_print_version();
    if (!check_rules(call, subcall->command, err))
        return 1;
    if (subcall->command->enter_rules & ENTER_NO_DAEMON)
        return program_call(subcall, err);
    return run_both(call, subcall, err);
}

static int run_subcommand(struct cli_call *call, const struct text_list *words, struct error *err) {
    struct cli_call subcall = {.session = call->session};
    if (!program_find_command(words->items[0], &subcall.command, err))
        return 1;
    int code = run_parsed(call, &subcall, words, err);
    arguments_finish(&subcall.arguments);
    return code;
}

static int run_alone(struct cli_call *call, struct error *err) {
    struct daemon_options options;
    int subcommand_code;
    if (!run_read_options(call, &options, err))
        return 1;
    call->was_daemon = true;
    return run_daemon(&options, &subcommand_code);
}

// The command of a container's image or of its user, which may be missing.
static int run_command(struct cli_call *call, const struct text_list *command, struct error *err) {
    AUTO_TEXT_LIST struct text_list words = {0};
    if (command->count == 0)
        return run_alone(call, err);
    text_list_add(&words, "exec");
    text_list_add(&words, "--");
    for (size_t i = 0; i < command->count; i++)
        text_list_add(&words, command->items[i]);
    return run_subcommand(call, &words, err);
}

static int run_enter(struct cli_call *call, struct error *err) {
    const struct text_list *words = cli_argument_list(call);
    if (cli_is_given(call, "exec"))
        return run_command(call, cli_value(call, "exec")->lists, err);
    return words->count == 0 ? run_alone(call, err) : run_subcommand(call, words, err);
}

const struct cli_command cmd_enter = {
    .name = "enter",
    .summary = "Run the daemon and a subcommand",
    .description =
        "Intended as the entry point of a container. Without a subcommand, equivalent to 'pebble run'. With a "
        "subcommand, runs the daemon and, when it is ready, the subcommand. Only these subcommands are supported:\n\n"
        "  help, version, plan, services, ls\n"
        "               enabled services are not started; the daemon logs nothing\n"
        "  exec         likewise; with --run, enabled services are started first\n"
        "  start        the daemon keeps running if the subcommand succeeds\n"
        "  stop         likewise; requires --run\n\n"
        "Otherwise the daemon exits after the subcommand. The exit status is that of the subcommand or, if that is 0, "
        "that of the daemon; 1 if the daemon ends first. With --verbose the daemon always logs; this is not allowed "
        "with exec.\n\n"
        "An image whose users may give any command has the entry point [\"pebble\", \"enter\", \"--exec\"]: the "
        "command "
        "of the image, or the one in its place, is run as by 'pebble enter exec'; the exit status is 127 if it is not "
        "there, 126 if it cannot be run. Without one the daemon runs alone, "
        "and starts the enabled services.",
    .examples = "  pebble enter --args web --port 8080\n  pebble enter exec -- sh -c 'echo hello'\n"
                "  pebble enter --run --exec nginx -g 'daemon off;'",
    .options =
        (const struct cli_option[]){RUN_OPTIONS,
                                    {.name = "run", .help = "Start enabled services before the subcommand"},
                                    {.name = "exec",
                                     .kind = CLI_REST,
                                     .value = "word",
                                     .help =
                                         "Run all the words that follow, as the subcommand exec does; without any, run "
                                         "the daemon alone"},
                                    {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<subcommand>", .help = "Subcommand and its arguments", .is_list = true}, {0}},
    .run = run_enter,
    .stops_at_argument = true,
};
