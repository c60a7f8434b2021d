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

static void append_repeated(struct ring *ring, char byte, size_t count, int64_t millis) {
    AUTO_FREE char *text = memory_new(count + 1);
    memset(text, byte, count);
    ring_append(ring, text, count, millis * NS_PER_MS);
}

// The entries that the reader has now: "MILLIS:message|" each, "!" before one that was truncated; "(LENGTH)" for long
// ones.
static void assert_reads(struct ring_reader *reader, const char *expected) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct ring_entry entry;
    struct ring_reader counting = *reader;
    uint64_t count = ring_reader_count(&counting, UINT64_MAX);
    assert_int_equal(ring_reader_count(&counting, 1), count > 0 ? 1 : 0);
    for (; ring_reader_peek(reader, &entry); ring_reader_advance(reader)) {
        count--;
        buffer_printf(&text, "%s%d:", entry.was_truncated ? "!" : "", (int)(entry.wall_ns / NS_PER_MS));
        if (entry.length > 60)
            buffer_printf(&text, "%c(%zu)%c|", entry.message[0], entry.length, entry.message[entry.length - 1]);
        else
            buffer_printf(&text, "%.*s|", (int)entry.length, entry.message);
    }
    assert_string_equal(buffer_text(&text), expected);
    assert_int_equal(count, 0);
    assert_int_equal(reader->lost_lines, counting.lost_lines);
}

static void test_peek_does_not_move(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    struct ring_reader reader;
    struct ring_entry first;
    struct ring_entry second;
    ring_reader_begin(&reader, ring);
    assert_false(ring_reader_peek(&reader, &first));
    ring_reader_advance(&reader);
    append(ring, "half", 1);
    assert_true(ring_reader_peek(&reader, &first));
    assert_true(ring_reader_peek(&reader, &second));
    assert_ptr_equal(first.message, second.message);
    assert_int_equal(first.length, 4);
    assert_int_equal(second.length, 4);
    int64_t order_ns = 0;
    assert_true(ring_reader_look(&reader, &order_ns));
    assert_int_equal(order_ns, NS_PER_MS);
    // Advancing skips the entry that peek has returned, and no later bytes.
    append(ring, " done\n", 2);
    ring_reader_advance(&reader);
    ring_reader_advance(&reader);
    assert_reads(&reader, "1: done|");
    assert_false(ring_reader_look(&reader, &order_ns));
    ring_destroy(ring);
}

static void test_pieces_of_a_line_as_it_comes(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    struct ring_reader reader;
    ring_reader_begin(&reader, ring);
    append(ring, "whole\nhal", 1);
    assert_reads(&reader, "1:whole|1:hal|");
    append(ring, "f a", 2);
    assert_reads(&reader, "1:f a|");
    append(ring, "\n", 3);
    assert_reads(&reader, "1:|");
    append(ring, "next\n\n", 4);
    assert_reads(&reader, "4:next|4:|");
    ring_destroy(ring);
}

static void test_long_line_comes_in_pieces(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    append_repeated(ring, 'a', RING_PIECE_BYTES - HEAD_BYTES, 1);
    append_repeated(ring, 'b', RING_PIECE_BYTES, 1);
    append(ring, "cc\n", 1);
    append_repeated(ring, 'd', RING_PIECE_BYTES - HEAD_BYTES, 2);
    append(ring, "\n", 2);
    append_repeated(ring, 'e', RING_PIECE_BYTES - HEAD_BYTES - 1, 3);
    append(ring, "\n", 3);
    struct ring_reader reader;
    ring_reader_begin(&reader, ring);
    assert_reads(&reader, "1:a(4065)a|1:b(4096)b|1:cc|2:d(4065)d|2:|3:e(4064)e|");
    ring_destroy(ring);
}

