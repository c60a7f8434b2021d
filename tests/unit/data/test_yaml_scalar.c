// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/memory.h"
#include "data/yaml_internal.h"
#include "data/yaml_writer.h"

// As the value of a key, in a map that goes on after it.
static char *value_form(const char *text) {
    struct buffer written = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct yaml_writer writer;
    yaml_writer_init(&writer, &written, 4);
    yaml_writer_begin_map(&writer);
    yaml_writer_key(&writer, "v");
    yaml_writer_string(&writer, text);
    yaml_writer_key(&writer, "w");
    yaml_writer_int(&writer, 1);
    yaml_writer_end_map(&writer);
    return buffer_take(&written);
}

static void expect_form(const char *text, const char *form) {
    AUTO_FREE char *written = value_form(text);
    AUTO_FREE char *expected = memory_printf("v: %s\nw: 1\n", form);
    assert_string_equal(written, expected);
}

static void as_is(const char *const *texts) {
    for (; *texts != NULL; texts++)
        expect_form(*texts, *texts);
}

static void in_double_quotes(const char *const *texts) {
    for (; *texts != NULL; texts++) {
        AUTO_FREE char *form = memory_printf("\"%s\"", *texts);
        expect_form(*texts, form);
    }
}

static void in_single_quotes(const char *const *texts) {
    for (; *texts != NULL; texts++) {
        AUTO_FREE char *form = memory_printf("'%s'", *texts);
        expect_form(*texts, form);
    }
}

static void plain_strings(void **state UNUSED) {
    as_is((const char *const[]){"plain",       "two words", "-dash", "a:b", "a#b", "a, b", "it's",    "say \"hi\"",
                                "back\\slash", "ünï ☃",     "$HOME", "<<",  "==",  "nULL", "1.2.3.4", "12abc",
                                "0x",          "1e999",     "1:60",  "a?",  "?a",  ":a",   "--",      "-1-",
                                "<foo>",       "^",         "~a",    "+",   ".",   "..",   "1 2",     NULL});
}

static void strings_that_read_as_another_type(void **state UNUSED) {
    in_double_quotes((const char *const[]){
        "",    "true", "FALSE", "yes",  "on",   "n",          "Y",          "Off",      "null", "~",     "12",
        "-12", "+1",   "1.5",   "1e3",  "0x1F", "0o17",       "010",        "08",       "0b1",  "1_000", ".5",
        "1.",  ".inf", "-.Inf", ".nan", "1:30", "-1:30:59.2", "2020-01-02", "2020-1-2", "=",    NULL});
    in_double_quotes(
        (const char *const[]){"2015-02-24T18:19:39Z", "2020-01-02 03:04:05", "18446744073709551616", NULL});
}

static void strings_that_break_the_syntax(void **state UNUSED) {
    in_single_quotes(
        (const char *const[]){" lead", "trail ", "- dash", "a: b",  "a #b",   "#c",    "*star", "&amp",
                              "!bang", "%pc",    "@at",    "`tick", "[list]", "{map}", "?",     "? q",
                              ":",     "|",      ">",      "-",     "]x",     "}x",    ",x",    "\"x\"",
                              "a:",    "a b: ",  "---",    "---x",  "...",    "- ",    " ",     "你好 #comment",
                              NULL});
    expect_form("'q'", "'''q'''");
    expect_form("a: 'b'", "'a: ''b'''");
}

static void strings_with_special_characters(void **state UNUSED) {
    expect_form("tab\there", "\"tab\\there\"");
    expect_form("\x01\x07\x08\x0b\x0c\x1b\x7f", "\"\\x01\\a\\b\\v\\f\\e\\x7F\"");
    expect_form("a\rb", "\"a\\rb\"");
    expect_form("a\r\nb", "\"a\\r\\nb\"");
    expect_form("\xc2\x85", "\"\\N\"");
    expect_form("\xef\xbb\xbfx", "\"\\uFEFFx\"");
    expect_form("\xf0\x9f\x98\x80 \"\\", "\"\\U0001F600 \\\"\\\\\"");
    expect_form("\xc2\xa0", "\xc2\xa0");
    expect_form("\t\xc2\xa0\xe2\x80\xa8\xe2\x80\xa9", "\"\\t\xc2\xa0\\L\\P\"");
    expect_form("a\xe2\x80\xa8"
                "b",
                "\"a\\Lb\"");
    expect_form("\x80\x81\x82", "!!binary gIGC");
}

