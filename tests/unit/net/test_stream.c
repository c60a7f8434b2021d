// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/stream.h"

#include "stream_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>

// --- reading ---

static void reads_to_the_end(void) {
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_int_equal(seen.got.length, 0);
    peer_sends("hello ");
    wait_for_text("hello ");
    peer_sends("there");
    wait_for_text("hello there");
    assert_int_equal(seen.ended, 0);
    file_close_at(&peer);
    while (seen.ended == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    loop_run_pending(loop); // which would not return if it polled on
    assert_int_equal(seen.ended, 1);
    assert_int_equal(seen.failed, 0);
    assert_string_equal(buffer_text(&seen.got), "hello there");
}

static void reads_a_socket(void **state UNUSED) {
    open_socket();
    reads_to_the_end();
}

static void reads_a_pipe(void **state UNUSED) {
    open_pipe_to_read();
    reads_to_the_end();
}

static void reads_a_terminal(void **state UNUSED) {
    open_terminal();
    reads_to_the_end();
}

static void pauses_and_resumes(void **state UNUSED) {
    open_socket();
    peer_sends("one");
    loop_run_pending(loop);
    assert_int_equal(seen.got.length, 0);
    assert_true(stream_has_unread(stream));
    stream_read_start(stream);
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_string_equal(buffer_text(&seen.got), "one");
    assert_false(stream_has_unread(stream));
    stream_read_stop(stream);
    peer_sends("two");
    file_close_at(&peer);
    loop_run_pending(loop);
    assert_string_equal(buffer_text(&seen.got), "one");
    assert_int_equal(seen.ended, 0);
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_string_equal(buffer_text(&seen.got), "onetwo");
    assert_int_equal(seen.ended, 1);
}

static void stop_at_first_data(struct stream *source, const char *bytes, size_t length, void *data) {
    on_stream_data(source, bytes, length, data);
    stream_read_stop(source);
}

// Though more is there: neither data nor the end after reading has been stopped.
static void stops_within_a_turn(void **state UNUSED) {
    static const char block[300000] = {0};
    open_socket();
    stream_set_handlers(stream, &(const struct stream_handlers){.on_data = stop_at_first_data, .on_end = on_stream_end},
                        &seen);
    int large = 1000000;
    (void)setsockopt(peer, SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
    ssize_t sent = send(peer, block, sizeof block, MSG_DONTWAIT);
    assert_true(sent > 65536);
    file_close_at(&peer);
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_in_range(seen.got.length, 1, 65536);
    assert_int_equal(seen.ended, 0);
}

static void stop_and_start(struct stream *source, const char *bytes, size_t length, void *data) {
    on_stream_data(source, bytes, length, data);
    stream_read_stop(source);
    stream_read_start(source);
}

static void stops_and_starts_within_a_turn(void **state UNUSED) {
    open_socket();
    stream_set_handlers(stream, &(const struct stream_handlers){.on_data = stop_and_start, .on_end = on_stream_end},
                        &seen);
    peer_sends("one");
    stream_read_start(stream);
    stream_read_stop(stream);
    loop_run_pending(loop);
    assert_int_equal(seen.got.length, 0);
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_string_equal(buffer_text(&seen.got), "one");
    peer_sends("two");
    loop_run_pending(loop);
    assert_string_equal(buffer_text(&seen.got), "onetwo");
    file_close_at(&peer);
    loop_run_pending(loop);
    assert_int_equal(seen.ended, 1);
}

static void note_poll(uv_handle_t *handle, void *found) {
    if (uv_handle_get_type(handle) == UV_POLL)
        *(bool *)found = true;
}

static bool is_polled(void) {
    bool found = false;
    uv_walk(loop_uv(loop), note_poll, &found);
    return found;
}

static void respond(struct stream *source, const char *bytes, size_t length, void *data) {
    on_stream_data(source, bytes, length, data);
    stream_write(source, &(const struct iovec){.iov_base = (void *)(uintptr_t) "response", .iov_len = 8}, 1);
    assert_false(is_polled());
}

// A connection that is closed in the handler is never polled.
static void polls_when_there_is_nothing_to_read(void **state UNUSED) {
    open_socket();
    stream_set_handlers(stream, &(const struct stream_handlers){.on_data = respond}, &seen);
    peer_sends("request");
    stream_read_start(stream);
    assert_false(is_polled());
    loop_run_pending(loop);
    assert_string_equal(buffer_text(&seen.got), "request");
    assert_true(is_polled());
}

static void lets_others_in_between(void **state UNUSED) {
    static const char block[4000000] = {0};
    open_socket();
    int large = 4000000;
    (void)setsockopt(peer, SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof large);
    ssize_t sent = send(peer, block, sizeof block, MSG_DONTWAIT);
    if (sent < 600000)
        skip(); // SO_SNDBUFFORCE is not allowed
    stream_read_start(stream);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT); // reads at once, and once more when it is polled
    assert_in_range(seen.got.length, 1, 2 * 262144);
    size_t before = seen.got.length;
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_in_range(seen.got.length - before, 1, 262144);
    loop_run_pending(loop);
    assert_int_equal(seen.got.length, sent);
}

// --- writing ---

static void writes_all(void) {
    AUTO_BUFFER struct buffer taken = BUFFER_INIT(BUFFER_NO_LIMIT);
    write_text("first");
    assert_int_equal(stream_queued_bytes(stream), 0);
    assert_false(stream_is_full(stream));
    size_t total = fill() + 5 + 4;
    write_text("last");
    assert_true(stream_is_full(stream));
    assert_int_equal(seen.drained, 0);
    peer_takes(&taken, total);
    assert_int_equal(taken.length, total);
    assert_memory_equal(taken.data, "firstfff", 8);
    assert_memory_equal(taken.data + total - 7, "ffflast", 7);
    assert_int_equal(stream_queued_bytes(stream), 0);
    assert_true(seen.drained > 0);
    assert_int_equal(seen.failed, 0);
}

static void writes_to_a_socket(void **state UNUSED) {
    open_socket();
    writes_all();
}

static void writes_to_a_pipe(void **state UNUSED) {
    open_pipe_to_write();
    writes_all();
}

static void writes_to_a_terminal(void **state UNUSED) {
    open_terminal();
    writes_all();
}

static size_t drained_at;

static void note_drained(struct stream *source, void *data UNUSED) {
    seen.drained++;
    drained_at = stream_queued_bytes(source);
}

static void tells_when_it_is_below_the_low_mark(void **state UNUSED) {
    AUTO_BUFFER struct buffer taken = BUFFER_INIT(BUFFER_NO_LIMIT);
    open_pipe_to_write();
    stream_set_handlers(stream, &(const struct stream_handlers){.on_drained = note_drained}, &seen);
    stream_set_water_marks(stream, 50000, 90000);
    assert_false(stream_is_full(stream));
    size_t total = fill();
    assert_true(stream_is_full(stream));
    size_t queued = stream_queued_bytes(stream);
    while (seen.drained == 0)
        peer_takes(&taken, taken.length + 1);
    assert_in_range(drained_at, 1, 50000);
    assert_true(drained_at < queued);
    peer_takes(&taken, total);
    assert_true(seen.drained > 1);
    assert_int_equal(drained_at, 0);
}

static void writes_many_pieces(void **state UNUSED) {
    enum { COUNT = 1000 };
    struct iovec pieces[COUNT];
    AUTO_BUFFER struct buffer taken = BUFFER_INIT(BUFFER_NO_LIMIT);
    open_socket();
    for (size_t i = 0; i < COUNT; i++)
        pieces[i] = (struct iovec){.iov_base = (void *)(uintptr_t) "0123456789", .iov_len = i % 11};
    stream_write(stream, pieces, COUNT);
    size_t total = 0;
    for (size_t i = 0; i < COUNT; i++)
        total += i % 11;
    peer_takes(&taken, total);
    const char *at = taken.data;
    for (size_t i = 0; i < COUNT; at += i % 11, i++)
        assert_memory_equal(at, "0123456789", i % 11);
}

static void shuts_down_behind_what_is_queued(void **state UNUSED) {
    AUTO_BUFFER struct buffer taken = BUFFER_INIT(BUFFER_NO_LIMIT);
    char byte;
    open_socket();
    size_t total = fill();
    stream_shut_down(stream);
    stream_shut_down(stream);
    write_text("too late");
    peer_takes(&taken, total);
    assert_int_equal(taken.length, total);
    loop_run_pending(loop);
    assert_int_equal(recv(peer, &byte, 1, MSG_DONTWAIT), 0);
    peer_sends("still heard");
    stream_read_start(stream);
    wait_for_text("still heard");
}

static void shuts_down_at_once(void **state UNUSED) {
    char byte;
    open_socket();
    stream_shut_down(stream);
    assert_int_equal(recv(peer, &byte, 1, MSG_DONTWAIT), 0);
}

// --- breaking ---

static void breaks_once_and_later(void) {
    write_text("into nothing");
    assert_true(stream_is_broken(stream));
    write_text("more");
    assert_int_equal(stream_queued_bytes(stream), 0);
    assert_int_equal(seen.failed, 0);
    loop_run_pending(loop);
    assert_int_equal(seen.failed, 1);
    assert_string_equal(seen.failure, "cannot write: broken pipe");
    write_text("even more");
    stream_read_start(stream);
    stream_shut_down(stream);
    loop_run_pending(loop);
    assert_int_equal(seen.failed, 1);
    assert_int_equal(seen.ended, 0);
    assert_int_equal(seen.drained, 0);
}

static void breaks_when_a_socket_is_closed(void **state UNUSED) {
    open_socket();
    file_close_at(&peer);
    breaks_once_and_later();
}

static void breaks_when_a_pipe_is_closed(void **state UNUSED) {
    open_pipe_to_write();
    file_close_at(&peer);
    breaks_once_and_later();
}

static void breaks_while_it_waits_to_write(void (*open)(void)) {
    open();
    (void)fill();
    loop_run_pending(loop);
    file_close_at(&peer);
    loop_run_pending(loop);
    assert_int_equal(seen.failed, 1);
    assert_int_equal(stream_queued_bytes(stream), 0);
    assert_int_equal(seen.drained, 0);
}

static void breaks_with_bytes_queued(void **state UNUSED) {
    breaks_while_it_waits_to_write(open_socket);
    stream_destroy(stream);
    seen.failed = 0;
    breaks_while_it_waits_to_write(open_pipe_to_write);
}

// A peer that goes with our bytes unread resets the connection.
static void survives_a_reset(void **state UNUSED) {
    open_socket();
    write_text("never read");
    file_close_at(&peer);
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_int_equal(seen.ended, 0);
    assert_string_equal(seen.failure, "cannot read: connection reset by peer");
}

static int open_file(void) {
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "text", 4), 4);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void breaks_where_it_cannot_wait(void **state UNUSED) {
    open_with(open_file(), STREAM_FILE, -1);
    stream_read_start(stream);
    assert_false(stream_is_broken(stream));
    loop_run_pending(loop);
    assert_string_equal(buffer_text(&seen.got), "text");
    assert_int_equal(seen.failed, 1);
    assert_string_equal(seen.failure, "cannot poll: operation not permitted");
}

