// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "fake_program.h"
#include "testing/handle_internal.h"

static struct pebble_test_daemon *create(const char *const *kind, int64_t timeout_ms) {
    const struct pebble_test_options options = fake_program_options(kind);
    struct pebble_test_daemon *daemon = NULL;
    assert_true(pebble_test_create(&options, &daemon, NULL));
    daemon->options.given.timeout_ms = timeout_ms; // for what follows; the start may take longer
    return daemon;
}

static size_t count_of(const char *text, const char *piece) {
    size_t count = 0;
    while ((text = strstr(text, piece)) != NULL) {
        count++;
        text++;
    }
    return count;
}

static void checks_are_replaced_once(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=serve";
    struct pebble_test_daemon *daemon = create(&kind, FAKE_TIMEOUT_MS);
    assert_true(pebble_test_set_check(daemon, "ready", false, NULL));
    assert_true(pebble_test_set_check(daemon, "ready", true, NULL));
    AUTO_FREE char *log = pebble_test_log(daemon);
    assert_int_equal(count_of(log, "POST /v1/layers"), 1);
    assert_int_equal(count_of(log, "POST /v1/checks/refresh"), 2);
    assert_non_null(strstr(log, "override: replace\\n"));
    assert_non_null(strstr(log, "level: ready\\n"));
    assert_non_null(strstr(log, "threshold: 1\\n"));
    assert_int_equal(pebble_test_request_count(daemon), 0);
    // After a restart the layer is added again.
    assert_true(pebble_test_restart(daemon, NULL));
    AUTO_FREE char *later = pebble_test_log(daemon);
    assert_int_equal(count_of(later, "POST /v1/layers"), 2);
    assert_int_equal(count_of(later, "POST /v1/checks/refresh"), 3);
    pebble_test_destroy(daemon);
}

static void failures(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=stuck";
    struct pebble_test_daemon *daemon = create(&kind, 2000); // in which it gets a response on a busy machine, too
    struct pebble_error error = {0};
    assert_false(pebble_test_set_check(daemon, "ready", false, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_TIMEOUT);
    assert_string_equal(error.message, "cannot set check ready: it is not down after 2000 ms");
    daemon->options.given.timeout_ms = FAKE_TIMEOUT_MS;
    char name[2000];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_false(pebble_test_set_check(daemon, name, false, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_false(pebble_test_set_check(daemon, "\xff", false, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    size_t count = daemon->check_count;
    daemon->check_count = TESTING_CHECKS_MAX; // none of which has this name
    daemon->checks = memory_resize(daemon->checks, TESTING_CHECKS_MAX * sizeof *daemon->checks);
    for (size_t i = count; i < TESTING_CHECKS_MAX; i++)
        daemon->checks[i] = (struct testing_check){.name = NULL};
    assert_false(pebble_test_set_check(daemon, "more", false, &error));
    assert_string_equal(error.message, "cannot set check: there are 1000");
    daemon->check_count = count;
    daemon->check_capacity = TESTING_CHECKS_MAX;
    assert_true(pebble_test_stop(daemon, NULL));
    assert_false(pebble_test_set_check(daemon, "other", false, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_CONNECTION);
    pebble_error_clear(&error);
    pebble_test_destroy(daemon);
}

int main(void) {
    fake_program_begin();
    const struct CMUnitTest tests[] = {cmocka_unit_test(checks_are_replaced_once), cmocka_unit_test(failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
