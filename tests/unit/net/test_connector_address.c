// SPDX-License-Identifier: GPL-3.0-or-later
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "net/connector_internal.h"

static void check(const char *text, const char *expected, socklen_t length) {
    struct address_list found = {0};
    assert_true(address_parse(text, &found));
    assert_int_equal(found.count, 1);
    assert_int_equal(address_set_port(&found.items[0], 65535), length);
    AUTO_FREE char *shown = address_text(&found.items[0]);
    assert_string_equal(shown, expected);
    address_list_finish(&found);
}

static void addresses_become_text(void **state UNUSED) {
    check("127.0.0.1", "127.0.0.1:65535", sizeof(struct sockaddr_in));
    check("::1", "[::1]:65535", sizeof(struct sockaddr_in6));
    check("2001:DB8:0::0:1", "[2001:db8::1]:65535", sizeof(struct sockaddr_in6));
    check("fe80::1%lo", "[fe80::1%lo]:65535", sizeof(struct sockaddr_in6));
    check("fe80::1%987654", "[fe80::1%987654]:65535", sizeof(struct sockaddr_in6));
}

static void names_are_no_addresses(void **state UNUSED) {
    static const char *const names[] = {"", "localhost", "example.com", "127.0.0.1.x", "[::1]", "127.0.0.1:80", ":"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct address_list found = {.count = 77};
        assert_false(address_parse(names[i], &found));
        assert_int_equal(found.count, 77);
    }
}

static void the_system_resolves_names(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    struct address_list found = {0};
    assert_true(resolve_with_getaddrinfo("127.0.0.1", &found, &err));
    assert_int_equal(found.count, 1);
    address_list_finish(&found);
    // Not a name by any rule: no server is asked.
    assert_false(resolve_with_getaddrinfo("", &found, &err));
    assert_int_equal(err.kind, ERROR_CONNECTION);
    assert_string_equal(error_text(&err), "no such host");
    assert_int_equal(found.count, 0);
}

static void lists_are_copied(void **state UNUSED) {
    struct address_list list = {0}, copy = {0};
    assert_true(address_parse("127.0.0.1", &list));
    address_list_copy(&copy, &list);
    address_list_finish(&list);
    AUTO_FREE char *shown = address_text(&copy.items[0]);
    assert_string_equal(shown, "127.0.0.1:0");
    address_list_finish(&copy);
}

static void own_peer_is_found_out(void **state UNUSED) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    assert_false(address_is_own_peer(fd));
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_true(address_is_own_peer(fd));
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    (void)address_is_own_peer(pair[0]);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_become_text),     cmocka_unit_test(names_are_no_addresses),
        cmocka_unit_test(the_system_resolves_names), cmocka_unit_test(lists_are_copied),
        cmocka_unit_test(own_peer_is_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
