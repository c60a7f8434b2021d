// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const char path[] = "/v1/changes/1/wait";

static struct change *unready_change(struct fixture *fixture) {
    runner_stop(fixture->runner);
    struct change *change = change_create(fixture->state, "kind", "summary");
    (void)task_create(change, "no-such-kind", "summary");
    return change;
}

static void await_calls(struct fixture *fixture, size_t count) {
    while (list_count(&fixture->api->calls) != count)
        uv_run(loop_uv(fixture->loop), UV_RUN_NOWAIT);
}

static void an_event_ends_the_wait_of_those_it_satisfies(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct change *change = unready_change(&fixture);
    struct change *other = change_create(fixture.state, "kind", "other");
    int first = fixture_connect(&fixture), second = fixture_connect(&fixture);
    fixture_send(first, "GET", path, "");
    fixture_send(second, "GET", path, "");
    await_calls(&fixture, 2);
    change_set_status(other, STATUS_DONE);
    loop_run_pending(fixture.loop);
    assert_int_equal(list_count(&fixture.api->calls), 2);
    assert_true(change_abort(change, NULL));
    const int clients[] = {first, second};
    for (size_t i = 0; i < ARRAY_COUNT(clients); i++) {
        AUTO_FREE char *text = fixture_receive(&fixture, clients[i]);
        assert_non_null(strstr(text, "HTTP/1.1 200 "));
        assert_non_null(strstr(text, "\"status\":\"Hold\""));
    }
    fixture_end(&fixture);
}

// One event may end very many waits. The responses are not made within it, but by turns.
static void responses_wait_for_their_turn(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct change *change = unready_change(&fixture);
    int fd = fixture_connect(&fixture);
    fixture_send(fd, "GET", path, "");
    await_calls(&fixture, 1);
    assert_true(change_abort(change, NULL));
    event_emit(state_change_ready(fixture.state), change);
    assert_int_equal(list_count(&fixture.api->calls), 1);
    AUTO_FREE char *text = fixture_receive(&fixture, fd);
    assert_non_null(strstr(text, "\"status\":\"Hold\""));
    fixture_end(&fixture);
}

static void a_wait_has_a_time_limit(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    (void)unready_change(&fixture);
    assert_response(&fixture, "GET /v1/changes/1/wait?timeout=1ms", "", 504, "timed out waiting for change after 1ms");
    assert_response(&fixture, "GET /v1/changes/1/wait?timeout=-1s", "", 504, "timed out waiting for change after -1s");
    assert_response(&fixture, "GET /v1/changes/1/wait?timeout=x", "", 400, "invalid timeout: ");
    fixture_end(&fixture);
}

static void a_disconnect_ends_the_wait(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct change *change = unready_change(&fixture);
    int gone = fixture_connect(&fixture), stays = fixture_connect(&fixture);
    fixture_send(gone, "GET", path, "");
    fixture_send(stays, "GET", path, "");
    await_calls(&fixture, 2);
    assert_int_equal(close(gone), 0);
    await_calls(&fixture, 1);
    assert_true(change_abort(change, NULL));
    AUTO_FREE char *text = fixture_receive(&fixture, stays);
    assert_non_null(strstr(text, "HTTP/1.1 200 "));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_ends_the_wait_of_those_it_satisfies),
        cmocka_unit_test(responses_wait_for_their_turn),
        cmocka_unit_test(a_wait_has_a_time_limit),
        cmocka_unit_test(a_disconnect_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
