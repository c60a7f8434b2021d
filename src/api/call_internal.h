// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: a call, which is the processing of one request. Its life cycle is in call.c.
//
//   created -> identifying -> handled -> responded, freed
//      |            |
//      +------------+--> refused (301, 404, 405, 401), freed
//
// A call is freed when its response is passed to the server. No function of api/ uses a call after it has responded.
#pragma once

#include "api/api.h"
#include "api/routes_internal.h"
#include "data/json.h"
#include "state/checkpoint.h"

enum call_phase { CALL_CREATED, CALL_IDENTIFYING, CALL_HANDLED };

struct api_call {
    struct list link;
    struct api *api;
    struct http_exchange *exchange;
    enum call_phase phase;
    struct route_match match;

    api_handler_fn handler;
    enum route_access wanted;
    struct authentication authentication;
    void (*on_identified)(struct api_call *call);

    void (*on_json)(struct api_call *call, const json_t *body); // body.c
    const char *decode_error;                                   // NULL: a body that is not JSON is none
    const struct buffer *body;                                  // its text, while on_json runs

    struct checkpoint_wait save;  // response.c: waits for the state file
    struct buffer saved_response; // without the end of the envelope
    struct json_writer saved_writer;
    struct share_call saved_turn;
    int saved_status; // of HTTP

    bool wants_advice; // api_plan.c

    void *kept; // structure of the handler, see call_keep()
    void (*destroy_kept)(void *kept);
};

// Hooks of the server.
void call_begin(struct http_exchange *exchange, void *api);
void call_end(const struct http_exchange *exchange, int status, int64_t duration_ns, void *api);

static inline const struct url_query *api_query(struct api_call *call) {
    return http_exchange_query(call->exchange);
}

// Who asks. All zero at an endpoint that is open to all.
static inline const struct client_identity *api_identity(const struct api_call *call) {
    return &call->authentication.identity;
}

// Attaches a structure to the call, to be destroyed with it. At most once per call.
static inline void call_keep(struct api_call *call, void *kept, void (*destroy)(void *kept)) {
    call->kept = kept;
    call->destroy_kept = destroy;
}
