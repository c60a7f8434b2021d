// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_manager.h"

#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "services/service_changes_internal.h"
#include "services/service_machine_internal.h"
#include "services/service_process_internal.h"
#include "services/service_wait_internal.h"

struct service_manager *service_manager_create(const struct service_manager_spec *spec) {
    struct service_manager *manager = memory_new(sizeof *manager);
    manager->spec = *spec;
    map_init(&manager->services, service_destroy);
    list_init(&manager->changes);
    event_init(&manager->shutdown_wanted);
    event_init(&manager->changed);
    list_init(&manager->touched);
    list_init(&manager->waits_over);
    list_init(&manager->held_stops);
    service_list_changed(manager);
    service_tasks_register(manager);
    return manager;
}

// Waits refer to other services.
static void service_destroy_all(struct service_manager *manager) {
    for (struct map_entry *e = map_first(&manager->services); e != NULL; e = map_next(&manager->services, e)) {
        struct service *service = e->value;
        service_wait_cancel(TAKE(service->wait));
    }
    map_finish(&manager->services);
}

void service_manager_destroy(struct service_manager *manager) {
    if (manager == NULL)
        return;
    service_changes_discard(manager);
    service_waits_discard(manager);
    service_tasks_discard(manager);
    service_destroy_all(manager);
    free(manager->planned);
    plan_release(manager->plan);
    free(manager);
}

static enum ready_level level_of(const struct plan_service *config) {
    const struct service_ready *ready = plan_service_ready(config);
    return ready != NULL && ready->level != READY_LEVEL_UNSET ? ready->level : READY_LEVEL_NONE;
}

void service_manager_set_plan(struct service_manager *manager, struct plan *plan) {
    struct plan *old = manager->plan;
    manager->plan = plan_hold(plan);
    free(manager->planned);
    manager->planned = map_sorted(&plan->content.services);
    manager->has_levels = manager->has_extended = false;
    for (size_t i = 0; manager->planned[i] != NULL; i++) {
        const struct plan_service *config = manager->planned[i]->value;
        manager->has_levels = manager->has_levels || level_of(config) != READY_LEVEL_NONE;
        manager->has_extended = manager->has_extended || plan_service_is_extended(config);
    }
    service_list_changed(manager);
    plan_release(old);
}

static void visit_one(struct service_manager *manager, const struct plan_service *config, service_visit_fn visit,
                      void *data) {
    const struct service *service = map_get(&manager->services, config->name);
    struct service_info info = {
        .name = config->name,
        .is_enabled = text_equal(config->startup, "enabled"),
        .status = service != NULL ? service_state_status(service->state) : "inactive",
    };
    if (service != NULL && service->since.is_set)
        info.since = service->since_text;
    visit(&info, data);
}

static bool counts_for(enum ready_level own, enum ready_level level) {
    return own != READY_LEVEL_NONE && (level != READY_LEVEL_ALIVE || own == READY_LEVEL_ALIVE);
}

static bool is_wanted(const struct service_manager *manager, const struct plan_service *config,
                      const struct service *service) {
    return (service != NULL && service->is_wanted) || service_pending_has(&manager->pending, "start", config->name);
}

bool service_manager_is_healthy(const struct service_manager *manager, enum ready_level level) {
    for (size_t i = 0; manager->has_levels && manager->planned[i] != NULL; i++) {
        const struct plan_service *config = manager->planned[i]->value;
        const struct service *service = map_get(&manager->services, config->name);
        bool is_ready = service != NULL && service->is_ready && service->state == SERVICE_RUNNING;
        if (counts_for(level_of(config), level) && !is_ready && is_wanted(manager, config, service))
            return false;
    }
    return true;
}

bool service_manager_has(const struct service_manager *manager, const char *name) {
    return plan_find_service(manager->plan, name) != NULL;
}

bool service_manager_has_extended(const struct service_manager *manager) {
    return manager->has_extended;
}

uint64_t service_manager_list_version(const struct service_manager *manager) {
    return manager->list_version;
}

bool service_manager_is_extended(const struct service_manager *manager, const char *name) {
    const struct plan_service *config = plan_find_service(manager->plan, name);
    return config != NULL && plan_service_is_extended(config);
}

