// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const char *const event_names[EVENT_KINDS] = {
    [EVENT_START] = "start",
    [EVENT_START_WAITING] = "start-waiting",
    [EVENT_CONDITIONS_MET] = "conditions-met",
    [EVENT_CONDITIONS_FAILED] = "conditions-failed",
    [EVENT_WAIT_OVER] = "wait-over",
    [EVENT_LAUNCHED] = "launched",
    [EVENT_LAUNCHED_UNREADY] = "launched-unready",
    [EVENT_LAUNCHED_ONESHOT] = "launched-oneshot",
    [EVENT_LAUNCH_FAILED] = "launch-failed",
    [EVENT_WINDOW_OVER] = "window-over",
    [EVENT_READY] = "ready",
    [EVENT_UNREADY] = "unready",
    [EVENT_LATE_RESTART] = "late-restart",
    [EVENT_LATE_IGNORE] = "late-ignore",
    [EVENT_LATE_SHUTDOWN] = "late-shutdown",
    [EVENT_RUN_OVER] = "run-over",
    [EVENT_MAIN_EXITED] = "main-exited",
    [EVENT_EXIT_RESTART] = "exit-restart",
    [EVENT_EXIT_SUCCESS] = "exit-success",
    [EVENT_EXIT_FAILURE] = "exit-failure",
    [EVENT_EXIT_SHUTDOWN] = "exit-shutdown",
    [EVENT_STOP] = "stop",
    [EVENT_KILL_DELAY_OVER] = "kill-delay-over",
    [EVENT_KILL_LIMIT_OVER] = "kill-limit-over",
    [EVENT_BACKOFF_OVER] = "backoff-over",
    [EVENT_RETRIES_USED] = "retries-used",
    [EVENT_BACKOFF_RESET] = "backoff-reset",
    [EVENT_CHECK_RESTART] = "check-restart",
    [EVENT_CHECK_SHUTDOWN] = "check-shutdown",
    [EVENT_ABORT] = "abort",
};

// The table of docs/internals/services.md: the next state of each event that is not ignored.
#define STARTS(next) "start=" next " start-waiting=" next " "
#define EXITS(next) "exit-restart=" next " exit-success=" next " exit-failure=" next " exit-shutdown=" next " "
static const char *const expected[SERVICE_STATES] = {
    [SERVICE_INITIAL] = "start=launching start-waiting=waiting stop=initial",
    [SERVICE_WAITING] = STARTS("waiting") "conditions-met=launching conditions-failed=stopped wait-over=stopped "
                                          "stop=stopped abort=stopped",
    [SERVICE_LAUNCHING] = STARTS("launching") "launched=starting launched-unready=starting launched-oneshot=running "
                                              "launch-failed=stopped stop=stopped abort=stopped",
    [SERVICE_STARTING] =
        STARTS("starting") "window-over=running main-exited=terminating exit-restart=backoff exit-success=completed "
                           "exit-failure=exited exit-shutdown=exited stop=terminating abort=stopped",
    [SERVICE_GETTING_READY] =
        STARTS("starting") "ready=running late-restart=terminating late-ignore=running "
                           "late-shutdown=running main-exited=terminating exit-restart=backoff exit-success=completed "
                           "exit-failure=exited exit-shutdown=exited stop=terminating "
                           "abort=stopped",
    [SERVICE_WORKING] =
        STARTS("running") "run-over=terminating main-exited=terminating exit-restart=backoff exit-success=completed "
                          "exit-failure=exited stop=terminating abort=stopped",
    [SERVICE_RUNNING] = STARTS("running") "window-over=running ready=running unready=running main-exited=terminating "
                                          "exit-restart=backoff exit-success=completed "
                                          "exit-failure=exited exit-shutdown=exited stop=terminating "
                                          "backoff-reset=running check-restart=terminating check-shutdown=running",
    [SERVICE_TERMINATING] = STARTS("terminating") EXITS("stopped") "stop=terminating kill-delay-over=killing",
    [SERVICE_KILLING] = STARTS("killing") EXITS("stopped") "stop=killing kill-limit-over=stopped",
    [SERVICE_RESTART_TERMINATING] = STARTS("terminating") EXITS("backoff") "stop=terminating kill-delay-over=killing",
    [SERVICE_RESTART_KILLING] = STARTS("killing") EXITS("backoff") "stop=killing kill-limit-over=stopped",
    [SERVICE_TIMEOUT_TERMINATING] = STARTS("terminating") "exit-restart=backoff exit-failure=exited stop=terminating "
                                                          "kill-delay-over=killing abort=stopped",
    [SERVICE_TIMEOUT_KILLING] = STARTS("killing") "exit-restart=backoff exit-failure=exited stop=killing "
                                                  "kill-limit-over=stopped abort=stopped",
    [SERVICE_LEFTOVERS_TERMINATING] =
        STARTS("terminating") "exit-restart=backoff exit-success=completed exit-failure=exited "
                              "exit-shutdown=exited stop=terminating abort=stopped "
                              "kill-delay-over=killing",
    [SERVICE_LEFTOVERS_KILLING] = STARTS("killing") "exit-restart=backoff exit-success=completed exit-failure=exited "
                                                    "exit-shutdown=exited stop=killing abort=stopped "
                                                    "kill-limit-over=killing",
    [SERVICE_STOPPED] = "start=launching start-waiting=waiting stop=stopped",
    [SERVICE_COMPLETED] = "start=launching start-waiting=waiting stop=stopped",
    [SERVICE_BACKOFF] = "start=launching start-waiting=waiting stop=stopped backoff-over=relaunching "
                        "retries-used=exited check-restart=backoff check-shutdown=backoff abort=stopped",
    [SERVICE_RELAUNCHING] = STARTS("launching") "launched=running launched-unready=starting launched-oneshot=running "
                                                "launch-failed=backoff stop=stopped check-restart=relaunching "
                                                "check-shutdown=relaunching abort=stopped",
    [SERVICE_EXITED] = "start=launching start-waiting=waiting stop=stopped check-restart=backoff check-shutdown=exited",
};

