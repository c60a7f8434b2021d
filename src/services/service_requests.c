// SPDX-License-Identifier: GPL-3.0-or-later
// Creates the changes and tasks of requests (docs/internals/services.md). Declared in services/service_manager.h.
#include "services/service_internal.h"
#include "services/service_machine_internal.h"
#include "services/service_manager.h"
#include "services/service_stop_limit_internal.h"
#include "services/service_task_maker_internal.h"
#include "services/service_wait_internal.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"

static const char *const action_names[] = {
    [SERVICE_START] = "start",   [SERVICE_STOP] = "stop",           [SERVICE_RESTART] = "restart",
    [SERVICE_REPLAN] = "replan", [SERVICE_AUTOSTART] = "autostart",
};

bool service_action_by_name(const char *name, enum service_action *action) {
    for (size_t i = 0; i < ARRAY_COUNT(action_names); i++) {
        if (text_equal(name, action_names[i])) {
            *action = (enum service_action)i;
            return true;
        }
    }
    return false;
}

// A request before its change is created.
struct service_request {
    struct text_list names; // of the change
    struct plan_lanes stop;
    struct plan_lanes start;
    size_t touched;       // how many services the summary counts
    struct text_list run; // one-shots that run although they are complete
};

static void request_finish(struct service_request *request) {
    text_list_clear(&request->names);
    text_list_clear(&request->run);
    plan_lanes_clear(&request->stop);
    plan_lanes_clear(&request->start);
}

static size_t lanes_total(const struct plan_lanes *lanes) {
    size_t total = 0;
    for (size_t i = 0; i < lanes->count; i++)
        total += lanes->items[i].count;
    return total;
}

// Removes the names for which `keep` returns false, and empty lanes.
typedef bool (*keep_fn)(const char *name, const void *data);

static void lanes_filter(struct plan_lanes *lanes, keep_fn keep, const void *data) {
    size_t kept = 0;
    for (size_t i = 0; i < lanes->count; i++) {
        struct text_list lane = {0};
        for (size_t j = 0; j < lanes->items[i].count; j++) {
            if (keep(lanes->items[i].items[j], data))
                text_list_add(&lane, lanes->items[i].items[j]);
        }
        text_list_clear(&lanes->items[i]);
        if (lane.count > 0)
            lanes->items[kept++] = lane;
    }
    lanes->count = kept;
}

static bool is_in_map(const char *name, const void *data) {
    return map_has(data, name);
}

static bool is_stoppable(const char *name, const void *data) {
    const struct service_manager *manager = data;
    const struct service *service = map_get(&manager->services, name);
    return service != NULL && (service->process != NULL || service->state == SERVICE_BACKOFF);
}

// --- the actions ---

static bool condition_holds(const char *service, enum condition condition, void *data) {
    return service_condition_holds(data, service, condition);
}

static bool order_starts(struct service_manager *manager, const struct text_list *names,
                         struct service_request *request, struct error *err) {
    const struct plan_conditions conditions = {.holds = condition_holds, .data = manager};
    return plan_start_order(manager->plan, names, &conditions, &request->start, err);
}

static bool plan_restart(struct service_manager *manager, struct service_request *request, struct error *err) {
    if (!plan_stop_order(manager->plan, &request->names, &request->stop, err))
        return false;
    AUTO_MAP struct map named = MAP_INIT(NULL);
    for (size_t i = 0; i < request->names.count; i++)
        map_set(&named, request->names.items[i], request);
    lanes_filter(&request->stop, is_in_map, &named);
    text_list_copy(&request->run, &request->names);
    return order_starts(manager, &request->names, request, err);
}

static bool has_changed(const struct plan *plan, const struct service *service) {
    const struct plan_service *config = plan_find_service(plan, service->name);
    return config != NULL && service_config_differs(service, plan, config);
}

// One that waits is to be stopped, too, but its conditions may be met before: those of its old configuration.
static void reconfigure(struct service_manager *manager, const struct text_list *names) {
    for (size_t i = 0; i < names->count; i++) {
        const struct plan_service *config = plan_find_service(manager->plan, names->items[i]);
        struct service *service = map_get(&manager->services, names->items[i]);
        if (service->state != SERVICE_WAITING)
            service_configure(service, manager->plan, config);
    }
}

