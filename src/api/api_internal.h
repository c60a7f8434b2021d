// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the API itself, and its resources.
#pragma once

#include "api/api.h"
#include "base/list.h"

struct api_call;

struct api {
    struct api_spec spec;
    struct list calls;        // api_call.link: all that are not responded to yet
    struct plan *plan_cached; // whose text plan_json is; a reference is held
    struct buffer plan_json;  // as a JSON string
    char *maintenance_kind;
    char *maintenance_message;
};

// --- resources: each handler responds to its call, now or later ---

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
void api_post_signals(struct api_call *call);
