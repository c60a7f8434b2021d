// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "logs/ring.h"

// 24 bytes of time and " [svc] ".
#define HEAD_BYTES ((size_t)31)

static void append(struct ring *ring, const char *text, int64_t millis) {
    ring_append(ring, text, strlen(text), millis * NS_PER_MS);
}

// All entries from the oldest on: "MILLIS:message|" each.
static char *ring_text(struct ring *ring) {
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct ring_reader reader;
    struct ring_entry entry;
    for (ring_reader_begin(&reader, ring); ring_reader_peek(&reader, &entry); ring_reader_advance(&reader))
        buffer_printf(&text, "%d:%.*s|", (int)(entry.wall_ns / NS_PER_MS), (int)entry.length, entry.message);
    return buffer_take(&text);
}

static void assert_ring(struct ring *ring, const char *expected) {
    AUTO_FREE char *text = ring_text(ring);
    assert_string_equal(text, expected);
}

static void test_lines(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    assert_string_equal(ring_service(ring), "svc");
    assert_ring(ring, "");
    append(ring, "one\n\ntwo\r\n", 1);
    append(ring, "", 2);
    append(ring, "three\n", 3);
    assert_ring(ring, "1:one|1:|1:two\r|3:three|");
    ring_destroy(ring);
}

static void test_line_is_stamped_with_its_first_byte(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    append(ring, "whole\nhal", 1);
    assert_ring(ring, "1:whole|1:hal|");
    append(ring, "f a line", 2);
    append(ring, "\nnext\n", 3);
    assert_ring(ring, "1:whole|1:half a line|3:next|");
    append(ring, "back in time\n", -5);
    assert_ring(ring, "1:whole|1:half a line|3:next|-5:back in time|");
    ring_destroy(ring);
}

static void test_times_are_whole_milliseconds(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    ring_append(ring, "a\n", 2, 5 * NS_PER_MS + 999999);
    ring_append(ring, "b\n", 2, -1);
    struct ring_reader reader;
    struct ring_entry entry;
    ring_reader_begin(&reader, ring);
    assert_true(ring_reader_peek(&reader, &entry));
    assert_int_equal(entry.wall_ns, 5 * NS_PER_MS);
    assert_int_equal(entry.order_ns, 5 * NS_PER_MS + 999999);
    ring_reader_advance(&reader);
    assert_true(ring_reader_peek(&reader, &entry));
    assert_int_equal(entry.wall_ns, -NS_PER_MS);
    ring_destroy(ring);
}

static void test_new_run_is_glued_to_unfinished_line(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    ring_begin_run(ring);
    append(ring, "first\n", 1);
    ring_begin_run(ring);
    append(ring, "cut off", 2);
    ring_begin_run(ring);
    assert_ring(ring, "1:first|2:cut off|");
    append(ring, "afresh\nnext\n", 3004);
    assert_ring(ring, "1:first|2:cut off1970-01-01T00:00:03.004Z [svc] afresh|3004:next|");
    ring_destroy(ring);
}

static void test_limit_counts_heads(void **state UNUSED) {
    struct ring *ring = ring_create("svc", 3 * (HEAD_BYTES + 2));
    append(ring, "a\nb\nc\n", 1);
    assert_ring(ring, "1:a|1:b|1:c|");
    append(ring, "d", 1);
    assert_ring(ring, "1:b|1:c|1:d|");
    append(ring, "\n", 1);
    assert_ring(ring, "1:b|1:c|1:d|");
    append(ring, "\n", 1); // one byte less than the others
    assert_ring(ring, "1:c|1:d|1:|");
    ring_destroy(ring);
}

static void test_line_beyond_limit_is_left_out(void **state UNUSED) {
    struct ring *ring = ring_create("svc", 100);
    AUTO_FREE char *giant = memory_new(301);
    memset(giant, 'x', 300);
    append(ring, "before\n", 1);
    append(ring, giant, 1);
    assert_ring(ring, "");
    append(ring, "\nafter\n", 2);
    assert_ring(ring, "2:after|");
    memset(giant, '\n', 300);
    append(ring, giant, 3);
    assert_ring(ring, "3:|3:|3:|");
    // With its head and newline this fits to the byte; with one more it does not.
    memset(giant, 'y', 300);
    giant[100 - HEAD_BYTES - 1] = '\0';
    append(ring, giant, 4);
    append(ring, "\n", 4);
    AUTO_FREE char *fitting = memory_printf("4:%s|", giant);
    assert_ring(ring, fitting);
    append(ring, "y", 4);
    append(ring, giant, 4);
    append(ring, "\n", 4);
    assert_ring(ring, "");
    ring_destroy(ring);
}

