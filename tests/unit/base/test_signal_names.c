// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/signal_names.h"

static void names_give_numbers(void **state UNUSED) {
    assert_int_equal(signal_by_name("SIGHUP"), SIGHUP);
    assert_int_equal(signal_by_name("SIGKILL"), SIGKILL);
    assert_int_equal(signal_by_name("SIGWINCH"), SIGWINCH);
    assert_int_equal(signal_by_name("SIGSYS"), SIGSYS);
}

static void other_spellings_are_unknown(void **state UNUSED) {
    static const char *const unknown[] = {"",         "HUP",    "sighup",  "SIGHUP ", "SIGHUPS",  "1",
                                          "SIGRTMIN", "SIGCLD", "SIGPOLL", "SIGIOT",  "SIGUNUSED"};
    for (size_t i = 0; i < ARRAY_COUNT(unknown); i++)
        assert_int_equal(signal_by_name(unknown[i]), 0);
    assert_int_equal(signal_by_name(NULL), 0);
}

static void numbers_give_names(void **state UNUSED) {
    assert_string_equal(signal_name(SIGHUP), "SIGHUP");
    assert_string_equal(signal_name(SIGNAL_NUMBER_MAX), "SIGSYS");
    assert_null(signal_name(0));
    assert_null(signal_name(-1));
    assert_null(signal_name(SIGNAL_NUMBER_MAX + 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_give_numbers),
        cmocka_unit_test(numbers_give_names),
        cmocka_unit_test(other_spellings_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
