// SPDX-License-Identifier: GPL-3.0-or-later
// The peer of a connection.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

// Returns the peer of a Unix connection (SO_PEERCRED); unknown for any other descriptor.
struct peer {
    bool is_known;
    pid_t pid; // 0 in another PID namespace
    uid_t uid;
};
struct peer peer_of(int fd);
// Whether it is root or the user of this process.
bool peer_is_administrator(const struct peer *peer);

// Writes a key for the owner of a connection: the user of a Unix connection, or the address of a TCP client, of IPv6
// the first 64 bits, because a host may have all addresses with these. "unknown" if there is neither.
#define PEER_KEY_SIZE 64
void peer_key(const struct peer *peer, int fd, char key[static PEER_KEY_SIZE]);

// Returns the peer address of a TCP connection: "127.0.0.1:4711" or "[::1]:4711", with a mapped IPv4 address in IPv4
// form. Owned; NULL for any other descriptor, and if the connection is closed.
char *peer_address(int fd);
