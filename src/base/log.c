// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define USUAL_LINE_BYTES 512

static void write_to_stderr(void *data, const char *line, size_t length);

#define LOG_MESSAGE_BYTES_MAX ((size_t)65536)
#define LOG_SECURITY_TEXT_BYTES_MAX ((size_t)8192) // of an event, and of its description
#define UTF8_BYTES_MAX 4
#define ELLIPSIS "\xe2\x80\xa6"

static log_sink_fn current_sink = write_to_stderr;
static log_sink_fn request_sink; // NULL: `current_sink`
static void *current_data;
static bool is_debug;

static void write_to_stderr(void *data UNUSED, const char *line, size_t length) {
    // A failure cannot be reported anywhere.
    bool ignored UNUSED = file_write_all(STDERR_FILENO, line, length, NULL);
}

void log_set_sink(log_sink_fn sink, void *data) {
    current_sink = sink != NULL ? sink : write_to_stderr;
    current_data = data;
    request_sink = NULL;
}

void log_set_request_sink(log_sink_fn sink) {
    request_sink = sink;
}

void log_set_debug(bool is_on) {
    is_debug = is_on;
}

static void begin_line(struct buffer *line, int64_t wall_ns) {
    char time[CLOCK_TEXT_SIZE];
    clock_format_millis(wall_ns, time);
    buffer_add_string(line, time);
    buffer_add_string(line, " [pebble] ");
}

static void end_line(struct buffer *line, log_sink_fn sink) {
    if (line->data[line->length - 1] != '\n')
        buffer_add_char(line, '\n');
    sink(current_data, line->data, line->length);
}

static void cut(struct buffer *text) {
    size_t length = LOG_MESSAGE_BYTES_MAX;
    if (text->length <= length)
        return;
    while (((unsigned char)text->data[length] & 0xC0) == 0x80) // not within a character
        length--;
    buffer_truncate(text, length);
    buffer_add_string(text, ELLIPSIS);
}

// Messages may hold names, output and errors of others. Their line feeds are kept, but the next line is indented, so
// that it cannot pass for one of ours.
static void add_message(struct buffer *line, const char *message) {
    char memory[USUAL_LINE_BYTES];
    AUTO_BUFFER struct buffer shown;
    buffer_lend(&shown, memory, sizeof memory);
    text_add_shown(&shown, message, "\n\t");
    cut(&shown);
    const char *rest = buffer_text(&shown);
    for (const char *end = strchr(rest, '\n'); end != NULL; end = strchr(rest, '\n')) {
        buffer_add(line, rest, (size_t)(end + 1 - rest));
        rest = end + 1;
        if (*rest != '\0')
            buffer_add_string(line, "    ");
    }
    buffer_add_string(line, rest);
}

static void write_message(const char *begin, const char *format, va_list arguments) {
    char memory[2][USUAL_LINE_BYTES];
    AUTO_BUFFER struct buffer line;
    AUTO_BUFFER struct buffer message;
    buffer_lend(&line, memory[0], sizeof memory[0]);
    buffer_lend(&message, memory[1], sizeof memory[1]);
    begin_line(&line, clock_wall_ns());
    buffer_add_string(&line, begin);
    buffer_vprintf(&message, format, arguments);
    add_message(&line, buffer_text(&message));
    end_line(&line, current_sink);
}

void log_notice(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_message("", format, arguments);
    va_end(arguments);
}

void log_request(const char *message) {
    char memory[USUAL_LINE_BYTES];
    AUTO_BUFFER struct buffer line;
    buffer_lend(&line, memory, sizeof memory);
    begin_line(&line, clock_wall_ns());
    add_message(&line, message);
    end_line(&line, request_sink != NULL ? request_sink : current_sink);
}

void log_debug(const char *format, ...) {
    if (!is_debug)
        return;
    va_list arguments;
    va_start(arguments, format);
    write_message("DEBUG ", format, arguments);
    va_end(arguments);
}

static void add_json_code_point(struct buffer *out, uint32_t code_point) {
    static const char letters[] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"', ['\\'] = '\\',
    };
    char letter = code_point < ARRAY_COUNT(letters) ? letters[code_point] : '\0';
    if (letter != '\0')
        buffer_printf(out, "\\%c", letter);
    else if (text_acts_on_terminal(code_point))
        buffer_printf(out, "\\u%04x", code_point);
    else
        utf8_add_code_point(out, code_point);
}

// data/json.h is on a higher level.
static void add_json_string(struct buffer *out, const char *text) {
    buffer_add_char(out, '"');
    size_t length = strnlen(text, LOG_SECURITY_TEXT_BYTES_MAX + UTF8_BYTES_MAX), at = 0;
    while (at < length && at < LOG_SECURITY_TEXT_BYTES_MAX) {
        uint32_t code_point;
        bool is_valid;
        at += text_decode(text + at, length - at, &code_point, &is_valid);
        if (is_valid)
            add_json_code_point(out, code_point);
        else
            buffer_add_string(out, "\\ufffd");
    }
    buffer_add_string(out, at < length ? ELLIPSIS "\"" : "\"");
}

void log_security(enum log_security_level level, const char *event, const char *description) {
    static const char *const level_names[] = {[LOG_SECURITY_WARN] = "WARN", [LOG_SECURITY_CRITICAL] = "CRITICAL"};
    char time[CLOCK_TEXT_SIZE];
    int64_t wall_ns = clock_wall_ns(); // one time for both, which may be around the end of a second
    clock_format_seconds(wall_ns / NS_PER_S, time);
    AUTO_BUFFER struct buffer line = BUFFER_INIT(BUFFER_NO_LIMIT);
    begin_line(&line, wall_ns);
    buffer_printf(&line, "{\"type\":\"security\",\"datetime\":\"%s\",\"level\":\"%s\",\"event\":", time,
                  level_names[level]);
    add_json_string(&line, event);
    if (!text_is_empty(description)) {
        buffer_add_string(&line, ",\"description\":");
        add_json_string(&line, description);
    }
    buffer_add_string(&line, ",\"appid\":\"pebble\"}");
    end_line(&line, current_sink);
}
