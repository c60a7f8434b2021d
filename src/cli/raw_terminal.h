// SPDX-License-Identifier: GPL-3.0-or-later
// A terminal in raw mode: all keys are input, none sends a signal. Modes are changed only by a process that is in the
// foreground of the terminal: otherwise they are those of the shell.
#pragma once

#include <stdbool.h>
#include <termios.h>

struct raw_terminal {
    int fd; // borrowed
    bool is_raw;
    struct termios usual;
};
void raw_terminal_init(struct raw_terminal *terminal, int fd);
// Does nothing if it is raw already, or no terminal.
void raw_terminal_enter(struct raw_terminal *terminal);
// Sets raw mode again, after the process was stopped and continued: the shell may have changed the modes.
void raw_terminal_resume(struct raw_terminal *terminal);
void raw_terminal_leave(struct raw_terminal *terminal); // restores the usual modes
// Whether this process may read from the terminal and change its modes; true without job control.
bool terminal_is_foreground(int fd);
