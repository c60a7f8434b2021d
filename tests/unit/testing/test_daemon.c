// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "base/text.h"
#include "fake_program.h"

static void accessors(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=serve";
    const struct pebble_test_options options = fake_program_options(&kind);
    struct pebble_test_daemon *daemon = NULL;
    struct pebble_system_info *info = NULL;
    assert_true(pebble_test_create(&options, &daemon, NULL));
    AUTO_FREE char *directory = memory_string(pebble_test_directory(daemon));
    assert_true(text_has_prefix(pebble_test_socket_path(daemon), directory));
    assert_null(pebble_test_root_path(daemon));
    assert_null(pebble_test_root_problem(daemon));
    assert_int_equal(pebble_test_request_count(daemon), 0);
    assert_true(pebble_get_system_info(pebble_test_client(daemon), &info, NULL));
    assert_string_equal(pebble_system_info_version(info), "fake");
    pebble_system_info_destroy(info);
    assert_int_equal(pebble_test_request_count(daemon), 1);
    assert_int_equal(pebble_test_missed_request_count(daemon), 0);
    struct pebble_test_request *request = pebble_test_request_at(daemon, 0);
    assert_string_equal(pebble_test_request_path_and_query(request), "/v1/system-info");
    assert_int_equal(pebble_test_request_status(request), 200);
    pebble_test_request_destroy(request);
    request = pebble_test_find_request(daemon, "GET", "/v1/s", NULL);
    assert_non_null(request);
    pebble_test_request_destroy(request);
    pebble_test_clear_requests(daemon);
    assert_int_equal(pebble_test_request_count(daemon), 0);
    AUTO_FREE char *log = pebble_test_log(daemon);
    assert_non_null(strstr(log, "GET /v1/system-info"));
    pebble_test_destroy(daemon);
    assert_int_equal(access(directory, F_OK), -1);
    pebble_test_destroy(NULL);
}

static void assert_failure(const struct pebble_test_options *options, enum pebble_error_kind kind,
                           const char *message) {
    struct pebble_error error = {0};
    struct pebble_test_daemon *daemon = NULL;
    assert_false(pebble_test_create(options, &daemon, &error));
    assert_null(daemon);
    assert_string_equal(error.message, message);
    assert_int_equal(error.kind, kind);
    pebble_error_clear(&error);
}

// With more time as long as the time is over before the program is started.
static void assert_hangs(struct pebble_test_options options) {
    const char *unstarted = "cannot control daemon: timeout";
    struct pebble_error error = {0};
    struct pebble_test_daemon *daemon = NULL;
    for (options.timeout_ms = 100; options.timeout_ms <= 100000; options.timeout_ms *= 10) {
        pebble_error_clear(&error);
        assert_false(pebble_test_create(&options, &daemon, &error));
        assert_null(daemon);
        if (strcmp(error.message, unstarted) != 0)
            break;
    }
    assert_string_equal(error.message, "cannot start daemon: it does not respond in time; the end of its log:\n");
    assert_int_equal(error.kind, PEBBLE_ERROR_TIMEOUT);
    pebble_error_clear(&error);
}

static void failures(void **state UNUSED) {
    static const char *const exits = "FAKE_PROGRAM=exit", *const hangs = "FAKE_PROGRAM=hang";
    struct pebble_test_options options = fake_program_options(&exits);
    assert_failure(&options, PEBBLE_ERROR_CONNECTION,
                   "cannot start daemon: it has ended; the end of its log:\nthe layer is wrong\n");
    assert_hangs(fake_program_options(&hangs));
    assert_int_equal(setenv("TMPDIR", "/proc", 1), 0);
    struct pebble_test_daemon *daemon = NULL;
    struct pebble_error error = {0};
    assert_false(pebble_test_create(&options, &daemon, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_FILE);
    assert_true(text_has_prefix(error.message, "cannot create temporary directory: /proc/pebble-"));
    pebble_error_clear(&error);
    assert_int_equal(unsetenv("TMPDIR"), 0);
    options.program = "/none";
    assert_failure(&options, PEBBLE_ERROR_ARGUMENT, "cannot find program \"/none\": not an executable file");
}

static void several(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=serve";
    const struct pebble_test_options options = fake_program_options(&kind);
    struct pebble_test_daemon *one = NULL, *other = NULL;
    assert_true(pebble_test_create(&options, &one, NULL));
    assert_true(pebble_test_create(&options, &other, NULL));
    assert_string_not_equal(pebble_test_directory(one), pebble_test_directory(other));
    pebble_test_destroy(one);
    struct pebble_system_info *info = NULL;
    assert_true(pebble_get_system_info(pebble_test_client(other), &info, NULL));
    pebble_system_info_destroy(info);
    pebble_test_destroy(other);
}

int main(void) {
    fake_program_begin();
    const struct CMUnitTest tests[] = {cmocka_unit_test(accessors), cmocka_unit_test(failures),
                                       cmocka_unit_test(several)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
