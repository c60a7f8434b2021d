// SPDX-License-Identifier: GPL-3.0-or-later
#include "lines_fixture.h"

#include <stdlib.h>

#include "forward/gatherer_internal.h"
#include "plain_encoder.h"

static struct ring *lark, *finch;
static struct gatherer gatherer;
static struct payload payload;
static int grown;

static void on_rings_grown(void *data UNUSED) {
    grown++;
}

static int set_up(void **state UNUSED) {
    lark = ring_create("lark", RING_LIMIT_BYTES);
    finch = ring_create("finch", RING_LIMIT_BYTES);
    buffer_init(&payload.text, BUFFER_NO_LIMIT);
    gatherer_init(&gatherer, on_rings_grown, NULL);
    gatherer_follow(&gatherer, lark, &nothing, &nothing);
    gatherer_follow(&gatherer, finch, &nothing, &nothing);
    grown = 0;
    return 0;
}

static int tear_down(void **state UNUSED) {
    gatherer_finish(&gatherer);
    buffer_finish(&payload.text);
    ring_destroy(lark);
    ring_destroy(finch);
    return 0;
}

static void assert_encodes(const struct encoder *encoder, const char *expected) {
    gatherer_encode(&gatherer, encoder, &payload);
    assert_string_equal(buffer_text(&payload.text), expected);
}

static void lines_are_in_the_order_of_time(void **state UNUSED) {
    append(lark, "a\n", 1);
    append(lark, "d\n", 4);
    append(finch, "b\nc\n", 2);
    assert_int_equal(grown, 3);
    assert_int_equal(gatherer_count(&gatherer, SIZE_MAX), 4);
    assert_int_equal(gatherer_count(&gatherer, 3), 3);
    assert_encodes(&plain_encoder, "lark:a|finch:b|finch:c|lark:d|");
    assert_int_equal(payload.count, 4);
    assert_int_equal(payload.ends[0], strlen("lark:a|"));
    assert_int_equal(payload.ends[3], payload.text.length);
}

static void groups_are_in_the_order_of_services(void **state UNUSED) {
    AUTO_MAP struct map labels = MAP_INIT(free);
    AUTO_MAP struct map environment = MAP_INIT(free);
    map_set(&labels, "band", memory_string("<$BAND>"));
    map_set(&environment, "BAND", memory_string("7"));
    gatherer_follow(&gatherer, finch, &labels, &environment);
    append(lark, "a\n", 1);
    append(finch, "b\n", 2);
    append(lark, "c\n", 3);
    assert_encodes(&grouping_encoder, "[(finch,band=<7> finch:b|)(lark lark:a|lark:c|)]");
}

static void lines_wait_until_they_are_taken(void **state UNUSED) {
    append(lark, "a\n", 1);
    assert_encodes(&plain_encoder, "lark:a|");
    append(lark, "b\n", 2);
    gatherer_end_payload(&gatherer, false);
    assert_encodes(&plain_encoder, "lark:a|lark:b|");
    append(lark, "c\n", 2);
    gatherer_end_payload(&gatherer, true);
    assert_encodes(&plain_encoder, "lark:c|");
    gatherer_end_payload(&gatherer, true);
    assert_int_equal(gatherer_count(&gatherer, SIZE_MAX), 0);
}

static void payloads_have_a_hundred_lines(void **state UNUSED) {
    append_numbers(lark, 150);
    gatherer_encode(&gatherer, &plain_encoder, &payload);
    assert_int_equal(payload.count, 100);
    gatherer_end_payload(&gatherer, true);
    gatherer_encode(&gatherer, &plain_encoder, &payload);
    assert_int_equal(payload.count, 50);
    assert_true(text_has_prefix(buffer_text(&payload.text), "lark:100|"));
}

static void payloads_are_bounded_in_bytes(void **state UNUSED) {
    AUTO_FREE char *label = memory_new(PAYLOAD_TEXT_MAX + 1);
    memset(label, 'x', PAYLOAD_TEXT_MAX);
    AUTO_MAP struct map labels = MAP_INIT(free);
    map_set(&labels, "long", memory_string(label));
    gatherer_follow(&gatherer, finch, &labels, &nothing);
    append(finch, "a\nb\n", 1);
    append(lark, "c\n", 2);
    for (int i = 0; i < 3; i++) { // the labels alone fill a payload: nothing would ever be sent without a line
        gatherer_encode(&gatherer, &syslog_encoder, &payload);
        assert_int_equal(payload.count, 1);
        gatherer_end_payload(&gatherer, true);
    }
    assert_int_equal(gatherer_count(&gatherer, SIZE_MAX), 0);
    append(finch, "a\nb\n", 1);
    gatherer_encode(&gatherer, &grouping_encoder, &payload);
    assert_int_equal(payload.count, 1);
}

