// SPDX-License-Identifier: GPL-3.0-or-later
// Service contexts of commands. Declared in plan/plan.h.
#include "plan/plan.h"

#include <stdlib.h>

#include "base/memory.h"

static void add_environment(struct map *environment, const struct map *other) {
    for (const struct map_entry *e = map_first(other); e != NULL; e = map_next(other, e))
        map_set(environment, e->key, memory_string(e->value));
}

static void set_text(char **member, const char *text) {
    if (!text_is_empty(text)) {
        free(*member);
        *member = memory_string(text);
    }
}

static void set_id(struct optional_id *member, struct optional_id id) {
    if (id.is_set)
        *member = id;
}

bool plan_merge_context(const struct plan *plan, const char *service_name, const struct run_context *overrides,
                        struct run_context *merged, struct error *err) {
    const struct plan_service *service = NULL;
    if (!text_is_empty(service_name)) {
        service = plan_find_service(plan, service_name);
        if (service == NULL) {
            AUTO_FREE char *quoted = text_quoted(service_name);
            return error_set(err, ERROR_BAD_REQUEST, "context service %s not found", quoted);
        }
    }
    struct run_context context = {0};
    map_init(&context.environment, free);
    if (service != NULL) {
        add_environment(&context.environment, &service->environment);
        set_id(&context.user_id, service->user_id);
        set_text(&context.user, service->user);
        set_id(&context.group_id, service->group_id);
        set_text(&context.group, service->group);
        set_text(&context.working_dir, service->working_dir);
    }
    add_environment(&context.environment, &overrides->environment);
    set_id(&context.user_id, overrides->user_id);
    set_text(&context.user, overrides->user);
    set_id(&context.group_id, overrides->group_id);
    set_text(&context.group, overrides->group);
    set_text(&context.working_dir, overrides->working_dir);
    *merged = context;
    return true;
}

void run_context_finish(struct run_context *context) {
    map_finish(&context->environment);
    free(context->user);
    free(context->group);
    free(context->working_dir);
    *context = (struct run_context){0};
}

static void replace_text(char **member, char **other) {
    free(*member);
    *member = TAKE(*other);
}

struct plan_check *plan_check_with_context(const struct plan *plan, const struct plan_check *config) {
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
