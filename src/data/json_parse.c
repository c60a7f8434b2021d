// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in data/json.h.
#include "data/json.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/json_internal.h"
#include "data/real.h"

// jansson frees values recursively, so the depth is limited as in jansson's own reader.
#define DEPTH_MAX JSON_PARSER_MAX_DEPTH
#define TEXT_LIMIT_BYTES ((size_t)1 << 30)

enum json_document { DOCUMENT_VALUE, DOCUMENT_WHOLE, DOCUMENT_REQUEST };

struct json_reader {
    const char *at;
    const char *end;
    size_t depth;
    bool marks_nuls, keeps_duplicates;
    struct buffer text; // of the last string or number
    struct error *err;
};

void json_value_free_at(json_t **value) {
    json_decref(*value);
}

static bool fail_memory(struct json_reader *reader) {
    return error_set(reader->err, ERROR_TOO_LARGE, "out of memory");
}

// Go writes a byte as the character with that number, in quotes.
static char *quote_byte(unsigned char byte) {
    if (byte == '\'')
        return memory_string("'\\''");
    if (byte == '"')
        return memory_string("'\"'");
    if (byte == '\0')
        return memory_string("'\\x00'");
    AUTO_BUFFER struct buffer character = BUFFER_INIT(BUFFER_NO_LIMIT);
    utf8_add_code_point(&character, byte);
    char *quoted = text_quoted(buffer_text(&character));
    quoted[0] = '\'';
    quoted[strlen(quoted) - 1] = '\'';
    return quoted;
}

// Fails because of the character at the current position.
static bool fail_here(struct json_reader *reader, const char *context) {
    if (reader->at == reader->end)
        return error_set(reader->err, ERROR_BAD_REQUEST, "unexpected EOF");
    AUTO_FREE char *quoted = quote_byte((unsigned char)*reader->at);
    return error_set(reader->err, ERROR_BAD_REQUEST, "invalid character %s %s", quoted, context);
}

static void skip_blanks(struct json_reader *reader) {
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r'))
        reader->at++;
}

static bool take(struct json_reader *reader, char c) {
    if (reader->at == reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

static bool give(struct json_reader *reader, json_t *made, json_t **value) {
    *value = made;
    return made != NULL || fail_memory(reader);
}

// Reads the four digits of a \u escape.
static bool read_hex(struct json_reader *reader, uint32_t *unit) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = reader->at < reader->end ? text_hex_digit(*reader->at) : -1;
        if (digit < 0)
            return fail_here(reader, "in \\u hexadecimal character escape");
        value = value << 4 | (uint32_t)digit;
        reader->at++;
    }
    *unit = value;
    return true;
}

static bool is_surrogate(uint32_t unit) {
    return unit >= 0xD800 && unit <= 0xDFFF;
}

// A code point beyond 16 bits is written as two escapes. A lone surrogate becomes U+FFFD.
static bool read_code_point(struct json_reader *reader) {
    uint32_t unit = 0;
    if (!read_hex(reader, &unit))
        return false;
    if (unit >= 0xD800 && unit < 0xDC00 && reader->end - reader->at >= 2 && memcmp(reader->at, "\\u", 2) == 0) {
        const char *second = reader->at;
        uint32_t low = 0;
        reader->at += 2;
        if (!read_hex(reader, &low))
            return false;
        if (low >= 0xDC00 && low <= 0xDFFF)
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        else
            reader->at = second;
    }
    if (unit == 0 && reader->marks_nuls)
        buffer_add_string(&reader->text, TEXT_NUL);
    else
        utf8_add_code_point(&reader->text, is_surrogate(unit) ? 0xFFFD : unit);
    return true;
}

static bool read_escape(struct json_reader *reader) {
    static const char names[] = "\"\\/bfnrt";
    static const char characters[] = "\"\\/\b\f\n\r\t";
    if (take(reader, 'u'))
        return read_code_point(reader);
    const char *name = reader->at < reader->end && *reader->at != '\0' ? strchr(names, *reader->at) : NULL;
    if (name == NULL)
        return fail_here(reader, "in string escape code");
    buffer_add_char(&reader->text, characters[name - names]);
    reader->at++;
    return true;
}

