/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: builds a layer, so that programs need not write YAML. Part of pebble.h, which includes it.
 *
 *     struct pebble_layer *layer = pebble_layer_create();
 *     pebble_layer_set_service_command(layer, "web", "nginx");
 *     pebble_layer_set_service_startup(layer, "web", "enabled");
 *     struct pebble_layer_options options = {.size = sizeof options, .label = "web", .layer = layer};
 *     bool is_added = pebble_add_layer(client, &options, &error);
 *     pebble_layer_destroy(layer);
 *
 * A setter creates the service, check, log target or workload that it names, with the override "replace". The order of
 * the first settings is the order in the YAML. Setting a value again replaces it. A value that is not set is not in the
 * YAML, and differs from one that is set to 0 or "".
 *
 * Setters copy their arguments. They return nothing: the layer keeps the first invalid argument, and later setters do
 * nothing. pebble_layer_yaml() and pebble_add_layer() then fail with PEBBLE_ERROR_ARGUMENT and a message that names the
 * value. Invalid are NULL, text that is not UTF-8, empty names, and what the comments below exclude. A list or a map,
 * such as the services, has at most 10,000 items, a layer 100,000 values, 4 MiB of text and 8 MiB of YAML. All else is
 * for the daemon to check.
 *
 * The meaning of the values: https://documentation.ubuntu.com/pebble/reference/layer-specification/
 */
#ifndef PEBBLE_LAYER_H
#define PEBBLE_LAYER_H

#include "../pebble.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pebble_layer; /* declared for pebble_add_layer() in pebble.h, too */
/* An empty layer; never NULL. */
struct pebble_layer *pebble_layer_create(void);
void pebble_layer_destroy(struct pebble_layer *layer); /* NULL is allowed */
/* The layer as YAML, released with pebble_free(). *length (may be NULL) does not count the NUL at the end. */
bool pebble_layer_yaml(const struct pebble_layer *layer, char **yaml, size_t *length, struct pebble_error *error);

/* For people: one line, and any text. */
void pebble_layer_set_summary(struct pebble_layer *layer, const char *text);
void pebble_layer_set_description(struct pebble_layer *layer, const char *text);

/* ---- services ---- */

/* "replace", which is the default, or "merge". */
void pebble_layer_set_service_override(struct pebble_layer *layer, const char *service, const char *word);
void pebble_layer_set_service_summary(struct pebble_layer *layer, const char *service, const char *text);
void pebble_layer_set_service_description(struct pebble_layer *layer, const char *service, const char *text);
/* "enabled" or "disabled". */
void pebble_layer_set_service_startup(struct pebble_layer *layer, const char *service, const char *word);
/* A command line, split into words as by a shell but without expansions; default arguments stand in [ ] at its end. */
void pebble_layer_set_service_command(struct pebble_layer *layer, const char *service, const char *text);
/* The command line that is split into these words. The first is not empty. Words that are "[" or "]" are refused: the
 * daemon takes them for the marks of default arguments. */
void pebble_layer_set_service_command_words(struct pebble_layer *layer, const char *service, const char *const *words,
                                            size_t count);
/* The functions with _add_ append one name to the list. */
void pebble_layer_set_service_after(struct pebble_layer *layer, const char *service, const char *const *names,
                                    size_t count);
void pebble_layer_add_service_after(struct pebble_layer *layer, const char *service, const char *name);
void pebble_layer_set_service_before(struct pebble_layer *layer, const char *service, const char *const *names,
                                     size_t count);
void pebble_layer_add_service_before(struct pebble_layer *layer, const char *service, const char *name);
void pebble_layer_set_service_requires(struct pebble_layer *layer, const char *service, const char *const *names,
                                       size_t count);
void pebble_layer_add_service_requires(struct pebble_layer *layer, const char *service, const char *name);
/* The name of a workload of the plan. */
void pebble_layer_set_service_workload(struct pebble_layer *layer, const char *service, const char *text);
/* Sets one variable, and replaces its earlier value. */
void pebble_layer_set_service_environment(struct pebble_layer *layer, const char *service, const char *name,
                                          const char *value);