static void test_entry_is_in_one_piece_where_the_ring_wraps(void **state UNUSED) {
    struct ring *ring = ring_create("svc", 10000);
    struct ring_reader reader;
    ring_reader_begin(&reader, ring);
    for (int i = 0; i < 200; i++) {
        append_repeated(ring, (char)('a' + i % 26), 3001, i);
        append(ring, "\n", i);
        AUTO_FREE char *expected = memory_printf("%d:%c(3001)%c|", i, 'a' + i % 26, 'a' + i % 26);
        struct ring_reader again;
        ring_reader_end(&again, ring);
        assert_true(ring_reader_back(&again));
        struct ring_entry entry;
        assert_true(ring_reader_peek(&again, &entry));
        for (size_t at = 0; at < entry.length; at++)
            assert_int_equal(entry.message[at], 'a' + i % 26);
        assert_reads(&reader, expected);
    }
    ring_destroy(ring);
}

static void test_reader_at_the_end(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    struct ring_reader empty;
    ring_reader_end(&empty, ring);
    append(ring, "old\nhal", 1);
    struct ring_reader resuming;
    struct ring_reader fresh;
    ring_reader_end(&resuming, ring);
    ring_reader_end(&fresh, ring);
    ring_reader_skip_rest(&fresh);
    ring_reader_skip_rest(&fresh);
    assert_reads(&resuming, "");
    append(ring, "f\nnew\n", 2);
    assert_reads(&resuming, "1:f|2:new|");
    assert_reads(&fresh, "2:new|");
    assert_reads(&empty, "1:old|1:half|2:new|");
    ring_destroy(ring);
}

static void test_stepping_back(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    struct ring_reader reader;
    ring_reader_end(&reader, ring);
    assert_false(ring_reader_back(&reader));
    append(ring, "one\n", 1);
    append_repeated(ring, 'a', RING_PIECE_BYTES - HEAD_BYTES, 2);
    append_repeated(ring, 'b', RING_PIECE_BYTES, 2);
    append(ring, "\nhal", 3);
    const char *expected[] = {"3:hal|", "2:|3:hal|", "2:b(4096)b|2:|3:hal|", "2:a(4065)a|2:b(4096)b|2:|3:hal|",
                              "1:one|2:a(4065)a|2:b(4096)b|2:|3:hal|"};
    ring_reader_end(&reader, ring);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        assert_true(ring_reader_back(&reader));
        struct ring_reader copy = reader;
        assert_reads(&copy, expected[i]);
    }
    assert_false(ring_reader_back(&reader));
    ring_destroy(ring);
}

static void test_stepping_back_ends_at_the_oldest_whole_line(void **state UNUSED) {
    // One byte too few for "bbbb".
    struct ring *ring = ring_create("svc", 2 * (HEAD_BYTES + 5) + HEAD_BYTES + 1);
    append(ring, "aaaa\nbbbb\ncccc\ndd", 1);
    struct ring_reader reader;
    ring_reader_end(&reader, ring);
    assert_true(ring_reader_back(&reader));
    assert_true(ring_reader_back(&reader));
    assert_false(ring_reader_back(&reader));
    assert_reads(&reader, "1:cccc|1:dd|");
    append_repeated(ring, 'd', 200, 1);
    ring_reader_end(&reader, ring);
    assert_false(ring_reader_back(&reader));
    assert_reads(&reader, "");
    ring_destroy(ring);
}

static void test_stopped_reader(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    append(ring, "old\nhal", 1);
    struct ring_reader reader;
    ring_reader_begin(&reader, ring);
    ring_reader_stop(&reader);
    append(ring, "f\nnew\n", 2);
    assert_reads(&reader, "1:old|1:hal|");
    ring_destroy(ring);
}

static void test_slow_reader_gets_a_mark(void **state UNUSED) {
    struct ring *ring = ring_create("svc", 3 * (HEAD_BYTES + 2));
    struct ring_reader reader;
    ring_reader_begin(&reader, ring);
    append(ring, "a\nb\nc\n", 1);
    struct ring_entry entry;
    assert_true(ring_reader_peek(&reader, &entry));
    assert_false(entry.was_truncated);
    append(ring, "d\n", 2);
    assert_reads(&reader, "!1:b|1:c|2:d|");
    assert_int_equal(reader.lost_lines, 1);
    append(ring, "e\nf\ng\n", 3);
    assert_reads(&reader, "3:e|3:f|3:g|");
    append(ring, "h\ni\nj\nk\n", 4);
    assert_reads(&reader, "!4:i|4:j|4:k|");
    assert_int_equal(reader.lost_lines, 2);
    ring_destroy(ring);
}

