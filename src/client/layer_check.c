// SPDX-License-Identifier: LGPL-3.0-or-later
// The checks of a layer. Declared in pebble.h.
#include "client/layer_internal.h"

#include <stdint.h>

#define CHECK(key_name) (&(const struct layer_place){.section = "checks", .name = check, .key = (key_name)})
#define IN_CHECK(group_name, key_name)                                                                                 \
    (&(const struct layer_place){.section = "checks", .name = check, .group = (group_name), .key = (key_name)})

static const char *const overrides[] = {"merge", "replace", NULL};
static const char *const levels[] = {"alive", "ready", NULL};
static const char *const startups[] = {"enabled", "disabled", NULL};

void pebble_layer_set_check_override(struct pebble_layer *layer, const char *check, const char *word) {
    layer_set_word(layer, CHECK("override"), word, overrides);
}

void pebble_layer_set_check_level(struct pebble_layer *layer, const char *check, const char *word) {
    layer_set_word(layer, CHECK("level"), word, levels);
}

void pebble_layer_set_check_startup(struct pebble_layer *layer, const char *check, const char *word) {
    layer_set_word(layer, CHECK("startup"), word, startups);
}

void pebble_layer_set_check_period_ns(struct pebble_layer *layer, const char *check, int64_t duration_ns) {
    layer_set_duration(layer, CHECK("period"), duration_ns, 1);
}

void pebble_layer_set_check_timeout_ns(struct pebble_layer *layer, const char *check, int64_t duration_ns) {
    layer_set_duration(layer, CHECK("timeout"), duration_ns, 1);
}

void pebble_layer_set_check_threshold(struct pebble_layer *layer, const char *check, int64_t number) {
    layer_set_int(layer, CHECK("threshold"), number, 1, INT64_MAX);
}

void pebble_layer_set_check_http_url(struct pebble_layer *layer, const char *check, const char *text) {
    layer_set_text(layer, IN_CHECK("http", "url"), text);
}

void pebble_layer_set_check_http_header(struct pebble_layer *layer, const char *check, const char *name,
                                        const char *value) {
    layer_set_entry(layer, IN_CHECK("http", "headers"), name, value);
}

void pebble_layer_set_check_tcp_port(struct pebble_layer *layer, const char *check, int64_t number) {
    layer_set_int(layer, IN_CHECK("tcp", "port"), number, 1, UINT16_MAX);
}

void pebble_layer_set_check_tcp_host(struct pebble_layer *layer, const char *check, const char *text) {
    layer_set_text(layer, IN_CHECK("tcp", "host"), text);
}

void pebble_layer_set_check_exec_command(struct pebble_layer *layer, const char *check, const char *text) {
    layer_set_text(layer, IN_CHECK("exec", "command"), text);
}

void pebble_layer_set_check_exec_command_words(struct pebble_layer *layer, const char *check, const char *const *words,
                                               size_t count) {
    layer_set_words(layer, IN_CHECK("exec", "command"), words, count);
}

void pebble_layer_set_check_exec_service_context(struct pebble_layer *layer, const char *check, const char *text) {
    layer_set_text(layer, IN_CHECK("exec", "service-context"), text);
}

void pebble_layer_set_check_exec_environment(struct pebble_layer *layer, const char *check, const char *name,
                                             const char *value) {
    layer_set_entry(layer, IN_CHECK("exec", "environment"), name, value);
}

void pebble_layer_set_check_exec_user_id(struct pebble_layer *layer, const char *check, uint32_t id) {
    layer_set_int(layer, IN_CHECK("exec", "user-id"), id, 0, UINT32_MAX);
}

void pebble_layer_set_check_exec_user(struct pebble_layer *layer, const char *check, const char *text) {
    layer_set_text(layer, IN_CHECK("exec", "user"), text);
}

void pebble_layer_set_check_exec_group_id(struct pebble_layer *layer, const char *check, uint32_t id) {
    layer_set_int(layer, IN_CHECK("exec", "group-id"), id, 0, UINT32_MAX);
}

void pebble_layer_set_check_exec_group(struct pebble_layer *layer, const char *check, const char *text) {
    layer_set_text(layer, IN_CHECK("exec", "group"), text);
}

void pebble_layer_set_check_exec_working_dir(struct pebble_layer *layer, const char *check, const char *text) {
    layer_set_text(layer, IN_CHECK("exec", "working-dir"), text);
}
