// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void long_lists_are_refused(void **unused UNUSED) {
    static const struct {
        const char *path, *name;
    } cases[] = {{"/v1/services", "names"}, {"/v1/checks", "names"}, {"/v1/health", "names"}, {"/v1/logs", "services"}};
    struct fixture fixture;
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_BUFFER struct buffer request = BUFFER_INIT(BUFFER_NO_LIMIT);
        buffer_printf(&request, "GET %s?%s=", cases[i].path, cases[i].name);
        for (size_t j = 0; j < API_NAMES_MAX; j++)
            buffer_add_string(&request, "a,");
        assert_response(&fixture, buffer_text(&request), "", 200, "");
        buffer_add_string(&request, "a");
        AUTO_FREE char *message = memory_printf("cannot have more than 10000 \\\"%s\\\"", cases[i].name);
        assert_response(&fixture, buffer_text(&request), "", 400, message);
    }
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_lists_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
