// SPDX-License-Identifier: LGPL-3.0-or-later
#include "wire/multipart.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "wire/media_type.h"

#define LINE_LIMIT_BYTES ((size_t)256) // behind a boundary

// SEARCHING -> AFTER_DELIMITER -> IN_HEAD -> SEARCHING … -> ENDED. REFUSED can follow any state.
enum reader_state {
    SEARCHING,       // for a delimiter: in the content of a part, or before the first one
    AFTER_DELIMITER, // in its line
    IN_HEAD,
    ENDED,
    REFUSED,
};

static void search(struct multipart_reader *reader, bool is_in_part) {
    reader->state = SEARCHING;
    reader->is_in_part = is_in_part;
    // The line end before a delimiter may be that of the line before.
    reader->implied = reader->matched = strcspn(reader->delimiter, "-");
}

void multipart_reader_init(struct multipart_reader *reader, const char *boundary) {
    *reader = (struct multipart_reader){.line = BUFFER_INIT(LINE_LIMIT_BYTES),
                                        .head = BUFFER_INIT(MULTIPART_HEAD_LIMIT_BYTES)};
    reader->text = memory_printf("\r\n--%s-", boundary);
    reader->name = memory_string("");
    reader->filename = memory_string("");
    reader->delimiter = reader->text + 1; // until the line end of the first boundary is known
    reader->delimiter_length = strlen(reader->delimiter) - 1;
    search(reader, false);
}

void multipart_reader_finish(struct multipart_reader *reader) {
    free(reader->text);
    free(reader->name);
    free(reader->filename);
    free(reader->unexpected);
    buffer_finish(&reader->line);
    buffer_finish(&reader->head);
}

const char *multipart_reader_reason(const struct multipart_reader *reader) {
    return reader->reason;
}

static enum multipart_event fail(struct multipart_reader *reader, const char *reason) {
    reader->reason = reason;
    reader->state = REFUSED;
    return MULTIPART_FAILED;
}

// The reason, and the line that begins at `line`.
static enum multipart_event fail_at(struct multipart_reader *reader, const char *reason, const char *line) {
    free(reader->unexpected);
    reader->unexpected = memory_printf("%s%.*s", reason, (int)strcspn(line, "\n"), line);
    return fail(reader, reader->unexpected);
}

static enum multipart_event fail_colon(struct multipart_reader *reader, const char *line) {
    AUTO_FREE char *quoted = text_quoted(line);
    return fail_at(reader, "malformed MIME header: missing colon: ", quoted);
}

struct input {
    const char *at;
    size_t left;
    const char *data;
    size_t data_length;
};

static void skip(struct input *input, size_t count) {
    input->at += count;
    input->left -= count;
}

// --- the head of a part ---

static void set_names(struct multipart_reader *reader, const char *disposition) {
    AUTO_MEDIA_TYPE struct media_type parsed = {0};
    bool is_known = media_type_parse(disposition, &parsed);
    const char *name = is_known && text_equal(parsed.type, "form-data") ? media_type_get(&parsed, "name") : NULL;
    const char *filename = is_known ? media_type_get(&parsed, "filename") : NULL;
    free(reader->name);
    free(reader->filename);
    reader->name = memory_string(name != NULL ? name : "");
    reader->filename = memory_string(filename != NULL ? filename : "");
}

// Joins lines that begin with a blank to the line before.
static void unfold(char *head) {
    for (char *c = strchr(head, '\n'); c != NULL; c = strchr(c + 1, '\n')) {
        if (c[1] == ' ' || c[1] == '\t')
            *c = ' ';
    }
}

static enum multipart_event finish_head(struct multipart_reader *reader) {
    const char *disposition = NULL;
    AUTO_FREE char *lines = buffer_take(&reader->head);
    char *rest = NULL;
    if (lines[0] == ' ' || lines[0] == '\t')
        return fail_at(reader, "malformed MIME header initial line: ", lines);
    unfold(lines);
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *colon = strchr(line, ':');
        if (colon == NULL)
            return fail_colon(reader, line);
        if (colon == line)
            return fail_at(reader, "malformed MIME header line: ", line);
        *colon = '\0';
        if (disposition == NULL && text_equal_nocase(line, "Content-Disposition"))
            disposition = colon + 1;
    }
    set_names(reader, disposition != NULL ? disposition : "");
    search(reader, true);
    return MULTIPART_PART;
}

