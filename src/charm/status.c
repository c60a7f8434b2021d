// SPDX-License-Identifier: LGPL-3.0-or-later
// The status of the unit, and the log. Declared in pebble-charm.h.
#include "pebble-charm.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "base/text.h"
#include "charm/tool_internal.h"
#include "charm/values_internal.h"
#include "client/errors.h"
#include "data/json.h"

static const char *const status_names[] = {
    [PEBBLE_CHARM_STATUS_UNKNOWN] = "unknown",         [PEBBLE_CHARM_STATUS_ACTIVE] = "active",
    [PEBBLE_CHARM_STATUS_MAINTENANCE] = "maintenance", [PEBBLE_CHARM_STATUS_WAITING] = "waiting",
    [PEBBLE_CHARM_STATUS_BLOCKED] = "blocked",
};

static const char *const level_names[] = {
    [PEBBLE_CHARM_LOG_TRACE] = "TRACE",     [PEBBLE_CHARM_LOG_DEBUG] = "DEBUG", [PEBBLE_CHARM_LOG_INFO] = "INFO",
    [PEBBLE_CHARM_LOG_WARNING] = "WARNING", [PEBBLE_CHARM_LOG_ERROR] = "ERROR",
};

bool pebble_charm_log(struct pebble_charm *charm, enum pebble_charm_log_level level, const char *message,
                      struct pebble_error *error) {
    if ((size_t)level >= ARRAY_COUNT(level_names))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use log level %d", (int)level);
    const char *const words[] = {"juju-log", "-l", level_names[level], "--", message};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_tool_run(charm, &tool, NULL, error);
}

// --- status ---

static bool check_status(enum pebble_charm_status status, struct pebble_error *error) {
    if (status != PEBBLE_CHARM_STATUS_UNKNOWN && (size_t)status < ARRAY_COUNT(status_names))
        return true;
    return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot set status %d", (int)status);
}

bool pebble_charm_set_status(struct pebble_charm *charm, enum pebble_charm_status status, const char *message,
                             struct pebble_error *error) {
    if (!check_status(status, error))
        return false;
    const char *const words[] = {"status-set", "--", status_names[status], message};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_tool_run(charm, &tool, NULL, error);
}

bool pebble_charm_set_app_status(struct pebble_charm *charm, enum pebble_charm_status status, const char *message,
                                 struct pebble_error *error) {
    if (!check_status(status, error))
        return false;
    const char *const words[] = {"status-set", "--application", "--", status_names[status], message};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_tool_run(charm, &tool, NULL, error);
}

static enum pebble_charm_status status_of(const char *name) {
    for (size_t i = 0; i < ARRAY_COUNT(status_names); i++) {
        if (text_equal(name, status_names[i]))
            return (enum pebble_charm_status)i;
    }
    return PEBBLE_CHARM_STATUS_UNKNOWN;
}

bool pebble_charm_get_status(struct pebble_charm *charm, enum pebble_charm_status *status, char **message,
                             struct pebble_error *error) {
    static const char *const words[] = {"status-get", "--include-data", "--format=json"};
    const struct charm_tool tool = CHARM_TOOL(words);
    AUTO_FREE char *output = NULL;
    AUTO_JSON json_t *value = NULL;
    if (!charm_tool_run(charm, &tool, &output, error) || !charm_json_read(words[0], output, &value, error))
        return false;
    AUTO_FREE char *name = charm_json_text(json_object_get(value, "status"));
    AUTO_FREE char *text = charm_json_text(json_object_get(value, "message"));
    if (name == NULL)
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read output of status-get: no status");
    *status = status_of(name);
    if (message != NULL)
        *message = text != NULL ? TAKE(text) : memory_string("");
    return true;
}
