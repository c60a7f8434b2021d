// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"

static void knows_the_process(void **state UNUSED) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct peer peer = peer_of(pair[0]);
    assert_true(peer.is_known);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, getuid());
    assert_null(peer_address(pair[0]));
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void knows_administrators(void **state UNUSED) {
    assert_true(peer_is_administrator(&(const struct peer){.is_known = true, .uid = 0}));
    assert_true(peer_is_administrator(&(const struct peer){.is_known = true, .uid = getuid()}));
    assert_false(peer_is_administrator(&(const struct peer){.is_known = true, .uid = getuid() + 1}));
    assert_false(peer_is_administrator(&(const struct peer){.is_known = false}));
}

// The address of an accepted connection's client as the client itself knows it.
static void knows_the_address(int family, const void *listen_to, const struct sockaddr *connect_to, socklen_t size,
                              const char *format, const char *wanted_key) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    char wanted[64];
    AUTO_CLOSE int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, listen_to, size) != 0)
        skip(); // no IPv6 here
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &length), 0);
    AUTO_CLOSE int client = socket(connect_to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage to;
    memcpy(&to, connect_to, connect_to->sa_family == AF_INET ? sizeof(struct sockaddr_in) : size);
    ((struct sockaddr_in *)&to)->sin_port = ((struct sockaddr_in *)&name)->sin_port; // at the same place for both
    if (connect(client, (struct sockaddr *)&to, sizeof to) != 0)
        skip();
    AUTO_CLOSE int accepted = accept(listener, NULL, NULL);
    length = sizeof name;
    assert_int_equal(getsockname(client, (struct sockaddr *)&name, &length), 0);
    (void)snprintf(wanted, sizeof wanted, format, ntohs(((struct sockaddr_in *)&name)->sin_port));
    AUTO_FREE char *address = peer_address(accepted);
    assert_non_null(address);
    assert_string_equal(address, wanted);
    struct peer peer = peer_of(accepted);
    assert_false(peer.is_known);
    char key[PEER_KEY_SIZE];
    peer_key(&peer, accepted, key);
    assert_string_equal(key, wanted_key);
}

static const struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr.s_addr = 0x0100007f};
static const struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
static const struct sockaddr_in6 any = {.sin6_family = AF_INET6};

static void knows_ipv4(void **state UNUSED) {
    knows_the_address(AF_INET, &ipv4, (const struct sockaddr *)&ipv4, sizeof ipv4, "127.0.0.1:%u", "127.0.0.1");
}

static void knows_ipv6(void **state UNUSED) {
    knows_the_address(AF_INET6, &ipv6, (const struct sockaddr *)&ipv6, sizeof ipv6, "[::1]:%u", "::");
}

static void knows_ipv4_over_ipv6(void **state UNUSED) {
    knows_the_address(AF_INET6, &any, (const struct sockaddr *)&ipv4, sizeof any, "127.0.0.1:%u", "127.0.0.1");
}

static void has_a_key_for_each_user(void **state UNUSED) {
    char key[PEER_KEY_SIZE];
    peer_key(&(const struct peer){.is_known = true, .uid = 65534, .pid = 7}, -1, key);
    assert_string_equal(key, "user 65534");
    peer_key(&(const struct peer){.is_known = false}, -1, key);
    assert_string_equal(key, "unknown");
}

static void knows_nobody(void **state UNUSED) {
    assert_false(peer_of(-1).is_known);
    assert_null(peer_address(-1));
    AUTO_CLOSE int unconnected = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_false(peer_of(unconnected).is_known);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_process),
        cmocka_unit_test(knows_administrators),
        cmocka_unit_test(knows_ipv4),
        cmocka_unit_test(knows_ipv6),
        cmocka_unit_test(knows_ipv4_over_ipv6),
        cmocka_unit_test(knows_nobody),
        cmocka_unit_test(has_a_key_for_each_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