// The writing end of a pipe is not to be read: no spinning on what polling reports.
static void fails_to_read_a_writing_end(void **state UNUSED) {
    open_pipe_to_write();
    stream_read_start(stream);
    file_close_at(&peer);
    loop_run_pending(loop);
    assert_int_equal(seen.failed, 1);
}

// --- owners ---

static struct buffer other_got;
static int other_ended, other_failed;

static void other_on_data(struct stream *source UNUSED, const char *bytes, size_t length, void *data UNUSED) {
    buffer_add(&other_got, bytes, length);
}

static void other_on_end(struct stream *source UNUSED, void *data UNUSED) {
    other_ended++;
}

static void other_on_failed(struct stream *source UNUSED, const struct error *err UNUSED, void *data UNUSED) {
    other_failed++;
}

static const struct stream_handlers other_owner = {
    .on_data = other_on_data, .on_end = other_on_end, .on_failed = other_on_failed};

static void hand_over(struct stream *source, const char *bytes, size_t length, void *data) {
    on_stream_data(source, bytes, length, data);
    stream_set_handlers(source, &other_owner, NULL);
}

static void is_handed_over(void **state UNUSED) {
    other_ended = other_failed = 0;
    buffer_init(&other_got, BUFFER_NO_LIMIT);
    open_socket();
    stream_set_handlers(stream, &(const struct stream_handlers){.on_data = hand_over, .on_end = on_stream_end}, &seen);
    stream_read_start(stream);
    peer_sends("one");
    loop_run_pending(loop);
    peer_sends("two");
    file_close_at(&peer);
    loop_run_pending(loop);
    assert_string_equal(buffer_text(&seen.got), "one");
    assert_string_equal(buffer_text(&other_got), "two");
    assert_int_equal(seen.ended, 0);
    assert_int_equal(other_ended, 1);
    buffer_finish(&other_got);
}

