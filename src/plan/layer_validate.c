// SPDX-License-Identifier: GPL-3.0-or-later
// Checks a single layer. The checks concern values that are set, so they can be made even if other parts of the layer
// could not be read. The text of invalid words is taken from the tree. Declared in plan/content_internal.h.
#include "plan/content_internal.h"

#include <string.h>

#include "base/accounts.h"
#include "base/memory.h"
#include "data/real.h"
#include "data/yaml.h"

// The text of the entry's field in the layer, quoted.
static char *field_quoted(const struct yaml_node *entry, const char *field) {
    const struct yaml_node *node = entry == NULL ? NULL : yaml_member(entry, field);
    const char *text = node == NULL ? NULL : yaml_text(node);
    return text_quoted(text == NULL ? "" : text);
}

static bool is_action_allowed(unsigned action, enum action extra) {
    return action == ACTION_UNSET || action == ACTION_RESTART || action == ACTION_SHUTDOWN || action == ACTION_IGNORE ||
           action == extra;
}

static void check_action(const char *quoted_name, const struct yaml_node *entry, const char *field, unsigned action,
                         struct diagnostics *diagnostics) {
    bool is_success = strcmp(field, "on-success") == 0;
    if (action == ACTION_EXIT ||
        is_action_allowed(action, is_success ? ACTION_FAILURE_SHUTDOWN : ACTION_SUCCESS_SHUTDOWN))
        return;
    AUTO_FREE char *word = field_quoted(entry, field);
    diagnostics_set_key(diagnostics, entry, NULL, field);
    diagnostics_add(diagnostics, "plan service %s %s action %s invalid", quoted_name, field, word);
}

static void check_check_actions(const char *quoted_name, const struct plan_service *service,
                                const struct yaml_node *entry, struct diagnostics *diagnostics) {
    const struct yaml_node *map = entry == NULL ? NULL : yaml_member(entry, "on-check-failure");
    if (map == NULL || yaml_kind(map) != YAML_MAP)
        return; // the wrong type has been reported by fields_read()
    for (size_t i = 0; i < yaml_count(map); i++) {
        const char *check = yaml_text(yaml_key(map, i));
        const char *word = yaml_text(yaml_value(map, i));
        if (check == NULL || word == NULL)
            continue;
        if (!is_action_allowed((unsigned)(uintptr_t)map_get(&service->on_check_failure, check),
                               ACTION_SUCCESS_SHUTDOWN)) {
            AUTO_FREE char *quoted = text_quoted(word);
            diagnostics_set_key(diagnostics, map, "on-check-failure", check);
            diagnostics_add(diagnostics, "plan service %s on-check-failure action %s invalid", quoted_name, quoted);
        }
    }
}

static void check_service_name(const char *name, struct diagnostics *diagnostics) {
    AUTO_FREE char *quoted = text_quoted(name);
    if (name[0] == '\0')
        diagnostics_add(diagnostics, "cannot use empty string as service name");
    else if (strcmp(name, "pebble") == 0)
        diagnostics_add(diagnostics, "cannot use reserved service name %s", quoted);
    else if (name[0] == '-')
        diagnostics_add(diagnostics, "cannot use service name %s: starting with \"-\" not allowed", quoted);
}

