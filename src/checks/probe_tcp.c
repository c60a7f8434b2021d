// SPDX-License-Identifier: GPL-3.0-or-later
// TCP probes: a connection that is closed at once. Declared in checks/probe_internal.h.
#include "checks/probe_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "net/stream.h"

struct tcp_probe {
    struct probe probe;
    struct probe_context *context;
    struct connection_attempt *attempt;
};

static void tcp_free(struct tcp_probe *tcp) {
    probe_give_back_socket(tcp->context);
    free(tcp);
}

static void on_attempt_done(struct connection_attempt *attempt UNUSED, struct stream *stream, const struct error *err,
                            void *data) {
    struct tcp_probe *tcp = data;
    const struct probe probe = tcp->probe;
    const struct probe_failure failure = {.message = error_text(err), .details = ""};
    stream_destroy(stream);
    tcp_free(tcp);
    probe.on_done(err != NULL ? &failure : NULL, probe.data);
}

static void tcp_cancel(struct probe *probe) {
    struct tcp_probe *tcp = CONTAINER_OF(probe, struct tcp_probe, probe);
    connector_cancel(tcp->attempt);
    tcp_free(tcp);
}

struct probe *probe_tcp_start(struct probe_context *context, const struct probe_spec *spec, struct error *err) {
    const struct tcp_check *config = spec->config->tcp;
    if (config->port < 0 || config->port > UINT16_MAX) {
        (void)error_set(err, ERROR_BAD_REQUEST, "dial tcp: address %lld: invalid port", (long long)config->port);
        return NULL;
    }
    if (!probe_take_socket(context, err))
        return NULL;
    const struct connect_target target = {
        .host = text_is_empty(config->host) ? "localhost" : config->host,
        .port = (uint16_t)config->port,
        .deadline_ns = spec->timeout_ns, // all addresses get a share
    };
    struct tcp_probe *tcp = memory_new(sizeof *tcp);
    tcp->probe.cancel = tcp_cancel;
    tcp->context = context;
    tcp->attempt = connector_start(context->connector, &target, on_attempt_done, tcp);
    return &tcp->probe;
}
