// SPDX-License-Identifier: LGPL-3.0-or-later
#include "charm/hook_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "client/errors.h"

#define HOOKS "hooks/"
#define ACTIONS "actions/"

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

static void find_kind(struct charm_hook *hook, const char *workload) {
    hook->kind = PEBBLE_CHARM_OTHER;
    hook->workload = workload != NULL ? memory_string(workload) : NULL;
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

static bool set_event(struct charm_hook *hook, const char *name, bool is_action) {
    hook->event = memory_string(name);
    hook->kind = is_action ? PEBBLE_CHARM_ACTION : PEBBLE_CHARM_OTHER;
    return true;
}

static bool read_path(struct charm_hook *hook, const char *path, struct pebble_error *error) {
    if (text_has_prefix(path, HOOKS) && path[strlen(HOOKS)] != '\0')
        return set_event(hook, path + strlen(HOOKS), false);
    if (text_has_prefix(path, ACTIONS) && path[strlen(ACTIONS)] != '\0')
        return set_event(hook, path + strlen(ACTIONS), true);
    AUTO_FREE char *quoted = client_quoted(path);
    return client_fail(error, PEBBLE_ERROR_ARGUMENT,
                       "cannot use JUJU_DISPATCH_PATH %s: must be hooks/EVENT or actions/NAME", quoted);
}

static bool read_event(struct charm_hook *hook, const struct text_list *environment, struct pebble_error *error) {
    const char *path = charm_variable(environment, "JUJU_DISPATCH_PATH");
    const char *action = charm_variable(environment, "JUJU_ACTION_NAME");
    const char *event = charm_variable(environment, "JUJU_HOOK_NAME");
    if (path != NULL)
        return read_path(hook, path, error);
    if (action != NULL)
        return set_event(hook, action, true);
    if (event != NULL)
        return set_event(hook, event, false);
    return client_fail(error, PEBBLE_ERROR_ARGUMENT,
                       "cannot find event: JUJU_DISPATCH_PATH is not set: a charm is started by Juju");
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
