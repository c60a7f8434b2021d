// SPDX-License-Identifier: GPL-3.0-or-later
// What a guardian and a keeper get: a shell in the place of the daemon, and a temporary directory.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "temporary.h"
#include "testing/launch_internal.h"

struct with_launch {
    char *parent; // of the temporary directory
    char *directory;
    char *log_path;
    const char *arguments[4];
    const char *environment[2];
    struct testing_launch launch;
};

static inline void with_launch_begin(struct with_launch *with, const char *command) {
    *with = (struct with_launch){
        .parent = temporary_create(), .arguments = {"sh", "-c", command}, .environment = {"PATH=/usr/bin:/bin"}};
    with->directory = path_join(with->parent, "tree");
    with->log_path = path_join(with->parent, "log");
    assert_int_equal(mkdir(with->directory, 0700), 0);
    with->launch = (struct testing_launch){
        .parent_fd = open(with->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        .name = "tree",
        .program = "/bin/sh",
        .arguments = (char *const *)(uintptr_t)with->arguments,
        .environment = (char *const *)(uintptr_t)with->environment,
        .working_directory = with->directory,
        .log_fd = open(with->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
        .null_fd = open("/dev/null", O_RDWR | O_CLOEXEC),
        .boot_id_fd = -1,
    };
}

static inline void with_launch_end(struct with_launch *with) {
    file_close_at(&with->launch.parent_fd);
    file_close_at(&with->launch.log_fd);
    file_close_at(&with->launch.null_fd);
    file_close_at(&with->launch.boot_id_fd);
    assert_int_equal(unlink(with->log_path), 0);
    (void)rmdir(with->directory);
    free(with->directory);
    free(with->log_path);
    temporary_remove(with->parent);
}
