// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const char three[] = "checks:\n"
                            "  pulse: {override: replace, level: alive, threshold: 1, exec: {command: pass}}\n"
                            "  door: {override: replace, level: ready, threshold: 1, exec: {command: pass}}\n"
                            "  extra: {override: replace, threshold: 1, exec: {command: pass}}\n"
                            "  idle: {override: replace, startup: disabled, exec: {command: pass}}\n";

static bool is_healthy(struct fixture *fixture, enum check_level level, const char *names) {
    AUTO_TEXT_LIST struct text_list list = {0};
    split_names(names, &list);
    bool is_healthy = list.count > 0 || check_manager_is_healthy(fixture->manager, level);
    for (size_t i = 0; i < list.count; i++) {
        AUTO_FREE char *longer = memory_printf("%s,", list.items[i]);
        is_healthy = is_healthy && check_manager_is_one_healthy(fixture->manager, level, longer, strlen(longer) - 1);
    }
    return is_healthy;
}

static void health_depends_on_level_and_names(void **unused UNUSED) {
    static const struct {
        const char *down;
        bool all, alive, ready;
    } cases[] = {{"pulse", false, false, false}, {"door", false, true, false}, {"extra", false, true, true}};
    struct fixture fixture;
    fixture_begin(&fixture, three);
    assert_true(check_manager_is_healthy(fixture.manager, CHECK_LEVEL_UNSET));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        (void)fixture_refresh(&fixture, cases[i].down, "fail");
        assert_int_equal(is_healthy(&fixture, CHECK_LEVEL_UNSET, ""), cases[i].all);
        assert_int_equal(is_healthy(&fixture, CHECK_LEVEL_ALIVE, ""), cases[i].alive);
        assert_int_equal(is_healthy(&fixture, CHECK_LEVEL_READY, ""), cases[i].ready);
        assert_false(is_healthy(&fixture, CHECK_LEVEL_UNSET, cases[i].down));
        assert_true(is_healthy(&fixture, CHECK_LEVEL_UNSET, "idle ghost"));
        (void)fixture_refresh(&fixture, cases[i].down, "pass");
    }
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_true(is_healthy(&fixture, CHECK_LEVEL_ALIVE, "door"));
    assert_true(is_healthy(&fixture, CHECK_LEVEL_READY, "pulse"));
    assert_false(is_healthy(&fixture, CHECK_LEVEL_READY, "pulse door"));
    fixture_ask(&fixture, false, "door", "door"); // inactive checks are left out
    assert_true(is_healthy(&fixture, CHECK_LEVEL_UNSET, ""));
    fixture_end(&fixture);
}

static void add_name(const struct check_info *info, void *data) {
    buffer_printf(data, "%s:%s:%s:%s ", info->name, check_level_name(info->level),
                  info->is_enabled ? "enabled" : "disabled", info->status);
}

static void assert_list(struct fixture *fixture, enum check_level level, const char *names, const char *expected) {
    AUTO_TEXT_LIST struct text_list list = {0};
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    split_names(names, &list);
    check_manager_list(fixture->manager, level, &list, add_name, &text);
    assert_string_equal(buffer_text(&text), expected);
}

static void lists_are_sorted_and_filtered(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, three);
    assert_list(&fixture, CHECK_LEVEL_UNSET, "",
                "door:ready:enabled:up extra::enabled:up idle::disabled:inactive pulse:alive:enabled:up ");
    assert_list(&fixture, CHECK_LEVEL_READY, "", "door:ready:enabled:up ");
    assert_list(&fixture, CHECK_LEVEL_UNSET, "pulse ghost idle pulse",
                "idle::disabled:inactive pulse:alive:enabled:up ");
    assert_list(&fixture, CHECK_LEVEL_ALIVE, "door", "");
    fixture_end(&fixture);
}

static void requests_name_what_they_changed(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, three);
    fixture_ask(&fixture, true, "idle idle door", "idle");
    fixture_ask(&fixture, true, "idle", "");
    fixture_ask(&fixture, false, "pulse door ghost", "cannot stop checks: cannot find checks in plan: ghost");
    fixture_ask(&fixture, true, "zeta idle gamma zeta", "cannot start checks: cannot find checks in plan: gamma, zeta");
    fixture_ask(&fixture, false, "pulse idle door", "door idle pulse");
    fixture_end(&fixture);
}

// --- the plan ---