static void strings_of_several_lines(void **state UNUSED) {
    expect_form("one\ntwo", "|-\n    one\n    two");
    expect_form("one\ntwo\n", "|\n    one\n    two");
    expect_form("one\n\ntwo\n\n", "|+\n    one\n\n    two\n");
    expect_form("one\n", "|\n    one");
    expect_form("true\n", "|\n    true");
    expect_form(" one\n  two", "|4-\n     one\n      two");
    // These would not read back from a literal.
    expect_form("\tone\ntwo", "\"\\tone\\ntwo\"");
    expect_form("\none\n", "\"\\none\\n\"");
    expect_form("one\ntwo\xe2\x80\xa8", "\"one\\ntwo\\L\"");
    expect_form("one\xc2\x85", "\"one\\N\"");
    expect_form("# a: 'b'\n- \"c\"", "|-\n    # a: 'b'\n    - \"c\"");
    expect_form("one \ntwo", "\"one \\ntwo\"");
    expect_form("one\ntwo ", "\"one\\ntwo \"");
    expect_form("one\n\x01", "\"one\\n\\x01\"");
}

static void long_binary_is_broken_into_lines(void **state UNUSED) {
    char data[55];
    memset(data, '\x90', 54);
    data[54] = '\0';
    expect_form(data, "!!binary |\n    kJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ\n    CQ");
    data[51] = '\0';
    expect_form(data, "!!binary kJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQ");
}

static void long_lines_are_not_folded(void **state UNUSED) {
    char text[2001];
    for (size_t i = 0; i < 2000; i++)
        text[i] = i % 5 == 4 ? ' ' : 'x';
    text[1999] = 'x';
    text[2000] = '\0';
    expect_form(text, text);
    text[0] = '#';
    in_single_quotes((const char *const[]){text, NULL});
}

static void reads_back_the_same(void **state UNUSED) {
    static const char alphabet[] = "a1 \n\t:#-?'\"\\|>{}[],&*!%@`~.eExX_+0ynN=<\x01\r";
    uint32_t seed = 12345;
    for (size_t i = 0; i < 50000; i++) {
        char text[9] = "";
        size_t length = i % 8 + 1;
        for (size_t k = 0; k < length; k++) {
            seed = seed * 1664525 + 1013904223;
            text[k] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        if (text[0] == '\n' || (text[0] == '\t' && strchr(text, '\n') != NULL))
            continue; // what the reference writes then cannot be read back, and ours is the same
        AUTO_FREE char *written = value_form(text);
        AUTO_YAML struct yaml_document *document = NULL;
        AUTO_ERROR struct error err = {0};
        if (!yaml_parse(written, strlen(written), &yaml_limits_layer, &document, &err))
            fail_msg("%s: %s", written, error_text(&err));
        const struct yaml_node *value = yaml_member(yaml_root(document), "v");
        assert_int_equal(yaml_kind(value), YAML_STRING);
        assert_string_equal(yaml_text(value), text);
    }
}

static void simple_keys(void **state UNUSED) {
    char text[130] = "";
    memset(text, 'k', 128);
    assert_true(yaml_scalar_is_simple_key(text));
    text[128] = 'k';
    assert_false(yaml_scalar_is_simple_key(text));
    assert_true(yaml_scalar_is_simple_key(""));
    assert_false(yaml_scalar_is_simple_key("a\nb"));
    assert_false(yaml_scalar_is_simple_key("a\xe2\x80\xa8"
                                           "b"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_strings),
        cmocka_unit_test(strings_that_read_as_another_type),
        cmocka_unit_test(strings_that_break_the_syntax),
        cmocka_unit_test(strings_with_special_characters),
        cmocka_unit_test(strings_of_several_lines),
        cmocka_unit_test(long_binary_is_broken_into_lines),
        cmocka_unit_test(long_lines_are_not_folded),
        cmocka_unit_test(reads_back_the_same),
        cmocka_unit_test(simple_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
