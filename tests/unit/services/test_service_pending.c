// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "services/service_pending_internal.h"

static void tasks_are_counted(void **state UNUSED) {
    struct service_pending pending;
    service_pending_init(&pending);
    assert_false(service_pending_has(&pending, "start", "web"));
    assert_true(service_pending_is_empty(&pending));
    service_pending_add(&pending, "1", "start", "web");
    service_pending_add(&pending, "2", "start", "web");
    service_pending_add(&pending, "3", "stop", "web");
    assert_true(service_pending_has(&pending, "start", "web"));
    assert_true(service_pending_remove(&pending, "1"));
    assert_false(service_pending_remove(&pending, "1"));
    assert_true(service_pending_has(&pending, "start", "web"));
    assert_true(service_pending_remove(&pending, "2"));
    assert_false(service_pending_has(&pending, "start", "web"));
    assert_true(service_pending_has(&pending, "stop", "web"));
    assert_false(service_pending_remove(&pending, "9"));
    assert_false(service_pending_is_empty(&pending));
    assert_true(service_pending_remove(&pending, "3"));
    assert_true(service_pending_is_empty(&pending));
    service_pending_finish(&pending);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(tasks_are_counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
