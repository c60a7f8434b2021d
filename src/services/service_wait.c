// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_wait_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "services/service_check_watch_internal.h"

// Beside those of a plan.
enum wait_kind { WAIT_CONDITION, WAIT_START_OVER, WAIT_STOP_OVER };

struct awaited {
    struct list link; // in the target's `watchers`
    struct service_wait *wait;
    struct service *target;
    enum wait_kind kind;
    enum condition condition; // of WAIT_CONDITION
    bool holds;
};

struct awaited_check {
    struct service_wait *wait;
    char *name;
    struct check_watch *watch;
    bool has_passed;
};

struct service_wait {
    struct list link; // in the manager's `waits_over` while it is about to end
    struct service_manager *manager;
    service_waited_fn on_waited;
    void *data;
    struct awaited *conditions; // do not move
    size_t count, capacity;
    struct awaited_check *checks; // do not move
    size_t check_count;
    size_t unmet; // of both
    char *reason; // why one cannot be met any more
};

// --- judging ---

// A process runs that was started by the latest start. The timer of one that runs goes on for a second after a restart.
static bool is_started(const struct service *service) {
    if (service->state == SERVICE_RUNNING && service->readiness == NULL && timer_is_running(service->timer))
        return false;
    if (service->state == SERVICE_RUNNING || service->state == SERVICE_GETTING_READY ||
        service->state == SERVICE_WORKING)
        return true;
    return plan_service_is_oneshot(service->config) && service->has_ended && !service_is_moving(service) &&
           service->state != SERVICE_STOPPED;
}

// By what the process was launched as: the configuration may have changed since.
static bool is_ready(const struct service *service) {
    if (service->state == SERVICE_WORKING || plan_service_is_oneshot(service->config))
        return service->state == SERVICE_COMPLETED;
    if (service->readiness != NULL)
        return service->state == SERVICE_RUNNING && service->is_ready;
    return is_started(service);
}

static bool meets(const struct service *service, enum condition condition) {
    if (service->config == NULL)
        return condition == CONDITION_NONE; // never started
    switch (condition) {
    case CONDITION_STARTED:
        return is_started(service);
    case CONDITION_READY:
        return is_ready(service);
    case CONDITION_COMPLETED:
        return service->state == SERVICE_COMPLETED;
    case CONDITION_EXITED:
        return service->has_ended && !service_is_moving(service);
    case CONDITION_UNSET:
    case CONDITION_NONE:
        break;
    }
    return true;
}

// An earlier run does not count while there is a start task that has not begun.
static bool is_met(const struct service *service, enum condition condition) {
    return meets(service, condition) && !service_pending_has(&service->manager->pending, "start", service->name);
}

bool service_condition_holds(const struct service_manager *manager, const char *name, enum condition condition) {
    const struct service *service = map_get(&manager->services, name);
    return service != NULL && is_met(service, condition);
}

static bool holds(const struct awaited *awaited) {
    const struct service *target = awaited->target;
    switch (awaited->kind) {
    case WAIT_CONDITION:
        break;
    case WAIT_START_OVER:
        return target->start_tasks.count == 0 && !service_pending_has(&target->manager->pending, "start", target->name);
    case WAIT_STOP_OVER: // one that has ended already need not be waited for, even if its stop is held in another
                         // change
        return !service_is_moving(target) ||
               (target->stop_tasks.count == 0 && !service_pending_has(&target->manager->pending, "stop", target->name));
    }
    return is_met(target, awaited->condition);
}

// The others end by themselves.
static bool is_hopeless(const struct awaited *awaited) {
    const struct service *target = awaited->target;
    return awaited->kind == WAIT_CONDITION && !awaited->holds && !service_is_moving(target) &&
           !service_pending_has(&target->manager->pending, "start", target->name);
}

// --- goals of clients ---

bool service_goal_by_name(const char *name, enum service_goal *goal) {
    static const char *const names[] = {
        [SERVICE_GOAL_STARTED] = "started", [SERVICE_GOAL_READY] = "ready",     [SERVICE_GOAL_COMPLETED] = "completed",
        [SERVICE_GOAL_EXITED] = "exited",   [SERVICE_GOAL_STOPPED] = "stopped",
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (text_equal(name, names[i])) {
            *goal = (enum service_goal)i;
            return true;
        }
    }
    return false;
}

// --- texts ---

static const char *const verbs[] = {
    [CONDITION_STARTED] = "to be started",
    [CONDITION_READY] = "to be ready",
    [CONDITION_COMPLETED] = "to complete",
    [CONDITION_EXITED] = "to exit",
};

static const char *verb_of(const struct awaited *awaited) {
    if (awaited->kind == WAIT_STOP_OVER)
        return "to be stopped";
    return awaited->kind == WAIT_START_OVER ? verbs[CONDITION_STARTED] : verbs[awaited->condition];
}