static void validate_service(const char *name, const void *value, const struct yaml_node *entry,
                             struct diagnostics *diagnostics) {
    const struct plan_service *service = value;
    check_service_name(name, diagnostics);
    AUTO_FREE char *quoted = text_quoted(name);
    if (service == NULL) {
        diagnostics_add(diagnostics, "service object cannot be null for service %s", quoted);
        return;
    }
    AUTO_TEXT_LIST struct text_list base = {0}, extra = {0};
    AUTO_ERROR struct error command = {0};
    if (!plan_service_command(service, &base, &extra, &command)) {
        diagnostics_set_key(diagnostics, entry, NULL, "command");
        diagnostics_add(diagnostics, "plan service %s command invalid: %s", quoted, error_text(&command));
    }
    check_action(quoted, entry, "on-success", service->on_success, diagnostics);
    check_action(quoted, entry, "on-failure", service->on_failure, diagnostics);
    check_check_actions(quoted, service, entry, diagnostics);
    service_validate(quoted, service, entry, diagnostics);
    if (service->backoff_factor.is_set && service->backoff_factor.value < 1) {
        char factor[REAL_TEXT_SIZE];
        real_format(service->backoff_factor.value, -4, 6, 2, factor); // as the plan shows it
        diagnostics_set_key(diagnostics, entry, NULL, "backoff-factor");
        diagnostics_add(diagnostics, "plan service %s backoff-factor must be 1.0 or greater, not %s", quoted, factor);
    }
}

static const char *account_key(const struct exec_check *exec) {
    return exec->user != NULL ? "user" : exec->user_id.is_set ? "user-id" : exec->group != NULL ? "group" : "group-id";
}

static void validate_exec(const char *quoted_name, const struct exec_check *exec, const struct yaml_node *entry,
                          struct diagnostics *diagnostics) {
    AUTO_TEXT_LIST struct text_list words = {0};
    AUTO_ERROR struct error err = {0};
    if (exec->command != NULL && !plan_split_command(exec->command, &words, &err)) {
        diagnostics_set_key(diagnostics, entry, "exec", "command");
        diagnostics_add(diagnostics, "plan check %s command invalid: %s", quoted_name, error_text(&err));
    }
    struct account_request request = {
        .user_id = exec->user_id.is_set ? &exec->user_id.value : NULL,
        .user = exec->user,
        .group_id = exec->group_id.is_set ? &exec->group_id.value : NULL,
        .group = exec->group,
    };
    struct account_choice choice;
    if (!account_resolve(&request, &choice, &err)) {
        diagnostics_set_key(diagnostics, entry, "exec", account_key(exec));
        diagnostics_add(diagnostics, "plan check %s has invalid user/group: %s", quoted_name, error_text(&err));
    }
}

static void check_duration(const char *key, const struct optional_duration *duration, const struct yaml_node *entry,
                           struct diagnostics *diagnostics) {
    if (!duration->is_set || duration->ns > 0)
        return;
    AUTO_FREE char *quoted = text_quoted(diagnostics->place.name);
    diagnostics_set_key(diagnostics, entry, NULL, key);
    diagnostics_add(diagnostics, "plan check %s %s must not be %s", quoted, key,
                    duration->ns == 0 ? "zero" : "negative");
}

static void validate_check(const char *name, const void *value, const struct yaml_node *entry,
                           struct diagnostics *diagnostics) {
    const struct plan_check *check = value;
    AUTO_FREE char *quoted = text_quoted(name);
    if (name[0] == '\0')
        diagnostics_add(diagnostics, "cannot use empty string as check name");
    if (check == NULL) {
        diagnostics_add(diagnostics, "check object cannot be null for check %s", quoted);
        return;
    }
    if (word_get(&check->level) == WORD_INVALID) {
        diagnostics_set_key(diagnostics, entry, NULL, "level");
        diagnostics_add(diagnostics, "plan check %s level must be \"alive\" or \"ready\"", quoted);
    }
    if (word_get(&check->startup) == WORD_INVALID) {
        diagnostics_set_key(diagnostics, entry, NULL, "startup");
        diagnostics_add(diagnostics, "plan check %s startup must be \"enabled\" or \"disabled\"", quoted);
    }
    check_duration("period", &check->period, entry, diagnostics);
    check_duration("timeout", &check->timeout, entry, diagnostics);
    if (check->exec != NULL)
        validate_exec(quoted, check->exec, yaml_member(entry, "exec"), diagnostics);
}

