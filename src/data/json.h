// SPDX-License-Identifier: LGPL-3.0-or-later
// JSON. What is read becomes jansson's values, with the leniency of Go's encoding/json: only the first value
// counts, invalid UTF-8 and lone surrogates become U+FFFD, member names match without regard to case, the last
// duplicate wins, null is an absent value. Writing is a small emitter of text, because most of what the
// daemon says is put together from pieces that are kept as text.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

// Lets jansson allocate through base/memory: what json_read() allocates may fail, which it reports, and everything else
// cannot fail for its caller, as small allocations do not. For programs, at their start; a library leaves the allocator
// of its host program alone.
void json_install_allocator(void);

void json_value_free_at(json_t **value);
#define AUTO_JSON CLEANUP(json_value_free_at)

// The first JSON value of the text; a NUL byte inside is as invalid as any other control character. Whole
// numbers that fit are integers, larger ones reals. Values are as deep as jansson reads them at most.
// Fails (ERROR_BAD_REQUEST) with a message like Go's: `EOF` for nothing at all, `unexpected EOF`,
// `invalid character 'x' looking for beginning of value`, `exceeded max depth`; or with ERROR_TOO_LARGE and `out of
// memory`.
bool json_read(const char *text, size_t length, json_t **value, struct error *err) NODISCARD;
// As json_read(), but what follows the value must be blank (for files).
bool json_read_whole(const char *text, size_t length, json_t **value, struct error *err) NODISCARD;

// Reading a request's object into fields. `what` names the Go-side type of the whole in messages, as in
// `json: cannot unmarshal string into Go value of type daemon.servicesPayload`; each getter leaves the
// output untouched when the member is absent or null, and fails with
// `json: cannot unmarshal number into Go struct field T.action of type string` where the type is wrong.
// Strings with a NUL in them are refused.
json_t *json_member(const json_t *object, const char *name); // case-insensitive, NULL when absent or null
bool json_is_object_or_null(const json_t *value, const char *what, struct error *err) NODISCARD;
bool json_get_string(const json_t *object, const char *what, const char *name, const char **value,
                     struct error *err) NODISCARD; // borrowed
bool json_get_bool(const json_t *object, const char *what, const char *name, bool *value, struct error *err) NODISCARD;
bool json_get_int(const json_t *object, const char *what, const char *name, int64_t *value,
                  struct error *err) NODISCARD;
bool json_get_strings(const json_t *object, const char *what, const char *name, struct text_list *value,
                      struct error *err) NODISCARD; // null items are ""

// --- writing ---

// Adds text as a JSON string in quotes: `"` `\` and control characters escaped (\b \f \n \r \t by name,
// others \u00xx), U+2028 and U+2029 escaped, `<>&` as they are unless `html` is set (then \u003c …, as the
// reference does in API answers); invalid UTF-8 becomes \ufffd.
void json_add_string(struct buffer *out, const char *text, size_t length, bool html);

// An emitter that puts in the commas. No indentation, no blanks. Numbers are written as given.
struct json_writer {
    struct buffer *out;
    bool html;        // escape <>& in strings
    bool needs_comma; // private
};
void json_writer_init(struct json_writer *writer, struct buffer *out, bool html);
void json_writer_begin_object(struct json_writer *writer);
void json_writer_end_object(struct json_writer *writer);
void json_writer_begin_array(struct json_writer *writer);
void json_writer_end_array(struct json_writer *writer);
void json_writer_key(struct json_writer *writer, const char *key);
void json_writer_string(struct json_writer *writer, const char *text); // NULL writes null
void json_writer_int(struct json_writer *writer, int64_t value);
void json_writer_double(struct json_writer *writer, double value); // as Go's encoding/json
void json_writer_bool(struct json_writer *writer, bool value);
void json_writer_null(struct json_writer *writer);
void json_writer_raw(struct json_writer *writer, const char *json, size_t length); // a whole value as text
void json_writer_value(struct json_writer *writer, const json_t *value);           // compact; object order kept
// Shorthands: a key and its value.
void json_writer_member_string(struct json_writer *writer, const char *key, const char *text);
void json_writer_member_int(struct json_writer *writer, const char *key, int64_t value);
void json_writer_member_bool(struct json_writer *writer, const char *key, bool value);
void json_writer_member_strings(struct json_writer *writer, const char *key, const struct text_list *list);
