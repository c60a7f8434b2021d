// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: the head of a response. All heads that the server sends are written here.
#pragma once

#include "base/buffer.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum response_framing {
    FRAMING_NONE, // no body, or one that the end of the connection ends
    FRAMING_LENGTH,
    FRAMING_CHUNKED,
};

// The parts in the order in which they are written. A part that is NULL is left out.
struct response_head {
    bool is_http_1_0;
    int status;
    const char *content_type;
    const char *upgrade; // the protocol to which the connection changes
    const char *fields;  // lines that come before the date
    const char *date;
    const char *connection;
    const struct buffer *headers; // lines
    enum response_framing framing;
    size_t length; // of the body, for FRAMING_LENGTH
};
// Adds the head, with the empty line that ends it.
void response_head_add(const struct response_head *head, struct buffer *out);

// The text of the current second; zeroed initially.
struct response_date {
    int64_t second;
    char text[CLOCK_TEXT_SIZE];
};
const char *response_date_now(struct response_date *date); // valid until the next call
