// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_websocket.h"

#include "base/clock.h"
#include "base/text.h"
#include "websocket_peer.h"

// A session and its client.
struct fixture {
    struct loop *loop;
    struct websocket *websocket;
    struct websocket_peer peer;
    struct buffer binary, texts; // received; each text is a line
    int drained, ended, closed;
    enum websocket_end end;
    bool destroys, closes, stops; // what each handler does
    int depth;
};

static void destroy_session(struct fixture *fixture) {
    websocket_destroy(TAKE(fixture->websocket));
}

static void act(struct fixture *fixture) {
    assert_int_equal(fixture->depth, 0);
    if (fixture->stops)
        websocket_read_stop(fixture->websocket);
    if (fixture->closes)
        websocket_close(fixture->websocket, WEBSOCKET_CODE_NORMAL);
    if (fixture->destroys)
        destroy_session(fixture);
}

static void on_binary_received(struct websocket *websocket UNUSED, const char *bytes, size_t length, void *data) {
    struct fixture *fixture = data;
    buffer_add(&fixture->binary, bytes, length);
    act(fixture);
}

static void on_text_received(struct websocket *websocket UNUSED, const char *text, size_t length, void *data) {
    struct fixture *fixture = data;
    assert_int_equal(strlen(text), length);
    buffer_printf(&fixture->texts, "%s\n", text);
    act(fixture);
}

static void on_session_drained(struct websocket *websocket, void *data) {
    struct fixture *fixture = data;
    assert_false(websocket_is_full(websocket));
    fixture->drained++;
    act(fixture);
}

static void on_session_ended(struct websocket *websocket UNUSED, enum websocket_end end, void *data) {
    struct fixture *fixture = data;
    fixture->ended++;
    fixture->end = end;
    act(fixture);
}

static void on_session_closed(struct websocket *websocket UNUSED, void *data) {
    struct fixture *fixture = data;
    assert_int_equal(fixture->depth, 0);
    fixture->closed++;
    destroy_session(fixture);
}

static const struct websocket_handlers handlers = {.on_binary = on_binary_received,
                                                   .on_text = on_text_received,
                                                   .on_drained = on_session_drained,
                                                   .on_ended = on_session_ended,
                                                   .on_closed = on_session_closed};

static struct fixture fixture_begin_with(const struct buffer *early) {
    struct fixture fixture = {.binary = BUFFER_INIT(BUFFER_NO_LIMIT), .texts = BUFFER_INIT(BUFFER_NO_LIMIT)};
    int pair[2];
    assert_true(loop_create(&fixture.loop, NULL));
    loop_use_test_clock(fixture.loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct stream *stream = stream_create(fixture.loop, pair[0], STREAM_UNIX);
    fixture.websocket = websocket_create(fixture.loop, stream, buffer_text(early), early->length);
    fixture.peer = peer_open(pair[1]);
    return fixture;
}

static struct fixture fixture_begin(void) {
    const struct buffer nothing = {0};
    return fixture_begin_with(&nothing);
}

static void fixture_read(struct fixture *fixture) {
    fixture->depth++;
    websocket_set_handlers(fixture->websocket, &handlers, fixture);
    websocket_read_start(fixture->websocket);
    fixture->depth--;
    loop_run_pending(fixture->loop);
}

static void fixture_end(struct fixture *fixture) {
    destroy_session(fixture);
    peer_close(&fixture->peer);
    loop_destroy(fixture->loop);
    buffer_finish(&fixture->binary);
    buffer_finish(&fixture->texts);
}

// Runs both sides until neither has anything to do.
static void run(struct fixture *fixture) {
    do
        loop_run_pending(fixture->loop);
    while (peer_take(&fixture->peer));
}

static void send_text(struct fixture *fixture, enum websocket_opcode opcode, const char *text) {
    fixture->depth++;
    websocket_send(fixture->websocket, opcode, text, strlen(text));
    fixture->depth--;
}

// --- messages ---

static void passes_messages_both_ways(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "some bytes, ");
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "");
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "more");
    peer_send(&fixture.peer, WEBSOCKET_TEXT, "a text");
    peer_send(&fixture.peer, WEBSOCKET_TEXT, "");
    run(&fixture);
    assert_string_equal(buffer_text(&fixture.binary), "some bytes, more");
    assert_string_equal(buffer_text(&fixture.texts), "a text\n\n");
    send_text(&fixture, WEBSOCKET_BINARY, "answer");
    send_text(&fixture, WEBSOCKET_BINARY, "");
    send_text(&fixture, WEBSOCKET_TEXT, "done");
    run(&fixture);
    assert_string_equal(buffer_text(&fixture.peer.data), "answer");
    assert_string_equal(buffer_text(&fixture.peer.events), "text done\n");
    assert_int_equal(fixture.ended, 0);
    fixture_end(&fixture);
}

