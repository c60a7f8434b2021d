// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <semaphore.h>

#include "api/access_internal.h"

#define AS_ANN "Authorization: Basic YW5uOnB3\r\n" // ann:pw
#define AS_BOB "Authorization: Basic Ym9iOnB3\r\n" // bob:pw
#define AS_CAT "Authorization: Basic Y2F0OnB3\r\n" // cat:pw

// Passwords are checked by a function that waits until the test releases it. A password is right if it is the hash.
static sem_t may_end, has_begun;

static bool check_slowly(const char *hash, const char *password) {
    (void)sem_post(&has_begun);
    while (sem_wait(&may_end) != 0)
        continue;
    return text_equal(hash, password);
}

static void slow_check_install(struct fixture *fixture) {
    fixture_begin(fixture);
    assert_int_equal(sem_init(&may_end, 0, 0), 0);
    assert_int_equal(sem_init(&has_begun, 0, 0), 0);
    authenticator_destroy(fixture->authenticator);
    fixture->authenticator = authenticator_create(fixture->loop, fixture->identities, check_slowly);
    fixture->api->spec.authenticator = fixture->authenticator;
    fixture_add_identities(fixture, "{\"ann\":{\"access\":\"admin\",\"basic\":{\"password\":\"pw\"}},"
                                    "\"bob\":{\"access\":\"read\",\"basic\":{\"password\":\"pw\"}},"
                                    "\"cat\":{\"access\":\"untrusted\",\"basic\":{\"password\":\"pw\"}}}");
}

static void slow_check_remove(struct fixture *fixture) {
    fixture_end(fixture);
    assert_int_equal(sem_destroy(&may_end), 0);
    assert_int_equal(sem_destroy(&has_begun), 0);
}

static void await_check(struct fixture *fixture) {
    while (sem_trywait(&has_begun) != 0)
        uv_run(loop_uv(fixture->loop), UV_RUN_NOWAIT);
}

static int status_of(const char *response) {
    int status = 0;
    (void)sscanf(response, "HTTP/1.1 %d", &status);
    return status;
}

// Sends a request with a header, lets a password be checked, and returns the status of the response.
static int status_with(struct fixture *fixture, const char *request, const char *headers, const char *body) {
    int fd = fixture_connect(fixture);
    fixture_send_with(fd, request, headers, body);
    assert_int_equal(sem_post(&may_end), 0);
    AUTO_FREE char *response = fixture_receive(fixture, fd);
    (void)sem_trywait(&may_end); // if none was
    (void)sem_trywait(&has_begun);
    return status_of(response);
}

static void serves_others_during_identification(void **state UNUSED) {
    struct fixture fixture;
    slow_check_install(&fixture);
    int slow = fixture_connect(&fixture);
    fixture_send_with(slow, "POST /v1/services", AS_ANN, "{\"action\":\"replan\"}");
    await_check(&fixture);
    assert_response(&fixture, "GET /v1/health", "", 200, "healthy");
    assert_null(state_find_change(fixture.state, "1"));
    assert_int_equal(sem_post(&may_end), 0);
    AUTO_FREE char *text = fixture_receive(&fixture, slow);
    assert_int_equal(status_of(text), 202); // only now is its body read
    slow_check_remove(&fixture);
}

static void an_endpoint_open_to_all_is_not_checked(void **state UNUSED) {
    struct fixture fixture;
    slow_check_install(&fixture);
    int fd = fixture_connect(&fixture);
    fixture_send_with(fd, "GET /v1/health", AS_ANN, "");
    AUTO_FREE char *text = fixture_receive(&fixture, fd);
    assert_int_equal(status_of(text), 200);
    slow_check_remove(&fixture);
}

static void identity_decides_access(void **state UNUSED) {
    struct fixture fixture;
    slow_check_install(&fixture);
    assert_int_equal(status_with(&fixture, "GET /v1/services", AS_BOB, ""), 200);
    assert_int_equal(status_with(&fixture, "POST /v1/services", AS_BOB, "{\"action\":\"replan\"}"), 401);
    assert_int_equal(status_with(&fixture, "GET /v1/services", AS_CAT, ""), 401);
    slow_check_remove(&fixture);
}

static void a_disconnect_cancels_the_identification(void **state UNUSED) {
    struct fixture fixture;
    slow_check_install(&fixture);
    int gone = fixture_connect(&fixture);
    fixture_send_with(gone, "GET /v1/services", AS_ANN, "");
    await_check(&fixture);
    assert_int_equal(close(gone), 0);
    while (!list_is_empty(&fixture.api->calls)) // although the password is still being checked
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    assert_int_equal(sem_post(&may_end), 0);
    slow_check_remove(&fixture);
}

