// SPDX-License-Identifier: GPL-3.0-or-later
#include "probe_fixture.h"

#include <pthread.h>

static void a_port_that_accepts_passes(void **state UNUSED) {
    AUTO_FREE char *yaml = memory_printf("tcp: {host: 127.0.0.1, port: %u}", server.port);
    expect_result(yaml, "passed");
    while (server.count == 0 || !server.connections[0].has_ended)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_int_equal(server.connections[0].request.length, 0); // nothing is sent
}

// Remembers what was looked up.
static char looked_up[64];

static bool resolve_any(const char *name, struct address_list *found, struct error *err UNUSED) {
    (void)snprintf(looked_up, sizeof looked_up, "%s", name);
    found->items = memory_new(sizeof *found->items);
    found->count = 1;
    *(struct sockaddr_in *)found->items =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return true;
}

static void the_host_is_localhost_by_default(void **state UNUSED) {
    struct connector *named = connector_create(loop, resolve_any);
    probes.connector = named;
    AUTO_FREE char *yaml = memory_printf("tcp: {port: %u}", server.port);
    expect_result(yaml, "passed");
    assert_string_equal(looked_up, "localhost");
    connector_destroy(named);
}

static void a_refused_connection_fails(void **state UNUSED) {
    (void)uv_poll_stop(&server.poll);
    (void)close(server.fd);
    server.fd = -1;
    AUTO_FREE char *yaml = memory_printf("tcp: {host: 127.0.0.1, port: %u}", server.port);
    AUTO_FREE char *failure = memory_printf("dial tcp 127.0.0.1:%u: connect: connection refused|", server.port);
    expect_result(yaml, failure);
    expect_result("tcp: {host: two.test, port: 1}", "dial tcp: lookup two.test: no such host|");
}

static void impossible_ports_fail(void **state UNUSED) {
    static const char *const ports[] = {"65536", "-1", "4294967377"};
    for (size_t i = 0; i < ARRAY_COUNT(ports); i++) {
        AUTO_ERROR struct error err = {0};
        AUTO_FREE char *yaml = memory_printf("tcp: {host: 127.0.0.1, port: %s}", ports[i]);
        AUTO_FREE char *failure = memory_printf("dial tcp: address %s: invalid port", ports[i]);
        assert_false(start_probe(yaml, &err));
        assert_string_equal(error_text(&err), failure);
    }
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static bool resolve_slowly(const char *name UNUSED, struct address_list *found UNUSED, struct error *err) {
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return error_set(err, ERROR_CONNECTION, "no such host");
}

static void a_name_that_is_not_resolved_is_cancelled(void **state UNUSED) {
    struct connector *slow = connector_create(loop, resolve_slowly);
    pthread_mutex_lock(&gate);
    probes.connector = slow;
    expect_timeout("tcp: {host: slow.test, port: 1}", 50);
    pthread_mutex_unlock(&gate);
    loop_run_pending(loop);
    assert_int_equal(result.calls, 0);
    connector_destroy(slow);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PROBE_TEST(a_port_that_accepts_passes),
        PROBE_TEST(the_host_is_localhost_by_default),
        PROBE_TEST(a_refused_connection_fails),
        PROBE_TEST(impossible_ports_fail),
        PROBE_TEST(a_name_that_is_not_resolved_is_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
