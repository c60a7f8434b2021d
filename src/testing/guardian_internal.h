// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: the guardian, a process that outlives the test program. When that has ended, or wants it to, it
// ends all processes of the daemon, removes the temporary directory, and ends. Its child is the keeper.
#pragma once

#include "base/compiler.h"
#include "pebble.h"
#include "testing/launch_internal.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct testing_guardian {
    int life_fd;    // a socket: the guardian works until it is closed, and closes its end when it has ended; -1: none
    int control_fd; // to the keeper
    pid_t pid;      // 0 before it was received
};

void testing_guardian_init(struct testing_guardian *guardian); // none
// Forks it. `launch` is needed for the call only. Without a program there is no keeper: it creates the
// directory, and removes it in the end.
// PEBBLE_ERROR_FILE.
bool testing_guardian_start(struct testing_guardian *guardian, const struct testing_launch *launch,
                            struct pebble_error *error) NODISCARD;
// Waits for what a guardian without a program has done: *errnum is 0, or why the directory cannot be created.
bool testing_guardian_await_directory(struct testing_guardian *guardian, int64_t deadline_ns, int *errnum,
                                      struct pebble_error *error) NODISCARD;
// Ends it without a removal of the directory, as there is another one.
void testing_guardian_dismiss(struct testing_guardian *guardian, int64_t deadline_ns);
// Waits until all processes have ended and the directory is removed, at most until the deadline, and closes the
// sockets. No effect without a guardian.
void testing_guardian_stop(struct testing_guardian *guardian, int64_t deadline_ns);

// False if there is no keeper any more.
bool testing_guardian_send(const struct testing_guardian *guardian, enum testing_command command);
// Waits for a message until the deadline; once only, without waiting, if that has passed. PEBBLE_ERROR_TIMEOUT, or
// PEBBLE_ERROR_CONNECTION if the processes have ended.
bool testing_guardian_receive(const struct testing_guardian *guardian, int64_t deadline_ns,
                              struct testing_message *message, struct pebble_error *error) NODISCARD;
