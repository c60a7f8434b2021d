// SPDX-License-Identifier: GPL-3.0-or-later
// Refreshes: requests to run a check now. Declared in checks/check_manager.h and checks/check_internal.h.
#include "checks/check_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "checks/check_machine_internal.h"
#include "checks/check_manager.h"

struct check_refresh *check_manager_refresh(struct check_manager *manager, const char *name,
                                            check_refreshed_fn on_refreshed, void *data, struct error *err) {
    struct check *check = map_get(&manager->checks, name);
    if (check == NULL) {
        AUTO_FREE char *quoted = text_quoted(name);
        (void)error_set(err, ERROR_NOT_FOUND, "cannot find check with name %s", quoted);
        return NULL;
    }
    if (manager->is_stopping) {
        (void)error_set(err, ERROR_UNAVAILABLE, "cannot refresh check while the daemon is stopping");
        return NULL;
    }
    struct check_refresh *refresh = memory_new(sizeof *refresh);
    *refresh = (struct check_refresh){.check = check, .on_refreshed = on_refreshed, .data = data};
    list_add(&check->refreshes, &refresh->link);
    check_handle(check, EVENT_REFRESH);
    return refresh;
}

void check_refresh_cancel(struct check_refresh *refresh) {
    struct check *check = refresh->check;
    bool is_current = check->current == refresh;
    list_remove(&refresh->link);
    free(refresh);
    if (!is_current)
        return;
    check->current = NULL;
    check_handle(check, EVENT_UNWANTED);
}

void check_fail_refreshes(struct check *check, const struct error *err) {
    check->current = NULL;
    while (!list_is_empty(&check->refreshes)) {
        struct check_refresh *refresh = LIST_ITEM(check->refreshes.next, struct check_refresh, link);
        list_remove(&refresh->link);
        refresh->on_refreshed(NULL, NULL, err, refresh->data);
        free(refresh);
    }
}