static void joins_fragments_with_control_frames_between(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    peer_send_frame(&fixture.peer, WEBSOCKET_TEXT, false, "one ");
    peer_send_frame(&fixture.peer, WEBSOCKET_PING, true, "p");
    peer_send_frame(&fixture.peer, WEBSOCKET_CONTINUATION, false, "two ");
    peer_send_frame(&fixture.peer, WEBSOCKET_PONG, true, "not asked for");
    run(&fixture);
    assert_string_equal(buffer_text(&fixture.texts), "");
    assert_string_equal(buffer_text(&fixture.peer.events), "pong p\n");
    peer_send_frame(&fixture.peer, WEBSOCKET_CONTINUATION, true, "three");
    peer_send_frame(&fixture.peer, WEBSOCKET_BINARY, false, "x");
    peer_send_frame(&fixture.peer, WEBSOCKET_CONTINUATION, true, "y");
    run(&fixture);
    assert_string_equal(buffer_text(&fixture.texts), "one two three\n");
    assert_string_equal(buffer_text(&fixture.binary), "xy");
    fixture_end(&fixture);
}

static void reads_frames_that_come_byte_by_byte(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&bytes, WEBSOCKET_TEXT, true, "slowly", 6, peer_mask);
    add_frame(&bytes, WEBSOCKET_PING, true, "?", 1, peer_mask);
    for (size_t i = 0; i < bytes.length; i++) {
        assert_int_equal(send(fixture.peer.fd, bytes.data + i, 1, 0), 1);
        loop_run_pending(fixture.loop);
    }
    run(&fixture);
    assert_string_equal(buffer_text(&fixture.texts), "slowly\n");
    assert_string_equal(buffer_text(&fixture.peer.events), "pong ?\n");
    fixture_end(&fixture);
}

static void takes_what_came_with_the_request(void **state UNUSED) {
    AUTO_BUFFER struct buffer early = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&early, WEBSOCKET_BINARY, true, "early ", 6, peer_mask);
    add_frame(&early, WEBSOCKET_BINARY, true, "bird", 4, peer_mask);
    early.length -= 2; // the end of the frame comes later
    struct fixture fixture = fixture_begin_with(&early);
    loop_run_pending(fixture.loop);
    fixture_read(&fixture);
    assert_string_equal(buffer_text(&fixture.binary), "early bi");
    early.length += 2;
    assert_int_equal(send(fixture.peer.fd, early.data + early.length - 2, 2, 0), 2);
    peer_send(&fixture.peer, WEBSOCKET_TEXT, "later");
    run(&fixture);
    assert_string_equal(buffer_text(&fixture.binary), "early bird");
    assert_string_equal(buffer_text(&fixture.texts), "later\n");
    fixture_end(&fixture);
}

