// SPDX-License-Identifier: LGPL-3.0-or-later
// Actions. Declared in pebble-charm.h.
#include "pebble-charm.h"

#include <string.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "base/text.h"
#include "charm/tool_internal.h"
#include "charm/values_internal.h"
#include "client/errors.h"

bool pebble_charm_get_action_parameters(struct pebble_charm *charm, struct pebble_charm_values **values,
                                        struct pebble_error *error) {
    static const char *const words[] = {"action-get", "--format=json"};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_values_get(charm, &tool, NULL, values, error);
}

static bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Juju sets them itself.
static bool is_reserved(const char *name, size_t length) {
    static const char *const names[] = {"stdout", "stderr", "stdout-encoding", "stderr-encoding"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
            return true;
    }
    return false;
}

// Whether none of the names between periods is reserved.
static bool is_free(const char *key) {
    for (const char *name = key;;) {
        size_t length = strcspn(name, ".");
        if (is_reserved(name, length))
            return false;
        if (name[length] == '\0')
            return true;
        name += length + 1;
    }
}

// Juju's rule for keys: names of letters, digits and hyphens, which begin and end with no hyphen, and periods between
// them. An equals sign would end the key.
static bool is_key(const char *key) {
    bool is_inside = false; // of a name, behind a letter or digit
    for (const char *at = key; *at != '\0'; at++) {
        if (*at == '.' ? !is_inside : !is_letter_or_digit(*at) && (*at != '-' || at == key || at[-1] == '.'))
            return false;
        is_inside = is_letter_or_digit(*at);
    }
    return is_inside;
}

bool pebble_charm_set_action_result(struct pebble_charm *charm, const char *key, const char *value,
                                    struct pebble_error *error) {
    if (key == NULL || !is_key(key) || !is_free(key)) {
        AUTO_FREE char *quoted = client_quoted(key != NULL ? key : "");
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use key %s of a result", quoted);
    }
    AUTO_FREE char *word = memory_printf("%s=%s", key, value);
    const char *const words[] = {"action-set", "--", word};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_tool_run(charm, &tool, NULL, error);
}

bool pebble_charm_fail_action(struct pebble_charm *charm, const char *message, struct pebble_error *error) {
    const char *const words[] = {"action-fail", "--", message};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_tool_run(charm, &tool, NULL, error);
}

bool pebble_charm_log_action(struct pebble_charm *charm, const char *message, struct pebble_error *error) {
    const char *const words[] = {"action-log", "--", message};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_tool_run(charm, &tool, NULL, error);
}
