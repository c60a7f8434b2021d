// SPDX-License-Identifier: GPL-3.0-or-later
// Command descriptors. Each command file exports one or more; the parser, the help texts, the shell completions and
// the manual pages are generated from them.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_value_kind {
    CLI_FLAG, // no value
    CLI_TEXT,
    CLI_CHOICE,   // one of `choices`
    CLI_INTEGER,  // a negative number may be a separate word
    CLI_USER_ID,  // 0 to 2^32-1
    CLI_DURATION, // 1m30s, stored in nanoseconds; may be negative like CLI_INTEGER
    CLI_LIST,     // text; each use appends one
    CLI_WORDS,    // all words up to ";" or the end; each use appends a list
    CLI_REST,     // all words that follow, "--" before them left out; there may be none
};

// What completes an argument or the value of an option. Values from the daemon are asked for when they are needed.
enum cli_values {
    VALUES_NONE,
    VALUES_COMMANDS,
    VALUES_SHELLS,
    VALUES_SIGNALS,
    VALUES_LOCAL_FILES,
    VALUES_REMOTE_FILES, // absolute paths only
    VALUES_SERVICES,
    VALUES_SERVICE_CONDITIONS, // service[=condition]
    VALUES_CHECKS,
    VALUES_CHANGES,
    VALUES_CHANGE_KINDS,
    VALUES_IDENTITIES,
    VALUES_NOTICES, // IDs and types
    VALUES_NOTICE_TYPES,
    VALUES_NOTICE_KEYS,
};

struct cli_option {
    const char *name; // long, without its dashes; NULL: short only
    char short_name;  // '\0': long only
    enum cli_value_kind kind;
    bool is_required;
    const char *value;          // placeholder of the value in help
    const char *const *choices; // NULL-terminated
    enum cli_values values;
    const char *help;
};

struct cli_positional {
    const char *name; // "<service>", as in messages
    const char *help;
    bool is_required;
    bool is_list; // takes all remaining words; last positional only
    enum cli_values values;
};

// How `enter` treats a subcommand (behaviour of the reference's enter).
enum cli_enter_rule {
    ENTER_ALLOWED = 1,
    ENTER_SILENT = 2,         // the daemon logs nothing, unless verbose
    ENTER_NO_VERBOSE = 4,     // -v is refused
    ENTER_NO_DAEMON = 8,      // needs no daemon
    ENTER_KEEPS_RUNNING = 16, // the daemon keeps running if the subcommand succeeds
    ENTER_NEEDS_RUN = 32,     // --run is required
    ENTER_REFUSES_RUN = 64,
};

struct cli_call;
// Runs the command. Returns the exit status. If an error is set, it is printed and the exit status is 1.
typedef int (*cli_command_fn)(struct cli_call *call, struct error *err);

struct cli_command {
    const char *name;
    const char *summary;                      // one line without a full stop
    const char *description;                  // paragraphs separated by empty lines; indented lines are kept
    const char *examples;                     // lines, or NULL
    const struct cli_option *options;         // terminated by one without a name; NULL: none
    const struct cli_positional *positionals; // terminated by one without a name; NULL: none
    cli_command_fn run;                       // NULL: not implemented
    unsigned enter_rules;                     // enum cli_enter_rule
    size_t ignored_arguments;                 // number of surplus arguments that are ignored
    bool stops_at_argument;                   // options after the first argument are arguments
    bool is_hidden;                           // omitted from lists of commands
};

// --- parsed arguments ---

struct cli_value {
    bool is_given;
    const char *text; // of the last use
    int64_t number;
    struct text_list *lists; // CLI_LIST, CLI_REST: one; CLI_WORDS: one for each use
    size_t list_count;
};

struct cli_arguments {
    const struct cli_command *command;
    struct cli_value *values; // one for each option of the command
    struct text_list positionals;
};

struct cli_session;
struct cli_call {
    const struct cli_command *command;
    struct cli_arguments arguments;
    struct cli_session *session;
    bool was_daemon; // this process ran the daemon: do not print the hint about warnings
};

// Returns the value of an option by its long name, or by its short name if it has no long one. Aborts the program if
// the command has no such option.
const struct cli_value *cli_value(const struct cli_call *call, const char *name) __attribute__((returns_nonnull));
bool cli_is_given(const struct cli_call *call, const char *name);
// The number of an option, part of the call; NULL if it is not given.
const int64_t *cli_number_or_null(const struct cli_call *call, const char *name);
const char *cli_text(const struct cli_call *call, const char *name); // NULL if not given
// Returns one positional argument, NULL if not given.
const char *cli_argument(const struct cli_call *call, size_t index);
// Returns all positional arguments.
const struct text_list *cli_argument_list(const struct cli_call *call);

// Options shared by several commands.
#define OPTION_FORMAT                                                                                                  \
    {                                                                                                                  \
        .name = "format", .kind = CLI_CHOICE, .value = "FORM",                                                         \
        .choices = (const char *const[]){"text", "json", "yaml", NULL},                                                \
        .help = "Output format: text (the default), json or yaml"                                                      \
    }
#define OPTION_ABS_TIME                                                                                                \
    { .name = "abs-time", .help = "Show absolute times (RFC 3339) instead of relative ones" }
#define OPTION_NO_WAIT                                                                                                 \
    { .name = "no-wait", .help = "Do not wait for the change to finish; print its ID" }
