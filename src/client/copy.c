// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/copy_internal.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "client/options_internal.h"

static bool is_final(enum pebble_error_kind kind) {
    return kind == PEBBLE_ERROR_CONNECTION || kind == PEBBLE_ERROR_CANCELLED || kind == PEBBLE_ERROR_TIMEOUT;
}

void client_copy_note(struct client_copy *copy, const char *path, struct pebble_error *failure) {
    const struct pebble_copy_options *options = &copy->options;
    bool is_enough = options->on_failed != NULL && !options->on_failed(path, failure, options->data);
    copy->is_stopped = copy->is_stopped || is_enough || is_final(failure->kind);
    if (copy->first.kind == PEBBLE_ERROR_NONE)
        client_fail_move(&copy->first, failure);
    pebble_error_clear(failure);
}

bool client_copy_fail(const char *what, const char *path, struct pebble_error *error) {
    return client_fail(error, PEBBLE_ERROR_FILE, "%s %s: %s", what, path, error_errno_text(errno));
}

// A name in the target directory, "" for what the source holds. Takes that from the path. Owned.
static char *split_source(char *path) {
    char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (!text_equal(name, "*"))
        return memory_string(text_equal(name, ".") || text_equal(name, "..") ? "" : name);
    if (slash == NULL)
        path[0] = '.'; // instead of the asterisk
    else
        slash[slash == path ? 1 : 0] = '\0';
    return memory_string("");
}

static void copy_source(struct client_copy *copy, const char *source, client_copy_source_fn copy_one) {
    AUTO_FREE char *path = path_clean(source);
    AUTO_FREE char *name = split_source(path);
    AUTO_FREE char *target =
        name[0] != '\0' ? path_join(copy->options.directory, name) : memory_string(copy->options.directory);
    copy_one(copy, path, target);
}

bool client_copy_run(struct pebble_client *client, const struct pebble_copy_options *options,
                     client_copy_source_fn copy_one, struct pebble_error *error) {
    struct client_copy copy = {.client = client};
    if (!client_options_read(&copy.options, sizeof copy.options, options, error))
        return false;
    if (copy.options.directory == NULL)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: no directory");
    if (!client_options_check_texts("sources", copy.options.sources, copy.options.source_count, error))
        return false;
    for (size_t i = 0; i < copy.options.source_count && !copy.is_stopped; i++)
        copy_source(&copy, copy.options.sources[i], copy_one);
    if (copy.first.kind == PEBBLE_ERROR_NONE)
        return true;
    client_fail_move(error, &copy.first);
    pebble_error_clear(&copy.first);
    return false;
}
