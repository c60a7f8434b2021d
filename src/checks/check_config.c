// SPDX-License-Identifier: GPL-3.0-or-later
// The configuration of a check, its counts, and what is shown of it. Declared in checks/check_internal.h.
#include "checks/check_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "state/change.h"

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
