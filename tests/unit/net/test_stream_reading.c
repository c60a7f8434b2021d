// SPDX-License-Identifier: GPL-3.0-or-later
// Streams that ask before they read.
#include "stream_fixture.h"

static int asked;
static bool may_read;

static bool on_stream_asks(struct stream *source, void *data UNUSED) {
    asked++;
    if (!may_read)
        stream_read_stop(source);
    return may_read;
}

static void open_with_permission(void) {
    struct stream_handlers handlers = noting;
    handlers.may_read = on_stream_asks;
    asked = 0;
    may_read = true;
    open_socket();
    stream_set_handlers(stream, &handlers, &seen);
    stream_read_start(stream);
}

static void asks_before_it_reads(void **state UNUSED) {
    open_with_permission();
    peer_sends("one");
    loop_run_pending(loop);
    assert_string_equal(buffer_text(&seen.got), "one");
    int before = asked;
    may_read = false;
    peer_sends("two");
    loop_run_pending(loop);
    assert_int_equal(asked, before + 1);
    assert_string_equal(buffer_text(&seen.got), "one");
    may_read = true;
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_string_equal(buffer_text(&seen.got), "onetwo");
    assert_int_equal(seen.ended, 0);
}

// Also an end and a failure wait until reading is started again.
static void is_told_of_the_end_when_it_reads_again(void **state UNUSED) {
    open_with_permission();
    loop_run_pending(loop);
    may_read = false;
    file_close_at(&peer);
    loop_run_pending(loop);
    assert_int_equal(seen.ended + seen.failed, 0);
    may_read = true;
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_int_equal(seen.ended, 1);
}

static void reads_now_without_asking(void **state UNUSED) {
    open_with_permission();
    loop_run_pending(loop);
    may_read = false;
    peer_sends("one");
    loop_run_pending(loop);
    int before = asked;
    stream_read_start(stream);
    stream_read_now(stream);
    assert_string_equal(buffer_text(&seen.got), "one");
    assert_int_equal(asked, before);
    stream_read_stop(stream);
    peer_sends("two");
    stream_read_now(stream); // has been stopped
    assert_string_equal(buffer_text(&seen.got), "one");
}

static size_t largest_piece;

static void note_piece(struct stream *source, const char *bytes, size_t length, void *data) {
    largest_piece = length > largest_piece ? length : largest_piece;
    on_stream_data(source, bytes, length, data);
}

static void reads_pieces_of_a_size(void **state UNUSED) {
    static const char block[20000] = {0};
    open_socket();
    stream_set_handlers(stream, &(const struct stream_handlers){.on_data = note_piece}, &seen);
    stream_set_read_bytes(stream, 100);
    largest_piece = 0;
    assert_int_equal(send(peer, block, sizeof block, MSG_DONTWAIT), sizeof block);
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_int_equal(seen.got.length, sizeof block);
    assert_int_equal(largest_piece, 100);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)
    const struct CMUnitTest tests[] = {
        TEST(asks_before_it_reads),
        TEST(is_told_of_the_end_when_it_reads_again),
        TEST(reads_now_without_asking),
        TEST(reads_pieces_of_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
