// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "base/compiler.h"
#include "cli/interrupts.h"

static int caught;

static void on_signal_raised(int number) {
    caught = number;
}

static struct pebble_client *make_client(void) {
    const struct pebble_client_options options = {.size = sizeof options, .socket_path = "/nonexistent"};
    struct pebble_client *client = NULL;
    assert_true(pebble_client_create(&options, &client, NULL));
    return client;
}

static bool is_blocked(int number) {
    sigset_t blocked;
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
    return sigismember(&blocked, number) == 1;
}

static void a_signal_is_kept_for_the_end(void **state UNUSED) {
    struct interrupts interrupts;
    struct pebble_client *client = make_client();
    assert_ptr_not_equal(signal(SIGTERM, on_signal_raised), SIG_ERR);
    interrupts_begin(&interrupts, client, (const int[]){SIGINT, SIGTERM, 0});
    assert_true(is_blocked(SIGINT) && is_blocked(SIGTERM));
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(interrupts_end(&interrupts, true), SIGTERM);
    assert_false(is_blocked(SIGINT) || is_blocked(SIGTERM));
    assert_int_equal(caught, 0);
    // One that nobody has waited for is delivered.
    interrupts_begin(&interrupts, client, (const int[]){SIGTERM, 0});
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(interrupts_end(&interrupts, false), 0);
    assert_int_equal(caught, SIGTERM);
    interrupts_begin(&interrupts, client, (const int[]){SIGTERM, 0});
    assert_int_equal(interrupts_end(&interrupts, true), 0);
    pebble_client_destroy(client);
}

static void a_consumed_signal_is_gone(void **state UNUSED) {
    struct interrupts interrupts;
    struct pebble_client *client = make_client();
    caught = 0;
    assert_ptr_not_equal(signal(SIGTERM, on_signal_raised), SIG_ERR);
    interrupts_begin(&interrupts, client, (const int[]){SIGTERM, 0});
    assert_int_equal(interrupts_consume(&interrupts), 0);
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(interrupts_consume(&interrupts), SIGTERM);
    assert_int_equal(interrupts_consume(&interrupts), 0);
    assert_true(is_blocked(SIGTERM));
    assert_int_equal(interrupts_end(&interrupts, false), 0);
    assert_int_equal(caught, 0);
    pebble_client_destroy(client);
}

static void ignored_signals_stay_ignored(void **state UNUSED) {
    struct interrupts interrupts;
    struct pebble_client *client = make_client();
    assert_ptr_not_equal(signal(SIGHUP, SIG_IGN), SIG_ERR);
    interrupts_begin(&interrupts, client, (const int[]){SIGHUP, 0});
    assert_false(is_blocked(SIGHUP));
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(interrupts_end(&interrupts, true), 0);
    pebble_client_destroy(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_is_kept_for_the_end),
        cmocka_unit_test(a_consumed_signal_is_gone),
        cmocka_unit_test(ignored_signals_stay_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
