// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/recorder_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define STATUS_SWITCHING_PROTOCOLS 101
#define STATUS_OK 200

void testing_recorder_init(struct testing_recorder *recorder, struct testing_records *records) {
    *recorder = (struct testing_recorder){.records = records};
    http_reader_init(&recorder->requests, HTTP_READ_REQUEST);
    http_reader_init(&recorder->responses, HTTP_READ_RESPONSE);
}

void testing_recorder_finish(struct testing_recorder *recorder) {
    http_reader_finish(&recorder->requests);
    http_reader_finish(&recorder->responses);
    free(recorder->pending);
    *recorder = (struct testing_recorder){.is_over = true};
}

// --- requests ---

static void begin_request(struct testing_recorder *recorder) {
    const struct http_head *head = http_reader_head(&recorder->requests);
    if (recorder->pending_count == TESTING_PIPELINE_MAX) {
        recorder->is_over = true;
        return;
    }
    recorder->current = testing_records_add(recorder->records, head->method, head->target);
    recorder->pending = memory_grow(recorder->pending, &recorder->pending_capacity, recorder->pending_count + 1,
                                    sizeof *recorder->pending);
    recorder->pending[recorder->pending_count++] =
        (struct testing_pending){.number = recorder->current, .is_head = text_equal(head->method, "HEAD")};
}

void testing_recorder_add_request(struct testing_recorder *recorder, const char *bytes, size_t length) {
    while (!recorder->is_over) {
        const char *data;
        size_t data_length;
        switch (http_reader_next(&recorder->requests, &bytes, &length, &data, &data_length)) {
        case HTTP_NEED_MORE:
            return;
        case HTTP_HEAD:
            begin_request(recorder);
            break;
        case HTTP_BODY:
            testing_records_add_body(recorder->records, recorder->current, data, data_length);
            break;
        case HTTP_END:
            break;
        case HTTP_FAILED:
            // The daemon responds to it, and then closes the connection.
            recorder->is_over = recorder->pending_count == 0;
            return;
        }
    }
}

// --- responses ---

static bool has_no_body(int status, bool is_to_head) {
    return is_to_head || status < STATUS_OK || status == 204 || status == 304;
}

static void take_pending(struct testing_recorder *recorder) {
    recorder->pending_count--;
    memmove(recorder->pending, recorder->pending + 1, recorder->pending_count * sizeof *recorder->pending);
}

static void begin_response(struct testing_recorder *recorder) {
    int status = http_reader_head(&recorder->responses)->status;
    if (recorder->pending_count == 0) {
        recorder->is_over = true; // not the response to anything that was seen
        return;
    }
    struct testing_pending pending = recorder->pending[0];
    if (has_no_body(status, pending.is_head))
        http_reader_skip_body(&recorder->responses);
    if (status < STATUS_OK && status != STATUS_SWITCHING_PROTOCOLS)
        return; // the final one follows
    testing_records_set_status(recorder->records, pending.number, status);
    take_pending(recorder);
    recorder->is_over = status == STATUS_SWITCHING_PROTOCOLS;
}

void testing_recorder_add_response(struct testing_recorder *recorder, const char *bytes, size_t length) {
    while (!recorder->is_over) {
        const char *data;
        size_t data_length;
        switch (http_reader_next(&recorder->responses, &bytes, &length, &data, &data_length)) {
        case HTTP_NEED_MORE:
            return;
        case HTTP_HEAD:
            begin_response(recorder);
            break;
        case HTTP_BODY:
        case HTTP_END:
            break;
        case HTTP_FAILED:
            recorder->is_over = true;
            return;
        }
    }
}
