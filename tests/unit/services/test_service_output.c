// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "services/service_output_internal.h"

static void write_text(struct job_sink *sink, const char *text) {
    sink->write(sink->data, text, strlen(text));
}

static void collect(void *data, const char *bytes, size_t length) {
    buffer_add(data, bytes, length);
}

static void output_goes_into_the_ring(void **state UNUSED) {
    struct service_output output = {.ring = ring_create("svc", RING_LIMIT_BYTES)};
    struct job_sink sink = service_output_begin(&output);
    int64_t before_ns = clock_wall_ns();
    write_text(&sink, "one\n");
    struct ring_reader reader;
    struct ring_entry entry;
    ring_reader_begin(&reader, output.ring);
    assert_true(ring_reader_peek(&reader, &entry));
    assert_int_equal(entry.length, 3);
    assert_memory_equal(entry.message, "one", 3);
    assert_true(entry.order_ns >= before_ns && entry.order_ns <= clock_wall_ns());
    ring_destroy(output.ring);
}

static void next_run_is_glued(void **state UNUSED) {
    struct service_output output = {.ring = ring_create("svc", RING_LIMIT_BYTES)};
    struct job_sink sink = service_output_begin(&output);
    write_text(&sink, "cut off");
    sink = service_output_begin(&output);
    write_text(&sink, "afresh\n");
    AUTO_TEXT_LIST struct text_list lines = {0};
    assert_false(ring_last_lines(output.ring, 2, &lines));
    assert_int_equal(lines.count, 1);
    assert_memory_equal(lines.items[0], "cut off2", 8);
    assert_non_null(strstr(lines.items[0], "Z [svc] afresh"));
    ring_destroy(output.ring);
}

static void tee_gets_all_bytes(void **state UNUSED) {
    AUTO_BUFFER struct buffer copy = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct service_output output = {
        .ring = ring_create("svc", RING_LIMIT_BYTES),
        .tee = collect,
        .tee_data = &copy,
    };
    struct job_sink sink = service_output_begin(&output);
    write_text(&sink, "one\n\xfftwo");
    assert_string_equal(buffer_text(&copy), "one\n\xfftwo");
    ring_destroy(output.ring);
}

static void ignore_growth(struct listener *listener UNUSED, void *ring UNUSED) {
}

static void followers_get_smaller_turns(void **state UNUSED) {
    struct service_output output = {.ring = ring_create("svc", RING_LIMIT_BYTES)};
    struct job_sink sink = service_output_begin(&output);
    struct listener listener = {0};
    assert_int_equal(sink.turn_bytes(sink.data), JOB_TURN_BYTES);
    event_add(ring_grown(output.ring), &listener, ignore_growth);
    assert_true(sink.turn_bytes(sink.data) <= RING_LIMIT_BYTES / 3); // none is lost before they look
    event_remove(&listener);
    assert_int_equal(sink.turn_bytes(sink.data), JOB_TURN_BYTES);
    ring_destroy(output.ring);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_goes_into_the_ring),
        cmocka_unit_test(next_run_is_glued),
        cmocka_unit_test(tee_gets_all_bytes),
        cmocka_unit_test(followers_get_smaller_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
