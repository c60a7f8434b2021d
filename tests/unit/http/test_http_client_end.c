// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_client_fixture.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define OK_RESPONSE OK_HEAD "Content-Length: 4\r\n\r\nfine"

// --- the end and a pause ---

static void end_waits_for_the_pause(void **state UNUSED) {
    serve("/", OK_RESPONSE);
    seen.pause_at = AT_BODY;
    start("/");
    while (seen.bodies == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    loop_run_pending(loop);
    assert_int_equal(seen.ends, 0);
    http_fetch_resume(fetch);
    loop_run(loop);
    expect_response(200, "fine");
}

static void deadline_counts_in_a_pause(void **state UNUSED) {
    serve("/", OK_RESPONSE);
    AUTO_FREE char *url = url_of("/");
    seen.pause_at = AT_BODY;
    run_request(&(struct http_fetch_request){.url = url, .deadline_ns = 300 * NS_PER_MS});
    expect_error("/", ERROR_TIMEOUT, "context deadline exceeded");
}

// The fetch has failed before it is paused: nothing is left that the pause could hold back.
static void failure_does_not_wait_for_a_pause(void **state UNUSED) {
    start_request(&(struct http_fetch_request){.url = "ftp://h/"});
    http_fetch_pause(fetch);
    loop_run(loop);
    expect_error("ftp://h/", ERROR_BAD_REQUEST, "unsupported protocol scheme \"ftp\"");
}

// --- errors ---

static void errors_name_method_and_url(void **state UNUSED) {
    run_request(&(struct http_fetch_request){.method = "OPTIONS", .url = "ftp://u:secret@h/a b?c#d"});
    assert_string_equal(seen.message, "Options \"ftp://u:***@h/a%20b?c\": unsupported protocol scheme \"ftp\"");
    forget_seen();
    run_request(&(struct http_fetch_request){.method = "x-Y", .url = "ftp://u@h/#d"});
    assert_string_equal(seen.message, "x-y \"ftp://u@h/#d\": unsupported protocol scheme \"ftp\"");
}

// --- cancelling ---

static void check_cancel_at(enum moment moment, int heads, int bodies, int ends) {
    forget_seen();
    seen.cancel_at = moment;
    run("/");
    loop_run_pending(loop);
    assert_int_equal(seen.heads, heads);
    assert_int_equal(seen.bodies, bodies);
    assert_int_equal(seen.ends, ends);
    assert_int_equal(seen.status, 200); // the head was good after the cancellation
    assert_string_equal(buffer_text(&seen.headers), "Transfer-Encoding=chunked\n");
    assert_true(list_is_empty(&client->fetches));
}

static void may_be_cancelled_in_every_handler(void **state UNUSED) {
    serve("/", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    check_cancel_at(AT_HEAD, 1, 0, 0);
    check_cancel_at(AT_BODY, 1, 1, 0);
    check_cancel_at(AT_END, 1, 2, 1);
}

// The bytes behind the head were held in the pause, and are read from there.
static void may_be_cancelled_after_a_pause(void **state UNUSED) {
    serve("/", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    for (enum moment moment = AT_BODY; moment <= AT_END; moment++) {
        forget_seen();
        seen.pause_at = AT_HEAD;
        seen.cancel_at = moment;
        start("/");
        while (seen.heads == 0)
            uv_run(loop_uv(loop), UV_RUN_ONCE);
        http_fetch_resume(fetch);
        loop_run(loop);
        loop_run_pending(loop);
        assert_int_equal(seen.bodies, moment == AT_BODY ? 1 : 2);
        assert_int_equal(seen.ends, moment == AT_END);
        assert_true(list_is_empty(&client->fetches));
    }
}

static void may_be_cancelled_in_every_state(void **state UNUSED) {
    serve_in("/", RESPOND_AND_STAY, NULL);
    start("/");
    http_fetch_cancel(fetch); // waiting
    expect_nothing();
    start("/");
    while (fetch->state != FETCH_CONNECTING)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    http_fetch_cancel(fetch);
    expect_nothing();
    start("/");
    while (fetch->state != FETCH_IN_HEAD)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    http_fetch_cancel(fetch);
    expect_nothing();
    start_request(&(struct http_fetch_request){.url = ":"});
    assert_int_equal(fetch->state, FETCH_ENDED);
    http_fetch_cancel(fetch);
    expect_nothing();
}

static void client_may_be_destroyed_in_every_handler(void **state UNUSED) {
    serve("/", OK_RESPONSE);
    for (enum moment moment = AT_HEAD; moment <= AT_END; moment++) {
        forget_seen();
        use_proxies(NULL, NULL, NULL);
        seen.destroy_at = moment;
        run("/");
        loop_run_pending(loop);
        assert_int_equal(seen.ends, moment == AT_END);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(end_waits_for_the_pause),           TEST(deadline_counts_in_a_pause),
        TEST(failure_does_not_wait_for_a_pause), TEST(errors_name_method_and_url),
        TEST(may_be_cancelled_in_every_handler), TEST(may_be_cancelled_after_a_pause),
        TEST(may_be_cancelled_in_every_state),   TEST(client_may_be_destroyed_in_every_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
