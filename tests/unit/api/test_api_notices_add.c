// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void assert_refused(struct fixture *fixture, const char *body, const char *message) {
    assert_response(fixture, "POST /v1/notices", body, 400, message);
}

static void a_notice_is_recorded_for_the_client(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "POST /v1/notices", "{\"action\":\"add\",\"type\":\"custom\",\"key\":\"a.b/c\"}", 200,
                    "\"result\":{\"id\":\"1\"}");
    assert_response(&fixture, "POST /v1/notices",
                    "{\"action\":\"add\",\"type\":\"custom\",\"key\":\"a.b/c\",\"repeat-after\":\"90m\","
                    "\"data\":{\"b\":\"2\",\"a\":null}}",
                    200, "\"result\":{\"id\":\"1\"}");
    const struct notice *notice = state_find_notice(fixture.state, "1");
    assert_int_equal(*notice_user_id(notice), getuid());
    assert_int_equal(notice_occurrences(notice), 2);
    assert_int_equal(notice_repeat_after_ns(notice), 5400 * NS_PER_S);
    assert_int_equal(notice_data_count(notice), 2);
    assert_string_equal(notice_data_name(notice, 0), "a");
    assert_string_equal(notice_data_value(notice, 0), "");
    assert_string_equal(notice_data_value(notice, 1), "2");
    fixture_end(&fixture);
}

static void keys_have_a_domain_and_a_path(void **unused UNUSED) {
    static const char *const good[] = {"a.b/c", "a-1.b.c0/d/e-f", "0.1/2"};
    static const char *const bad[] = {"",        "a",       "a.b",    "a/b",      "A.b/c",  "a.b/",
                                      "a.b/c_d", "a.b/c ",  "-a.b/c", "a..b/c",   "a-.b/c", "a.b//c",
                                      "a.b/c/",  "a.b/c.d", ".b/c",   "a--b.c/d", "a.b/c-", "a.b/c\\n"};
    struct fixture fixture;
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        AUTO_FREE char *body = memory_printf("{\"action\":\"add\",\"type\":\"custom\",\"key\":\"%s\"}", good[i]);
        assert_response(&fixture, "POST /v1/notices", body, 200, "\"id\":");
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        AUTO_FREE char *body = memory_printf("{\"action\":\"add\",\"type\":\"custom\",\"key\":\"%s\"}", bad[i]);
        assert_refused(&fixture, body, "(must be in \\\"example.com/path\\\" format)");
    }
    fixture_end(&fixture);
}

#define GOOD "\"action\":\"add\",\"type\":\"custom\",\"key\":\"a.b/c\""

static void the_first_fault_is_reported(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_refused(&fixture, "{", "cannot decode request body: ");
    assert_refused(&fixture, "{\"key\":1}", "cannot decode request body: ");
    assert_refused(&fixture, "{\"type\":\"y\"}", "invalid action \\\"\\\"");
    assert_refused(&fixture, "{\"action\":\"add\",\"type\":\"warning\",\"key\":\"z\"}",
                   "invalid type \\\"warning\\\" (can only add \\\"custom\\\" notices)");
    assert_refused(&fixture, "{" GOOD ",\"repeat-after\":\"5\",\"data\":[]}",
                   "invalid repeat-after: time: missing unit");
    assert_refused(&fixture, "{" GOOD ",\"data\":[]}", "cannot decode notice data: ");
    assert_refused(&fixture, "{" GOOD ",\"data\":{\"n\":1}}", "cannot decode notice data: ");
    assert_refused(&fixture, "{" GOOD ",\"data\":{\"n\":1,\"n\":\"x\"}}", "cannot decode notice data: ");
    assert_response(&fixture, "GET /v1/notices", "", 200, "\"result\":[]");
    fixture_end(&fixture);
}

static void assert_size(struct fixture *fixture, const char *format, int filling, bool is_accepted) {
    AUTO_FREE char *filler = memory_new((size_t)filling + 1);
    memset(filler, 'x', (size_t)filling);
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    size_t length = strcspn(format, "%");
    buffer_add(&body, format, length);
    buffer_add_string(&body, filler);
    buffer_add_string(&body, format + length + 1);
    assert_response(fixture, "POST /v1/notices", buffer_text(&body), is_accepted ? 200 : 400,
                    is_accepted ? "\"id\":" : " bytes or less");
}

static void sizes_are_limited(void **unused UNUSED) {
    static const char key[] = "{\"action\":\"add\",\"type\":\"custom\",\"key\":\"a.b/%\"}";
    static const char data[] = "{" GOOD ", \"data\": {\"d\":\"%\"} }";
    static const char spaced[] = "{" GOOD ",\"data\":{ \"d\" : \"%\" }}";
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_size(&fixture, key, 256 - 4, true);
    assert_size(&fixture, key, 256 - 3, false);
    assert_size(&fixture, data, 4096 - 8, true);
    assert_size(&fixture, data, 4096 - 7, false);
    assert_size(&fixture, spaced, 4096 - 12, true);
    assert_size(&fixture, spaced, 4096 - 11, false);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notice_is_recorded_for_the_client),
        cmocka_unit_test(keys_have_a_domain_and_a_path),
        cmocka_unit_test(the_first_fault_is_reported),
        cmocka_unit_test(sizes_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
