// SPDX-License-Identifier: GPL-3.0-or-later
// The route table, and the way of a request through it: clean path, known path, method, access, handler.
#include "api/api.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api_internal.h"
#include "base/log.h"
#include "base/memory.h"

// Who may use an endpoint (behaviour/identities.md "Access").
enum route_access {
    FOR_ALL,     // also over TCP, without credentials
    FOR_READERS, // access "read" or "admin"
    FOR_ADMINS,
    FOR_METRICS, // access "metrics", "read" or "admin"
    FOR_PAIRING, // only while the pairing window is open
};

struct route {
    const char *pattern;
    enum route_access read_access;
    enum route_access write_access;
    api_handler_fn get;
    api_handler_fn post;
};

static void not_there_yet(struct api_call *call) {
    api_respond_failure(call, ERROR_NOT_IMPLEMENTED, "%s is not available in this version of the daemon",
                        http_exchange_path(call->exchange));
}

static const struct route routes[] = {
    {"/v1/system-info", FOR_ALL, FOR_ADMINS, api_get_system_info, NULL},
    {"/v1/health", FOR_ALL, FOR_ADMINS, api_get_health, NULL},
    {"/v1/changes", FOR_READERS, FOR_ADMINS, api_get_changes, NULL},
    {"/v1/changes/{id}", FOR_READERS, FOR_ADMINS, api_get_change, api_post_change},
    {"/v1/changes/{id}/wait", FOR_READERS, FOR_ADMINS, api_get_change_wait, NULL},
    {"/v1/services", FOR_READERS, FOR_ADMINS, api_get_services, api_post_services},
    {"/v1/services/{name}", FOR_READERS, FOR_ADMINS, api_any_service, api_any_service},
    {"/v1/plan", FOR_ADMINS, FOR_ADMINS, api_get_plan, NULL},
    {"/v1/layers", FOR_ADMINS, FOR_ADMINS, NULL, api_post_layers},
    {"/v1/files", FOR_ADMINS, FOR_ADMINS, not_there_yet, not_there_yet},
    {"/v1/logs", FOR_READERS, FOR_ADMINS, api_get_logs, NULL},
    {"/v1/exec", FOR_ADMINS, FOR_ADMINS, NULL, not_there_yet},
    {"/v1/tasks/{task}/websocket/{websocket}", FOR_ADMINS, FOR_ADMINS, not_there_yet, NULL},
    {"/v1/signals", FOR_ADMINS, FOR_ADMINS, NULL, api_post_signals},
    {"/v1/checks", FOR_READERS, FOR_ADMINS, not_there_yet, not_there_yet},
    {"/v1/checks/refresh", FOR_ADMINS, FOR_ADMINS, NULL, not_there_yet},
    {"/v1/notices", FOR_READERS, FOR_READERS, not_there_yet, not_there_yet},
    {"/v1/notices/{id}", FOR_READERS, FOR_ADMINS, not_there_yet, NULL},
    {"/v1/identities", FOR_READERS, FOR_ADMINS, not_there_yet, not_there_yet},
    {"/v1/pairing", FOR_ADMINS, FOR_PAIRING, NULL, not_there_yet},
    {"/v1/metrics", FOR_METRICS, FOR_ADMINS, not_there_yet, NULL},
};

// --- calls ---

static struct api_call *call_create(struct api *api, struct http_exchange *exchange) {
    struct api_call *call = memory_new(sizeof *call);
    call->api = api;
    call->exchange = exchange;
    list_add(&api->calls, &call->link);
    http_exchange_set_context(exchange, call);
    return call;
}

static void call_destroy(struct api_call *call) {
    if (call->release_waiting != NULL)
        call->release_waiting(call->waiting);
    checkpoint_wait_cancel(call->api->spec.checkpoint, &call->save);
    buffer_finish(&call->saved_response);
    list_remove(&call->link);
    free(call);
}

// Who asks: over the socket the peer's uid, root and the daemon's own being admins.
static void identify(struct api_call *call) {
    struct peer peer = http_exchange_peer(call->exchange);
    (void)snprintf(call->user, sizeof call->user, "<unknown>");
    if (http_exchange_transport(call->exchange) != HTTP_OVER_UNIX || !peer.is_known)
        return;
    (void)snprintf(call->user, sizeof call->user, "%u", peer.uid);
    call->access = peer.uid == 0 || peer.uid == getuid() ? ACCESS_ADMIN : ACCESS_READ;
}

