// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/http_message.h"

static void texts(void **state UNUSED) {
    assert_string_equal(http_status_text(200), "OK");
    assert_string_equal(http_status_text(431), "Request Header Fields Too Large");
    assert_string_equal(http_status_text(299), "");
}

static void chunks(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    http_add_chunk(&out, "0123456789abcdef", 16);
    http_add_chunk(&out, "", 0);
    http_add_chunk(&out, "a\0b", 3);
    http_add_last_chunk(&out);
    static const char expected[] = "10\r\n0123456789abcdef\r\n3\r\na\0b\r\n0\r\n\r\n";
    assert_int_equal(out.length, sizeof expected - 1);
    assert_memory_equal(out.data, expected, out.length);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(chunks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
