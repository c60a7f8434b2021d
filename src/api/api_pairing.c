// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/pairing. What each client may do is in docs/internals/access.md.
#include "api/api_internal.h"

#include "api/access_internal.h"
#include "api/body_internal.h"
#include "api/response_internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#define DECODE_ERROR "cannot decode request body"
#define TIMEOUT_DEFAULT_NS (120 * NS_PER_S)
#define TIMEOUT_MIN_NS NS_PER_S
#define TIMEOUT_MAX_NS (600 * NS_PER_S)

// --- pair ---

static void pair(struct api_call *call) {
    AUTO_ERROR struct error err = {0};
    if (pairing_pair(call->api->spec.pairing, http_exchange_certificate(call->exchange), &err)) {
        api_respond_saved(call);
        return;
    }
    error_prefix(&err, "cannot pair client: ");
    api_respond_error(call, &err);
}

// --- enable ---

// Leaves the default if there is none.
static bool read_timeout(const json_t *body, int64_t *timeout_ns, struct error *err) {
    const char *text = "";
    int64_t parsed_ns = *timeout_ns;
    if (!json_get_text(body, "request", "timeout", &text, err))
        return error_prefix(err, DECODE_ERROR ": ");
    if (!text_is_empty(text) && !duration_parse(text, &parsed_ns, err))
        return error_prefix(err, "invalid timeout: ");
    if (parsed_ns < TIMEOUT_MIN_NS || parsed_ns > TIMEOUT_MAX_NS)
        return error_set(err, ERROR_BAD_REQUEST, "invalid timeout: must be from 1s to 10m");
    *timeout_ns = parsed_ns;
    return true;
}

static void log_enabling(const struct api_call *call, int64_t timeout_ns) {
    char timeout[DURATION_TEXT_SIZE];
    duration_format(timeout_ns, timeout);
    AUTO_FREE char *event = memory_printf("authz_admin:%s,enable_pairing", api_identity(call)->user);
    AUTO_FREE char *words = memory_printf("Enabling pairing for %s", timeout);
    log_security(LOG_SECURITY_WARN, event, words);
}

static void respond_enabled(struct api_call *call, int64_t timeout_ns) {
    struct wall_time expires = clock_now();
    char text[CLOCK_TEXT_SIZE];
    expires.ns = clock_add_ns(expires.ns, timeout_ns);
    clock_format(expires, text);
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "expires", text);
    json_writer_end_object(&writer);
    api_respond_result(call, &result);
}

static void enable(struct api_call *call, const json_t *body) {
    int64_t timeout_ns = TIMEOUT_DEFAULT_NS;
    AUTO_ERROR struct error err = {0};
    if (!read_timeout(body, &timeout_ns, &err) || !pairing_open(call->api->spec.pairing, timeout_ns, &err)) {
        api_respond_error(call, &err);
        return;
    }
    log_enabling(call, timeout_ns);
    respond_enabled(call, timeout_ns);
}

// --- the request ---

// The body comes later than the head: the window may have been opened or closed in between.
static void act(struct api_call *call, const char *action, const json_t *body) {
    bool is_admin = api_identity(call)->access == IDENTITY_ADMIN;
    if (is_admin && text_equal(action, "enable") && call->api->spec.pairing != NULL) {
        enable(call, body);
    } else if (!access_can_pair(call)) {
        access_deny(call);
    } else if (text_equal(action, "pair")) {
        pair(call);
    } else {
        AUTO_FREE char *quoted = text_quoted(action);
        api_respond_failure(call, ERROR_BAD_REQUEST, "invalid action %s, must be \"pair\"", quoted);
    }
}

static void on_pairing_body(struct api_call *call, const json_t *body) {
    const char *action = "";
    AUTO_ERROR struct error err = {0};
    if (json_get_text(body, "request", "action", &action, &err))
        act(call, action, body);
    else
        api_respond_decode_error(call, &err);
}

// While the window is closed, clients see nothing but 401, as in the reference, unless they enable pairing.
static void on_any_body(struct api_call *call, const json_t *body) {
    const char *action = "";
    (void)!json_get_text(body, "request", "action", &action, NULL);
    act(call, action, body);
}

void api_post_pairing(struct api_call *call) {
    if (access_can_pair(call))
        api_read_small_json(call, DECODE_ERROR, on_pairing_body);
    else
        api_read_small_json(call, NULL, on_any_body);
}
