// SPDX-License-Identifier: GPL-3.0-or-later
// Both directions of a connection through the relay. The input consists of pieces: a byte with the direction (its
// highest bit) and the length, then as many bytes. What is recorded must not depend on how the bytes are split.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "testing/recorder_internal.h"

#define DIRECTION 0x80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct testing_recorder *recorder, bool is_response, const char *bytes, size_t length) {
    AUTO_FREE char *piece = memory_copy(bytes, length); // so that reading beyond it is noticed
    if (is_response)
        testing_recorder_add_response(recorder, piece, length);
    else
        testing_recorder_add_request(recorder, piece, length);
}

static void feed(struct testing_recorder *recorder, const uint8_t *data, size_t size, bool is_split) {
    while (size > 0) {
        bool is_response = (data[0] & DIRECTION) != 0;
        size_t length = data[0] & (DIRECTION - 1);
        data++;
        size--;
        if (length > size)
            length = size;
        for (size_t i = 0; is_split && i < length; i++)
            add(recorder, is_response, (const char *)data + i, 1);
        if (!is_split)
            add(recorder, is_response, (const char *)data, length);
        data += length;
        size -= length;
    }
}

static void describe(struct testing_records *records, struct buffer *out) {
    size_t count = testing_records_count(records);
    for (size_t i = 0; i < count; i++) {
        size_t length;
        struct pebble_test_request *request = testing_records_at(records, i);
        const char *body = pebble_test_request_body(request, &length);
        if (body[length] != '\0')
            abort();
        buffer_printf(out, "%s %s %d ", pebble_test_request_method(request),
                      pebble_test_request_path_and_query(request), pebble_test_request_status(request));
        buffer_add(out, body, length);
        pebble_test_request_destroy(request);
    }
}

static void record(const uint8_t *data, size_t size, bool is_split, struct buffer *out) {
    struct testing_recorder recorder;
    struct testing_records *records = testing_records_create();
    testing_recorder_init(&recorder, records);
    feed(&recorder, data, size, is_split);
    if (recorder.pending_count > TESTING_PIPELINE_MAX)
        abort();
    describe(records, out);
    testing_recorder_finish(&recorder);
    testing_records_destroy(records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_BUFFER struct buffer whole = BUFFER_INIT(BUFFER_NO_LIMIT), split = BUFFER_INIT(BUFFER_NO_LIMIT);
    record(data, size, false, &whole);
    record(data, size, true, &split);
    if (whole.length != split.length || memcmp(buffer_text(&whole), buffer_text(&split), whole.length) != 0)
        abort();
    return 0;
}