static void tells_a_new_owner_of_end_and_failure(void **state UNUSED) {
    other_ended = other_failed = 0;
    open_socket();
    stream_read_start(stream);
    (void)shutdown(peer, SHUT_WR);
    loop_run_pending(loop);
    assert_int_equal(seen.ended, 1);
    stream_set_handlers(stream, &other_owner, NULL);
    loop_run_pending(loop);
    assert_int_equal(other_ended, 0);
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_int_equal(other_ended, 1);
    stream_set_handlers(stream, &noting, &seen);
    file_close_at(&peer);
    write_text("x");
    loop_run_pending(loop);
    assert_int_equal(seen.failed, 1);
    stream_set_handlers(stream, &other_owner, NULL);
    loop_run_pending(loop);
    assert_int_equal(other_failed, 1);
    assert_int_equal(seen.failed, 1);
}

static void needs_no_handlers(void **state UNUSED) {
    open_socket();
    stream_set_handlers(stream, &(const struct stream_handlers){0}, NULL);
    stream_read_start(stream);
    peer_sends("text");
    loop_run_pending(loop);
    (void)fill();
    loop_run_pending(loop);
    (void)shutdown(peer, SHUT_WR);
    loop_run_pending(loop);
    file_close_at(&peer);
    loop_run_pending(loop);
    assert_true(stream_is_broken(stream));
}

