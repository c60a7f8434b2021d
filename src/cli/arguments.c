// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/arguments.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/nearest.h"

struct scan {
    char *const *words;
    size_t count;
    size_t next;
    struct cli_arguments *arguments;
    enum cli_action action;
};

size_t cli_option_count(const struct cli_command *command) {
    size_t count = 0;
    while (command->options != NULL &&
           (command->options[count].name != NULL || command->options[count].short_name != '\0'))
        count++;
    return count;
}

size_t cli_positional_count(const struct cli_command *command) {
    size_t count = 0;
    while (command->positionals != NULL && command->positionals[count].name != NULL)
        count++;
    return count;
}

// --- looking up options ---

const struct cli_option *cli_option_by_name(const struct cli_command *command, const char *name, size_t length) {
    for (size_t i = 0; i < cli_option_count(command); i++) {
        const struct cli_option *option = &command->options[i];
        if (option->name != NULL && strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

const struct cli_option *cli_option_by_letter(const struct cli_command *command, char letter) {
    for (size_t i = 0; i < cli_option_count(command); i++) {
        if (command->options[i].short_name == letter)
            return &command->options[i];
    }
    return NULL;
}

static bool advise_option(const struct cli_command *command, const char *word, struct error *err) {
    const char *begin = word + strspn(word, "-");
    AUTO_FREE char *name = memory_string_n(begin, strcspn(begin, "="));
    struct nearest nearest;
    nearest_init(&nearest, name);
    for (size_t i = 0; i < cli_option_count(command); i++) {
        if (command->options[i].name != NULL)
            nearest_try(&nearest, command->options[i].name);
    }
    nearest_try(&nearest, "help");
    return nearest_advise(&nearest, "--", err);
}

static bool fail_unknown(const struct cli_command *command, const char *option, struct error *err) {
    AUTO_FREE char *quoted = text_quoted(option);
    (void)error_set(err, ERROR_BAD_REQUEST, "unknown option %s, see 'pebble help %s'", quoted, command->name);
    return advise_option(command, option, err);
}

// The option as written on the command line: "--name" or "-n". The caller frees it.
static char *option_label(const struct cli_option *option) {
    return option->name != NULL ? memory_printf("--%s", option->name) : memory_printf("-%c", option->short_name);
}

// --- values ---

static bool check_choice(const struct cli_option *option, const char *text, struct error *err) {
    AUTO_BUFFER struct buffer list = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (const char *const *choice = option->choices; *choice != NULL; choice++) {
        if (text_equal(*choice, text))
            return true;
        if (list.length > 0)
            buffer_add_string(&list, choice[1] == NULL ? " or " : ", ");
        buffer_add_string(&list, *choice);
    }
    AUTO_FREE char *label = option_label(option);
    AUTO_FREE char *quoted = text_quoted(text);
    return error_set(err, ERROR_BAD_REQUEST, "option %s takes %s, not %s", label, buffer_text(&list), quoted);
}

static bool is_whole_number(const char *text) {
    const char *digits = text + (*text == '-' ? 1 : 0);
    return *digits != '\0' && digits[strspn(digits, "0123456789")] == '\0';
}

static bool check_number(const struct cli_option *option, const char *text, int64_t *number, struct error *err) {
    bool is_user = option->kind == CLI_USER_ID;
    int64_t least = is_user ? 0 : INT64_MIN, most = is_user ? UINT32_MAX : INT64_MAX;
    if (text_to_int64(text, least, most, number))
        return true;
    AUTO_FREE char *label = option_label(option);
    AUTO_FREE char *quoted = text_quoted(text);
    AUTO_FREE char *range = memory_printf(" from %lld to %lld", (long long)least, (long long)most);
    return error_set(err, ERROR_BAD_REQUEST, "option %s takes a whole number%s, not %s", label,
                     is_whole_number(text) ? range : "", quoted);
}

static bool check_duration(const struct cli_option *option, const char *text, int64_t *ns, struct error *err) {
    if (duration_parse(text, ns, NULL))
        return true;
    AUTO_FREE char *label = option_label(option);
    AUTO_FREE char *quoted = text_quoted(text);
    return error_set(err, ERROR_BAD_REQUEST, "option %s takes a duration such as 30s or 1h15m, not %s", label, quoted);
}

static struct text_list *add_list(struct cli_value *value) {
    value->lists = memory_resize(value->lists, (value->list_count + 1) * sizeof *value->lists);
    struct text_list *list = &value->lists[value->list_count++];
    *list = (struct text_list){0};
    return list;
}

static bool take_value(struct scan *scan, const struct cli_option *option, const char *text, struct error *err) {
    struct cli_value *value = &scan->arguments->values[option - scan->arguments->command->options];
    int64_t number = 0;
    switch (option->kind) {
    case CLI_CHOICE:
        if (!check_choice(option, text, err))
            return false;
        break;
    case CLI_INTEGER:
    case CLI_USER_ID:
        if (!check_number(option, text, &number, err))
            return false;
        break;
    case CLI_DURATION:
        if (!check_duration(option, text, &number, err))
            return false;
        break;
    case CLI_LIST:
        text_list_add(value->list_count > 0 ? &value->lists[0] : add_list(value), text);
        break;
    case CLI_FLAG:
    case CLI_TEXT:
    case CLI_WORDS:
    case CLI_REST:
        break;
    }
    value->is_given = true;
    value->text = text;
    value->number = number;
    return true;
}

static void take_words(struct scan *scan, const struct cli_option *option, const char *first) {
    struct cli_value *value = &scan->arguments->values[option - scan->arguments->command->options];
    struct text_list *list = add_list(value);
    value->is_given = true;
    if (first != NULL)
        text_list_add(list, first);
    while (scan->next < scan->count && !text_equal(scan->words[scan->next], ";"))
        text_list_add(list, scan->words[scan->next++]);
    if (scan->next < scan->count)
        scan->next++;
}

static void take_rest(struct scan *scan, const struct cli_option *option) {
    struct cli_value *value = &scan->arguments->values[option - scan->arguments->command->options];
    struct text_list *list = add_list(value);
    value->is_given = true;
    if (scan->next < scan->count && text_equal(scan->words[scan->next], "--"))
        scan->next++;
    while (scan->next < scan->count)
        text_list_add(list, scan->words[scan->next++]);
}

// "-x" and "--xyz", but neither "-" nor "--" nor "---".
static bool is_option(const char *word) {
    return word[0] == '-' && word[1] != '\0' && (word[1] != '-' || (word[2] != '\0' && word[2] != '-'));
}

static bool is_negative_number(const struct cli_option *option, const char *word) {
    return (option->kind == CLI_INTEGER || option->kind == CLI_DURATION) && word[1] >= '0' && word[1] <= '9';
}

// `joined` is the text that follows the option in the same word, or NULL.
static bool take_option(struct scan *scan, const struct cli_option *option, const char *joined, struct error *err) {
    AUTO_FREE char *label = option_label(option);
    if ((option->kind == CLI_FLAG || option->kind == CLI_REST) && joined != NULL)
        return error_set(err, ERROR_BAD_REQUEST, "option %s takes no value", label);
    if (option->kind == CLI_FLAG)
        return take_value(scan, option, NULL, err);
    if (option->kind == CLI_REST) {
        take_rest(scan, option);
        return true;
    }
    if (option->kind == CLI_WORDS) {
        take_words(scan, option, joined);
        return true;
    }
    if (joined != NULL)
        return take_value(scan, option, joined, err);
    if (scan->next == scan->count)
        return error_set(err, ERROR_BAD_REQUEST, "option %s needs a value", label);
    const char *word = scan->words[scan->next];
    if (text_equal(word, "--") || (is_option(word) && !is_negative_number(option, word))) {
        AUTO_FREE char *quoted = text_quoted(word);
        return error_set(err, ERROR_BAD_REQUEST, "option %s needs a value, but %s follows", label, quoted);
    }
    scan->next++;
    return take_value(scan, option, word, err);
}

// --- words ---

static bool scan_long(struct scan *scan, const char *word, struct error *err) {
    const char *name = word + 2;
    size_t length = strcspn(name, "=");
    const char *joined = name[length] == '=' ? name + length + 1 : NULL;
    const struct cli_option *option = cli_option_by_name(scan->arguments->command, name, length);
    if (option != NULL)
        return take_option(scan, option, joined, err);
    if (text_equal(word, "--help"))
        scan->action = CLI_ACTION_HELP;
    else if (text_equal(word, "--version"))
        scan->action = CLI_ACTION_VERSION;
    else
        return fail_unknown(scan->arguments->command, word, err);
    return true;
}

static bool scan_short(struct scan *scan, const char *word, struct error *err) {
    for (const char *name = word + 1; *name != '\0'; name++) {
        const struct cli_option *option = cli_option_by_letter(scan->arguments->command, *name);
        if (option == NULL && *name == 'h') {
            scan->action = CLI_ACTION_HELP;
            return true;
        }
        if (option == NULL)
            return fail_unknown(scan->arguments->command, word, err);
        if (option->kind != CLI_FLAG || name[1] == '=') {
            const char *joined = name[1] == '=' ? name + 2 : name + 1;
            return take_option(scan, option, name[1] == '\0' ? NULL : joined, err);
        }
        if (!take_option(scan, option, NULL, err))
            return false;
    }
    return true;
}

static bool scan_words(struct scan *scan, struct error *err) {
    struct text_list *positionals = &scan->arguments->positionals;
    bool has_options = true;
    while (scan->next < scan->count && scan->action == CLI_ACTION_RUN) {
        const char *word = scan->words[scan->next++];
        if (!has_options || !word[0] || (!is_option(word) && !text_equal(word, "--"))) {
            text_list_add(positionals, word);
            has_options = has_options && !scan->arguments->command->stops_at_argument;
        } else if (text_equal(word, "--")) {
            has_options = false;
        } else if (!(word[1] == '-' ? scan_long(scan, word, err) : scan_short(scan, word, err))) {
            return false;
        }
    }
    return true;
}

// --- required arguments ---

static bool check_required(const struct cli_arguments *arguments, struct error *err) {
    const struct cli_command *command = arguments->command;
    for (size_t i = 0; i < cli_option_count(command); i++) {
        if (command->options[i].is_required && !arguments->values[i].is_given)
            return error_set(err, ERROR_BAD_REQUEST, "option --%s is required, see 'pebble help %s'",
                             command->options[i].name, command->name);
    }
    for (size_t i = arguments->positionals.count; i < cli_positional_count(command); i++) {
        if (command->positionals[i].is_required)
            return error_set(err, ERROR_BAD_REQUEST, "argument %s is missing, see 'pebble help %s'",
                             command->positionals[i].name, command->name);
    }
    return true;
}

static bool check_count(const struct cli_arguments *arguments, struct error *err) {
    const struct cli_command *command = arguments->command;
    size_t count = cli_positional_count(command);
    if (count > 0 && command->positionals[count - 1].is_list)
        return true;
    if (arguments->positionals.count > count && arguments->positionals.count - count > command->ignored_arguments)
        return error_set(err, ERROR_BAD_REQUEST, "too many arguments for command");
    return true;
}

bool arguments_parse(const struct cli_command *command, char *const *words, size_t count,
                     struct cli_arguments *arguments, enum cli_action *action, struct error *err) {
    *arguments = (struct cli_arguments){
        .command = command, .values = memory_new_array(cli_option_count(command) + 1, sizeof *arguments->values)};
    struct scan scan = {.words = words, .count = count, .arguments = arguments, .action = CLI_ACTION_RUN};
    if (!scan_words(&scan, err))
        return false;
    if (scan.action == CLI_ACTION_RUN && (!check_required(arguments, err) || !check_count(arguments, err)))
        return false;
    *action = scan.action;
    return true;
}

void arguments_finish(struct cli_arguments *arguments) {
    for (size_t i = 0; arguments->values != NULL && i < cli_option_count(arguments->command); i++) {
        for (size_t j = 0; j < arguments->values[i].list_count; j++)
            text_list_clear(&arguments->values[i].lists[j]);
        free(arguments->values[i].lists);
    }
    free(arguments->values);
    text_list_clear(&arguments->positionals);
    *arguments = (struct cli_arguments){0};
}

// --- access ---

const struct cli_value *cli_value(const struct cli_call *call, const char *name) {
    const struct cli_command *command = call->command;
    const struct cli_option *option = cli_option_by_name(command, name, strlen(name));
    if (option == NULL && name[0] != '\0' && name[1] == '\0')
        option = cli_option_by_letter(command, name[0]);
    if (option == NULL)
        abort();
    return &call->arguments.values[option - command->options];
}

bool cli_is_given(const struct cli_call *call, const char *name) {
    return cli_value(call, name)->is_given;
}

const int64_t *cli_number_or_null(const struct cli_call *call, const char *name) {
    const struct cli_value *value = cli_value(call, name);
    return value->is_given ? &value->number : NULL;
}

const char *cli_text(const struct cli_call *call, const char *name) {
    return cli_value(call, name)->text;
}

const char *cli_argument(const struct cli_call *call, size_t index) {
    return index < call->arguments.positionals.count ? call->arguments.positionals.items[index] : NULL;
}

const struct text_list *cli_argument_list(const struct cli_call *call) {
    return &call->arguments.positionals;
}
