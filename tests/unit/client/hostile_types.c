// SPDX-License-Identifier: GPL-3.0-or-later
// Values of other JSON types than those that are due. Declared in hostile_fault.h.
#include "hostile_fault.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/json.h"
#include "pebble.h"

#define OK HOSTILE_SUCCEEDS
#define PROTOCOL HOSTILE_ENDS(PEBBLE_ERROR_PROTOCOL)

static const char *const replacements[] = {"null", "true", "7", "7.5", "\"x\"", "[]", "[[]]", "{}", NULL};

// Walks through the values of a JSON text up to the one with this number, and puts a text in its place.
struct walk {
    unsigned number;     // of the value that is replaced, by the order of the text
    const char *text;    // NULL: the value is removed
    unsigned count;      // values that were passed
    const json_t *found; // the value in whose place the text is
    struct buffer path;  // "/result/0/name"
    struct buffer shown; // the path of `found`
    struct buffer output;
};

static void walk_value(struct walk *walk, const json_t *value);

static void walk_member(struct walk *walk, const char *name, const json_t *value, bool has_name) {
    size_t length = walk->path.length;
    size_t start = walk->output.length;
    buffer_printf(&walk->path, "/%s", name);
    if (buffer_text(&walk->output)[start - 1] != '{' && buffer_text(&walk->output)[start - 1] != '[')
        buffer_add_char(&walk->output, ',');
    if (has_name)
        buffer_printf(&walk->output, "\"%s\":", name);
    bool is_removed = walk->count == walk->number && walk->text == NULL;
    walk_value(walk, value);
    if (is_removed)
        buffer_truncate(&walk->output, start);
    buffer_truncate(&walk->path, length);
}

static void walk_items(struct walk *walk, const json_t *value) {
    const char *name;
    json_t *item;
    size_t index;
    buffer_add_char(&walk->output, json_is_object(value) ? '{' : '[');
    json_object_foreach((json_t *)(uintptr_t)value, name, item) {
        walk_member(walk, name, item, true);
    }
    json_array_foreach(value, index, item) {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", index);
        walk_member(walk, number, item, false);
    }
    buffer_add_char(&walk->output, json_is_object(value) ? '}' : ']');
}

static void walk_value(struct walk *walk, const json_t *value) {
    if (walk->count++ == walk->number) {
        walk->found = value;
        buffer_add_string(&walk->shown, buffer_text(&walk->path));
        buffer_add_string(&walk->output, walk->text != NULL ? walk->text : "");
        return;
    }
    if (json_is_object(value) || json_is_array(value)) {
        walk_items(walk, value);
        return;
    }
    struct json_writer writer;
    json_writer_init(&writer, &walk->output, false);
    json_writer_value(&writer, value);
}

static void walk_init(struct walk *walk, unsigned number, const char *text) {
    *walk = (struct walk){.number = number, .text = text};
    buffer_init(&walk->path, BUFFER_NO_LIMIT);
    buffer_init(&walk->shown, BUFFER_NO_LIMIT);
    buffer_init(&walk->output, BUFFER_NO_LIMIT);
}

static void walk_finish(struct walk *walk) {
    buffer_finish(&walk->path);
    buffer_finish(&walk->shown);
    buffer_finish(&walk->output);
}

static json_t *read_json(const struct hostile_response *response) {
    json_t *value = NULL;
    if (response->json_length == 0 || response->route->form == HOSTILE_TEXT)
        return NULL;
    (void)!json_read(response->body.data + response->json_start, response->json_length, &value, NULL);
    return value;
}

unsigned hostile_count_types(const struct hostile_response *response) {
    AUTO_JSON json_t *value = read_json(response);
    struct walk walk;
    if (value == NULL)
        return 0;
    walk_init(&walk, UINT32_MAX, NULL);
    walk_value(&walk, value);
    unsigned count = walk.count;
    walk_finish(&walk);
    return count * (unsigned)ARRAY_COUNT(replacements);
}

// --- how calls may end ---

