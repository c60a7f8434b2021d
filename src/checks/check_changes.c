// SPDX-License-Identifier: GPL-3.0-or-later
// The changes of checks, each with one task, and the event of a fall. Declared in checks/check_internal.h.
#include "checks/check_internal.h"

#include "base/memory.h"
#include "state/change.h"

static const char *type_of(const struct plan_check *config) {
    return config->http != NULL ? "HTTP" : config->tcp != NULL ? "TCP" : "exec";
}

static void set_details(const struct check *check, bool proceeds) {
    json_t *details = json_pack("{s:s, s:I, s:I}", "name", check->name, "failures", (json_int_t)check->failures,
                                "successes", (json_int_t)check->change_successes);
    if (proceeds)
        json_object_set_new(details, "proceed", json_true());
    task_set_data(check->task, "check-details", details);
}

void check_create_change(struct check *check) {
    bool is_down = check_is_down(check);
    const char *kind = is_down ? "recover-check" : "perform-check";
    AUTO_FREE char *summary =
        memory_printf("%s %s check %s", is_down ? "Recover" : "Perform", type_of(check->config), check->quoted_name);
    struct change *change = change_create_with_notice_data(check->manager->spec.state, kind, summary,
                                                           json_pack("{s:s}", "check-name", check->name));
    change_set_data(change, "check-no-prune", json_true()); // it is not ready for as long as the check runs
    check->task = task_create(change, kind, summary);
    set_details(check, false);
}

void check_finish_change(struct check *check, bool has_failed, bool proceeds) {
    AUTO_ERROR struct error err = {0};
    if (has_failed)
        (void)error_set(&err, ERROR_INTERNAL, "%s", check->failure_text);
    set_details(check, proceeds);
    task_finish(TAKE(check->task), &err);
}

// --- failures ---

// Emitted one by one, so that a listener may make any request.
static void on_emission_due(struct deferred *deferred) {
    struct check_manager *manager = CONTAINER_OF(deferred, struct check_manager, emission);
    AUTO_TEXT_LIST struct text_list fallen = manager->fallen;
    manager->fallen = (struct text_list){0};
    for (size_t i = 0; i < fallen.count && !manager->is_stopping; i++)
        event_emit(&manager->failed, fallen.items[i]);
}

void check_fell(struct check *check) {
    struct check_manager *manager = check->manager;
    text_list_add(&manager->fallen, check->name);
    loop_defer(manager->spec.loop, &manager->emission, on_emission_due);
}
