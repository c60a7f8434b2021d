// SPDX-License-Identifier: LGPL-3.0-or-later
// Strings and lists of strings, numbers in text, quoting, UTF-8.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool text_equal(const char *a, const char *b);        // NULL equals NULL only
bool text_equal_nocase(const char *a, const char *b); // ASCII letters only
bool text_has_prefix(const char *text, const char *prefix);
bool text_has_suffix(const char *text, const char *suffix);
bool text_is_empty(const char *text); // NULL or ""
bool text_is_space(char c);           // ASCII white space, in any locale
int text_hex_digit(char c);           // its value, -1 if it is not one
// Parses the whole text as a decimal number in the range. A sign is allowed only if the range has negative numbers.
bool text_to_int64(const char *text, int64_t min, int64_t max, int64_t *value) NODISCARD;
bool text_to_uint64(const char *text, uint64_t max, uint64_t *value) NODISCARD;
// A string cannot hold a NUL. Where text of a client or of the state file has one, the string has these two bytes,
// which are no UTF-8, and which the functions that quote, show or write text take for the NUL. They are not for the
// system: a path or an argument with a NUL is refused.
#define TEXT_NUL "\xc0\x80"
bool text_has_nul(const char *text);
// As utf8_decode(), for text that may have a NUL.
size_t text_decode(const char *text, size_t length, uint32_t *code_point, bool *is_valid);

// Adds the text in double quotes like Go's %q: unprintable characters as \n \t \" \\ \x01 \u00a0, invalid bytes as
// \xff. A text of more than TEXT_QUOTED_MAX bytes is cut, with an ellipsis.
#define TEXT_QUOTED_MAX ((size_t)4096)
void text_quote(struct buffer *out, const char *text);
char *text_quoted(const char *text); // the same as an owned string
// Adds foreign text for a terminal or a log: what could act on a terminal or forge a line, and invalid bytes, are
// escaped as in text_quote(). `kept`: ASCII characters that are not, such as "\n".
void text_add_shown(struct buffer *out, const char *text, const char *kept);
char *text_shown(const char *text, const char *kept); // the same as an owned string
// Control characters, those that break lines, change the direction of text or the shapes of digits, and the byte order
// mark.
bool text_acts_on_terminal(uint32_t code_point);

// Decodes one code point of UTF-8 at `text` (length > 0) and returns its size in bytes, 1 to 4. An invalid byte gives
// size 1 and 0xFFFD with *is_valid false. Overlong forms, surrogates and > U+10FFFF are invalid.
size_t utf8_decode(const char *text, size_t length, uint32_t *code_point, bool *is_valid);
bool utf8_is_valid(const char *text, size_t length);
// Adds the text with each invalid byte replaced by U+FFFD.
void utf8_add_valid(struct buffer *out, const char *text, size_t length);
// Adds the bytes with each NUL replaced by U+FFFD, for text that becomes a string.
void text_add_without_nul(struct buffer *out, const char *bytes, size_t length);
void utf8_add_code_point(struct buffer *out, uint32_t code_point);
// The number of code points, for alignment; each invalid byte counts as one.
size_t utf8_count(const char *text, size_t length);

// A list of owned strings, in the order of adding. `{0}` is an empty list.
struct text_list {
    char **items; // NULL-terminated; NULL until something is added
    size_t count;
    size_t capacity;
};
void text_list_add(struct text_list *list, const char *text);
void text_list_add_owned(struct text_list *list, char *text);
void text_list_add_list(struct text_list *list, const struct text_list *other);
bool text_list_has(const struct text_list *list, const char *text);
bool text_list_equal(const struct text_list *a, const struct text_list *b);
void text_list_sort(struct text_list *list);   // by bytes
void text_list_unique(struct text_list *list); // removes duplicates, keeping the first of each; need not be sorted
char *text_list_join(const struct text_list *list, const char *separator);     // owned
void text_list_copy(struct text_list *target, const struct text_list *source); // replaces the content of `target`
void text_list_clear(struct text_list *list); // frees the strings and the list; it is empty afterwards
#define AUTO_TEXT_LIST CLEANUP(text_list_clear)
