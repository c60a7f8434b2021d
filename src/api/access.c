// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/access_internal.h"

#include <stdio.h>

#include "api/api_internal.h"
#include "base/memory.h"

// Over the Unix socket, root and the daemon's own user are admins.
static void identify_by_peer(struct api_call *call) {
    struct peer peer = http_exchange_peer(call->exchange);
    struct api_identity *identity = &call->identity;
    (void)snprintf(identity->user, sizeof identity->user, "<unknown>");
    if (http_exchange_transport(call->exchange) != HTTP_OVER_UNIX || !peer.is_known)
        return;
    (void)snprintf(identity->user, sizeof identity->user, "%u", peer.uid);
    identity->access = peer_is_administrator(&peer) ? API_ACCESS_ADMIN : API_ACCESS_READ;
}

static void on_call_authenticated(struct api_authentication *authentication) {
    struct api_call *call = CONTAINER_OF(authentication, struct api_call, authentication);
    call->identity = authentication->identity;
    call->on_identified(call);
}

bool access_identify(struct api_call *call, access_identified_fn on_identified) {
    const struct api_authenticator *authenticator = &call->api->spec.authenticator;
    identify_by_peer(call);
    if (authenticator->begin == NULL)
        return true;
    call->on_identified = on_identified;
    call->authentication = (struct api_authentication){
        .exchange = call->exchange, .identity = call->identity, .on_done = on_call_authenticated};
    if (!authenticator->begin(&call->authentication, authenticator->data))
        return false;
    call->identity = call->authentication.identity;
    return true;
}

void access_cancel(struct api_call *call) {
    const struct api_authenticator *authenticator = &call->api->spec.authenticator;
    authenticator->cancel(&call->authentication, authenticator->data);
}

bool access_user_id(const struct api_call *call, uint32_t *user_id) {
    struct peer peer = http_exchange_peer(call->exchange);
    if (http_exchange_transport(call->exchange) != HTTP_OVER_UNIX || !peer.is_known)
        return false;
    *user_id = peer.uid;
    return true;
}

bool access_is_allowed(const struct api_identity *identity, enum route_access wanted) {
    switch (wanted) {
    case FOR_ALL:
        return true;
    case FOR_READERS:
        return identity->access >= API_ACCESS_READ;
    case FOR_ADMINS:
        return identity->access == API_ACCESS_ADMIN;
    case FOR_METRICS:
        return identity->access >= API_ACCESS_METRICS;
    default: // the pairing window is never open
        return false;
    }
}
