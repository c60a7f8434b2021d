// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in data/json.h.
#include "data/json.h"

#include <math.h>
#include <string.h>
#include <sys/uio.h>

#include "data/real.h"

static bool is_plain(unsigned char c, bool html) {
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
        return false;
    return !html || (c != '<' && c != '>' && c != '&');
}

// --- eight bytes at a time ---

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

// The highest bit of each byte that equals `c`. A byte of 0x80 or more may be wrong, and bytes after one that is found.
static uint64_t find_byte(uint64_t word, unsigned char c) {
    uint64_t other = word ^ EACH_BYTE(c);
    return (other - EACH_BYTE(0x01)) & ~other;
}

static bool word_is_plain(uint64_t word, bool html) {
    uint64_t found = word | (word - EACH_BYTE(0x20)) | find_byte(word, '"') | find_byte(word, '\\');
    if (html)
        found |= find_byte(word, '<') | find_byte(word, '>') | find_byte(word, '&');
    return (found & EACH_BYTE(0x80)) == 0;
}

// The number of bytes at the start that need no escape.
static size_t plain_length(const char *text, size_t length, bool html) {
    size_t at = 0;
    for (uint64_t word; length - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        if (!word_is_plain(word, html))
            break;
    }
    while (at < length && is_plain((unsigned char)text[at], html))
        at++;
    return at;
}

static void add_escape(struct buffer *out, unsigned char c) {
    static const char names[] = "\"\\bfnrt";
    static const char characters[] = "\"\\\b\f\n\r\t";
    const char *found = c == '\0' ? NULL : strchr(characters, (char)c);
    if (found != NULL) {
        buffer_add_char(out, '\\');
        buffer_add_char(out, names[found - characters]);
    } else {
        buffer_printf(out, "\\u%04x", (unsigned)c);
    }
}

typedef size_t (*decode_fn)(const char *text, size_t length, uint32_t *code_point, bool *is_valid);

static void add_string(struct buffer *out, const struct iovec *string, bool html, decode_fn decode) {
    const char *text = string->iov_base;
    size_t length = string->iov_len;
    size_t run = 0; // start of the bytes that are not added yet
    size_t at = 0;
    buffer_add_char(out, '"');
    while (at < length) {
        at += plain_length(text + at, length - at, html);
        if (at == length)
            break;
        unsigned char c = (unsigned char)text[at];
        uint32_t code_point = c;
        bool is_valid = true;
        size_t size = c < 0x80 ? 1 : decode(text + at, length - at, &code_point, &is_valid);
        if (c >= 0x80 && is_valid && code_point >= 0x80 && code_point != 0x2028 && code_point != 0x2029) {
            at += size;
            continue;
        }
        buffer_add(out, text + run, at - run);
        if (c < 0x80)
            add_escape(out, c);
        else
            buffer_printf(out, "\\u%04x", is_valid ? (unsigned)code_point : 0xFFFDu);
        at += size;
        run = at;
    }
    buffer_add(out, text + run, at - run);
    buffer_add_char(out, '"');
}

void json_add_string(struct buffer *out, const char *text, size_t length, bool html) {
    add_string(out, &(const struct iovec){(void *)(uintptr_t)text, length}, html, utf8_decode);
}

// A string of the program, in which TEXT_NUL stands for a NUL.
static void add_own_string(struct json_writer *writer, const char *text, size_t length) {
    add_string(writer->out, &(const struct iovec){(void *)(uintptr_t)text, length}, writer->html, text_decode);
}

void json_writer_init(struct json_writer *writer, struct buffer *out, bool html) {
    *writer = (struct json_writer){.out = out, .html = html};
}

static void begin_item(struct json_writer *writer) {
    if (writer->needs_comma)
        buffer_add_char(writer->out, ',');
    writer->needs_comma = true;
}

static void begin_collection(struct json_writer *writer, char bracket) {
    begin_item(writer);
    buffer_add_char(writer->out, bracket);
    writer->needs_comma = false;
}

