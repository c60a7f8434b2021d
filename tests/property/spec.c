// SPDX-License-Identifier: GPL-3.0-or-later
#include "spec.h"

#include <string.h>

#include "base/compiler.h"

#define BLOCK_SIZE 10 // of services that depend on each other

static const char *const wish_names[] = {"started", "ready", "completed", "exited"};
static const char *const reaction_names[] = {"", "restart", "ignore", "shutdown", "exit"};
static const char *const stop_signals[] = {NULL, NULL, "SIGTERM", "SIGINT", "SIGQUIT", "SIGUSR1"};

const char *wish_name(enum wish wish) {
    return wish_names[wish];
}

// --- random ones ---

static int lower_service(struct rng *rng, int service) {
    int first = service - service % BLOCK_SIZE;
    if (rng_chance(rng, 4))
        return rng_below(rng, service);
    return first < service ? first + rng_below(rng, service - first) : -1;
}

static void make_edges(struct rng *rng, int service, int percent, struct edges *edges) {
    for (int i = 0; i < EDGES_MAX && service > 0; i++) {
        int other = rng_chance(rng, percent) ? lower_service(rng, service) : -1;
        if (other >= 0 && !edges_have(edges, other))
            edges->items[edges->count++] = other;
    }
}

// `before` names higher numbers.
static void make_before(struct rng *rng, struct spec *spec) {
    int last = spec->service - spec->service % BLOCK_SIZE + BLOCK_SIZE - 1;
    if (rng_chance(rng, 15) && spec->service < last)
        spec->before = (struct edges){1, {spec->service + 1 + rng_below(rng, last - spec->service)}};
}

static void make_waits(struct rng *rng, struct spec *spec) {
    make_edges(rng, spec->service, 22, &spec->waits);
    for (int i = 0; i < spec->waits.count; i++)
        spec->wishes[i] = (enum wish)rng_below(rng, 4);
    spec->waits_in_layer = rng_chance(rng, 50);
    spec->has_wait_check = rng_chance(rng, 8);
    spec->wait_check = rng_below(rng, CHECK_COUNT);
    spec->wait_timeout_s = rng_chance(rng, 30) ? 1 + rng_below(rng, 60) : 0;
}

static void make_ready(struct rng *rng, struct spec *spec) {
    spec->ready_timeout_s = rng_chance(rng, 50) ? -1 : rng_below(rng, 20);
    spec->ready_check = rng_below(rng, CHECK_COUNT);
    if (!spec->is_oneshot && rng_chance(rng, 45))
        spec->ready = (enum ready_way)(1 + rng_below(rng, 4));
}

static enum reaction make_reaction(struct rng *rng) {
    int choice = rng_below(rng, 40);
    return choice < 12   ? REACTION_UNSET
           : choice < 24 ? REACTION_RESTART
           : choice < 38 ? REACTION_IGNORE
           : choice < 39 ? REACTION_SHUTDOWN
                         : REACTION_EXIT;
}

static void make_reactions(struct rng *rng, struct spec *spec) {
    spec->on_success = make_reaction(rng);
    spec->on_failure = make_reaction(rng);
    if (spec->is_oneshot && spec->on_success == REACTION_RESTART)
        spec->on_success = REACTION_UNSET;
    for (int i = 0; i < CHECK_COUNT; i++)
        spec->on_check[i] = rng_chance(rng, 10) ? REACTION_RESTART : REACTION_UNSET;
    spec->success_code = rng_chance(rng, 30) ? 2 : 0;
    spec->fatal_code = rng_chance(rng, 40) ? 3 : 0;
    spec->max_retries = rng_chance(rng, 40) ? 1 + rng_below(rng, 3) : 0;
    spec->on_max_retries = rng_chance(rng, 70) ? REACTION_UNSET : REACTION_IGNORE;
}

void spec_make(struct rng *rng, int service, struct spec *spec) {
    *spec = (struct spec){.service = service};
    spec->is_enabled = rng_chance(rng, 30);
    spec->is_oneshot = rng_chance(rng, 30);
    spec->run_timeout_s = spec->is_oneshot && rng_chance(rng, 30) ? 1 + rng_below(rng, 20) : 0;
    make_ready(rng, spec);
    make_edges(rng, service, 15, &spec->after);
    make_edges(rng, service, 12, &spec->requires);
    make_before(rng, spec);
    make_waits(rng, spec);
    make_reactions(rng, spec);
    spec->kill_delay_ms = 100 + rng_below(rng, 3000);
    spec->backoff_delay_ms = 50 + rng_below(rng, 1000);
    spec->backoff_limit_ms = 2000 + rng_below(rng, 10000);
    spec->stop_signal = stop_signals[rng_below(rng, (int)ARRAY_COUNT(stop_signals))];
    spec->kills_process_only = rng_chance(rng, 20);
}

bool spec_drop_waits(struct spec *spec, const bool exists[SERVICE_COUNT]) {
    int kept = 0, before = spec->waits.count + spec->requires.count;
    for (int i = 0; i < spec->waits.count; i++) {
        if (exists[spec->waits.items[i]]) {
            spec->wishes[kept] = spec->wishes[i];
            spec->waits.items[kept++] = spec->waits.items[i];
        }
    }
    spec->waits.count = kept;
    kept = 0;
    for (int i = 0; i < spec->requires.count; i++) {
        if (exists[spec->requires.items[i]])
        spec->requires.items[kept++] = spec->requires.items[i];
    }
    spec->requires.count = kept;
    return spec->waits.count + kept != before;
}

