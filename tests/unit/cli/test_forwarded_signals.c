// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/forwarded_signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/compiler.h"

static bool is_blocked(int number) {
    sigset_t mask;
    (void)sigprocmask(SIG_BLOCK, NULL, &mask);
    return sigismember(&mask, number) == 1;
}

static void signals_are_received_in_between_only(void **state UNUSED) {
    struct forwarded_signals signals;
    forwarded_signals_init(&signals);
    assert_int_equal(forwarded_signals_next(&signals), 0);
    forwarded_signals_end(&signals);
    forwarded_signals_begin(&signals);
    forwarded_signals_begin(&signals);
    assert_int_equal(forwarded_signals_next(&signals), 0);
    (void)raise(SIGTERM);
    assert_int_equal(forwarded_signals_next(&signals), SIGTERM);
    (void)raise(SIGWINCH);
    (void)raise(SIGUSR1);
    int first = forwarded_signals_next(&signals), second = forwarded_signals_next(&signals);
    assert_true((first == SIGWINCH && second == SIGUSR1) || (first == SIGUSR1 && second == SIGWINCH));
    assert_int_equal(forwarded_signals_next(&signals), 0);
    assert_true(is_blocked(SIGINT));
    forwarded_signals_end(&signals);
    assert_false(is_blocked(SIGINT));
    assert_int_equal(signals.fd, -1);
}

static void ignored_signals_stay_ignored(void **state UNUSED) {
    struct forwarded_signals signals;
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGUSR2, SIG_IGN);
    forwarded_signals_init(&signals);
    forwarded_signals_begin(&signals);
    (void)raise(SIGHUP);
    assert_int_equal(forwarded_signals_next(&signals), 0);
    (void)raise(SIGUSR2); // does not end the program by being ignored
    assert_int_equal(forwarded_signals_next(&signals), SIGUSR2);
    forwarded_signals_end(&signals);
    (void)signal(SIGHUP, SIG_DFL);
    (void)signal(SIGUSR2, SIG_DFL);
}

static void names_are_those_of_the_api(void **state UNUSED) {
    assert_string_equal(forwarded_signal_name(SIGINT), "SIGINT");
    assert_string_equal(forwarded_signal_name(SIGCONT), "SIGCONT");
    assert_null(forwarded_signal_name(SIGWINCH));
    assert_null(forwarded_signal_name(SIGKILL));
    assert_null(forwarded_signal_name(0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_are_received_in_between_only),
        cmocka_unit_test(ignored_signals_stay_ignored),
        cmocka_unit_test(names_are_those_of_the_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
