// SPDX-License-Identifier: GPL-3.0-or-later
// The signals that `exec` forwards to the command instead of acting on them, received through signalfd(2). Those that
// end the program and were ignored at its start, as nohup(1) does, stay ignored.
#pragma once

#include <signal.h>
#include <stdbool.h>

struct forwarded_signals {
    int fd; // -1 while they are not forwarded
    sigset_t signals;
    sigset_t previous; // mask
};
void forwarded_signals_init(struct forwarded_signals *signals);
// From now on they are blocked, and received. Does nothing if that is so already.
void forwarded_signals_begin(struct forwarded_signals *signals);
void forwarded_signals_end(struct forwarded_signals *signals); // they act as before
int forwarded_signals_next(struct forwarded_signals *signals); // a signal that has arrived; 0: none
// Stops the process as the terminal stops one that reads from it in the background (SIGTTIN). Returns when it is
// continued, or at once if nobody could continue it (an orphaned process group, see setpgid(2)).
void forwarded_signals_stop(const struct forwarded_signals *signals);
const char *forwarded_signal_name(int number); // "SIGINT"; NULL: it is not forwarded
