// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: probes a check until it passes, at once and then after each period of the check, but at least
// once a second. The check itself is not touched.
#pragma once

#include "services/service_internal.h"

struct check_watch;

// `on_passed` is called from the loop, once unless the watch is destroyed first; the watch is idle afterwards. A check
// that is not in the plan does not pass.
typedef void (*check_passed_fn)(void *data);
struct check_watch *check_watch_create(struct service_manager *manager, const char *check, check_passed_fn on_passed,
                                       void *data) __attribute__((returns_nonnull));
void check_watch_destroy(struct check_watch *watch); // NULL is fine
