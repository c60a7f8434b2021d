// SPDX-License-Identifier: GPL-3.0-or-later
#include "checks/check_manager.h"

#include <stdlib.h>

#include "base/memory.h"
#include "checks/check_machine_internal.h"

struct check_manager *check_manager_create(const struct check_manager_spec *spec) {
    struct check_manager *manager = memory_new(sizeof *manager);
    manager->spec = *spec;
    manager->handle = check_handle;
    map_init(&manager->checks, check_destroy);
    manager->sorted = map_sorted(&manager->checks);
    event_init(&manager->failed);
    check_tasks_register(manager);
    return manager;
}

void check_manager_destroy(struct check_manager *manager) {
    if (manager == NULL)
        return;
    event_remove(&manager->on_change_ready);
    loop_defer_cancel(manager->spec.loop, &manager->emission);
    text_list_clear(&manager->fallen);
    map_finish(&manager->checks);
    free(manager->sorted);
    free(manager);
}

// --- the plan ---

static void remove_check(struct check_manager *manager, const char *name, struct check *check) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_NOT_FOUND, "cannot find check with name %s", check->quoted_name);
    check_fail_refreshes(check, &err);
    check_handle(check, EVENT_STOP);
    map_remove(&manager->checks, name);
}

static void remove_checks(struct check_manager *manager, const struct plan *plan) {
    for (struct map_entry *entry = map_first(&manager->checks), *next; entry != NULL; entry = next) {
        next = map_next(&manager->checks, entry);
        if (plan_find_check(plan, entry->key) == NULL)
            remove_check(manager, entry->key, entry->value);
    }
}

// A refresh runs again with the new configuration. A disabled check runs on with its new configuration only if it was
// disabled before, and so started by a request.
static void alter_check(struct check *check, struct plan_check *config) {
    bool was_started = check_is_active(check) && !check_config_is_enabled(check->config);
    check_handle(check, EVENT_STOP);
    check_configure(check, config);
    check_handle(check, check_config_is_enabled(config) || was_started ? EVENT_START : EVENT_UNWANTED);
}

static void update_check(struct check_manager *manager, const struct plan *plan, const struct plan_check *planned) {
    struct plan_check *config = plan_check_with_context(plan, planned);
    struct check *check = map_get(&manager->checks, planned->name);
    if (check == NULL) {
        check = check_create(manager, planned->name);
        map_set(&manager->checks, check->name, check);
        check_configure(check, config);
        if (check_config_is_enabled(config))
            check_handle(check, EVENT_START);
        return;
    }
    if (!plan_check_equal(check->config, config)) {
        alter_check(check, config);
        return;
    }
    plan_check_destroy(config);
    if (check_is_active(check))
        return;
    check_reset(check);
    if (check_config_is_enabled(check->config))
        check_handle(check, EVENT_START);
}

void check_manager_set_plan(struct check_manager *manager, const struct plan *plan) {
    if (manager->is_stopping)
        return;
    remove_checks(manager, plan);
    AUTO_FREE struct map_entry **planned = map_sorted(&plan->content.checks);
    for (size_t i = 0; planned[i] != NULL; i++)
        update_check(manager, plan, planned[i]->value);
    free(manager->sorted);
    manager->sorted = map_sorted(&manager->checks);
}

// --- queries ---

const char *check_level_name(enum check_level level) {
    return level == CHECK_LEVEL_ALIVE ? "alive" : level == CHECK_LEVEL_READY ? "ready" : "";
}

static bool has_names(const struct text_list *names) {
    return names != NULL && names->count > 0;
}

void check_manager_list(struct check_manager *manager, enum check_level level, const struct text_list *names,
                        check_visit_fn visit, void *data) {
    AUTO_MAP struct map wanted = MAP_INIT(NULL);
    for (size_t i = 0; has_names(names) && i < names->count; i++)
        map_set(&wanted, names->items[i], NULL);
    for (size_t i = 0; manager->sorted[i] != NULL; i++) {
        const struct check *check = manager->sorted[i]->value;
        if (level != CHECK_LEVEL_UNSET && check->config->level != level)
            continue;
        if (has_names(names) && !map_has(&wanted, check->name))
            continue;
        const struct check_info info = check_info(check);
        visit(&info, data);
    }
}

