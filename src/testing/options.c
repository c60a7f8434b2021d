// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/options_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"

#define SIZE_MAX_BYTES ((size_t)4096)
#define LAYERS_MAX ((size_t)999)
#define ITEMS_MAX ((size_t)10000) // arguments, variables
#define LABEL_MAX ((size_t)200)
#define TIMEOUT_DEFAULT_MS 30000
#define KNOWN_FLAGS ((uint64_t)(PEBBLE_TEST_OWN_ROOT | PEBBLE_TEST_OWN_ROOT_OPTIONAL))

static bool fail(struct pebble_error *error, const char *reason) {
    return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: %s", reason);
}

static bool is_zero(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static bool copy_known(struct pebble_test_options *own, const struct pebble_test_options *given,
                       struct pebble_error *error) {
    size_t size = given->size;
    if (size < sizeof size || size > SIZE_MAX_BYTES)
        return fail(error, "their size is not set");
    if (size > sizeof *own && !is_zero((const char *)given + sizeof *own, size - sizeof *own))
        return fail(error, "they need a newer version of libpebble");
    memcpy(own, given, size < sizeof *own ? size : sizeof *own);
    return true;
}

// --- the program ---

static bool is_program(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static char *absolute(const char *path) {
    char *resolved = realpath(path, NULL);
    return resolved != NULL ? resolved : memory_string(path);
}

// Owned; NULL if it is in none of the directories.
static char *search_path(const char *name) {
    const char *variable = getenv("PATH");
    AUTO_FREE char *directories = memory_string(variable != NULL ? variable : "/usr/local/bin:/usr/bin:/bin");
    char *rest = directories, *directory;
    while ((directory = strsep(&rest, ":")) != NULL) {
        AUTO_FREE char *path = path_join(*directory != '\0' ? directory : ".", name);
        if (is_program(path))
            return absolute(path);
    }
    return NULL;
}

static bool find_program(struct testing_options *options, struct pebble_error *error) {
    const char *name = options->given.program;
    if (name == NULL)
        name = getenv("PEBBLE_TEST_PROGRAM");
    if (text_is_empty(name))
        name = "pebble";
    options->program = strchr(name, '/') == NULL ? search_path(name) : is_program(name) ? absolute(name) : NULL;
    if (options->program != NULL)
        return true;
    AUTO_FREE char *quoted = client_quoted(name);
    return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot find program %s: not an executable file%s", quoted,
                       strchr(name, '/') == NULL ? " of a directory in PATH" : "");
}

// --- checks ---

static bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

// As layers must be called, docs/internals/plan.md.
static bool is_label(const char *label) {
    size_t length = strnlen(label, LABEL_MAX + 1), letters = 0;
    for (size_t i = 0; i < length; i++) {
        if (is_letter(label[i]) || (i > 0 && label[i] >= '0' && label[i] <= '9'))
            letters++;
        else if (label[i] != '-' || i == 0 || i + 1 == length || label[i - 1] == '-')
            return false;
    }
    return letters >= 3 && length <= LABEL_MAX;
}

static bool check_layers(const struct pebble_test_options *given, struct pebble_error *error) {
    if (given->layer_count > LAYERS_MAX)
        return fail(error, "more than 999 layers");
    for (size_t i = 0; i < given->layer_count; i++) {
        const struct pebble_test_layer *layer = &given->layers[i];
        if (layer->label == NULL || layer->yaml == NULL)
            return fail(error, "a layer without label or text");
        if (!is_label(layer->label)) {
            AUTO_FREE char *quoted = client_quoted(layer->label);
            return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: invalid label %s", quoted);
        }
    }
    return true;
}

static bool check_items(const struct pebble_test_options *given, struct pebble_error *error) {
    if (given->argument_count > ITEMS_MAX || given->environment_count > ITEMS_MAX)
        return fail(error, "more than 10000 arguments or variables");
    for (size_t i = 0; i < given->argument_count; i++) {
        if (given->arguments[i] == NULL)
            return fail(error, "an argument that is NULL");
    }
    for (size_t i = 0; i < given->environment_count; i++) {
        const char *variable = given->environment[i];
        if (variable == NULL || *variable == '=' || strchr(variable, '=') == NULL)
            return fail(error, "a variable that is not NAME=VALUE");
    }
    return true;
}

static bool check(const struct pebble_test_options *given, struct pebble_error *error) {
    if ((given->flags & ~KNOWN_FLAGS) != 0)
        return fail(error, "unknown flags");
    if ((given->flags & KNOWN_FLAGS) == PEBBLE_TEST_OWN_ROOT_OPTIONAL)
        return fail(error, "PEBBLE_TEST_OWN_ROOT_OPTIONAL without PEBBLE_TEST_OWN_ROOT");
    if (given->timeout_ms < 0)
        return fail(error, "a negative timeout");
    return check_layers(given, error) && check_items(given, error);
}

bool testing_options_read(struct testing_options *options, const struct pebble_test_options *given,
                          struct pebble_error *error) {
    struct testing_options own = {0};
    if (given != NULL && !copy_known(&own.given, given, error))
        return false;
    if (!check(&own.given, error) || !find_program(&own, error))
        return false;
    if (own.given.timeout_ms == 0)
        own.given.timeout_ms = TIMEOUT_DEFAULT_MS;
    *options = own;
    return true;
}

void testing_options_finish(struct testing_options *options) {
    free(options->program);
    *options = (struct testing_options){0};
}

// --- the environment ---

static bool is_removed(const char *variable) {
    return text_has_prefix(variable, "PEBBLE") || text_has_prefix(variable, "LISTEN_") ||
           text_has_prefix(variable, "NOTIFY_");
}

// Whether both have the same name.
static bool is_same(const char *variable, const char *other) {
    size_t length = strcspn(variable, "=");
    return strncmp(variable, other, length) == 0 && other[length] == '=';
}

static bool is_replaced(const struct pebble_test_options *given, const char *variable) {
    for (size_t i = 0; i < given->environment_count; i++) {
        if (is_same(given->environment[i], variable))
            return true;
    }
    return false;
}

void testing_options_environment(const struct testing_options *options, const char *daemon_directory,
                                 const char *socket_path, struct text_list *environment) {
    const struct pebble_test_options *given = &options->given;
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        if (!is_removed(*variable) && !is_replaced(given, *variable))
            text_list_add(environment, *variable);
    }
    for (size_t i = 0; i < given->environment_count; i++) {
        if (!is_same("PEBBLE=", given->environment[i]) && !is_same("PEBBLE_SOCKET=", given->environment[i]))
            text_list_add(environment, given->environment[i]);
    }
    text_list_add_owned(environment, memory_printf("PEBBLE=%s", daemon_directory));
    text_list_add_owned(environment, memory_printf("PEBBLE_SOCKET=%s", socket_path));
}
