// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "data/yaml.h"

// Everything is put below one key, so that parsing does not look at it.
static void expect(const char *text, const char *expected) {
    AUTO_FREE char *whole = memory_printf("top:\n%s", text);
    AUTO_YAML struct yaml_document *document = NULL;
    AUTO_ERROR struct error err = {0};
    assert_true(yaml_parse(whole, strlen(whole), &yaml_limits_layer, &document, NULL));
    bool is_fine = yaml_check_keys(yaml_member(yaml_root(document), "top"), &err);
    assert_int_equal(is_fine, expected == NULL);
    assert_string_equal(error_text(&err), expected == NULL ? "" : expected);
}

static void distinct_keys_are_fine(void **state UNUSED) {
    expect("  a: {x: 1, y: 2}\n  b: {x: 1}\n  c: [{x: 1}, {x: 2}]\n", NULL);
    expect("  1\n", NULL);
    expect("  a: 1\n  A: 1\n  'a ': 1\n", NULL);
    expect("  <<: {a: 1}\n  a: 2\n", NULL);
}

static void repeats_are_listed(void **state UNUSED) {
    expect("  web: 1\n  db: 2\n  web: 3\n",
           "yaml: unmarshal errors:\n  line 4: mapping key \"web\" already defined at line 2");
    expect("  a: 1\n  'a': 1\n  \"a\": 1\n",
           "yaml: unmarshal errors:\n  line 3: mapping key \"a\" already defined at line 2\n"
           "  line 4: mapping key \"a\" already defined at line 2");
    expect("  - x: {a: 1, a: 2}\n  - {b: 1, b: 2}\n",
           "yaml: unmarshal errors:\n  line 2: mapping key \"a\" already defined at line 2\n"
           "  line 3: mapping key \"b\" already defined at line 3");
    expect("  <<: {a: 1}\n  <<: {b: 1}\n",
           "yaml: unmarshal errors:\n  line 3: mapping key \"<<\" already defined at line 2");
    expect("  <<: {a: 1, a: 2}\n", "yaml: unmarshal errors:\n  line 2: mapping key \"a\" already defined at line 2");
}

static void faulty_maps_are_not_entered(void **state UNUSED) {
    expect("  a: {x: 1, x: 2}\n  a: 1\n",
           "yaml: unmarshal errors:\n  line 3: mapping key \"a\" already defined at line 2");
}

static void keys_are_scalars(void **state UNUSED) {
    expect("  [x]: 1\n", "yaml: unmarshal errors:\n  line 2: cannot unmarshal !!seq into string");
    expect("  ? {x: 1}\n  : 1\n", "yaml: unmarshal errors:\n  line 2: cannot unmarshal !!map into string");
}

static void the_list_ends_some_time(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 200000; i++)
        buffer_add_string(&text, "  same:\n");
    AUTO_FREE char *whole = memory_printf("top:\n%s", buffer_text(&text));
    AUTO_YAML struct yaml_document *document = NULL;
    AUTO_ERROR struct error err = {0};
    assert_true(yaml_parse(whole, strlen(whole), &yaml_limits_layer, &document, NULL));
    assert_false(yaml_check_keys(yaml_root(document), &err));
    assert_true(strlen(error_text(&err)) < 1000);
    assert_non_null(strstr(error_text(&err), "line 3: mapping key \"same\" already defined at line 2"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distinct_keys_are_fine),      cmocka_unit_test(repeats_are_listed),
        cmocka_unit_test(faulty_maps_are_not_entered), cmocka_unit_test(keys_are_scalars),
        cmocka_unit_test(the_list_ends_some_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
