// SPDX-License-Identifier: GPL-3.0-or-later
// A charm with hook tools of the test: shell scripts in a directory of their own, which is first in PATH.
#pragma once

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "pebble-charm.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct with_tools {
    char directory[32];
    struct pebble_charm *charm;
    struct pebble_error error;
    size_t descriptor_count; // at the beginning
};

static inline size_t with_tools_count_descriptors(void) {
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

// `variables`: more of the environment, the last one NULL; may be NULL.
static inline void with_tools_begin(struct with_tools *with, const char *const *variables) {
    *with = (struct with_tools){.directory = "/tmp/charm-tools-XXXXXX"};
    assert_non_null(mkdtemp(with->directory));
    with->descriptor_count = with_tools_count_descriptors();
    AUTO_FREE char *path = memory_printf("PATH=%s:/usr/bin:/bin", with->directory);
    AUTO_FREE char *place = memory_printf("PLACE=%s", with->directory);
    AUTO_TEXT_LIST struct text_list environment = {0};
    for (size_t i = 0; variables != NULL && variables[i] != NULL; i++)
        text_list_add(&environment, variables[i]);
    text_list_add(&environment, path);
    text_list_add(&environment, place);
    text_list_add(&environment, "JUJU_DISPATCH_PATH=hooks/install");
    assert_true(pebble_charm_create((const char *const *)environment.items, &with->charm, NULL));
}

static inline void with_tools_remove_directory(struct with_tools *with) {
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(with->directory, &names, NULL));
    for (size_t i = 0; i < names.count; i++) {
        AUTO_FREE char *path = path_join(with->directory, names.items[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(with->directory), 0);
}

static inline void with_tools_end(struct with_tools *with) {
    pebble_charm_destroy(with->charm);
    pebble_error_clear(&with->error);
    assert_int_equal(with_tools_count_descriptors(), with->descriptor_count);
    with_tools_remove_directory(with);
}

static inline void with_tools_write(const struct with_tools *with, const char *name, const char *text, mode_t mode) {
    AUTO_FREE char *path = path_join(with->directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_true(file_write_all(fd, text, strlen(text), NULL));
    close(fd);
}

static inline void with_tools_script(const struct with_tools *with, const char *name, const char *text) {
    AUTO_FREE char *script = memory_printf("#!/bin/sh\n%s", text);
    with_tools_write(with, name, script, 0755);
}

// A tool that keeps its arguments, a line each, and its input, and prints `output`.
static inline void with_tools_record(const struct with_tools *with, const char *name, const char *output) {
    AUTO_FREE char *script = memory_printf("for word in \"$@\"; do printf '<%%s>\\n' \"$word\"; done "
                                           ">$PLACE/words\ncat >$PLACE/input\ncat <<'END'\n%s\nEND\n",
                                           output);
    with_tools_script(with, name, script);
}

static inline void with_tools_assert_file(const struct with_tools *with, const char *name, const char *expected) {
    AUTO_BUFFER struct buffer content = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_FREE char *path = path_join(with->directory, name);
    assert_true(file_read(path, &content, NULL));
    assert_string_equal(buffer_text(&content), expected);
}

// The arguments of the last tool: "<a>\n<b>\n".
static inline void with_tools_assert_words(const struct with_tools *with, const char *expected) {
    with_tools_assert_file(with, "words", expected);
}

static inline void with_tools_assert_error(struct with_tools *with, enum pebble_error_kind kind, const char *message) {
    assert_string_equal(with->error.message != NULL ? with->error.message : "", message);
    assert_int_equal(with->error.kind, kind);
}
