// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a command against a fake daemon and captures what it prints.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../client/fake_daemon.h"
#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/session.h"

struct printed {
    int code;
    char *out, *errors; // standard output and standard error; owned
    struct error err;
    struct text_list requests;
};

static inline void printed_clear(struct printed *printed) {
    free(printed->out);
    free(printed->errors);
    error_clear(&printed->err);
    text_list_clear(&printed->requests);
    *printed = (struct printed){0};
}
#define AUTO_PRINTED CLEANUP(printed_clear)

struct capture {
    FILE *stream, *file;
    int kept_fd;
};

static inline struct capture capture_begin(FILE *stream) {
    (void)fflush(stream);
    struct capture capture = {.stream = stream, .file = tmpfile(), .kept_fd = dup(fileno(stream))};
    assert_non_null(capture.file);
    assert_true(capture.kept_fd >= 0 && dup2(fileno(capture.file), fileno(stream)) >= 0);
    return capture;
}

static inline char *capture_end(const struct capture *capture) {
    static char text[65536];
    (void)fflush(capture->stream);
    assert_true(dup2(capture->kept_fd, fileno(capture->stream)) >= 0);
    (void)close(capture->kept_fd);
    rewind(capture->file);
    size_t length = fread(text, 1, sizeof text - 1, capture->file);
    (void)fclose(capture->file);
    return memory_string_n(text, length);
}

// Runs the command with its arguments (NULL-terminated) against the script of the daemon.
static inline void run_command(const struct cli_command *command, const char *const *arguments,
                               const struct fake_response *script, size_t count, struct printed *printed) {
    struct cli_session session;
    struct cli_call call = {.command = command, .session = &session};
    enum cli_action action = CLI_ACTION_RUN;
    size_t argument_count = 0;
    while (arguments[argument_count] != NULL)
        argument_count++;
    printed_clear(printed);
    char *path = fake_socket_path();
    struct fake_daemon *daemon = fake_daemon_start(path, script, count);
    (void)setenv("PEBBLE_SOCKET", path, 1);
    session_init(&session);
    AUTO_FREE char **words = memory_copy(arguments, (argument_count + 1) * sizeof *arguments);
    assert_true(arguments_parse(command, words, argument_count, &call.arguments, &action, &printed->err));
    struct capture out = capture_begin(stdout), errors = capture_begin(stderr);
    printed->code = command->run(&call, &printed->err);
    printed->out = capture_end(&out);
    printed->errors = capture_end(&errors);
    arguments_finish(&call.arguments);
    session_finish(&session);
    fake_daemon_stop(daemon, &printed->requests);
    fake_socket_remove(path);
}

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_ARGUMENTS ((const char *const[]){NULL})
