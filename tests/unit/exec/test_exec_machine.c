// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

struct row {
    enum exec_state state;
    enum exec_event_kind kind;
    enum exec_state next;
};

// All transitions that docs/internals/exec.md lists; other events are ignored.
static const struct row rows[] = {
    {EXEC_CREATED, EVENT_BEGIN, EXEC_CONNECTING},
    {EXEC_CREATED, EVENT_DROP, EXEC_OVER},
    {EXEC_CREATED, EVENT_STOP, EXEC_OVER},
    {EXEC_CONNECTING, EVENT_CONNECTED, EXEC_LAUNCHING},
    {EXEC_CONNECTING, EVENT_WAIT_OVER, EXEC_OVER},
    {EXEC_CONNECTING, EVENT_ABORT, EXEC_OVER},
    {EXEC_CONNECTING, EVENT_STOP, EXEC_OVER},
    {EXEC_LAUNCHING, EVENT_LAUNCHED, EXEC_RUNNING},
    {EXEC_LAUNCHING, EVENT_LAUNCH_FAILED, EXEC_SENDING},
    {EXEC_LAUNCHING, EVENT_ABORT, EXEC_SENDING},
    {EXEC_LAUNCHING, EVENT_STOP, EXEC_OVER},
    {EXEC_RUNNING, EVENT_EXITED, EXEC_DRAINING},
    {EXEC_RUNNING, EVENT_CONTROL_LOST, EXEC_RUNNING},
    {EXEC_RUNNING, EVENT_ABORT, EXEC_RUNNING},
    {EXEC_RUNNING, EVENT_STOP, EXEC_STOPPING},
    {EXEC_STOPPING, EVENT_EXITED, EXEC_OVER},
    {EXEC_DRAINING, EVENT_OUTPUT_ENDED, EXEC_SENDING},
    {EXEC_DRAINING, EVENT_WAIT_OVER, EXEC_OVER},
    {EXEC_DRAINING, EVENT_ABORT, EXEC_OVER},
    {EXEC_DRAINING, EVENT_STOP, EXEC_OVER},
    {EXEC_SENDING, EVENT_SENT, EXEC_OVER},
    {EXEC_SENDING, EVENT_WAIT_OVER, EXEC_OVER},
    {EXEC_SENDING, EVENT_ABORT, EXEC_OVER},
    {EXEC_SENDING, EVENT_STOP, EXEC_OVER},
};

static const struct row *find_row(enum exec_state state, enum exec_event_kind kind) {
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (rows[i].state == state && rows[i].kind == kind)
            return &rows[i];
    }
    return NULL;
}

static void table_has_these_transitions_only(void **state UNUSED) {
    for (enum exec_state from = 0; from < EXEC_STATES; from++) {
        for (enum exec_event_kind kind = 0; kind < EVENT_KINDS; kind++) {
            const struct row *row = find_row(from, kind);
            enum exec_state next = EXEC_STATES;
            assert_int_equal(exec_transition(from, kind, &next), row != NULL);
            if (row != NULL)
                assert_int_equal(next, row->next);
        }
    }
}

static void states_have_names(void **state UNUSED) {
    assert_string_equal(exec_state_name(EXEC_CREATED), "created");
    for (enum exec_state each = 0; each < EXEC_STATES; each++)
        assert_non_null(exec_state_name(each));
}

static void transitions_are_logged_and_others_ignored(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    log_set_debug(true);
    struct session session = session_begin(&fixture, "run", &(const struct exec_request){0});
    assert_true(fixture_has_logged(&fixture, "Exec 1 goes from launching to running"));
    struct exec *exec = map_get(&fixture.manager->execs, "1");
    exec_handle(exec, EVENT_SENT);
    exec_handle(exec, EVENT_CONNECTED);
    assert_int_equal(exec->state, EXEC_RUNNING);
    job_end(&fixture, 0);
    log_set_debug(false);
    session_end(&session);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_has_these_transitions_only),
        cmocka_unit_test(states_have_names),
        cmocka_unit_test(transitions_are_logged_and_others_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
