/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: the metrics of the daemon, and the pairing of clients. Part of pebble.h, which includes it.
 */
#ifndef PEBBLE_METRICS_H
#define PEBBLE_METRICS_H

#include "../pebble.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pebble_metrics;
/* The counters and gauges of services and checks. */
bool pebble_get_metrics(struct pebble_client *client, struct pebble_metrics **metrics, struct pebble_error *error);
bool pebble_call_get_metrics(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error);
struct pebble_metrics *pebble_call_take_metrics(struct pebble_call *call);
/* In the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). *length (may be
 * NULL) does not count the NUL at the end. */
const char *pebble_metrics_text(const struct pebble_metrics *metrics, size_t *length);
void pebble_metrics_destroy(struct pebble_metrics *metrics); /* NULL is allowed */

/* Lets clients pair for a time: 1 second to 10 minutes; 0: the daemon's default, 2 minutes. Only for
 * admins. *expires_ns (may be NULL): when it ends, since 1970. Canonical's Pebble, and a plan that disables pairing,
 * refuse. */
bool pebble_enable_pairing(struct pebble_client *client, int64_t timeout_ns, int64_t *expires_ns,
                           struct pebble_error *error);
bool pebble_call_enable_pairing(struct pebble_client *client, int64_t timeout_ns, struct pebble_call **call,
                                struct pebble_error *error);
int64_t pebble_call_pairing_expires_ns(const struct pebble_call *call); /* 0 unless the call is in PEBBLE_CALL_DONE */
/* Makes the client an admin by its certificate, over HTTPS while pairing is enabled. */
bool pebble_pair(struct pebble_client *client, struct pebble_error *error);
bool pebble_call_pair(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error);

#ifdef __cplusplus
}
#endif

#endif