static const char gate[] = "services:\n  shop: {override: replace, command: run, environment: {A: one}}\n"
                           "checks:\n  usual: {override: replace, exec: {command: pass, service-context: shop}}\n"
                           "  rare: {override: replace, startup: disabled, exec: {command: pass}}\n";

static void an_unaltered_check_goes_on(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, gate);
    (void)fixture_refresh(&fixture, "usual", "fail");
    fixture_set_plan(&fixture, gate);
    assert_brief(&fixture, "usual", "up 0 1/3 1<-");
    fixture_end(&fixture);
}

static void an_altered_check_begins_anew(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, gate);
    (void)fixture_refresh(&fixture, "usual", "fail");
    fixture_set_plan(&fixture, "checks:\n  usual: {override: replace, threshold: 8, exec: {command: pass}}\n");
    loop_run_pending(fixture.loop);
    assert_brief(&fixture, "usual", "up 0 0/8 2<-");
    assert_change(&fixture, "1", "perform-check", STATUS_DONE);
    assert_null(map_get(&fixture.manager->checks, "rare"));
    fixture_end(&fixture);
}

static void a_change_of_the_context_alters_the_check(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, gate);
    fixture_set_plan(&fixture, "services:\n  shop: {override: replace, command: walk, environment: {A: one}}\n"
                               "checks:\n  usual: {override: replace, exec: {command: pass, service-context: shop}}\n");
    assert_brief(&fixture, "usual", "up 0 0/3 1<-"); // the command is not part of it
    fixture_set_plan(&fixture, "services:\n  shop: {override: replace, command: walk, environment: {A: two}}\n"
                               "checks:\n  usual: {override: replace, exec: {command: pass, service-context: shop}}\n");
    assert_brief(&fixture, "usual", "up 0 0/3 2<-");
    fixture_end(&fixture);
}

static void a_new_plan_starts_what_is_enabled(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, gate);
    fixture_ask(&fixture, true, "rare", "rare");
    (void)fixture_refresh(&fixture, "rare", "pass");
    fixture_ask(&fixture, false, "rare usual", "rare usual");
    assert_brief(&fixture, "rare", "inactive 1 0/3 -<-");
    fixture_set_plan(&fixture, gate);
    assert_brief(&fixture, "rare", "inactive 0 0/3 -<-");
    assert_brief(&fixture, "usual", "up 0 0/3 3<-");
    fixture_end(&fixture);
}

static void a_replan_starts_what_is_enabled(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, gate);
    fixture_ask(&fixture, true, "rare", "rare");
    fixture_ask(&fixture, false, "usual", "usual");
    check_manager_replan(fixture.manager);
    assert_brief(&fixture, "rare", "up 0 0/3 2<-");
    assert_brief(&fixture, "usual", "up 0 0/3 3<-");
    fixture_end(&fixture);
}

static void a_check_that_is_disabled_ends(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "checks:\n  door: {override: replace, exec: {command: pass}}\n");
    fixture_set_plan(&fixture, "checks:\n  door: {override: replace, startup: disabled, exec: {command: pass}}\n");
    assert_brief(&fixture, "door", "inactive 0 0/3 -<-");
    fixture_ask(&fixture, true, "door", "door"); // by request it runs, and goes on when it is altered
    fixture_set_plan(&fixture,
                     "checks:\n  door: {override: replace, startup: disabled, threshold: 5, exec: {command: pass}}\n");
    assert_brief(&fixture, "door", "up 0 0/5 3<-");
    fixture_end(&fixture);
}

// --- counts and shutdown ---

static void add_counts(const struct check_counts *counts, void *data) {
    buffer_printf(data, "%s:%d%d:%d:%d ", counts->name, counts->is_active, counts->is_up, (int)counts->success_count,
                  (int)counts->failure_count);
}

static void counts_last_until_the_check_is_altered(void **unused UNUSED) {
    struct fixture fixture;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    fixture_begin(&fixture, "checks:\n  door: {override: replace, threshold: 2, exec: {command: pass}}\n");
    for (int i = 0; i < 3; i++)
        (void)fixture_refresh(&fixture, "door", "fail");
    check_manager_counts(fixture.manager, add_counts, &text);
    (void)fixture_refresh(&fixture, "door", "pass");
    fixture_ask(&fixture, false, "door", "door");
    check_manager_counts(fixture.manager, add_counts, &text);
    fixture_ask(&fixture, true, "door", "door");
    (void)fixture_refresh(&fixture, "door", "pass");
    check_manager_counts(fixture.manager, add_counts, &text);
    fixture_set_plan(&fixture, "checks:\n  door: {override: replace, threshold: 5, exec: {command: pass}}\n");
    check_manager_counts(fixture.manager, add_counts, &text);
    assert_string_equal(buffer_text(&text), "door:10:0:3 door:00:1:3 door:11:2:3 door:11:0:0 ");
    fixture_end(&fixture);
}

