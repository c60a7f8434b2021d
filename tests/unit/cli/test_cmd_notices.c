// SPDX-License-Identifier: GPL-3.0-or-later
#include "caught.h"

#include "notice_fixture.h"

static void a_table_is_printed_and_recorded_as_listed(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" NOTICE("1", "null", "change-update", "1") "," NOTICE(
                                                "2", "42", "custom", "a.b/a-name-that-is-too-long-for-the-table") "]"},
                                           {.result = "[]"}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 2);
    assert_shows(
        "notices --abs-time --timeout=90s --type custom --type change-update --key x --uid 7 --users all",
        "ID   User    Type           Key                               First                 Repeated"
        "              Occurrences\n"
        "1    public  change-update  1                                 2024-01-02T03:04:05Z  2024-01-02T03:04:06Z"
        "  3\n"
        "2    42      custom         a.b/a-name-tha...g-for-the-table  ");
    assert_listed("notices-last-listed", "2024-01-02T03:04:06.000000007Z");
    assert_shows("okay", "");
    struct caught none = run("notices --users=");
    assert_string_equal(none.err, "No matching notices.\n");
    assert_int_equal(none.code, 0);
    caught_free(&none);
    notice_fixture_assert_request(&fixture, 0,
                                  "GET /v1/notices?keys=x&timeout=1m30s&types=custom&types=change-update&user-id=7&"
                                  "users=all");
    notice_fixture_assert_request(&fixture, 1, "GET /v1/notices?after=2024-01-02T03%3A04%3A06.000000007Z");
    notice_fixture_end(&fixture);
}

static void nothing_found_is_reported_with_the_time(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[]"}, {.result = "[]"}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 2);
    struct caught none = run("notices --timeout 60ms");
    assert_string_equal(none.err, "No matching notices after waiting 60ms.\n");
    caught_free(&none);
    assert_shows("notices --format=yaml", "notices: []\n");
    notice_fixture_end(&fixture);
}

static void a_refusal_is_passed_on(void **state UNUSED) {
    const struct fake_response script[] = {REFUSED("no")};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 1);
    assert_fails("notices", "error: no\n");
    notice_fixture_end(&fixture);
}

static void documents_have_all_members(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" NOTICE("2", "42", "custom", "a.b/c") "]"},
                                           {.result = NOTICE("2", "null", "custom", "a.b/c")},
                                           {.result = NOTICE("2", "42", "custom", "a.b/c")}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 3);
    assert_shows("notices --format=yaml", "notices:\n"
                                          "    - id: \"2\"\n"
                                          "      user-id: 42\n"
                                          "      type: custom\n"
                                          "      key: a.b/c\n"
                                          "      first-occurred: 2024-01-02T03:04:05Z\n"
                                          "      last-occurred: 2024-01-02T03:04:07Z\n"
                                          "      last-repeated: 2024-01-02T03:04:06.000000007Z\n"
                                          "      occurrences: 3\n"
                                          "      last-data:\n"
                                          "        size: \"1\"\n"
                                          "      repeat-after: 1h0m0s\n"
                                          "      expire-after: 168h0m0s\n");
    assert_shows("notice 2", "id: \"2\"\nuser-id: null\ntype: custom\n");
    assert_shows("notice --format=json 2", "{\"id\":\"2\",\"user-id\":42,\"type\":\"custom\",\"key\":\"a.b/c\",");
    notice_fixture_end(&fixture);
}

static void a_notice_is_found_by_type_and_key(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" NOTICE("2", "42", "custom", "a.b/c") "]"}, {.result = "[]"}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 2);
    assert_shows("notice custom a.b/c --uid 42", "id: \"2\"\n");
    assert_fails("notice custom a.b/d", "error: cannot find custom notice with key \"a.b/d\"\n");
    assert_fails("notice No!", "error: invalid notice ID \"No!\"\n");
    assert_fails("notice --uid=5 1", "error: cannot use --uid option when looking up notice by key\n");
    notice_fixture_assert_request(&fixture, 0, "GET /v1/notices?keys=a.b%2Fc&types=custom&user-id=42");
    notice_fixture_end(&fixture);
}

static void an_occurrence_is_recorded(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "{\"id\":\"7\"}"}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 1);
    assert_shows("notify --repeat-after 90m a.b/c x=1 y=2=3 z=", "Recorded notice 7\n");
    assert_fails("notify a.b/c x", "error: data args must be in \"name=value\" format, not \"x\"\n");
    notice_fixture_assert_request(&fixture, 0, "POST /v1/notices");
    notice_fixture_assert_body(&fixture, 0,
                               "{\"action\":\"add\",\"type\":\"custom\",\"key\":\"a.b/c\",\"repeat-after\":\"1h30m0s\","
                               "\"data\":{\"x\":\"1\",\"y\":\"2=3\",\"z\":\"\"}}");
    notice_fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_printed_and_recorded_as_listed),
        cmocka_unit_test(nothing_found_is_reported_with_the_time),
        cmocka_unit_test(a_refusal_is_passed_on),
        cmocka_unit_test(documents_have_all_members),
        cmocka_unit_test(a_notice_is_found_by_type_and_key),
        cmocka_unit_test(an_occurrence_is_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
