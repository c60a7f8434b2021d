// SPDX-License-Identifier: GPL-3.0-or-later
// The fixture, with a directory for files.
#pragma once

#include "fixture.h"

#include <ftw.h>
#include <sys/stat.h>

#include "base/file.h"

#define FILES_BOUNDARY "simple-boundary-of-more-than-32-letters"

struct files_fixture {
    struct fixture base;
    char *directory;
};

static inline void files_begin(struct files_fixture *files) {
    fixture_begin(&files->base);
    files->directory = memory_string("/tmp/test-api-files-XXXXXX");
    assert_non_null(mkdtemp(files->directory));
}

static inline int files_remove_one(const char *path, const struct stat *status UNUSED, int type UNUSED,
                                   struct FTW *walk UNUSED) {
    return remove(path);
}

static inline void files_end(struct files_fixture *files) {
    fixture_end(&files->base);
    assert_int_equal(nftw(files->directory, files_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(files->directory);
}

// The text with the directory for each "@". Owned.
static inline char *files_text(const struct files_fixture *files, const char *text) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (; *text != '\0'; text++) {
        if (*text == '@')
            buffer_add_string(&out, files->directory);
        else
            buffer_add_char(&out, *text);
    }
    return buffer_take(&out);
}

static inline void files_put(const struct files_fixture *files, const char *name, const char *content) {
    AUTO_FREE char *path = path_join(files->directory, name);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
}

static inline void files_assert_content(const struct files_fixture *files, const char *name, const char *expected) {
    AUTO_FREE char *path = path_join(files->directory, name);
    AUTO_BUFFER struct buffer content = BUFFER_INIT(1000);
    assert_true(file_read(path, &content, NULL));
    assert_string_equal(buffer_text(&content), expected);
}

static inline void files_assert_entries(const struct files_fixture *files, const char *expected) {
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(files->directory, &names, NULL));
    AUTO_FREE char *joined = text_list_join(&names, " ");
    assert_string_equal(joined, expected);
}

// Sends a request with headers (each with its end) and a body; returns the response, owned.
static inline char *files_ask(struct files_fixture *files, const char *request, const char *headers, const char *body) {
    AUTO_FREE char *line = files_text(files, request);
    AUTO_FREE char *content = files_text(files, body);
    int fd = fixture_connect(&files->base);
    fixture_send_with(fd, line, headers, content);
    return fixture_receive(&files->base, fd);
}

// Checks the status and a part of the response; "@" stands for the directory everywhere.
static inline void files_assert(struct files_fixture *files, const char *request, const char *headers, const char *body,
                                const char *expected) {
    AUTO_FREE char *response = files_ask(files, request, headers, body);
    AUTO_FREE char *piece = files_text(files, strchr(expected, ' ') + 1);
    if (strtol(expected, NULL, 10) != strtol(response + strlen("HTTP/1.1 "), NULL, 10) ||
        strstr(response, piece) == NULL)
        fail_msg("%s: want %s, got\n%s", request, expected, response);
}
