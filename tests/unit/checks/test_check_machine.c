// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

// The table of docs/internals/checks.md: for each state the next state of each event, "-" where it is ignored.
static const struct {
    const char *start, *stop, *begun, *due, *refresh, *unwanted, *passed, *failed, *fell;
} expected[CHECK_STATES] = {
    [CHECK_INACTIVE] = {"up-starting", "-", "-", "-", "inactive-probing", "-", "-", "-", "-"},
    [CHECK_INACTIVE_PROBING] = {"up-starting", "-", "-", "-", "-", "inactive", "inactive", "inactive", "-"},
    [CHECK_UP_STARTING] = {"-", "inactive", "up-waiting", "up-starting", "-", "-", "-", "-", "-"},
    [CHECK_UP_WAITING] = {"-", "inactive", "-", "up-probing", "up-probing", "-", "-", "-", "-"},
    [CHECK_UP_PROBING] = {"-", "inactive", "-", "up-probing", "-", "-", "up-waiting", "up-waiting", "down-starting"},
    [CHECK_DOWN_STARTING] = {"-", "inactive", "down-waiting", "down-starting", "-", "-", "-", "-", "-"},
    [CHECK_DOWN_WAITING] = {"-", "inactive", "-", "down-probing", "down-probing", "-", "-", "-", "-"},
    [CHECK_DOWN_PROBING] = {"-", "inactive", "-", "down-probing", "-", "-", "up-starting", "down-waiting", "-"},
};

static void each_event_in_each_state(void **unused UNUSED) {
    for (int state = 0; state < CHECK_STATES; state++) {
        const char *const *row = (const char *const *)(const void *)&expected[state];
        assert_false(check_transition((enum check_state)state, EVENT_NONE, NULL));
        for (int kind = EVENT_NONE + 1; kind < EVENT_KINDS; kind++) {
            enum check_state next;
            bool has_transition = check_transition((enum check_state)state, (enum check_event_kind)kind, &next);
            const char *name = has_transition ? check_state_name(next) : "-";
            if (!text_equal(name, row[kind - 1]))
                fail_msg("state %d, event %d: %s instead of %s", state, kind, name, row[kind - 1]);
        }
    }
}

// A refresh whose end stops the check, from within a transition.
static void on_refreshed_stop(const struct check_info *info UNUSED, const char *failure UNUSED,
                              const struct error *err UNUSED, void *data) {
    struct fixture *fixture = data;
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_TEXT_LIST struct text_list changed = {0};
    text_list_add(&names, "door");
    assert_true(check_manager_stop(fixture->manager, &names, &changed, NULL));
    assert_int_equal(fixture_check(fixture, "door")->state, CHECK_UP_WAITING);
}

static void events_from_within_a_transition_are_queued(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "checks:\n  door: {override: replace, exec: {command: pass}}\n");
    assert_non_null(check_manager_refresh(fixture.manager, "door", on_refreshed_stop, &fixture, NULL));
    loop_run_pending(fixture.loop);
    assert_brief(&fixture, "door", "inactive 1 0/3 -<-");
    fixture_end(&fixture);
}

static void checks_that_are_down_are_counted(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "checks:\n  a: {override: replace, threshold: 1, exec: {command: pass}}\n"
                            "  b: {override: replace, threshold: 1, exec: {command: pass}}\n");
    assert_int_equal(fixture.manager->down_count, 0);
    (void)fixture_refresh(&fixture, "a", "fail");
    (void)fixture_refresh(&fixture, "b", "fail");
    assert_int_equal(fixture.manager->down_count, 2);
    (void)fixture_refresh(&fixture, "b", "pass");
    assert_int_equal(fixture.manager->down_count, 1);
    fixture_set_plan(&fixture, "summary: no checks\n");
    assert_int_equal(fixture.manager->down_count, 0);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_in_each_state),
        cmocka_unit_test(events_from_within_a_transition_are_queued),
        cmocka_unit_test(checks_that_are_down_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
