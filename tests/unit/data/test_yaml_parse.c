// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "yaml_shown.h"

static void expect_limited(const char *text, const struct yaml_limits *limits, const char *expected) {
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    yaml_show_text(&shown, text, limits);
    assert_string_equal(buffer_text(&shown), expected);
}

static void expect(const char *text, const char *expected) {
    expect_limited(text, &yaml_limits_layer, expected);
}

static void empty_texts_have_no_root(void **state UNUSED) {
    expect("", "nothing");
    expect("\n\n", "nothing");
    expect("# words\n", "nothing");
    expect("---\n", "null:");
    expect("~", "null:~");
}

static void scalars_are_resolved(void **state UNUSED) {
    expect("[a, 1, 1.5, true, null, ~, '', yes, 2020-01-02, '1', \"true\"]",
           "[str:a,int:1,float:1.5,bool:true,null:null,null:~,str:,str:yes,time:2020-01-02,str:1,str:true]");
    expect("a:\nb: \"x\\ty\"\nc: |\n  one\n  two\nd: >-\n  one\n  two\n",
           "{a=null:,b=str:x\ty,c=str:one\ntwo\n,d=str:one two}");
}

static void tags_decide(void **state UNUSED) {
    expect("[!!str 12, !!int '12', !!float 1, !!bool \"true\", !!null '', !own 12, ! 12, !!timestamp '2020-01-02']",
           "[str:12,int:12,float:1,bool:true,null:,str:12,int:12,time:2020-01-02]");
    expect("!!binary aGVsbG8=", "str:hello");
    expect("!!binary a", "yaml: !!binary value contains invalid base64 data");
    expect("a: !!int abc", "yaml: cannot decode !!str `abc` as a !!int");
    expect("a: !!bool yes", "yaml: cannot decode !!str `yes` as a !!bool");
    expect("a: !!float 'error'", "yaml: cannot decode !!str `error` as a !!float");
    expect("!!set {a, b}", "{a=null:,b=null:}");
}

static void only_the_first_document_counts(void **state UNUSED) {
    expect("a: 1\n---\nb: [\n", "{a=int:1}");
    expect("a: 1\n...\n]]\n", "{a=int:1}");
    expect("%YAML 1.1\n---\na: 1\n", "{a=int:1}");
}

static void errors_read_as_in_the_reference(void **state UNUSED) {
    expect("v: [A,", "yaml: line 1: did not find expected node content");
    expect("v:\n- [A,", "yaml: line 2: did not find expected node content");
    expect("a:\n- b: *,", "yaml: line 2: did not find expected alphabetic or numeric character");
    expect("value: -", "yaml: block sequence entries are not allowed in this context");
    expect("a: 1\nb: 2\nc 2\nd: 3\n", "yaml: line 3: could not find expected ':'");
    expect("#\n-\n{", "yaml: line 3: could not find expected ':'");
    expect("%TAG !%79! tag:yaml.org,2002:\n---\nv: !%79!int '1'", "yaml: did not find expected whitespace");
    expect("a: b\xef", "yaml: incomplete UTF-8 octet sequence");
    expect("a: \x01", "yaml: control characters are not allowed");
    expect("services: [\n", "yaml: line 1: did not find expected node content");
    expect("a: b: c\n", "yaml: mapping values are not allowed in this context");
    expect("x: 1\na: b: c\n", "yaml: line 2: mapping values are not allowed in this context");
    expect("x: 1\ny:\n  - a\n b\n", "yaml: line 3: did not find expected key");
    expect("a: \"\\0\"", "yaml: line 1: a value contains a NUL character");
}

static void aliases_are_the_same_node(void **state UNUSED) {
    expect("a: &x [1, 2]\nb: *x\n", "{a=[int:1,int:2],b=[int:1,int:2]}");
    expect("a: &x 1\nb: &x 2\nc: *x\n", "{a=int:1,b=int:2,c=int:2}");
    expect("&k a: 1\nb: *k\n", "{a=int:1,b=str:a}");
    expect("a: *b\n", "yaml: unknown anchor 'b' referenced");
    expect("b: *a\na: &a 1\n", "yaml: unknown anchor 'a' referenced");
    expect("a: &a\n  b: *a\n", "yaml: anchor 'a' value contains itself");
    expect("&a [*a]", "yaml: anchor 'a' value contains itself");
    expect("a: &a {<<: *a}", "yaml: anchor 'a' value contains itself");
}

static void merges_follow_own_pairs(void **state UNUSED) {
    expect("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3, c: 4}\n", "{x={a=int:1,b=int:2},y={b=int:3,c=int:4,a=int:1}}");
    expect("y: {<<: [{a: 1}, {a: 2, b: 2}], c: 3}", "{y={c=int:3,a=int:1,b=int:2}}");
    expect("p: &p {a: 1}\nq: &q {<<: *p, b: 2}\nr: {<<: *q}\n",
           "{p={a=int:1},q={b=int:2,a=int:1},r={b=int:2,a=int:1}}");
    expect("{<<: {}}", "{}");
    expect("{<<: []}", "{}");
    expect("{a: ~, <<: {a: 1}}", "{a=null:~}");
    expect("{'<<': 1}", "{<<=int:1}");
    expect("{!!merge '<<': {a: 1}}", "{a=int:1}");
    expect("{<<: 1}", "yaml: map merge requires map or sequence of maps as the value");
    expect("<<:\n", "yaml: map merge requires map or sequence of maps as the value");
    expect("{<<: [{a: 1}, 2]}", "yaml: map merge requires map or sequence of maps as the value");
    expect("s: &s [1]\nm: {<<: *s}", "yaml: map merge requires map or sequence of maps as the value");
}

