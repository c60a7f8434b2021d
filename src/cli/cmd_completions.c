// SPDX-License-Identifier: GPL-3.0-or-later
// The command completions: generates shell completion scripts from the command descriptors.
#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/session.h"

typedef void (*command_fn)(struct buffer *out, const struct cli_command *command);

static void for_each_command(struct buffer *out, command_fn add) {
    for (const struct cli_group *group = cli_groups; group->title != NULL; group++) {
        for (const struct cli_command *const *command = group->commands; *command != NULL; command++)
            add(out, *command);
    }
}

// Adds text in single quotes, for a shell.
static void add_quoted(struct buffer *out, const char *text) {
    buffer_add_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buffer_add_string(out, "'\\''");
        else
            buffer_add_char(out, *text);
    }
    buffer_add_char(out, '\'');
}

static void add_choices(struct buffer *out, const struct cli_option *option) {
    for (const char *const *choice = option->choices; *choice != NULL; choice++)
        buffer_printf(out, "%s%s", choice == option->choices ? "" : " ", *choice);
}

// --- bash ---

static void add_bash_name(struct buffer *out, const struct cli_command *command) {
    buffer_printf(out, " %s", command->name);
}

static void add_bash_case(struct buffer *out, const struct cli_command *command) {
    buffer_printf(out, "    %s) words='", command->name);
    for (size_t i = 0; i < cli_option_count(command); i++) {
        const struct cli_option *option = &command->options[i];
        if (option->short_name != '\0')
            buffer_printf(out, "-%c ", option->short_name);
        if (option->name != NULL)
            buffer_printf(out, "--%s ", option->name);
    }
    buffer_add_string(out, "--help' ;;\n");
}

static void add_bash_values(struct buffer *out, const struct cli_command *command) {
    for (size_t i = 0; i < cli_option_count(command); i++) {
        if (command->options[i].kind == CLI_CHOICE) {
            buffer_printf(out, "    %s:--%s) values='", command->name, command->options[i].name);
            add_choices(out, &command->options[i]);
            buffer_add_string(out, "' ;;\n");
        }
    }
}

static void add_bash(struct buffer *out) {
    buffer_add_string(
        out, "# bash completion of pebble\n"
             "_pebble() {\n"
             "    local current=$2 previous=$3 command=${COMP_WORDS[1]} words= values=\n"
             "    if [ \"$COMP_CWORD\" = 1 ] || { [ \"$COMP_CWORD\" = 2 ] && [ \"$command\" = help ]; }; then\n"
             "        COMPREPLY=($(compgen -W '");
    for_each_command(out, add_bash_name);
    buffer_add_string(out, " --help --version' -- \"$current\"))\n        return\n    fi\n"
                           "    case $command:$previous in\n");
    for_each_command(out, add_bash_values);
    buffer_add_string(out, "    esac\n    if [ -n \"$values\" ]; then\n"
                           "        COMPREPLY=($(compgen -W \"$values\" -- \"$current\"))\n        return\n    fi\n"
                           "    case $command in\n");
    for_each_command(out, add_bash_case);
    buffer_add_string(out, "    esac\n    case $current in\n"
                           "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
                           "    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n    esac\n}\n"
                           "complete -F _pebble pebble\n");
}

// --- zsh ---

static void add_zsh_name(struct buffer *out, const struct cli_command *command) {
    AUTO_FREE char *entry = memory_printf("%s:%s", command->name, command->summary);
    buffer_add_string(out, "        ");
    add_quoted(out, entry);
    buffer_add_char(out, '\n');
}

// The help texts of _arguments need brackets and colons escaped.
static char *zsh_escaped(const char *text) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (; *text != '\0'; text++) {
        if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
            buffer_add_char(&out, '\\');
        buffer_add_char(&out, *text);
    }
    return buffer_take(&out);
}

static void add_zsh_spec(struct buffer *out, const char *name, const struct cli_option *option) {
    AUTO_BUFFER struct buffer spec = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_FREE char *help = zsh_escaped(option->help);
    buffer_printf(&spec, "%s%s[%s]", option->kind == CLI_LIST ? "*" : "", name, help);
    if (option->kind == CLI_CHOICE) {
        buffer_printf(&spec, ":%s:(", option->value);
        add_choices(&spec, option);
        buffer_add_char(&spec, ')');
    } else if (option->kind != CLI_FLAG) {
        buffer_printf(&spec, ":%s:_files", option->value);
    }
    buffer_add_string(out, " \\\n            ");
    add_quoted(out, buffer_text(&spec));
}

