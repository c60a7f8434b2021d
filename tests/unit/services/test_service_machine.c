// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

// What docs/services.md says, state by state: the states that follow each event, "-" where it means nothing.
static const struct {
    const char *start, *launched, *launch_failed, *window_over, *exit_restart, *exit_success, *exit_failure,
        *exit_shutdown, *stop, *kill_delay_over, *kill_limit_over, *backoff_over, *backoff_reset, *check_restart,
        *check_shutdown, *abort;
} expected[SERVICE_STATES] = {
    [SERVICE_INITIAL] = {"launching", "-", "-", "-", "-", "-", "-", "-", "initial", "-", "-", "-", "-", "-", "-", "-"},
    [SERVICE_LAUNCHING] = {"launching", "starting", "stopped", "-", "-", "-", "-", "-", "stopped", "-", "-", "-", "-",
                           "-", "-", "stopped"},
    [SERVICE_STARTING] = {"starting", "-", "-", "running", "backoff", "stopped", "exited", "exited", "terminating", "-",
                          "-", "-", "-", "-", "-", "stopped"},
    [SERVICE_RUNNING] = {"running", "-", "-", "-", "backoff", "stopped", "exited", "exited", "terminating", "-", "-",
                         "-", "running", "terminating", "running", "-"},
    [SERVICE_TERMINATING] = {"terminating", "-", "-", "-", "stopped", "stopped", "stopped", "stopped", "terminating",
                             "killing", "-", "-", "-", "-", "-", "-"},
    [SERVICE_KILLING] = {"killing", "-", "-", "-", "stopped", "stopped", "stopped", "stopped", "killing", "-",
                         "stopped", "-", "-", "-", "-", "-"},
    [SERVICE_RESTART_TERMINATING] = {"terminating", "-", "-", "-", "backoff", "backoff", "backoff", "backoff",
                                     "terminating", "killing", "-", "-", "-", "-", "-", "-"},
    [SERVICE_RESTART_KILLING] = {"killing", "-", "-", "-", "backoff", "backoff", "backoff", "backoff", "killing", "-",
                                 "stopped", "-", "-", "-", "-", "-"},
    [SERVICE_STOPPED] = {"launching", "-", "-", "-", "-", "-", "-", "-", "stopped", "-", "-", "-", "-", "-", "-", "-"},
    [SERVICE_BACKOFF] = {"launching", "-", "-", "-", "-", "-", "-", "-", "stopped", "-", "-", "relaunching", "-",
                         "backoff", "backoff", "-"},
    [SERVICE_RELAUNCHING] = {"launching", "running", "backoff", "-", "-", "-", "-", "-", "stopped", "-", "-", "-", "-",
                             "relaunching", "relaunching", "-"},
    [SERVICE_EXITED] = {"launching", "-", "-", "-", "-", "-", "-", "-", "stopped", "-", "-", "-", "-", "backoff",
                        "exited", "-"},
};

static void each_event_in_each_state(void **unused UNUSED) {
    for (int state = 0; state < SERVICE_STATES; state++) {
        const char *const *row = (const char *const *)(const void *)&expected[state];
        assert_false(service_transition((enum service_state)state, EVENT_NONE, NULL));
        for (int kind = EVENT_NONE + 1; kind < EVENT_KINDS; kind++) {
            enum service_state next;
            bool means_something = service_transition((enum service_state)state, (enum service_event_kind)kind, &next);
            const char *name = means_something ? service_state_name(next) : "-";
            if (!text_equal(name, row[kind - 1]))
                fail_msg("state %d, event %d: %s instead of %s", state, kind, name, row[kind - 1]);
        }
    }
}

static void each_state_is_shown_as_clients_know_it(void **unused UNUSED) {
    static const char *const statuses[SERVICE_STATES] = {
        [SERVICE_INITIAL] = "inactive",     [SERVICE_LAUNCHING] = "inactive",
        [SERVICE_STARTING] = "active",      [SERVICE_RUNNING] = "active",
        [SERVICE_TERMINATING] = "inactive", [SERVICE_KILLING] = "inactive",
        [SERVICE_STOPPED] = "inactive",     [SERVICE_RESTART_TERMINATING] = "inactive",
        [SERVICE_BACKOFF] = "backoff",      [SERVICE_RESTART_KILLING] = "inactive",
        [SERVICE_EXITED] = "error",         [SERVICE_RELAUNCHING] = "backoff",
    };
    for (int state = 0; state < SERVICE_STATES; state++)
        assert_string_equal(service_state_status((enum service_state)state), statuses[state]);
}

static void the_time_of_the_status_stays_while_the_status_does(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "one");
    loop_run_pending(fixture.loop);
    struct service *service = fixture_service(&fixture, "one");
    assert_int_equal(service->state, SERVICE_STARTING);
    assert_true(service->since.is_set);
    int64_t since_ns = service->since.ns;
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(service->state, SERVICE_RUNNING);
    assert_true(service->since.ns == since_ns);
    fixture_do(&fixture, SERVICE_STOP, "one");
    assert_true(service->since.ns != since_ns);
    fixture_end(&fixture);
}

// A listener that acts on the change whose task is finished from within a transition.
struct meddler {
    struct listener listener;
    struct service *service;
    enum service_state seen;
};

static void on_change_ready(struct listener *listener, void *argument UNUSED) {
    struct meddler *meddler = CONTAINER_OF(listener, struct meddler, listener);
    if (meddler->service->state != SERVICE_RUNNING)
        return;
    service_handle(meddler->service, &(const struct service_event){.kind = EVENT_CHECK_RESTART});
    meddler->seen = meddler->service->state;
}

static void events_from_within_a_transition_are_queued(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "one");
    loop_run_pending(fixture.loop);
    struct meddler meddler = {.service = fixture_service(&fixture, "one")};
    event_add(state_change_ready(fixture.state), &meddler.listener, on_change_ready);
    loop_advance(fixture.loop, NS_PER_S); // the window is over, which finishes the task
    assert_int_equal(meddler.seen, SERVICE_RUNNING);
    assert_int_equal(meddler.service->state, SERVICE_BACKOFF); // and the restart came behind
    event_remove(&meddler.listener);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_in_each_state),
        cmocka_unit_test(each_state_is_shown_as_clients_know_it),
        cmocka_unit_test(the_time_of_the_status_stays_while_the_status_does),
        cmocka_unit_test(events_from_within_a_transition_are_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
