// SPDX-License-Identifier: GPL-3.0-or-later
// How a hop begins: what TLS trusts, and a connection to the server or its proxy. Declared in
// http/http_client_internal.h.
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http_client_internal.h"
#include "http/proxy.h"

#define CONNECT_DEADLINE_NS (30 * NS_PER_S) // as Go's dialer

// --- connecting ---

// The attempt's time ends with the fetch's: whichever timer comes first, it is the fetch that is late.
static void fail_to_connect(struct http_fetch *fetch, const struct error *err) {
    if (err->kind == ERROR_TIMEOUT && fetch->deadline_ns != 0 && clock_monotonic_ns() >= fetch->deadline_ns) {
        fetch_expire(fetch);
        return;
    }
    const char *to_proxy = fetch->hop.proxy != NULL ? "proxyconnect tcp: " : "";
    fetch_fail(fetch, err->kind, "%s%s", to_proxy, error_text(err));
    fetch->err.errnum = err->errnum;
}

static void on_attempt_done(struct connection_attempt *attempt UNUSED, struct stream *stream, const struct error *err,
                            void *data) {
    struct http_fetch *fetch = data;
    fetch->attempt = NULL;
    if (err != NULL) {
        fail_to_connect(fetch, err);
        return;
    }
    fetch->stream = stream;
    if (fetch->hop.proxy != NULL && hop_is_secure(&fetch->hop))
        fetch_open_tunnel(fetch);
    else
        fetch_send(fetch);
}

// All addresses are to get a share of what the fetch has left.
static int64_t connect_deadline_ns(const struct http_fetch *fetch) {
    if (fetch->deadline_ns == 0)
        return CONNECT_DEADLINE_NS;
    int64_t left_ns = fetch->deadline_ns - clock_monotonic_ns();
    return left_ns < 1 ? 1 : left_ns < CONNECT_DEADLINE_NS ? left_ns : CONNECT_DEADLINE_NS;
}

static void start_attempt(struct http_fetch *fetch) {
    const struct fetch_hop *hop = &fetch->hop;
    const struct url *peer = hop->proxy != NULL ? hop->proxy : &hop->url;
    const struct connect_target target = {
        .host = peer->host, .port = (uint16_t)peer->port, .deadline_ns = connect_deadline_ns(fetch)};
    fetch_set_state(fetch, FETCH_CONNECTING);
    fetch->attempt = connector_start(fetch->client->connector, &target, on_attempt_done, fetch);
}

// --- the hop ---

static void on_trust_loaded(struct trust_wait *wait, const struct error *err) {
    struct http_fetch *fetch = CONTAINER_OF(wait, struct http_fetch, trust_wait);
    if (err != NULL)
        fetch_fail(fetch, err->kind, "%s", error_text(err));
    else
        start_attempt(fetch);
}

static void await_trust(struct http_fetch *fetch) {
    struct http_client *client = fetch->client;
    if (client->trust == NULL)
        client->trust = client_trust_create(client->loop);
    fetch_set_state(fetch, FETCH_LOADING);
    client_trust_wait(client->trust, &fetch->trust_wait, on_trust_loaded);
}

// Returns false, and fails the fetch.
static bool refuse_scheme(struct http_fetch *fetch, const char *what, const char *scheme) {
    AUTO_FREE char *quoted = text_quoted(scheme);
    fetch_fail(fetch, ERROR_BAD_REQUEST, "unsupported %s scheme %s", what, quoted);
    return false;
}

static bool check_schemes(struct http_fetch *fetch) {
    const struct fetch_hop *hop = &fetch->hop;
    if (!text_equal(hop->url.scheme, "http") && !hop_is_secure(hop))
        return refuse_scheme(fetch, "protocol", hop->url.scheme);
    return hop->proxy == NULL || text_equal(hop->proxy->scheme, "http") ||
           refuse_scheme(fetch, "proxy", hop->proxy->scheme);
}

void fetch_begin_hop(struct http_fetch *fetch) {
    fetch->hop.proxy = proxy_for(fetch->client->proxies, &fetch->hop.url);
    if (!check_schemes(fetch))
        return;
    fetch->hop_count++;
    if (fetch->hop_count == 1 && fetch->kept != NULL)
        fetch->stream = http_kept_take(fetch->kept);
    fetch->is_reused = fetch->stream != NULL;
    if (fetch->is_reused)
        fetch_send(fetch);
    else if (hop_is_secure(&fetch->hop))
        await_trust(fetch);
    else
        start_attempt(fetch);
}