static void nothing_runs_after_the_shutdown_has_begun(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed refreshed;
    AUTO_ERROR struct error err = {0};
    fixture_begin(&fixture, "checks:\n  door: {override: replace, exec: {command: hang}}\n"
                            "  late: {override: replace, startup: disabled, exec: {command: hang}}\n");
    fixture_start_refresh(&fixture, "door", &refreshed);
    check_manager_stop_all(fixture.manager);
    assert_int_equal(refreshed.calls, 1);
    assert_int_equal(refreshed.error, ERROR_UNAVAILABLE);
    assert_true(list_is_empty(&fixture.probes));
    fixture_ask(&fixture, true, "late", "cannot start checks: the daemon is stopping");
    fixture_set_plan(&fixture, "summary: no checks\n");
    check_manager_replan(fixture.manager);
    assert_null(check_manager_refresh(fixture.manager, "door", on_check_refreshed, &refreshed, &err));
    assert_int_equal(err.kind, ERROR_UNAVAILABLE);
    loop_advance(fixture.loop, 100 * NS_PER_S);
    assert_int_equal(fixture.started, 1);
    assert_brief(&fixture, "door", "up 0 0/3 1<-");
    assert_change(&fixture, "1", "perform-check", STATUS_DOING);
    check_manager_end_changes(fixture.manager);
    assert_change(&fixture, "1", "perform-check", STATUS_DONE);
    fixture_end(&fixture);
}

static const char two[] = "checks:\n  door: {override: replace, threshold: 1, exec: {command: hang}}\n"
                          "  gate: {override: replace, threshold: 1, exec: {command: hang}}\n";

// The probe of the check fails, without a turn of the loop.
static void let_fall(struct fixture *fixture, const char *name) {
    struct refreshed refreshed;
    const struct probe_failure failure = {.message = "exit status 7", .details = ""};
    fixture_start_refresh(fixture, name, &refreshed);
    struct probe *probe = LIST_ITEM(fixture->probes.next, struct probe, link);
    probe_done_fn on_done = probe->on_done;
    void *data = probe->data;
    probe_free(probe);
    on_done(&failure, data);
    assert_int_equal(refreshed.calls, 1);
}

struct stopper {
    struct listener on_failed;
    struct check_manager *manager;
};

static void stop_on_fall(struct listener *listener, void *name UNUSED) {
    check_manager_stop_all(CONTAINER_OF(listener, struct stopper, on_failed)->manager);
}

static void a_fall_may_begin_the_shutdown(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, two);
    struct stopper stopper = {.manager = fixture.manager};
    event_add(check_manager_failed(fixture.manager), &stopper.on_failed, stop_on_fall);
    let_fall(&fixture, "door");
    let_fall(&fixture, "gate");
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.failed.count, 1);
    event_remove(&stopper.on_failed);
    fixture_end(&fixture);
}

static void a_fall_is_not_emitted_after_the_shutdown_has_begun(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, two);
    let_fall(&fixture, "door");
    assert_int_equal(fixture.manager->fallen.count, 1); // to be emitted from the loop
    check_manager_stop_all(fixture.manager);
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.failed.count, 0);
    assert_int_equal(fixture.manager->fallen.count, 0);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_depends_on_level_and_names),
        cmocka_unit_test(lists_are_sorted_and_filtered),
        cmocka_unit_test(requests_name_what_they_changed),
        cmocka_unit_test(an_unaltered_check_goes_on),
        cmocka_unit_test(an_altered_check_begins_anew),
        cmocka_unit_test(a_change_of_the_context_alters_the_check),
        cmocka_unit_test(a_new_plan_starts_what_is_enabled),
        cmocka_unit_test(a_replan_starts_what_is_enabled),
        cmocka_unit_test(a_check_that_is_disabled_ends),
        cmocka_unit_test(counts_last_until_the_check_is_altered),
        cmocka_unit_test(nothing_runs_after_the_shutdown_has_begun),
        cmocka_unit_test(a_fall_may_begin_the_shutdown),
        cmocka_unit_test(a_fall_is_not_emitted_after_the_shutdown_has_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
