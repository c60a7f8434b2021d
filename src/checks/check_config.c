// SPDX-License-Identifier: GPL-3.0-or-later
// The configuration of a check, its counts, and what is shown of it. Declared in checks/check_internal.h.
#include "checks/check_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "state/change.h"

static void replace_text(char **member, char **other) {
    free(*member);
    *member = TAKE(*other);
}

struct plan_check *check_config_merge(const struct plan *plan, const struct plan_check *config) {
    struct plan_check *copy = plan_check_copy(config);
    struct exec_check *exec = copy->exec;
    if (exec == NULL || text_is_empty(exec->service_context))
        return copy;
    const struct run_context overrides = {
        .environment = exec->environment,
        .user_id = exec->user_id,
        .user = exec->user,
        .group_id = exec->group_id,
        .group = exec->group,
        .working_dir = exec->working_dir,
    };
    struct run_context merged;
    // The plan is valid, so that the service exists.
    if (!plan_merge_context(plan, exec->service_context, &overrides, &merged, NULL))
        return copy;
    struct map old = exec->environment;
    exec->environment = merged.environment;
    merged.environment = old;
    exec->user_id = merged.user_id;
    exec->group_id = merged.group_id;
    replace_text(&exec->user, &merged.user);
    replace_text(&exec->group, &merged.group);
    replace_text(&exec->working_dir, &merged.working_dir);
    run_context_finish(&merged);
    return copy;
}

void check_configure(struct check *check, struct plan_check *config) {
    plan_check_destroy(check->config);
    check->config = config;
    check->success_count = check->failure_count = 0;
    check_reset(check);
}

void check_reset(struct check *check) {
    check->successes = check->change_successes = check->failures = 0;
    free(check->prev_change_id);
    check->prev_change_id = NULL;
}

struct check_info check_info(const struct check *check) {
    return (struct check_info){
        .name = check->name,
        .level = check->config->level,
        .is_enabled = check_config_is_enabled(check->config),
        .status = check_state_status(check->state),
        .successes = check->successes,
        .failures = check->failures,
        .threshold = check->config->threshold,
        .change_id = check->task != NULL ? change_id(task_change(check->task)) : NULL,
        .prev_change_id = check->prev_change_id,
    };
}

bool check_config_is_enabled(const struct plan_check *config) {
    return config->startup != CHECK_STARTUP_DISABLED;
}