static void validate_log_target(const char *name, const void *value, const struct yaml_node *entry,
                                struct diagnostics *diagnostics) {
    const struct plan_log_target *target = value;
    AUTO_FREE char *quoted = text_quoted(name);
    if (target == NULL) {
        diagnostics_add(diagnostics, "log target object cannot be null for log target %s", quoted);
        return;
    }
    const struct yaml_node *map = entry == NULL ? NULL : yaml_member(entry, "labels");
    AUTO_FREE struct map_entry **labels = map_sorted(&target->labels);
    for (size_t i = 0; labels[i] != NULL; i++) {
        if (text_has_prefix(labels[i]->key, "pebble_")) {
            AUTO_FREE char *label = text_quoted(labels[i]->key);
            diagnostics_set_key(diagnostics, map, "labels", labels[i]->key);
            diagnostics_add(diagnostics, "log target %s: label %s uses reserved prefix \"pebble_\"", quoted, label);
        }
    }
    if (word_get(&target->type) == WORD_INVALID) {
        AUTO_FREE char *type = field_quoted(entry, "type");
        diagnostics_set_key(diagnostics, entry, NULL, "type");
        diagnostics_add(diagnostics,
                        "log target %s has unsupported type %s, must be \"loki\", \"opentelemetry\" or \"syslog\"",
                        quoted, type);
    }
}

static void validate_workload(const char *name, const void *value, const struct yaml_node *entry UNUSED,
                              struct diagnostics *diagnostics) {
    AUTO_FREE char *quoted = text_quoted(name);
    if (value == NULL)
        diagnostics_add(diagnostics, "workload %s: cannot have a null value", quoted);
    else if (name[0] == '\0')
        diagnostics_add(diagnostics, "workload %s: cannot have an empty name", quoted);
}

static void validate_pairing(const struct layer *layer, const struct yaml_node *root, struct diagnostics *diagnostics) {
    if (word_get(&layer->content.pairing) == WORD_INVALID) {
        diagnostics->place = (struct place){.section = "pairing"};
        diagnostics_set_key(diagnostics, yaml_member(root, "pairing"), NULL, "mode");
        AUTO_FREE char *mode = field_quoted(yaml_member(root, "pairing"), "mode");
        diagnostics_add(diagnostics, "invalid pairing mode %s: should be \"disabled\", \"single\" or \"multiple\"",
                        mode);
    }
}

typedef void (*validate_fn)(const char *name, const void *value, const struct yaml_node *entry,
                            struct diagnostics *diagnostics);

void layer_validate(const struct layer *layer, const struct yaml_node *root, struct diagnostics *diagnostics) {
    static const validate_fn validators[SECTION_COUNT] = {
        [SECTION_SERVICES] = validate_service,
        [SECTION_CHECKS] = validate_check,
        [SECTION_LOG_TARGETS] = validate_log_target,
        [SECTION_WORKLOADS] = validate_workload,
    };
    if (text_has_prefix(layer->label, "pebble-"))
        diagnostics_add(diagnostics, "cannot use reserved label prefix \"pebble-\"");
    if (root == NULL || yaml_kind(root) != YAML_MAP)
        return;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        const struct yaml_node *section = yaml_member(root, sections[i].name);
        const struct map *entries = section_map_const(&layer->content, &sections[i]);
        for (size_t k = 0; section != NULL && k < yaml_count(section); k++) {
            const struct yaml_node *key = yaml_kind(section) == YAML_MAP ? yaml_key(section, k) : NULL;
            const char *name = key == NULL ? NULL : yaml_text(key);
            if (name == NULL)
                continue;
            diagnostics->place = (struct place){
                .line = yaml_line(key), .section = sections[i].name, .noun = sections[i].noun, .name = name};
            validators[i](name, map_get(entries, name), yaml_value(section, k), diagnostics);
        }
    }
    validate_pairing(layer, root, diagnostics);
    diagnostics->place = (struct place){0};
}