// The expected content of the ring: the last bytes of the whole stream with heads as text, and of these the whole
// lines.
struct model {
    struct buffer stream;
    size_t limit_bytes;
    bool is_open;
};

static void model_append(struct model *model, const char *data, size_t length, int64_t millis) {
    for (size_t i = 0; i < length; i++) {
        if (!model->is_open) {
            char time[CLOCK_TEXT_SIZE];
            clock_format_millis(millis * NS_PER_MS, time);
            buffer_printf(&model->stream, "%s [svc] ", time);
        }
        buffer_add_char(&model->stream, data[i]);
        model->is_open = data[i] != '\n';
    }
}

static char *model_text(const struct model *model) {
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    const char *at = buffer_text(&model->stream);
    const char *end = at + model->stream.length;
    if (model->stream.length > model->limit_bytes) {
        at = end - model->limit_bytes;
        if (at[-1] != '\n') {
            const char *newline = memchr(at, '\n', (size_t)(end - at));
            at = newline == NULL ? end : newline + 1;
        }
    }
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline == NULL ? end : newline;
        buffer_add(&text, at, (size_t)(line_end - at));
        buffer_add_char(&text, '|');
        at = newline == NULL ? end : newline + 1;
    }
    return buffer_take(&text);
}

static char *ring_text_with_heads(struct ring *ring) {
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct ring_reader reader;
    struct ring_entry entry;
    for (ring_reader_begin(&reader, ring); ring_reader_peek(&reader, &entry); ring_reader_advance(&reader)) {
        char time[CLOCK_TEXT_SIZE];
        clock_format_millis(entry.wall_ns, time);
        buffer_printf(&text, "%s [svc] ", time);
        buffer_add(&text, entry.message, entry.length);
        buffer_add_char(&text, '|');
    }
    return buffer_take(&text);
}

static unsigned next_random(unsigned *seed, unsigned below) {
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 8) % below;
}

static void check_random_output(unsigned seed) {
    struct model model = {.stream = BUFFER_INIT(BUFFER_NO_LIMIT), .limit_bytes = 20 + next_random(&seed, 2500)};
    struct ring *ring = ring_create("svc", model.limit_bytes);
    unsigned line_bytes = 1 + next_random(&seed, seed % 4 == 0 ? 600 : 60);
    for (int i = 0; i < 60; i++) {
        char data[4000];
        size_t length = next_random(&seed, next_random(&seed, 8) == 0 ? (unsigned)sizeof data : 200);
        for (size_t j = 0; j < length; j++)
            data[j] = next_random(&seed, line_bytes) == 0 ? '\n' : (char)('a' + next_random(&seed, 26));
        model_append(&model, data, length, i);
        ring_append(ring, data, length, i * NS_PER_MS);
        AUTO_FREE char *expected = model_text(&model);
        AUTO_FREE char *text = ring_text_with_heads(ring);
        assert_string_equal(text, expected);
    }
    ring_destroy(ring);
    buffer_finish(&model.stream);
}

static void test_random_output(void **state UNUSED) {
    for (unsigned seed = 1; seed <= 200; seed++)
        check_random_output(seed);
}

static void test_memory(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    assert_true(ring_memory(ring) < 512);
    append(ring, "little to say\n", 1);
    assert_true(ring_memory(ring) < 1024);
    AUTO_FREE char *block = memory_new(100001);
    memset(block, 'x', 100000);
    for (size_t i = 99; i < 100000; i += 100)
        block[i] = '\n';
    for (int i = 0; i < 20; i++)
        append(ring, block, i);
    assert_true(ring_memory(ring) < RING_LIMIT_BYTES + RING_LIMIT_BYTES / 4);
    memset(block, '\n', 100000);
    append(ring, block, 20);
    assert_true(ring_memory(ring) < 2 * RING_LIMIT_BYTES);
    ring_destroy(ring);
}

