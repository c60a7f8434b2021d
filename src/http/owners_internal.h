// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: the owners of a server's connections. An owner is a user of the Unix socket, or the network address
// of a client over TCP: an IPv4 address, or the first 64 bits of an IPv6 address. Connections, memory and time of the
// loop are shared out among owners, however many connections each has.
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "loop/shares.h"
#include "net/peer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// For what a connection is held. Those that are held longest for the first of these are closed first to make room.
enum hold {
    HOLD_LINGER,
    HOLD_HANDSHAKE,
    HOLD_IDLE,
    HOLD_HEAD,
    HOLD_REST,
    HOLD_REQUEST, // from the end of a head to the end of the response
    HOLD_KINDS,
};

#define OWNER_SIZES 48 // powers of two of a number of connections or bytes

struct owner {
    struct list by_connections, by_bytes; // in owners
    struct share share;
    size_t connections, bytes;
    size_t holds;          // owner_hold()
    bool is_administrator; // see peer_is_administrator()
    struct list held[HOLD_KINDS];
    char key[PEER_KEY_SIZE];
};

// Lists of the owners with 2^i to 2^(i + 1) - 1 connections or bytes; of others, and of administrators.
struct owners {
    struct map by_key;
    struct shares *shares;
    struct share *heir; // of calls that wait when their owner ends
    struct list by_connections[2][OWNER_SIZES];
    struct list by_bytes[2][OWNER_SIZES];
};

void owners_init(struct owners *owners, struct shares *shares, struct share *heir);
void owners_finish(struct owners *owners); // there are no connections
// The owner of connections from this peer; a new one has no connections.
struct owner *owners_get(struct owners *owners, const char *key, bool is_administrator);
void owner_add_connection(struct owners *owners, struct owner *owner);
// Frees the owner if that was its last connection, and nobody holds it.
void owner_remove_connection(struct owners *owners, struct owner *owner);
// Holds the owner, whose share is used beyond its connections.
void owner_hold(struct owner *owner);
void owner_release(struct owners *owners, struct owner *owner); // frees it if it has no connections and other holds
void owner_set_bytes(struct owners *owners, struct owner *owner, size_t bytes);
// One of those with the most connections or bytes, up to a factor of two. NULL if there is none.
struct owner *owners_with_most_connections(const struct owners *owners, bool is_administrator);
struct owner *owners_with_most_bytes(const struct owners *owners, bool is_administrator);
