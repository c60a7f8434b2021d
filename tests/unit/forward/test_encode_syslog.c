// SPDX-License-Identifier: GPL-3.0-or-later
#include "encoder_fixture.h"

#include <stdlib.h>

static void messages_are_counted(void **state UNUSED) {
    struct labelled lark;
    labelled_init(&lark, "lark");
    labelled_add(&lark, "band",
                 "a\\b\"c]d gr\xc3\xb6\xc3\x9f"
                 "e");
    labelled_add(&lark, "zo=ne", "north");
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_line(&syslog_encoder, &out, &lark, "  tirra ");
    add_line(&syslog_encoder, &out, &lark, "");
    static const char head[] =
        "<13>1 2026-01-02T03:04:05.678Z host.example lark - - [pebble@28978 band=\"a\\\\b\\\"c\\]d gr\xc3\xb6\xc3\x9f"
        "e\" zo_ne=\"north\"] ";
    AUTO_FREE char *expected =
        memory_printf("%zu %s  tirra %zu %s", strlen(head) + strlen("  tirra "), head, strlen(head), head);
    assert_string_equal(buffer_text(&out), expected);
    labelled_finish(&lark);
}

static void names_cannot_forge_fields(void **state UNUSED) {
    struct labelled forger;
    labelled_init(&forger, "a b\n<1>");
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_line(&syslog_datagram_encoder, &out, &forger, "x");
    assert_string_equal(buffer_text(&out), "<13>1 2026-01-02T03:04:05.678Z host.example a_b_<1> - - [pebble@28978] x");
    labelled_finish(&forger);
}

// Encodes `count` times the text, and returns its length without the head.
static size_t datagram_text(const char *text, size_t count, struct buffer *out) {
    AUTO_BUFFER struct buffer message = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct labelled lark;
    labelled_init(&lark, "lark");
    for (size_t i = 0; i < count; i++)
        buffer_add_string(&message, text);
    buffer_clear(out);
    add_line(&syslog_datagram_encoder, out, &lark, buffer_text(&message));
    labelled_finish(&lark);
    return strlen(strstr(buffer_text(out), "] ") + 2);
}

static void long_datagrams_are_cut(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_int_equal(datagram_text("x", 4000, &out), 4000);
    assert_true(text_has_suffix(buffer_text(&out), "xxxx"));
    assert_int_equal(datagram_text("y", 4001, &out), 4000);
    assert_true(text_has_suffix(buffer_text(&out), "yy..."));
    // 3997 bytes end inside the last character.
    assert_int_equal(datagram_text("\xc3\xb6", 2001, &out), 3996 + 3);
    assert_true(text_has_suffix(buffer_text(&out), "\xc3\xb6..."));
    assert_true(utf8_is_valid(out.data, out.length));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_counted),
        cmocka_unit_test(names_cannot_forge_fields),
        cmocka_unit_test(long_datagrams_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
