// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the API structure and the handlers.
#pragma once

#include "api/api.h"
#include "base/list.h"
#include "loop/worker_pool.h"

struct api_call;

struct api {
    struct api_spec spec;
    struct list calls;           // api_call.link: calls without a response
    struct plan *plan_cached;    // the plan of plan_json, or NULL; a reference is held
    struct buffer plan_json;     // its text, as a JSON string
    struct worker_pool *parsers; // of large bodies
    bool is_ending;
    uint64_t services_version;   // of services_json: service_manager_list_version(), 0 if there is none
    struct buffer services_json; // the list of all services, without details
    char *maintenance_kind;
    char *maintenance_message;
};

// --- handlers: each responds to its call, at once or later ---

void api_get_system_info(struct api_call *call);
void api_get_health(struct api_call *call);
void api_get_checks(struct api_call *call);
void api_post_checks(struct api_call *call);
void api_post_checks_refresh(struct api_call *call);
void api_get_services(struct api_call *call);
void api_post_services(struct api_call *call);
void api_get_service_wait(struct api_call *call);
void api_any_service(struct api_call *call);
void api_get_plan(struct api_call *call);
void api_post_layers(struct api_call *call);
void api_get_changes(struct api_call *call);
void api_get_change(struct api_call *call);
void api_post_change(struct api_call *call);
void api_get_change_wait(struct api_call *call);
void api_get_files(struct api_call *call);
void api_post_files(struct api_call *call);
void api_get_logs(struct api_call *call);
void api_get_log_targets(struct api_call *call);
void api_get_identities(struct api_call *call);
void api_post_identities(struct api_call *call);
void api_post_pairing(struct api_call *call);
void api_post_signals(struct api_call *call);
void api_get_metrics(struct api_call *call);
void api_get_notices(struct api_call *call);
void api_post_notices(struct api_call *call);
void api_get_notice(struct api_call *call);
void api_post_exec(struct api_call *call);
void api_get_task_websocket(struct api_call *call);

// --- parts of /v1/files ---

void api_read_files(struct api_call *call);                        // api_files_read.c
void api_write_files(struct api_call *call, const char *boundary); // api_files_write.c

// --- shared by handlers ---

// Checks that a list parameter of the request has no more than `most` items: ERROR_BAD_REQUEST.
bool api_check_list(struct api_call *call, const char *name, size_t most, struct error *err) NODISCARD;
// Adds the items of a list parameter of the request, with the same check.
bool api_read_list(struct api_call *call, const char *name, size_t most, struct text_list *values,
                   struct error *err) NODISCARD;
#define API_NAMES_MAX ((size_t)10000) // of services or checks in a request
// Reads the parameter "level" of the request. False if it is neither "alive" nor "ready", which api_refuse_level()
// responds to.
bool api_read_level(struct api_call *call, enum check_level *level) NODISCARD;
void api_refuse_level(struct api_call *call);
