// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/place_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"
#include "testing/root_plan_internal.h"
#include "testing/socket_internal.h"

#define NAME_PREFIX "pebble-"
#define NAME_RANDOM_BYTES 6
#define SOCKET_NAME "socket"
#define DAEMON_NAME "p" // short, as paths of sockets are limited
#define DAEMON_SOCKET_NAME "s"
#define READ_BYTES ((off_t)16384)

void testing_place_init(struct testing_place *place) {
    *place = (struct testing_place){.parent_fd = -1, .log_fd = -1, .null_fd = -1, .boot_id_fd = -1};
}

bool testing_place_fail(struct pebble_error *error, const char *path, int errnum) {
    return client_fail(error, PEBBLE_ERROR_FILE, "cannot create temporary directory: %s: %s", path,
                       error_errno_text(errnum));
}

static bool find_parent(struct testing_place *place, struct pebble_error *error) {
    const char *variable = getenv("TMPDIR");
    if (text_is_empty(variable))
        variable = "/tmp";
    place->parent = realpath(variable, NULL);
    if (place->parent == NULL)
        return testing_place_fail(error, variable, errno);
    size_t longest = TESTING_SOCKET_PATH_MAX - strlen("/" NAME_PREFIX "/" SOCKET_NAME) - NAME_RANDOM_BYTES;
    if (strlen(place->parent) > longest)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT,
                           "cannot use TMPDIR %s: longer than %zu bytes, too long for the path of a socket",
                           place->parent, longest);
    place->parent_fd = open(place->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return place->parent_fd >= 0 || testing_place_fail(error, place->parent, errno);
}

static bool choose_name(struct testing_place *place, struct pebble_error *error) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567"; // 32
    unsigned char bytes[NAME_RANDOM_BYTES];
    char name[NAME_RANDOM_BYTES + 1] = "";
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return testing_place_fail(error, place->parent, errno);
    for (size_t i = 0; i < sizeof bytes; i++)
        name[i] = letters[bytes[i] % (sizeof letters - 1)];
    place->name = memory_printf("%s%s", NAME_PREFIX, name);
    place->directory = path_join(place->parent, place->name);
    char *directory = place->directory;
    place->daemon_directory = path_join(directory, DAEMON_NAME);
    place->daemon_socket = path_join(place->daemon_directory, DAEMON_SOCKET_NAME);
    place->client_socket = path_join(directory, SOCKET_NAME);
    place->log_path = path_join(directory, "log");
    return true;
}

static bool open_files(struct testing_place *place, struct pebble_error *error) {
    place->log_fd = open(place->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (place->log_fd < 0)
        return testing_place_fail(error, place->log_path, errno);
    AUTO_FREE char *path = path_join(place->directory, TESTING_BOOT_ID_NAME);
    place->boot_id_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
    return place->boot_id_fd >= 0 || testing_place_fail(error, path, errno);
}

static bool write_layer(const char *path, const char *text, struct pebble_error *error) {
    AUTO_ERROR struct error err = {0};
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return testing_place_fail(error, path, errno);
    if (file_write_all(fd, text, strlen(text), &err))
        return true;
    return client_fail(error, PEBBLE_ERROR_FILE, "cannot write layer: %s", error_text(&err));
}

static bool write_layers(const struct testing_place *place, const struct pebble_test_options *given,
                         struct pebble_error *error) {
    AUTO_FREE char *layers = path_join(place->daemon_directory, "layers");
    if (mkdir(place->daemon_directory, S_IRWXU) != 0 || mkdir(layers, S_IRWXU) != 0)
        return testing_place_fail(error, layers, errno);
    for (size_t i = 0; i < given->layer_count; i++) {
        const struct pebble_test_layer *layer = &given->layers[i];
        AUTO_FREE char *path = memory_printf("%s/%03zu-%s.yaml", layers, i + 1, layer->label);
        if (!write_layer(path, layer->yaml, error))
            return false;
    }
    return true;
}

static bool open_null(struct testing_place *place, struct pebble_error *error) {
    place->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return place->null_fd >= 0 || testing_place_fail(error, "/dev/null", errno);
}

bool testing_place_create(struct testing_place *place, struct pebble_error *error) {
    if (find_parent(place, error) && open_null(place, error) && choose_name(place, error))
        return true;
    testing_place_finish(place);
    return false;
}

bool testing_place_fill(struct testing_place *place, const struct testing_options *options,
                        struct pebble_error *error) {
    return open_files(place, error) && write_layers(place, &options->given, error);
}

void testing_place_finish(struct testing_place *place) {
    file_close_at(&place->parent_fd);
    file_close_at(&place->log_fd);
    file_close_at(&place->null_fd);
    file_close_at(&place->boot_id_fd);
    free(place->parent);
    free(place->name);
    free(place->directory);
    free(place->daemon_directory);
    free(place->daemon_socket);
    free(place->client_socket);
    free(place->log_path);
    testing_place_init(place);
}

char *testing_place_read_log(const struct testing_place *place, size_t limit_bytes) {
    struct stat status;
    AUTO_CLOSE int fd = open(place->log_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0)
        return memory_string("");
    off_t start = status.st_size > (off_t)limit_bytes ? status.st_size - (off_t)limit_bytes : 0;
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    // Up to this size: it may grow while it is read.
    for (off_t at = start; at < status.st_size;) {
        char bytes[READ_BYTES];
        off_t left = status.st_size - at;
        ssize_t length = pread(fd, bytes, left < READ_BYTES ? (size_t)left : sizeof bytes, at);
        if (length <= 0)
            break;
        text_add_without_nul(&shown, bytes, (size_t)length);
        at += length;
    }
    return buffer_take(&shown);
}
