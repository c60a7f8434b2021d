// SPDX-License-Identifier: LGPL-3.0-or-later
// The metrics of the daemon. Declared in pebble.h.
#include "client/query_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "client/blocking_internal.h"

struct pebble_metrics {
    char *text;
    size_t length;
};

void pebble_metrics_destroy(struct pebble_metrics *metrics) {
    if (metrics == NULL)
        return;
    free(metrics->text);
    free(metrics);
}

const char *pebble_metrics_text(const struct pebble_metrics *metrics, size_t *length) {
    if (length != NULL)
        *length = metrics->length;
    return metrics->text;
}

static void destroy_metrics(void *result) {
    pebble_metrics_destroy(result);
}

static void *read_metrics(struct client_response *response, struct pebble_error *error UNUSED) {
    struct pebble_metrics *metrics = memory_new(sizeof *metrics);
    metrics->text = TAKE(response->text);
    metrics->length = response->text_length;
    return metrics;
}

static const struct client_result_type metrics_result = {destroy_metrics};
static const struct client_query_type metrics_query = {CLIENT_RESPONSE_TEXT, &metrics_result, read_metrics};

bool pebble_call_get_metrics(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error) {
    const struct client_request request = {.method = "GET", .target = "/v1/metrics"};
    return client_query_start(client, &request, &metrics_query, call, error);
}

struct pebble_metrics *pebble_call_take_metrics(struct pebble_call *call) {
    return client_call_take_result(call, &metrics_result);
}

bool pebble_get_metrics(struct pebble_client *client, struct pebble_metrics **metrics, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_metrics(client, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *metrics = pebble_call_take_metrics(call);
    return true;
}