static void the_end_cancels_the_identification(void **state UNUSED) {
    struct fixture fixture;
    slow_check_install(&fixture);
    int client = fixture_connect(&fixture);
    fixture_send_with(client, "GET /v1/services", AS_ANN, "");
    await_check(&fixture);
    http_server_destroy(TAKE(fixture.server));
    api_destroy(TAKE(fixture.api));
    assert_int_equal(sem_post(&may_end), 0);
    slow_check_remove(&fixture);
    assert_int_equal(close(client), 0);
}

static void headers_are_understood(void **state UNUSED) {
    static const struct {
        const char *header;
        int status; // of a reader, or else of the user of the test, who is an admin
    } cases[] = {
        {"Authorization: Basic Ym9iOnB3\r\n", 401},
        {"authorization: bAsIC Ym9iOnB3\r\n", 401},
        {"Authorization: Basic Ym9iOnB3eA==\r\n", 202}, // bob:pwx
        {"Authorization: Basic Ym9iOnB3\r\nAuthorization: Basic YW5uOnB3\r\n", 401},
        {"Authorization: Basic Ym9i\r\n", 202},         // bob
        {"Authorization: Basic Ym9iOnB3AHg=\r\n", 202}, // bob:pw, a NUL and x
        {"Authorization: Basic !Ym9iOnB3\r\n", 202},
        {"Authorization: Basic Ym9iOnB\r\n", 202},
        {"Authorization: Basic\r\n", 202},
        {"Authorization: Basic \r\n", 202},
        {"Authorization: Basic Og==\r\n", 202}, // neither name nor password
        {"Authorization: BasicYm9iOnB3\r\n", 202},
        {"Authorization: Bearer Ym9iOnB3\r\n", 202},
        {"Authorization: \r\n", 202},
    };
    struct fixture fixture;
    slow_check_install(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int status = status_with(&fixture, "POST /v1/services", cases[i].header, "{\"action\":\"replan\"}");
        if (status != cases[i].status)
            fail_msg("%s: %d", cases[i].header, status);
    }
    slow_check_remove(&fixture);
}

static void others_are_served_during_a_flood(void **state UNUSED) {
    enum { CHECKED = 1 + AUTHENTICATOR_WAITING_OF_NAME_MAX, SENT = CHECKED + 8 };
    struct fixture fixture;
    int flood[SENT], refused = 0;
    slow_check_install(&fixture);
    for (size_t i = 0; i < SENT; i++) {
        flood[i] = fixture_connect(&fixture);
        fixture_send_with(flood[i], "GET /v1/services", AS_BOB, "");
    }
    await_check(&fixture);
    assert_response(&fixture, "GET /v1/health", "", 200, "healthy");
    assert_response(&fixture, "POST /v1/services", "{\"action\":\"replan\"}", 202, "async");
    for (size_t i = 0; i < CHECKED; i++)
        assert_int_equal(sem_post(&may_end), 0);
    for (size_t i = 0; i < SENT; i++) {
        AUTO_FREE char *response = fixture_receive(&fixture, flood[i]);
        refused += status_of(response) == 401;
    }
    assert_int_equal(refused, SENT - CHECKED);
    slow_check_remove(&fixture);
}

static void refusals_are_logged(void **state UNUSED) {
    struct fixture fixture;
    slow_check_install(&fixture);
    assert_int_equal(status_with(&fixture, "GET /v1/plan?format=yaml", AS_BOB, ""), 401);
    assert_non_null(strstr(buffer_text(&fixture.log),
                           "\"level\":\"CRITICAL\",\"event\":\"authz_fail:bob,/v1/plan\","
                           "\"description\":\"User bob not authorized to access /v1/plan\""));
    slow_check_remove(&fixture);
}

static void access_levels(void **state UNUSED) {
    static const struct {
        enum identity_access access;
        bool all, readers, admins, metrics;
    } cases[] = {
        {IDENTITY_UNKNOWN, true, false, false, false}, {IDENTITY_UNTRUSTED, true, false, false, false},
        {IDENTITY_METRICS, true, false, false, true},  {IDENTITY_READ, true, true, false, true},
        {IDENTITY_ADMIN, true, true, true, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct client_identity identity = {.access = cases[i].access};
        assert_int_equal(access_is_allowed(&identity, FOR_ALL), cases[i].all);
        assert_int_equal(access_is_allowed(&identity, FOR_READERS), cases[i].readers);
        assert_int_equal(access_is_allowed(&identity, FOR_ADMINS), cases[i].admins);
        assert_int_equal(access_is_allowed(&identity, FOR_METRICS), cases[i].metrics);
        assert_int_equal(access_is_allowed(&identity, FOR_PAIRING), cases[i].admins);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_others_during_identification),
        cmocka_unit_test(an_endpoint_open_to_all_is_not_checked),
        cmocka_unit_test(identity_decides_access),
        cmocka_unit_test(a_disconnect_cancels_the_identification),
        cmocka_unit_test(the_end_cancels_the_identification),
        cmocka_unit_test(headers_are_understood),
        cmocka_unit_test(others_are_served_during_a_flood),
        cmocka_unit_test(refusals_are_logged),
        cmocka_unit_test(access_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
