// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/interrupts.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"

bool signal_is_ignored(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void interrupts_begin(struct interrupts *interrupts, struct pebble_client *client, const int *signals) {
    interrupts->client = client;
    (void)sigemptyset(&interrupts->signals);
    for (; *signals != 0; signals++) {
        if (!signal_is_ignored(*signals))
            (void)sigaddset(&interrupts->signals, *signals);
    }
    interrupts->fd = signalfd(-1, &interrupts->signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (interrupts->fd < 0)
        return;
    (void)sigprocmask(SIG_BLOCK, &interrupts->signals, NULL);
    pebble_client_set_interrupt_fd(client, interrupts->fd);
}

int interrupts_consume(struct interrupts *interrupts) {
    struct signalfd_siginfo info;
    return interrupts->fd >= 0 && read(interrupts->fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo
                                                                                                   : 0;
}

int interrupts_end(struct interrupts *interrupts, bool has_come) {
    if (interrupts->fd < 0)
        return 0;
    pebble_client_set_interrupt_fd(interrupts->client, -1);
    int number = has_come ? interrupts_consume(interrupts) : 0;
    (void)sigprocmask(SIG_UNBLOCK, &interrupts->signals, NULL);
    file_close_at(&interrupts->fd);
    return number;
}
