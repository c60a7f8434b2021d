// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "client/resolver_internal.h"

static void numeric_addresses_are_there_at_once(void **state UNUSED) {
    struct client_resolution *resolution = client_resolution_start("127.0.0.1", 4000, NULL);
    assert_true(client_resolution_is_done(resolution));
    const struct addrinfo *found = client_resolution_addresses(resolution, NULL);
    struct sockaddr_in address;
    assert_int_equal(found->ai_family, AF_INET);
    memcpy(&address, found->ai_addr, sizeof address);
    assert_int_equal(ntohs(address.sin_port), 4000);
    assert_int_equal(ntohl(address.sin_addr.s_addr), INADDR_LOOPBACK);
    assert_null(found->ai_next);
    client_resolution_release(resolution);
    resolution = client_resolution_start("::1", 4000, NULL);
    assert_true(client_resolution_is_done(resolution));
    assert_int_equal(client_resolution_addresses(resolution, NULL)->ai_family, AF_INET6);
    client_resolution_release(resolution);
}

static struct client_resolution *wait_for(const char *host) {
    struct client_resolution *resolution = client_resolution_start(host, 80, NULL);
    assert_non_null(resolution);
    struct pollfd watched = {.fd = client_resolution_fd(resolution), .events = POLLIN};
    assert_int_equal(poll(&watched, 1, -1), 1);
    assert_true(client_resolution_is_done(resolution));
    return resolution;
}

static void names_are_looked_up_in_a_thread(void **state UNUSED) {
    struct client_resolution *resolution = wait_for("localhost");
    assert_non_null(client_resolution_addresses(resolution, NULL));
    client_resolution_release(resolution);
}

// A label of more than 63 characters is in no name server.
static void unknown_names_are_told(void **state UNUSED) {
    char host[101];
    memset(host, 'x', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    struct client_resolution *resolution = wait_for(host);
    AUTO_ERROR struct error err = {0};
    assert_null(client_resolution_addresses(resolution, &err));
    assert_int_equal(err.kind, ERROR_CONNECTION);
    AUTO_FREE char *expected = memory_printf("dial tcp: lookup %s: ", host);
    assert_memory_equal(err.message, expected, strlen(expected));
    client_resolution_release(resolution);
}

// The thread frees it, or whoever is last.
static void nobody_has_to_wait_for_it(void **state UNUSED) {
    for (int i = 0; i < 20; i++) {
        struct client_resolution *resolution = client_resolution_start("localhost", 80, NULL);
        assert_non_null(resolution);
        client_resolution_release(resolution);
    }
    client_resolution_release(NULL);
}

static void the_mask_of_signals_stays(void **state UNUSED) {
    sigset_t mask;
    client_resolution_release(client_resolution_start("localhost", 80, NULL));
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    assert_false(sigismember(&mask, SIGINT));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numeric_addresses_are_there_at_once),
        cmocka_unit_test(names_are_looked_up_in_a_thread),
        cmocka_unit_test(unknown_names_are_told),
        cmocka_unit_test(nobody_has_to_wait_for_it),
        cmocka_unit_test(the_mask_of_signals_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
