// SPDX-License-Identifier: LGPL-3.0-or-later
// JSON. The reader creates jansson values and is as lenient as Go's encoding/json: text after the first value is
// ignored, invalid UTF-8 and lone surrogates become U+FFFD, member names are matched without regard to case, the last
// duplicate counts, and null is an absent value. The writer emits text, because most responses are composed of pieces
// of text.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/map.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

// Makes jansson allocate through base/memory.h. Allocations in json_read() may fail, which it reports; all others
// cannot fail for the caller. Called at the start of a program; a library must not replace the allocator of its host
// program.
void json_install_allocator(void);

void json_value_free_at(json_t **value);
#define AUTO_JSON CLEANUP(json_value_free_at)

// Reads the first JSON value of the text. A NUL byte is an invalid character. Whole numbers that fit are integers,
// larger ones reals. The depth is limited to JSON_PARSER_MAX_DEPTH. Errors are ERROR_BAD_REQUEST with a message like
// Go's: `EOF` for empty text, `unexpected EOF`, `invalid character 'x' looking for beginning of value`, `exceeded max
// depth`; or ERROR_TOO_LARGE with `out of memory`.
bool json_read(const char *text, size_t length, json_t **value, struct error *err) NODISCARD;
// Like json_read(), but only white space may follow the value (for files). A NUL in a string is TEXT_NUL.
bool json_read_whole(const char *text, size_t length, json_t **value, struct error *err) NODISCARD;
// Like json_read(), for the functions below. A NUL in a string is TEXT_NUL. Of members with the same name the earlier
// ones stay, so that they can be checked; who walks over an object calls json_key().
bool json_read_request(const char *text, size_t length, json_t **value, struct error *err) NODISCARD;
const char *json_key(const char *name); // the name of a member, also of one that is given again further down

// Like json_read(). ERROR_TOO_LARGE `too many values` if the text has more than about `values_max`: each takes up to a
// hundred times the memory that it takes as text.
bool json_read_limited(const char *text, size_t length, size_t values_max, json_t **value, struct error *err) NODISCARD;
bool json_check_count(const char *text, size_t length, size_t values_max, struct error *err) NODISCARD;

// Access to members of an object. `what` is the Go type of the object in messages, as in
// `json: cannot unmarshal string into Go value of type daemon.servicesPayload`. The getters leave the output untouched
// if the member is absent or null. A wrong type is an error: `json: cannot unmarshal number into Go struct field
// T.action of type string`, also that of a member that is given again further down. As in Go, a null behind a value
// counts for lists, maps and objects, and not for strings, numbers and booleans. Strings with a NUL are refused, but by
// json_get_text() and json_get_texts().
json_t *json_member(const json_t *object, const char *name); // the last, case-insensitive; NULL if absent or null
// All members of a name, in the order of the text, also null ones: each is decoded in turn.
struct json_members {
    json_t *object; // private
    const char *name;
    void *at;
};
struct json_members json_members_of(const json_t *object, const char *name);
json_t *json_members_next(struct json_members *members); // NULL at the end
bool json_is_object_or_null(const json_t *value, const char *what, struct error *err) NODISCARD;
bool json_get_string(const json_t *object, const char *what, const char *name, const char **value,
                     struct error *err) NODISCARD; // borrowed
bool json_get_text(const json_t *object, const char *what, const char *name, const char **value,
                   struct error *err) NODISCARD; // borrowed
bool json_get_bool(const json_t *object, const char *what, const char *name, bool *value, struct error *err) NODISCARD;
bool json_get_int(const json_t *object, const char *what, const char *name, int64_t *value,
                  struct error *err) NODISCARD;
bool json_get_strings(const json_t *object, const char *what, const char *name, struct text_list *value,
                      struct error *err) NODISCARD; // null items are ""
bool json_get_texts(const json_t *object, const char *what, const char *name, struct text_list *value,
                    struct error *err) NODISCARD;
// The object of a member; `type` is for messages. Borrowed.
bool json_get_object(const json_t *object, const char *what, const char *name, const char *type, const json_t **value,
                     struct error *err) NODISCARD;
// Adds the members of an object to `value`, which owns its values; null ones as "".
bool json_get_string_map(const json_t *object, const char *what, const char *name, struct map *value,
                         struct error *err) NODISCARD;
// `type`: of the field in messages, "[]daemon.item". Borrowed.
bool json_get_array(const json_t *object, const char *what, const char *name, const char *type, const json_t **value,
                    struct error *err) NODISCARD;

// Adds the text of a string, with each NUL, and each TEXT_NUL (base/text.h), replaced by U+FFFD.
void json_add_plain(struct buffer *out, const json_t *string);

// The number of bytes that the value of a member takes in the text of an object, white space inside it included; 0 if
// it is absent. The text must have been accepted by json_read(). Names are matched as by json_member().
size_t json_member_length(const char *text, size_t length, const char *name);

// --- writing ---

// Adds text as a JSON string in quotes. Escapes `"`, `\`, U+2028, U+2029 and control characters (\b \f \n \r \t, others
// as \u00xx). If `html` is set, also escapes `<>&` (\u003c), as the API of the reference does. Invalid UTF-8 becomes
// \ufffd: TEXT_NUL (base/text.h) counts for the writer below only.
void json_add_string(struct buffer *out, const char *text, size_t length, bool html);

// Writes JSON without white space, and adds the commas.
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
void json_writer_double(struct json_writer *writer, double value); // like Go's encoding/json
void json_writer_bool(struct json_writer *writer, bool value);
void json_writer_null(struct json_writer *writer);
void json_writer_raw(struct json_writer *writer, const char *json, size_t length); // a value that is JSON text already
void json_writer_value(struct json_writer *writer, const json_t *value);           // compact; object order kept
// The functions below add a key and its value.
void json_writer_member_string(struct json_writer *writer, const char *key, const char *text);
void json_writer_member_int(struct json_writer *writer, const char *key, int64_t value);
void json_writer_member_bool(struct json_writer *writer, const char *key, bool value);
void json_writer_member_strings(struct json_writer *writer, const char *key, const struct text_list *list);
