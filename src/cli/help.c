// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/help.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/wrap.h"

#define TEXT_COLUMN 22 // where the help of an argument or option begins
#define LOW_COLUMN 6   // the same below a label, on a terminal that is too narrow for two columns
#define LEAST_COLUMNS 60
#define NAME_COLUMN 14 // where the command names of a group begin
#define MOST_COLUMNS 100

static int print(struct buffer *out) {
    cli_print(out);
    buffer_finish(out);
    return 0;
}

static void add_title(struct buffer *out, const char *title) {
    buffer_printf(out, "%s%s%s", terminal_style(STDOUT_FILENO, STYLE_BOLD), title,
                  terminal_style(STDOUT_FILENO, STYLE_PLAIN));
}

static void add_blanks(struct buffer *out, size_t count) {
    for (size_t i = 0; i < count; i++)
        buffer_add_char(out, ' ');
}

// --- usage ---

void help_add_option(struct buffer *out, const struct cli_option *option) {
    if (option->short_name != '\0')
        buffer_printf(out, "-%c", option->short_name);
    if (option->name != NULL)
        buffer_printf(out, "%s--%s", option->short_name != '\0' ? ", " : "", option->name);
    if (option->kind == CLI_REST)
        buffer_printf(out, " [<%s>...]", option->value);
    else if (option->kind != CLI_FLAG)
        buffer_printf(out, " <%s>%s", option->value, option->kind == CLI_WORDS ? "... [;]" : "");
}

void help_add_usage(struct buffer *out, const struct cli_command *command) {
    buffer_printf(out, "pebble %s", command->name);
    for (size_t i = 0; i < cli_option_count(command); i++) {
        if (command->options[i].is_required)
            buffer_printf(out, " --%s <%s>", command->options[i].name, command->options[i].value);
    }
    if (cli_option_count(command) > 0)
        buffer_add_string(out, " [<option>...]");
    for (size_t i = 0; i < cli_positional_count(command); i++) {
        const struct cli_positional *positional = &command->positionals[i];
        buffer_printf(out, positional->is_required ? " %s%s" : " [%s%s]", positional->name,
                      positional->is_list ? "..." : "");
    }
}

// --- one command ---

// Adds the label, and its help on the same line, or below if the label is long or the terminal narrow.
static void add_entry(struct buffer *out, const char *label, const char *help) {
    AUTO_BUFFER struct buffer lines = BUFFER_INIT(BUFFER_NO_LIMIT);
    int columns = terminal_columns(MOST_COLUMNS);
    bool is_narrow = columns < LEAST_COLUMNS;
    wrap_help(&lines, help, columns - 1, is_narrow ? LOW_COLUMN : TEXT_COLUMN);
    size_t width = strlen(label) + 2;
    buffer_printf(out, "  %s", label);
    if (is_narrow || width + 2 > TEXT_COLUMN)
        buffer_printf(out, "\n%s", buffer_text(&lines));
    else
        buffer_printf(out, "%*s%s", (int)(TEXT_COLUMN - width), "", buffer_text(&lines) + TEXT_COLUMN);
}

static void add_positionals(struct buffer *out, const struct cli_command *command) {
    if (cli_positional_count(command) == 0)
        return;
    buffer_add_char(out, '\n');
    add_title(out, "Arguments");
    buffer_add_char(out, '\n');
    for (size_t i = 0; i < cli_positional_count(command); i++)
        add_entry(out, command->positionals[i].name, command->positionals[i].help);
}

static void add_options(struct buffer *out, const struct cli_command *command) {
    AUTO_BUFFER struct buffer label = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (cli_option_count(command) == 0)
        return;
    buffer_add_char(out, '\n');
    add_title(out, "Options");
    buffer_add_char(out, '\n');
    for (size_t i = 0; i < cli_option_count(command); i++) {
        buffer_clear(&label);
        help_add_option(&label, &command->options[i]);
        add_entry(out, buffer_text(&label), command->options[i].help);
    }
}

