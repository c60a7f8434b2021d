// SPDX-License-Identifier: LGPL-3.0-or-later
// The state that Juju keeps for the unit. Declared in pebble-charm.h.
#include "pebble-charm.h"

#include <string.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "base/text.h"
#include "charm/tool_internal.h"
#include "charm/values_internal.h"
#include "client/errors.h"
#include "data/json.h"

#define VALUE_MAX_BYTES ((size_t)1048576)

bool pebble_charm_get_state(struct pebble_charm *charm, struct pebble_charm_values **values,
                            struct pebble_error *error) {
    static const char *const words[] = {"state-get", "--format=json"};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_values_get(charm, &tool, NULL, values, error);
}

// Of a key that is not there the tool prints the same as of an empty value, unless it is asked to be strict: then it
// fails with exit code 1.
static bool find_key(struct pebble_charm *charm, const char *key, bool *is_there, struct pebble_error *error) {
    const char *const words[] = {"state-get", "--strict", "--format=json", "--", key};
    const struct charm_tool tool = CHARM_TOOL(words);
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    *is_there = charm_tool_run(charm, &tool, NULL, &failure);
    return *is_there || (failure.kind == PEBBLE_ERROR_TOOL && failure.status == 1) || client_fail_move(error, &failure);
}

bool pebble_charm_get_state_value(struct pebble_charm *charm, const char *key, char **value,
                                  struct pebble_error *error) {
    const char *const words[] = {"state-get", "--format=json", "--", key};
    const struct charm_tool tool = CHARM_TOOL(words);
    AUTO_FREE char *output = NULL;
    AUTO_JSON json_t *read_value = NULL;
    if (!charm_check_key("key of the state", key, error) || !charm_tool_run(charm, &tool, &output, error) ||
        !charm_json_read(words[0], output, &read_value, error))
        return false;
    AUTO_FREE char *text = charm_json_text(read_value);
    if (text == NULL && !json_is_null(read_value))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read output of state-get: not a string");
    bool is_there = text != NULL;
    if (is_there && text[0] == '\0' && !find_key(charm, key, &is_there, error))
        return false;
    *value = is_there ? TAKE(text) : NULL;
    return true;
}

// Whether a reader of YAML takes it as it is in double quotes (YAML 1.1 section 5.1, and no line breaks).
static bool is_plain(uint32_t code_point) {
    if (code_point == '"' || code_point == '\\')
        return false;
    return (code_point >= 0x20 && code_point < 0x7F) ||
           (code_point >= 0xA0 && code_point != 0x2028 && code_point != 0x2029 && code_point != 0xFEFF &&
            code_point != 0xFFFE && code_point != 0xFFFF);
}

// Text that is the same in JSON and in YAML.
static void add_quoted(struct buffer *out, const char *text, size_t length) {
    bool is_valid = true;
    buffer_add_char(out, '"');
    for (size_t i = 0; i < length;) {
        uint32_t code_point = 0;
        size_t size = utf8_decode(text + i, length - i, &code_point, &is_valid);
        if (is_plain(code_point))
            buffer_add(out, text + i, size);
        else
            buffer_printf(out, "\\u%04x", code_point);
        i += size;
    }
    buffer_add_char(out, '"');
}

bool pebble_charm_set_state(struct pebble_charm *charm, const char *key, const char *value,
                            struct pebble_error *error) {
    static const char *const words[] = {"state-set", "--file", "-"};
    if (!charm_check_key("key of the state", key, error))
        return false;
    size_t key_length = strlen(key), value_length = strlen(value);
    if (!utf8_is_valid(value, value_length))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot set state: the value is not UTF-8");
    if (key_length > CHARM_WORD_MAX_BYTES || value_length > VALUE_MAX_BYTES)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot set state: more than %zu bytes", VALUE_MAX_BYTES);
    AUTO_BUFFER struct buffer input = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&input, "{");
    add_quoted(&input, key, key_length);
    buffer_add_string(&input, ": ");
    add_quoted(&input, value, value_length);
    buffer_add_string(&input, "}\n");
    struct charm_tool tool = CHARM_TOOL(words);
    tool.input = buffer_text(&input);
    tool.input_length = input.length;
    return charm_tool_run(charm, &tool, NULL, error);
}

bool pebble_charm_delete_state(struct pebble_charm *charm, const char *key, struct pebble_error *error) {
    const char *const words[] = {"state-delete", "--", key};
    const struct charm_tool tool = CHARM_TOOL(words);
    if (!charm_check_key("key of the state", key, error))
        return false;
    return charm_tool_run(charm, &tool, NULL, error);
}
