// SPDX-License-Identifier: GPL-3.0-or-later
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "forward/udp_lookup_internal.h"

static struct loop *loop;
static struct sockaddr_storage found;
static char message[256];
static int ends;

static int set_up(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    ends = 0;
    return loop_create(&loop, &err) ? 0 : -1;
}

static int tear_down(void **state UNUSED) {
    loop_destroy(loop);
    return 0;
}

static void on_lookup_done(const struct sockaddr_storage *address, const struct error *err, void *data UNUSED) {
    ends++;
    assert_true((address == NULL) != (err == NULL));
    if (address != NULL)
        found = *address;
    (void)snprintf(message, sizeof message, "%s", err != NULL ? error_text(err) : "");
}

static void look_up(const char *host) {
    (void)udp_lookup_start(loop, host, 514, on_lookup_done, NULL);
    assert_int_equal(ends, 0);
    while (ends == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void numeric_addresses_need_no_thread(void **state UNUSED) {
    (void)udp_lookup_start(loop, "127.0.0.2", 514, on_lookup_done, NULL);
    assert_int_equal(ends, 0);
    loop_run_pending(loop);
    assert_int_equal(ends, 1);
    const struct sockaddr_in *address = (const struct sockaddr_in *)&found;
    assert_int_equal(address->sin_family, AF_INET);
    assert_int_equal(ntohs(address->sin_port), 514);
    assert_int_equal(ntohl(address->sin_addr.s_addr), 0x7f000002);
    ends = 0;
    look_up("::1");
    assert_int_equal(found.ss_family, AF_INET6);
}

static void names_are_looked_up(void **state UNUSED) {
    look_up("localhost");
    assert_string_equal(message, "");
}

static void unknown_names_are_errors(void **state UNUSED) {
    look_up("no-such-name.invalid");
    assert_true(text_has_prefix(message, "dial udp: lookup no-such-name.invalid: "));
}

static void cancelled_look_ups_do_not_end(void **state UNUSED) {
    static const char *const hosts[] = {"127.0.0.1", "no-such-name.invalid"};
    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        udp_lookup_cancel(udp_lookup_start(loop, hosts[i], 514, on_lookup_done, NULL));
        loop_run_pending(loop);
        assert_int_equal(ends, 0);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(numeric_addresses_need_no_thread),
        TEST(names_are_looked_up),
        TEST(unknown_names_are_errors),
        TEST(cancelled_look_ups_do_not_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