// Reads a string after its opening quote into reader->text.
static bool read_text(struct json_reader *reader) {
    buffer_clear(&reader->text);
    for (;;) {
        const char *run = reader->at;
        while (reader->at < reader->end && (unsigned char)*reader->at >= 0x20 && *reader->at != '"' &&
               *reader->at != '\\')
            reader->at++;
        utf8_add_valid(&reader->text, run, (size_t)(reader->at - run));
        if (take(reader, '"'))
            return buffer_is_whole(&reader->text) || fail_memory(reader);
        if (!take(reader, '\\'))
            return fail_here(reader, "in string literal");
        if (!read_escape(reader))
            return false;
    }
}

static bool skip_digits(struct json_reader *reader, const char *context) {
    const char *first = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return reader->at > first || fail_here(reader, context);
}

static bool parse_int64(const char *text, int64_t *value) {
    return text_to_int64(text, INT64_MIN, INT64_MAX, value);
}

static json_t *make_number(const char *text, bool is_integer) {
    int64_t integer = 0;
    if (is_integer && parse_int64(text, &integer))
        return json_integer(integer);
    double real = real_parse(text);
    // jansson does not support infinity.
    return json_real(isinf(real) ? copysign(DBL_MAX, real) : real);
}

static bool read_number(struct json_reader *reader, json_t **value) {
    const char *first = reader->at;
    bool is_integer = true;
    (void)take(reader, '-');
    if (!take(reader, '0') && !skip_digits(reader, "in numeric literal"))
        return false;
    if (take(reader, '.')) {
        is_integer = false;
        if (!skip_digits(reader, "after decimal point in numeric literal"))
            return false;
    }
    if (take(reader, 'e') || take(reader, 'E')) {
        is_integer = false;
        if (!take(reader, '+'))
            (void)take(reader, '-');
        if (!skip_digits(reader, "in exponent of numeric literal"))
            return false;
    }
    buffer_clear(&reader->text);
    buffer_add(&reader->text, first, (size_t)(reader->at - first));
    if (!buffer_is_whole(&reader->text))
        return fail_memory(reader);
    return give(reader, make_number(buffer_text(&reader->text), is_integer), value);
}

static bool read_word(struct json_reader *reader, const char *word, json_t *made, json_t **value) {
    for (const char *c = word; *c != '\0'; c++) {
        if (!take(reader, *c)) {
            AUTO_FREE char *context = memory_printf("in literal %s (expecting '%c')", word, *c);
            return fail_here(reader, context);
        }
    }
    return give(reader, made, value); // true, false and null are not reference-counted
}

static bool read_value(struct json_reader *reader, json_t **value);

static bool read_array(struct json_reader *reader, json_t **value) {
    AUTO_JSON json_t *array = json_array();
    if (array == NULL)
        return fail_memory(reader);
    skip_blanks(reader);
    if (!take(reader, ']')) {
        for (;;) {
            json_t *item = NULL;
            if (!read_value(reader, &item))
                return false;
            if (json_array_append_new(array, item) != 0)
                return fail_memory(reader);
            skip_blanks(reader);
            if (take(reader, ']'))
                break;
            if (!take(reader, ','))
                return fail_here(reader, "after array element");
        }
    }
    *value = TAKE(array);
    return true;
}

// Keeps what an earlier member of this name has under another one, and makes room for the member behind it.
static bool keep_duplicate(json_t *object, const char *key, size_t length) {
    json_t *earlier = json_object_getn(object, key, length);
    if (earlier == NULL)
        return true;
    AUTO_FREE char *other = memory_printf("%s%zu ", JSON_DUPLICATE_MARK, json_object_size(object));
    AUTO_BUFFER struct buffer name = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&name, other);
    buffer_add(&name, key, length);
    return json_object_setn_nocheck(object, name.data, name.length, earlier) == 0 &&
           json_object_deln(object, key, length) == 0;
}

