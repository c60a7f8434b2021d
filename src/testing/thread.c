// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/thread_internal.h"

#include <signal.h>

#include "client/errors.h"

bool testing_thread_start(pthread_t *thread, testing_thread_fn run, void *data, struct pebble_error *error) {
    sigset_t all, old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int errnum = pthread_create(thread, NULL, run, data);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return errnum == 0 || client_fail(error, PEBBLE_ERROR_FILE, "cannot create thread: %s", error_errno_text(errnum));
}
