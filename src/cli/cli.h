// SPDX-License-Identifier: GPL-3.0-or-later
// What a command is. Each file of commands exports descriptors; the parser, the help texts, the shell
// completions and the man pages are all made from them.
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
    CLI_INTEGER,  // a whole number; a negative one may stand as a word of its own
    CLI_USER_ID,  // 0 to 2^32-1
    CLI_DURATION, // as 1m30s, in nanoseconds; negative ones as with CLI_INTEGER
    CLI_LIST,     // text; each use adds one
    CLI_WORDS,    // all words up to ";" or the end; each use adds a list
};

struct cli_option {
    const char *name; // long, without its dashes; NULL: short only
    char short_name;  // '\0': long only
    enum cli_value_kind kind;
    bool is_required;
    const char *value;          // what help calls the value
    const char *const *choices; // NULL-terminated
    const char *help;
};

struct cli_positional {
    const char *name; // "<service>", as in messages
    const char *help;
    bool is_required;
    bool is_list; // takes all that is left: only the last one
};

// How `enter` treats a subcommand (behaviour of the reference's enter).
enum cli_enter_rule {
    ENTER_ALLOWED = 1,
    ENTER_SILENT = 2,         // the daemon logs nothing, unless verbose
    ENTER_NO_VERBOSE = 4,     // -v is refused
    ENTER_NO_DAEMON = 8,      // needs no daemon
    ENTER_KEEPS_RUNNING = 16, // the daemon goes on after the subcommand's good end
    ENTER_NEEDS_RUN = 32,     // --run is required
    ENTER_REFUSES_RUN = 64,
};

struct cli_call;
// Does the command's work. Returns the exit status; with an error set, it is printed and the status is 1.
typedef int (*cli_command_fn)(struct cli_call *call, struct error *err);

struct cli_command {
    const char *name;
    const char *summary;                      // one line, no full stop
    const char *description;                  // paragraphs parted by an empty line; indented lines stay as they are
    const char *examples;                     // lines, or NULL
    const struct cli_option *options;         // up to one without any name; NULL: none
    const struct cli_positional *positionals; // up to one without a name; NULL: none
    cli_command_fn run;                       // NULL: not there yet
    unsigned enter_rules;                     // enum cli_enter_rule
    size_t ignored_arguments;                 // so many arguments too many are passed over
    bool stops_at_argument;                   // after the first argument nothing is an option
    bool is_hidden;                           // left out of lists of commands
};

// --- what was given ---

struct cli_value {
    bool is_given;
    const char *text; // of the last use
    int64_t number;
    struct text_list *lists; // CLI_LIST: one; CLI_WORDS: one for each use
    size_t list_count;
};

struct cli_arguments {
    const struct cli_command *command;
    struct cli_value *values; // as many as the command has options
    struct text_list positionals;
};

struct cli_session;
struct cli_call {
    const struct cli_command *command;
    struct cli_arguments arguments;
    struct cli_session *session;
    bool was_daemon; // it has been the daemon: nothing to say about warnings then
};

// Of the option with that long name, or short one if it has no other; asking for one that the command does not
// have is a mistake of ours and ends the program.
const struct cli_value *cli_value(const struct cli_call *call, const char *name) __attribute__((returns_nonnull));
bool cli_is_given(const struct cli_call *call, const char *name);
const char *cli_text(const struct cli_call *call, const char *name); // NULL when not given
// The positional at that place, NULL when not given; all of them as a list.
const char *cli_argument(const struct cli_call *call, size_t index);
const struct text_list *cli_argument_list(const struct cli_call *call);

// Options that several commands share.
#define OPTION_FORMAT                                                                                                  \
    {                                                                                                                  \
        .name = "format", .kind = CLI_CHOICE, .value = "FORM",                                                         \
        .choices = (const char *const[]){"text", "json", "yaml", NULL},                                                \
        .help = "Write the result as text (a table for people, the default), json or yaml"                             \
    }
#define OPTION_ABS_TIME                                                                                                \
    { .name = "abs-time", .help = "Show times in full (RFC 3339) instead of as \"today at 12:00 UTC\"" }
#define OPTION_NO_WAIT                                                                                                 \
    { .name = "no-wait", .help = "Do not wait for the end, but print the number of the change" }
