// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../client/fake_daemon.h"
#include "base/memory.h"
#include "cli/candidates.h"
#include "cli/session.h"

static void offers_what_begins_so(void **state UNUSED) {
    AUTO_TEXT_LIST struct text_list given = {0};
    struct candidates candidates = {
        .current = "w", .prefix = "--x=", .given = &given, .lines = BUFFER_INIT(BUFFER_NO_LIMIT)};
    text_list_add(&given, "web");
    candidates_add(&candidates, "web", "given");
    candidates_add(&candidates, "db", "begins in another way");
    candidates_add(&candidates, "work", "first line\nsecond line");
    candidates_add(&candidates, "w\tx", "");
    candidates_add(&candidates, "w\nx", "");
    candidates_add(&candidates, "w\x7f", "");
    candidates_add(&candidates, "w\u202e", "");
    candidates_add(&candidates, "w\u200b", "");
    candidates_add(&candidates, "w\xff", "");
    candidates_add(&candidates, "w x", "a\tb");
    assert_string_equal(buffer_text(&candidates.lines), "--x=work\tfirst line\n--x=w x\ta\\tb\n");
    buffer_finish(&candidates.lines);
}

// The values for the word, from a daemon that responds so, or from none.
static void assert_values(enum cli_values values, const char *current, const char *result, const char *expected) {
    const struct fake_response script[] = {{.result = result}};
    const struct text_list no_arguments = {0};
    struct candidates candidates = {.current = current, .prefix = "", .lines = BUFFER_INIT(BUFFER_NO_LIMIT)};
    struct cli_session session;
    char *path = fake_socket_path();
    struct fake_daemon *daemon = result != NULL ? fake_daemon_start(path, script, 1) : NULL;
    (void)setenv("PEBBLE_SOCKET", path, 1);
    session_init(&session);
    candidates_add_values(&candidates, values, &session, &no_arguments);
    session_finish(&session);
    if (daemon != NULL)
        fake_daemon_stop(daemon, NULL);
    fake_socket_remove(path);
    assert_string_equal(buffer_text(&candidates.lines), expected);
    buffer_finish(&candidates.lines);
}

#define SERVICE(name) "{\"name\":\"" name "\",\"startup\":\"enabled\",\"current\":\"active\"}"
#define CHANGE(id, kind) "{\"id\":\"" id "\",\"kind\":\"" kind "\",\"status\":\"Done\",\"summary\":\"It\"}"

static void asks_the_daemon(void **state UNUSED) {
    assert_values(VALUES_SERVICES, "", "[" SERVICE("db") "," SERVICE("web") "]", "db\tactive\nweb\tactive\n");
    assert_values(VALUES_SERVICE_CONDITIONS, "we", "[" SERVICE("web") "]", "web\tactive\n");
    assert_values(VALUES_CHANGES, "", "[" CHANGE("1", "start") "," CHANGE("2", "start") "]",
                  "1\tDone: It\n2\tDone: It\n");
    assert_values(VALUES_CHANGE_KINDS, "", "[" CHANGE("1", "start") "," CHANGE("2", "start") "]", "start\t\n");
    assert_values(VALUES_IDENTITIES, "", "{\"mary\":{\"access\":\"admin\",\"local\":{\"user-id\":1}}}",
                  "mary\tadmin\n");
    assert_values(VALUES_REMOTE_FILES, "/a/",
                  "[{\"path\":\"/a/"
                  "d\",\"name\":\"d\",\"type\":\"directory\",\"permissions\":\"755\",\"last-modified\":\"2024-01-02T03:"
                  "04:05Z\"}]",
                  "/a/d/\tdirectory\n");
    assert_values(VALUES_REMOTE_FILES, "", "[]", "/\t\n");
}

static void nothing_without_a_daemon(void **state UNUSED) {
    assert_values(VALUES_SERVICES, "", NULL, "");
    assert_values(VALUES_REMOTE_FILES, "/", NULL, "");
    assert_values(VALUES_NOTICE_TYPES, "cu", NULL, "custom\tType: recorded by 'pebble notify'\n");
    assert_values(VALUES_SIGNALS, "SIGTE", NULL, "SIGTERM\t\n");
    assert_values(VALUES_SHELLS, "b", NULL, "bash\t\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_what_begins_so),
        cmocka_unit_test(asks_the_daemon),
        cmocka_unit_test(nothing_without_a_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
