// SPDX-License-Identifier: LGPL-3.0-or-later
// The services of a layer. Declared in pebble.h.
#include "client/layer_internal.h"

#include <stdint.h>

#define SERVICE(key_name) (&(const struct layer_place){.section = "services", .name = service, .key = (key_name)})

static const char *const overrides[] = {"merge", "replace", NULL};
static const char *const startups[] = {"enabled", "disabled", NULL};
static const char *const success_actions[] = {"restart", "shutdown", "failure-shutdown", "ignore", "exit", NULL};
static const char *const failure_actions[] = {"restart", "shutdown", "success-shutdown", "ignore", "exit", NULL};
static const char *const check_actions[] = {"restart", "shutdown", "success-shutdown", "ignore", NULL};

void pebble_layer_set_service_override(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, SERVICE("override"), word, overrides);
}

void pebble_layer_set_service_summary(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, SERVICE("summary"), text);
}

void pebble_layer_set_service_description(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, SERVICE("description"), text);
}

void pebble_layer_set_service_startup(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, SERVICE("startup"), word, startups);
}

void pebble_layer_set_service_command(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, SERVICE("command"), text);
}

void pebble_layer_set_service_command_words(struct pebble_layer *layer, const char *service, const char *const *words,
                                            size_t count) {
    layer_set_words(layer, SERVICE("command"), words, count);
}

void pebble_layer_set_service_after(struct pebble_layer *layer, const char *service, const char *const *names,
                                    size_t count) {
    layer_set_list(layer, SERVICE("after"), names, count);
}

void pebble_layer_add_service_after(struct pebble_layer *layer, const char *service, const char *name) {
    layer_add_item(layer, SERVICE("after"), name);
}

void pebble_layer_set_service_before(struct pebble_layer *layer, const char *service, const char *const *names,
                                     size_t count) {
    layer_set_list(layer, SERVICE("before"), names, count);
}

void pebble_layer_add_service_before(struct pebble_layer *layer, const char *service, const char *name) {
    layer_add_item(layer, SERVICE("before"), name);
}

void pebble_layer_set_service_requires(struct pebble_layer *layer, const char *service, const char *const *names,
                                       size_t count) {
    layer_set_list(layer, SERVICE("requires"), names, count);
}

void pebble_layer_add_service_requires(struct pebble_layer *layer, const char *service, const char *name) {
    layer_add_item(layer, SERVICE("requires"), name);
}

void pebble_layer_set_service_workload(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, SERVICE("workload"), text);
}

void pebble_layer_set_service_environment(struct pebble_layer *layer, const char *service, const char *name,
                                          const char *value) {
    layer_set_entry(layer, SERVICE("environment"), name, value);
}

void pebble_layer_set_service_user_id(struct pebble_layer *layer, const char *service, uint32_t id) {
    layer_set_int(layer, SERVICE("user-id"), id, 0, UINT32_MAX);
}

void pebble_layer_set_service_user(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, SERVICE("user"), text);
}

void pebble_layer_set_service_group_id(struct pebble_layer *layer, const char *service, uint32_t id) {
    layer_set_int(layer, SERVICE("group-id"), id, 0, UINT32_MAX);
}

void pebble_layer_set_service_group(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, SERVICE("group"), text);
}

void pebble_layer_set_service_working_dir(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, SERVICE("working-dir"), text);
}

void pebble_layer_set_service_on_success(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, SERVICE("on-success"), word, success_actions);
}

void pebble_layer_set_service_on_failure(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, SERVICE("on-failure"), word, failure_actions);
}

void pebble_layer_set_service_on_check_failure(struct pebble_layer *layer, const char *service, const char *check,
                                               const char *word) {
    layer_set_word_entry(layer, SERVICE("on-check-failure"), check, word, check_actions);
}

void pebble_layer_set_service_backoff_delay_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns) {
    layer_set_duration(layer, SERVICE("backoff-delay"), duration_ns, 0);
}

void pebble_layer_set_service_backoff_factor(struct pebble_layer *layer, const char *service, double factor) {
    layer_set_factor(layer, SERVICE("backoff-factor"), factor);
}

void pebble_layer_set_service_backoff_limit_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns) {
    layer_set_duration(layer, SERVICE("backoff-limit"), duration_ns, 0);
}

void pebble_layer_set_service_kill_delay_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns) {
    layer_set_duration(layer, SERVICE("kill-delay"), duration_ns, 0);
}
