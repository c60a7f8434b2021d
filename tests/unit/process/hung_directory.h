// SPDX-License-Identifier: GPL-3.0-or-later
// A directory on a file system that hangs: FUSE, with a server that reads requests and does not respond. A process that
// looks into it hangs in the kernel and cannot be killed.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

struct hung_directory {
    char path[32];
    int fd;
    _Alignas(8) char request[FUSE_MIN_READ_BUFFER + 65536];
};

// Waits for a request and returns its opcode. Each name that is looked up makes a request of its own. Signals to
// processes that hang make requests too, which are skipped.
static inline uint32_t hung_directory_read(struct hung_directory *directory, uint64_t *id) {
    const struct fuse_in_header *head = (const void *)directory->request;
    do {
        struct pollfd events = {.fd = directory->fd, .events = POLLIN};
        assert_int_equal(poll(&events, 1, 60000), 1);
        assert_true(read(directory->fd, directory->request, sizeof directory->request) > 0);
    } while (head->opcode == FUSE_INTERRUPT);
    *id = head->unique;
    return head->opcode;
}

static inline void hung_directory_initialize(struct hung_directory *directory) {
    struct {
        struct fuse_out_header head;
        struct fuse_init_out init;
    } response = {.head = {.len = sizeof response},
                  .init = {.major = 7, .minor = 25, .flags = FUSE_PARALLEL_DIROPS, .max_write = 4096}};
    assert_int_equal(hung_directory_read(directory, &response.head.unique), FUSE_INIT);
    assert_int_equal(write(directory->fd, &response, sizeof response), sizeof response);
}

// False if it cannot be mounted.
static inline bool hung_directory_begin(struct hung_directory *directory) {
    snprintf(directory->path, sizeof directory->path, "/tmp/hung-XXXXXX");
    char options[100];
    directory->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (directory->fd < 0 || mkdtemp(directory->path) == NULL)
        return false;
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", directory->fd);
    if (mount("hung", directory->path, "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
        close(directory->fd);
        rmdir(directory->path);
        return false;
    }
    hung_directory_initialize(directory);
    return true;
}

// Processes that hang in it get an error.
static inline void hung_directory_end(struct hung_directory *directory) {
    close(directory->fd);
    umount2(directory->path, MNT_DETACH);
    rmdir(directory->path);
}
