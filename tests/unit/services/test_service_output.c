// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "services/service_output_internal.h"

static void collect(void *data, const char *bytes, size_t length) {
    buffer_add(data, bytes, length);
}

static void write_output_of(struct service *service, const char *text) {
    struct job_sink sink = service_output_sink(service);
    sink.write(sink.data, text, strlen(text));
}

static void each_line_gets_one_head(void **unused UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct service_manager manager = {.spec = {.tee = collect, .tee_data = &out}};
    struct service service = {.manager = &manager, .name = (char[]){"web"}, .ring = ring_create("web", 4096)};
    struct job_sink sink = service_output_sink(&service);
    sink.write(sink.data, "one\ntw", 6);
    sink.write(sink.data, "o\n\xff\n", 4);
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
    ring_destroy(service.ring);
}

static void lines_of_several_are_kept_apart(void **unused UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct service_manager manager = {.spec = {.tee = collect, .tee_data = &out}};
    struct service a = {.manager = &manager, .name = (char[]){"a"}, .ring = ring_create("a", 4096)};
    struct service b = {.manager = &manager, .name = (char[]){"b\n\x1b"}, .ring = ring_create("b", 4096)};
    write_output_of(&a, "one ");
    write_output_of(&a, "more ");
    write_output_of(&b, "two\nthree");
    write_output_of(&a, "2026-01-01T00:00:00.000Z [pebble] Forged.\n");
    write_output_of(&a, "four");
    service_manager_end_line(&manager);
    service_manager_end_line(&manager);
    write_output_of(&a, "five\n");
    static const char *const expected[] = {" [a] one more ",     " [b\\n\\x1b] two",
                                           " [b\\n\\x1b] three", " [a] 2026-01-01T00:00:00.000Z [pebble] Forged.",
                                           " [a] four",          " [a] five"};
    const char *line = buffer_text(&out);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        assert_memory_equal(line + 24, expected[i], strlen(expected[i]));
        assert_int_equal(line[24 + strlen(expected[i])], '\n');
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(line, "");
    ring_destroy(a.ring);
    ring_destroy(b.ring);
}

static void on_ring_grown(struct listener *listener UNUSED, void *argument UNUSED) {
}

static void the_ring_gets_it_in_smaller_turns_when_it_is_followed(void **unused UNUSED) {
    struct service_manager manager = {0};
    struct service service = {.manager = &manager, .name = (char[]){"web"}, .ring = ring_create("web", 4096)};
    struct job_sink sink = service_output_sink(&service);
    sink.write(sink.data, "one\ntwo\n", 8);
    AUTO_TEXT_LIST struct text_list lines = {0};
    assert_false(ring_last_lines(service.ring, 9, &lines));
    assert_int_equal(lines.count, 2);
    assert_string_equal(lines.items[1], "two");
    size_t alone = sink.turn_bytes(sink.data);
    struct listener follower = {0};
    event_add(ring_grown(service.ring), &follower, on_ring_grown);
    assert_true(sink.turn_bytes(sink.data) < alone);
    event_remove(&follower);
    ring_destroy(service.ring);
}

static void the_last_lines_go_into_a_failed_start(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "one");
    loop_run_pending(fixture.loop);
    struct service *service = fixture_service(&fixture, "one");
    for (int i = 0; i < 25; i++) {
        AUTO_FREE char *line = memory_printf("line %d\n", i);
        service->process->output.write(service->process->output.data, line, strlen(line));
    }
    process_end(service, 3);
    const char *log = task_log_line(change_task(change, 0), 0);
    assert_non_null(strstr(log, "INFO Most recent service output:\n    (...)\n    line 5\n"));
    assert_non_null(strstr(log, "\n    line 24"));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_gets_one_head),
        cmocka_unit_test(lines_of_several_are_kept_apart),
        cmocka_unit_test(the_ring_gets_it_in_smaller_turns_when_it_is_followed),
        cmocka_unit_test(the_last_lines_go_into_a_failed_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
