// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/raw_terminal.h"

#include <unistd.h>

void raw_terminal_init(struct raw_terminal *terminal, int fd) {
    *terminal = (struct raw_terminal){.fd = fd};
}

bool terminal_is_foreground(int fd) {
    pid_t group = tcgetpgrp(fd);
    return group < 0 || group == getpgrp();
}

void raw_terminal_enter(struct raw_terminal *terminal) {
    if (terminal->is_raw || !terminal_is_foreground(terminal->fd) || tcgetattr(terminal->fd, &terminal->usual) != 0)
        return;
    terminal->is_raw = true;
    raw_terminal_resume(terminal);
}

void raw_terminal_resume(struct raw_terminal *terminal) {
    struct termios raw = terminal->usual;
    if (!terminal->is_raw || !terminal_is_foreground(terminal->fd))
        return;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    (void)tcsetattr(terminal->fd, TCSANOW, &raw);
}

void raw_terminal_leave(struct raw_terminal *terminal) {
    if (terminal->is_raw && terminal_is_foreground(terminal->fd))
        (void)tcsetattr(terminal->fd, TCSANOW, &terminal->usual);
    terminal->is_raw = false;
}
