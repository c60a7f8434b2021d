// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/api_internal.h"

#include <stdlib.h>

#include "api/body_internal.h"
#include "api/call_internal.h"
#include "api/response_internal.h"
#include "base/memory.h"

struct api *api_create(const struct api_spec *spec) {
    struct api *api = memory_new(sizeof *api);
    api->spec = *spec;
    list_init(&api->calls);
    buffer_init(&api->plan_json, BUFFER_NO_LIMIT);
    api->parsers = worker_pool_create(spec->loop, "parse", BODY_PARSERS, BODY_PARSERS_QUEUE);
    buffer_init(&api->services_json, BUFFER_NO_LIMIT);
    return api;
}

void api_destroy(struct api *api) {
    if (api == NULL)
        return;
    api->is_ending = true;
    worker_pool_destroy(api->parsers);
    struct api_call *call;
    LIST_FOR_EACH (call, &api->calls, link)
        api_respond_failure(call, ERROR_CANCELLED, "request cancelled");
    plan_release(api->plan_cached);
    buffer_finish(&api->plan_json);
    buffer_finish(&api->services_json);
    free(api->maintenance_kind);
    free(api->maintenance_message);
    free(api);
}

struct http_server_hooks api_hooks(struct api *api) {
    return (struct http_server_hooks){.handle = call_begin, .responded = call_end, .data = api};
}

void api_set_maintenance(struct api *api, const char *kind, const char *message) {
    free(api->maintenance_kind);
    free(api->maintenance_message);
    api->maintenance_kind = memory_string(kind);
    api->maintenance_message = memory_string(message);
}
