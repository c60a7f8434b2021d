// SPDX-License-Identifier: GPL-3.0-or-later
// Checks the keys of services beyond Pebble's (docs/internals/plan.md). Declared in plan/content_internal.h.
#include "plan/content_internal.h"

#include <inttypes.h>

#include "base/memory.h"
#include "base/signal_names.h"
#include "data/regular_expression.h"
#include "data/yaml.h"

#define EXIT_CODE_MAX 255
#define READY_FD_MIN 3
#define READY_FD_MAX 1023

// One service, while it is checked.
struct subject {
    const char *quoted_name;
    const struct plan_service *service;
    const struct yaml_node *entry; // of the layer; may be NULL
    struct diagnostics *diagnostics;
};

static void set_key(const struct subject *subject, const char *key) {
    diagnostics_set_key(subject->diagnostics, subject->entry, NULL, key);
}

static void set_ready_key(const struct subject *subject, const char *key) {
    const struct yaml_node *map = subject->entry != NULL ? yaml_member(subject->entry, "ready") : NULL;
    diagnostics_set_key(subject->diagnostics, map, "ready", key);
}

static void add_word(const struct subject *subject, const char *key, const char *word) {
    AUTO_FREE char *quoted = text_quoted(word != NULL ? word : "");
    diagnostics_add(subject->diagnostics, "plan service %s %s %s invalid", subject->quoted_name, key, quoted);
}

// --- one layer ---

static const char *text_of(const struct yaml_node *entry, const char *key) {
    const struct yaml_node *node = entry != NULL ? yaml_member(entry, key) : NULL;
    return node != NULL ? yaml_text(node) : NULL;
}

static void check_words(const struct subject *subject) {
    const struct plan_service *service = subject->service;
    const struct {
        const char *key;
        unsigned value;
    } words[] = {{"type", word_get(&service->type)},
                 {"on-max-start-retries", word_get(&service->on_max_start_retries)},
                 {"kill-mode", word_get(&service->kill_mode)}};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (words[i].value != WORD_INVALID)
            continue;
        set_key(subject, words[i].key);
        add_word(subject, words[i].key, text_of(subject->entry, words[i].key));
    }
    if (service->on_max_start_retries == ACTION_RESTART) {
        set_key(subject, "on-max-start-retries");
        add_word(subject, "on-max-start-retries", action_name(ACTION_RESTART));
    }
}

static void check_conditions(const struct subject *subject) {
    const struct yaml_node *map = subject->entry != NULL ? yaml_member(subject->entry, "wait-for") : NULL;
    if (map == NULL || yaml_kind(map) != YAML_MAP)
        return; // the wrong type has been reported by fields_read()
    for (size_t i = 0; i < yaml_count(map); i++) {
        const char *name = yaml_text(yaml_key(map, i));
        const char *word = yaml_text(yaml_value(map, i));
        unsigned condition = name != NULL ? (unsigned)(uintptr_t)map_get(&subject->service->wait_for, name) : 0;
        if (word == NULL || (condition != WORD_INVALID && condition != CONDITION_UNSET))
            continue;
        diagnostics_set_key(subject->diagnostics, map, "wait-for", name);
        add_word(subject, "wait-for", word);
    }
}

static void check_duration(const struct subject *subject, const char *key, const struct optional_duration *duration) {
    if (!duration->is_set || duration->ns >= 0)
        return;
    set_key(subject, key);
    diagnostics_add(subject->diagnostics, "plan service %s %s must not be negative", subject->quoted_name, key);
}

static void check_codes(const struct subject *subject, const char *key, const struct number_list *codes) {
    for (size_t i = 0; i < codes->count; i++) {
        if (codes->items[i] >= 0 && codes->items[i] <= EXIT_CODE_MAX)
            continue;
        set_key(subject, key);
        diagnostics_add(subject->diagnostics, "plan service %s %s must be from 0 to %d, not %" PRId64,
                        subject->quoted_name, key, EXIT_CODE_MAX, codes->items[i]);
    }
}

static void check_ready_log(const struct subject *subject, const char *text) {
    AUTO_ERROR struct error err = {0};
    struct regular_expression *expression = NULL;
    if (text_is_empty(text) || regular_expression_create(text, &expression, &err)) {
        regular_expression_destroy(expression);
        return;
    }
    AUTO_FREE char *quoted = text_quoted(text);
    set_ready_key(subject, "log");
    diagnostics_add(subject->diagnostics, "plan service %s ready log %s invalid: %s", subject->quoted_name, quoted,
                    error_text(&err));
}

static void check_ready(const struct subject *subject) {
    const struct service_ready *ready = subject->service->ready;
    if (ready == NULL)
        return;
    set_key(subject, "ready");
    int count = ready->notify.value + (ready->fd != 0) + !text_is_empty(ready->log) + !text_is_empty(ready->check);
    bool is_off = ready->notify.is_set && !ready->notify.value;
    if (count > 1 || (count == 0 && !is_off))
        diagnostics_add(subject->diagnostics,
                        "plan service %s ready must set exactly one of \"notify\", \"fd\", \"log\" and \"check\"",
                        subject->quoted_name);
    if (ready->fd != 0 && (ready->fd < READY_FD_MIN || ready->fd > READY_FD_MAX)) {
        set_ready_key(subject, "fd");
        diagnostics_add(subject->diagnostics, "plan service %s ready fd must be from %d to %d, not %" PRId64,
                        subject->quoted_name, READY_FD_MIN, READY_FD_MAX, ready->fd);
    }
    check_ready_log(subject, ready->log);
    if (ready->timeout.is_set && ready->timeout.ns < 0) {
        set_ready_key(subject, "timeout");
        diagnostics_add(subject->diagnostics, "plan service %s ready timeout must not be negative",
                        subject->quoted_name);
    }
    if (word_get(&ready->level) == WORD_INVALID) {
        set_ready_key(subject, "level");
        add_word(subject, "ready level", text_of(yaml_member(subject->entry, "ready"), "level"));
    }
}

