// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"
#include "temporary.h"
#include "testing/socket_internal.h"

static void sockets_connect(void **state UNUSED) {
    char *directory = temporary_create();
    AUTO_FREE char *path = path_join(directory, "s");
    assert_int_equal(testing_socket_connect(path), -1);
    assert_int_equal(errno, ENOENT);
    AUTO_CLOSE int first = testing_socket_listen(path);
    assert_true(first >= 0);
    AUTO_CLOSE int listener = testing_socket_listen(path); // replaces it
    AUTO_CLOSE int client = testing_socket_connect(path);
    assert_true(client >= 0);
    AUTO_CLOSE int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(server >= 0);
    assert_int_equal(fcntl(client, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    assert_int_equal(fcntl(client, F_GETFD), FD_CLOEXEC);
    assert_int_equal(unlink(path), 0);
    temporary_remove(directory);
}

static void paths_are_limited(void **state UNUSED) {
    char path[TESTING_SOCKET_PATH_MAX + 2];
    memset(path, 'x', sizeof path);
    memcpy(path, "/none/", 6);
    path[TESTING_SOCKET_PATH_MAX + 1] = '\0';
    assert_int_equal(testing_socket_listen(path), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    path[TESTING_SOCKET_PATH_MAX] = '\0';
    assert_int_equal(testing_socket_listen(path), -1);
    assert_int_equal(errno, ENOENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sockets_connect), cmocka_unit_test(paths_are_limited)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
