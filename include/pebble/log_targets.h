/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: the targets to which the daemon forwards the output of services. Part of pebble.h, which includes it.
 *
 * Canonical's Pebble, and daemons of before this was added, respond with status 404.
 */
#ifndef PEBBLE_LOG_TARGETS_H
#define PEBBLE_LOG_TARGETS_H

#include "../pebble.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pebble_log_target;
struct pebble_log_targets;
/* The log targets of the plan, in alphabetical order. */
bool pebble_get_log_targets(struct pebble_client *client, struct pebble_log_targets **targets,
                            struct pebble_error *error);
bool pebble_call_get_log_targets(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error);
struct pebble_log_targets *pebble_call_take_log_targets(struct pebble_call *call);
size_t pebble_log_targets_count(const struct pebble_log_targets *targets);
/* Part of the list; NULL if `index` is not below the count. */
const struct pebble_log_target *pebble_log_targets_at(const struct pebble_log_targets *targets, size_t index);
void pebble_log_targets_destroy(struct pebble_log_targets *targets);

const char *pebble_log_target_name(const struct pebble_log_target *target); /* as in the plan */
const char *pebble_log_target_type(const struct pebble_log_target *target); /* "loki", "opentelemetry" or "syslog" */
const char *pebble_log_target_location(const struct pebble_log_target *target);   /* without a password */
int64_t pebble_log_target_pending(const struct pebble_log_target *target);        /* lines that wait */
int64_t pebble_log_target_sent(const struct pebble_log_target *target);           /* lines since it began */
int64_t pebble_log_target_dropped(const struct pebble_log_target *target);        /* lines that it will not get */
const char *pebble_log_target_last_error(const struct pebble_log_target *target); /* NULL: none at the last attempt */
/* When the next attempt is due after a failure; 0 and NULL if none is. */
int64_t pebble_log_target_retry_at_ns(const struct pebble_log_target *target, const char **text);

#ifdef __cplusplus
}
#endif

#endif
