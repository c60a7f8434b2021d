// SPDX-License-Identifier: LGPL-3.0-or-later
#include "charm/hook_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "client/errors.h"

#define HOOKS "hooks/"
#define ACTIONS "actions/"
#define WORKLOAD_INFIX "-pebble-" // between the name of a container and that of its event

struct known_event {
    const char *name;
    enum pebble_charm_kind kind;
};

static const struct known_event plain_events[] = {
    {"install", PEBBLE_CHARM_INSTALL},
    {"start", PEBBLE_CHARM_START},
    {"config-changed", PEBBLE_CHARM_CONFIG_CHANGED},
    {"update-status", PEBBLE_CHARM_UPDATE_STATUS},
    {"stop", PEBBLE_CHARM_STOP},
    {"remove", PEBBLE_CHARM_REMOVE},
    {"upgrade-charm", PEBBLE_CHARM_UPGRADE_CHARM},
    {"leader-elected", PEBBLE_CHARM_LEADER_ELECTED},
    {"leader-settings-changed", PEBBLE_CHARM_LEADER_SETTINGS_CHANGED},
};

// Behind the name of a container.
static const struct known_event container_events[] = {
    {"-pebble-ready", PEBBLE_CHARM_PEBBLE_READY},
    {"-pebble-custom-notice", PEBBLE_CHARM_PEBBLE_CUSTOM_NOTICE},
    {"-pebble-check-failed", PEBBLE_CHARM_PEBBLE_CHECK_FAILED},
    {"-pebble-check-recovered", PEBBLE_CHARM_PEBBLE_CHECK_RECOVERED},
};

const char *charm_variable(const struct text_list *environment, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < environment->count; i++) {
        const char *item = environment->items[i];
        if (strncmp(item, name, length) == 0 && item[length] == '=')
            return item[length + 1] != '\0' ? item + length + 1 : NULL;
    }
    return NULL;
}

// --- what kind of event ---

// Whether the event is of the container that the environment names, if it names one: a variable may be left from
// another program.
static bool is_of_workload(const char *event, const char *workload) {
    return workload != NULL && text_has_prefix(event, workload) &&
           text_has_prefix(event + strlen(workload), WORKLOAD_INFIX);
}

static void find_kind(struct charm_hook *hook, const char *workload) {
    hook->kind = PEBBLE_CHARM_OTHER;
    hook->workload = is_of_workload(hook->event, workload) ? memory_string(workload) : NULL;
    for (size_t i = 0; i < ARRAY_COUNT(plain_events); i++) {
        if (text_equal(hook->event, plain_events[i].name))
            hook->kind = plain_events[i].kind;
    }
    for (size_t i = 0; i < ARRAY_COUNT(container_events); i++) {
        size_t length = strlen(hook->event), suffix_length = strlen(container_events[i].name);
        if (length <= suffix_length || !text_has_suffix(hook->event, container_events[i].name))
            continue;
        hook->kind = container_events[i].kind;
        if (hook->workload == NULL)
            hook->workload = memory_string_n(hook->event, length - suffix_length);
    }
}

// --- which event ---

static bool is_name(const char *text) {
    return text[0] != '\0' && strchr(text, '/') == NULL;
}

static bool fail_value(const char *variable, const char *value, const char *rule, struct pebble_error *error) {
    AUTO_FREE char *quoted = client_quoted(value);
    return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use %s %s: must be %s", variable, quoted, rule);
}

static void set_event(struct charm_hook *hook, const char *name, bool is_action) {
    hook->event = memory_string(name);
    hook->kind = is_action ? PEBBLE_CHARM_ACTION : PEBBLE_CHARM_OTHER;
}

static bool read_path(struct charm_hook *hook, const char *path, struct pebble_error *error) {
    bool is_action = text_has_prefix(path, ACTIONS);
    const char *prefix = is_action ? ACTIONS : HOOKS;
    if (!text_has_prefix(path, prefix) || !is_name(path + strlen(prefix)))
        return fail_value("JUJU_DISPATCH_PATH", path, "hooks/EVENT or actions/NAME", error);
    set_event(hook, path + strlen(prefix), is_action);
    return true;
}

static bool read_event(struct charm_hook *hook, const struct text_list *environment, struct pebble_error *error) {
    const char *path = charm_variable(environment, "JUJU_DISPATCH_PATH");
    const char *action = charm_variable(environment, "JUJU_ACTION_NAME");
    const char *event = charm_variable(environment, "JUJU_HOOK_NAME");
    const char *name = action != NULL ? action : event;
    if (path != NULL)
        return read_path(hook, path, error);
    if (name == NULL)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT,
                           "cannot find event: JUJU_DISPATCH_PATH is not set: a charm is started by Juju");
    if (!is_name(name))
        return fail_value(action != NULL ? "JUJU_ACTION_NAME" : "JUJU_HOOK_NAME", name, "a name without /", error);
    set_event(hook, name, action != NULL);
    return true;
}

bool charm_hook_init(struct charm_hook *hook, const struct text_list *environment, struct pebble_error *error) {
    struct charm_hook own = {.kind = PEBBLE_CHARM_OTHER};
    const char *unit = charm_variable(environment, "JUJU_UNIT_NAME");
    if (!read_event(&own, environment, error))
        return false;
    if (own.kind != PEBBLE_CHARM_ACTION)
        find_kind(&own, charm_variable(environment, "JUJU_WORKLOAD_NAME"));
    own.app = unit != NULL ? memory_string_n(unit, strcspn(unit, "/")) : NULL;
    *hook = own;
    return true;
}

void charm_hook_finish(struct charm_hook *hook) {
    free(hook->event);
    free(hook->workload);
    free(hook->app);
}
