// SPDX-License-Identifier: GPL-3.0-or-later
// The names of states, and the statuses that clients see. Declared in checks/check_internal.h.
#include "checks/check_internal.h"

static const char inactive[] = "inactive", up[] = "up", down[] = "down";

static const struct {
    const char *name;
    const char *status;
} states[CHECK_STATES] = {
    [CHECK_INACTIVE] = {"inactive", inactive},     [CHECK_INACTIVE_PROBING] = {"inactive-probing", inactive},
    [CHECK_UP_STARTING] = {"up-starting", up},     [CHECK_UP_WAITING] = {"up-waiting", up},
    [CHECK_UP_PROBING] = {"up-probing", up},       [CHECK_DOWN_STARTING] = {"down-starting", down},
    [CHECK_DOWN_WAITING] = {"down-waiting", down}, [CHECK_DOWN_PROBING] = {"down-probing", down},
};

const char *check_state_name(enum check_state state) {
    return states[state].name;
}

const char *check_state_status(enum check_state state) {
    return states[state].status;
}

bool check_is_active(const struct check *check) {
    return states[check->state].status != inactive;
}

bool check_is_down(const struct check *check) {
    return states[check->state].status == down;
}
