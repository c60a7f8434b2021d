// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/signal_names.h"

#include <signal.h>

#include "base/text.h"

// One name for each signal: the aliases SIGCLD, SIGIOT and SIGPOLL and real-time signals are not accepted.
static const char *const signal_names[] = {
    [SIGABRT] = "SIGABRT",     [SIGALRM] = "SIGALRM",     [SIGBUS] = "SIGBUS",   [SIGCHLD] = "SIGCHLD",
    [SIGCONT] = "SIGCONT",     [SIGFPE] = "SIGFPE",       [SIGHUP] = "SIGHUP",   [SIGILL] = "SIGILL",
    [SIGINT] = "SIGINT",       [SIGIO] = "SIGIO",         [SIGKILL] = "SIGKILL", [SIGPIPE] = "SIGPIPE",
    [SIGPROF] = "SIGPROF",     [SIGPWR] = "SIGPWR",       [SIGQUIT] = "SIGQUIT", [SIGSEGV] = "SIGSEGV",
    [SIGSTOP] = "SIGSTOP",     [SIGSYS] = "SIGSYS",       [SIGTERM] = "SIGTERM", [SIGTRAP] = "SIGTRAP",
    [SIGTSTP] = "SIGTSTP",     [SIGTTIN] = "SIGTTIN",     [SIGTTOU] = "SIGTTOU", [SIGURG] = "SIGURG",
    [SIGUSR1] = "SIGUSR1",     [SIGUSR2] = "SIGUSR2",     [SIGXCPU] = "SIGXCPU", [SIGXFSZ] = "SIGXFSZ",
    [SIGWINCH] = "SIGWINCH",   [SIGVTALRM] = "SIGVTALRM",
#ifdef SIGSTKFLT
    [SIGSTKFLT] = "SIGSTKFLT",
#endif
};

_Static_assert(ARRAY_COUNT(signal_names) == SIGNAL_NUMBER_MAX + 1, "SIGNAL_NUMBER_MAX is not the highest");

const char *signal_name(int number) {
    return number >= 0 && number <= SIGNAL_NUMBER_MAX ? signal_names[number] : NULL;
}

int signal_by_name(const char *name) {
    for (size_t number = 1; name != NULL && number < ARRAY_COUNT(signal_names); number++) {
        if (text_equal(name, signal_names[number]))
            return (int)number;
    }
    return 0;
}