static void passes_nothing_while_it_does_not_read(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    peer_send(&fixture.peer, WEBSOCKET_PING, "");
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "1");
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "2");
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "3");
    run(&fixture);
    assert_int_equal(fixture.peer.events.length, 0);
    fixture.stops = true; // after each message
    for (size_t count = 1; count <= 3; count++) {
        fixture_read(&fixture);
        run(&fixture);
        assert_int_equal(fixture.binary.length, count);
    }
    fixture.stops = false;
    fixture_read(&fixture);
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "4");
    run(&fixture);
    assert_string_equal(buffer_text(&fixture.binary), "1234");
    assert_string_equal(buffer_text(&fixture.peer.events), "pong \n");
    fixture_end(&fixture);
}

static void handles_some_frames_at_once(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    for (int i = 0; i < 200; i++)
        peer_send(&fixture.peer, WEBSOCKET_BINARY, "x");
    for (size_t before = 0; before < 200; before = fixture.binary.length) {
        (void)uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
        assert_in_range(fixture.binary.length - before, 1, WEBSOCKET_PIECES_AT_ONCE);
    }
    fixture_end(&fixture);
}

// --- back pressure ---

#define PIECE_BYTES ((size_t)65536)

// Sends until bytes are queued; returns the number sent.
static size_t fill(struct fixture *fixture) {
    static const char piece[PIECE_BYTES] = {0};
    size_t total = 0;
    fixture->depth++;
    for (; !websocket_is_full(fixture->websocket); total += sizeof piece)
        websocket_send(fixture->websocket, WEBSOCKET_BINARY, piece, sizeof piece);
    fixture->depth--;
    return total;
}

static void is_full_until_all_is_written(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    size_t total = fill(&fixture);
    assert_in_range(websocket_queued_bytes(fixture.websocket), 1, PIECE_BYTES + WEBSOCKET_HEAD_MAX_BYTES);
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.drained, 0);
    run(&fixture);
    assert_int_equal(fixture.drained, 1);
    assert_int_equal(fixture.peer.data.length, total);
    assert_int_equal(websocket_queued_bytes(fixture.websocket), 0);
    fixture_end(&fixture);
}

static void keeps_one_pong_for_a_client_that_does_not_read(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    (void)fill(&fixture);
    size_t queued = websocket_queued_bytes(fixture.websocket);
    for (int i = 0; i < 1000; i++) {
        peer_send(&fixture.peer, WEBSOCKET_PING, i < 999 ? "ping" : "last");
        loop_run_pending(fixture.loop);
    }
    assert_int_equal(websocket_queued_bytes(fixture.websocket), queued);
    run(&fixture);
    assert_string_equal(buffer_text(&fixture.peer.events), "pong last\n");
    assert_int_equal(fixture.drained, 1);
    fixture_end(&fixture);
}

static void reports_a_break_to_one_that_waits(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    (void)fill(&fixture);
    (void)shutdown(fixture.peer.fd, SHUT_WR);
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.ended, 1);
    assert_int_equal(fixture.end, WEBSOCKET_END_LOST);
    assert_false(websocket_is_broken(fixture.websocket)); // it may still read
    assert_int_equal(fixture.drained, 0);
    (void)close(fixture.peer.fd);
    fixture.peer.fd = -1;
    loop_run_pending(fixture.loop);
    assert_true(websocket_is_broken(fixture.websocket));
    assert_int_equal(fixture.drained, 1);
    assert_int_equal(websocket_queued_bytes(fixture.websocket), 0);
    assert_int_equal(fixture.ended, 1);
    fixture_end(&fixture);
}

// --- the client ends ---

static void check_end(struct fixture *fixture, enum websocket_end end, const char *events) {
    run(fixture);
    assert_int_equal(fixture->ended, 1);
    assert_int_equal(fixture->end, end);
    assert_string_equal(buffer_text(&fixture->peer.events), events);
}

