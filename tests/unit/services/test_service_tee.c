// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "services/service_tee_internal.h"

static void collect(void *data, const char *bytes, size_t length) {
    buffer_add(data, bytes, length);
}

static void each_line_gets_one_head(void **unused UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct service_manager manager = {.spec = {.tee = collect, .tee_data = &out}};
    struct service service = {.manager = &manager, .name = (char[]){"web"}};
    service_tee(&service, "one\ntw", 6);
    service_tee(&service, "o\n\xff\n", 4);
    const char *text = buffer_text(&out);
    // 2026-01-02T03:04:05.678Z [web] one
    size_t lines = 0;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_int_equal(line[23], 'Z');
        assert_memory_equal(line + 24, " [web] ", 7);
        lines++;
    }
    assert_int_equal(lines, 3);
    assert_non_null(strstr(text, "] two\n"));
    assert_non_null(strstr(text, "] \xff\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_gets_one_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
