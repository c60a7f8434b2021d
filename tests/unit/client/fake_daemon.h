// SPDX-License-Identifier: GPL-3.0-or-later
// A daemon that says what it was told to say: a thread behind a Unix socket (or a TCP port), which reads one request
// after the other and gives each the next answer of its script. After the last it closes and is gone.
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_response {
    // One of these at most; without any there is no answer.
    const char *result; // of a "sync" answer
    const char *json;   // a whole body
    const char *bytes;  // everything, head included; a string unless `length` is given
    size_t length;
    int status;        // with `result` and `json`; 0 for 200
    size_t piece;      // bytes in one send, 0 for all at once
    bool closes;       // the connection, afterwards
    bool holds;        // waits, afterwards, until the client closes
    bool ignores_body; // answers after the request's head, does not read on
    bool raises;       // a signal to the process before the answer
    int signal;        // with `raises`; 0 for SIGUSR1
};

struct fake_daemon;

// `path` NULL: 127.0.0.1, any port. The script is borrowed.
struct fake_daemon *fake_daemon_start(const char *path, const struct fake_response *script, size_t count);
int fake_daemon_port(const struct fake_daemon *daemon);
// Ends it, wherever it is in its script, and removes the socket. The texts of the requests go to `requests` (may be
// NULL), each with the number of its connection and a blank in front: "1 GET / HTTP/1.1\r\n...".
void fake_daemon_stop(struct fake_daemon *daemon, struct text_list *requests);

// A fresh directory with a place for a socket in it.
char *fake_socket_path(void);
void fake_socket_remove(char *path); // frees it, too
