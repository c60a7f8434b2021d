// SPDX-License-Identifier: GPL-3.0-or-later
// Words of a command line, separated by line feeds; the first byte chooses the command. The words are read only: no
// command runs. What is given by "--name=VALUE" is the same as by "--name VALUE". Refused words give an error
// of one line.
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/commands.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

static const struct cli_command *choose(size_t wanted) {
    size_t count = 0;
    for (const struct cli_group *group = cli_groups;; group++) {
        for (size_t i = 0; group->commands[i] != NULL; i++)
            count++;
        if (group->title == NULL)
            break;
    }
    wanted %= count;
    for (const struct cli_group *group = cli_groups;; group++) {
        for (size_t i = 0; group->commands[i] != NULL; i++) {
            if (wanted-- == 0)
                return group->commands[i];
        }
    }
}

static bool is_word(char *const *words, size_t count, const char *text) {
    for (size_t i = 0; i < count; i++) {
        if (text >= words[i] && text <= words[i] + strlen(words[i]))
            return true;
    }
    return false;
}

static void check_option(const struct cli_option *option, const struct cli_value *value, char *const *words,
                         size_t count) {
    bool has_list = option->kind == CLI_LIST || option->kind == CLI_WORDS || option->kind == CLI_REST;
    if (!value->is_given) {
        require(value->text == NULL && value->number == 0 && value->list_count == 0);
        return;
    }
    require(has_list == (value->list_count > 0));
    require(option->kind == CLI_WORDS || option->kind == CLI_FLAG || option->kind == CLI_REST ||
            is_word(words, count, value->text));
    if (option->kind == CLI_USER_ID)
        require(value->number >= 0 && value->number <= UINT32_MAX);
    if (option->kind == CLI_CHOICE) {
        const char *const *choice = option->choices;
        while (*choice != NULL && !text_equal(*choice, value->text))
            choice++;
        require(*choice != NULL);
    }
}

static void check_parsed(const struct cli_arguments *arguments, char *const *words, size_t count) {
    const struct cli_command *command = arguments->command;
    size_t taken = arguments->positionals.count;
    for (size_t i = 0; i < cli_option_count(command); i++) {
        check_option(&command->options[i], &arguments->values[i], words, count);
        require(!command->options[i].is_required || arguments->values[i].is_given);
        for (size_t j = 0; j < arguments->values[i].list_count; j++)
            taken += arguments->values[i].lists[j].count;
    }
    require(taken <= count); // no word is taken twice
    size_t positionals = cli_positional_count(command);
    bool takes_all = positionals > 0 && command->positionals[positionals - 1].is_list;
    require(takes_all || arguments->positionals.count <= positionals ||
            arguments->positionals.count - positionals <= command->ignored_arguments);
}

static bool equal(const struct cli_arguments *a, const struct cli_arguments *b) {
    bool is_equal = text_list_equal(&a->positionals, &b->positionals);
    for (size_t i = 0; i < cli_option_count(a->command); i++) {
        const struct cli_value *one = &a->values[i];
        const struct cli_value *other = &b->values[i];
        is_equal = is_equal && one->is_given == other->is_given && text_equal(one->text, other->text) &&
                   one->number == other->number && one->list_count == other->list_count;
        for (size_t j = 0; is_equal && j < one->list_count; j++)
            is_equal = text_list_equal(&one->lists[j], &other->lists[j]);
    }
    return is_equal;
}

// An option whose value is the next word, and is no option, may have it joined.
static void check_joined(const struct cli_command *command, char *const *words, size_t count,
                         const struct cli_arguments *arguments) {
    if (count < 2 || words[0][0] != '-' || words[0][1] != '-' || words[0][2] == '\0' || words[1][0] == '-')
        return;
    const struct cli_option *option = cli_option_by_name(command, words[0] + 2, strlen(words[0] + 2));
    if (option == NULL || option->kind == CLI_FLAG || option->kind == CLI_WORDS || option->kind == CLI_REST)
        return;
    struct cli_arguments other;
    enum cli_action action;
    AUTO_FREE char *joined = memory_printf("%s=%s", words[0], words[1]);
    char *shorter[WORDS_MAX];
    shorter[0] = joined;
    memcpy(shorter + 1, words + 2, (count - 2) * sizeof *words);
    require(arguments_parse(command, shorter, count - 1, &other, &action, NULL));
    require(equal(arguments, &other));
    arguments_finish(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    const struct cli_command *command = choose(data[0]);
    AUTO_FREE char *text = memory_string_n((const char *)data + 1, size - 1);
    AUTO_ERROR struct error err = {0};
    char *words[WORDS_MAX];
    char *rest = text;
    size_t count = 0;
    while (rest != NULL && count < WORDS_MAX)
        words[count++] = strsep(&rest, "\n");
    struct cli_arguments arguments;
    enum cli_action action = CLI_ACTION_RUN;
    if (arguments_parse(command, words, count, &arguments, &action, &err)) {
        if (action == CLI_ACTION_RUN) {
            check_parsed(&arguments, words, count);
            check_joined(command, words, count, &arguments);
        }
    } else {
        require(error_text(&err)[0] != '\0' && strchr(error_text(&err), '\n') == NULL);
    }
    arguments_finish(&arguments);
    (void)cli_command_find(words[0]);
    return 0;
}