static void end_collection(struct json_writer *writer, char bracket) {
    buffer_add_char(writer->out, bracket);
    writer->needs_comma = true;
}

void json_writer_begin_object(struct json_writer *writer) {
    begin_collection(writer, '{');
}

void json_writer_end_object(struct json_writer *writer) {
    end_collection(writer, '}');
}

void json_writer_begin_array(struct json_writer *writer) {
    begin_collection(writer, '[');
}

void json_writer_end_array(struct json_writer *writer) {
    end_collection(writer, ']');
}

static void write_key(struct json_writer *writer, const char *key, size_t length) {
    begin_item(writer);
    add_own_string(writer, key, length);
    buffer_add_char(writer->out, ':');
    writer->needs_comma = false;
}

void json_writer_key(struct json_writer *writer, const char *key) {
    write_key(writer, key, strlen(key));
}

void json_writer_string(struct json_writer *writer, const char *text) {
    if (text == NULL) {
        json_writer_null(writer);
        return;
    }
    begin_item(writer);
    add_own_string(writer, text, strlen(text));
}

void json_writer_int(struct json_writer *writer, int64_t value) {
    begin_item(writer);
    if (value < 0)
        buffer_add_char(writer->out, '-');
    buffer_add_number(writer->out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_writer_double(struct json_writer *writer, double value) {
    if (!isfinite(value)) {
        json_writer_null(writer); // JSON has no infinity and no NaN
        return;
    }
    char text[REAL_TEXT_SIZE];
    real_format(value, -6, 21, 1, text);
    json_writer_raw(writer, text, strlen(text));
}

void json_writer_bool(struct json_writer *writer, bool value) {
    begin_item(writer);
    buffer_add_string(writer->out, value ? "true" : "false");
}

void json_writer_null(struct json_writer *writer) {
    begin_item(writer);
    buffer_add_string(writer->out, "null");
}

void json_writer_raw(struct json_writer *writer, const char *json, size_t length) {
    begin_item(writer);
    buffer_add(writer->out, json, length);
}

static void write_object(struct json_writer *writer, const json_t *object) {
    // jansson's iterators take a mutable object but do not change it.
    json_t *walked = (json_t *)(uintptr_t)object;
    json_writer_begin_object(writer);
    for (void *at = json_object_iter(walked); at != NULL; at = json_object_iter_next(walked, at)) {
        write_key(writer, json_object_iter_key(at), json_object_iter_key_len(at));
        json_writer_value(writer, json_object_iter_value(at));
    }
    json_writer_end_object(writer);
}

static void write_array(struct json_writer *writer, const json_t *array) {
    json_writer_begin_array(writer);
    for (size_t i = 0; i < json_array_size(array); i++)
        json_writer_value(writer, json_array_get(array, i));
    json_writer_end_array(writer);
}

void json_writer_value(struct json_writer *writer, const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(writer, value);
        break;
    case JSON_ARRAY:
        write_array(writer, value);
        break;
    case JSON_STRING:
        begin_item(writer);
        add_own_string(writer, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        json_writer_int(writer, json_integer_value(value));
        break;
    case JSON_REAL:
        json_writer_double(writer, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        json_writer_bool(writer, json_is_true(value));
        break;
    case JSON_NULL:
        json_writer_null(writer);
        break;
    }
}

void json_writer_member_string(struct json_writer *writer, const char *key, const char *text) {
    json_writer_key(writer, key);
    json_writer_string(writer, text);
}

void json_writer_member_int(struct json_writer *writer, const char *key, int64_t value) {
    json_writer_key(writer, key);
    json_writer_int(writer, value);
}

void json_writer_member_bool(struct json_writer *writer, const char *key, bool value) {
    json_writer_key(writer, key);
    json_writer_bool(writer, value);
}

void json_writer_member_strings(struct json_writer *writer, const char *key, const struct text_list *list) {
    json_writer_key(writer, key);
    json_writer_begin_array(writer);
    for (size_t i = 0; i < list->count; i++)
        json_writer_string(writer, list->items[i]);
    json_writer_end_array(writer);
}
