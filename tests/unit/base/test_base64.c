// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/base64.h"

static void round_trip(const char *plain, size_t length, const char *encoded) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    base64_encode(&out, plain, length);
    assert_string_equal(buffer_text(&out), encoded);
    AUTO_BUFFER struct buffer back = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(base64_decode(&back, encoded, strlen(encoded)));
    assert_int_equal(back.length, length);
    assert_memory_equal(buffer_text(&back), plain, length);
}

static void both_ways(void **state UNUSED) {
    // RFC 4648 section 10.
    round_trip("", 0, "");
    round_trip("f", 1, "Zg==");
    round_trip("fo", 2, "Zm8=");
    round_trip("foo", 3, "Zm9v");
    round_trip("foob", 4, "Zm9vYg==");
    round_trip("fooba", 5, "Zm9vYmE=");
    round_trip("foobar", 6, "Zm9vYmFy");
    round_trip("\x00\xff\xfe\xfb\xef\xbe", 6, "AP/+++++");
}

static void line_ends_are_skipped(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    const char text[] = "Zm9v\r\nYm\nFy\n";
    assert_true(base64_decode(&out, text, strlen(text)));
    assert_string_equal(buffer_text(&out), "foobar");
}

static void malformed_is_refused(void **state UNUSED) {
    static const char *const texts[] = {
        "Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zm8=Zm8=", "Zg=a", "Zm 9v", "Zm9-"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
        if (base64_decode(&out, texts[i], strlen(texts[i])))
            fail_msg("accepted: %s", texts[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(line_ends_are_skipped),
        cmocka_unit_test(malformed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
