// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/routes_internal.h"

#include "api/api_internal.h"
#include "base/text.h"

static const struct route routes[] = {
    {"/v1/system-info", FOR_ALL, FOR_ADMINS, api_get_system_info, NULL},
    {"/v1/health", FOR_ALL, FOR_ADMINS, api_get_health, NULL},
    {"/v1/changes", FOR_READERS, FOR_ADMINS, api_get_changes, NULL},
    {"/v1/changes/{id}", FOR_READERS, FOR_ADMINS, api_get_change, api_post_change},
    {"/v1/changes/{id}/wait", FOR_READERS, FOR_ADMINS, api_get_change_wait, NULL},
    {"/v1/services", FOR_READERS, FOR_ADMINS, api_get_services, api_post_services},
    {"/v1/services/{name}", FOR_READERS, FOR_ADMINS, api_any_service, api_any_service},
    {"/v1/services/{name}/wait", FOR_READERS, FOR_ADMINS, api_get_service_wait, NULL},
    {"/v1/plan", FOR_ADMINS, FOR_ADMINS, api_get_plan, NULL},
    {"/v1/layers", FOR_ADMINS, FOR_ADMINS, NULL, api_post_layers},
    {"/v1/files", FOR_ADMINS, FOR_ADMINS, api_get_files, api_post_files},
    {"/v1/logs", FOR_READERS, FOR_ADMINS, api_get_logs, NULL},
    {"/v1/log-targets", FOR_READERS, FOR_ADMINS, api_get_log_targets, NULL},
    {"/v1/exec", FOR_ADMINS, FOR_ADMINS, NULL, api_post_exec},
    {"/v1/tasks/{task}/websocket/{websocket}", FOR_ADMINS, FOR_ADMINS, api_get_task_websocket, NULL},
    {"/v1/signals", FOR_ADMINS, FOR_ADMINS, NULL, api_post_signals},
    {"/v1/checks", FOR_READERS, FOR_ADMINS, api_get_checks, api_post_checks},
    {"/v1/checks/refresh", FOR_ADMINS, FOR_ADMINS, NULL, api_post_checks_refresh},
    {"/v1/notices", FOR_READERS, FOR_READERS, api_get_notices, api_post_notices},
    {"/v1/notices/{id}", FOR_READERS, FOR_ADMINS, api_get_notice, NULL},
    {"/v1/identities", FOR_READERS, FOR_ADMINS, api_get_identities, api_post_identities},
    {"/v1/pairing", FOR_ADMINS, FOR_PAIRING, NULL, api_post_pairing},
    {"/v1/metrics", FOR_METRICS, FOR_ADMINS, api_get_metrics, NULL},
};

const struct route *route_find(const char *path, struct route_match *match) {
    for (size_t i = 0; i < ARRAY_COUNT(routes); i++) {
        if (route_fits(routes[i].pattern, path, match))
            return &routes[i];
    }
    return NULL;
}

api_handler_fn route_handler(const struct route *route, const char *method, enum route_access *access) {
    if (text_equal(method, "GET")) {
        *access = route->read_access;
        return route->get;
    }
    if (text_equal(method, "POST")) {
        *access = route->write_access;
        return route->post;
    }
    return NULL;
}
