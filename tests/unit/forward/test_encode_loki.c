// SPDX-License-Identifier: GPL-3.0-or-later
#include "encoder_fixture.h"

static void streams_have_labels_and_lines(void **state UNUSED) {
    struct labelled finch;
    struct labelled lark;
    labelled_init(&finch, "finch");
    labelled_init(&lark, "lark");
    labelled_add(&lark, "band", "a\"b");
    labelled_add(&lark, "zone", "");
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    loki_encoder.begin(&out);
    loki_encoder.begin_stream(&out, &finch.stream);
    add_line(&loki_encoder, &out, &finch, "  blanks  ");
    add_line(&loki_encoder, &out, &finch, "");
    loki_encoder.end_stream(&out);
    loki_encoder.begin_stream(&out, &lark.stream);
    add_line(&loki_encoder, &out, &lark,
             "<&> \"[{\" gr\xc3\xb6\xc3\x9f"
             "e \xff");
    loki_encoder.end_stream(&out);
    loki_encoder.end(&out);
    assert_string_equal(buffer_text(&out),
                        "{\"streams\":["
                        "{\"stream\":{\"pebble_service\":\"finch\"},\"values\":["
                        "[\"1767323045678000000\",\"  blanks  \"],[\"1767323045678000000\",\"\"]]},"
                        "{\"stream\":{\"band\":\"a\\\"b\",\"zone\":\"\",\"pebble_service\":\"lark\"},\"values\":["
                        "[\"1767323045678000000\",\"<&> \\\"[{\\\" gr\xc3\xb6\xc3\x9f"
                        "e \\ufffd\"]]}]}");
    labelled_finish(&finch);
    labelled_finish(&lark);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(streams_have_labels_and_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