static void replies_to_a_close_frame(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "last");
    peer_send_close(&fixture.peer, 1001);
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "not read");
    check_end(&fixture, WEBSOCKET_END_CLOSED, "close 1001\n");
    assert_string_equal(buffer_text(&fixture.binary), "last");
    assert_true(websocket_is_broken(fixture.websocket));
    send_text(&fixture, WEBSOCKET_BINARY, "too late");
    run(&fixture);
    assert_int_equal(fixture.peer.data.length, 0);
    fixture_end(&fixture);
}

static void replies_to_a_close_frame_without_code(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    peer_send(&fixture.peer, WEBSOCKET_CLOSE, "");
    check_end(&fixture, WEBSOCKET_END_CLOSED, "close 1005\n"); // as it is read
    fixture_end(&fixture);
}

static void reports_a_lost_connection(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    peer_send_frame(&fixture.peer, WEBSOCKET_BINARY, false, "half");
    peer_close(&fixture.peer);
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.ended, 1);
    assert_int_equal(fixture.end, WEBSOCKET_END_LOST);
    assert_string_equal(buffer_text(&fixture.binary), "half");
    send_text(&fixture, WEBSOCKET_BINARY, "nobody reads this");
    loop_run_pending(fixture.loop);
    assert_true(websocket_is_broken(fixture.websocket));
    assert_int_equal(fixture.ended, 1);
    fixture_end(&fixture);
}

static void notices_a_loss_only_while_it_reads(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    websocket_set_handlers(fixture.websocket, &handlers, &fixture);
    peer_close(&fixture.peer);
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.ended, 0);
    fixture_read(&fixture);
    assert_int_equal(fixture.ended, 1);
    assert_int_equal(fixture.end, WEBSOCKET_END_LOST);
    fixture_end(&fixture);
}

// --- violations ---

static void refuses(const struct buffer *bytes, const char *events) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    peer_send_bytes(&fixture.peer, bytes);
    check_end(&fixture, WEBSOCKET_END_VIOLATION, events);
    assert_true(websocket_is_broken(fixture.websocket));
    peer_send(&fixture.peer, WEBSOCKET_TEXT, "not read");
    run(&fixture);
    assert_int_equal(fixture.texts.length, 0);
    fixture_end(&fixture);
}

static void refuses_invalid_frames(void **state UNUSED) {
    AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&bytes, WEBSOCKET_BINARY, true, "unmasked", 8, NULL);
    refuses(&bytes, "close 1002\n");
    buffer_clear(&bytes);
    add_frame(&bytes, 3, true, "unknown opcode", 14, peer_mask);
    refuses(&bytes, "close 1002\n");
    buffer_clear(&bytes);
    add_frame(&bytes, WEBSOCKET_CONTINUATION, true, "of nothing", 10, peer_mask);
    refuses(&bytes, "close 1002\n");
}

static void limits_texts(void **state UNUSED) {
    AUTO_FREE char *text = memory_new(WEBSOCKET_TEXT_LIMIT_BYTES + 2);
    memset(text, 't', WEBSOCKET_TEXT_LIMIT_BYTES + 1);
    AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&bytes, WEBSOCKET_TEXT, true, text, WEBSOCKET_TEXT_LIMIT_BYTES + 1, peer_mask);
    refuses(&bytes, "close 1009\n");
    buffer_clear(&bytes);
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    add_frame(&bytes, WEBSOCKET_TEXT, false, text, WEBSOCKET_TEXT_LIMIT_BYTES - 1, peer_mask);
    add_frame(&bytes, WEBSOCKET_CONTINUATION, true, text, 1, peer_mask);
    add_frame(&bytes, WEBSOCKET_TEXT, true, "the limit is for each", 21, peer_mask);
    peer_send_bytes(&fixture.peer, &bytes);
    run(&fixture);
    assert_int_equal(fixture.texts.length, WEBSOCKET_TEXT_LIMIT_BYTES + 1 + 22);
    for (int i = 0; i < 1000 && fixture.ended == 0; i++) { // fragments without end
        peer_send_frame(&fixture.peer, i == 0 ? WEBSOCKET_TEXT : WEBSOCKET_CONTINUATION, false,
                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        run(&fixture);
    }
    check_end(&fixture, WEBSOCKET_END_VIOLATION, "close 1009\n");
    fixture_end(&fixture);
}

