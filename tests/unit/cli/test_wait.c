// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../client/fake_daemon.h"
#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/wait.h"

#define DOING "{\"id\":\"7\",\"status\":\"Doing\",\"ready\":false}"
#define DONE "{\"id\":\"7\",\"status\":\"Done\",\"ready\":true}"
#define FAILED "{\"id\":\"7\",\"status\":\"Error\",\"ready\":true,\"err\":\"cannot do it\"}"

// Runs `pebble start web`'s wait for change 7 against the script; returns the exit status.
static int wait_for(const struct fake_response *script, size_t count, struct text_list *requests, struct error *err) {
    char *path = fake_socket_path();
    struct fake_daemon *daemon = fake_daemon_start(path, script, count);
    struct cli_session session;
    struct cli_call call = {.command = &cmd_start, .session = &session};
    enum cli_action action = CLI_ACTION_RUN;
    char web[] = "web";
    (void)setenv("PEBBLE_SOCKET", path, 1);
    session_init(&session);
    assert_true(arguments_parse(&cmd_start, (char *const[]){web}, 1, &call.arguments, &action, NULL));
    int code = wait_for_change(&call, "7", err);
    arguments_finish(&call.arguments);
    session_finish(&session);
    fake_daemon_stop(daemon, requests);
    fake_socket_remove(path);
    return code;
}

static bool is_held_back(int number) {
    sigset_t mask;
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    return sigismember(&mask, number);
}

static void waits_until_it_is_done(void **state UNUSED) {
    const struct fake_response script[] = {{.result = DOING}, {.result = DONE}};
    AUTO_ERROR struct error err = {0};
    assert_int_equal(wait_for(script, 2, NULL, &err), 0);
    assert_false(error_is_set(&err));
    assert_false(is_held_back(SIGINT));
}

static void reports_a_failed_change(void **state UNUSED) {
    const struct fake_response script[] = {{.result = FAILED}};
    AUTO_ERROR struct error err = {0};
    assert_int_equal(wait_for(script, 1, NULL, &err), 1);
    assert_string_equal(err.message, "cannot do it");
}

// SIGINT comes while the daemon has the second request; the change is aborted once, and the wait continues.
static void interrupt_aborts_the_change(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = DOING}, {.raises = true, .signal = SIGINT, .holds = true}, {.result = DOING}, {.result = FAILED}};
    AUTO_ERROR struct error err = {0};
    AUTO_TEXT_LIST struct text_list requests = {0};
    assert_int_equal(wait_for(script, 4, &requests, &err), 1);
    assert_string_equal(err.message, "cannot do it");
    assert_int_equal(requests.count, 4);
    assert_non_null(strstr(requests.items[2], "POST /v1/changes/7 HTTP/1.1\r\n"));
    assert_non_null(strstr(requests.items[2], "\r\n\r\n{\"action\":\"abort\"}"));
    assert_non_null(strstr(requests.items[3], "GET /v1/changes/7 HTTP/1.1\r\n"));
    assert_false(is_held_back(SIGINT));
}

static volatile sig_atomic_t interrupts;

static void on_signal_arrived(int number UNUSED) {
    interrupts++;
}

// The program ends by SIGINT after so many requests.
static void assert_interrupted(const struct fake_response *script, size_t requests_made) {
    AUTO_ERROR struct error err = {0};
    AUTO_TEXT_LIST struct text_list requests = {0};
    interrupts = 0;
    (void)signal(SIGINT, on_signal_arrived);
    assert_int_equal(wait_for(script, 4, &requests, &err), 1);
    (void)signal(SIGINT, SIG_DFL);
    assert_int_equal(interrupts, 1);
    assert_int_equal(requests.count, requests_made);
    assert_false(is_held_back(SIGINT));
}

static void the_second_interrupt_ends_the_program(void **state UNUSED) {
    assert_interrupted((const struct fake_response[]){{.result = DOING},
                                                      {.raises = true, .signal = SIGINT, .holds = true},
                                                      {.result = DOING},
                                                      {.raises = true, .signal = SIGINT, .holds = true}},
                       4);
}

// It comes before the daemon has responded to the abort.
static void an_interrupt_of_the_abort_ends_the_program(void **state UNUSED) {
    assert_interrupted((const struct fake_response[]){{.result = DOING},
                                                      {.raises = true, .signal = SIGINT, .holds = true},
                                                      {.raises = true, .signal = SIGINT, .holds = true},
                                                      {.result = DONE}},
                       3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_until_it_is_done),
        cmocka_unit_test(reports_a_failed_change),
        cmocka_unit_test(interrupt_aborts_the_change),
        cmocka_unit_test(the_second_interrupt_ends_the_program),
        cmocka_unit_test(an_interrupt_of_the_abort_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
