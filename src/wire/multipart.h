// SPDX-License-Identifier: LGPL-3.0-or-later
// Bodies of type multipart/form-data (RFC 7578): a reader that takes bytes and returns events, and a writer of what
// stands between the contents. Without I/O.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define MULTIPART_HEAD_LIMIT_BYTES ((size_t)65536)

enum multipart_event {
    MULTIPART_NEED_MORE, // all input was consumed; more is needed
    MULTIPART_PART,      // the head of a part is complete: `name`, `filename`
    MULTIPART_DATA,      // a piece of its content
    MULTIPART_PART_END,
    MULTIPART_END,    // the last boundary was read; what follows is ignored
    MULTIPART_FAILED, // see multipart_reader_reason(); no more can be read
};

struct multipart_reader {
    char *name;     // of the part: the parameter "name" of Content-Disposition; "" if it has none
    char *filename; // its parameter "filename"; "" if it has none
    // private
    char *text;            // CR LF, "--", boundary, "-"
    const char *delimiter; // in the text: from CR on, or from LF on
    size_t delimiter_length;
    size_t matched; // bytes of the delimiter that have been read
    size_t implied; // the first bytes of these were not in the input
    bool is_in_part;
    bool has_parts;
    struct buffer head;
    struct buffer line; // behind a delimiter
    int state;
    const char *reason;
    char *unexpected; // the reason, if it is a line
};
// `boundary` is copied.
void multipart_reader_init(struct multipart_reader *reader, const char *boundary);
void multipart_reader_finish(struct multipart_reader *reader);
// Consumes bytes from *input up to the next event; advances *input and reduces *length. `data`: points into the input
// or the reader, until the next call.
enum multipart_event multipart_reader_next(struct multipart_reader *reader, const char **input, size_t *length,
                                           const char **data, size_t *data_length);
// Call when the input has ended. NULL after MULTIPART_END, or if only the end of the last boundary's line is missing;
// otherwise "EOF" before the first part, "unexpected EOF"
// later.
const char *multipart_reader_end(const struct multipart_reader *reader);
const char *multipart_reader_reason(const struct multipart_reader *reader); // after MULTIPART_FAILED

struct multipart_part {
    const char *name;
    const char *filename; // NULL: none
    const char *content_type;
    bool is_first; // of the body
};
// Adds the head of a part, with the boundary before it.
void multipart_add_head(struct buffer *out, const char *boundary, const struct multipart_part *part);
void multipart_add_end(struct buffer *out, const char *boundary); // after the last part