static void add_zsh_case(struct buffer *out, const struct cli_command *command) {
    buffer_printf(out, "    %s) _arguments", command->name);
    for (size_t i = 0; i < cli_option_count(command); i++) {
        const struct cli_option *option = &command->options[i];
        if (option->name != NULL) {
            AUTO_FREE char *name = memory_printf("--%s", option->name);
            add_zsh_spec(out, name, option);
        }
        if (option->short_name != '\0')
            add_zsh_spec(out, (const char[]){'-', option->short_name, '\0'}, option);
    }
    buffer_add_string(out, " \\\n            '--help[Show help for this command]' '*:argument:_files' ;;\n");
}

static void add_zsh(struct buffer *out) {
    buffer_add_string(out, "#compdef pebble\n"
                           "_pebble() {\n    local -a commands\n    commands=(\n");
    for_each_command(out, add_zsh_name);
    buffer_add_string(out,
                      "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n"
                      "    fi\n    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n"
                      "    case $command in\n");
    for_each_command(out, add_zsh_case);
    buffer_add_string(out,
                      "    esac\n}\n"
                      "if [ \"$funcstack[1]\" = _pebble ]; then _pebble \"$@\"; else compdef _pebble pebble; fi\n");
}

// --- fish ---

static void add_fish_option(struct buffer *out, const struct cli_command *command, const struct cli_option *option) {
    buffer_printf(out, "complete -c pebble -n '__fish_seen_subcommand_from %s'", command->name);
    if (option->name != NULL)
        buffer_printf(out, " -l %s", option->name);
    if (option->short_name != '\0')
        buffer_printf(out, " -s %c", option->short_name);
    if (option->kind == CLI_CHOICE) {
        buffer_add_string(out, " -x -a '");
        add_choices(out, option);
        buffer_add_char(out, '\'');
    } else if (option->kind != CLI_FLAG) {
        buffer_add_string(out, " -r");
    }
    buffer_add_string(out, " -d ");
    add_quoted(out, option->help);
    buffer_add_char(out, '\n');
}

static void add_fish_command(struct buffer *out, const struct cli_command *command) {
    buffer_printf(out, "complete -c pebble -n __fish_use_subcommand -f -a %s -d ", command->name);
    add_quoted(out, command->summary);
    buffer_add_char(out, '\n');
    for (size_t i = 0; i < cli_option_count(command); i++)
        add_fish_option(out, command, &command->options[i]);
}

static void add_fish(struct buffer *out) {
    buffer_add_string(out, "# fish completion of pebble\n");
    for_each_command(out, add_fish_command);
}

// --- the command ---

static int run_completions(struct cli_call *call, struct error *err) {
    static const struct {
        const char *name;
        void (*add)(struct buffer *out);
    } shells[] = {{"bash", add_bash}, {"zsh", add_zsh}, {"fish", add_fish}};
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < ARRAY_COUNT(shells); i++) {
        if (text_equal(cli_argument(call, 0), shells[i].name)) {
            shells[i].add(&out);
            cli_print(&out);
            return 0;
        }
    }
    AUTO_FREE char *quoted = text_quoted(cli_argument(call, 0));
    (void)error_set(err, ERROR_BAD_REQUEST, "unknown shell %s: there are completions for bash, zsh and fish", quoted);
    return 1;
}

const struct cli_command cmd_completions = {
    .name = "completions",
    .summary = "Generate a shell completion script",
    .description = "Writes a completion script for the shell to standard output.",
    .examples = "  pebble completions bash > /etc/bash_completion.d/pebble\n"
                "  pebble completions zsh > /usr/share/zsh/site-functions/_pebble\n"
                "  pebble completions fish > /etc/fish/completions/pebble.fish",
    .positionals =
        (const struct cli_positional[]){{.name = "<shell>", .help = "bash, zsh or fish", .is_required = true}, {0}},
    .run = run_completions,
    .is_hidden = true,
};
