// SPDX-License-Identifier: LGPL-3.0-or-later
// The services of a layer. Declared in pebble.h.
#include "client/layer_internal.h"

#include <stdint.h>

static const char *const overrides[] = {"merge", "replace", NULL};
static const char *const startups[] = {"enabled", "disabled", NULL};
static const char *const success_actions[] = {"restart", "shutdown", "failure-shutdown", "ignore", NULL};
static const char *const failure_actions[] = {"restart", "shutdown", "success-shutdown", "ignore", NULL};

void pebble_layer_set_service_override(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, &(const struct layer_place){.section = "services", .name = service, .key = "override"}, word,
                   overrides);
}

void pebble_layer_set_service_summary(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, &(const struct layer_place){.section = "services", .name = service, .key = "summary"}, text);
}

void pebble_layer_set_service_description(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, &(const struct layer_place){.section = "services", .name = service, .key = "description"},
                   text);
}

void pebble_layer_set_service_startup(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, &(const struct layer_place){.section = "services", .name = service, .key = "startup"}, word,
                   startups);
}

void pebble_layer_set_service_command(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, &(const struct layer_place){.section = "services", .name = service, .key = "command"}, text);
}

void pebble_layer_set_service_command_words(struct pebble_layer *layer, const char *service, const char *const *words,
                                            size_t count) {
    layer_set_words(layer, &(const struct layer_place){.section = "services", .name = service, .key = "command"}, words,
                    count);
}

void pebble_layer_set_service_after(struct pebble_layer *layer, const char *service, const char *const *names,
                                    size_t count) {
    layer_set_list(layer, &(const struct layer_place){.section = "services", .name = service, .key = "after"}, names,
                   count);
}

void pebble_layer_add_service_after(struct pebble_layer *layer, const char *service, const char *name) {
    layer_add_item(layer, &(const struct layer_place){.section = "services", .name = service, .key = "after"}, name);
}

void pebble_layer_set_service_before(struct pebble_layer *layer, const char *service, const char *const *names,
                                     size_t count) {
    layer_set_list(layer, &(const struct layer_place){.section = "services", .name = service, .key = "before"}, names,
                   count);
}

void pebble_layer_add_service_before(struct pebble_layer *layer, const char *service, const char *name) {
    layer_add_item(layer, &(const struct layer_place){.section = "services", .name = service, .key = "before"}, name);
}

void pebble_layer_set_service_requires(struct pebble_layer *layer, const char *service, const char *const *names,
                                       size_t count) {
    layer_set_list(layer, &(const struct layer_place){.section = "services", .name = service, .key = "requires"}, names,
                   count);
}

void pebble_layer_add_service_requires(struct pebble_layer *layer, const char *service, const char *name) {
    layer_add_item(layer, &(const struct layer_place){.section = "services", .name = service, .key = "requires"}, name);
}

void pebble_layer_set_service_workload(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, &(const struct layer_place){.section = "services", .name = service, .key = "workload"}, text);
}

void pebble_layer_set_service_environment(struct pebble_layer *layer, const char *service, const char *name,
                                          const char *value) {
    layer_set_entry(layer, &(const struct layer_place){.section = "services", .name = service, .key = "environment"},
                    name, value);
}

void pebble_layer_set_service_user_id(struct pebble_layer *layer, const char *service, uint32_t id) {
    layer_set_int(layer, &(const struct layer_place){.section = "services", .name = service, .key = "user-id"}, id, 0,
                  UINT32_MAX);
}

void pebble_layer_set_service_user(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, &(const struct layer_place){.section = "services", .name = service, .key = "user"}, text);
}

void pebble_layer_set_service_group_id(struct pebble_layer *layer, const char *service, uint32_t id) {
    layer_set_int(layer, &(const struct layer_place){.section = "services", .name = service, .key = "group-id"}, id, 0,
                  UINT32_MAX);
}

void pebble_layer_set_service_group(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, &(const struct layer_place){.section = "services", .name = service, .key = "group"}, text);
}

void pebble_layer_set_service_working_dir(struct pebble_layer *layer, const char *service, const char *text) {
    layer_set_text(layer, &(const struct layer_place){.section = "services", .name = service, .key = "working-dir"},
                   text);
}

void pebble_layer_set_service_on_success(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, &(const struct layer_place){.section = "services", .name = service, .key = "on-success"},
                   word, success_actions);
}

void pebble_layer_set_service_on_failure(struct pebble_layer *layer, const char *service, const char *word) {
    layer_set_word(layer, &(const struct layer_place){.section = "services", .name = service, .key = "on-failure"},
                   word, failure_actions);
}

void pebble_layer_set_service_on_check_failure(struct pebble_layer *layer, const char *service, const char *check,
                                               const char *word) {
    layer_set_word_entry(layer,
                         &(const struct layer_place){.section = "services", .name = service, .key = "on-check-failure"},
                         check, word, failure_actions);
}

void pebble_layer_set_service_backoff_delay_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns) {
    layer_set_duration(layer,
                       &(const struct layer_place){.section = "services", .name = service, .key = "backoff-delay"},
                       duration_ns, 0);
}

void pebble_layer_set_service_backoff_factor(struct pebble_layer *layer, const char *service, double factor) {
    layer_set_factor(
        layer, &(const struct layer_place){.section = "services", .name = service, .key = "backoff-factor"}, factor);
}

void pebble_layer_set_service_backoff_limit_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns) {
    layer_set_duration(layer,
                       &(const struct layer_place){.section = "services", .name = service, .key = "backoff-limit"},
                       duration_ns, 0);
}

void pebble_layer_set_service_kill_delay_ns(struct pebble_layer *layer, const char *service, int64_t duration_ns) {
    layer_set_duration(layer, &(const struct layer_place){.section = "services", .name = service, .key = "kill-delay"},
                       duration_ns, 0);
}