static bool read_member(struct json_reader *reader, json_t *object) {
    skip_blanks(reader);
    if (!take(reader, '"'))
        return fail_here(reader, "looking for beginning of object key string");
    if (!read_text(reader))
        return false;
    size_t length = reader->text.length;
    AUTO_FREE char *key = buffer_take(&reader->text);
    skip_blanks(reader);
    if (!take(reader, ':'))
        return fail_here(reader, "after object key");
    json_t *value = NULL;
    if (!read_value(reader, &value))
        return false;
    if (reader->keeps_duplicates && !keep_duplicate(object, key, length)) {
        json_decref(value);
        return fail_memory(reader);
    }
    return json_object_setn_new_nocheck(object, key, length, value) == 0 || fail_memory(reader);
}

static bool read_object(struct json_reader *reader, json_t **value) {
    AUTO_JSON json_t *object = json_object();
    if (object == NULL)
        return fail_memory(reader);
    skip_blanks(reader);
    if (!take(reader, '}')) {
        for (;;) {
            if (!read_member(reader, object))
                return false;
            skip_blanks(reader);
            if (take(reader, '}'))
                break;
            if (!take(reader, ','))
                return fail_here(reader, "after object key:value pair");
        }
    }
    *value = TAKE(object);
    return true;
}

static bool read_collection(struct json_reader *reader, json_t **value) {
    if (reader->depth == DEPTH_MAX)
        return error_set(reader->err, ERROR_BAD_REQUEST, "exceeded max depth");
    reader->depth++;
    bool is_read = take(reader, '[') ? read_array(reader, value) : (reader->at++, read_object(reader, value));
    reader->depth--;
    return is_read;
}

static bool read_value(struct json_reader *reader, json_t **value) {
    skip_blanks(reader);
    switch (reader->at < reader->end ? *reader->at : '\0') {
    case '{':
    case '[':
        return read_collection(reader, value);
    case '"':
        reader->at++;
        return read_text(reader) &&
               give(reader, json_stringn_nocheck(buffer_text(&reader->text), reader->text.length), value);
    case 't':
        return read_word(reader, "true", json_true(), value);
    case 'f':
        return read_word(reader, "false", json_false(), value);
    case 'n':
        return read_word(reader, "null", json_null(), value);
    default:
        if (reader->at < reader->end && (*reader->at == '-' || (*reader->at >= '0' && *reader->at <= '9')))
            return read_number(reader, value);
        return fail_here(reader, "looking for beginning of value");
    }
}

static bool read_document(const char *text, size_t length, enum json_document document, json_t **value,
                          struct error *err) {
    struct json_reader reader = {.at = text,
                                 .end = text + length,
                                 .marks_nuls = document != DOCUMENT_VALUE,
                                 .keeps_duplicates = document == DOCUMENT_REQUEST,
                                 .text = BUFFER_INIT(TEXT_LIMIT_BYTES),
                                 .err = err};
    skip_blanks(&reader);
    if (reader.at == reader.end)
        return error_set(err, ERROR_BAD_REQUEST, "EOF");
    AUTO_JSON json_t *made = NULL;
    json_set_allocations_may_fail(true);
    bool is_read = read_value(&reader, &made);
    json_set_allocations_may_fail(false);
    buffer_finish(&reader.text);
    if (!is_read)
        return false;
    skip_blanks(&reader);
    if (document == DOCUMENT_WHOLE && reader.at < reader.end)
        return fail_here(&reader, "after top-level value");
    *value = TAKE(made);
    return true;
}

bool json_read(const char *text, size_t length, json_t **value, struct error *err) {
    return read_document(text, length, DOCUMENT_VALUE, value, err);
}

bool json_read_request(const char *text, size_t length, json_t **value, struct error *err) {
    return read_document(text, length, DOCUMENT_REQUEST, value, err);
}

bool json_read_whole(const char *text, size_t length, json_t **value, struct error *err) {
    return read_document(text, length, DOCUMENT_WHOLE, value, err);
}
