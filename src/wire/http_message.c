// SPDX-License-Identifier: LGPL-3.0-or-later
#include "wire/http_message.h"

#include <stdlib.h>
#include <string.h>

#include "wire/http_reader_internal.h"

// Some clients send a line end behind the body of a POST; so many bytes of that are passed over.
#define STRAY_BLANKS_MAX 4

// Where in a line of the head the reader is, as far as an empty line is to be found.
enum line_phase { LINE_START, LINE_CR, LINE_WITHIN };

struct reader_outcome {
    enum http_event event;
    const char *data;
    size_t length;
};

void http_reader_init(struct http_reader *reader, enum http_reader_kind kind) {
    *reader = (struct http_reader){.kind = kind, .head_limit_bytes = HTTP_HEAD_LIMIT_BYTES, .state = HTTP_BETWEEN};
}

static void head_release(struct http_reader *reader) {
    free(reader->head.headers);
    reader->head = (struct http_head){0};
    buffer_finish(&reader->head_bytes);
}

void http_reader_finish(struct http_reader *reader) {
    head_release(reader);
    http_reader_init(reader, reader->kind);
}

bool http_reader_fail(struct http_reader *reader, int status, const char *reason) {
    reader->state = HTTP_REFUSED;
    reader->status = status;
    reader->reason = reason;
    return false;
}

static void input_take(struct http_input *input, size_t length) {
    input->at += length;
    input->left -= length;
}

// --- one function per state: true when *out is set, false when the state has moved on ---

static bool reader_outcome_set(struct reader_outcome *out, enum http_event event) {
    out->event = event;
    return true;
}

static bool between_read(struct http_reader *reader, struct http_input *input, struct reader_outcome *out) {
    while (reader->blanks_left > 0 && input->left > 0 && (*input->at == '\r' || *input->at == '\n')) {
        input_take(input, 1);
        reader->blanks_left--;
    }
    if (input->left == 0)
        return reader_outcome_set(out, HTTP_NEED_MORE);
    buffer_init(&reader->head_bytes, reader->head_limit_bytes);
    reader->line_count = 0;
    reader->phase = LINE_START;
    reader->has_checked_start = false;
    reader->state = HTTP_IN_HEAD;
    return false;
}

// How many of the bytes belong to the head; *is_complete if they end it. Every byte is looked at once.
static size_t head_scan(struct http_reader *reader, const char *text, size_t length, bool *is_complete) {
    size_t at = 0;
    *is_complete = false;
    while (at < length && !*is_complete) {
        if (reader->phase == LINE_WITHIN) {
            const char *newline = memchr(text + at, '\n', length - at);
            if (newline == NULL)
                return length;
            at = (size_t)(newline - text);
        }
        char c = text[at++];
        if (c == '\n') {
            reader->line_count++;
            *is_complete = reader->phase != LINE_WITHIN;
            reader->phase = LINE_START;
        } else {
            reader->phase = c == '\r' && reader->phase == LINE_START ? LINE_CR : LINE_WITHIN;
        }
    }
    return at;
}

static void body_begin(struct http_reader *reader) {
    const struct http_head *head = &reader->head;
    if (!head->has_body) {
        reader->state = HTTP_COMPLETE;
    } else if (head->is_chunked) {
        http_chunk_begin(reader);
    } else if (head->has_length) {
        reader->state = HTTP_IN_LENGTH;
        reader->remaining = head->length;
    } else {
        reader->state = HTTP_IN_REST;
    }
}

// A first line that is no good is refused at once: whoever talks another protocol will send no empty line.
static bool head_check_start(struct http_reader *reader) {
    if (reader->line_count == 0 || reader->has_checked_start)
        return true;
    reader->has_checked_start = true;
    return http_head_check_start(reader);
}

static bool head_read(struct http_reader *reader, struct http_input *input, struct reader_outcome *out) {
    if (input->left == 0)
        return reader_outcome_set(out, HTTP_NEED_MORE);
    size_t module = reader->head_limit_bytes - reader->head_bytes.length;
    bool is_complete;
    size_t length = head_scan(reader, input->at, input->left < module ? input->left : module, &is_complete);
    buffer_add(&reader->head_bytes, input->at, length);
    input_take(input, length);
    if (!buffer_is_whole(&reader->head_bytes))
        return http_reader_fail(reader, 431, http_status_text(431));
    if (is_complete) {
        if (!http_head_parse(reader))
            return false;
        body_begin(reader);
        return reader_outcome_set(out, HTTP_HEAD);
    }
    if (head_check_start(reader) && length == module)
        http_reader_fail(reader, 431, http_status_text(431));
    return false;
}

