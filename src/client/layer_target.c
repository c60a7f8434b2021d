// SPDX-License-Identifier: LGPL-3.0-or-later
// The log targets and workloads of a layer, and its pairing. Declared in pebble.h.
#include "client/layer_internal.h"

#include <stdint.h>

#define TARGET(key_name) (&(const struct layer_place){.section = "log-targets", .name = target, .key = (key_name)})
#define WORKLOAD(key_name) (&(const struct layer_place){.section = "workloads", .name = workload, .key = (key_name)})

static const char *const overrides[] = {"merge", "replace", NULL};
static const char *const types[] = {"loki", "opentelemetry", "syslog", NULL};
static const char *const modes[] = {"disabled", "single", "multiple", NULL};

void pebble_layer_set_log_target_override(struct pebble_layer *layer, const char *target, const char *word) {
    layer_set_word(layer, TARGET("override"), word, overrides);
}

void pebble_layer_set_log_target_type(struct pebble_layer *layer, const char *target, const char *word) {
    layer_set_word(layer, TARGET("type"), word, types);
}

void pebble_layer_set_log_target_location(struct pebble_layer *layer, const char *target, const char *text) {
    layer_set_text(layer, TARGET("location"), text);
}

void pebble_layer_set_log_target_services(struct pebble_layer *layer, const char *target, const char *const *names,
                                          size_t count) {
    layer_set_list(layer, TARGET("services"), names, count);
}

void pebble_layer_add_log_target_service(struct pebble_layer *layer, const char *target, const char *name) {
    layer_add_item(layer, TARGET("services"), name);
}

void pebble_layer_set_log_target_label(struct pebble_layer *layer, const char *target, const char *name,
                                       const char *value) {
    layer_set_entry(layer, TARGET("labels"), name, value);
}

void pebble_layer_set_workload_override(struct pebble_layer *layer, const char *workload, const char *word) {
    layer_set_word(layer, WORKLOAD("override"), word, overrides);
}

void pebble_layer_set_workload_environment(struct pebble_layer *layer, const char *workload, const char *name,
                                           const char *value) {
    layer_set_entry(layer, WORKLOAD("environment"), name, value);
}

void pebble_layer_set_workload_user_id(struct pebble_layer *layer, const char *workload, uint32_t id) {
    layer_set_int(layer, WORKLOAD("user-id"), id, 0, UINT32_MAX);
}

void pebble_layer_set_workload_user(struct pebble_layer *layer, const char *workload, const char *text) {
    layer_set_text(layer, WORKLOAD("user"), text);
}

void pebble_layer_set_workload_group_id(struct pebble_layer *layer, const char *workload, uint32_t id) {
    layer_set_int(layer, WORKLOAD("group-id"), id, 0, UINT32_MAX);
}

void pebble_layer_set_workload_group(struct pebble_layer *layer, const char *workload, const char *text) {
    layer_set_text(layer, WORKLOAD("group"), text);
}

void pebble_layer_set_pairing_mode(struct pebble_layer *layer, const char *word) {
    layer_set_word(layer, &(const struct layer_place){.section = "pairing", .key = "mode"}, word, modes);
}
