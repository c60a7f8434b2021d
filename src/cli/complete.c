// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/complete.h"

#include <string.h>

#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/candidates.h"
#include "cli/commands.h"

// What the words before the last one mean.
struct line {
    const struct cli_command *command;
    const struct cli_option *expects; // the option whose value the next word is, or NULL
    bool has_options;                 // words with a dash are options
    size_t first_argument;            // its index; 0: there is none
    struct text_list arguments;
    struct text_list options; // as they are written, without values
};

// --- reading ---

static void note_option(struct line *line, const struct cli_option *option) {
    if (option->name != NULL)
        text_list_add_owned(&line->options, memory_printf("--%s", option->name));
    if (option->short_name != '\0')
        text_list_add_owned(&line->options, memory_printf("-%c", option->short_name));
}

static void read_long(struct line *line, const char *word) {
    size_t length = strcspn(word + 2, "=");
    const struct cli_option *option = cli_option_by_name(line->command, word + 2, length);
    if (option == NULL)
        return;
    note_option(line, option);
    if (option->kind != CLI_FLAG && word[2 + length] == '\0')
        line->expects = option;
}

static void read_short(struct line *line, const char *word) {
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct cli_option *option = cli_option_by_letter(line->command, *letter);
        if (option == NULL)
            return;
        note_option(line, option);
        if (option->kind == CLI_FLAG)
            continue;
        if (letter[1] == '\0')
            line->expects = option;
        return;
    }
}

static void read_word(struct line *line, const char *word, size_t index) {
    const struct cli_option *option = line->expects;
    if (option != NULL && option->kind == CLI_REST)
        return;
    if (option != NULL) {
        if (option->kind != CLI_WORDS || text_equal(word, ";"))
            line->expects = NULL;
    } else if (line->has_options && text_equal(word, "--")) {
        line->has_options = false;
    } else if (line->has_options && word[0] == '-' && word[1] != '\0') {
        if (word[1] == '-')
            read_long(line, word);
        else
            read_short(line, word);
    } else {
        text_list_add(&line->arguments, word);
        line->has_options = line->has_options && !line->command->stops_at_argument;
        line->first_argument = line->first_argument == 0 ? index : line->first_argument;
    }
}

// --- offering ---

static void add_option(struct candidates *candidates, const struct line *line, const struct cli_option *option) {
    bool is_repeated = option->kind == CLI_LIST || option->kind == CLI_WORDS;
    candidates->given = is_repeated ? NULL : &line->options;
    if (option->name != NULL) {
        AUTO_FREE char *word = memory_printf("--%s", option->name);
        candidates_add(candidates, word, option->help);
    }
    if (option->short_name != '\0') {
        AUTO_FREE char *word = memory_printf("-%c", option->short_name);
        candidates_add(candidates, word, option->help);
    }
    candidates->given = NULL;
}

static void add_options(struct candidates *candidates, const struct line *line) {
    for (size_t i = 0; i < cli_option_count(line->command); i++)
        add_option(candidates, line, &line->command->options[i]);
    candidates_add(candidates, "--help", "Show help for the command");
}

static void add_option_values(struct candidates *candidates, const struct cli_option *option,
                              struct cli_session *session) {
    const struct text_list no_arguments = {0};
    if (option->kind == CLI_WORDS || option->kind == CLI_REST)
        candidates->has_local_files = true;
    if (option->kind == CLI_CHOICE) {
        for (const char *const *choice = option->choices; *choice != NULL; choice++)
            candidates_add(candidates, *choice, "");
    }
    candidates_add_values(candidates, option->values, session, &no_arguments);
}

// The value that follows "--name=" in the word.
static void add_joined_values(struct candidates *candidates, const struct line *line, struct cli_session *session) {
    const char *word = candidates->current, *equals = strchr(word, '=');
    const struct cli_option *option = cli_option_by_name(line->command, word + 2, (size_t)(equals - word) - 2);
    if (option == NULL || option->kind == CLI_FLAG)
        return;
    AUTO_FREE char *prefix = memory_string_n(word, (size_t)(equals + 1 - word));
    candidates->current = equals + 1;
    candidates->prefix = prefix;
    add_option_values(candidates, option, session);
    candidates->prefix = "";
}