void pebble_layer_set_service_user_id(struct pebble_layer *layer, const char *service, uint32_t id);
void pebble_layer_set_service_user(struct pebble_layer *layer, const char *service, const char *text);
void pebble_layer_set_service_group_id(struct pebble_layer *layer, const char *service, uint32_t id);
void pebble_layer_set_service_group(struct pebble_layer *layer, const char *service, const char *text);
void pebble_layer_set_service_working_dir(struct pebble_layer *layer, const char *service, const char *text);
/* "restart", "shutdown", "failure-shutdown", "ignore" or, beyond Pebble's, "exit". */
void pebble_layer_set_service_on_success(struct pebble_layer *layer, const char *service, const char *word);
/* "restart", "shutdown", "success-shutdown", "ignore" or "exit". */
void pebble_layer_set_service_on_failure(struct pebble_layer *layer, const char *service, const char *word);
/* What to do when the check fails: the same words but "exit". */
void pebble_layer_set_service_on_check_failure(struct pebble_layer *layer, const char *service, const char *check,
                                               const char *word);
/* Durations are not negative; 0 differs from unset. */
void pebble_layer_set_service_backoff_delay_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns);
/* 1 or greater. */
void pebble_layer_set_service_backoff_factor(struct pebble_layer *layer, const char *service, double factor);
void pebble_layer_set_service_backoff_limit_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns);
void pebble_layer_set_service_kill_delay_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns);

/* ---- services: keys beyond Pebble's, which refuses layers with them (docs/explanation/start-order.md) ---- */

/* "service", or "oneshot": a job that ends. */
void pebble_layer_set_service_type(struct pebble_layer *layer, const char *service, const char *word);
/* The longest run of a one-shot; 0: no limit. */
void pebble_layer_set_service_run_timeout_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns);

/* How the service becomes ready: one of the next four. By sd_notify(3). */
void pebble_layer_set_service_ready_notify(struct pebble_layer *layer, const char *service, bool is_used);
/* By a newline on this descriptor, 3 to 1023. */
void pebble_layer_set_service_ready_fd(struct pebble_layer *layer, const char *service, int64_t number);
/* By a line of its output that matches this POSIX extended regular expression. */
void pebble_layer_set_service_ready_log(struct pebble_layer *layer, const char *service, const char *text);
/* By the success of this check. */
void pebble_layer_set_service_ready_check(struct pebble_layer *layer, const char *service, const char *text);
/* From its launch on; 0: no limit. */
void pebble_layer_set_service_ready_timeout_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns);
/* The level of health that the service holds up while it is not ready: "none", "alive" or "ready". */
void pebble_layer_set_service_ready_level(struct pebble_layer *layer, const char *service, const char *word);

/* The service starts when the other one is "started", "ready", "completed" or "exited"; "none": it does not wait. */
void pebble_layer_set_service_wait_for(struct pebble_layer *layer, const char *service, const char *other,
                                       const char *word);
void pebble_layer_set_service_wait_for_checks(struct pebble_layer *layer, const char *service, const char *const *names,
                                              size_t count);
void pebble_layer_add_service_wait_for_checks(struct pebble_layer *layer, const char *service, const char *name);
/* The longest wait for all of these; 0: no limit. */
void pebble_layer_set_service_wait_timeout_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns);

/* Exit codes that count as success, and those after which it is not restarted: 0 to 255, 128 + N for signal N. */
void pebble_layer_set_service_success_exit_codes(struct pebble_layer *layer, const char *service, const int *codes,
                                                 size_t count);
void pebble_layer_set_service_fatal_exit_codes(struct pebble_layer *layer, const char *service, const int *codes,
                                               size_t count);
/* How often it is restarted after failures; -1: no limit. */
void pebble_layer_set_service_max_start_retries(struct pebble_layer *layer, const char *service, int64_t number);
/* What to do then: "ignore", "shutdown", "success-shutdown", "failure-shutdown" or "exit". */
void pebble_layer_set_service_on_max_start_retries(struct pebble_layer *layer, const char *service, const char *word);
/* The signal that ends it: "SIGINT". */
void pebble_layer_set_service_stop_signal(struct pebble_layer *layer, const char *service, const char *text);
/* Which processes get the signals: "group", "mixed", "tree" or "process". */
void pebble_layer_set_service_kill_mode(struct pebble_layer *layer, const char *service, const char *word);

/* ---- checks: each has one of http, tcp and exec ---- */

