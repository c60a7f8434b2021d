// SPDX-License-Identifier: GPL-3.0-or-later
// Who is at the other end of a connection.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

// Of a Unix connection (SO_PEERCRED); not known for any other descriptor.
struct peer {
    bool is_known;
    pid_t pid; // 0 in another PID namespace
    uid_t uid;
};
struct peer peer_of(int fd);

// "127.0.0.1:4711" or "[::1]:4711" of a TCP connection, an IPv4 address that came over an IPv6 socket in its own form;
// "" for any other descriptor, and once the peer is gone.
#define PEER_ADDRESS_SIZE 64
void peer_address(int fd, char out[PEER_ADDRESS_SIZE]);
