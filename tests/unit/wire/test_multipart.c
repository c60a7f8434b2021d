// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../fuzz/multipart_transcript.h"

#define HEAD "Content-Disposition: form-data; name=\"n\"\r\n\r\n"

static void check(const char *body, const char *expected) {
    static const size_t cuts[] = {SIZE_MAX, 1, 2, 3, 5, 11};
    for (size_t i = 0; i < ARRAY_COUNT(cuts); i++) {
        AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
        multipart_transcript("bound", body, strlen(body), cuts[i], &out);
        assert_string_equal(buffer_text(&out), expected);
    }
}

static void parts(void **state UNUSED) {
    check("--bound\r\n" HEAD "one\r\n--bound\r\n" HEAD "two\r\nlines\r\n\r\n--bound--\r\n",
          "[n|]one.[n|]two\r\nlines\r\n.END");
    check("--bound\r\nX-A: b\r\ncontent-disposition: form-data; name=\"files\";\r\n filename=\"/a "
          "\\\"b\\\"\"\r\n\r\n\r\n--bound--",
          "[files|/a \"b\"].END");
    check("--bound\r\n\r\nno head\r\n--bound--", "[|]no head.END");
    check("--bound\r\nContent-Disposition: attachment; name=\"n\"; filename=\"f\"\r\n\r\n\r\n--bound--", "[|f].END");
    check("--bound\r\nContent-Disposition: ;;\r\n\r\n\r\n--bound--", "[|].END");
    check("--bound\r\nContent-Disposition: form-data; name=\"first\"\r\n" HEAD "\r\n--bound--", "[first|].END");
}

static void empty_content_without_its_line_end(void **state UNUSED) {
    check("--bound\r\n" HEAD "--bound\r\n" HEAD "x\r\n--bound--", "[n|].[n|]x.END");
}

static void preamble_and_epilogue(void **state UNUSED) {
    check("hello\r\n--boundary\r\n --bound\r\n--bound \t\r\n" HEAD "x\r\n--bound--\r\nbye\r\n--bound\r\n", "[n|]x.END");
    check("hello\n--bound\r\n" HEAD "x\r\n--bound--", "[n|]x.END");
    check("--bound--", "END");
    check("\r\n--bound--", "END");
    check("--bound x\r\n--bound--x\r\n--bound\r\n" HEAD "x\r\n--bound-- \t", "[n|]x.END");
}

static void near_boundaries_are_content(void **state UNUSED) {
    check("--bound\r\n" HEAD "\r\n--boun\r\n--bounds\r\n-\r\r\n\r\n--bound-x\n--bound\r\r\n--bound--",
          "[n|]\r\n--boun\r\n--bounds\r\n-\r\r\n\r\n--bound-x\n--bound\r.END");
    check("--bound\r\n" HEAD "--boundary\r\n--bound--", "[n|]--boundary.END");
}

static void bare_line_feeds(void **state UNUSED) {
    check("--bound\nContent-Disposition: form-data; name=n\n\nx\ny\n--bound--\n", "[n|]x\ny.END");
    check("--bound\nContent-Disposition: form-data; name=n\r\n\r\nx\r\n--bound--\n", "[n|]x\r.END");
    // All boundaries have the line end of the first one.
    check("--bound\n" HEAD "x\n--bound\r\n", "[n|]x.multipart: expecting a new Part; got line \"--bound\\r\\n\"");
    check("--bound\r\n" HEAD "x\r\n--bound\n", "[n|]x.multipart: expecting a new Part; got line \"--bound\\n\"");
    check("--bound\r\n" HEAD "x\r\n--bound--\n", "[n|]x.multipart: expecting a new Part; got line \"--bound--\\n\"");
}

static void ends_early(void **state UNUSED) {
    check("", "EOF");
    check("hello", "EOF");
    check("--bound", "EOF");
    check("--bound\r\nContent", "unexpected EOF");
    check("--bound\r\n" HEAD "text\r\n--bou", "[n|]textunexpected EOF");
    check("--bound\r\n" HEAD "text\r\n--bound", "[n|]textunexpected EOF");
    check("--bound\r\n" HEAD "text\r\n--bound-", "[n|]textunexpected EOF");
    check("--bound\r\n" HEAD "text\r\n--bound ", "[n|]text.unexpected EOF");
    check("--bound\r\n" HEAD "text\r\n--bound--\r", "[n|]text.unexpected EOF");
}

static void malformed(void **state UNUSED) {
    check("--bound\r\nno colon\r\n\r\nx", "malformed MIME header: missing colon: \"no colon\"");
    check("--bound\r\nA: b\r\n: x\r\n\r\nx", "malformed MIME header line: : x");
    check("--bound\r\n A: b\r\n\r\nx", "malformed MIME header initial line:  A: b");
    check("--bound\r\n" HEAD "x\r\n--bound\t y\r\n",
          "[n|]x.multipart: expecting a new Part; got line \"--bound\\t y\\r\\n\"");
    check("--bound\r\n" HEAD "x\r\n--bound--y\n", "[n|]x.multipart: expecting a new Part; got line \"--bound--y\\n\"");
}

static void long_heads_are_refused(void **state UNUSED) {
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&body, "--bound\r\n");
    for (size_t i = 0; i < MULTIPART_HEAD_LIMIT_BYTES / 8 + 1; i++)
        buffer_add_string(&body, "A: bbbb\n");
    check(buffer_text(&body), "part head is too long");
    buffer_clear(&body);
    buffer_add_string(&body, "--bound");
    for (size_t i = 0; i < 300; i++)
        buffer_add_char(&body, ' ');
    check(buffer_text(&body), "malformed boundary line");
}

static void add_file(struct buffer *body, const char *path) {
    const struct multipart_part part = {.name = "files", .filename = path, .content_type = "application/octet-stream"};
    multipart_add_head(body, "bound", &part);
}

static void written_parts_are_read(void **state UNUSED) {
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    const struct multipart_part request = {.name = "request", .content_type = "application/json", .is_first = true};
    multipart_add_head(&body, "bound", &request);
    buffer_add_string(&body, "{}");
    add_file(&body, "/a \"b\"\\c\xc3\xa9");
    buffer_add_string(&body, "\r\n--boun");
    add_file(&body, "/two\r\nlines %");
    multipart_add_end(&body, "bound");
    check(buffer_text(&body), "[request|]{}.[files|/a \"b\"\\c\xc3\xa9]\r\n--boun.[files|/two\r\nlines %].END");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(empty_content_without_its_line_end),
        cmocka_unit_test(preamble_and_epilogue),
        cmocka_unit_test(near_boundaries_are_content),
        cmocka_unit_test(bare_line_feeds),
        cmocka_unit_test(ends_early),
        cmocka_unit_test(malformed),
        cmocka_unit_test(long_heads_are_refused),
        cmocka_unit_test(written_parts_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