// The type of an empty string, or of an integer, is that of any.
static bool is_same_type(const json_t *value, const char *text) {
    AUTO_JSON json_t *other = NULL;
    bool is_read = text != NULL && json_read(text, strlen(text), &other, NULL);
    return is_read && (json_typeof(other) == json_typeof(value) || (json_is_boolean(other) && json_is_boolean(value)));
}

// Members that the library does not look at, or takes as they are.
static bool is_free(const struct hostile_response *response, const char *path, unsigned call_flags) {
    static const char *const unread[] = {"/status", "/status-code", "/result/environment", "/result/working-dir"};
    bool is_unread = false;
    for (size_t i = 0; i < ARRAY_COUNT(unread); i++)
        is_unread = is_unread || text_equal(path, unread[i]);
    bool is_ignored = (call_flags & HOSTILE_IGNORES_RESULT) != 0 || response->route->is_any;
    return is_unread || strstr(path, "data/") != NULL || (is_ignored && text_has_prefix(path, "/result"));
}

// What a value of the right type, or none, may lead to.
static unsigned ends_of_type(const char *path) {
    if (text_equal(path, "/result/status"))
        return OK | PROTOCOL | HOSTILE_ENDS(PEBBLE_ERROR_CHANGE);
    if (text_equal(path, "/change") || text_equal(path, "/result/task-id"))
        return OK | PROTOCOL | HOSTILE_ENDS(PEBBLE_ERROR_API); // there is no such ID
    if (text_has_suffix(path, "/exit-code"))
        return OK | PROTOCOL | HOSTILE_ENDS(PEBBLE_ERROR_EXEC);
    return OK | PROTOCOL;
}

static unsigned ends_of(const struct hostile_response *response, const struct walk *walk, unsigned call_flags) {
    const char *path = buffer_text(&walk->shown);
    bool is_none = walk->text == NULL || text_equal(walk->text, "null");
    bool is_required = response->route->is_one && text_equal(path, "/result");
    if ((path[0] == '\0' || text_equal(path, "/type")) && !response->route->is_any)
        return PROTOCOL;
    if (is_required && (is_none || text_equal(walk->text, "[]")))
        return PROTOCOL;
    if (is_free(response, path, call_flags) || is_none || is_same_type(walk->found, walk->text))
        return ends_of_type(path);
    if (response->route->form == HOSTILE_LINES && !text_equal(path, "/time"))
        return OK; // an entry is never lost
    return PROTOCOL;
}

static bool is_empty_list(const struct walk *walk) {
    bool is_none = walk->text == NULL || text_equal(walk->text, "null") || text_equal(walk->text, "[]");
    bool is_only_item = text_equal(buffer_text(&walk->shown), "/result/0") && walk->text == NULL;
    return (is_none && text_equal(buffer_text(&walk->shown), "/result")) || is_only_item;
}

void hostile_spoil_types(const struct hostile_response *response, unsigned number, unsigned call_flags,
                         struct hostile_spoiled *spoiled) {
    AUTO_JSON json_t *value = read_json(response);
    struct walk walk;
    struct hostile_response changed = *response;
    const char *text = replacements[number % ARRAY_COUNT(replacements)];
    walk_init(&walk, number / (unsigned)ARRAY_COUNT(replacements), text);
    walk_value(&walk, value);
    buffer_init(&changed.body, BUFFER_NO_LIMIT);
    buffer_add(&changed.body, response->body.data, response->json_start);
    buffer_add(&changed.body, walk.output.data, walk.output.length);
    size_t end = response->json_start + response->json_length;
    buffer_add(&changed.body, response->body.data + end, response->body.length - end);
    bool is_awaited = (call_flags & HOSTILE_AWAITS_ITEMS) != 0 && is_empty_list(&walk);
    hostile_add_response(&spoiled->bytes, is_awaited ? response : &changed, HOSTILE_LENGTH);
    spoiled->ends = is_awaited ? OK : ends_of(response, &walk, call_flags);
    (void)snprintf(spoiled->what, sizeof spoiled->what, "%s is %s", buffer_text(&walk.shown),
                   text != NULL ? text : "missing");
    buffer_finish(&changed.body);
    walk_finish(&walk);
}
