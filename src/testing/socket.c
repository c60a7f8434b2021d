// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/socket_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

typedef int (*testing_socket_fn)(int fd, const struct sockaddr *address, socklen_t size);

static int open_socket(const char *path, testing_socket_fn use) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length > TESTING_SOCKET_PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, length + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || use(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int errnum = errno;
    (void)close(fd);
    errno = errnum;
    return -1;
}

int testing_socket_listen(const char *path) {
    (void)unlink(path);
    int fd = open_socket(path, bind);
    if (fd < 0 || listen(fd, BACKLOG) == 0)
        return fd;
    int errnum = errno;
    (void)close(fd);
    errno = errnum;
    return -1;
}

int testing_socket_connect(const char *path) {
    return open_socket(path, connect);
}
