// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/listen.h"

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
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

static char directory[64];
static char path[80];

static int open_directory(void **state UNUSED) {
    (void)snprintf(directory, sizeof directory, "/tmp/listen-test-XXXXXX");
    bool is_made = mkdtemp(directory) != NULL;
    (void)snprintf(path, sizeof path, "%s/socket", directory);
    return is_made ? 0 : -1;
}

static int close_directory(void **state UNUSED) {
    (void)unlink(path);
    return rmdir(directory);
}

static bool can_connect(const char *to) {
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, to, strlen(to) + 1);
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static void expect_failure(const char *at, const char *message) {
    AUTO_ERROR struct error err = {0};
    int fd = -7;
    assert_false(listen_unix(at, &fd, &err));
    assert_string_equal(error_text(&err), message);
    assert_int_equal(fd, -7);
}

// --- Unix ---

static void listens_at_a_path(void **state UNUSED) {
    AUTO_CLOSE int fd = -1;
    struct stat status;
    mode_t mask = umask(077);
    assert_true(listen_unix(path, &fd, NULL));
    (void)umask(mask);
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0666);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true(can_connect(path));
}

static void replaces_a_stale_socket(void **state UNUSED) {
    int stale = -1;
    assert_true(listen_unix(path, &stale, NULL));
    (void)close(stale);
    assert_false(can_connect(path));
    AUTO_CLOSE int fd = -1;
    assert_true(listen_unix(path, &fd, NULL));
    assert_true(can_connect(path));
}

static void replaces_a_plain_file(void **state UNUSED) {
    AUTO_CLOSE int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    AUTO_CLOSE int fd = -1;
    assert_true(listen_unix(path, &fd, NULL));
    assert_true(can_connect(path));
}

static void refuses_a_live_socket(void **state UNUSED) {
    AUTO_CLOSE int fd = -1;
    assert_true(listen_unix(path, &fd, NULL));
    AUTO_FREE char *message = memory_printf("socket \"%s\" already in use", path);
    expect_failure(path, message);
    assert_true(can_connect(path));
}