static void add_arguments(struct candidates *candidates, const struct line *line, struct cli_session *session) {
    size_t count = cli_positional_count(line->command), index = line->arguments.count;
    if (count > 0 && index >= count && line->command->positionals[count - 1].is_list)
        index = count - 1;
    if (index >= count)
        return;
    const struct cli_positional *positional = &line->command->positionals[index];
    candidates->given = positional->is_list ? &line->arguments : NULL;
    candidates_add_values(candidates, positional->values, session, &line->arguments);
    candidates->given = NULL;
}

static void add_for_line(struct candidates *candidates, const struct line *line, struct cli_session *session) {
    const char *word = candidates->current;
    if (line->expects != NULL)
        add_option_values(candidates, line->expects, session);
    else if (line->has_options && text_has_prefix(word, "--") && strchr(word, '=') != NULL)
        add_joined_values(candidates, line, session);
    else if (line->has_options && word[0] == '-')
        add_options(candidates, line);
    else
        add_arguments(candidates, line, session);
}

// `enter` takes a command line of its own.
static void add_for_subcommand(struct candidates *candidates, struct cli_session *session, char *const *words,
                               size_t count);

static void add_for_words(struct candidates *candidates, struct cli_session *session, char *const *words,
                          size_t count) {
    struct line line = {.command = cli_command_find(words[0]), .has_options = true};
    if (line.command == NULL)
        return;
    for (size_t i = 1; i + 1 < count; i++)
        read_word(&line, words[i], i);
    if (line.command != &cmd_enter || line.expects != NULL)
        add_for_line(candidates, &line, session);
    else if (line.first_argument > 0)
        add_for_subcommand(candidates, session, words + line.first_argument, count - line.first_argument);
    else if (candidates->current[0] == '-')
        add_for_line(candidates, &line, session);
    else
        add_for_subcommand(candidates, session, words + count - 1, 1);
    text_list_clear(&line.arguments);
    text_list_clear(&line.options);
}

static void add_subcommands(struct candidates *candidates) {
    for (const struct cli_group *group = cli_groups; group->title != NULL; group++) {
        for (const struct cli_command *const *command = group->commands; *command != NULL; command++) {
            if (((*command)->enter_rules & ENTER_ALLOWED) != 0)
                candidates_add(candidates, (*command)->name, (*command)->summary);
        }
    }
}

static void add_for_subcommand(struct candidates *candidates, struct cli_session *session, char *const *words,
                               size_t count) {
    const struct cli_command *command = cli_command_find(words[0]);
    if (count == 1)
        add_subcommands(candidates);
    else if (command != NULL && command != &cmd_enter)
        add_for_words(candidates, session, words, count);
}

static void add_first_words(struct candidates *candidates, struct cli_session *session) {
    const struct text_list no_arguments = {0};
    if (candidates->current[0] != '-') {
        candidates_add_values(candidates, VALUES_COMMANDS, session, &no_arguments);
        return;
    }
    candidates_add(candidates, "--help", "List all commands");
    candidates_add(candidates, "--version", "Show the version");
}

void complete(struct cli_session *session, char *const *words, size_t count, struct buffer *out) {
    struct candidates candidates = {.current = words[count - 1], .prefix = "", .lines = BUFFER_INIT(BUFFER_NO_LIMIT)};
    if (count == 1)
        add_first_words(&candidates, session);
    else
        add_for_words(&candidates, session, words, count);
    buffer_add_string(out, candidates.has_local_files ? ":files\n" : ":words\n");
    buffer_add_string(out, buffer_text(&candidates.lines));
    buffer_finish(&candidates.lines);
}
