// SPDX-License-Identifier: GPL-3.0-or-later
// The command manpage: generates manual pages from the command descriptors (groff_man(7)).
#include <string.h>

#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/program.h"
#include "cli/session.h"

// --- roff ---

// Adds a line of text. Requests and escapes are masked; characters beyond ASCII are written as code points.
static void add_text_n(struct buffer *out, const char *text, size_t length) {
    if (length > 0 && (text[0] == '.' || text[0] == '\''))
        buffer_add_string(out, "\\&");
    for (size_t i = 0; i < length;) {
        uint32_t code_point;
        bool is_valid;
        size_t size = utf8_decode(text + i, length - i, &code_point, &is_valid);
        if (code_point > 0x7f)
            buffer_printf(out, "\\[u%04X]", code_point);
        else if (code_point == '\\')
            buffer_add_string(out, "\\e");
        else if (code_point == '-')
            buffer_add_string(out, "\\-");
        else
            buffer_add_char(out, text[i]);
        i += size;
    }
}

static void add_text(struct buffer *out, const char *text) {
    add_text_n(out, text, strlen(text));
}

static void add_section(struct buffer *out, const char *title) {
    buffer_printf(out, ".SH %s\n", title);
}

static void add_header(struct buffer *out, const char *title) {
    buffer_printf(out, ".TH %s 1 \"\" \"pebble %s\" \"User Commands\"\n", title, PEBBLE_VERSION);
}

// Adds paragraphs; indented lines are not filled.
static void add_body(struct buffer *out, const char *text) {
    bool is_kept = false;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        bool keeps = *text == ' ' || (is_kept && length == 0 && text[1] == ' ');
        if (keeps != is_kept)
            buffer_add_string(out, keeps ? ".nf\n" : ".fi\n");
        is_kept = keeps;
        if (length == 0 && !keeps)
            buffer_add_string(out, ".PP");
        add_text_n(out, text, length);
        buffer_add_char(out, '\n');
        text += length;
        text += *text == '\n' ? 1 : 0;
    }
    if (is_kept)
        buffer_add_string(out, ".fi\n");
}

static void add_entry(struct buffer *out, const char *label, const char *help) {
    buffer_add_string(out, ".TP\n.B ");
    add_text(out, label);
    buffer_add_char(out, '\n');
    add_text(out, help);
    buffer_add_char(out, '\n');
}

// --- pages ---

static void add_usage(struct buffer *out, const struct cli_command *command) {
    AUTO_BUFFER struct buffer usage = BUFFER_INIT(BUFFER_NO_LIMIT);
    help_add_usage(&usage, command);
    add_text(out, buffer_text(&usage));
    buffer_add_char(out, '\n');
}

static void add_entries(struct buffer *out, const struct cli_command *command) {
    AUTO_BUFFER struct buffer label = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < cli_positional_count(command); i++)
        add_entry(out, command->positionals[i].name, command->positionals[i].help);
    for (size_t i = 0; i < cli_option_count(command); i++) {
        buffer_clear(&label);
        help_add_option(&label, &command->options[i]);
        add_entry(out, buffer_text(&label), command->options[i].help);
    }
}

static void add_command_page(struct buffer *out, const struct cli_command *command) {
    AUTO_FREE char *title = memory_printf("PEBBLE-%s", command->name);
    add_header(out, title);
    add_section(out, "NAME");
    buffer_printf(out, "pebble\\-%s \\- %s\n", command->name, command->summary);
    add_section(out, "SYNOPSIS");
    add_usage(out, command);
    add_section(out, "DESCRIPTION");
    add_body(out, command->description);
    if (cli_positional_count(command) + cli_option_count(command) > 0)
        add_section(out, "OPTIONS");
    add_entries(out, command);
    if (command->examples != NULL) {
        add_section(out, "EXAMPLES");
        add_body(out, command->examples);
    }
    add_section(out, "SEE ALSO");
    buffer_add_string(out, ".BR pebble (1)\n");
}

static void add_daemons_environment(struct buffer *out) {
    add_entry(out, "PEBBLE_COPY_ONCE",
              "If the daemon's directory is empty at start, the daemon copies this directory to it.");
    add_entry(out, "PEBBLE_PERSIST", "If set to \"never\", the daemon does not save its state.");
    add_entry(out, "PEBBLE_VERBOSE", "If set to 1, the daemon also writes the output of services to standard output.");
    add_entry(out, "PEBBLE_DEBUG", "If set to 1, the daemon logs debug messages.");
    add_entry(out, "PATH", "Where the daemon looks for programs without a slash in their name.");
    add_entry(
        out, "NOTIFY_SOCKET",
        "The socket of systemd, to which the daemon reports that it is ready or stopping. With it, a daemon that has "
        "nothing to do exits with 42.");
    add_entry(out, "WATCHDOG_USEC",
              "The interval of systemd's watchdog in microseconds. The daemon reports at half of it.");
    add_entry(
        out, "HTTP_PROXY, HTTPS_PROXY, NO_PROXY",
        "Proxies for http checks and log targets, and the hosts that are reached without them. The names in lower "
        "case are used if these are unset. HTTP_PROXY is ignored if REQUEST_METHOD is set.");
}