static bool is_bad(const struct check *check, enum check_level level) {
    bool counts = level == CHECK_LEVEL_UNSET || check->config->level == level ||
                  (level == CHECK_LEVEL_READY && check->config->level == CHECK_LEVEL_ALIVE);
    return counts && check_is_down(check);
}

bool check_manager_is_one_healthy(const struct check_manager *manager, enum check_level level, const char *name,
                                  size_t length) {
    const struct check *check = map_get_n(&manager->checks, name, length);
    return check == NULL || !is_bad(check, level);
}

bool check_manager_is_healthy(const struct check_manager *manager, enum check_level level) {
    for (size_t i = 0; manager->down_count > 0 && manager->sorted[i] != NULL; i++) {
        if (is_bad(manager->sorted[i]->value, level))
            return false;
    }
    return true;
}

void check_manager_counts(struct check_manager *manager, check_count_fn visit, void *data) {
    for (size_t i = 0; manager->sorted[i] != NULL; i++) {
        const struct check *check = manager->sorted[i]->value;
        const struct check_counts counts = {
            .name = check->name,
            .is_active = check_is_active(check),
            .is_up = check_is_active(check) && !check_is_down(check),
            .success_count = check->success_count,
            .failure_count = check->failure_count,
        };
        visit(&counts, data);
    }
}

// --- requests ---

static bool check_names(const struct check_manager *manager, const struct text_list *names, struct error *err) {
    AUTO_TEXT_LIST struct text_list unknown = {0};
    for (size_t i = 0; i < names->count; i++) {
        if (!map_has(&manager->checks, names->items[i]))
            text_list_add(&unknown, names->items[i]);
    }
    if (unknown.count == 0)
        return true;
    text_list_unique(&unknown);
    text_list_sort(&unknown);
    AUTO_FREE char *text = text_list_join(&unknown, ", ");
    return error_set(err, ERROR_BAD_REQUEST, "cannot find checks in plan: %s", text);
}

// Sends the event to those that are active or not, as `is_active` has it.
static bool change_activity(struct check_manager *manager, const struct text_list *names, bool is_active,
                            struct text_list *changed, struct error *err) {
    if (!check_names(manager, names, err))
        return false;
    if (manager->is_stopping)
        return error_set(err, ERROR_UNAVAILABLE, "the daemon is stopping");
    for (size_t i = 0; i < names->count; i++) {
        struct check *check = map_get(&manager->checks, names->items[i]);
        if (check_is_active(check) == is_active)
            continue;
        check_handle(check, is_active ? EVENT_START : EVENT_STOP);
        text_list_add(changed, check->name);
    }
    text_list_sort(changed);
    return true;
}

bool check_manager_start(struct check_manager *manager, const struct text_list *names, struct text_list *changed,
                         struct error *err) {
    return change_activity(manager, names, true, changed, err) || error_prefix(err, "cannot start checks: ");
}

bool check_manager_stop(struct check_manager *manager, const struct text_list *names, struct text_list *changed,
                        struct error *err) {
    return change_activity(manager, names, false, changed, err) || error_prefix(err, "cannot stop checks: ");
}

void check_manager_replan(struct check_manager *manager) {
    for (size_t i = 0; !manager->is_stopping && manager->sorted[i] != NULL; i++) {
        struct check *check = manager->sorted[i]->value;
        if (check_config_is_enabled(check->config) && !check_is_active(check))
            check_handle(check, EVENT_START);
    }
}

void check_manager_stop_all(struct check_manager *manager) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_UNAVAILABLE, "cannot refresh check while the daemon is stopping");
    manager->is_stopping = true;
    loop_defer_cancel(manager->spec.loop, &manager->emission);
    text_list_clear(&manager->fallen);
    for (size_t i = 0; manager->sorted[i] != NULL; i++) {
        struct check *check = manager->sorted[i]->value;
        check_cancel_probe(check);
        timer_stop(check->period);
        check->is_due = false;
        check_fail_refreshes(check, &err);
    }
}

void check_manager_end_changes(struct check_manager *manager) {
    for (size_t i = 0; manager->sorted[i] != NULL; i++) {
        struct check *check = manager->sorted[i]->value;
        if (check->task != NULL && task_status(check->task) == STATUS_DOING)
            check_handle(check, EVENT_STOP);
    }
}

struct event *check_manager_failed(struct check_manager *manager) {
    return &manager->failed;
}
