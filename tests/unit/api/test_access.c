// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <semaphore.h>

#include "api/access_internal.h"
#include "loop/worker_pool.h"

// An authenticator whose result comes from a worker, which waits until the test releases it.
struct slow_check {
    struct work_item item;
    struct worker_pool *pool;
    sem_t may_end;
    struct api_authentication *authentication; // NULL once it was cancelled
    enum api_access verdict;
    int count;
};

static void slow_check_run(struct work_item *item) {
    struct slow_check *check = CONTAINER_OF(item, struct slow_check, item);
    assert_int_equal(sem_wait(&check->may_end), 0);
}

static void on_slow_check_done(struct work_item *item) {
    struct slow_check *check = CONTAINER_OF(item, struct slow_check, item);
    struct api_authentication *authentication = check->authentication;
    if (authentication == NULL)
        return;
    authentication->identity.access = check->verdict;
    authentication->on_done(authentication);
}

static bool slow_check_begin(struct api_authentication *authentication, void *data) {
    struct slow_check *check = data;
    check->count++;
    check->authentication = authentication;
    check->item = (struct work_item){.work = slow_check_run, .done = on_slow_check_done};
    assert_true(worker_pool_submit(check->pool, &check->item, NULL));
    return false;
}

static void slow_check_cancel(struct api_authentication *authentication, void *data) {
    struct slow_check *check = data;
    assert_ptr_equal(check->authentication, authentication);
    check->authentication = NULL;
}

static void slow_check_install(struct slow_check *check, struct fixture *fixture) {
    check->pool = worker_pool_create(fixture->loop, "hash", 1, 1);
    assert_int_equal(sem_init(&check->may_end, 0, 0), 0);
    fixture->api->spec.authenticator = (struct api_authenticator){slow_check_begin, slow_check_cancel, check};
}

static void slow_check_remove(struct slow_check *check) {
    worker_pool_destroy(check->pool);
    assert_int_equal(sem_destroy(&check->may_end), 0);
}

static void await_check(struct fixture *fixture, const struct slow_check *check) {
    while (check->count == 0)
        uv_run(loop_uv(fixture->loop), UV_RUN_NOWAIT);
}

static void serves_others_during_identification(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct slow_check check = {.verdict = API_ACCESS_ADMIN};
    slow_check_install(&check, &fixture);
    int slow = fixture_connect(&fixture);
    fixture_send(slow, "POST", "/v1/services", "{\"action\":\"replan\"}");
    await_check(&fixture, &check);
    assert_response(&fixture, "GET /v1/health", "", 200, "healthy");
    assert_int_equal(check.count, 1); // an endpoint open to all is not checked
    assert_null(state_find_change(fixture.state, "1"));
    assert_int_equal(sem_post(&check.may_end), 0);
    AUTO_FREE char *text = fixture_receive(&fixture, slow);
    assert_non_null(strstr(text, "HTTP/1.1 202 ")); // only now is its body read
    slow_check_remove(&check);
    fixture_end(&fixture);
}

static void identity_decides_access(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct slow_check check = {.verdict = API_ACCESS_READ};
    slow_check_install(&check, &fixture);
    assert_int_equal(sem_post(&check.may_end), 0);
    assert_int_equal(sem_post(&check.may_end), 0);
    assert_response(&fixture, "GET /v1/services", "", 200, "[]");
    assert_response(&fixture, "POST /v1/services", "{\"action\":\"replan\"}", 401, "access denied");
    slow_check_remove(&check);
    fixture_end(&fixture);
}

static void a_disconnect_cancels_the_identification(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct slow_check check = {.verdict = API_ACCESS_ADMIN};
    slow_check_install(&check, &fixture);
    int gone = fixture_connect(&fixture);
    fixture_send(gone, "GET", "/v1/services", "");
    await_check(&fixture, &check);
    assert_int_equal(close(gone), 0);
    while (!list_is_empty(&fixture.api->calls))
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    assert_null(check.authentication);
    assert_int_equal(sem_post(&check.may_end), 0);
    slow_check_remove(&check);
    fixture_end(&fixture);
}

static void the_end_cancels_the_identification(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct slow_check check = {.verdict = API_ACCESS_ADMIN};
    slow_check_install(&check, &fixture);
    int client = fixture_connect(&fixture);
    fixture_send(client, "GET", "/v1/services", "");
    await_check(&fixture, &check);
    http_server_destroy(TAKE(fixture.server));
    api_destroy(TAKE(fixture.api));
    assert_null(check.authentication);
    assert_int_equal(sem_post(&check.may_end), 0);
    slow_check_remove(&check);
    fixture_end(&fixture);
    assert_int_equal(close(client), 0);
}

static void access_levels(void **state UNUSED) {
    static const struct {
        enum api_access access;
        bool all, readers, admins, metrics;
    } cases[] = {
        {API_ACCESS_NONE, true, false, false, false},   {API_ACCESS_UNTRUSTED, true, false, false, false},
        {API_ACCESS_METRICS, true, false, false, true}, {API_ACCESS_READ, true, true, false, true},
        {API_ACCESS_ADMIN, true, true, true, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct api_identity identity = {.access = cases[i].access};
        assert_int_equal(access_is_allowed(&identity, FOR_ALL), cases[i].all);
        assert_int_equal(access_is_allowed(&identity, FOR_READERS), cases[i].readers);
        assert_int_equal(access_is_allowed(&identity, FOR_ADMINS), cases[i].admins);
        assert_int_equal(access_is_allowed(&identity, FOR_METRICS), cases[i].metrics);
        assert_false(access_is_allowed(&identity, FOR_PAIRING));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_others_during_identification),
        cmocka_unit_test(identity_decides_access),
        cmocka_unit_test(a_disconnect_cancels_the_identification),
        cmocka_unit_test(the_end_cancels_the_identification),
        cmocka_unit_test(access_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