// A piece of a body or chunk of known length.
static bool length_read(struct http_reader *reader, struct http_input *input, struct reader_outcome *out) {
    if (reader->remaining == 0) {
        reader->state = reader->state == HTTP_IN_CHUNK ? HTTP_IN_CHUNK_END : HTTP_COMPLETE;
        return false;
    }
    if (input->left == 0)
        return reader_outcome_set(out, HTTP_NEED_MORE);
    size_t length = input->left < reader->remaining ? input->left : (size_t)reader->remaining;
    *out = (struct reader_outcome){HTTP_BODY, input->at, length};
    reader->remaining -= length;
    input_take(input, length);
    return true;
}

static bool rest_read(struct http_input *input, struct reader_outcome *out) {
    *out = (struct reader_outcome){input->left > 0 ? HTTP_BODY : HTTP_NEED_MORE, input->at, input->left};
    input_take(input, input->left);
    return true;
}

static bool complete_read(struct http_reader *reader, struct reader_outcome *out) {
    bool is_post = reader->kind == HTTP_READ_REQUEST && text_equal(reader->head.method, "POST");
    reader->blanks_left = is_post ? STRAY_BLANKS_MAX : 0;
    reader->state = HTTP_BETWEEN;
    head_release(reader);
    return reader_outcome_set(out, HTTP_END);
}

static bool refused_read(struct http_reader *reader, struct reader_outcome *out) {
    head_release(reader);
    return reader_outcome_set(out, HTTP_FAILED);
}

// Of the parts of a chunked body that are not data: more is wanted unless they are done with, or fail.
static bool chunk_part_read(struct http_reader *reader, struct http_input *input, struct reader_outcome *out) {
    bool is_done;
    switch ((enum http_reader_state)reader->state) {
    case HTTP_IN_CHUNK_LINE:
        is_done = http_chunk_read_line(reader, input);
        break;
    case HTTP_IN_CHUNK_END:
        is_done = http_chunk_read_end(reader, input);
        break;
    default:
        is_done = http_chunk_read_trailer(reader, input);
        break;
    }
    return !is_done && reader->state != HTTP_REFUSED && reader_outcome_set(out, HTTP_NEED_MORE);
}

static bool state_read(struct http_reader *reader, struct http_input *input, struct reader_outcome *out) {
    switch ((enum http_reader_state)reader->state) {
    case HTTP_BETWEEN:
        return between_read(reader, input, out);
    case HTTP_IN_HEAD:
        return head_read(reader, input, out);
    case HTTP_IN_LENGTH:
    case HTTP_IN_CHUNK:
        return length_read(reader, input, out);
    case HTTP_IN_REST:
        return rest_read(input, out);
    case HTTP_IN_CHUNK_LINE:
    case HTTP_IN_CHUNK_END:
    case HTTP_IN_TRAILER:
        return chunk_part_read(reader, input, out);
    case HTTP_COMPLETE:
        return complete_read(reader, out);
    case HTTP_REFUSED:
        break;
    }
    return refused_read(reader, out);
}

enum http_event http_reader_next(struct http_reader *reader, const char **input, size_t *length, const char **data,
                                 size_t *data_length) {
    struct http_input rest = {*input, *length};
    struct reader_outcome out = {.event = HTTP_FAILED};
    while (!state_read(reader, &rest, &out)) {
    }
    *input = rest.at;
    *length = rest.left;
    *data = out.data;
    *data_length = out.length;
    return out.event;
}

const struct http_head *http_reader_head(const struct http_reader *reader) {
    return &reader->head;
}

void http_reader_take_head(struct http_reader *reader, struct http_taken_head *taken) {
    // What follows a message depends on its method.
    const char *method = text_equal(reader->head.method, "POST") ? "POST" : NULL;
    *taken = (struct http_taken_head){.head = reader->head, .bytes = reader->head_bytes};
    reader->head = (struct http_head){.method = method};
    buffer_init(&reader->head_bytes, reader->head_limit_bytes);
}

void http_taken_head_finish(struct http_taken_head *taken) {
    free(taken->head.headers);
    buffer_finish(&taken->bytes);
    taken->head = (struct http_head){0};
}

void http_reader_skip_body(struct http_reader *reader) {
    reader->head.has_body = false;
    reader->state = HTTP_COMPLETE;
}

bool http_reader_end(struct http_reader *reader) {
    if (reader->state == HTTP_IN_REST)
        reader->state = HTTP_COMPLETE;
    bool is_all_read = reader->state == HTTP_IN_LENGTH && reader->remaining == 0;
    return reader->state == HTTP_BETWEEN || reader->state == HTTP_COMPLETE || is_all_read;
}

bool http_reader_is_idle(const struct http_reader *reader) {
    return reader->state == HTTP_BETWEEN;
}

int http_reader_status(const struct http_reader *reader) {
    return reader->status;
}

const char *http_reader_reason(const struct http_reader *reader) {
    return reader->reason != NULL ? reader->reason : "";
}
