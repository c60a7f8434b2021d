// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"

static int get_option(int fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static void silent_peers_are_noticed(void **state UNUSED) {
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    tcp_tune(fd);
    assert_int_equal(get_option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    int probes = get_option(fd, IPPROTO_TCP, TCP_KEEPCNT);
    int seconds = get_option(fd, IPPROTO_TCP, TCP_KEEPIDLE) + probes * get_option(fd, IPPROTO_TCP, TCP_KEEPINTVL);
    assert_in_range(seconds, 1, 75);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(silent_peers_are_noticed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