// --- closing ---

static void close_session(struct fixture *fixture) {
    fixture->depth++;
    websocket_close(fixture->websocket, WEBSOCKET_CODE_NORMAL);
    websocket_close(fixture->websocket, WEBSOCKET_CODE_GOING_AWAY);
    fixture->depth--;
}

static void closes_when_the_client_replies(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    send_text(&fixture, WEBSOCKET_BINARY, "before");
    close_session(&fixture);
    send_text(&fixture, WEBSOCKET_BINARY, "after");
    run(&fixture);
    assert_string_equal(buffer_text(&fixture.peer.data), "before");
    assert_string_equal(buffer_text(&fixture.peer.events), "close 1000\n");
    assert_int_equal(fixture.closed, 0);
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "sent before the close frame came");
    peer_send_close(&fixture.peer, 1000);
    run(&fixture);
    assert_int_equal(fixture.closed, 1);
    assert_true(fixture.peer.has_ended);
    assert_int_equal(fixture.ended + fixture.drained, 0);
    assert_int_equal(fixture.binary.length, 0);
    fixture_end(&fixture);
}

static void closes_when_the_client_has_gone(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    close_session(&fixture);
    peer_close(&fixture.peer);
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.closed, 1);
    fixture_end(&fixture);
}

static void closes_after_the_clients_close_frame(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    peer_send_close(&fixture.peer, 1000);
    check_end(&fixture, WEBSOCKET_END_CLOSED, "close 1000\n");
    close_session(&fixture);
    assert_int_equal(fixture.closed, 0);
    run(&fixture);
    assert_int_equal(fixture.closed, 1);
    assert_string_equal(buffer_text(&fixture.peer.events), "close 1000\n");
    fixture_end(&fixture);
}

static void finds_the_close_frame_in_unread_input(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture.stops = true;
    fixture_read(&fixture);
    AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&bytes, WEBSOCKET_BINARY, true, "1", 1, peer_mask);
    add_frame(&bytes, WEBSOCKET_BINARY, true, "2", 1, peer_mask);
    add_frame(&bytes, WEBSOCKET_CLOSE, true, "", 0, peer_mask);
    peer_send_bytes(&fixture.peer, &bytes);
    run(&fixture);
    close_session(&fixture);
    run(&fixture);
    assert_int_equal(fixture.closed, 1);
    assert_string_equal(buffer_text(&fixture.binary), "1");
    fixture_end(&fixture);
}

static void closes_in_vain_for_five_seconds(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    (void)fill(&fixture); // it does not even read
    close_session(&fixture);
    loop_advance(fixture.loop, 5 * NS_PER_S - 1);
    peer_send(&fixture.peer, WEBSOCKET_BINARY, "something else");
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.closed, 0);
    loop_advance(fixture.loop, 1);
    assert_int_equal(fixture.closed, 1);
    fixture_end(&fixture);
}

static void drops_what_comes_after_a_violation(void **state UNUSED) {
    AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&bytes, WEBSOCKET_BINARY, true, "unmasked", 8, NULL);
    struct fixture fixture = fixture_begin();
    fixture_read(&fixture);
    peer_send_bytes(&fixture.peer, &bytes);
    check_end(&fixture, WEBSOCKET_END_VIOLATION, "close 1002\n");
    close_session(&fixture);
    peer_send_close(&fixture.peer, 1000); // not read as a frame any more
    run(&fixture);
    assert_int_equal(fixture.closed, 0);
    assert_true(fixture.peer.has_ended); // its reading side
    (void)shutdown(fixture.peer.fd, SHUT_WR);
    run(&fixture);
    assert_int_equal(fixture.closed, 1);
    fixture_end(&fixture);
}

// --- from within handlers ---

