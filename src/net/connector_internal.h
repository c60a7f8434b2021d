// SPDX-License-Identifier: GPL-3.0-or-later
// Private to net/: shared by the files of the connector.
#pragma once

#include "base/list.h"
#include "loop/worker_pool.h"
#include "net/connector.h"

#define RESOLVE_THREADS 8
#define RESOLVE_QUEUE_MAX ((size_t)4096) // names; attempts leave the queue when their time is over

struct connector {
    struct loop *loop;
    struct worker_pool *pool;
    struct worker_pool *localhost_pool; // "localhost" is resolved even if other names occupy all threads of `pool`
    resolve_fn resolve;
    struct list attempts; // connection_attempt.link
    struct list lookups;  // lookup.link
};

struct connect_poll;
struct lookup;

struct connection_attempt {
    struct list link;
    struct connector *connector;
    connect_done_fn on_done;
    void *data;
    struct deferred begin;
    struct timer *timer;
    int64_t deadline_ns; // monotonic
    char *host;
    uint16_t port;
    char *unix_path;       // NULL: TCP
    struct lookup *lookup; // the look-up that it waits for, or NULL
    struct list lookup_link;
    struct address_list addresses;
    size_t tried_count;
    struct connect_poll *poll; // of the current address
    struct error err;          // of the first address
    bool is_over;
};

// --- connector.c ---

// Continues after the look-up. Exactly one of `found` and `err` is set.
void attempt_resolved(struct connection_attempt *attempt, const struct address_list *found, const struct error *err);

// --- connector_lookup.c ---

// Starts to resolve the host of the attempt, or joins a look-up of the same name. ERROR_UNAVAILABLE if too many
// look-ups wait.
bool lookup_join(struct connection_attempt *attempt, struct error *err) NODISCARD;
// Removes the attempt from its look-up. No effect if it is not waiting.
void lookup_leave(struct connection_attempt *attempt);
// Call when the pool is destroyed. Running look-ups are freed when they end.
void lookup_abandon_all(struct connector *connector);

// --- connector_address.c ---

bool resolve_with_getaddrinfo(const char *name, struct address_list *found, struct error *err) NODISCARD;
// Parses a numeric address of either family. Does not block.
bool address_parse(const char *text, struct address_list *found) NODISCARD;
// Sets the port and returns the length of the address.
socklen_t address_set_port(struct sockaddr_storage *address, uint16_t port);
char *address_text(const struct sockaddr_storage *address); // "127.0.0.1:80", "[::1]:80"; owned
// Whether a TCP connection is connected to itself, as can happen with an unused local port.
bool address_is_own_peer(int fd);
void address_list_copy(struct address_list *target, const struct address_list *source);
void address_list_finish(struct address_list *list);