static void test_shrink(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    assert_false(ring_shrink(ring));
    char line[] = "line 00 of some length, so that there is something to give back\n";
    for (int i = 0; i < 100; i++) {
        line[5] = (char)('0' + i / 10);
        line[6] = (char)('0' + i % 10);
        append(ring, line, i);
    }
    size_t before = ring_memory(ring);
    assert_true(ring_shrink(ring));
    assert_true(ring_memory(ring) < before);
    struct text_list lines = {0};
    assert_false(ring_last_lines(ring, 100, &lines));
    assert_int_equal(lines.count, 50);
    assert_memory_equal(lines.items[0], "line 50", 7);
    text_list_clear(&lines);
    append(ring, "goes on\n", 100);
    assert_true(ring_last_lines(ring, 2, &lines));
    assert_memory_equal(lines.items[0], "line 99", 7);
    assert_string_equal(lines.items[1], "goes on");
    text_list_clear(&lines);
    while (ring_shrink(ring)) {
    }
    assert_true(ring_memory(ring) < 512);
    append(ring, "and on\n", 101);
    assert_ring(ring, "101:and on|");
    ring_destroy(ring);
}

static void test_shrink_of_unfinished_line(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    append(ring, "begun", 1);
    assert_true(ring_shrink(ring));
    assert_false(ring_shrink(ring));
    assert_ring(ring, "");
    append(ring, " and ended\nnext\n", 2);
    assert_ring(ring, "2:next|");
    ring_destroy(ring);
}

static void test_shrinker_keeps_off_borrowed_entry(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    append(ring, "one\ntwo\n", 1);
    struct ring_reader reader;
    struct ring_entry entry;
    ring_reader_begin(&reader, ring);
    assert_true(ring_reader_peek(&reader, &entry));
    assert_false(ring_shrink(ring));
    assert_memory_equal(entry.message, "one", 3);
    ring_reader_advance(&reader);
    assert_true(ring_shrink(ring) || ring_shrink(ring));
    ring_destroy(ring);
}

static void test_last_lines(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    struct text_list lines = {0};
    assert_false(ring_last_lines(ring, 3, &lines));
    assert_int_equal(lines.count, 0);
    append(ring, "one\n\nthree\nfour", 1);
    assert_false(ring_last_lines(ring, 4, &lines));
    AUTO_FREE char *all = text_list_join(&lines, "|");
    assert_string_equal(all, "one||three|four");
    text_list_clear(&lines);
    assert_true(ring_last_lines(ring, 2, &lines));
    AUTO_FREE char *last = text_list_join(&lines, "|");
    assert_string_equal(last, "three|four");
    text_list_clear(&lines);
    ring_append(ring, "\na\0b\n", 5, 2);
    assert_true(ring_last_lines(ring, 1, &lines));
    assert_string_equal(lines.items[0], "a\xef\xbf\xbd"
                                        "b");
    text_list_clear(&lines);
    ring_destroy(ring);
}

struct growth_probe {
    struct listener listener;
    struct ring *heard;
    char *seen;
};

static void growth_notify(struct listener *listener, void *ring) {
    struct growth_probe *probe = CONTAINER_OF(listener, struct growth_probe, listener);
    probe->heard = ring;
    free(probe->seen);
    probe->seen = ring_text(ring);
}

static void test_growth_is_announced_afterwards(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    struct growth_probe probe = {0};
    event_add(ring_grown(ring), &probe.listener, growth_notify);
    append(ring, "", 1);
    assert_null(probe.heard);
    append(ring, "news\n", 1);
    assert_ptr_equal(probe.heard, ring);
    assert_string_equal(probe.seen, "1:news|");
    free(probe.seen);
    ring_destroy(ring);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_line_is_stamped_with_its_first_byte),
        cmocka_unit_test(test_times_are_whole_milliseconds),
        cmocka_unit_test(test_new_run_is_glued_to_unfinished_line),
        cmocka_unit_test(test_limit_counts_heads),
        cmocka_unit_test(test_line_beyond_limit_is_left_out),
        cmocka_unit_test(test_random_output),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_shrink),
        cmocka_unit_test(test_shrink_of_unfinished_line),
        cmocka_unit_test(test_shrinker_keeps_off_borrowed_entry),
        cmocka_unit_test(test_last_lines),
        cmocka_unit_test(test_growth_is_announced_afterwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
