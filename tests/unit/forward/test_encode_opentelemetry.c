// SPDX-License-Identifier: GPL-3.0-or-later
#include "encoder_fixture.h"

static void resources_have_attributes_and_records(void **state UNUSED) {
    struct labelled finch;
    struct labelled lark;
    labelled_init(&finch, "finch");
    labelled_init(&lark, "lark");
    labelled_add(&finch, "band", "7");
    labelled_add(&finch, "zone", "north");
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    const struct encoder *encoder = &opentelemetry_encoder;
    encoder->begin(&out);
    encoder->begin_stream(&out, &finch.stream);
    add_line(encoder, &out, &finch, "chip");
    encoder->end_stream(&out);
    encoder->begin_stream(&out, &lark.stream);
    add_line(encoder, &out, &lark, "tirra\t");
    add_line(encoder, &out, &lark, "lirra");
    encoder->end_stream(&out);
    encoder->end(&out);
    assert_string_equal(
        buffer_text(&out),
        "{\"resourceLogs\":["
        "{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"finch\"}},"
        "{\"key\":\"band\",\"value\":{\"stringValue\":\"7\"}},{\"key\":\"zone\",\"value\":{\"stringValue\":\"north\"}}]"
        "},"
        "\"scopeLogs\":[{\"scope\":{\"name\":\"pebble\"},\"logRecords\":["
        "{\"timeUnixNano\":\"1767323045678000000\",\"body\":{\"stringValue\":\"chip\"}}]}]},"
        "{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"lark\"}}]},"
        "\"scopeLogs\":[{\"scope\":{\"name\":\"pebble\"},\"logRecords\":["
        "{\"timeUnixNano\":\"1767323045678000000\",\"body\":{\"stringValue\":\"tirra\\t\"}},"
        "{\"timeUnixNano\":\"1767323045678000000\",\"body\":{\"stringValue\":\"lirra\"}}]}]}]}");
    labelled_finish(&finch);
    labelled_finish(&lark);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(resources_have_attributes_and_records)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
