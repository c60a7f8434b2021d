// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/metrics: counters and gauges in the text format of Prometheus
// (https://prometheus.io/docs/instrumenting/exposition_formats/). As in the reference, HELP and TYPE precede every
// series, and an empty line follows it. The format allows them once for each name: Prometheus accepts this, promtool
// and other strict parsers do not. Declared in api/api_internal.h.
#include <inttypes.h>

#include "api/api_internal.h"
#include "api/call_internal.h"
#include "http/http_response.h"

#define METRICS_CONTENT_TYPE "text/plain; charset=utf-8"

struct metric {
    const char *name, *type, *label, *help;
};

static const struct metric service_active = {"pebble_service_active", "gauge", "service",
                                             "Whether the service is currently active (1) or not (0)"};
static const struct metric service_start_count = {"pebble_service_start_count", "counter", "service",
                                                  "Number of times the service has started"};
static const struct metric check_up = {"pebble_check_up", "gauge", "check",
                                       "Whether the health check is up (1) or not (0)"};
static const struct metric check_success_count = {"pebble_check_success_count", "counter", "check",
                                                  "Number of times the check has succeeded"};
static const struct metric check_failure_count = {"pebble_check_failure_count", "counter", "check",
                                                  "Number of times the check has failed"};

static void write_series(struct buffer *out, const struct metric *metric, const char *label, int64_t value) {
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s{%s=", metric->name, metric->help, metric->name, metric->type,
                  metric->name, metric->label);
    text_quote(out, label);
    buffer_printf(out, "} %" PRId64 "\n\n", value);
}

static void add_service(const char *name, bool is_active, int64_t start_count, void *out) {
    write_series(out, &service_active, name, is_active ? 1 : 0);
    write_series(out, &service_start_count, name, start_count);
}

// An inactive check is neither up nor down.
static void add_check(const struct check_counts *check, void *out) {
    if (check->is_active)
        write_series(out, &check_up, check->name, check->is_up ? 1 : 0);
    write_series(out, &check_success_count, check->name, check->success_count);
    write_series(out, &check_failure_count, check->name, check->failure_count);
}

void api_get_metrics(struct api_call *call) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    service_manager_counts(call->api->spec.services, add_service, &text);
    check_manager_counts(call->api->spec.checks, add_check, &text);
    http_respond(call->exchange, 200, METRICS_CONTENT_TYPE, text.data, text.length);
}
