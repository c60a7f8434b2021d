// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/compiler.h"
#include "daemon/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *name, size_t length) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, name, length);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    return fd;
}

static void assert_heard(int fd, const char *wanted) {
    char text[64] = "";
    assert_int_equal(recv(fd, text, sizeof text - 1, 0), strlen(wanted));
    assert_string_equal(text, wanted);
}

static void a_socket_in_the_file_system(void **unused UNUSED) {
    char folder[] = "/tmp/test-notify-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    (void)snprintf(path, sizeof path, "%s/notify", folder);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    assert_false(notify_is_available());
    notify_send("READY=1"); // no listener: nothing happens
    int fd = listen_at(path, strlen(path) + 1);
    assert_true(notify_is_available());
    notify_send("READY=1");
    assert_heard(fd, "READY=1");
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void an_abstract_socket(void **unused UNUSED) {
    char name[64];
    int length = snprintf(name, sizeof name, "@test-notify-%d", getpid());
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    name[0] = '\0';
    int fd = listen_at(name, (size_t)length);
    notify_send("STOPPING=1");
    assert_heard(fd, "STOPPING=1");
    (void)close(fd);
}

static void no_socket_and_nonsense(void **unused UNUSED) {
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    notify_send("READY=1");
    assert_false(notify_is_available());
    assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
    notify_send("READY=1");
    char longest[300];
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", longest, 1), 0);
    notify_send("READY=1");
    assert_false(notify_is_available());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_in_the_file_system),
        cmocka_unit_test(an_abstract_socket),
        cmocka_unit_test(no_socket_and_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
