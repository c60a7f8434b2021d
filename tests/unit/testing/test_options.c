// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "testing/options_internal.h"

static void assert_refused(const struct pebble_test_options *given, const char *message) {
    struct testing_options options;
    struct pebble_error error = {0};
    assert_false(testing_options_read(&options, given, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, message);
    pebble_error_clear(&error);
}

static void defaults(void **state UNUSED) {
    struct testing_options options;
    assert_int_equal(setenv("PEBBLE_TEST_PROGRAM", "/bin/sh", 1), 0);
    assert_true(testing_options_read(&options, NULL, NULL));
    assert_int_equal(options.given.timeout_ms, 30000);
    AUTO_FREE char *resolved = realpath("/bin/sh", NULL);
    assert_string_equal(options.program, resolved);
    testing_options_finish(&options);
    const struct pebble_test_options given = {.size = sizeof given, .program = "sh", .timeout_ms = 5};
    assert_true(testing_options_read(&options, &given, NULL));
    assert_int_equal(options.given.timeout_ms, 5);
    assert_string_equal(options.program, resolved);
    testing_options_finish(&options);
}

static void other_versions(void **state UNUSED) {
    struct {
        struct pebble_test_options known;
        int64_t unknown;
    } given = {.known = {.size = sizeof given, .program = "sh"}};
    struct testing_options options;
    assert_true(testing_options_read(&options, &given.known, NULL));
    testing_options_finish(&options);
    given.unknown = 1;
    assert_refused(&given.known, "cannot use options: they need a newer version of libpebble");
    given.known.size = offsetof(struct pebble_test_options, flags);
    given.known.flags = 8; // not part of that version
    assert_true(testing_options_read(&options, &given.known, NULL));
    testing_options_finish(&options);
    given.known.size = 0;
    assert_refused(&given.known, "cannot use options: their size is not set");
}

static void programs(void **state UNUSED) {
    assert_refused(&(struct pebble_test_options){.size = sizeof(struct pebble_test_options), .program = "/etc/passwd"},
                   "cannot find program \"/etc/passwd\": not an executable file");
    assert_refused(&(struct pebble_test_options){.size = sizeof(struct pebble_test_options), .program = "/tmp"},
                   "cannot find program \"/tmp\": not an executable file");
    assert_refused(&(struct pebble_test_options){.size = sizeof(struct pebble_test_options), .program = "no-such"},
                   "cannot find program \"no-such\": not an executable file of a directory in PATH");
}

static void refuse_layer(const char *label, const char *yaml, const char *message) {
    const struct pebble_test_layer layer = {label, yaml};
    assert_refused(
        &(struct pebble_test_options){
            .size = sizeof(struct pebble_test_options), .program = "sh", .layers = &layer, .layer_count = 1},
        message);
}

static void layers(void **state UNUSED) {
    refuse_layer(NULL, "", "cannot use options: a layer without label or text");
    refuse_layer("web", NULL, "cannot use options: a layer without label or text");
    static const char *const bad[] = {"", "ab", "1ab", "Web", "we b", "-web", "web-", "we--b", "../web"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        AUTO_FREE char *message = memory_printf("cannot use options: invalid label \"%s\"", bad[i]);
        refuse_layer(bad[i], "", message);
    }
    char long_label[300];
    memset(long_label, 'x', sizeof long_label);
    long_label[sizeof long_label - 1] = '\0';
    AUTO_FREE char *message = memory_printf("cannot use options: invalid label \"%s\"", long_label);
    refuse_layer(long_label, "", message);
    assert_refused(&(struct pebble_test_options){.size = sizeof(struct pebble_test_options), .layer_count = 1000},
                   "cannot use options: more than 999 layers");
}

static void other_options(void **state UNUSED) {
    static const char *const items[] = {NULL}, *const nameless[] = {"=x"}, *const bare[] = {"NAME"};
    const size_t size = sizeof(struct pebble_test_options);
    assert_refused(&(struct pebble_test_options){.size = size, .flags = 4}, "cannot use options: unknown flags");
    assert_refused(&(struct pebble_test_options){.size = size, .flags = PEBBLE_TEST_OWN_ROOT_OPTIONAL},
                   "cannot use options: PEBBLE_TEST_OWN_ROOT_OPTIONAL without PEBBLE_TEST_OWN_ROOT");
    assert_refused(&(struct pebble_test_options){.size = size, .timeout_ms = -1},
                   "cannot use options: a negative timeout");
    assert_refused(&(struct pebble_test_options){.size = size, .arguments = items, .argument_count = 1},
                   "cannot use options: an argument that is NULL");
    assert_refused(&(struct pebble_test_options){.size = size, .argument_count = 10001},
                   "cannot use options: more than 10000 arguments or variables");
    const char *const *const bad[] = {items, nameless, bare};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_refused(&(struct pebble_test_options){.size = size, .environment = bad[i], .environment_count = 1},
                       "cannot use options: a variable that is not NAME=VALUE");
}

static void environment_is_combined(void **state UNUSED) {
    static const char *const variables[] = {"UNIT_B=new", "PEBBLE_DEBUG=1", "PEBBLE=/wrong"};
    const struct pebble_test_options given = {
        .size = sizeof given, .program = "sh", .environment = variables, .environment_count = 3};
    struct testing_options options;
    AUTO_TEXT_LIST struct text_list environment = {0};
    assert_int_equal(setenv("UNIT_A", "a", 1), 0);
    assert_int_equal(setenv("UNIT_B", "b", 1), 0);
    assert_int_equal(setenv("PEBBLE_SOCKET", "/wrong", 1), 0);
    assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", "/wrong", 1), 0);
    assert_true(testing_options_read(&options, &given, NULL));
    testing_options_environment(&options, "/d", "/d/s", &environment);
    assert_true(text_list_has(&environment, "UNIT_A=a"));
    assert_true(text_list_has(&environment, "UNIT_B=new"));
    assert_false(text_list_has(&environment, "UNIT_B=b"));
    assert_true(text_list_has(&environment, "PEBBLE_DEBUG=1"));
    assert_true(text_list_has(&environment, "PEBBLE=/d"));
    assert_true(text_list_has(&environment, "PEBBLE_SOCKET=/d/s"));
    assert_false(text_list_has(&environment, "PEBBLE=/wrong"));
    assert_false(text_list_has(&environment, "PEBBLE_SOCKET=/wrong"));
    assert_false(text_list_has(&environment, "LISTEN_FDS=1"));
    assert_false(text_list_has(&environment, "NOTIFY_SOCKET=/wrong"));
    testing_options_finish(&options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults), cmocka_unit_test(other_versions), cmocka_unit_test(programs),
        cmocka_unit_test(layers),   cmocka_unit_test(other_options),  cmocka_unit_test(environment_is_combined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
