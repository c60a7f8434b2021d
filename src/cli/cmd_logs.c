// SPDX-License-Identifier: GPL-3.0-or-later
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/log_message.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/times.h"
#include "data/json.h"

#define USUAL_NUMBER 30

struct log_printer {
    bool is_json;
    bool is_following;
    bool is_on_terminal;
    bool has_colors;
    struct buffer line;
};

static void add_json(struct buffer *line, const struct pebble_log_entry *entry) {
    const char *time, *service = pebble_log_entry_service(entry);
    size_t length;
    const char *message = pebble_log_entry_message(entry, &length);
    (void)pebble_log_entry_time_ns(entry, &time);
    buffer_add_string(line, "{\"time\":\"");
    buffer_add_string(line, time);
    buffer_add_string(line, "\",\"service\":");
    json_add_string(line, service, strlen(service), false);
    buffer_add_string(line, ",\"message\":");
    json_add_string(line, message, length, false);
    buffer_add_string(line, "}\n");
}

static void add_text(struct log_printer *printer, const struct pebble_log_entry *entry) {
    struct buffer *line = &printer->line;
    const char *time;
    size_t length;
    const char *message = pebble_log_entry_message(entry, &length);
    (void)pebble_log_entry_time_ns(entry, &time);
    time_add_millis(line, time);
    buffer_add_string(line, " [");
    text_add_shown(line, pebble_log_entry_service(entry), "");
    buffer_add_string(line, "] ");
    if (printer->is_on_terminal)
        log_message_add_shown(line, message, length, printer->has_colors);
    else
        buffer_add(line, message, length);
    buffer_add_char(line, '\n');
}

static bool on_log_entry(const struct pebble_log_entry *entry, void *data) {
    struct log_printer *printer = data;
    buffer_clear(&printer->line);
    if (printer->is_json) {
        add_json(&printer->line, entry);
        cli_print_document(buffer_text(&printer->line));
    } else {
        add_text(printer, entry);
        cli_print(&printer->line);
    }
    return !printer->is_following || fflush(stdout) == 0;
}

// An interrupt is the usual way to end `logs --follow`. All lines received so far have been written.
static void on_signal_arrived(int number UNUSED) {
    _exit(0);
}

// The shell's prompt must not follow the "^C" of the terminal on its line: shells begin a new one only after a command
// that was killed.
static void on_terminal_interrupted(int number UNUSED) {
    (void)!write(STDOUT_FILENO, "\n", 1);
    _exit(0);
}

static bool read_number(const struct cli_call *call, int64_t *number, struct error *err) {
    const char *text = cli_text(call, "n");
    int64_t given = USUAL_NUMBER;
    if (text_equal(text, "all")) {
        given = PEBBLE_LOGS_ALL;
    } else if (!text_is_empty(text) && (!text_to_int64(text, INT64_MIN, INT64_MAX, &given) || given < 0)) {
        AUTO_FREE char *quoted = text_quoted(text);
        return error_set(err, ERROR_BAD_REQUEST, "expected n to be a non-negative integer or \"all\", not %s", quoted);
    }
    // 0 selects the daemon's default, which is no lines when following. The API cannot request 0 lines otherwise.
    *number = given;
    return true;
}

static int run_logs(struct cli_call *call, struct error *err) {
    const struct text_list *names = cli_argument_list(call);
    bool is_following = cli_is_given(call, "follow");
    struct pebble_log_options options = {.size = sizeof options,
                                         .services = (const char *const *)names->items,
                                         .service_count = names->count,
                                         .flags = is_following ? PEBBLE_LOGS_FOLLOW : 0};
    struct log_printer printer = {.is_json = text_equal(cli_text(call, "format"), "json"),
                                  .is_following = is_following,
                                  .is_on_terminal = isatty(STDOUT_FILENO),
                                  .has_colors = !text_is_empty(terminal_style(STDOUT_FILENO, STYLE_PLAIN)),
                                  .line = BUFFER_INIT(BUFFER_NO_LIMIT)};
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (!read_number(call, &options.last, err))
        return 1;
    struct pebble_client *client = session_client(call->session, err);
    if (client == NULL)
        return 1;
    advise_unknown_services(client, names);
    if (is_following)
        (void)signal(SIGINT, isatty(STDOUT_FILENO) ? on_terminal_interrupted : on_signal_arrived);
    bool is_good = pebble_get_logs(client, &options, on_log_entry, &printer, &failure);
    buffer_finish(&printer.line);
    return is_good ? 0 : cli_fail(&failure, err);
}

const struct cli_command cmd_logs = {
    .name = "logs",
    .summary = "Show the logs of services",
    .description =
        "Shows the latest output of the named services, or of all services, in order of time. The daemon keeps about "
        "100 KiB of output for each service. On a terminal, control characters in it are escaped, but for tabs and "
        "colors.",
    .examples = "  pebble logs -n 100 web\n  pebble logs -f",
    .options =
        (const struct cli_option[]){
            {.name = "follow",
             .short_name = 'f',
             .help =
                 "Keep printing new lines until interrupted (ctrl-C). Without service names, follows the services that "
                 "have output when the command starts"},
            {.name = "format",
             .kind = CLI_CHOICE,
             .value = "FORM",
             .choices = (const char *const[]){"text", "json", NULL},
             .help = "Output format: text (the default) or json (one object per line)"},
            {.short_name = 'n',
             .kind = CLI_TEXT,
             .value = "count",
             .help = "Number of lines to show, or \"all\"; the default is 30"},
            {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<service>", .help = "Name of a service", .values = VALUES_SERVICES, .is_list = true}, {0}},
    .run = run_logs,
};