void service_manager_list(struct service_manager *manager, const struct text_list *names, service_visit_fn visit,
                          void *data) {
    const struct map *services = &manager->plan->content.services;
    if (names != NULL && names->count > 0) {
        AUTO_TEXT_LIST struct text_list wanted = {0};
        text_list_copy(&wanted, names);
        text_list_unique(&wanted);
        text_list_sort(&wanted);
        for (size_t i = 0; i < wanted.count; i++) {
            const struct plan_service *config = map_get(services, wanted.items[i]);
            if (config != NULL)
                visit_one(manager, config, visit, data);
        }
        return;
    }
    for (size_t i = 0; manager->planned[i] != NULL; i++)
        visit_one(manager, manager->planned[i]->value, visit, data);
}

void service_manager_counts(struct service_manager *manager, service_count_fn visit, void *data) {
    AUTO_FREE struct map_entry **sorted = map_sorted(&manager->services);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        const struct service *service = sorted[i]->value;
        if (service->config != NULL) // else others only wait for it
            visit(service->name, service_is_up(service), service->start_count, data);
    }
}

static bool is_at_rest(const struct service *service) {
    return service->state == SERVICE_INITIAL || service->state == SERVICE_STOPPED ||
           service->state == SERVICE_COMPLETED;
}

bool service_manager_is_busy(const struct service_manager *manager) {
    for (struct map_entry *entry = map_first(&manager->services); entry != NULL;
         entry = map_next(&manager->services, entry)) {
        if (!is_at_rest(entry->value))
            return true;
    }
    return false;
}

bool service_manager_signal(struct service_manager *manager, const struct text_list *names, const char *signal,
                            struct error *err) {
    AUTO_BUFFER struct buffer diagnostics = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < names->count; i++) {
        AUTO_ERROR struct error reason = {0};
        struct service *service = map_get(&manager->services, names->items[i]);
        bool is_sent = service != NULL ? service_signal(service, signal, &reason)
                                       : error_set(&reason, ERROR_INTERNAL, "service is not running");
        if (is_sent)
            continue;
        buffer_printf(&diagnostics, "%scannot send signal to ", diagnostics.length > 0 ? "; " : "");
        text_quote(&diagnostics, names->items[i]);
        buffer_printf(&diagnostics, ": %s", error_text(&reason));
    }
    return diagnostics.length == 0 || error_set(err, ERROR_INTERNAL, "%s", buffer_text(&diagnostics));
}

// A service that is to say when it is ready may fail its checks until then.
static bool ignores_checks(const struct service *service) {
    return service->readiness != NULL && !service->is_ready && service_is_up(service);
}

static void check_failed(struct service *service, enum action action) {
    if (ignores_checks(service))
        return;
    struct service_event event = {.action = action};
    switch (action) {
    case ACTION_RESTART:
        event.kind = EVENT_CHECK_RESTART;
        break;
    case ACTION_SHUTDOWN:
    case ACTION_SUCCESS_SHUTDOWN:
        event.kind = EVENT_CHECK_SHUTDOWN;
        break;
    default:
        return;
    }
    service_handle(service, &event);
}

void service_manager_check_failed(struct service_manager *manager, const char *check) {
    if (manager->is_stopping)
        return;
    AUTO_FREE struct map_entry **sorted = map_sorted(&manager->services);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        struct service *service = sorted[i]->value;
        if (service->config != NULL && map_has(&service->config->on_check_failure, check))
            check_failed(service, (enum action)(intptr_t)map_get(&service->config->on_check_failure, check));
    }
}

void service_manager_kill_all(struct service_manager *manager) {
    for (struct map_entry *e = map_first(&manager->services); e != NULL; e = map_next(&manager->services, e)) {
        struct service *service = e->value;
        if (service->process == NULL)
            continue;
        log_notice("Service %s still running at the end of the shutdown, sending SIGKILL", service->quoted_name);
        service_send_signal(service, SIGKILL, "SIGKILL");
    }
}

struct event *service_manager_shutdown_wanted(struct service_manager *manager) {
    return &manager->shutdown_wanted;
}

struct event *service_manager_changed(struct service_manager *manager) {
    return &manager->changed;
}
