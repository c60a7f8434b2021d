// SPDX-License-Identifier: GPL-3.0-or-later
#include "probe_fixture.h"

static void probes_take_from_the_budget(void **state UNUSED) {
    static const char *const checks[] = {"tcp: {host: 127.0.0.1, port: %u}", "http: {url: 'http://127.0.0.1:%u/'}"};
    struct descriptor_budget *budget = descriptor_budget_create(64);
    probes.descriptors = budget;
    serve_in("/", RESPOND_AND_STAY, NULL);
    size_t left = descriptor_budget_left(budget, DESCRIPTORS_PROCESSES);
    for (size_t i = 0; i < ARRAY_COUNT(checks); i++) {
        AUTO_ERROR struct error err = {0};
        AUTO_FREE char *port = memory_printf("%u", server.port);
        AUTO_FREE char *yaml =
            memory_printf("%.*s%s%s", (int)strcspn(checks[i], "%"), checks[i], port, strchr(checks[i], '%') + 2);
        assert_true(start_probe(yaml, NULL));
        assert_int_equal(descriptor_budget_left(budget, DESCRIPTORS_PROCESSES), left - 1);
        prober.cancel(TAKE(probe));
        assert_int_equal(descriptor_budget_left(budget, DESCRIPTORS_PROCESSES), left);
        assert_true(descriptor_budget_take(budget, DESCRIPTORS_PROCESSES, left, NULL));
        assert_false(start_probe(yaml, &err));
        assert_string_equal(error_text(&err), "dial tcp: socket: too many open files");
        descriptor_budget_give_back(budget, DESCRIPTORS_PROCESSES, left);
    }
    AUTO_FREE char *yaml = memory_printf("tcp: {host: 127.0.0.1, port: %u}", server.port);
    expect_result(yaml, "passed");
    assert_int_equal(descriptor_budget_left(budget, DESCRIPTORS_PROCESSES), left);
    probes.descriptors = NULL;
    descriptor_budget_destroy(budget);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PROBE_TEST(probes_take_from_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