// --- destroying ---

static int destroyed;

static void destroy(struct stream *source) {
    int fd = stream_fd(source);
    stream_destroy(source);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    stream = NULL;
    destroyed++;
}

static void destroy_on_data(struct stream *source, const char *bytes UNUSED, size_t length UNUSED, void *data UNUSED) {
    destroy(source);
}

static void destroy_on_event(struct stream *source, void *data UNUSED) {
    destroy(source);
}

static void destroy_on_failed(struct stream *source, const struct error *err, void *data UNUSED) {
    destroy(source);
    assert_true(text_has_prefix(error_text(err), "cannot "));
}

static const struct stream_handlers destroying[] = {
    {.on_data = destroy_on_data},
    {.on_end = destroy_on_event},
    {.on_drained = destroy_on_event},
    {.on_failed = destroy_on_failed},
};

static void is_destroyed_in_each_handler(void **state UNUSED) {
    AUTO_BUFFER struct buffer taken = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < ARRAY_COUNT(destroying); i++) {
        destroyed = 0;
        open_socket();
        stream_set_handlers(stream, &destroying[i], NULL);
        stream_read_start(stream);
        (void)fill();
        peer_sends("text");
        (void)shutdown(peer, SHUT_WR);
        loop_run_pending(loop);
        if (stream != NULL && destroying[i].on_drained != NULL) {
            while (stream != NULL)
                peer_takes(&taken, taken.length + 1);
        }
        file_close_at(&peer);
        loop_run_pending(loop);
        assert_int_equal(destroyed, 1);
    }
}