static void the_oldest_are_dropped(void **state UNUSED) {
    append(lark, "a\nb\n", 1);
    append(finch, "c\n", 2);
    append(lark, "d\n", 3);
    assert_int_equal(gatherer_drop(&gatherer, 4), 0);
    assert_int_equal(gatherer_drop(&gatherer, 1), 3);
    assert_encodes(&plain_encoder, "lark:d|");
    assert_int_equal(gatherer.lost, 0);
}

static void many_rings_are_merged(void **state UNUSED) {
    struct ring *rings[30];
    AUTO_BUFFER struct buffer expected = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 30; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "r%02d", i);
        rings[i] = ring_create(name, RING_LIMIT_BYTES);
        gatherer_follow(&gatherer, rings[i], &nothing, &nothing);
    }
    for (int i = 0; i < 90; i++)
        append(rings[i * 7 % 30], "x\n", i / 2); // two at a time
    assert_int_equal(gatherer_drop(&gatherer, 40), 50);
    for (int i = 50; i < 90; i += 2) { // of two, the name decides
        int low = i * 7 % 30;
        int high = (i + 1) * 7 % 30;
        buffer_printf(&expected, "r%02d:x|r%02d:x|", low < high ? low : high, low < high ? high : low);
    }
    assert_encodes(&plain_encoder, buffer_text(&expected));
    gatherer_finish(&gatherer);
    for (int i = 0; i < 30; i++)
        ring_destroy(rings[i]);
}

static void lost_lines_are_counted(void **state UNUSED) {
    append_numbers(lark, 10);
    gatherer_encode(&gatherer, &plain_encoder, &payload);
    AUTO_FREE char *filler = memory_new(RING_LIMIT_BYTES);
    memset(filler, 'x', RING_LIMIT_BYTES - 1);
    append(lark, filler, 2); // leaves no room for any other
    append(lark, "\n", 3);
    append(lark, "last\n", 3);
    gatherer_end_payload(&gatherer, false);
    assert_int_equal(gatherer.lost, 11);
    gatherer_end_payload(&gatherer, false);
    assert_int_equal(gatherer.lost, 11);
    assert_encodes(&plain_encoder, "lark:last|");
}

static void nothing_new_is_taken_of_a_ring_that_was_left(void **state UNUSED) {
    append(lark, "before\n", 1);
    gatherer_leave(&gatherer, lark);
    append(lark, "after\n", 2);
    append(finch, "too\n", 3);
    assert_int_equal(grown, 2);
    assert_encodes(&plain_encoder, "lark:before|finch:too|");
    gatherer_end_payload(&gatherer, true);
    assert_int_equal(gatherer_count(&gatherer, SIZE_MAX), 0);
    gatherer_follow(&gatherer, lark, &nothing, &nothing); // from the beginning
    assert_encodes(&plain_encoder, "lark:before|lark:after|");
    gatherer_end_payload(&gatherer, true);
    gatherer_leave_all(&gatherer);
    append(lark, "x\n", 4);
    append(finch, "x\n", 4);
    assert_int_equal(gatherer_count(&gatherer, SIZE_MAX), 0);
}

static void half_a_line_is_continued(void **state UNUSED) {
    append(lark, "half", 1);
    assert_encodes(&plain_encoder, "lark:half|");
    append(lark, " done\n", 2);
    gatherer_end_payload(&gatherer, true);
    assert_encodes(&plain_encoder, "lark: done|");
    gatherer_end_payload(&gatherer, false);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(lines_are_in_the_order_of_time),
        TEST(groups_are_in_the_order_of_services),
        TEST(lines_wait_until_they_are_taken),
        TEST(payloads_have_a_hundred_lines),
        TEST(payloads_are_bounded_in_bytes),
        TEST(the_oldest_are_dropped),
        TEST(many_rings_are_merged),
        TEST(lost_lines_are_counted),
        TEST(nothing_new_is_taken_of_a_ring_that_was_left),
        TEST(half_a_line_is_continued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