static void null_keys_do_not_exist(void **state UNUSED) {
    expect("{~: 1, a: 2, null: 3, ? : 4}", "{a=int:2}");
    expect("{'': 1, '~': 2}", "{=int:1,~=int:2}");
    expect("{~: 1}", "{}");
}

static void keys_of_the_root_are_checked(void **state UNUSED) {
    expect("a: 1\nb: 2\na: 3\n", "yaml: unmarshal errors:\n  line 3: mapping key \"a\" already defined at line 1");
    expect("[x]: 1\n", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into string");
    expect("a: {b: 1, b: 2}", "{a={b=int:1,b=int:2}}");
}

static void alias_bombs_are_refused(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 40; i++) {
        buffer_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++)
            buffer_printf(&text, "*a%d,", i - 1);
        buffer_add_string(&text, "]\n");
    }
    expect(buffer_text(&text), "yaml: document contains excessive aliasing");
}

static void merge_bombs_are_refused(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "base: &base\n");
    for (int i = 0; i < 3000; i++)
        buffer_printf(&text, "  k%d: v\n", i);
    for (int i = 0; i < 1000; i++)
        buffer_printf(&text, "m%d: {<<: *base}\n", i);
    expect(buffer_text(&text), "yaml: document contains excessive aliasing");
}

static void depth_is_limited(void **state UNUSED) {
    const struct yaml_limits limits = {.size_bytes = 1000, .depth = 4, .nodes = 100};
    expect_limited("[[[1]]]", &limits, "[[[int:1]]]");
    expect_limited("[[[[1]]]]", &limits, "yaml: line 1: nested more than 4 levels deep");
    expect_limited("[&a [[1]],\n[*a]]", &limits, "yaml: line 2: nested more than 4 levels deep");
    expect_limited("[&a [1],\n[*a]]", &limits, "[[int:1],[[int:1]]]");
    size_t length = 1000000;
    AUTO_FREE char *deep = memory_new(length + 1);
    memset(deep, '[', length);
    expect(deep, "yaml: line 1: nested more than 100 levels deep");
    memset(deep, '-', length);
    for (size_t i = 1; i < length; i += 2)
        deep[i] = ' ';
    expect(deep, "yaml: line 1: nested more than 100 levels deep");
}

static void size_is_limited(void **state UNUSED) {
    const struct yaml_limits limits = {.size_bytes = 10, .depth = 4, .nodes = 4};
    expect_limited("0123456789", &limits, "float:0123456789");
    expect_limited("01234567890", &limits, "yaml: document is larger than 10 bytes");
    expect_limited("[a,b,c]", &limits, "[str:a,str:b,str:c]");
    expect_limited("[a,b,c,d]", &limits, "yaml: document has more than 4 values");
}

static void expect_directives(int count, const char *line_end, const char *expected) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < count; i++)
        buffer_printf(&text, "%%TAG !a%d! x%s", i, line_end);
    buffer_printf(&text, "---%sa: b%%TAG", line_end);
    expect(buffer_text(&text), expected);
}

static void tag_directives_are_limited(void **state UNUSED) {
    const char *const line_ends[] = {"\n", "\r", "\xC2\x85", "\xE2\x80\xA8"};
    expect_directives(999, "\n", "{a=str:b%TAG}");
    for (size_t i = 0; i < ARRAY_COUNT(line_ends); i++)
        expect_directives(1001, line_ends[i], "yaml: document has more than 1000 tag directives");
}

static void failure_leaves_the_output(void **state UNUSED) {
    struct yaml_document *document = NULL;
    assert_false(yaml_parse("[", 1, &yaml_limits_layer, &document, NULL));
    assert_null(document);
    yaml_document_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_texts_have_no_root),
        cmocka_unit_test(scalars_are_resolved),
        cmocka_unit_test(tags_decide),
        cmocka_unit_test(only_the_first_document_counts),
        cmocka_unit_test(errors_read_as_in_the_reference),
        cmocka_unit_test(aliases_are_the_same_node),
        cmocka_unit_test(merges_follow_own_pairs),
        cmocka_unit_test(null_keys_do_not_exist),
        cmocka_unit_test(keys_of_the_root_are_checked),
        cmocka_unit_test(alias_bombs_are_refused),
        cmocka_unit_test(merge_bombs_are_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(size_is_limited),
        cmocka_unit_test(tag_directives_are_limited),
        cmocka_unit_test(failure_leaves_the_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
