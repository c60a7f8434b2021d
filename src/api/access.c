// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/access_internal.h"

#include <string.h>

#include "api/api_internal.h"
#include "api/response_internal.h"
#include "base/base64.h"
#include "base/log.h"
#include "base/memory.h"

// --- basic authentication (RFC 7617) ---

struct basic {
    struct buffer text; // "USER:PASSWORD", then with a NUL in the place of the colon
    const char *user, *password;
};

// Sets neither user nor password if the header is absent or malformed, as in the reference.
static void basic_read(const struct http_exchange *exchange, struct basic *basic) {
    static const char scheme[] = "basic ";
    const char *header = http_head_get(http_exchange_head(exchange), "Authorization");
    *basic = (struct basic){.text = BUFFER_INIT(BUFFER_NO_LIMIT)};
    if (header == NULL || strncasecmp(header, scheme, sizeof scheme - 1) != 0)
        return;
    const char *encoded = header + sizeof scheme - 1;
    size_t length = strlen(encoded);
    // Memory is reserved first, because a buffer that grows leaves copies.
    if (!buffer_reserve(&basic->text, length + 1) || !base64_decode(&basic->text, encoded, length))
        return;
    char *colon = basic->text.length > 0 ? memchr(basic->text.data, ':', basic->text.length) : NULL;
    if (colon == NULL || memchr(basic->text.data, '\0', basic->text.length) != NULL)
        return;
    *colon = '\0';
    basic->user = basic->text.data;
    basic->password = colon + 1;
}

static void basic_finish(struct basic *basic) {
    if (basic->text.data != NULL)
        explicit_bzero(basic->text.data, basic->text.length);
    buffer_finish(&basic->text);
}

// --- identification ---

static void on_call_authenticated(struct authentication *authentication) {
    struct api_call *call = CONTAINER_OF(authentication, struct api_call, authentication);
    call->on_identified(call);
}

bool access_identify(struct api_call *call, access_identified_fn on_identified) {
    struct authenticator *authenticator = call->api->spec.authenticator;
    struct peer peer = http_exchange_peer(call->exchange);
    struct credentials credentials = {
        .is_local = http_exchange_transport(call->exchange) == HTTP_OVER_UNIX,
        .is_secure = http_exchange_transport(call->exchange) == HTTP_OVER_TLS,
        .certificate = http_exchange_certificate(call->exchange),
        .has_uid = peer.is_known,
        .uid = peer.uid,
    };
    struct basic basic;
    basic_read(call->exchange, &basic);
    credentials.user = basic.user;
    credentials.password = basic.password;
    call->on_identified = on_identified;
    call->authentication.on_done = on_call_authenticated;
    bool is_done = authenticator_begin(authenticator, &call->authentication, &credentials);
    basic_finish(&basic);
    return is_done;
}

void access_cancel(struct api_call *call) {
    authenticator_cancel(call->api->spec.authenticator, &call->authentication);
}

bool access_user_id(const struct api_call *call, uint32_t *user_id) {
    const struct client_identity *identity = api_identity(call);
    if (identity->has_uid)
        *user_id = identity->uid;
    return identity->has_uid;
}

bool access_is_allowed(const struct client_identity *identity, enum route_access wanted) {
    switch (wanted) {
    case FOR_ALL:
        return true;
    case FOR_READERS:
        return identity->access >= IDENTITY_READ;
    case FOR_ADMINS:
        return identity->access == IDENTITY_ADMIN;
    case FOR_METRICS:
        return identity->access >= IDENTITY_METRICS;
    case FOR_PAIRING:
        return identity->access == IDENTITY_ADMIN;
    default:
        return false;
    }
}

bool access_can_pair(const struct api_call *call) {
    const struct pairing *pairing = call->api->spec.pairing;
    return http_exchange_transport(call->exchange) == HTTP_OVER_TLS && pairing != NULL && pairing_is_open(pairing);
}

void access_deny(struct api_call *call) {
    const struct client_identity *identity = api_identity(call);
    if (identity->access != IDENTITY_UNKNOWN) {
        AUTO_BUFFER struct buffer path = BUFFER_INIT(BUFFER_NO_LIMIT);
        const char *text = http_exchange_path(call->exchange);
        url_add_path_escaped(&path, text, strlen(text));
        AUTO_FREE char *event = memory_printf("authz_fail:%s,%s", identity->user, buffer_text(&path));
        AUTO_FREE char *words =
            memory_printf("User %s not authorized to access %s", identity->user, buffer_text(&path));
        log_security(LOG_SECURITY_CRITICAL, event, words);
    }
    AUTO_ERROR struct error err = {0};
    error_set(&err, ERROR_UNAUTHORIZED, "access denied");
    error_set_code(&err, "login-required");
    api_respond_error(call, &err);
}
