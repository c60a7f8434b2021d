// SPDX-License-Identifier: GPL-3.0-or-later
// Commands of services: words, followed by default arguments in brackets. Declared in plan/plan.h.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/shell.h"

bool plan_split_command(const char *command, struct text_list *words, struct error *err) {
    if (!shell_split(command, words, err))
        return false;
    // An empty command is a matter of the combined plan.
    if (words->count == 0 && command[0] != '\0')
        return error_set(err, ERROR_BAD_REQUEST, "command has only white space and comments");
    return true;
}

static bool split_groups(const struct text_list *words, struct text_list *base, struct text_list *extra,
                         struct error *err) {
    enum { BEFORE, INSIDE, BEHIND } place = BEFORE;
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];
        bool opens = strcmp(word, "[") == 0;
        bool closes = strcmp(word, "]") == 0;
        if (place == BEHIND)
            return error_set(err, ERROR_BAD_REQUEST, "cannot have any arguments after [ ... ] group");
        if (place == INSIDE && opens)
            return error_set(err, ERROR_BAD_REQUEST, "cannot nest [ ... ] groups");
        if (opens && i == 0)
            return error_set(err, ERROR_BAD_REQUEST, "cannot start command with [ ... ] group");
        if (place == BEFORE && closes)
            return error_set(err, ERROR_BAD_REQUEST, "cannot have ] outside of [ ... ] group");
        if (opens || closes)
            place = opens ? INSIDE : BEHIND;
        else
            text_list_add(place == BEFORE ? base : extra, word);
    }
    return true;
}

bool plan_service_command(const struct plan_service *service, struct text_list *base, struct text_list *extra,
                          struct error *err) {
    AUTO_TEXT_LIST struct text_list words = {0}, first = {0}, second = {0};
    const char *command = service->command == NULL ? "" : service->command;
    if (!plan_split_command(command, &words, err) || !split_groups(&words, &first, &second, err)) {
        AUTO_FREE char *name = text_quoted(service->name);
        return error_prefix(err, "cannot parse service %s command: ", name);
    }
    text_list_clear(base);
    text_list_clear(extra);
    *base = first;
    *extra = second;
    first = second = (struct text_list){0};
    return true;
}

char *plan_command_with_arguments(const struct text_list *base, const struct text_list *arguments) {
    AUTO_FREE char *command = shell_join(base);
    if (arguments->count == 0)
        return TAKE(command);
    AUTO_FREE char *defaults = shell_join(arguments);
    return memory_printf("%s [ %s ]", command, defaults);
}