static void test_loss_reported_by_the_owner_is_not_reported_again(void **state UNUSED) {
    struct ring *ring = ring_create("svc", 2 * (HEAD_BYTES + 2));
    struct ring_reader reader;
    ring_reader_begin(&reader, ring);
    append(ring, "a\nb\nc\n", 1);
    struct ring_entry entry;
    assert_true(ring_reader_peek(&reader, &entry));
    assert_true(entry.was_truncated);
    reader.has_lost = false;
    assert_reads(&reader, "1:b|1:c|");
    ring_destroy(ring);
}

// A reader that keeps up sees all of a line that is longer than the ring; one that falls behind goes on in it.
static void test_reader_within_an_endless_line(void **state UNUSED) {
    struct ring *ring = ring_create("svc", 100);
    struct ring_reader quick;
    struct ring_reader slow;
    ring_reader_begin(&quick, ring);
    ring_reader_begin(&slow, ring);
    append(ring, "begins", 1);
    assert_reads(&quick, "1:begins|");
    assert_reads(&slow, "1:begins|");
    for (int i = 0; i < 10; i++) {
        append_repeated(ring, (char)('0' + i), 50, 2);
        AUTO_FREE char *expected = memory_printf("1:%.50s|", "00000000000000000000000000000000000000000000000000");
        for (char *at = strchr(expected, ':') + 1; *at != '|'; at++)
            *at = (char)('0' + i);
        assert_reads(&quick, expected);
    }
    assert_reads(&slow, "!1:8(100)9|");
    append(ring, "\nnext\n", 3);
    assert_reads(&quick, "1:|3:next|");
    assert_reads(&slow, "1:|3:next|");
    ring_destroy(ring);
}

static void test_reader_survives_shrinking(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    struct ring_reader reader;
    append(ring, "one\n", 1);
    ring_reader_begin(&reader, ring);
    assert_true(ring_shrink(ring));
    struct ring_entry entry;
    assert_false(ring_reader_peek(&reader, &entry));
    append(ring, "two\nhal", 2);
    assert_reads(&reader, "!2:two|2:hal|");
    assert_true(ring_shrink(ring));
    append(ring, "f\nthree\n", 3);
    assert_reads(&reader, "2:f|3:three|");
    ring_destroy(ring);
}

// Lines whose pieces end about where the lines end, and readers that begin anywhere.
static void test_count_of_long_lines(void **state UNUSED) {
    struct ring *ring = ring_create("svc", RING_LIMIT_BYTES);
    struct ring_reader reader;
    struct ring_entry entry;
    for (size_t i = 0; i < 400; i++) {
        append_repeated(ring, 'x', (i % 3) * RING_PIECE_BYTES + (i * 37) % 80, 1);
        append(ring, i % 7 == 0 ? "" : "\n", 1);
        ring_reader_begin(&reader, ring);
        for (size_t skipped = 0; skipped <= i % 11 && ring_reader_peek(&reader, &entry); skipped++)
            ring_reader_advance(&reader);
        if (i % 5 == 0)
            ring_reader_stop(&reader);
        append_repeated(ring, 'y', i % 2, 2);
        uint64_t count = ring_reader_count(&reader, UINT64_MAX);
        for (; ring_reader_peek(&reader, &entry); ring_reader_advance(&reader))
            count--;
        assert_int_equal(count, 0);
    }
    ring_destroy(ring);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peek_does_not_move),
        cmocka_unit_test(test_pieces_of_a_line_as_it_comes),
        cmocka_unit_test(test_long_line_comes_in_pieces),
        cmocka_unit_test(test_entry_is_in_one_piece_where_the_ring_wraps),
        cmocka_unit_test(test_reader_at_the_end),
        cmocka_unit_test(test_stepping_back),
        cmocka_unit_test(test_stepping_back_ends_at_the_oldest_whole_line),
        cmocka_unit_test(test_stopped_reader),
        cmocka_unit_test(test_slow_reader_gets_a_mark),
        cmocka_unit_test(test_loss_reported_by_the_owner_is_not_reported_again),
        cmocka_unit_test(test_reader_within_an_endless_line),
        cmocka_unit_test(test_reader_survives_shrinking),
        cmocka_unit_test(test_count_of_long_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