static bool plan_replan(struct service_manager *manager, struct service_request *request, struct error *err) {
    AUTO_TEXT_LIST struct text_list changed = {0};
    AUTO_TEXT_LIST struct text_list wanted = {0};
    AUTO_FREE struct map_entry **known = map_sorted(&manager->services);
    for (size_t i = 0; known[i] != NULL; i++) {
        if (has_changed(manager->plan, known[i]->value))
            text_list_add(&changed, known[i]->key);
    }
    text_list_add_list(&wanted, &changed);
    struct map_entry *const *planned = manager->planned;
    for (size_t i = 0; planned[i] != NULL; i++) {
        if (text_equal(((const struct plan_service *)planned[i]->value)->startup, "enabled"))
            text_list_add(&wanted, planned[i]->key);
    }
    text_list_unique(&wanted);
    if (!plan_stop_order(manager->plan, &changed, &request->stop, err) || !order_starts(manager, &wanted, request, err))
        return false;
    text_list_copy(&request->run, &changed);
    reconfigure(manager, &changed);
    // The change names all services that it affects.
    const struct plan_lanes *both[] = {&request->stop, &request->start};
    for (size_t i = 0; i < ARRAY_COUNT(both); i++) {
        for (size_t j = 0; j < both[i]->count; j++)
            text_list_add_list(&request->names, &both[i]->items[j]);
    }
    text_list_unique(&request->names);
    text_list_sort(&request->names);
    request->touched = request->names.count;
    return true;
}

static bool plan_autostart(struct service_manager *manager, struct service_request *request, struct error *err) {
    AUTO_TEXT_LIST struct text_list enabled = {0};
    struct map_entry *const *planned = manager->planned;
    for (size_t i = 0; planned[i] != NULL; i++) {
        if (text_equal(((const struct plan_service *)planned[i]->value)->startup, "enabled"))
            text_list_add(&enabled, planned[i]->key);
    }
    if (enabled.count == 0) {
        error_set(err, ERROR_BAD_REQUEST, "no default services");
        return error_set_code(err, "no-default-services");
    }
    if (!order_starts(manager, &enabled, request, err))
        return false;
    for (size_t i = 0; i < request->start.count; i++)
        text_list_add_list(&request->names, &request->start.items[i]);
    return true;
}

static bool plan_action(struct service_manager *manager, enum service_action action, struct service_request *request,
                        struct error *err) {
    switch (action) {
    case SERVICE_START:
        text_list_copy(&request->run, &request->names);
        return order_starts(manager, &request->names, request, err);
    case SERVICE_STOP:
        return plan_stop_order(manager->plan, &request->names, &request->stop, err);
    case SERVICE_RESTART:
        return plan_restart(manager, request, err);
    case SERVICE_REPLAN:
        return plan_replan(manager, request, err);
    default:
        return plan_autostart(manager, request, err);
    }
}

// --- the change ---

static void set_service_names(struct change *change, const struct text_list *names) {
    json_t *list = json_array();
    for (size_t i = 0; i < names->count; i++)
        (void)json_array_append_new(list, json_string(names->items[i]));
    change_set_data(change, "service-names", list);
}

static void make_tasks(struct service_manager *manager, struct change *change, const struct service_request *request) {
    service_make_tasks(manager, change, &(const struct service_lanes){&request->stop, &request->start, &request->run});
}

static void summarise(const struct service_request *request, enum service_action action, struct buffer *out) {
    const char *name = action_names[action];
    buffer_printf(out, "%c%s ", toupper((unsigned char)name[0]), name + 1);
    if (request->start.count + request->stop.count == 0) {
        buffer_add_string(out, "- no services");
        return;
    }
    buffer_add_string(out, "service ");
    text_quote(out, request->names.items[0]);
    if (request->touched > 1)
        buffer_printf(out, " and %zu more", request->touched - 1);
}