int help_print_command(const struct cli_command *command) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_title(&out, "Usage");
    buffer_add_string(&out, ": ");
    help_add_usage(&out, command);
    buffer_add_string(&out, "\n\n");
    wrap_help(&out, command->description, terminal_columns(MOST_COLUMNS) - 1, 0);
    if (command->run == NULL)
        buffer_add_string(&out, "\nNot implemented in this version.\n");
    add_positionals(&out, command);
    add_options(&out, command);
    if (command->examples != NULL) {
        buffer_add_char(&out, '\n');
        add_title(&out, "Examples");
        buffer_add_char(&out, '\n');
        wrap_help(&out, command->examples, terminal_columns(MOST_COLUMNS) - 1, 0);
    }
    return print(&out);
}

// --- all commands ---

static void add_paragraph(struct buffer *out, const char *text) {
    wrap_help(out, text, terminal_columns(MOST_COLUMNS) - 1, 0);
}

static void add_head(struct buffer *out) {
    add_paragraph(out, "Pebble is a service manager. It starts services and keeps them running.");
    buffer_add_char(out, '\n');
    add_title(out, "Usage");
    buffer_add_string(out, ": pebble <command> [<option>...] [<argument>...]\n");
}

static void add_foot(struct buffer *out, bool is_short) {
    buffer_add_char(out, '\n');
    if (is_short)
        add_paragraph(out, "Use 'pebble help --all' for a summary of all commands.");
    add_paragraph(out, "Use 'pebble help <command>' for help on a command.");
    buffer_add_char(out, '\n');
    add_paragraph(out,
                  "The daemon's directory is $PEBBLE (default /var/lib/pebble/default), its socket is $PEBBLE_SOCKET "
                  "(default .pebble.socket in that directory). Instead of the socket, commands use $PEBBLE_BASEURL, "
                  "http://HOST:PORT or https://HOST:PORT. For https, $PEBBLE_CLIENT_CERT and $PEBBLE_CLIENT_KEY are "
                  "PEM files with the certificate and the key of the client, and $PEBBLE_SERVER_FINGERPRINT is the "
                  "fingerprint of the daemon's key.");
}

// Adds a line with the title and the names of the commands.
static void add_group(struct buffer *out, const struct cli_group *group) {
    AUTO_BUFFER struct buffer names = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_BUFFER struct buffer lines = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (const struct cli_command *const *command = group->commands; *command != NULL; command++)
        buffer_printf(&names, "%s%s", command == group->commands ? "" : ", ", (*command)->name);
    wrap_help(&lines, buffer_text(&names), terminal_columns(MOST_COLUMNS) - 1, NAME_COLUMN);
    add_blanks(out, 2);
    add_title(out, group->title);
    add_blanks(out, NAME_COLUMN - 2 - strlen(group->title));
    buffer_add_string(out, buffer_text(&lines) + NAME_COLUMN);
}

int help_print_short(void) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_head(&out);
    buffer_add_char(&out, '\n');
    for (const struct cli_group *group = cli_groups; group->title != NULL; group++)
        add_group(&out, group);
    add_foot(&out, true);
    return print(&out);
}

static void add_command(struct buffer *out, const struct cli_command *command) {
    AUTO_FREE char *summary = memory_printf("%s%s", command->summary, command->run == NULL ? " (not implemented)" : "");
    add_entry(out, command->name, summary);
}

int help_print_all(void) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_head(&out);
    for (const struct cli_group *group = cli_groups; group->title != NULL; group++) {
        buffer_add_char(&out, '\n');
        add_title(&out, group->title);
        buffer_printf(&out, ": %s\n", group->about);
        for (const struct cli_command *const *command = group->commands; *command != NULL; command++)
            add_command(&out, *command);
    }
    add_foot(&out, false);
    return print(&out);
}

int help_print_version(void) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&out, PEBBLE_VERSION "\n");
    return print(&out);
}
