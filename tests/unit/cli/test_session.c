// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/session.h"

static void assert_place(const char *directory, const char *socket_path, const char *expected) {
    struct cli_session session;
    (void)(directory != NULL ? setenv("PEBBLE", directory, 1) : unsetenv("PEBBLE"));
    (void)(socket_path != NULL ? setenv("PEBBLE_SOCKET", socket_path, 1) : unsetenv("PEBBLE_SOCKET"));
    session_init(&session);
    assert_string_equal(session.socket_path, expected);
    session_finish(&session);
}

static void finds_the_socket(void **state UNUSED) {
    assert_place(NULL, NULL, "/var/lib/pebble/default/.pebble.socket");
    assert_place("", "", "/var/lib/pebble/default/.pebble.socket");
    assert_place("/some/where//", NULL, "/some/where/.pebble.socket");
    assert_place("relative", NULL, "relative/.pebble.socket");
    assert_place("/some/where", "./x//y", "./x//y");
}

// Fails as the client does, and returns what the user is told. Owned.
static char *told(enum pebble_error_kind kind, const char *api_kind, const char *message) {
    struct pebble_error from = {.kind = kind, .message = memory_string(message)};
    from.api_kind = api_kind != NULL ? memory_string(api_kind) : NULL;
    AUTO_ERROR struct error err = {0};
    assert_int_equal(cli_fail(&from, &err), 1);
    assert_null(from.message);
    return memory_string(error_text(&err));
}

static void assert_told(enum pebble_error_kind kind, const char *api_kind, const char *message, const char *expected) {
    AUTO_FREE char *text = told(kind, api_kind, message);
    assert_string_equal(text, expected);
}

static void explains_refusals(void **state UNUSED) {
    assert_told(PEBBLE_ERROR_API, "login-required", "access denied",
                getuid() == 0 ? "access denied" : "access denied (try with sudo)");
    assert_told(PEBBLE_ERROR_API, "no-default-services", "no default services defined", "no default services");
    assert_told(PEBBLE_ERROR_API, "system-restart", "x", "Pebble is about to reboot the system");
    assert_told(PEBBLE_ERROR_API, NULL, "invalid signal name", "invalid signal name");
}

static void a_restart_of_the_system_is_marked(void **state UNUSED) {
    static const char *const codes[] = {"system-restart", "daemon-restart", NULL};
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        struct pebble_error from = {.kind = PEBBLE_ERROR_API, .message = memory_string("x")};
        from.api_kind = codes[i] != NULL ? memory_string(codes[i]) : NULL;
        AUTO_ERROR struct error err = {0};
        assert_int_equal(cli_fail(&from, &err), 1);
        assert_int_equal(error_has_code(&err, "system-restart"), i == 0);
    }
}

static void breaks_only_words_of_the_daemon(void **state UNUSED) {
    AUTO_BUFFER struct buffer words = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 40; i++)
        buffer_add_string(&words, i == 0 ? "word" : " word");
    AUTO_FREE char *refusal = told(PEBBLE_ERROR_API, NULL, buffer_text(&words));
    assert_non_null(strstr(refusal, "word\n       word"));
    assert_told(PEBBLE_ERROR_CHANGE, NULL, buffer_text(&words), buffer_text(&words));
    assert_told(PEBBLE_ERROR_CONNECTION, NULL, buffer_text(&words), buffer_text(&words));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_socket),
        cmocka_unit_test(explains_refusals),
        cmocka_unit_test(a_restart_of_the_system_is_marked),
        cmocka_unit_test(breaks_only_words_of_the_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