static struct change *make_change(struct service_manager *manager, enum service_action action,
                                  const struct service_request *request) {
    AUTO_BUFFER struct buffer summary = BUFFER_INIT(BUFFER_NO_LIMIT);
    summarise(request, action, &summary);
    struct change *change = change_create(manager->spec.state, action_names[action], buffer_text(&summary));
    if (request->start.count + request->stop.count == 0) {
        change_set_status(change, STATUS_DONE);
        return change;
    }
    make_tasks(manager, change, request);
    set_service_names(change, &request->names);
    runner_wake(manager->spec.runner);
    return change;
}

// About the room that its change takes in the state file.
static size_t request_bytes(const struct service_request *request) {
    const struct plan_lanes *const both[] = {&request->stop, &request->start};
    size_t bytes = STATE_TASK_BYTES(0);
    for (size_t i = 0; i < request->names.count; i++)
        bytes += strlen(request->names.items[i]);
    for (size_t i = 0; i < ARRAY_COUNT(both); i++) {
        for (size_t j = 0; j < both[i]->count; j++) {
            for (size_t k = 0; k < both[i]->items[j].count; k++)
                bytes += STATE_TASK_BYTES(strlen(both[i]->items[j].items[k]));
        }
    }
    return bytes;
}

static bool check_names(enum service_action action, const struct text_list *names, struct error *err) {
    bool wants_names = action != SERVICE_REPLAN && action != SERVICE_AUTOSTART;
    if (wants_names && names->count == 0)
        return error_set(err, ERROR_BAD_REQUEST, "must specify services for %s action", action_names[action]);
    if (!wants_names && names->count > 0)
        return error_set(err, ERROR_BAD_REQUEST, "%s accepts no service names", action_names[action]);
    return true;
}

bool service_manager_request(struct service_manager *manager, enum service_action action, const struct text_list *names,
                             struct change **change, struct error *err) {
    if (!check_names(action, names, err))
        return false;
    struct service_request request = {0};
    text_list_copy(&request.names, names);
    bool is_good = plan_action(manager, action, &request, err) &&
                   state_make_room(manager->spec.state, request_bytes(&request), err);
    if (is_good) {
        // A restart counts only what it starts.
        if (action != SERVICE_REPLAN)
            request.touched = lanes_total(action == SERVICE_STOP ? &request.stop : &request.start);
        *change = make_change(manager, action, &request);
    } else if (!error_has_code(err, "no-default-services")) {
        error_prefix(err, "cannot %s services: ", action_names[action]);
    }
    request_finish(&request);
    return is_good;
}

// Nothing is started any more.
static void end_waits(struct service_manager *manager) {
    AUTO_FREE struct map_entry **sorted = map_sorted(&manager->services);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        struct service *service = sorted[i]->value;
        if (service->state != SERVICE_WAITING)
            continue;
        struct error *err = memory_new(sizeof *err);
        (void)error_set(err, ERROR_INTERNAL, "cannot start service while the daemon is stopping");
        service_handle(service, &(const struct service_event){.kind = EVENT_CONDITIONS_FAILED, .err = err});
    }
}

struct change *service_manager_stop_all(struct service_manager *manager, int64_t *limit_ns) {
    manager->is_stopping = true;
    end_waits(manager);
    AUTO_TEXT_LIST struct text_list names = {0};
    struct map_entry *const *planned = manager->planned;
    for (size_t i = 0; planned[i] != NULL; i++)
        text_list_add(&names, planned[i]->key);
    struct service_request request = {0};
    struct change *change = NULL;
    if (plan_stop_order(manager->plan, &names, &request.stop, NULL)) {
        lanes_filter(&request.stop, is_stoppable, manager);
        if (request.stop.count > 0) {
            change = change_create(manager->spec.state, "stop", "Stop all running services");
            make_tasks(manager, change, &request);
            runner_wake(manager->spec.runner);
        }
    }
    *limit_ns = service_stop_limit_ns(manager, &request.stop);
    request_finish(&request);
    return change;
}