// Lines are kept with a line feed at their end.
static enum multipart_event read_head(struct multipart_reader *reader, struct input *input) {
    while (input->left > 0) {
        char c = *input->at;
        skip(input, 1);
        if (c == '\0')
            return fail(reader, "malformed MIME header line");
        buffer_add_char(&reader->head, c);
        if (!buffer_is_whole(&reader->head))
            return fail(reader, "part head is too long");
        if (c != '\n')
            continue;
        size_t length = reader->head.length;
        if (length >= 2 && reader->head.data[length - 2] == '\r') {
            buffer_truncate(&reader->head, length - 2);
            buffer_add_char(&reader->head, '\n');
            length--;
        }
        if (length == 1 || reader->head.data[length - 2] == '\n')
            return finish_head(reader);
    }
    return MULTIPART_NEED_MORE;
}

// --- the content ---

// Finds the delimiter, or its beginning at the end of the input. Returns the length before it.
static size_t find_delimiter(const struct multipart_reader *reader, const struct input *input) {
    const char *end = input->at + input->left;
    for (const char *at = input->at; at < end; at++) {
        at = memchr(at, reader->delimiter[0], (size_t)(end - at));
        if (at == NULL)
            break;
        size_t length = (size_t)(end - at) < reader->delimiter_length ? (size_t)(end - at) : reader->delimiter_length;
        if (memcmp(at, reader->delimiter, length) == 0)
            return (size_t)(at - input->at);
    }
    return input->left;
}

// What was taken for a delimiter is content: the bytes that matched, and `more` behind them, which are in reader->text
// as well. Returns whether these are any to report.
static bool give_back(struct multipart_reader *reader, struct input *input, size_t more) {
    input->data = reader->delimiter + reader->implied;
    input->data_length = reader->matched - reader->implied + more;
    reader->matched = reader->implied = 0;
    reader->state = SEARCHING;
    return reader->is_in_part && input->data_length > 0;
}

// Goes on with a delimiter that has begun. Returns whether there is content.
static bool match_delimiter(struct multipart_reader *reader, struct input *input) {
    while (input->left > 0 && *input->at == reader->delimiter[reader->matched]) {
        skip(input, 1);
        if (++reader->matched < reader->delimiter_length)
            continue;
        reader->state = AFTER_DELIMITER;
        buffer_clear(&reader->line);
        return false;
    }
    return input->left > 0 && give_back(reader, input, 0);
}

static enum multipart_event search_on(struct multipart_reader *reader, struct input *input) {
    if (reader->matched > 0)
        return match_delimiter(reader, input) ? MULTIPART_DATA : MULTIPART_NEED_MORE;
    size_t length = find_delimiter(reader, input);
    input->data = input->at;
    input->data_length = length;
    skip(input, length);
    if (length > 0)
        return reader->is_in_part ? MULTIPART_DATA : MULTIPART_NEED_MORE;
    return match_delimiter(reader, input) ? MULTIPART_DATA : MULTIPART_NEED_MORE;
}

// --- the line of a boundary ---

#define LAST_MARK "--" // behind the last boundary

static bool is_last(const struct multipart_reader *reader) {
    return text_has_prefix(buffer_text(&reader->line), LAST_MARK);
}

// What stands in the line behind the boundary and its mark.
static const char *line_rest(const struct multipart_reader *reader) {
    const char *line = buffer_text(&reader->line);
    line += is_last(reader) ? strlen(LAST_MARK) : 0;
    return line + strspn(line, " \t");
}

static enum multipart_event fail_line(struct multipart_reader *reader) {
    AUTO_FREE char *line =
        memory_printf("%.*s%s\n", (int)(strlen(reader->text) - 3), reader->text + 2, buffer_text(&reader->line));
    AUTO_FREE char *quoted = text_quoted(line);
    return fail_at(reader, "multipart: expecting a new Part; got line ", quoted);
}

