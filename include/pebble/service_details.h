/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: details of services, and waiting for them. Part of pebble.h, which includes it.
 *
 * The daemon gives details of services with keys that are beyond the reference, such as `ready` and `wait-for`. Of
 * others, and with an older daemon, pebble_service_state() is NULL, and the functions say that there is nothing.
 */
#ifndef PEBBLE_SERVICE_DETAILS_H
#define PEBBLE_SERVICE_DETAILS_H

#include "../pebble.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "initial", "waiting", "launching", "starting", "running", "terminating", "killing", "stopped", "completed",
 * "backoff", "relaunching" or "exited"; NULL: there are no details. */
const char *pebble_service_state(const struct pebble_service *service);
/* Whether it is ready. False if it does not say when it is; then *is_ready is untouched. */
bool pebble_service_is_ready(const struct pebble_service *service, bool *is_ready);
/* What it waits for before it is started, "db: ready", "check up"; NULL beyond the count. */
size_t pebble_service_awaited_count(const struct pebble_service *service);
const char *pebble_service_awaited_at(const struct pebble_service *service, size_t index);
const char *pebble_service_status_text(const struct pebble_service *service); /* of its process; NULL: none */
int64_t pebble_service_pid(const struct pebble_service *service);             /* of its main process; 0: none */
/* The exit code of the last run that has ended, 128 + N for signal N. False if there is none; then *exit_code is
 * untouched. */
bool pebble_service_exit_code(const struct pebble_service *service, int *exit_code);
/* When that was, in nanoseconds since 1970; 0: no run has ended. *text (may be NULL) is the time as sent. */
int64_t pebble_service_ended_ns(const struct pebble_service *service, const char **text);
int64_t pebble_service_restarts(const struct pebble_service *service);     /* since the last start */
int64_t pebble_service_retries_left(const struct pebble_service *service); /* -1: no limit */
/* When it is started again, as above; 0: it is not. */
int64_t pebble_service_next_restart_ns(const struct pebble_service *service, const char **text);
/* A few words for people: "waiting for db", "not ready", "completed", "exit 3", "retry 2/5"; NULL: none. */
const char *pebble_service_note(const struct pebble_service *service);

/* Waits until the service is "started", "ready" (NULL), "completed", "exited" or "stopped". PEBBLE_ERROR_API: with
 * status 404 if it is not in the plan, and 409 if it cannot come to that by itself. PEBBLE_ERROR_TIMEOUT after
 * `timeout_ms`; 0: no limit. The client's timeout_ms has no effect. */
bool pebble_wait_service(struct pebble_client *client, const char *name, const char *goal, int64_t timeout_ms,
                         struct pebble_error *error);
/* The call has no result to take. */
bool pebble_call_wait_service(struct pebble_client *client, const char *name, const char *goal, int64_t timeout_ms,
                              struct pebble_call **call, struct pebble_error *error);

#ifdef __cplusplus
}
#endif

#endif
