// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/yaml_writer.h"

struct written {
    struct buffer text;
    struct yaml_writer writer;
};

static struct yaml_writer *start(struct written *written, int step) {
    buffer_init(&written->text, BUFFER_NO_LIMIT);
    yaml_writer_init(&written->writer, &written->text, step);
    return &written->writer;
}

static void expect(struct written *written, const char *expected) {
    assert_string_equal(buffer_text(&written->text), expected);
    buffer_finish(&written->text);
}

static void structure(void **state UNUSED) {
    struct written written;
    struct yaml_writer *writer = start(&written, 4);
    yaml_writer_begin_map(writer);
    yaml_writer_key(writer, "services");
    yaml_writer_begin_map(writer);
    yaml_writer_key(writer, "web");
    yaml_writer_begin_map(writer);
    yaml_writer_key(writer, "after");
    yaml_writer_begin_sequence(writer);
    yaml_writer_string(writer, "app");
    yaml_writer_string(writer, "y");
    yaml_writer_end_sequence(writer);
    yaml_writer_key(writer, "user-id");
    yaml_writer_int(writer, 0);
    yaml_writer_key(writer, "factor");
    yaml_writer_double(writer, 2.5);
    yaml_writer_key(writer, "delay");
    yaml_writer_plain(writer, "1m30s");
    yaml_writer_key(writer, "env");
    yaml_writer_begin_map(writer);
    yaml_writer_end_map(writer);
    yaml_writer_key(writer, "list");
    yaml_writer_begin_sequence(writer);
    yaml_writer_end_sequence(writer);
    yaml_writer_key(writer, "is");
    yaml_writer_bool(writer, true);
    yaml_writer_key(writer, "no");
    yaml_writer_null(writer);
    yaml_writer_end_map(writer);
    yaml_writer_end_map(writer);
    yaml_writer_key(writer, "last");
    yaml_writer_string(writer, "one");
    yaml_writer_end_map(writer);
    expect(&written, "services:\n"
                     "    web:\n"
                     "        after:\n"
                     "            - app\n"
                     "            - \"y\"\n"
                     "        user-id: 0\n"
                     "        factor: 2.5\n"
                     "        delay: 1m30s\n"
                     "        env: {}\n"
                     "        list: []\n"
                     "        is: true\n"
                     "        \"no\": null\n"
                     "last: one\n");
}

static void sequences_hold_anything(void **state UNUSED) {
    struct written written;
    struct yaml_writer *writer = start(&written, 4);
    yaml_writer_begin_map(writer);
    yaml_writer_key(writer, "v");
    yaml_writer_begin_sequence(writer);
    yaml_writer_string(writer, "B\nC");
    yaml_writer_begin_map(writer);
    yaml_writer_key(writer, "B");
    yaml_writer_begin_sequence(writer);
    yaml_writer_int(writer, 2);
    yaml_writer_int(writer, 3);
    yaml_writer_end_sequence(writer);
    yaml_writer_key(writer, "C");
    yaml_writer_int(writer, 4);
    yaml_writer_end_map(writer);
    yaml_writer_begin_sequence(writer);
    yaml_writer_begin_sequence(writer);
    yaml_writer_int(writer, 5);
    yaml_writer_end_sequence(writer);
    yaml_writer_int(writer, 6);
    yaml_writer_end_sequence(writer);
    yaml_writer_begin_map(writer);
    yaml_writer_end_map(writer);
    yaml_writer_end_sequence(writer);
    yaml_writer_end_map(writer);
    expect(&written, "v:\n"
                     "    - |-\n"
                     "      B\n"
                     "      C\n"
                     "    - B:\n"
                     "        - 2\n"
                     "        - 3\n"
                     "      C: 4\n"
                     "    - - - 5\n"
                     "      - 6\n"
                     "    - {}\n");
}

static void roots_may_be_anything(void **state UNUSED) {
    struct written written;
    yaml_writer_begin_map(start(&written, 4));
    yaml_writer_end_map(&written.writer);
    expect(&written, "{}\n");
    yaml_writer_begin_sequence(start(&written, 4));
    yaml_writer_end_sequence(&written.writer);
    expect(&written, "[]\n");
    yaml_writer_string(start(&written, 4), "it's");
    expect(&written, "it's\n");
    yaml_writer_string(start(&written, 4), "one\ntwo");
    expect(&written, "|-\n    one\n    two\n");
    struct yaml_writer *writer = start(&written, 2);
    yaml_writer_begin_sequence(writer);
    yaml_writer_begin_map(writer);
    yaml_writer_key(writer, "a");
    yaml_writer_begin_map(writer);
    yaml_writer_key(writer, "b");
    yaml_writer_int(writer, 1);
    yaml_writer_end_map(writer);
    yaml_writer_end_map(writer);
    yaml_writer_end_sequence(writer);
    expect(&written, "- a:\n    b: 1\n");
}

static void numbers(void **state UNUSED) {
    struct written written;
    struct yaml_writer *writer = start(&written, 4);
    yaml_writer_begin_sequence(writer);
    yaml_writer_double(writer, 2);
    yaml_writer_double(writer, 1000000);
    yaml_writer_double(writer, 0.00001);
    yaml_writer_double(writer, (double)INFINITY);
    yaml_writer_double(writer, -(double)INFINITY);
    yaml_writer_double(writer, (double)NAN);
    yaml_writer_int(writer, INT64_MIN);
    yaml_writer_end_sequence(writer);
    expect(&written, "- 2\n- 1e+06\n- 1e-05\n- .inf\n- -.inf\n- .nan\n- -9223372036854775808\n");
}

static void keys_are_quoted_like_strings(void **state UNUSED) {
    struct written written;
    struct yaml_writer *writer = start(&written, 4);
    char name[130];
    memset(name, 'k', sizeof name - 1);
    name[129] = '\0';
    yaml_writer_begin_map(writer);
    yaml_writer_key(writer, "1");
    yaml_writer_begin_map(writer);
    yaml_writer_key(writer, name);
    yaml_writer_string(writer, "v");
    yaml_writer_key(writer, "two\nlines");
    yaml_writer_begin_map(writer);
    yaml_writer_key(writer, "a b: c");
    yaml_writer_int(writer, 1);
    yaml_writer_key(writer, "");
    yaml_writer_int(writer, 2);
    yaml_writer_end_map(writer);
    yaml_writer_key(writer, "\xff");
    yaml_writer_int(writer, 3);
    yaml_writer_end_map(writer);
    name[128] = '\0';
    yaml_writer_key(writer, name);
    yaml_writer_string(writer, "v");
    yaml_writer_end_map(writer);
    AUTO_FREE char *expected = memory_printf("\"1\":\n    ? %sk\n    : v\n    ? |-\n        two\n        lines\n"
                                             "    :   'a b: c': 1\n        \"\": 2\n    !!binary /w==: 3\n%s: v\n",
                                             name, name);
    expect(&written, expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structure),
        cmocka_unit_test(sequences_hold_anything),
        cmocka_unit_test(roots_may_be_anything),
        cmocka_unit_test(numbers),
        cmocka_unit_test(keys_are_quoted_like_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