static void check_stop_signal(const struct subject *subject) {
    const char *name = subject->service->stop_signal;
    if (text_is_empty(name) || signal_by_name(name) != 0)
        return;
    AUTO_FREE char *quoted = text_quoted(name);
    set_key(subject, "stop-signal");
    diagnostics_add(subject->diagnostics, "plan service %s stop-signal: invalid signal %s: unknown signal %s",
                    subject->quoted_name, quoted, quoted);
}

void service_validate(const char *quoted_name, const struct plan_service *service, const struct yaml_node *entry,
                      struct diagnostics *diagnostics) {
    const struct subject subject = {quoted_name, service, entry, diagnostics};
    check_words(&subject);
    check_duration(&subject, "run-timeout", &service->run_timeout);
    check_ready(&subject);
    check_conditions(&subject);
    check_duration(&subject, "wait-timeout", &service->wait_timeout);
    check_codes(&subject, "success-exit-codes", &service->success_exit_codes);
    check_codes(&subject, "fatal-exit-codes", &service->fatal_exit_codes);
    if (service->max_start_retries < -1) {
        set_key(&subject, "max-start-retries");
        diagnostics_add(diagnostics, "plan service %s max-start-retries must be -1 or greater, not %" PRId64,
                        quoted_name, service->max_start_retries);
    }
    check_stop_signal(&subject);
}

// --- the combined content ---

static void check_code_sets(const struct subject *subject) {
    const struct number_list *success = &subject->service->success_exit_codes;
    const struct number_list *fatal = &subject->service->fatal_exit_codes;
    bool is_success[EXIT_CODE_MAX + 1] = {false}; // the codes of each layer have been checked
    for (size_t i = 0; i < success->count; i++)
        is_success[success->items[i]] = true;
    set_key(subject, "fatal-exit-codes");
    for (size_t i = 0; i < fatal->count; i++) {
        if (is_success[fatal->items[i]])
            diagnostics_add(subject->diagnostics,
                            "plan service %s fatal-exit-codes has %" PRId64 ", which is in success-exit-codes, too",
                            subject->quoted_name, fatal->items[i]);
    }
}

static void check_oneshot(const struct subject *subject) {
    const struct plan_service *service = subject->service;
    if (!plan_service_is_oneshot(service))
        return;
    set_key(subject, "type");
    if (plan_service_ready(service) != NULL)
        diagnostics_add(subject->diagnostics, "plan service %s ready cannot be used with type \"oneshot\"",
                        subject->quoted_name);
    if (service->on_success == ACTION_RESTART)
        diagnostics_add(subject->diagnostics,
                        "plan service %s on-success \"restart\" cannot be used with type \"oneshot\"",
                        subject->quoted_name);
}

static void check_targets(const struct subject *subject, const struct plan_content *content) {
    AUTO_FREE struct map_entry **targets = map_sorted(&subject->service->wait_for);
    for (size_t i = 0; targets[i] != NULL; i++) {
        if ((uintptr_t)targets[i]->value == CONDITION_NONE)
            continue;
        AUTO_FREE char *quoted = text_quoted(targets[i]->key);
        diagnostics_set_key(subject->diagnostics, NULL, "wait-for", targets[i]->key);
        if (text_equal(targets[i]->key, subject->service->name))
            diagnostics_add(subject->diagnostics, "service %s cannot wait for itself", quoted);
        else if (!map_has(&content->services, targets[i]->key))
            diagnostics_add(subject->diagnostics, "service %s does not exist", quoted);
    }
}

static void check_check(const struct subject *subject, const struct plan_content *content, const char *check) {
    if (text_is_empty(check) || map_has(&content->checks, check))
        return;
    AUTO_FREE char *quoted = text_quoted(check);
    diagnostics_add(subject->diagnostics, "check %s does not exist", quoted);
}

void services_validate(const struct plan_content *content, struct diagnostics *diagnostics) {
    AUTO_FREE struct map_entry **entries = map_sorted(&content->services);
    for (size_t i = 0; entries[i] != NULL; i++) {
        const struct plan_service *service = entries[i]->value;
        AUTO_FREE char *quoted = text_quoted(entries[i]->key);
        const struct subject subject = {quoted, service, NULL, diagnostics};
        const struct service_ready *ready = plan_service_ready(service);
        diagnostics->place = (struct place){.section = "services", .noun = "service", .name = entries[i]->key};
        check_oneshot(&subject);
        check_code_sets(&subject);
        check_targets(&subject, content);
        set_key(&subject, "ready");
        check_check(&subject, content, ready != NULL ? ready->check : NULL);
        set_key(&subject, "wait-for-checks");
        for (size_t k = 0; k < service->wait_for_checks.count; k++)
            check_check(&subject, content, service->wait_for_checks.items[k]);
    }
    diagnostics->place = (struct place){0};
}