static char *reason_of(const struct awaited *awaited) {
    const struct service *target = awaited->target;
    const char *verb = verb_of(awaited);
    if (target->state == SERVICE_EXITED || target->state == SERVICE_COMPLETED)
        return memory_printf("%s exited with code %d while waiting for it %s", target->quoted_name, target->exit_code,
                             verb);
    const char *what = target->state == SERVICE_INITIAL ? "was not started"
                       : target->failure_number > 0     ? "could not be started"
                                                        : "was stopped";
    return memory_printf("%s %s while waiting for it %s", target->quoted_name, what, verb);
}

enum service_prospect service_manager_judge(const struct service_manager *manager, const char *name,
                                            enum service_goal goal, char **reason) {
    static const enum condition conditions[] = {
        [SERVICE_GOAL_STARTED] = CONDITION_STARTED,
        [SERVICE_GOAL_READY] = CONDITION_READY,
        [SERVICE_GOAL_COMPLETED] = CONDITION_COMPLETED,
        [SERVICE_GOAL_EXITED] = CONDITION_EXITED,
    };
    struct service *service = map_get(&manager->services, name);
    bool is_pending = service_pending_has(&manager->pending, "start", name);
    *reason = NULL;
    if (goal == SERVICE_GOAL_STOPPED)
        return !is_pending && (service == NULL || !service_is_moving(service)) ? SERVICE_GOAL_REACHED
                                                                               : SERVICE_GOAL_OPEN;
    if (service == NULL && is_pending)
        return SERVICE_GOAL_OPEN;
    if (service == NULL) {
        AUTO_FREE char *quoted = text_quoted(name);
        *reason = memory_printf("%s was not started while waiting for it %s", quoted, verbs[conditions[goal]]);
        return SERVICE_GOAL_IMPOSSIBLE;
    }
    const struct awaited awaited = {.target = service,
                                    .kind = WAIT_CONDITION,
                                    .condition = conditions[goal],
                                    .holds = is_met(service, conditions[goal])};
    if (!is_hopeless(&awaited))
        return awaited.holds ? SERVICE_GOAL_REACHED : SERVICE_GOAL_OPEN;
    *reason = reason_of(&awaited);
    return SERVICE_GOAL_IMPOSSIBLE;
}

static void add_separator(struct buffer *out) {
    if (out->length > 0)
        buffer_add_string(out, ", ");
}

char *service_wait_describe(const struct service_wait *wait) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < wait->count; i++) {
        if (wait->conditions[i].holds)
            continue;
        add_separator(&out);
        buffer_printf(&out, "%s %s", wait->conditions[i].target->quoted_name, verb_of(&wait->conditions[i]));
    }
    for (size_t i = 0; i < wait->check_count; i++) {
        if (wait->checks[i].has_passed)
            continue;
        add_separator(&out);
        buffer_add_string(&out, "check ");
        text_quote(&out, wait->checks[i].name);
        buffer_add_string(&out, " to succeed");
    }
    return buffer_take(&out);
}

void service_wait_list(const struct service_wait *wait, struct text_list *items) {
    for (size_t i = 0; i < wait->count; i++) {
        const struct awaited *awaited = &wait->conditions[i];
        enum condition condition = awaited->kind == WAIT_CONDITION ? awaited->condition : CONDITION_STARTED;
        if (!awaited->holds)
            text_list_add_owned(items, memory_printf("%s: %s", awaited->target->name, condition_name(condition)));
    }
    for (size_t i = 0; i < wait->check_count; i++) {
        if (!wait->checks[i].has_passed)
            text_list_add_owned(items, memory_printf("check %s", wait->checks[i].name));
    }
}

// --- the end ---

static void wait_free(struct service_wait *wait) {
    list_remove(&wait->link);
    for (size_t i = 0; i < wait->count; i++)
        list_remove(&wait->conditions[i].link);
    for (size_t i = 0; i < wait->check_count; i++) {
        check_watch_destroy(wait->checks[i].watch);
        free(wait->checks[i].name);
    }
    free(wait->conditions);
    free(wait->checks);
    free(wait->reason);
    free(wait);
}

void service_wait_cancel(struct service_wait *wait) {
    if (wait != NULL)
        wait_free(wait);
}

static void judge_all(struct deferred *deferred);

static void end_later(struct service_wait *wait) {
    struct service_manager *manager = wait->manager;
    list_remove(&wait->link);
    list_add(&manager->waits_over, &wait->link);
    loop_defer(manager->spec.loop, &manager->judgement, judge_all);
}

// It may have to wait on by now: a condition is judged again at the end.
static void end(struct service_wait *wait) {
    service_waited_fn on_waited = wait->on_waited;
    void *data = wait->data;
    list_remove(&wait->link);
    if (wait->unmet > 0 && wait->reason == NULL)
        return;
    AUTO_FREE char *reason = TAKE(wait->reason);
    wait_free(wait);
    on_waited(reason, data);
}

