// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/listen.h"

enum { CLIENTS_MAX = 100 };

static struct loop *loop;
static struct acceptor *acceptor;
static char directory[64];
static char socket_path[80];
static int clients[CLIENTS_MAX];
static size_t client_count;

static struct {
    struct stream *accepted[CLIENTS_MAX];
    size_t count, room; // room: so many may be accepted at a time
    int asked;          // to make room
    bool makes_room, destroys, refuses_tcp, is_slow;
} seen;

static void close_first(void) {
    stream_destroy(seen.accepted[0]);
    memmove(&seen.accepted[0], &seen.accepted[1], sizeof seen.accepted[0] * --seen.count);
}

static bool may_accept(enum stream_kind kind, void *data) {
    assert_ptr_equal(data, &seen);
    return seen.count < seen.room && !(seen.refuses_tcp && kind == STREAM_TCP);
}

static bool make_room(enum stream_kind kind UNUSED, void *data UNUSED) {
    seen.asked++;
    if (!seen.makes_room || seen.count == 0)
        return false;
    close_first();
    return true;
}

static void on_stream_accepted(struct stream *stream, enum stream_kind kind, void *data UNUSED) {
    assert_int_equal(kind, STREAM_UNIX);
    seen.accepted[seen.count++] = stream;
    for (int64_t end_ns = clock_monotonic_ns() + 3 * NS_PER_MS; seen.is_slow && clock_monotonic_ns() < end_ns;) {
    }
    if (!seen.destroys)
        return;
    acceptor_destroy(acceptor);
    acceptor = NULL;
}

static const struct acceptor_handlers handlers = {
    .may_accept = may_accept, .make_room = make_room, .on_accepted = on_stream_accepted};

static int open_acceptor(void **state UNUSED) {
    memset(&seen, 0, sizeof seen);
    seen.room = CLIENTS_MAX;
    (void)snprintf(directory, sizeof directory, "/tmp/acceptor-test-XXXXXX");
    if (mkdtemp(directory) == NULL || !loop_create(&loop, NULL))
        return -1;
    (void)snprintf(socket_path, sizeof socket_path, "%s/socket", directory);
    acceptor = acceptor_create(loop, &handlers, &seen);
    int fd;
    return listen_unix(socket_path, &fd, NULL) && acceptor_listen(acceptor, fd, STREAM_UNIX, NULL) ? 0 : -1;
}

static int close_acceptor(void **state UNUSED) {
    acceptor_destroy(acceptor);
    while (seen.count > 0)
        close_first();
    while (client_count > 0)
        (void)close(clients[--client_count]);
    loop_destroy(loop);
    (void)unlink(socket_path);
    return rmdir(directory);
}

static void client_connects_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    clients[client_count++] = fd;
}

static void client_connects(void) {
    client_connects_to(socket_path);
}

static void clients_connect(size_t count) {
    while (client_count < count)
        client_connects();
}

static void accepts_streams(void **state UNUSED) {
    clients_connect(1);
    loop_run_pending(loop);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.asked, 0);
    assert_int_equal(fcntl(stream_fd(seen.accepted[0]), F_GETFD), FD_CLOEXEC);
    assert_true((fcntl(stream_fd(seen.accepted[0]), F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(send(clients[0], "x", 1, 0), 1);
    assert_true(stream_has_unread(seen.accepted[0]));
}

// What takes long is left for the next turn.
static void accepts_for_some_time_in_a_turn(void **state UNUSED) {
    seen.is_slow = true;
    clients_connect(40);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_in_range(seen.count, 1, 2);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_in_range(seen.count, 2, 4);
    seen.is_slow = false;
    loop_run_pending(loop);
    assert_int_equal(seen.count, 40);
}

static void makes_room_for_each(void **state UNUSED) {
    seen.room = 3;
    seen.makes_room = true;
    clients_connect(10);
    loop_run_pending(loop);
    assert_int_equal(seen.asked, 7);
    assert_int_equal(seen.count, 3);
    assert_false(acceptor_is_paused(acceptor));
    char byte;
    assert_int_equal(recv(clients[0], &byte, 1, MSG_DONTWAIT), 0);
    assert_int_equal(recv(clients[9], &byte, 1, MSG_DONTWAIT), -1);
}

// Nobody makes room for a connection that is not there.
static void asks_for_room_only_when_somebody_waits(void **state UNUSED) {
    seen.room = 3;
    seen.makes_room = true;
    clients_connect(3);
    loop_run_pending(loop);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.asked, 0);
}

static void pauses_without_room(void **state UNUSED) {
    seen.room = 1;
    acceptor_resume(acceptor); // it is not paused
    clients_connect(3);
    loop_run_pending(loop);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.asked, 1);
    assert_true(acceptor_is_paused(acceptor));
    seen.room = 2;
    acceptor_resume(acceptor);
    loop_run_pending(loop);
    assert_int_equal(seen.count, 2);
    assert_true(acceptor_is_paused(acceptor));
    seen.room = 3;
    while (seen.count < 3) // the timer tries again
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    loop_run_pending(loop);
    assert_false(acceptor_is_paused(acceptor));
}