enum handler { ON_BINARY, ON_TEXT, ON_DRAINED, ON_ENDED, HANDLERS };

static void provoke(struct fixture *fixture, enum handler handler) {
    AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
    switch (handler) {
    case ON_BINARY:
        add_frame(&bytes, WEBSOCKET_BINARY, true, "1", 1, peer_mask);
        add_frame(&bytes, WEBSOCKET_BINARY, true, "2", 1, peer_mask);
        break;
    case ON_TEXT:
        add_frame(&bytes, WEBSOCKET_TEXT, true, "1", 1, peer_mask);
        add_frame(&bytes, WEBSOCKET_TEXT, true, "2", 1, peer_mask);
        break;
    case ON_DRAINED:
        (void)fill(fixture);
        break;
    default:
        add_frame(&bytes, WEBSOCKET_CLOSE, true, "", 0, peer_mask);
        break;
    }
    if (bytes.length > 0)
        peer_send_bytes(&fixture->peer, &bytes);
    run(fixture);
}

static void may_be_destroyed_by_handlers(void **state UNUSED) {
    for (enum handler handler = 0; handler < HANDLERS; handler++) {
        struct fixture fixture = fixture_begin();
        fixture.destroys = true;
        fixture_read(&fixture);
        provoke(&fixture, handler);
        assert_null(fixture.websocket);
        assert_true(fixture.binary.length <= 1 && fixture.texts.length <= 2);
        fixture_end(&fixture);
    }
}

static void may_be_closed_by_handlers(void **state UNUSED) {
    for (enum handler handler = 0; handler < HANDLERS; handler++) {
        struct fixture fixture = fixture_begin();
        fixture.closes = true;
        fixture_read(&fixture);
        provoke(&fixture, handler);
        assert_true(fixture.binary.length <= 1 && fixture.texts.length <= 2);
        assert_int_equal(fixture.closed, handler == ON_ENDED);
        if (fixture.closed == 0)
            peer_send_close(&fixture.peer, 1000);
        run(&fixture);
        assert_int_equal(fixture.closed, 1);
        fixture_end(&fixture);
    }
}

static void may_be_destroyed_at_any_time(void **state UNUSED) {
    struct fixture fixture = fixture_begin();
    fixture_end(&fixture);
    fixture = fixture_begin();
    fixture_read(&fixture);
    close_session(&fixture);
    fixture_end(&fixture);
    websocket_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_messages_both_ways),
        cmocka_unit_test(joins_fragments_with_control_frames_between),
        cmocka_unit_test(reads_frames_that_come_byte_by_byte),
        cmocka_unit_test(takes_what_came_with_the_request),
        cmocka_unit_test(passes_nothing_while_it_does_not_read),
        cmocka_unit_test(handles_some_frames_at_once),
        cmocka_unit_test(is_full_until_all_is_written),
        cmocka_unit_test(keeps_one_pong_for_a_client_that_does_not_read),
        cmocka_unit_test(reports_a_break_to_one_that_waits),
        cmocka_unit_test(replies_to_a_close_frame),
        cmocka_unit_test(replies_to_a_close_frame_without_code),
        cmocka_unit_test(reports_a_lost_connection),
        cmocka_unit_test(notices_a_loss_only_while_it_reads),
        cmocka_unit_test(refuses_invalid_frames),
        cmocka_unit_test(limits_texts),
        cmocka_unit_test(closes_when_the_client_replies),
        cmocka_unit_test(closes_when_the_client_has_gone),
        cmocka_unit_test(closes_after_the_clients_close_frame),
        cmocka_unit_test(finds_the_close_frame_in_unread_input),
        cmocka_unit_test(closes_in_vain_for_five_seconds),
        cmocka_unit_test(drops_what_comes_after_a_violation),
        cmocka_unit_test(may_be_destroyed_by_handlers),
        cmocka_unit_test(may_be_closed_by_handlers),
        cmocka_unit_test(may_be_destroyed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
