// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static struct change *pending_change(struct fixture *fixture) {
    runner_stop(fixture->runner); // it stays as it is
    struct change *change = change_create(fixture->state, "start", "Start service \"one\"");
    change_set_data(change, "service-names", json_pack("[s]", "one"));
    (void)task_create(change, "start", "Start service \"one\"");
    return change;
}

static void changes_are_selected(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    pending_change(&fixture);
    struct change *done = change_create(fixture.state, "replan", "Replan - no services");
    change_set_status(done, STATUS_DONE);
    assert_response(&fixture, "GET /v1/changes", "", 200, "\"id\":\"1\",\"kind\":\"start\"");
    assert_response(&fixture, "GET /v1/changes?select=ready", "", 200, "\"result\":[{\"id\":\"2\"");
    assert_response(&fixture, "GET /v1/changes?select=all&for=one", "", 200, "\"result\":[{\"id\":\"1\"");
    assert_response(&fixture, "GET /v1/changes?select=all&for=two", "", 200, "\"result\":[]");
    assert_response(&fixture, "GET /v1/changes?select=some", "", 400, "select should be one of: all,in-progress,ready");
    assert_response(&fixture, "GET /v1/changes/1", "", 200, "\"progress\":{\"label\":\"\",\"done\":0,\"total\":1}");
    fixture_end(&fixture);
}

static void waits_end_by_time_and_by_readiness(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct change *change = pending_change(&fixture);
    assert_response(&fixture, "GET /v1/changes/1/wait?timeout=5ms", "", 504, "timed out waiting for change after 5ms");
    assert_response(&fixture, "GET /v1/changes/1/wait?timeout=-1s", "", 504, "timed out waiting for change after -1s");
    assert_response(&fixture, "GET /v1/changes/1/wait?timeout=soon", "", 400, "invalid timeout: ");
    int fd = fixture_connect(&fixture);
    fixture_send(fd, "GET", "/v1/changes/1/wait", "");
    while (list_is_empty(&fixture.api->calls))
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    assert_true(change_abort(change, NULL));
    AUTO_FREE char *response = fixture_receive(&fixture, fd);
    assert_non_null(strstr(response, "HTTP/1.1 200 "));
    assert_non_null(strstr(response, "\"status\":\"Hold\""));
    fixture_end(&fixture);
}

static void a_disconnect_ends_the_wait(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    pending_change(&fixture);
    int fd = fixture_connect(&fixture);
    fixture_send(fd, "GET", "/v1/changes/1/wait", "");
    while (list_is_empty(&fixture.api->calls))
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    (void)close(fd);
    while (!list_is_empty(&fixture.api->calls))
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    assert_non_null(strstr(buffer_text(&fixture.log), " 500 (http+unix)"));
    fixture_end(&fixture);
}

static void aborting(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    pending_change(&fixture);
    assert_response(&fixture, "POST /v1/changes/9", "nonsense", 404, "cannot find change with id \\\"9\\\"");
    assert_response(&fixture, "POST /v1/changes/1", "{\"action\":\"pause\"}", 400, "invalid action \\\"pause\\\"");
    assert_response(&fixture, "POST /v1/changes/1", "{\"action\":\"abort\"}", 200, "\"status\":\"Hold\"");
    assert_response(&fixture, "POST /v1/changes/1", "{\"action\":\"abort\"}", 400,
                    "cannot abort change 1 with nothing pending");
    fixture_end(&fixture);
}

// The disk hangs, say: what waits for the state file is responded to all the same.
static void the_end_responds_to_what_waits_for_the_disk(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *path = memory_printf("%s/no/such/folder/state", fixture.folder);
    checkpoint_destroy(fixture.checkpoint);
    fixture.checkpoint = checkpoint_create(fixture.loop, fixture.state, path);
    fixture.api->spec.checkpoint = fixture.checkpoint;
    fixture_add_layer(&fixture, "services:\n  a: {override: replace, command: sleep 1}\n");
    int client = fixture_connect(&fixture);
    fixture_send(client, "POST", "/v1/services", "{\"action\":\"start\",\"services\":[\"a\"]}");
    while (list_is_empty(&fixture.api->calls))
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    http_server_destroy(TAKE(fixture.server));
    checkpoint_destroy(TAKE(fixture.checkpoint));
    api_destroy(TAKE(fixture.api));
    assert_non_null(strstr(buffer_text(&fixture.log), "POST /v1/services"));
    fixture_end(&fixture);
    assert_int_equal(close(client), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_selected),
        cmocka_unit_test(waits_end_by_time_and_by_readiness),
        cmocka_unit_test(a_disconnect_ends_the_wait),
        cmocka_unit_test(aborting),
        cmocka_unit_test(the_end_responds_to_what_waits_for_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