// The next state of the event in the row, or "-".
static char *next_in(const char *row, const char *event) {
    AUTO_FREE char *key = memory_printf("%s=", event);
    for (const char *at = row; *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (strncmp(at, key, strlen(key)) == 0)
            return memory_string_n(at + strlen(key), length - strlen(key));
        at += length;
    }
    return memory_string("-");
}

static void each_event_in_each_state(void **unused UNUSED) {
    for (int state = 0; state < SERVICE_STATES; state++) {
        assert_false(service_transition((enum service_state)state, EVENT_NONE, NULL));
        for (int kind = EVENT_NONE + 1; kind < EVENT_KINDS; kind++) {
            enum service_state next;
            bool has_transition = service_transition((enum service_state)state, (enum service_event_kind)kind, &next);
            const char *name = has_transition ? service_state_name(next) : "-";
            AUTO_FREE char *wanted = next_in(expected[state], event_names[kind]);
            if (!text_equal(name, wanted))
                fail_msg("state %d, %s: %s instead of %s", state, event_names[kind], name, wanted);
        }
    }
}

static void each_state_has_its_status(void **unused UNUSED) {
    static const char *const statuses[SERVICE_STATES] = {
        [SERVICE_WAITING] = "inactive",
        [SERVICE_GETTING_READY] = "active",
        [SERVICE_WORKING] = "active",
        [SERVICE_TIMEOUT_TERMINATING] = "inactive",
        [SERVICE_COMPLETED] = "inactive",
        [SERVICE_TIMEOUT_KILLING] = "inactive",
        [SERVICE_INITIAL] = "inactive",
        [SERVICE_LAUNCHING] = "inactive",
        [SERVICE_STARTING] = "active",
        [SERVICE_RUNNING] = "active",
        [SERVICE_TERMINATING] = "inactive",
        [SERVICE_KILLING] = "inactive",
        [SERVICE_LEFTOVERS_KILLING] = "inactive",
        [SERVICE_LEFTOVERS_TERMINATING] = "inactive",
        [SERVICE_STOPPED] = "inactive",
        [SERVICE_RESTART_TERMINATING] = "inactive",
        [SERVICE_BACKOFF] = "backoff",
        [SERVICE_RESTART_KILLING] = "inactive",
        [SERVICE_EXITED] = "error",
        [SERVICE_RELAUNCHING] = "backoff",
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
    assert_int_equal(meddler.service->state, SERVICE_BACKOFF); // the restart followed
    event_remove(&meddler.listener);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_in_each_state),
        cmocka_unit_test(each_state_has_its_status),
        cmocka_unit_test(the_time_of_the_status_stays_while_the_status_does),
        cmocka_unit_test(events_from_within_a_transition_are_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
