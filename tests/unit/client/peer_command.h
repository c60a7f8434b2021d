// SPDX-License-Identifier: GPL-3.0-or-later
// A daemon in a thread of its own, with a command that writes its output, reads its input to the end, and ends with the
// exit code 9, or 0.
#pragma once

#include "base/buffer.h"
#include "peer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct peer_command {
    struct peer peer;
    pthread_t thread;
    bool is_split;
    bool succeeds; // with exit code 0
    const char *output;
    size_t output_length; // 0: the length of the text
    const char *error_output;
    int raises;          // a signal to this process when the input has ended; a message of the control stream follows
    char *control;       // that message, as peer_read_frames() returns it
    struct buffer input; // what was read
    bool has_ended;
};
void peer_command_begin(struct peer_command *command); // for one exec
void peer_command_wait(struct peer_command *command);  // until the daemon is done with it
void peer_command_again(struct peer_command *command); // for another one
void peer_command_end(struct peer_command *command);
