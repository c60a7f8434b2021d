/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Copies a local file to the daemon, shows it, and copies it back to standard output.
 *
 *     cc client-files.c $(pkg-config --cflags --libs libpebble) -o client-files
 *     PEBBLE=/var/lib/pebble/default ./client-files notes.txt /srv/notes/today.txt
 */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <pebble.h>
#include <stdio.h>
#include <unistd.h>

/* The descriptor is read while the content is sent: the file may be larger than the memory. */
static bool push(struct pebble_client *client, int fd, const char *path, struct pebble_error *error) {
    const struct pebble_push_options options = {
        .size = sizeof options, .path = path, .fd = &fd, .flags = PEBBLE_PUSH_MAKE_DIRECTORIES, .permissions = 0600};
    return pebble_push_file(client, &options, error);
}

static bool show(struct pebble_client *client, const char *path, struct pebble_error *error) {
    struct pebble_files *files;
    if (!pebble_list_files(client, path, NULL, &files, error))
        return false;
    for (size_t i = 0; i < pebble_files_count(files); i++) {
        const struct pebble_file *file = pebble_files_at(files, i);
        int64_t size = 0;
        (void)pebble_file_size(file, &size);
        printf("%s: %s, %lld bytes, %03o\n", pebble_file_path(file), pebble_file_type(file), (long long)size,
               (unsigned)pebble_file_permissions(file));
    }
    pebble_files_destroy(files);
    return true;
}

static bool pull(struct pebble_client *client, const char *path, int fd, struct pebble_error *error) {
    const struct pebble_pull_options options = {.size = sizeof options, .path = path, .fd = &fd};
    return pebble_pull_file(client, &options, NULL, error);
}

static bool copy(int fd, const char *path, struct pebble_error *error) {
    struct pebble_client *client = NULL;
    bool is_good = pebble_client_create_default(&client, error) && push(client, fd, path, error) &&
                   show(client, path, error) && fflush(stdout) == 0 && pull(client, path, STDOUT_FILENO, error);
    pebble_client_destroy(client);
    return is_good;
}

int main(int argc, char **argv) {
    struct pebble_error error = {0};
    if (argc != 3) {
        fprintf(stderr, "usage: %s LOCAL-PATH REMOTE-PATH\n", argv[0]);
        return 2;
    }
    int fd = open(argv[1], O_RDONLY);
    if (fd < 0) {
        perror(argv[1]);
        return 1;
    }
    bool is_good = copy(fd, argv[2], &error);
    if (!is_good)
        fprintf(stderr, "error: %s%s%s\n", error.message != NULL ? error.message : "cannot write",
                error.api_kind != NULL ? ", " : "", error.api_kind != NULL ? error.api_kind : "");
    pebble_error_clear(&error);
    close(fd);
    return is_good ? 0 : 1;
}
