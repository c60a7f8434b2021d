// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/session.h"
#include "cli/state_file.h"
#include "cli/terminal.h"
#include "data/json.h"

bool program_find_command(const char *name, const struct cli_command **command, struct error *err) {
    const struct cli_command *found = cli_command_find(name);
    if (found == NULL) {
        AUTO_FREE char *quoted = text_quoted(name);
        (void)error_set(err, ERROR_NOT_FOUND, "unknown command %s, see 'pebble help'", quoted);
        return cli_command_advise(name, err);
    }
    *command = found;
    return true;
}

int program_call(struct cli_call *call, struct error *err) {
    if (call->command->run != NULL)
        return call->command->run(call, err);
    (void)error_set(err, ERROR_NOT_IMPLEMENTED, "%s is not available in this version", call->command->name);
    return 1;
}

// After the command: a broken state file is an error of every command, and new warnings cause a hint.
static int check_warnings(const struct cli_call *call, struct error *err) {
    struct state_file state;
    if (!state_file_load(call->session->socket_path, &state, err))
        return 1;
    int64_t latest = call->session->client != NULL ? pebble_client_latest_warning_ns(call->session->client, NULL) : 0;
    const struct wall_time *listed = &state.moments[WARNINGS_LISTED];
    if (latest != 0 && (!listed->is_set || latest > listed->ns))
        (void)fprintf(stderr, "WARNING: There are new warnings. See 'pebble warnings'.\n");
    return 0;
}

static int run_call(struct cli_call *call, struct error *err) {
    int code = program_call(call, err);
    if (code == 0 && !error_is_set(err) && !call->was_daemon)
        code = check_warnings(call, err);
    return code;
}

static int run_command(const struct cli_command *command, char *const *words, size_t count, struct error *err) {
    struct cli_session session;
    struct cli_call call = {.command = command, .session = &session};
    enum cli_action action = CLI_ACTION_RUN;
    int code = 1;
    session_init(&session);
    if (arguments_parse(command, words, count, &call.arguments, &action, err))
        code = action == CLI_ACTION_HELP      ? help_print_command(command)
               : action == CLI_ACTION_VERSION ? help_print_version()
                                              : run_call(&call, err);
    arguments_finish(&call.arguments);
    session_finish(&session);
    return code;
}

// An option instead of a command, or before it.
static int run_option(char *const *words, size_t count, struct error *err) {
    const char *word = words[0];
    if (text_equal(word, "-h") || text_equal(word, "--help"))
        return help_print_short();
    if (text_equal(word, "--version"))
        return help_print_version();
    AUTO_FREE char *quoted = text_quoted(word);
    (void)error_set(err, ERROR_BAD_REQUEST, "unknown option %s, see 'pebble help'", quoted);
    for (size_t i = 1; i < count; i++) {
        if (cli_command_find(words[i]) != NULL) {
            (void)error_add_advice(err, "Options come after the command: 'pebble %s %s'.", words[i], word);
            break;
        }
    }
    return 1;
}

static int run_words(char *const *words, size_t count, struct error *err) {
    const struct cli_command *command = NULL;
    if (count == 0)
        return help_print_short();
    if (text_equal(words[0], "--") && count == 1)
        return help_print_short();
    if (words[0][0] == '-' && words[0][1] != '\0' && !text_equal(words[0], "--"))
        return run_option(words, count, err);
    if (!program_find_command(words[0], &command, err))
        return 1;
    return run_command(command, words + 1, count - 1, err);
}

static int finish_output(int code) {
    bool has_failed = ferror(stdout) != 0; // earlier, and errno may be another one by now
    if (fflush(stdout) == 0 && !has_failed)
        return code;
    (void)fprintf(stderr, "error: cannot write to standard output%s%s\n", has_failed ? "" : ": ",
                  has_failed ? "" : strerror(errno));
    return code != 0 ? code : 1;
}

// For people only: scripts compare the whole message.
static void print_advice(const struct error *err) {
    if (err->advice == NULL || !isatty(STDERR_FILENO))
        return;
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    text_add_shown(&shown, err->advice, "\n\t");
    (void)fprintf(stderr, "%s\n", buffer_text(&shown));
}

static int exit_code_of(const struct error *err) {
    if (error_has_code(err, PROGRAM_CODE_NO_COMMAND))
        return 127;
    return error_has_code(err, PROGRAM_CODE_CANNOT_RUN) ? 126 : 1;
}

int program_run(char *const *words, size_t count) {
    json_install_allocator();
    AUTO_ERROR struct error err = {0};
    int code = finish_output(run_words(words, count, &err));
    if (!error_is_set(&err))
        return code;
    AUTO_FREE char *shown = text_shown(error_text(&err), "\n\t");
    if (error_has_code(&err, "system-restart")) {
        (void)fprintf(stderr, "%s\n", shown);
        return 0;
    }
    (void)fprintf(stderr, "%serror:%s %s\n", terminal_style(STDERR_FILENO, STYLE_RED),
                  terminal_style(STDERR_FILENO, STYLE_PLAIN), shown);
    print_advice(&err);
    return exit_code_of(&err);
}
