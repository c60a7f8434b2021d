// SPDX-License-Identifier: GPL-3.0-or-later
// A value that is read, written and read again is the same.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true) {
    if (!is_true)
        abort();
}

// A whole real number is written without a point, so what is compared is what is written.
static void check_written(const json_t *value, bool html) {
    AUTO_BUFFER struct buffer first = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_BUFFER struct buffer second = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &first, html);
    json_writer_value(&writer, value);
    AUTO_JSON json_t *again = NULL;
    check(json_read_whole(buffer_text(&first), first.length, &again, NULL));
    json_writer_init(&writer, &second, html);
    json_writer_value(&writer, again);
    check(utf8_is_valid(buffer_text(&first), first.length));
    // A negative zero that was real becomes a whole zero.
    check(strstr(buffer_text(&first), "-0") != NULL || text_equal(buffer_text(&first), buffer_text(&second)));
}

static void read_fields(const json_t *value) {
    const char *text = NULL;
    bool flag = false;
    int64_t number = 0;
    AUTO_TEXT_LIST struct text_list list = {0};
    (void)json_get_string(value, "fuzz.target", "a", &text, NULL);
    (void)json_get_bool(value, "fuzz.target", "a", &flag, NULL);
    (void)json_get_int(value, "fuzz.target", "a", &number, NULL);
    (void)json_get_strings(value, "fuzz.target", "a", &list, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // A copy of the very size, so that a step beyond its end is noticed.
    AUTO_FREE char *text = memory_copy(data, size);
    AUTO_JSON json_t *value = NULL;
    AUTO_JSON json_t *whole = NULL;
    AUTO_ERROR struct error err = {0};
    bool is_read = json_read(text, size, &value, &err);
    check(is_read == (value != NULL) && is_read != error_is_set(&err));
    check(is_read || !json_read_whole(text, size, &whole, NULL));
    if (is_read) {
        check_written(value, false);
        check_written(value, true);
        check(json_member_length(text, size, "a") <= size);
        if (json_is_object_or_null(value, "fuzz.target", NULL))
            read_fields(value);
    }
    return 0;
}
