// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: one request on its way through the API, and the forms of answers.
#pragma once

#include "api/api.h"
#include "data/json.h"
#include "http/http_body.h"
#include "http/http_response.h"
#include "http/router.h"

#define JSON_CONTENT_TYPE "application/json"
#define BODY_LIMIT_BYTES ((size_t)33554432) // of a JSON request

enum access { ACCESS_NONE, ACCESS_UNTRUSTED, ACCESS_METRICS, ACCESS_READ, ACCESS_ADMIN };

struct api {
    struct api_spec spec;
    struct list calls;        // api_call.link: all that are not answered yet
    struct plan *plan_cached; // whose text plan_json is; a reference is held
    struct buffer plan_json;  // as a JSON string
    char *maintenance_kind;
    char *maintenance_message;
};

struct api_call;
typedef void (*api_handler_fn)(struct api_call *call);
typedef void (*api_json_fn)(struct api_call *call, const json_t *body);

struct api_call {
    struct list link;
    struct api *api;
    struct http_exchange *exchange;
    struct route_match match;
    enum access access;
    char user[16]; // the peer's uid as text; "<unknown>" without one
    api_json_fn on_json;
    const char *decode_error;
    struct checkpoint_wait save; // an answer that waits for the state file
    struct buffer saved_response;
    int saved_status;
    void *waiting;                          // a handler's own structure while the request is kept
    void (*release_waiting)(void *waiting); // called when the request has been answered
};

static inline const struct url_query *api_query(struct api_call *call) {
    return http_exchange_query(call->exchange);
}

// Reads the JSON body and passes it on; a body that is none is answered with `decode_error` and the reason.
void api_read_json(struct api_call *call, const char *decode_error, api_json_fn on_json);

// --- answers; each ends the call ---
void api_respond_result(struct api_call *call, const struct buffer *result); // 200, `result` is JSON text
void api_respond_result_status(struct api_call *call, int status, const struct buffer *result); // still type "sync"
void api_respond_true(struct api_call *call);
void api_respond_change(struct api_call *call, const struct change *change); // 202, once it is on the disk
void api_respond_error(struct api_call *call, const struct error *err);      // its kind decides the status
void api_respond_failure(struct api_call *call, enum error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

// --- resources ---
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
