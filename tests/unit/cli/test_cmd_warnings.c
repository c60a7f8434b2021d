// SPDX-License-Identifier: GPL-3.0-or-later
#include "caught.h"

#include "notice_fixture.h"

#define HINT "WARNING: There are new warnings. See 'pebble warnings'.\n"
#define WARNING(id, message) NOTICE(id, "null", "warning", message)
#define RESPONSE(result)                                                                                               \
    "{\"type\":\"sync\",\"status-code\":200,\"status\":\"OK\",\"result\":" result                                      \
    ",\"latest-warning\":\"2024-01-02T03:04:06.000000007Z\"}"

static void assert_said(const char *line, const char *expected) {
    struct caught caught = run(line);
    assert_string_equal(caught.err, expected);
    assert_int_equal(caught.code, 0);
    caught_free(&caught);
}

static void warnings_are_printed_in_blocks(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[" WARNING("1", "the cellar is wet") "," WARNING("2", "so is the attic") "]"},
        {.result = "[" WARNING("1", "the cellar is wet") "]"},
        {.result = "[]"}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 3);
    assert_shows("warnings --abs-time", "last-occurrence:  2024-01-02T03:04:07Z\n"
                                        "warning: |\n"
                                        "  the cellar is wet\n"
                                        "---\n"
                                        "last-occurrence:  2024-01-02T03:04:07Z\n"
                                        "warning: |\n"
                                        "  so is the attic\n");
    assert_listed("warnings-last-listed", "2024-01-02T03:04:06.000000007Z");
    assert_shows("warnings --verbose --all --abs-time", "first-occurrence:  2024-01-02T03:04:05Z\n"
                                                        "last-occurrence:   2024-01-02T03:04:07Z\n"
                                                        "last-repeated:     2024-01-02T03:04:06Z\n"
                                                        "repeats-after:     60.0m\n"
                                                        "expires-after:     7d00h\n"
                                                        "warning: |\n"
                                                        "  the cellar is wet\n");
    assert_shows("warnings --format=json", "{\"warnings\":[]}\n");
    notice_fixture_assert_request(&fixture, 0, "GET /v1/notices?types=warning");
    notice_fixture_end(&fixture);
}

static void acknowledged_ones_are_left_out(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[]"}, {.result = "[" WARNING("1", "the cellar is wet") "]"}, {.result = "[]"}, {.result = "[]"}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 4);
    assert_said("warnings", "No warnings.\n");
    assert_fails("okay --warnings", "error: no warnings have been listed; try 'pebble warnings'\n");
    assert_said("warnings", "");
    assert_said("okay --warnings", "");
    assert_said("warnings", "No further warnings.\n");
    assert_said("warnings --all", "No warnings.\n");
    notice_fixture_assert_request(&fixture, 2,
                                  "GET /v1/notices?after=2024-01-02T03%3A04%3A06.000000007Z&types=warning");
    notice_fixture_assert_request(&fixture, 3, "GET /v1/notices?types=warning");
    notice_fixture_end(&fixture);
}

static void all_leave_the_state_file_alone(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" WARNING("1", "the cellar is wet") "]"},
                                           {.result = "[" WARNING("1", "the cellar is wet") "]"}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 2);
    AUTO_FREE char *path = path_join(fixture.folder, "pebble/cli.json");
    assert_shows("warnings --all", "the cellar is wet\n");
    assert_int_equal(access(path, F_OK), -1);
    AUTO_FREE char *kept = memory_printf("{\"pebble\": {\"%s\": {\"warnings-last-listed\":\"2020-01-01T00:00:00Z\","
                                         "\"warnings-last-okayed\":\"2030-01-01T00:00:00Z\"}}}",
                                         fixture.socket_path);
    write_listed(kept);
    assert_shows("warnings --all", "the cellar is wet\n");
    AUTO_BUFFER struct buffer text = BUFFER_INIT(65536);
    assert_true(file_read(path, &text, NULL));
    assert_string_equal(buffer_text(&text), kept);
    notice_fixture_assert_request(&fixture, 1, "GET /v1/notices?types=warning");
    notice_fixture_end(&fixture);
}

// As with other commands, it is an error afterwards only.
static void all_are_listed_despite_a_broken_state_file(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" WARNING("1", "the cellar is wet") "]"}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 1);
    write_listed("{\"pebble\": ");
    struct caught caught = run("warnings --all");
    assert_non_null(strstr(caught.out, "the cellar is wet\n"));
    assert_true(text_has_prefix(caught.err, "error: cannot load CLI state: "));
    caught_free(&caught);
    caught = run("warnings");
    assert_string_equal(caught.out, "");
    caught_free(&caught);
    notice_fixture_end(&fixture);
}

static void errors_name_what_was_asked_for(void **state UNUSED) {
    const struct fake_response script[] = {REFUSED("no"), REFUSED("no")};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 2);
    assert_fails("warnings", "error: cannot get notices: no\n");
    assert_fails("warnings --all", "error: cannot get notices: no\n");
    notice_fixture_end(&fixture);
}

static void new_ones_cause_a_hint_until_they_are_listed(void **state UNUSED) {
    const struct fake_response script[] = {{.json = RESPONSE("{\"healthy\":true}")},
                                           {.json = RESPONSE("[" WARNING("1", "the cellar is wet") "]")},
                                           {.json = RESPONSE("{\"healthy\":true}")}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 3);
    assert_said("health", HINT);
    assert_said("warnings", "");
    assert_said("health", "");
    notice_fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warnings_are_printed_in_blocks), cmocka_unit_test(acknowledged_ones_are_left_out),
        cmocka_unit_test(all_leave_the_state_file_alone), cmocka_unit_test(all_are_listed_despite_a_broken_state_file),
        cmocka_unit_test(errors_name_what_was_asked_for), cmocka_unit_test(new_ones_cause_a_hint_until_they_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
