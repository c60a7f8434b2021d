// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: recognizes the requests and responses in the bytes of one connection, without I/O. It never
// changes or delays bytes. What it does not understand ends the recording of the connection.
#pragma once

#include "testing/records_internal.h"
#include "wire/http_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TESTING_PIPELINE_MAX ((size_t)1024) // requests without a response; beyond, the recording ends

struct testing_pending {
    uint64_t number;
    bool is_head; // HEAD: its response has no body
};

struct testing_recorder {
    struct testing_records *records; // borrowed
    struct http_reader requests;
    struct http_reader responses;
    struct testing_pending *pending; // requests without a final response, the oldest first; owned
    size_t pending_count, pending_capacity;
    uint64_t current; // the request whose body comes
    bool is_over;     // nothing more is recorded
};

void testing_recorder_init(struct testing_recorder *recorder, struct testing_records *records);
void testing_recorder_finish(struct testing_recorder *recorder);
// Bytes in the order in which they come, before they are passed on.
void testing_recorder_add_request(struct testing_recorder *recorder, const char *bytes, size_t length);
void testing_recorder_add_response(struct testing_recorder *recorder, const char *bytes, size_t length);
