// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "services/service_notify_internal.h"

#include "../loop/lingering.h"

// --- the protocol ---

static struct notify_message read_text(const char *text) {
    struct notify_message message;
    notify_message_read(text, strlen(text), &message);
    return message;
}

static void messages_are_read(void **state UNUSED) {
    struct notify_message message = read_text("READY=1");
    assert_true(message.is_ready);
    assert_false(message.is_stopping);
    assert_null(message.status);
    message = read_text("STATUS=half way\nREADY=1\nSTOPPING=1\nEXTEND_TIMEOUT_USEC=1500000\n");
    assert_true(message.is_ready && message.is_stopping);
    assert_int_equal(message.status_length, 8);
    assert_memory_equal(message.status, "half way", 8);
    assert_int_equal(message.extension_ns, 1500 * NS_PER_MS);
    message = read_text("EXTEND_TIMEOUT_USEC=99999999999999999999999");
    assert_int_equal(message.extension_ns, NOTIFY_EXTENSION_MAX_NS);
    message = read_text("EXTEND_TIMEOUT_USEC=5\nEXTEND_TIMEOUT_USEC=x\n"); // which is ignored
    assert_int_equal(message.extension_ns, 5 * NS_PER_US);
}

static void what_is_unknown_is_ignored(void **state UNUSED) {
    static const char *const texts[] = {"",
                                        "READY",
                                        "READY=0",
                                        "READY=11",
                                        "XREADY=1",
                                        "ready=1",
                                        "MAINPID=7",
                                        "EXTEND_TIMEOUT_USEC=",
                                        "\n\n\n",
                                        "WATCHDOG=1",
                                        "BARRIER=1",
                                        "READY=1 ",
                                        "EXTEND_TIMEOUT_USEC=-1",
                                        "EXTEND_TIMEOUT_USEC=1s"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct notify_message message = read_text(texts[i]);
        if (message.is_ready || message.is_stopping || message.status != NULL || message.extension_ns != 0)
            fail_msg("%s", texts[i]);
    }
}

// --- the socket ---

struct seen {
    struct notify_socket *socket;
    int count;
    bool is_ready;
    bool destroys;
};

static void on_message_read(const struct notify_message *message, void *data) {
    struct seen *seen = data;
    seen->count++;
    seen->is_ready = seen->is_ready || message->is_ready;
    if (seen->destroys)
        notify_socket_destroy(TAKE(seen->socket));
}

static int connect_to(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(address.sun_path + 1, name + 1, length - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(name[0], '@');
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
        0);
    return fd;
}

static void send_text(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

static void datagrams_arrive(void **state UNUSED) {
    struct loop *loop;
    struct seen seen = {0};
    char large[NOTIFY_MESSAGE_MAX_BYTES + 1];
    assert_true(loop_create(&loop, NULL));
    assert_true(notify_socket_create(loop, on_message_read, &seen, &seen.socket, NULL));
    AUTO_CLOSE int fd = connect_to(notify_socket_name(seen.socket));
    memset(large, 'x', sizeof large);
    memcpy(large, "READY=1\n", 8);
    assert_int_equal(send(fd, large, sizeof large, 0), sizeof large); // dropped
    send_text(fd, "STATUS=x");
    loop_run_pending(loop);
    assert_int_equal(seen.count, 1);
    assert_false(seen.is_ready);
    send_text(fd, "READY=1");
    loop_run_pending(loop);
    assert_true(seen.is_ready);
    seen.destroys = true;
    send_text(fd, "STATUS=1");
    send_text(fd, "STATUS=2");
    loop_run_pending(loop);
    assert_int_equal(seen.count, 3);
    assert_int_equal(send(fd, "x", 1, 0), -1); // it is closed
    notify_socket_destroy(NULL);
    loop_destroy(loop);
}

static int descriptor_count(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

// Descriptors that are sent along are dropped, at once also if their close waits.
static void descriptors_are_dropped(void **state UNUSED) {
    struct loop *loop;
    struct seen seen = {0};
    struct lingering lingering;
    assert_true(loop_create(&loop, NULL));
    assert_true(notify_socket_create(loop, on_message_read, &seen, &seen.socket, NULL));
    int fd = connect_to(notify_socket_name(seen.socket)), ends[2];
    int lingering_fd = lingering_open(&lingering);
    int before = descriptor_count();
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    lingering_send(fd, "BARRIER=1", ends[1]);
    lingering_send(fd, "READY=1", lingering_fd);
    loop_run_pending(loop);
    assert_int_equal(seen.count, 2);
    assert_true(seen.is_ready);
    assert_int_equal(read(ends[0], &(char){0}, 1), 0); // the other end is closed everywhere
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(descriptor_count(), before - 1);
    lingering_close(&lingering);
    lingering_send(fd, "STATUS=x", lingering_open(&lingering)); // is not read
    notify_socket_destroy(seen.socket);
    (void)close(fd);
    lingering_close(&lingering);
    loop_destroy(loop);
}

static void send_as(uid_t uid, const char *name) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        int fd = connect_to(name);
        if (setuid(uid) != 0)
            _exit(1);
        _exit(send(fd, "READY=1", 7, 0) == 7 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void strangers_are_not_heard(void **state UNUSED) {
    struct loop *loop;
    struct seen seen = {0};
    if (getuid() != 0)
        skip();
    assert_true(loop_create(&loop, NULL));
    assert_true(notify_socket_create(loop, on_message_read, &seen, &seen.socket, NULL));
    send_as(12345, notify_socket_name(seen.socket));
    loop_run_pending(loop);
    assert_int_equal(seen.count, 0);
    notify_socket_allow(seen.socket, 12345);
    send_as(12346, notify_socket_name(seen.socket));
    loop_run_pending(loop);
    assert_int_equal(seen.count, 0);
    send_as(12345, notify_socket_name(seen.socket));
    loop_run_pending(loop);
    assert_int_equal(seen.count, 1);
    notify_socket_destroy(seen.socket);
    loop_destroy(loop);
}

// A flood of theirs to many sockets costs one message of each in a turn of the loop.
static void a_message_of_a_stranger_ends_the_turn(void **state UNUSED) {
    struct loop *loop;
    struct seen seen = {0};
    if (getuid() != 0)
        skip();
    assert_true(loop_create(&loop, NULL));
    assert_true(notify_socket_create(loop, on_message_read, &seen, &seen.socket, NULL));
    AUTO_CLOSE int fd = connect_to(notify_socket_name(seen.socket));
    send_text(fd, "STATUS=1");
    send_as(12345, notify_socket_name(seen.socket));
    send_text(fd, "STATUS=2");
    (void)uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_int_equal(seen.count, 1);
    (void)uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_int_equal(seen.count, 2);
    notify_socket_destroy(seen.socket);
    loop_destroy(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_read),       cmocka_unit_test(what_is_unknown_is_ignored),
        cmocka_unit_test(datagrams_arrive),        cmocka_unit_test(descriptors_are_dropped),
        cmocka_unit_test(strangers_are_not_heard), cmocka_unit_test(a_message_of_a_stranger_ends_the_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
