// SPDX-License-Identifier: LGPL-3.0-or-later
// One-shots, readiness, conditions, ends and restarts of the services of a layer. Declared in pebble.h.
#include "client/layer_internal.h"

#define SERVICE(key_name) (&(const struct layer_place){.section = "services", .name = service, .key = (key_name)})
#define READY(key_name)                                                                                                \
    (&(const struct layer_place){.section = "services", .name = service, .group = "ready", .key = (key_name)})
#define FD_MIN 3
#define FD_MAX 1023

static const char *const types[] = {"service", "oneshot", NULL};
static const char *const levels[] = {"none", "alive", "ready", NULL};
static const char *const conditions[] = {"started", "ready", "completed", "exited", "none", NULL};
static const char *const retry_actions[] = {"ignore", "shutdown", "success-shutdown", "failure-shutdown", "exit", NULL};
static const char *const kill_modes[] = {"group", "mixed", "tree", "process", NULL};

void pebble_layer_set_service_type(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, SERVICE("type"), word, types);
}

void pebble_layer_set_service_run_timeout_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns) {
    layer_set_duration(layer, SERVICE("run-timeout"), duration_ns, 0);
}

// --- readiness ---

void pebble_layer_set_service_ready_notify(struct pebble_layer *layer, const char *service, bool is_used) {
    layer_set_plain(layer, READY("notify"), is_used ? "true" : "false");
}

void pebble_layer_set_service_ready_fd(struct pebble_layer *layer, const char *service, int64_t number) {
    layer_set_int(layer, READY("fd"), number, FD_MIN, FD_MAX);
}

void pebble_layer_set_service_ready_log(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, READY("log"), text);
}

void pebble_layer_set_service_ready_check(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, READY("check"), text);
}

void pebble_layer_set_service_ready_timeout_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns) {
    layer_set_duration(layer, READY("timeout"), duration_ns, 0);
}

void pebble_layer_set_service_ready_level(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, READY("level"), word, levels);
}

// --- conditions ---

void pebble_layer_set_service_wait_for(struct pebble_layer *layer, const char *service, const char *other,
                                       const char *word) {
    layer_set_word_entry(layer, SERVICE("wait-for"), other, word, conditions);
}

void pebble_layer_set_service_wait_for_checks(struct pebble_layer *layer, const char *service, const char *const *names,
                                              size_t count) {
    layer_set_list(layer, SERVICE("wait-for-checks"), names, count);
}

void pebble_layer_add_service_wait_for_checks(struct pebble_layer *layer, const char *service, const char *name) {
    layer_add_item(layer, SERVICE("wait-for-checks"), name);
}

void pebble_layer_set_service_wait_timeout_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns) {
    layer_set_duration(layer, SERVICE("wait-timeout"), duration_ns, 0);
}

// --- ends and restarts ---

void pebble_layer_set_service_success_exit_codes(struct pebble_layer *layer, const char *service, const int *codes,
                                                 size_t count) {
    layer_set_exit_codes(layer, SERVICE("success-exit-codes"), codes, count);
}

void pebble_layer_set_service_fatal_exit_codes(struct pebble_layer *layer, const char *service, const int *codes,
                                               size_t count) {
    layer_set_exit_codes(layer, SERVICE("fatal-exit-codes"), codes, count);
}

void pebble_layer_set_service_max_start_retries(struct pebble_layer *layer, const char *service, int64_t number) {
    layer_set_int(layer, SERVICE("max-start-retries"), number, -1, INT64_MAX);
}

void pebble_layer_set_service_on_max_start_retries(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, SERVICE("on-max-start-retries"), word, retry_actions);
}

void pebble_layer_set_service_stop_signal(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, SERVICE("stop-signal"), text);
}

void pebble_layer_set_service_kill_mode(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, SERVICE("kill-mode"), word, kill_modes);
}