// The line of the reader is complete. All have the line end of the first boundary. Before that one, a line with
// something else in it is one of the preamble.
static enum multipart_event finish_line(struct multipart_reader *reader) {
    const char *rest = line_rest(reader);
    bool has_cr = strcmp(rest, "\r") == 0;
    bool is_blank = has_cr || rest[0] == '\0';
    bool has_line_end = !reader->has_parts || has_cr == (reader->delimiter == reader->text);
    if (!is_blank || !has_line_end) {
        if (reader->has_parts)
            return fail_line(reader);
        search(reader, false);
    } else if (is_last(reader)) {
        reader->state = ENDED;
    } else {
        if (!reader->has_parts && has_cr) {
            reader->delimiter = reader->text;
            reader->delimiter_length++;
        }
        reader->has_parts = true;
        buffer_clear(&reader->head);
        reader->state = IN_HEAD;
    }
    return MULTIPART_NEED_MORE;
}

// `c` follows the delimiter and what was read behind it. Whether these are the line of a boundary is known from the
// first character on, or from the second dash.
static enum multipart_event read_line(struct multipart_reader *reader, struct input *input) {
    while (input->left > 0) {
        char c = *input->at;
        bool is_second_dash = reader->line.length == 1 && reader->line.data[0] == '-';
        if (reader->line.length == 0 && (c == '\0' || strchr("- \t\r\n", c) == NULL))
            return give_back(reader, input, 0) ? MULTIPART_DATA : MULTIPART_NEED_MORE;
        if (is_second_dash && c != '-')
            return give_back(reader, input, 1) ? MULTIPART_DATA : MULTIPART_NEED_MORE;
        if (reader->is_in_part && (reader->line.length > 0 || c != '-')) {
            reader->is_in_part = false;
            return MULTIPART_PART_END;
        }
        skip(input, 1);
        if (c == '\n')
            return finish_line(reader);
        buffer_add_char(&reader->line, c);
        if (c == '\0' || !buffer_is_whole(&reader->line))
            return fail(reader, "malformed boundary line");
    }
    return MULTIPART_NEED_MORE;
}

// --- the reader ---

// The line of the last boundary may have no end.
const char *multipart_reader_end(const struct multipart_reader *reader) {
    bool ends_here = reader->state == AFTER_DELIMITER && is_last(reader) && line_rest(reader)[0] == '\0';
    if (reader->state == ENDED || ends_here)
        return NULL;
    return reader->has_parts ? "unexpected EOF" : "EOF";
}

enum multipart_event multipart_reader_next(struct multipart_reader *reader, const char **bytes, size_t *length,
                                           const char **data, size_t *data_length) {
    struct input input = {.at = *bytes, .left = *length};
    enum multipart_event event = MULTIPART_NEED_MORE;
    do {
        switch ((enum reader_state)reader->state) {
        case SEARCHING:
            event = search_on(reader, &input);
            break;
        case AFTER_DELIMITER:
            event = read_line(reader, &input);
            break;
        case IN_HEAD:
            event = read_head(reader, &input);
            break;
        case ENDED:
            event = MULTIPART_END;
            break;
        case REFUSED:
            event = MULTIPART_FAILED;
            break;
        }
    } while (event == MULTIPART_NEED_MORE && (input.left > 0 || reader->state == ENDED));
    *bytes = input.at;
    *length = input.left;
    *data = input.data;
    *data_length = input.data_length;
    return event;
}

// --- writing ---

static bool has_control_character(const char *text) {
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    }
    return false;
}

static void add_percent_encoded(struct buffer *out, const char *text) {
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text != '\0'; text++)
        buffer_printf(out, strchr(kept, *text) != NULL ? "%c" : "%%%02X", (unsigned char)*text);
}

static void add_quoted(struct buffer *out, const char *text) {
    buffer_add_char(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buffer_add_char(out, '\\');
        buffer_add_char(out, *text);
    }
    buffer_add_char(out, '"');
}

void multipart_add_head(struct buffer *out, const char *boundary, const struct multipart_part *part) {
    const char *filename = part->filename;
    buffer_printf(out, "%s--%s\r\nContent-Disposition: form-data; name=", part->is_first ? "" : "\r\n", boundary);
    add_quoted(out, part->name);
    // RFC 5987: a line feed would end the header.
    if (filename != NULL && has_control_character(filename)) {
        buffer_add_string(out, "; filename*=UTF-8''");
        add_percent_encoded(out, filename);
    } else if (filename != NULL) {
        buffer_add_string(out, "; filename=");
        add_quoted(out, filename);
    }
    buffer_printf(out, "\r\nContent-Type: %s\r\n\r\n", part->content_type);
}

void multipart_add_end(struct buffer *out, const char *boundary) {
    buffer_printf(out, "\r\n--%s--\r\n", boundary);
}