static void is_destroyed_before_its_failure_is_told(void **state UNUSED) {
    open_socket();
    file_close_at(&peer);
    write_text("into nothing");
    destroy(stream);
    loop_run_pending(loop);
    assert_int_equal(seen.failed, 0);
    stream_destroy(NULL);
}

// Before the loop polls it: nothing but the stream itself keeps it until the handler has returned.
static void is_destroyed_at_its_first_bytes(void **state UNUSED) {
    destroyed = 0;
    for (int i = 0; i < 2; i++) {
        open_socket();
        stream_set_handlers(stream, &destroying[i], NULL);
        if (i == 0)
            peer_sends("text");
        file_close_at(&peer);
        stream_read_start(stream);
        loop_run_pending(loop);
        assert_int_equal(destroyed, i + 1);
    }
    open_with(open_file(), STREAM_FILE, -1);
    stream_set_handlers(stream, &destroying[3], NULL);
    stream_read_start(stream);
    loop_run_pending(loop);
    assert_int_equal(destroyed, 3);
    open_socket();
    stream_read_start(stream);
    destroy(stream); // before the first attempt
    loop_run_pending(loop);
}

// --- TCP ---

static void talks_over_tcp(void **state UNUSED) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    AUTO_CLOSE int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(listen(listener, 1), 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, length), 0);
    open_with(accept(listener, NULL, NULL), STREAM_TCP, client);
    int keeps_alive = 0;
    assert_int_equal(getsockopt(stream_fd(stream), SOL_SOCKET, SO_KEEPALIVE, &keeps_alive, &(socklen_t){sizeof(int)}),
                     0);
    assert_int_equal(keeps_alive, 1);
    AUTO_BUFFER struct buffer taken = BUFFER_INIT(BUFFER_NO_LIMIT);
    write_text("question");
    peer_takes(&taken, 8);
    stream_read_start(stream);
    peer_sends("reply");
    wait_for_text("reply");
    struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    file_close_at(&peer);
    while (seen.failed == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_string_equal(seen.failure, "cannot read: connection reset by peer");
    assert_int_equal(seen.ended, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)
    const struct CMUnitTest tests[] = {
        TEST(reads_a_socket),
        TEST(reads_a_pipe),
        TEST(reads_a_terminal),
        TEST(pauses_and_resumes),
        TEST(stops_within_a_turn),
        TEST(stops_and_starts_within_a_turn),
        TEST(polls_when_there_is_nothing_to_read),
        TEST(lets_others_in_between),
        TEST(writes_to_a_socket),
        TEST(writes_to_a_pipe),
        TEST(writes_to_a_terminal),
        TEST(tells_when_it_is_below_the_low_mark),
        TEST(writes_many_pieces),
        TEST(shuts_down_behind_what_is_queued),
        TEST(shuts_down_at_once),
        TEST(breaks_when_a_socket_is_closed),
        TEST(breaks_when_a_pipe_is_closed),
        TEST(breaks_with_bytes_queued),
        TEST(survives_a_reset),
        TEST(breaks_where_it_cannot_wait),
        TEST(fails_to_read_a_writing_end),
        TEST(is_handed_over),
        TEST(tells_a_new_owner_of_end_and_failure),
        TEST(needs_no_handlers),
        TEST(is_destroyed_in_each_handler),
        TEST(is_destroyed_before_its_failure_is_told),
        TEST(is_destroyed_at_its_first_bytes),
        TEST(talks_over_tcp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
