// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/document.h"

static void fill(struct document *document) {
    AUTO_JSON json_t *any = NULL;
    const char *text = "{\"list\": [1, null, \"2\"], \"deep\": {\"b\": true}}";
    assert_true(json_read(text, strlen(text), &any, NULL));
    document_begin_map(document);
    document_member_string(document, "text", "<yes> 12");
    document_member_string(document, "number-like", "12");
    document_member_time(document, "time", "2024-03-10T12:00:00Z");
    document_member_time(document, "no-time", NULL);
    document_member_int(document, "count", -3);
    document_member_bool(document, "good", true);
    document_key(document, "empty");
    document_begin_list(document);
    document_end_list(document);
    document_key(document, "any");
    document_json(document, any);
    document_end_map(document);
}

static void writes_json_on_one_line(void **state UNUSED) {
    struct document document;
    document_init(&document, FORMAT_JSON);
    fill(&document);
    assert_string_equal(
        buffer_text(&document.text),
        "{\"text\":\"\\u003cyes\\u003e 12\",\"number-like\":\"12\",\"time\":\"2024-03-10T12:00:00Z\","
        "\"count\":-3,\"good\":true,\"empty\":[],\"any\":{\"list\":[1,null,\"2\"],\"deep\":{\"b\":true}}}");
    buffer_finish(&document.text);
}

static void writes_yaml_in_blocks(void **state UNUSED) {
    struct document document;
    document_init(&document, FORMAT_YAML);
    fill(&document);
    assert_string_equal(buffer_text(&document.text), "text: <yes> 12\n"
                                                     "number-like: \"12\"\n"
                                                     "time: 2024-03-10T12:00:00Z\n"
                                                     "count: -3\n"
                                                     "good: true\n"
                                                     "empty: []\n"
                                                     "any:\n"
                                                     "    deep:\n"
                                                     "        b: true\n"
                                                     "    list:\n"
                                                     "        - 1\n"
                                                     "        - null\n"
                                                     "        - \"2\"\n");
    buffer_finish(&document.text);
}

static void takes_values_of_any_depth(void **state UNUSED) {
    AUTO_JSON json_t *deep = json_array();
    for (int i = 0; i < 200; i++) {
        json_t *outer = json_array();
        json_array_append_new(outer, deep);
        deep = outer;
    }
    struct document document;
    document_init(&document, FORMAT_YAML);
    document_json(&document, deep);
    assert_true(document.text.length > 200);
    buffer_finish(&document.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_json_on_one_line),
        cmocka_unit_test(writes_yaml_in_blocks),
        cmocka_unit_test(takes_values_of_any_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
