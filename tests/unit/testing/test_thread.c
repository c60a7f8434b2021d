// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "base/compiler.h"
#include "testing/thread_internal.h"

static void *read_mask(void *data) {
    (void)pthread_sigmask(SIG_SETMASK, NULL, data);
    return NULL;
}

static void signals_are_blocked_in_the_thread_only(void **state UNUSED) {
    sigset_t before, after, inside;
    pthread_t thread;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_true(testing_thread_start(&thread, read_mask, &inside, NULL));
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(pthread_join(thread, NULL), 0);
    const int numbers[] = {SIGTERM, SIGINT, SIGCHLD, SIGUSR1, SIGPIPE};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        assert_int_equal(sigismember(&inside, numbers[i]), 1);
        assert_int_equal(sigismember(&after, numbers[i]), sigismember(&before, numbers[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(signals_are_blocked_in_the_thread_only)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
