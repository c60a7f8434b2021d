// SPDX-License-Identifier: GPL-3.0-or-later
// Real probes, against the scripted server of http_client_fixture.h and with real processes. Needs /bin/sh.
#pragma once

#include "../http/http_client_fixture.h"

#include "checks/check_probes.h"

static struct reaper *reaper;
static struct probe_context probes;
static struct check_prober prober;
static struct probe *probe;

// The result of the last probe.
static struct {
    int calls;
    bool was_cancelled; // at its time limit
    char *failure;      // "message|details"; NULL if it has passed
} result;

static void forget_result(void) {
    free(result.failure);
    memset(&result, 0, sizeof result);
}

static int open_prober(void **state) {
    if (open_client(state) != 0 || !reaper_create(loop, &reaper, NULL))
        return -1;
    probes = (struct probe_context){
        .client = client,
        .connector = connector,
        .jobs = job_context_create(&(const struct job_context_spec){.loop = loop, .reaper = reaper}),
    };
    prober = check_probes(&probes);
    return 0;
}

static int close_prober(void **state) {
    forget_result();
    bool is_destroyed = job_context_destroy(probes.jobs);
    reaper_destroy(reaper);
    return close_client(state) == 0 && is_destroyed ? 0 : -1;
}

static void on_probe_done(const struct probe_failure *failure, void *data) {
    assert_ptr_equal(data, &result);
    result.calls++;
    if (failure != NULL)
        result.failure = memory_printf("%s|%s", failure->message, failure->details);
    probe = NULL;
    loop_stop(loop);
}

static void on_limit_over(void *data UNUSED) {
    result.was_cancelled = true;
    prober.cancel(TAKE(probe));
    loop_stop(loop);
}

// Parses a check, given as a YAML flow mapping without "override"; owned.
static struct plan_check *make_check(const char *yaml) {
    AUTO_LAYERS struct layer_list layers = {0};
    AUTO_FREE char *text = memory_printf("checks:\n  door: {override: replace, %s}\n", yaml);
    AUTO_ERROR struct error err = {0};
    struct layer *layer = NULL;
    struct plan *plan = NULL;
    if (!layer_parse(1, "base", text, strlen(text), &layer, &err))
        fail_msg("layer: %s", error_text(&err));
    layers_add(&layers, layer);
    if (!plan_combine(&layers, &plan, &err))
        fail_msg("plan: %s", error_text(&err));
    struct plan_check *check = plan_check_copy(plan_find_check(plan, "door"));
    plan_release(plan);
    return check;
}

static bool start_probe(const char *yaml, struct error *err) {
    struct plan_check *check = make_check(yaml);
    const struct probe_spec spec = {.config = check, .timeout_ns = 60 * NS_PER_S};
    forget_result();
    bool is_started = prober.start(&prober, &spec, on_probe_done, &result, &probe, err);
    plan_check_destroy(check);
    assert_int_equal(result.calls, 0);
    return is_started;
}

// Runs a probe to its end, or cancels it after `limit_ms`.
static UNUSED void run_probe_within(const char *yaml, int64_t limit_ms) {
    AUTO_ERROR struct error err = {0};
    if (!start_probe(yaml, &err))
        fail_msg("start: %s", error_text(&err));
    struct timer *limit = timer_create_in(loop, on_limit_over, NULL);
    timer_start(limit, limit_ms * NS_PER_MS);
    loop_run(loop);
    timer_destroy(limit);
    assert_int_equal(result.calls, result.was_cancelled ? 0 : 1);
}

static UNUSED void expect_result(const char *yaml, const char *failure) {
    run_probe_within(yaml, 60000);
    assert_false(result.was_cancelled);
    assert_string_equal(result.failure != NULL ? result.failure : "passed", failure);
}

static UNUSED void expect_timeout(const char *yaml, int64_t limit_ms) {
    run_probe_within(yaml, limit_ms);
    assert_true(result.was_cancelled);
    loop_run_pending(loop);
    assert_int_equal(result.calls, 0);
}

#define PROBE_TEST(name) cmocka_unit_test_setup_teardown(name, open_prober, close_prober)
