// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the API structure and the handlers.
#pragma once

#include "api/api.h"
#include "base/list.h"

struct api_call;

struct api {
    struct api_spec spec;
    struct list calls;        // api_call.link: calls without a response
    struct plan *plan_cached; // the plan of plan_json, or NULL; a reference is held
    struct buffer plan_json;  // its text, as a JSON string
    char *maintenance_kind;
    char *maintenance_message;
};

// --- handlers: each responds to its call, at once or later ---

void api_get_system_info(struct api_call *call);
void api_get_health(struct api_call *call);
void api_get_services(struct api_call *call);
void api_post_services(struct api_call *call);
void api_any_service(struct api_call *call);
void api_get_plan(struct api_call *call);
void api_post_layers(struct api_call *call);
void api_get_changes(struct api_call *call);
void api_get_change(struct api_call *call);
void api_post_change(struct api_call *call);
void api_get_change_wait(struct api_call *call);
void api_get_logs(struct api_call *call);
void api_get_identities(struct api_call *call);
void api_post_identities(struct api_call *call);
void api_post_signals(struct api_call *call);