// Somebody listens, but takes nothing.
static void refuses_a_live_socket_with_a_full_queue(void **state UNUSED) {
    AUTO_CLOSE int busy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(busy, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(busy, 0), 0);
    int fds[4], count = 0;
    do {
        fds[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    } while (connect(fds[count++], (const struct sockaddr *)&address, sizeof address) == 0 && count < 4);
    assert_int_equal(errno, EAGAIN);
    AUTO_FREE char *message = memory_printf("socket \"%s\" already in use", path);
    expect_failure(path, message);
    while (count > 0)
        (void)close(fds[--count]);
}

static void refuses_bad_paths(void **state UNUSED) {
    char longest[sizeof((struct sockaddr_un *)NULL)->sun_path + 1];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    AUTO_FREE char *message = memory_printf("socket path \"%s\" is too long: at most 107 bytes are possible", longest);
    expect_failure(longest, message);
    expect_failure("", "socket path is empty");
    expect_failure("/nonexistent/x/socket", "listen unix /nonexistent/x/socket: bind: no such file or directory");
    AUTO_FREE char *in_the_way = memory_printf("remove %s: is a directory", directory);
    expect_failure(directory, in_the_way);
}

static void listens_at_the_longest_path(void **state UNUSED) {
    char longest[108];
    (void)snprintf(longest, sizeof longest, "%s/", directory);
    memset(longest + strlen(longest), 'a', sizeof longest - 1 - strlen(longest));
    longest[sizeof longest - 1] = '\0';
    AUTO_CLOSE int fd = -1;
    assert_true(listen_unix(longest, &fd, NULL));
    assert_true(can_connect(longest));
    assert_int_equal(unlink(longest), 0);
}

static void listens_at_a_relative_path(void **state UNUSED) {
    AUTO_CLOSE int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(chdir(directory), 0);
    AUTO_CLOSE int fd = -1;
    assert_true(listen_unix("socket", &fd, NULL));
    assert_true(can_connect(path));
    assert_int_equal(fchdir(before), 0);
}

// The lock is let go of, and one that somebody else never lets go of only costs time.
static void does_not_need_the_lock(void **state UNUSED) {
    AUTO_CLOSE int lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    AUTO_CLOSE int fd = -1;
    assert_true(listen_unix(path, &fd, NULL));
    (void)flock(lock, LOCK_UN);
    (void)close(fd);
    assert_true(listen_unix(path, &fd, NULL));
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
}

// --- TCP ---

static bool has_ipv6(void) {
    AUTO_CLOSE int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static uint16_t port_of(int fd) {
    struct sockaddr_in6 name;
    socklen_t length = sizeof name;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    return ntohs(name.sin6_port);
}

static int family_of(int fd) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    return name.ss_family;
}

static bool reaches_ipv4(uint16_t port) {
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static bool reaches_ipv6(uint16_t port) {
    AUTO_CLOSE int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static void listens_at_addresses(void **state UNUSED) {
    static const struct {
        const char *address;
        bool has_ipv4, has_ipv6;
    } cases[] = {
        {"127.0.0.1:0", true, false}, {"127.0.0.1:", true, false}, {"0.0.0.0:0", true, false},
        {"localhost:0", true, false}, {":0", true, true},          {"[::]:0", true, true},
        {"[::1]:0", false, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (!has_ipv6() && cases[i].address[0] == '[')
            continue;
        AUTO_CLOSE int fd = -1;
        AUTO_ERROR struct error err = {0};
        if (!listen_tcp(cases[i].address, &fd, &err))
            fail_msg("%s: %s", cases[i].address, error_text(&err));
        assert_false(error_is_set(&err));
        assert_int_equal(reaches_ipv4(port_of(fd)), cases[i].has_ipv4);
        assert_int_equal(reaches_ipv6(port_of(fd)), cases[i].has_ipv6 && has_ipv6());
        assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        assert_true(cases[i].has_ipv6 || family_of(fd) == AF_INET);
    }
}

static void refuses_bad_addresses(void **state UNUSED) {
    static const struct {
        const char *address, *message;
    } cases[] = {
        {"", "listen tcp: address : missing port in address"},
        {"127.0.0.1", "listen tcp: address 127.0.0.1: missing port in address"},
        {"[::1]", "listen tcp: address [::1]: missing port in address"},
        {"::1:80", "listen tcp: address ::1:80: too many colons in address"},
        {":65536", "listen tcp: address 65536: invalid port"},
        {":99999999999999999999", "listen tcp: address 99999999999999999999: invalid port"},
        {":no-such-service", "listen tcp: lookup tcp/no-such-service: unknown port"},
        {"203.0.113.1:0", "listen tcp 203.0.113.1:0: bind: cannot assign requested address"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_ERROR struct error err = {0};
        int fd = -7;
        assert_false(listen_tcp(cases[i].address, &fd, &err));
        assert_string_equal(error_text(&err), cases[i].message);
        assert_int_equal(fd, -7);
    }
}

static void refuses_a_port_in_use(void **state UNUSED) {
    static const char *const hosts[] = {"127.0.0.1", "localhost", "0.0.0.0"};
    AUTO_CLOSE int fd = -1;
    assert_true(listen_tcp("127.0.0.1:0", &fd, NULL));
    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        AUTO_FREE char *address = memory_printf("%s:%u", hosts[i], port_of(fd));
        AUTO_FREE char *message = memory_printf("listen tcp %s: bind: address already in use", address);
        AUTO_ERROR struct error err = {0};
        int other = -7;
        assert_false(listen_tcp(address, &other, &err));
        assert_string_equal(error_text(&err), message);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_directory, close_directory)
    const struct CMUnitTest tests[] = {
        TEST(listens_at_a_path),
        TEST(replaces_a_stale_socket),
        TEST(replaces_a_plain_file),
        TEST(refuses_a_live_socket),
        TEST(refuses_a_live_socket_with_a_full_queue),
        TEST(refuses_bad_paths),
        TEST(listens_at_the_longest_path),
        TEST(listens_at_a_relative_path),
        TEST(does_not_need_the_lock),
        cmocka_unit_test(listens_at_addresses),
        cmocka_unit_test(refuses_bad_addresses),
        cmocka_unit_test(refuses_a_port_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