/* "replace", which is the default, or "merge". */
void pebble_layer_set_check_override(struct pebble_layer *layer, const char *check, const char *word);
/* "alive" or "ready". */
void pebble_layer_set_check_level(struct pebble_layer *layer, const char *check, const char *word);
/* "enabled" or "disabled". */
void pebble_layer_set_check_startup(struct pebble_layer *layer, const char *check, const char *word);
/* Longer than 0. */
void pebble_layer_set_check_period_ns(struct pebble_layer *layer, const char *check, int64_t duration_ns);
void pebble_layer_set_check_timeout_ns(struct pebble_layer *layer, const char *check, int64_t duration_ns);
/* 1 or greater. */
void pebble_layer_set_check_threshold(struct pebble_layer *layer, const char *check, int64_t number);
void pebble_layer_set_check_http_url(struct pebble_layer *layer, const char *check, const char *text);
/* Sets one header, and replaces its earlier value. */
void pebble_layer_set_check_http_header(struct pebble_layer *layer, const char *check, const char *name,
                                        const char *value);
/* 1 to 65535. */
void pebble_layer_set_check_tcp_port(struct pebble_layer *layer, const char *check, int64_t number);
void pebble_layer_set_check_tcp_host(struct pebble_layer *layer, const char *check, const char *text);
void pebble_layer_set_check_exec_command(struct pebble_layer *layer, const char *check, const char *text);
/* The command line that is split into these words. The first is not empty. */
void pebble_layer_set_check_exec_command_words(struct pebble_layer *layer, const char *check, const char *const *words,
                                               size_t count);
/* The service whose environment, user, group and directory it has. */
void pebble_layer_set_check_exec_service_context(struct pebble_layer *layer, const char *check, const char *text);
void pebble_layer_set_check_exec_environment(struct pebble_layer *layer, const char *check, const char *name,
                                             const char *value);
void pebble_layer_set_check_exec_user_id(struct pebble_layer *layer, const char *check, uint32_t id);
void pebble_layer_set_check_exec_user(struct pebble_layer *layer, const char *check, const char *text);
void pebble_layer_set_check_exec_group_id(struct pebble_layer *layer, const char *check, uint32_t id);
void pebble_layer_set_check_exec_group(struct pebble_layer *layer, const char *check, const char *text);
void pebble_layer_set_check_exec_working_dir(struct pebble_layer *layer, const char *check, const char *text);

/* ---- log targets ---- */

/* "replace", which is the default, or "merge". */
void pebble_layer_set_log_target_override(struct pebble_layer *layer, const char *target, const char *word);
/* "loki", "opentelemetry" or "syslog". */
void pebble_layer_set_log_target_type(struct pebble_layer *layer, const char *target, const char *word);
void pebble_layer_set_log_target_location(struct pebble_layer *layer, const char *target, const char *text);
/* Names, "all", or names with a "-" in front to exclude them. */
void pebble_layer_set_log_target_services(struct pebble_layer *layer, const char *target, const char *const *names,
                                          size_t count);
void pebble_layer_add_log_target_service(struct pebble_layer *layer, const char *target, const char *name);
/* Sets one label, and replaces its earlier value. */
void pebble_layer_set_log_target_label(struct pebble_layer *layer, const char *target, const char *name,
                                       const char *value);

/* ---- workloads ---- */

/* "replace", which is the default, or "merge". A daemon takes workloads from the files of its layers directory only. */
void pebble_layer_set_workload_override(struct pebble_layer *layer, const char *workload, const char *word);
/* Sets one variable, and replaces its earlier value. */
void pebble_layer_set_workload_environment(struct pebble_layer *layer, const char *workload, const char *name,
                                           const char *value);
void pebble_layer_set_workload_user_id(struct pebble_layer *layer, const char *workload, uint32_t id);
void pebble_layer_set_workload_user(struct pebble_layer *layer, const char *workload, const char *text);
void pebble_layer_set_workload_group_id(struct pebble_layer *layer, const char *workload, uint32_t id);
void pebble_layer_set_workload_group(struct pebble_layer *layer, const char *workload, const char *text);

/* ---- pairing of clients ---- */

/* "disabled", "single" or "multiple". */
void pebble_layer_set_pairing_mode(struct pebble_layer *layer, const char *word);

#ifdef __cplusplus
}
#endif

#endif