static bool may_use(enum access access, enum route_access wanted) {
    switch (wanted) {
    case FOR_ALL:
        return true;
    case FOR_READERS:
        return access >= ACCESS_READ;
    case FOR_ADMINS:
        return access == ACCESS_ADMIN;
    case FOR_METRICS:
        return access >= ACCESS_METRICS;
    default: // nothing opens the pairing window
        return false;
    }
}

static void deny(struct api_call *call) {
    if (call->access != ACCESS_NONE) {
        AUTO_BUFFER struct buffer path = BUFFER_INIT(BUFFER_NO_LIMIT);
        const char *text = http_exchange_path(call->exchange);
        url_add_path_escaped(&path, text, strlen(text));
        AUTO_FREE char *event = memory_printf("authz_fail:%s,%s", call->user, buffer_text(&path));
        AUTO_FREE char *words = memory_printf("User %s not authorized to access %s", call->user, buffer_text(&path));
        log_security(LOG_SECURITY_CRITICAL, event, words);
    }
    api_respond_failure(call, ERROR_UNAUTHORIZED, "access denied");
}

static const struct route *find_route(struct api_call *call) {
    const char *path = http_exchange_path(call->exchange);
    for (size_t i = 0; i < ARRAY_COUNT(routes); i++) {
        if (route_fits(routes[i].pattern, path, &call->match))
            return &routes[i];
    }
    return NULL;
}

static void dispatch(struct api_call *call, const struct route *route) {
    const char *method = http_exchange_method(call->exchange);
    bool is_read = text_equal(method, "GET");
    api_handler_fn handler = is_read ? route->get : text_equal(method, "POST") ? route->post : NULL;
    if (handler == NULL) {
        AUTO_FREE char *quoted = text_quoted(method);
        api_respond_failure(call, ERROR_METHOD_NOT_ALLOWED, "method %s not allowed", quoted);
        return;
    }
    identify(call);
    if (may_use(call->access, is_read ? route->read_access : route->write_access))
        handler(call);
    else
        deny(call);
}

static void on_request(struct http_exchange *exchange, void *data) {
    struct api *api = data;
    if (route_redirect(exchange))
        return;
    struct api_call *call = call_create(api, exchange);
    const struct route *route = find_route(call);
    if (route == NULL)
        api_respond_failure(call, ERROR_NOT_FOUND, "invalid API endpoint requested");
    else
        dispatch(call, route);
}

// --- the request log ---

// What is asked again and again is not worth a line.
static bool is_logged(const struct http_exchange *exchange) {
    static const char changes[] = "/v1/changes/";
    const char *path = http_exchange_path(exchange);
    if (!text_equal(http_exchange_method(exchange), "GET"))
        return true;
    if (text_has_prefix(path, changes))
        return strchr(path + sizeof changes - 1, '/') != NULL;
    return !text_equal(path, "/v1/system-info") && !text_equal(path, "/v1/health");
}

static void on_request_responded(const struct http_exchange *exchange, int status, int64_t duration_ns,
                                 void *data UNUSED) {
    struct api_call *call = http_exchange_context(exchange);
    if (call != NULL)
        call_destroy(call);
    if (!is_logged(exchange))
        return;
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    http_exchange_log_target(exchange, &target);
    char duration[DURATION_TEXT_SIZE];
    duration_format(duration_ns, duration);
    const char *remote = http_exchange_remote(exchange);
    log_notice("%s%s%s %s %s %d (%s)", remote, remote[0] != '\0' ? " " : "", http_exchange_method(exchange),
               buffer_text(&target), duration, status,
               http_exchange_transport(exchange) == HTTP_OVER_UNIX ? "http+unix" : "http");
}

// --- the API as a whole ---

struct api *api_create(const struct api_spec *spec) {
    struct api *api = memory_new(sizeof *api);
    api->spec = *spec;
    list_init(&api->calls);
    buffer_init(&api->plan_json, BUFFER_NO_LIMIT);
    return api;
}

void api_destroy(struct api *api) {
    if (api == NULL)
        return;
    plan_release(api->plan_cached);
    buffer_finish(&api->plan_json);
    free(api->maintenance_kind);
    free(api->maintenance_message);
    free(api);
}

struct http_server_hooks api_hooks(struct api *api) {
    return (struct http_server_hooks){.handle = on_request, .responded = on_request_responded, .data = api};
}

void api_set_maintenance(struct api *api, const char *kind, const char *message) {
    free(api->maintenance_kind);
    free(api->maintenance_message);
    api->maintenance_kind = memory_string(kind);
    api->maintenance_message = memory_string(message);
}
