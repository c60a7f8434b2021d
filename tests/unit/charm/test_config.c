// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "with_tools.h"

static void configuration_is_read(void **state UNUSED) {
    struct with_tools with;
    struct pebble_charm_values *values = NULL;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "config-get", "{\"greeting\": \"hello\"}");
    assert_true(pebble_charm_get_config(with.charm, &values, &with.error));
    assert_string_equal(pebble_charm_values_string(values, "greeting"), "hello");
    pebble_charm_values_destroy(values);
    with_tools_assert_words(&with, "<--format=json>\n");
    with_tools_end(&with);
}

static void one_option_is_read(void **state UNUSED) {
    struct with_tools with;
    struct pebble_charm_values *values = NULL;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "config-get", "\"hello\"");
    assert_true(pebble_charm_get_config_option(with.charm, "-greeting", &values, &with.error));
    assert_string_equal(pebble_charm_values_string(values, "-greeting"), "hello");
    pebble_charm_values_destroy(values);
    with_tools_assert_words(&with, "<--format=json>\n<-->\n<-greeting>\n");
    assert_false(pebble_charm_get_config_option(with.charm, "", &values, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use option \"\": empty or not UTF-8");
    with_tools_end(&with);
}

static void the_leader_is_known(void **state UNUSED) {
    struct with_tools with;
    bool is_leader = false;
    with_tools_begin(&with, NULL);
    assert_false(pebble_charm_is_leader(with.charm, &is_leader, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_TOOL);
    with_tools_record(&with, "is-leader", "true");
    assert_true(pebble_charm_is_leader(with.charm, &is_leader, &with.error));
    assert_true(is_leader);
    with_tools_assert_words(&with, "<--format=json>\n");
    with_tools_record(&with, "is-leader", "false");
    assert_true(pebble_charm_is_leader(with.charm, &is_leader, &with.error));
    assert_false(is_leader);
    with_tools_record(&with, "is-leader", "1");
    assert_false(pebble_charm_is_leader(with.charm, &is_leader, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot read output of is-leader: not a boolean");
    with_tools_record(&with, "is-leader", "yes");
    assert_false(pebble_charm_is_leader(with.charm, &is_leader, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    with_tools_end(&with);
}

static void the_version_is_set(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "application-version-set", "");
    assert_true(pebble_charm_set_workload_version(with.charm, "-1.2", &with.error));
    with_tools_assert_words(&with, "<-->\n<-1.2>\n");
    with_tools_end(&with);
}

static void ports_are_opened_and_closed(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "open-port", "");
    with_tools_record(&with, "close-port", "");
    assert_true(pebble_charm_open_port(with.charm, 65535, NULL, &with.error));
    with_tools_assert_words(&with, "<-->\n<65535/tcp>\n");
    assert_true(pebble_charm_close_port(with.charm, 1, "udp", &with.error));
    with_tools_assert_words(&with, "<-->\n<1/udp>\n");
    assert_true(pebble_charm_open_port(with.charm, 0, "icmp", &with.error));
    with_tools_assert_words(&with, "<-->\n<icmp>\n");
    with_tools_end(&with);
}

static void other_ports_are_refused(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    assert_false(pebble_charm_open_port(with.charm, 0, NULL, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use port 0 with tcp");
    assert_false(pebble_charm_open_port(with.charm, 65536, "udp", &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use port 65536 with udp");
    assert_false(pebble_charm_open_port(with.charm, 1, "icmp", &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use port 1 with icmp");
    assert_false(pebble_charm_close_port(with.charm, 1, "TCP", &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use protocol \"TCP\": must be tcp, udp or icmp");
    with_tools_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configuration_is_read),       cmocka_unit_test(one_option_is_read),
        cmocka_unit_test(the_leader_is_known),         cmocka_unit_test(the_version_is_set),
        cmocka_unit_test(ports_are_opened_and_closed), cmocka_unit_test(other_ports_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
