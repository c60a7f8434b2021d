// SPDX-License-Identifier: GPL-3.0-or-later
// Output and checks are in test_service_starts.c, messages in test_service_notify.c.
#include "fixture.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "services/service_readiness_internal.h"

struct seen {
    int ready, unready, closed;
};

static void on_ready_seen(void *data) {
    ((struct seen *)data)->ready++;
}

static void on_unready_seen(void *data) {
    ((struct seen *)data)->unready++;
}

static void on_closed_seen(void *data) {
    ((struct seen *)data)->closed++;
}

static void on_status_seen(const char *text UNUSED, void *data UNUSED) {
}

static void on_extension_seen(int64_t duration_ns UNUSED, void *data UNUSED) {
}

static const struct readiness_handlers handlers = {.on_ready = on_ready_seen,
                                                   .on_unready = on_unready_seen,
                                                   .on_closed = on_closed_seen,
                                                   .on_status = on_status_seen,
                                                   .on_extended = on_extension_seen};

// Returns what stands for the process's end of the pipe.
static int begin(struct fixture *fixture, struct seen *seen, struct readiness **readiness) {
    const struct service_ready config = {.fd = 5};
    int number = 0;
    *seen = (struct seen){0};
    fixture_begin(fixture, "services:\n  one: {override: replace, command: run}\n");
    assert_true(readiness_create(fixture->manager, &config, &handlers, seen, readiness, NULL));
    int fd = fcntl(readiness_fd(*readiness, &number), F_DUPFD_CLOEXEC, 0);
    assert_int_equal(number, 5);
    assert_true(fd >= 0);
    assert_null(readiness_socket_name(*readiness));
    readiness_launched(*readiness, 0);
    return fd;
}

static void a_newline_makes_it_ready(void **state UNUSED) {
    struct fixture fixture;
    struct readiness *readiness;
    struct seen seen;
    int fd = begin(&fixture, &seen, &readiness);
    assert_int_equal(write(fd, "up", 2), 2);
    loop_run_pending(fixture.loop);
    assert_int_equal(seen.ready, 0);
    assert_int_equal(write(fd, " now\nmore", 9), 9);
    loop_run_pending(fixture.loop);
    assert_int_equal(seen.ready, 1);
    assert_int_equal(close(fd), 0);
    loop_run_pending(fixture.loop);
    assert_int_equal(seen.closed, 0);
    readiness_destroy(readiness);
    readiness_destroy(NULL);
    fixture_end(&fixture);
}

static void a_closed_descriptor_is_seen(void **state UNUSED) {
    struct fixture fixture;
    struct readiness *readiness;
    struct seen seen;
    int fd = begin(&fixture, &seen, &readiness);
    assert_int_equal(close(fd), 0);
    loop_run_pending(fixture.loop);
    assert_int_equal(seen.closed, 1);
    assert_int_equal(seen.ready, 0);
    readiness_destroy(readiness);
    fixture_end(&fixture);
}

static void without_descriptors_it_fails(void **state UNUSED) {
    static const struct service_ready configs[] = {{.fd = 5}, {.notify = {.is_set = true, .value = true}}};
    struct fixture fixture;
    struct rlimit limit, none = {0};
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run}\n");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    for (size_t i = 0; i < ARRAY_COUNT(configs); i++) {
        AUTO_ERROR struct error err = {0};
        struct readiness *readiness = NULL;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        assert_false(readiness_create(fixture.manager, &configs[i], &handlers, NULL, &readiness, &err));
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_null(readiness);
        assert_true(text_has_prefix(error_text(&err), "cannot start service: "));
    }
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newline_makes_it_ready),
        cmocka_unit_test(a_closed_descriptor_is_seen),
        cmocka_unit_test(without_descriptors_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
