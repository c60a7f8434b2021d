// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/forwarded_signals.h"

#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "cli/interrupts.h"

static const struct {
    int number;
    const char *name;
    bool may_be_ignored; // from the start
} forwarded[] = {
    {SIGHUP, "SIGHUP", true},    {SIGINT, "SIGINT", true},    {SIGQUIT, "SIGQUIT", true},  {SIGTERM, "SIGTERM", true},
    {SIGABRT, "SIGABRT", false}, {SIGTSTP, "SIGTSTP", false}, {SIGTTIN, "SIGTTIN", false}, {SIGTTOU, "SIGTTOU", false},
    {SIGUSR1, "SIGUSR1", false}, {SIGUSR2, "SIGUSR2", false}, {SIGSEGV, "SIGSEGV", false}, {SIGCONT, "SIGCONT", false},
};

const char *forwarded_signal_name(int number) {
    for (size_t i = 0; i < ARRAY_COUNT(forwarded); i++) {
        if (forwarded[i].number == number)
            return forwarded[i].name;
    }
    return NULL;
}

void forwarded_signals_init(struct forwarded_signals *signals) {
    *signals = (struct forwarded_signals){.fd = -1};
    (void)sigemptyset(&signals->signals);
    (void)sigaddset(&signals->signals, SIGWINCH);
    for (size_t i = 0; i < ARRAY_COUNT(forwarded); i++) {
        if (!forwarded[i].may_be_ignored || !signal_is_ignored(forwarded[i].number))
            (void)sigaddset(&signals->signals, forwarded[i].number);
    }
}

void forwarded_signals_begin(struct forwarded_signals *signals) {
    if (signals->fd >= 0)
        return;
    signals->fd = signalfd(-1, &signals->signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->fd >= 0)
        (void)sigprocmask(SIG_BLOCK, &signals->signals, &signals->previous);
}

void forwarded_signals_end(struct forwarded_signals *signals) {
    if (signals->fd < 0)
        return;
    file_close_at(&signals->fd);
    (void)sigprocmask(SIG_SETMASK, &signals->previous, NULL);
}

int forwarded_signals_next(struct forwarded_signals *signals) {
    struct signalfd_siginfo info;
    bool has_come = signals->fd >= 0 && read(signals->fd, &info, sizeof info) == (ssize_t)sizeof info;
    return has_come ? (int)info.ssi_signo : 0;
}

void forwarded_signals_stop(const struct forwarded_signals *signals) {
    sigset_t stop;
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTTIN);
    (void)kill(0, SIGTTIN);
    (void)sigprocmask(SIG_UNBLOCK, &stop, NULL);
    if (sigismember(&signals->signals, SIGTTIN) == 1 && signals->fd >= 0)
        (void)sigprocmask(SIG_BLOCK, &stop, NULL);
}
