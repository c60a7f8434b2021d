// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/state_file.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "data/json.h"

#define FILE_LIMIT_BYTES ((size_t)8 << 20)
#define NO_TIME "0001-01-01T00:00:00Z"

static const char *const moment_names[STATE_MOMENTS] = {
    [NOTICES_LISTED] = "notices-last-listed",
    [NOTICES_OKAYED] = "notices-last-okayed",
    [WARNINGS_LISTED] = "warnings-last-listed",
    [WARNINGS_OKAYED] = "warnings-last-okayed",
};

// NULL if the environment does not determine where it is, as in many containers.
static char *state_path(void) {
    const char *folder = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (!text_is_empty(folder))
        return path_join(folder, "pebble/cli.json");
    return text_is_empty(home) ? NULL : path_join(home, ".config/pebble/cli.json");
}

// *whole is NULL if there is no file.
static bool read_whole(const char *path, json_t **whole, struct error *err) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(FILE_LIMIT_BYTES);
    AUTO_ERROR struct error failure = {0};
    if (!file_read(path, &text, &failure)) {
        // A directory of another user counts as missing.
        if (failure.errnum != ENOENT && failure.errnum != EACCES && failure.errnum != ENOTDIR)
            return error_move(err, &failure);
        *whole = NULL;
        return true;
    }
    if (!json_read_whole(buffer_text(&text), text.length, whole, err))
        return error_prefix(err, "%s: ", path);
    if (json_is_object_or_null(*whole, "cli.fullCLIState", err))
        return true;
    json_decref(TAKE(*whole));
    return error_prefix(err, "%s: ", path);
}

static bool read_moments(const json_t *entry, struct state_file *state, struct error *err) {
    for (size_t i = 0; i < STATE_MOMENTS; i++) {
        const char *text = NULL;
        if (!json_get_string(entry, "cli.cliState", moment_names[i], &text, err))
            return false;
        if (text != NULL && !clock_parse(text, &state->moments[i])) {
            AUTO_FREE char *quoted = text_quoted(text);
            return error_set(err, ERROR_BAD_REQUEST, "cannot parse time %s", quoted);
        }
    }
    return true;
}

static bool read_entry(const json_t *whole, const char *socket_path, struct state_file *state, struct error *err) {
    const json_t *sockets = whole != NULL ? json_member(whole, "pebble") : NULL;
    if (sockets == NULL)
        return true;
    if (!json_is_object_or_null(sockets, "map[string]*cli.cliState", err))
        return false;
    const json_t *entry = json_object_get(sockets, socket_path);
    if (entry == NULL || json_is_null(entry))
        return true;
    return json_is_object_or_null(entry, "cli.cliState", err) && read_moments(entry, state, err);
}

static bool load(const char *socket_path, struct state_file *state, struct error *err) {
    AUTO_FREE char *path = state_path();
    AUTO_JSON json_t *whole = NULL;
    if (path == NULL)
        return true;
    if (!read_whole(path, &whole, err))
        return false;
    return read_entry(whole, socket_path, state, err) || error_prefix(err, "%s: ", path);
}

bool state_file_load(const char *socket_path, struct state_file *state, struct error *err) {
    struct state_file loaded = {0};
    if (!load(socket_path, &loaded, err))
        return error_prefix(err, "cannot load CLI state: ");
    *state = loaded;
    return true;
}

// --- saving ---

static json_t *moments_as_json(const struct state_file *state) {
    json_t *entry = json_object();
    for (size_t i = 0; i < STATE_MOMENTS; i++) {
        char text[CLOCK_TEXT_SIZE] = NO_TIME;
        if (state->moments[i].is_set)
            clock_format(state->moments[i], text);
        json_object_set_new(entry, moment_names[i], json_string(text));
    }
    return entry;
}

static bool write_whole(const char *path, const json_t *whole, struct error *err) {
    AUTO_FREE char *copy = memory_string(path);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &text, true);
    json_writer_value(&writer, whole);
    const struct iovec piece = {.iov_base = text.data, .iov_len = text.length};
    return directory_create_all(dirname(copy), 0700, err) && file_write_atomic(path, &piece, 1, 0600, err);
}

static bool save(const char *socket_path, const struct state_file *state, struct error *err) {
    AUTO_FREE char *path = state_path();
    AUTO_JSON json_t *whole = NULL;
    if (path == NULL)
        return error_set(err, ERROR_NOT_FOUND, "neither XDG_CONFIG_HOME nor HOME is set");
    if (!read_whole(path, &whole, err))
        return false;
    if (!json_is_object(whole)) {
        json_decref(whole);
        whole = json_object();
    }
    json_t *sockets = json_member(whole, "pebble");
    if (!json_is_object(sockets)) {
        sockets = json_object();
        json_object_set_new(whole, "pebble", sockets);
    }
    json_object_set_new(sockets, socket_path, moments_as_json(state));
    return write_whole(path, whole, err);
}

bool state_file_save(const char *socket_path, const struct state_file *state, struct error *err) {
    return save(socket_path, state, err) || error_prefix(err, "cannot save CLI state: ");
}