static void add_environment(struct buffer *out) {
    add_section(out, "ENVIRONMENT");
    add_entry(out, "PEBBLE", "The daemon's directory. The default is /var/lib/pebble/default.");
    add_entry(out, "PEBBLE_SOCKET",
              "The Unix socket of the API. The default is .pebble.socket in the daemon's directory.");
    add_entry(out, "XDG_CONFIG_HOME",
              "Commands keep what they have listed in pebble/cli.json below it. The default is .config below HOME.");
    add_entry(
        out, "PEBBLE_BASEURL",
        "Base URL of the API, http://HOST:PORT or https://HOST:PORT, used by commands instead of the socket. It may "
        "have USER:PASSWORD@ before HOST, and a path.");
    add_entry(out, "PEBBLE_CLIENT_CERT, PEBBLE_CLIENT_KEY",
              "PEM files with the certificate and the key that identify commands to the daemon over https. The daemon "
              "requires them. One certificate, and a key that is not encrypted. Both may be the same file.");
    add_entry(
        out, "PEBBLE_SERVER_FINGERPRINT",
        "How commands recognize the daemon over https: the fingerprint of its identity key, or the SHA-256 of its "
        "identity certificate in hexadecimal digits. Without it, the daemon's certificate must be for HOST, and from "
        "an authority that the system trusts.");
    add_entry(out, "SSL_CERT_FILE, SSL_CERT_DIR",
              "Files of certificates of the authorities to trust, instead of those of the system.");
    add_daemons_environment(out);
    add_entry(out, "TZ", "The time zone of the times that commands show. The default is /etc/localtime.");
    add_entry(out, "TZDIR", "The directory with the files of time zones. The default is /usr/share/zoneinfo.");
    add_entry(out, "TERM",
              "Is passed on to the program of exec. If set to \"dumb\", there are no progress and no styles.");
    add_entry(out, "NO_COLOR", "If set and not empty, there are no styles.");
    add_entry(out, "LC_ALL, LC_CTYPE, LANG",
              "The first that is not empty says whether the terminal shows UTF-8. If all are empty, it does.");
    add_entry(out, "COLUMNS", "The width of the output, if it is not a terminal.");
}

static void add_main_page(struct buffer *out) {
    add_header(out, "PEBBLE");
    add_section(out, "NAME");
    buffer_add_string(out, "pebble \\- service manager\n");
    add_section(out, "SYNOPSIS");
    add_text(out, "pebble <command> [<option>...] [<argument>...]\n");
    add_section(out, "DESCRIPTION");
    add_body(out,
             "Pebble is a service manager. It starts services and keeps them running. The same program is the daemon "
             "('pebble run') and its command-line client.");
    for (const struct cli_group *group = cli_groups; group->title != NULL; group++) {
        buffer_printf(out, ".SS %s\n", group->title);
        for (const struct cli_command *const *command = group->commands; *command != NULL; command++) {
            buffer_add_string(out, ".TP\n");
            add_usage(out, *command);
            add_text(out, (*command)->summary);
            buffer_add_string(out, ".\n");
        }
    }
    add_environment(out);
    add_section(out, "EXIT STATUS");
    add_body(
        out,
        "0 on success, 1 on failure. exec exits with the status of the program it ran. 'pebble help run' lists the "
        "exit statuses of the daemon.");
}

static int run_manpage(struct cli_call *call, struct error *err) {
    const char *name = cli_argument(call, 0);
    const struct cli_command *command = NULL;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (name != NULL && !program_find_command(name, &command, err))
        return 1;
    if (command != NULL)
        add_command_page(&out, command);
    else
        add_main_page(&out);
    cli_print(&out);
    return 0;
}

const struct cli_command cmd_manpage = {
    .name = "manpage",
    .summary = "Generate manual pages",
    .description =
        "Writes the manual page of the program, or of a command, to standard output, in the format of man(1).",
    .examples = "  pebble manpage start | man -l -",
    .positionals =
        (const struct cli_positional[]){{.name = "<command>", .help = "Name of a command", .values = VALUES_COMMANDS},
                                        {0}},
    .run = run_manpage,
    .is_hidden = true,
};