// --- text ---

static void write_edges(const char *key, const struct edges *edges, struct buffer *out) {
    if (edges->count == 0)
        return;
    buffer_printf(out, "    %s: [", key);
    for (int i = 0; i < edges->count; i++)
        buffer_printf(out, "%ss%03d", i > 0 ? ", " : "", edges->items[i]);
    buffer_add_string(out, "]\n");
}

static void write_ready(const struct spec *spec, struct buffer *out) {
    if (spec->ready == READY_WAY_NONE)
        return;
    buffer_add_string(out, "    ready: {");
    if (spec->ready == READY_WAY_NOTIFY)
        buffer_add_string(out, "notify: true");
    else if (spec->ready == READY_WAY_FD)
        buffer_add_string(out, "fd: 3");
    else if (spec->ready == READY_WAY_LOG)
        buffer_add_string(out, "log: '^" LOG_LINE "$'");
    else
        buffer_printf(out, "check: c%d", spec->ready_check);
    if (spec->ready_timeout_s >= 0)
        buffer_printf(out, ", timeout: %ds", spec->ready_timeout_s);
    buffer_add_string(out, "}\n");
}

static void write_waits(const struct spec *spec, int first, int count, struct buffer *out) {
    if (count == 0)
        return;
    buffer_add_string(out, "    wait-for: {");
    for (int i = first; i < first + count; i++)
        buffer_printf(out, "%ss%03d: %s", i > first ? ", " : "", spec->waits.items[i], wish_names[spec->wishes[i]]);
    buffer_add_string(out, "}\n");
}

static void write_reaction(const char *key, enum reaction reaction, struct buffer *out) {
    if (reaction != REACTION_UNSET)
        buffer_printf(out, "    %s: %s\n", key, reaction_names[reaction]);
}

static void write_reactions(const struct spec *spec, struct buffer *out) {
    write_reaction("on-success", spec->on_success, out);
    write_reaction("on-failure", spec->on_failure, out);
    write_reaction("on-max-start-retries", spec->on_max_retries, out);
    if (spec->success_code > 0)
        buffer_printf(out, "    success-exit-codes: [%d]\n", spec->success_code);
    if (spec->fatal_code > 0)
        buffer_printf(out, "    fatal-exit-codes: [%d]\n", spec->fatal_code);
    if (spec->max_retries > 0)
        buffer_printf(out, "    max-start-retries: %d\n", spec->max_retries);
    buffer_add_string(out, "    on-check-failure: {");
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (spec->on_check[i] != REACTION_UNSET)
            buffer_printf(out, "c%d: %s, ", i, reaction_names[spec->on_check[i]]);
    }
    buffer_add_string(out, "}\n");
}

void spec_write(const struct spec *spec, struct buffer *out) {
    int own_waits = spec->waits.count - (spec->waits_in_layer && spec->waits.count > 0 ? 1 : 0);
    buffer_printf(out, "  s%03d:\n    override: replace\n    command: run\n    summary: '%d'\n", spec->service,
                  spec->version);
    buffer_printf(out, "    startup: %s\n", spec->is_enabled ? "enabled" : "disabled");
    if (spec->is_oneshot)
        buffer_add_string(out, "    type: oneshot\n");
    if (spec->run_timeout_s > 0)
        buffer_printf(out, "    run-timeout: %ds\n", spec->run_timeout_s);
    write_ready(spec, out);
    write_edges("after", &spec->after, out);
    write_edges("before", &spec->before, out);
    write_edges("requires", &spec->requires, out);
    write_waits(spec, 0, own_waits, out);
    if (spec->has_wait_check)
        buffer_printf(out, "    wait-for-checks: [c%d]\n", spec->wait_check);
    if (spec->wait_timeout_s > 0)
        buffer_printf(out, "    wait-timeout: %ds\n", spec->wait_timeout_s);
    write_reactions(spec, out);
    buffer_printf(out, "    kill-delay: %dms\n    backoff-delay: %dms\n    backoff-limit: %dms\n", spec->kill_delay_ms,
                  spec->backoff_delay_ms, spec->backoff_limit_ms);
    if (spec->stop_signal != NULL)
        buffer_printf(out, "    stop-signal: %s\n", spec->stop_signal);
    if (spec->kills_process_only)
        buffer_add_string(out, "    kill-mode: process\n");
}

void spec_write_upper(const struct spec *spec, struct buffer *out) {
    if (!spec->waits_in_layer || spec->waits.count == 0)
        return;
    buffer_printf(out, "  s%03d:\n    override: merge\n", spec->service);
    write_waits(spec, spec->waits.count - 1, 1, out);
}

// --- order ---

bool edges_have(const struct edges *edges, int service) {
    for (int i = 0; i < edges->count; i++) {
        if (edges->items[i] == service)
            return true;
    }
    return false;
}

bool spec_takes_long(const struct spec *spec) {
    return spec->is_oneshot || spec->ready != READY_WAY_NONE;
}

bool spec_sorts_after(const struct spec *spec, const struct spec *earlier) {
    return edges_have(&spec->after, earlier->service) || edges_have(&earlier->before, spec->service);
}
