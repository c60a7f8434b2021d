// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define USUAL_LINE_BYTES 512

static void write_to_stderr(void *data, const char *line, size_t length);

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

static void begin_line(struct buffer *line) {
    char time[CLOCK_TEXT_SIZE];
    clock_format_millis(clock_wall_ns(), time);
    buffer_add_string(line, time);
    buffer_add_string(line, " [pebble] ");
}

static void end_line(struct buffer *line, log_sink_fn sink) {
    if (line->data[line->length - 1] != '\n')
        buffer_add_char(line, '\n');
    sink(current_data, line->data, line->length);
}

// Messages may hold names, output and errors of others. Their line feeds are kept, but the next line is indented, so
// that it cannot pass for one of ours.
static void add_message(struct buffer *line, const char *message) {
    for (size_t length = strcspn(message, "\n"); message[length] != '\0'; length = strcspn(message, "\n")) {
        AUTO_FREE char *first = memory_string_n(message, length + 1);
        text_add_shown(line, first, "\n\t");
        message += length + 1;
        if (*message != '\0')
            buffer_add_string(line, "    ");
    }
    text_add_shown(line, message, "\t");
}

static void write_message(const char *begin, const char *format, va_list arguments) {
    char memory[2][USUAL_LINE_BYTES];
    AUTO_BUFFER struct buffer line;
    AUTO_BUFFER struct buffer message;
    buffer_lend(&line, memory[0], sizeof memory[0]);
    buffer_lend(&message, memory[1], sizeof memory[1]);
    begin_line(&line);
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
    begin_line(&line);
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
    // U+2028 and U+2029 end a line in JavaScript.
    if (letter != '\0')
        buffer_printf(out, "\\%c", letter);
    else if (code_point < ' ' || code_point == 0x2028 || code_point == 0x2029)
        buffer_printf(out, "\\u%04x", code_point);
    else
        utf8_add_code_point(out, code_point);
}

// data/json.h is on a higher level.
static void add_json_string(struct buffer *out, const char *text) {
    buffer_add_char(out, '"');
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        uint32_t code_point;
        bool is_valid;
        at += utf8_decode(text + at, length - at, &code_point, &is_valid);
        if (is_valid)
            add_json_code_point(out, code_point);
        else
            buffer_add_string(out, "\\ufffd");
    }
    buffer_add_char(out, '"');
}

void log_security(enum log_security_level level, const char *event, const char *description) {
    static const char *const level_names[] = {[LOG_SECURITY_WARN] = "WARN", [LOG_SECURITY_CRITICAL] = "CRITICAL"};
    char time[CLOCK_TEXT_SIZE];
    clock_format_seconds(clock_wall_ns() / NS_PER_S, time);
    AUTO_BUFFER struct buffer line = BUFFER_INIT(BUFFER_NO_LIMIT);
    begin_line(&line);
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
