// SPDX-License-Identifier: GPL-3.0-or-later
// The good responses of the daemon of hostile_daemon.h: one for each request of the API.
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

enum hostile_form { HOSTILE_JSON, HOSTILE_TEXT, HOSTILE_LINES, HOSTILE_PARTS, HOSTILE_FRAMES, HOSTILE_FORM_COUNT };

struct hostile_route {
    const char *request; // its beginning: "GET /v1/plan"
    const char *content; // JSON: the result; else the body
    enum hostile_form form;
    bool is_async;
    bool is_one;        // the result is a list of one
    bool is_any;        // of pebble_request(), which takes any type
    bool is_unneeded;   // a command ends well without these frames
    bool is_tried_more; // after a lost connection, for ten seconds
};
extern const struct hostile_route hostile_routes[];
extern const unsigned hostile_route_count;
// The first one that matches; the count if there is none.
unsigned hostile_route_find(const char *request);

struct hostile_response {
    const struct hostile_route *route;
    struct buffer head; // without what says how long the body is, and the empty line
    struct buffer body;
    size_t json_start; // the JSON text in the body
    size_t json_length;
};
void hostile_response_make(struct hostile_response *response, const struct hostile_route *route, const char *request);
void hostile_response_finish(struct hostile_response *response);

enum hostile_framing { HOSTILE_LENGTH, HOSTILE_CHUNKED, HOSTILE_UNTIL_CLOSE };
// Adds the head, up to the empty line.
void hostile_add_head(struct buffer *out, const struct hostile_response *response, enum hostile_framing framing);
// Adds the whole. In HOSTILE_CHUNKED there are two chunks, if the body is not empty.
void hostile_add_response(struct buffer *out, const struct hostile_response *response, enum hostile_framing framing);