static void pauses_one_socket_of_several(void **state UNUSED) {
    int fd;
    AUTO_FREE char *other = memory_printf("%s/other", directory);
    assert_true(listen_unix(other, &fd, NULL));
    assert_true(acceptor_listen(acceptor, fd, STREAM_TCP, NULL)); // by name only
    seen.refuses_tcp = true;
    client_connects_to(other);
    loop_run_pending(loop);
    assert_true(acceptor_is_paused(acceptor));
    client_connects();
    loop_run_pending(loop);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.asked, 1);
    (void)unlink(other);
}

static void listens_while_it_is_paused(void **state UNUSED) {
    seen.room = 0;
    clients_connect(1);
    loop_run_pending(loop);
    assert_true(acceptor_is_paused(acceptor));
    (void)unlink(socket_path);
    int fd;
    assert_true(listen_unix(socket_path, &fd, NULL));
    assert_true(acceptor_listen(acceptor, fd, STREAM_UNIX, NULL));
    clients_connect(2);
    loop_run_pending(loop);
    assert_int_equal(seen.count, 0);
    seen.room = 2;
    acceptor_resume(acceptor);
    loop_run_pending(loop);
    assert_int_equal(seen.count, 2);
}

// --- no descriptors ---

static int fillers[1000];
static size_t filler_count;
static struct rlimit usual_limit;

static void take_all_descriptors(void) {
    struct rlimit small = {.rlim_cur = 200};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual_limit), 0);
    small.rlim_max = usual_limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
    for (int fd; filler_count < ARRAY_COUNT(fillers) && (fd = dup(0)) >= 0;)
        fillers[filler_count++] = fd;
    assert_int_equal(dup(0), -1);
}

static void give_descriptors_back(void) {
    while (filler_count > 0)
        (void)close(fillers[--filler_count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual_limit), 0);
}

static void does_not_spin_without_descriptors(void **state UNUSED) {
    clients_connect(1);
    take_all_descriptors();
    for (int turns = 0; turns < 100; turns++) // none of them hangs
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_true(acceptor_is_paused(acceptor));
    assert_in_range(seen.asked, 1, 10);
    assert_int_equal(seen.count, 0);
    give_descriptors_back();
    while (seen.count == 0) // and nobody was turned away
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_false(acceptor_is_paused(acceptor));
}

static void makes_room_without_descriptors(void **state UNUSED) {
    clients_connect(1);
    loop_run_pending(loop);
    clients_connect(2);
    seen.makes_room = true;
    take_all_descriptors();
    loop_run_pending(loop);
    bool was_paused = acceptor_is_paused(acceptor);
    give_descriptors_back();
    assert_false(was_paused);
    assert_int_equal(seen.asked, 1);
    assert_int_equal(seen.count, 1);
}

// --- ending ---

static void is_destroyed_by_its_handler(void **state UNUSED) {
    seen.destroys = true;
    clients_connect(3);
    loop_run_pending(loop);
    assert_int_equal(seen.count, 1);
}

static void is_destroyed_while_paused(void **state UNUSED) {
    seen.room = 0;
    clients_connect(1);
    loop_run_pending(loop);
    acceptor_destroy(acceptor);
    acceptor = NULL;
    loop_run_pending(loop);
    acceptor_destroy(NULL);
}

static void refuses_what_cannot_be_polled(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_false(acceptor_listen(acceptor, fd, STREAM_TCP, &err));
    assert_true(text_has_prefix(error_text(&err), "cannot listen: "));
    assert_int_equal(fcntl(fd, F_GETFD), -1); // closed: it was taken over
}

// A socket that does not listen: accept() fails for good.
static void does_not_spin_on_what_does_not_listen(void **state UNUSED) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(acceptor_listen(acceptor, fd, STREAM_UNIX, NULL));
    loop_run_pending(loop);
    clients_connect(1);
    while (seen.count == 0) // the other one is served in between
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_acceptor, close_acceptor)
    const struct CMUnitTest tests[] = {
        TEST(accepts_streams),
        TEST(accepts_for_some_time_in_a_turn),
        TEST(makes_room_for_each),
        TEST(asks_for_room_only_when_somebody_waits),
        TEST(pauses_without_room),
        TEST(pauses_one_socket_of_several),
        TEST(listens_while_it_is_paused),
        TEST(does_not_spin_without_descriptors),
        TEST(makes_room_without_descriptors),
        TEST(is_destroyed_by_its_handler),
        TEST(is_destroyed_while_paused),
        TEST(refuses_what_cannot_be_polled),
        TEST(does_not_spin_on_what_does_not_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