static void judge(struct awaited *awaited) {
    struct service_wait *wait = awaited->wait;
    bool held = awaited->holds;
    awaited->holds = holds(awaited);
    if (held != awaited->holds)
        wait->unmet += held ? 1 : (size_t)-1;
    if (wait->reason == NULL && is_hopeless(awaited))
        wait->reason = reason_of(awaited);
    if (wait->unmet == 0 || wait->reason != NULL)
        end_later(wait);
}

static void judge_all(struct deferred *deferred) {
    struct service_manager *manager = CONTAINER_OF(deferred, struct service_manager, judgement);
    while (!list_is_empty(&manager->touched)) {
        struct service *service = LIST_ITEM(manager->touched.next, struct service, touched_link);
        struct awaited *awaited;
        list_remove(&service->touched_link);
        LIST_FOR_EACH (awaited, &service->watchers, link)
            judge(awaited);
    }
    // What these cause is judged in the next turn.
    for (size_t count = list_count(&manager->waits_over); count > 0 && !list_is_empty(&manager->waits_over); count--)
        end(LIST_ITEM(manager->waits_over.next, struct service_wait, link));
}

void service_touch(struct service *service) {
    if (list_is_empty(&service->watchers) || list_is_linked(&service->touched_link))
        return;
    list_add(&service->manager->touched, &service->touched_link);
    loop_defer(service->manager->spec.loop, &service->manager->judgement, judge_all);
}

void service_waits_discard(struct service_manager *manager) {
    loop_defer_cancel(manager->spec.loop, &manager->judgement);
}

// --- the beginning ---

static void on_check_passed(void *data) {
    struct awaited_check *check = data;
    check->has_passed = true;
    if (--check->wait->unmet == 0)
        end_later(check->wait);
}

static void add_condition(struct service_wait *wait, const char *name, enum wait_kind kind, enum condition condition) {
    struct service *target = map_get(&wait->manager->services, name);
    if (target == NULL)
        return;
    wait->conditions[wait->count++] =
        (struct awaited){.wait = wait, .target = target, .kind = kind, .condition = condition};
}

static void add_conditions(struct service_wait *wait, const struct service_wait_spec *spec) {
    enum wait_kind kind = spec->is_stop ? WAIT_STOP_OVER : WAIT_START_OVER;
    size_t after_count = json_array_size(spec->after);
    size_t target_count = spec->config != NULL ? spec->config->wait_for.count : 0;
    wait->conditions = memory_new_array(after_count + target_count + 1, sizeof *wait->conditions);
    for (size_t i = 0; i < after_count; i++) {
        const char *name = json_string_value(json_array_get(spec->after, i));
        if (name != NULL)
            add_condition(wait, name, kind, CONDITION_UNSET);
    }
    if (target_count == 0)
        return;
    AUTO_FREE struct map_entry **targets = map_sorted(&spec->config->wait_for);
    for (size_t i = 0; targets[i] != NULL; i++) {
        enum condition condition = (enum condition)(uintptr_t)targets[i]->value;
        if (condition != CONDITION_NONE)
            add_condition(wait, targets[i]->key, WAIT_CONDITION, condition);
    }
}

static void judge_first(struct service_wait *wait) {
    for (size_t i = 0; i < wait->count; i++) {
        struct awaited *awaited = &wait->conditions[i];
        list_add(&awaited->target->watchers, &awaited->link);
        awaited->holds = holds(awaited);
        wait->unmet += !awaited->holds;
        if (wait->reason == NULL && is_hopeless(awaited))
            wait->reason = reason_of(awaited);
    }
    if (wait->reason != NULL)
        end_later(wait);
}

// Each name once.
static void add_checks(struct service_wait *wait, const struct plan_service *config) {
    AUTO_TEXT_LIST struct text_list names = {0};
    text_list_copy(&names, &config->wait_for_checks);
    text_list_unique(&names);
    wait->checks = memory_new_array(names.count + 1, sizeof *wait->checks);
    wait->check_count = names.count;
    wait->unmet += names.count;
    for (size_t i = 0; i < names.count; i++) {
        struct awaited_check *check = &wait->checks[i];
        check->wait = wait;
        check->name = memory_string(names.items[i]);
        check->watch = check_watch_create(wait->manager, check->name, on_check_passed, check);
    }
}

struct service_wait *service_wait_begin(struct service_manager *manager, const struct service_wait_spec *spec,
                                        service_waited_fn on_waited, void *data) {
    struct service_wait *wait = memory_new(sizeof *wait);
    list_init(&wait->link);
    wait->manager = manager;
    wait->on_waited = on_waited;
    wait->data = data;
    add_conditions(wait, spec);
    judge_first(wait);
    if (spec->config != NULL)
        add_checks(wait, spec->config);
    if (wait->unmet > 0)
        return wait;
    wait_free(wait);
    return NULL;
}
