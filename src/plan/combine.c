// SPDX-License-Identifier: GPL-3.0-or-later
// Puts layers on top of each other.
// Declared in plan/content_internal.h.
#include "plan/content_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

#define BACKOFF_DELAY_NS (500 * NS_PER_MS)
#define BACKOFF_FACTOR 2.0
#define BACKOFF_LIMIT_NS (30 * NS_PER_S)
#define CHECK_PERIOD_NS (10 * NS_PER_S)
#define CHECK_TIMEOUT_NS (3 * NS_PER_S)
#define CHECK_THRESHOLD 3

static unsigned entry_override(const struct section *section, const void *entry) {
    const struct field *field = record_find_field(section->record, "override");
    return word_get(field_of_const(entry, field));
}

static void add_override_diagnostic(const struct layer *layer, const struct section *section,
                                    const struct map_entry *entry, struct diagnostics *diagnostics) {
    bool is_missing = entry_override(section, entry->value) == OVERRIDE_UNSET;
    AUTO_FREE char *name = text_quoted(entry->key);
    AUTO_FREE char *label = text_quoted(layer->label);
    if (section != &sections[SECTION_WORKLOADS]) {
        const char *fault = is_missing ? "must define \"override\"" : "has invalid \"override\" value";
        diagnostics_add(diagnostics, "layer %s %s for %s %s", label, fault, section->noun, name);
        return;
    }
    const struct plan_workload *workload = entry->value;
    if (is_missing) {
        diagnostics_add(diagnostics, "workload %s: must define an \"override\" policy", name);
    } else {
        AUTO_FREE char *word = text_quoted(workload->invalid_override == NULL ? "" : workload->invalid_override);
        diagnostics_add(diagnostics, "workload %s: has an invalid \"override\" policy: %s", name, word);
    }
}

static void combine_section(const struct section *section, struct plan_content *content, const struct layer *layer,
                            struct diagnostics *diagnostics) {
    struct map *map = section_map(content, section);
    AUTO_FREE struct map_entry **entries = map_sorted(section_map_const(&layer->content, section));
    for (size_t i = 0; entries[i] != NULL; i++) {
        unsigned override = entry_override(section, entries[i]->value);
        if (override != OVERRIDE_MERGE && override != OVERRIDE_REPLACE) {
            add_override_diagnostic(layer, section, entries[i], diagnostics);
            continue;
        }
        void *below = override == OVERRIDE_MERGE ? map_get(map, entries[i]->key) : NULL;
        if (below != NULL)
            record_merge(section->record, below, entries[i]->value);
        else
            map_set(map, entries[i]->key, record_copy(section->record, entries[i]->value));
    }
}

static void default_duration(struct optional_duration *duration, int64_t ns) {
    if (!duration->is_set)
        duration->ns = ns;
}

static void set_defaults(struct plan_content *content) {
    for (struct map_entry *e = map_first(&content->services); e != NULL; e = map_next(&content->services, e)) {
        struct plan_service *service = e->value;
        default_duration(&service->backoff_delay, BACKOFF_DELAY_NS);
        default_duration(&service->backoff_limit, BACKOFF_LIMIT_NS);
        if (!service->backoff_factor.is_set)
            service->backoff_factor.value = BACKOFF_FACTOR;
    }
    for (struct map_entry *e = map_first(&content->checks); e != NULL; e = map_next(&content->checks, e)) {
        struct plan_check *check = e->value;
        default_duration(&check->period, CHECK_PERIOD_NS);
        default_duration(&check->timeout, CHECK_TIMEOUT_NS);
        if (check->timeout.ns > check->period.ns)
            check->timeout.ns = check->period.ns;
        if (check->threshold == 0)
            check->threshold = CHECK_THRESHOLD;
    }
}

void content_combine(struct plan_content *content, struct layer *const *layers, size_t count,
                     struct diagnostics *diagnostics) {
    for (size_t i = 0; i < count; i++) {
        combine_section(&sections[SECTION_WORKLOADS], content, layers[i], diagnostics);
        if (layers[i]->content.pairing != PAIRING_UNSET)
            content->pairing = layers[i]->content.pairing;
    }
    for (size_t i = 0; i < count; i++) {
        combine_section(&sections[SECTION_SERVICES], content, layers[i], diagnostics);
        combine_section(&sections[SECTION_CHECKS], content, layers[i], diagnostics);
        combine_section(&sections[SECTION_LOG_TARGETS], content, layers[i], diagnostics);
    }
    set_defaults(content);
}
