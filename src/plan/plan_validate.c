// SPDX-License-Identifier: GPL-3.0-or-later
// Checks the combined content. Only the first fault of an entry is reported, as others often follow from it. Declared
// in plan/content_internal.h.
#include "plan/content_internal.h"

#include <string.h>

#include "base/accounts.h"
#include "base/memory.h"

static void validate_services(const struct plan_content *content, struct diagnostics *diagnostics) {
    AUTO_FREE struct map_entry **entries = map_sorted(&content->services);
    for (size_t i = 0; entries[i] != NULL; i++) {
        const struct plan_service *service = entries[i]->value;
        if (text_is_empty(service->command)) {
            AUTO_FREE char *name = text_quoted(entries[i]->key);
            diagnostics_add(diagnostics, "plan must define \"command\" for service %s", name);
        }
    }
}

static void validate_check(const struct plan_content *content, const struct plan_check *check,
                           struct diagnostics *diagnostics) {
    AUTO_FREE char *name = text_quoted(check->name);
    const char *context = check->exec == NULL ? NULL : check->exec->service_context;
    int kinds = (check->http != NULL) + (check->tcp != NULL) + (check->exec != NULL);
    if (check->http != NULL && text_is_empty(check->http->url)) {
        diagnostics_add(diagnostics, "plan must set \"url\" for http check %s", name);
    } else if (check->tcp != NULL && check->tcp->port == 0) {
        diagnostics_add(diagnostics, "plan must set \"port\" for tcp check %s", name);
    } else if (check->exec != NULL && text_is_empty(check->exec->command)) {
        diagnostics_add(diagnostics, "plan must set \"command\" for exec check %s", name);
    } else if (!text_is_empty(context) && !map_has(&content->services, context)) {
        AUTO_FREE char *service = text_quoted(context);
        diagnostics_add(diagnostics, "plan check %s service context specifies non-existent service %s", name, service);
    } else if (kinds != 1) {
        diagnostics_add(diagnostics, "plan must specify one of \"http\", \"tcp\", or \"exec\" for check %s", name);
    }
}

static void validate_checks(const struct plan_content *content, struct diagnostics *diagnostics) {
    AUTO_FREE struct map_entry **entries = map_sorted(&content->checks);
    for (size_t i = 0; entries[i] != NULL; i++)
        validate_check(content, entries[i]->value, diagnostics);
}

// The first of a log target's services that is not in the plan, or NULL.
static const char *find_unknown_service(const struct plan_content *content, const struct plan_log_target *target) {
    for (size_t i = 0; i < target->services.count; i++) {
        const char *name = target->services.items[i];
        name += name[0] == '-';
        if (strcmp(name, "all") != 0 && !map_has(&content->services, name))
            return name;
    }
    return NULL;
}

static void validate_log_targets(const struct plan_content *content, struct diagnostics *diagnostics) {
    AUTO_FREE struct map_entry **entries = map_sorted(&content->log_targets);
    for (size_t i = 0; entries[i] != NULL; i++) {
        const struct plan_log_target *target = entries[i]->value;
        AUTO_FREE char *name = text_quoted(entries[i]->key);
        const char *unknown = find_unknown_service(content, target);
        if (target->type == LOG_TARGET_UNSET) {
            diagnostics_add(diagnostics,
                            "plan must define \"type\" (\"loki\", \"opentelemetry\" or \"syslog\") for log target %s",
                            name);
        } else if (unknown != NULL) {
            AUTO_FREE char *quoted = text_quoted(unknown);
            diagnostics_add(diagnostics, "log target %s specifies unknown service %s", name, quoted);
        } else if (text_is_empty(target->location)) {
            diagnostics_add(diagnostics, "plan must define \"location\" for log target %s", name);
        }
    }
}

static void validate_requires(const struct plan_content *content, struct diagnostics *diagnostics) {
    AUTO_FREE struct map_entry **entries = map_sorted(&content->services);
    for (size_t i = 0; entries[i] != NULL; i++) {
        const struct text_list *requires = &((const struct plan_service *)entries[i]->value)->requires;
        diagnostics->place =
            (struct place){.section = "services", .noun = "service", .name = entries[i]->key, .key = "requires"};
        for (size_t k = 0; k < requires->count; k++) {
            if (!map_has(&content->services, requires->items[k])) {
                AUTO_FREE char *quoted = text_quoted(requires->items[k]);
                diagnostics_add(diagnostics, "service %s does not exist", quoted);
            }
        }
    }
    diagnostics->place = (struct place){0};
}

static void validate_use_of_workloads(const struct plan_content *content, struct diagnostics *diagnostics) {
    AUTO_FREE struct map_entry **entries = map_sorted(&content->services);
    for (size_t i = 0; entries[i] != NULL; i++) {
        const struct plan_service *service = entries[i]->value;
        if (text_is_empty(service->workload))
            continue;
        AUTO_FREE char *name = text_quoted(entries[i]->key);
        if (!map_has(&content->workloads, service->workload)) {
            AUTO_FREE char *workload = text_quoted(service->workload);
            diagnostics_add(diagnostics, "workload %s: not defined for service %s", workload, name);
        } else if (service->user_id.is_set || !text_is_empty(service->user)) {
            diagnostics_add(diagnostics, "plan service %s cannot have user information and a workload at the same time",
                            name);
        } else if (service->group_id.is_set || !text_is_empty(service->group)) {
            diagnostics_add(diagnostics,
                            "plan service %s cannot have group information and a workload at the same time", name);
        }
    }
}

static void validate_workloads(const struct plan_content *content, struct diagnostics *diagnostics) {
    AUTO_FREE struct map_entry **entries = map_sorted(&content->workloads);
    for (size_t i = 0; entries[i] != NULL; i++) {
        const struct plan_workload *workload = entries[i]->value;
        struct account_request request = {
            .user_id = workload->user_id.is_set ? &workload->user_id.value : NULL,
            .user = workload->user,
            .group_id = workload->group_id.is_set ? &workload->group_id.value : NULL,
            .group = workload->group,
        };
        struct account_choice choice;
        AUTO_ERROR struct error err = {0};
        if (!account_resolve(&request, &choice, &err)) {
            AUTO_FREE char *name = text_quoted(entries[i]->key);
            diagnostics_add(diagnostics, "workload %s: %s", name, error_text(&err));
        }
    }
}

void content_validate(const struct plan_content *content, struct diagnostics *diagnostics) {
    validate_services(content, diagnostics);
    validate_checks(content, diagnostics);
    validate_log_targets(content, diagnostics);
    validate_requires(content, diagnostics);
    services_validate(content, diagnostics);
    content_find_loops(content, diagnostics);
    validate_use_of_workloads(content, diagnostics);
    validate_workloads(content, diagnostics);
}
