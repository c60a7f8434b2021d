// SPDX-License-Identifier: GPL-3.0-or-later
// What a hook tool prints: the first byte chooses the tool. State that is written must be the same when it is read as
// JSON. The target is linked with --wrap for charm_tool_run(): no process is started.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "charm/tool_internal.h"
#include "charm/values_internal.h"
#include "client/errors.h"
#include "data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
bool __wrap_charm_tool_run(struct pebble_charm *charm, const struct charm_tool *tool, char **output,
                           struct pebble_error *error);

static const char *printed;
static size_t printed_length;
static char *written; // to the tool's input; NULL for none

static void check(bool is_true) {
    if (!is_true)
        abort();
}

bool __wrap_charm_tool_run(struct pebble_charm *charm UNUSED, const struct charm_tool *tool, char **output,
                           struct pebble_error *error UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    check(tool->word_count > 0);
    if (tool->input != NULL)
        written = memory_string_n(tool->input, tool->input_length);
    if (output == NULL)
        return true;
    text_add_without_nul(&text, printed, printed_length);
    *output = buffer_take(&text);
    return true;
}

static void check_value(const struct pebble_charm_values *values, const char *key) {
    enum pebble_charm_value_type type = pebble_charm_values_type(values, key);
    int64_t integer;
    double number;
    bool boolean;
    check((pebble_charm_values_string(values, key) != NULL) == (type == PEBBLE_CHARM_VALUE_STRING));
    check(pebble_charm_values_integer(values, key, &integer) == (type == PEBBLE_CHARM_VALUE_INTEGER));
    check(pebble_charm_values_boolean(values, key, &boolean) == (type == PEBBLE_CHARM_VALUE_BOOLEAN));
    check(pebble_charm_values_number(values, key, &number) ==
          (type == PEBBLE_CHARM_VALUE_NUMBER || type == PEBBLE_CHARM_VALUE_INTEGER));
}

// Takes the values.
static bool check_values(bool is_read, struct pebble_charm_values *values) {
    check(is_read == (values != NULL));
    if (!is_read)
        return false;
    AUTO_JSON json_t *json = NULL;
    const char *text = pebble_charm_values_json(values);
    size_t count = pebble_charm_values_count(values);
    check(pebble_charm_values_key_at(values, count) == NULL);
    for (size_t i = 0; i < count; i++)
        check_value(values, pebble_charm_values_key_at(values, i));
    check_value(values, "no such key");
    check(json_read_whole(text, strlen(text), &json, NULL) && json_object_size(json) == count);
    pebble_charm_values_destroy(values);
    return true;
}

// --- the tools ---

static bool get_config(struct pebble_charm *charm, struct pebble_error *error) {
    struct pebble_charm_values *values = NULL;
    return check_values(pebble_charm_get_config(charm, &values, error), values);
}

static bool get_option(struct pebble_charm *charm, struct pebble_error *error) {
    struct pebble_charm_values *values = NULL;
    return check_values(pebble_charm_get_config_option(charm, "port", &values, error), values);
}

static bool get_state(struct pebble_charm *charm, struct pebble_error *error) {
    struct pebble_charm_values *values = NULL;
    return check_values(pebble_charm_get_state(charm, &values, error), values);
}

static bool get_parameters(struct pebble_charm *charm, struct pebble_error *error) {
    struct pebble_charm_values *values = NULL;
    return check_values(pebble_charm_get_action_parameters(charm, &values, error), values);
}

static bool get_status(struct pebble_charm *charm, struct pebble_error *error) {
    enum pebble_charm_status status = PEBBLE_CHARM_STATUS_UNKNOWN;
    char *message = NULL;
    bool is_read = pebble_charm_get_status(charm, &status, &message, error);
    check(is_read == (message != NULL) && (size_t)status <= PEBBLE_CHARM_STATUS_BLOCKED);
    pebble_free(message);
    return is_read;
}

static bool is_leader(struct pebble_charm *charm, struct pebble_error *error) {
    bool is_it;
    return pebble_charm_is_leader(charm, &is_it, error);
}

// The key is text up to a line break, the value is the rest.
static bool set_state(struct pebble_charm *charm, struct pebble_error *error) {
    AUTO_FREE char *text = memory_string_n(printed, printed_length);
    AUTO_JSON json_t *json = NULL;
    char *end = strchr(text, '\n');
    const char *value = end != NULL ? end + 1 : "";
    if (end != NULL)
        *end = '\0';
    if (!pebble_charm_set_state(charm, text, value, error))
        return false;
    check(json_read_whole(written, strlen(written), &json, NULL) && json_object_size(json) == 1);
    const char *read_value = json_string_value(json_object_get(json, text));
    check(read_value != NULL && text_equal(read_value, value));
    return true;
}

static bool (*const tools[])(struct pebble_charm *, struct pebble_error *) = {
    get_config, get_option, get_state, get_parameters, get_status, is_leader, set_state,
};

static struct pebble_charm *the_charm(void) {
    static const char *const environment[] = {"JUJU_DISPATCH_PATH=hooks/start", "JUJU_UNIT_NAME=a/0", NULL};
    static struct pebble_charm *charm;
    if (charm == NULL)
        check(pebble_charm_create(environment, &charm, NULL));
    return charm;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    if (size < 1)
        return 0;
    printed = (const char *)data + 1;
    printed_length = size - 1;
    bool is_good = tools[data[0] % ARRAY_COUNT(tools)](the_charm(), &error);
    check(is_good == (error.kind == PEBBLE_ERROR_NONE) && is_good == (error.message == NULL));
    free(TAKE(written));
    return 0;
}
