// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: what the guardian and the keeper have been given before they were forked, and their messages.
// The test program may have threads, so that after the fork nothing may be allocated.
#pragma once

#include "testing/root_plan_internal.h"

#include <stdbool.h>
#include <stddef.h>

#define TESTING_TEXT_BYTES 256

struct testing_launch {
    int parent_fd;            // of the directory that the temporary directory is in
    const char *name;         // of the temporary directory
    const char *program;      // path; NULL: the temporary directory is to be created, and no daemon started
    char *const *arguments;   // with the program's name, NULL-terminated
    char *const *environment; // NULL-terminated
    const char *working_directory;
    int log_fd;
    int null_fd;
    int boot_id_fd;                  // a file that gets another ID with each start; -1: none
    const struct testing_root *root; // NULL: that of the machine
};

enum testing_command {
    TESTING_COMMAND_LAUNCH = 'L',    // start the daemon: LAUNCHED or NOT_LAUNCHED
    TESTING_COMMAND_TERMINATE = 'T', // SIGTERM to the daemon; ENDED follows
    TESTING_COMMAND_KILL = 'K',      // SIGKILL to the daemon; ENDED follows
};

enum testing_message_kind {
    TESTING_MESSAGE_READY = 1,    // for commands
    TESTING_MESSAGE_NOT_ROOTED,   // no root of its own: `text` says why; the keeper ends
    TESTING_MESSAGE_LAUNCHED,     // the program runs
    TESTING_MESSAGE_NOT_LAUNCHED, // `value` is the errno of execve() or fork()
    TESTING_MESSAGE_ENDED,        // the daemon and all that it has left; `value` is its wait status
};

struct testing_message {
    enum testing_message_kind kind;
    int value;
    char text[TESTING_TEXT_BYTES];
};

// Sends to a socket. A message that is lost would be waited for in vain: it tries again until it has succeeded, or
// there is no other end.
void testing_launch_send(int fd, const void *bytes, size_t length);
// Writes "cannot WHAT: ERROR" to `text`, which is of TESTING_TEXT_BYTES. Allocates nothing.
void testing_launch_describe(char *text, const char *what, int errnum);
