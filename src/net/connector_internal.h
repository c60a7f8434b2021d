// SPDX-License-Identifier: GPL-3.0-or-later
// Private to net/: private to the connector's files in net/.
#pragma once

#include "base/list.h"
#include "loop/worker_pool.h"
#include "net/connector.h"

#define RESOLVE_THREADS 8
#define RESOLVE_QUEUE_MAX ((size_t)64)

struct connector {
    struct loop *loop;
    struct worker_pool *pool;
    resolve_fn resolve;
    struct list attempts;   // connection_attempt.link
    struct list lookups;    // lookup.link
    unsigned hanging_count; // of the lookups: they run, and nobody waits for them any more
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
    struct lookup *lookup; // NULL unless it waits for one
    struct list lookup_link;
    struct address_list addresses;
    size_t tried_count;
    struct connect_poll *poll; // of the address that is being tried
    struct error err;          // the first address'
    bool is_over;
};

// --- connector.c ---

// Goes on with what a name resolved to: exactly one of `found` and `err`.
void attempt_resolved(struct connection_attempt *attempt, const struct address_list *found, const struct error *err);

// --- connector_lookup.c ---

// Has the attempt's host resolved, together with others that wait for the same name. ERROR_UNAVAILABLE if too many
// look-ups wait or hang.
bool lookup_join(struct connection_attempt *attempt, struct error *err) NODISCARD;
// The attempt does not wait any more; fine if it does not.
void lookup_leave(struct connection_attempt *attempt);
// When the pool is destroyed: look-ups that still run are freed at their end.
void lookup_abandon_all(struct connector *connector);

// --- connector_address.c ---

bool resolve_with_getaddrinfo(const char *name, struct address_list *found, struct error *err) NODISCARD;
// A numeric address of either family; false if it is none. Does not block.
bool address_parse(const char *text, struct address_list *found) NODISCARD;
// Puts the port in and returns the address' length.
socklen_t address_set_port(struct sockaddr_storage *address, uint16_t port);
char *address_text(const struct sockaddr_storage *address); // "127.0.0.1:80", "[::1]:80"; owned
// Whether a TCP connection has the same address at both ends, as one to an unused local port sometimes has.
bool address_is_own_peer(int fd);
void address_list_copy(struct address_list *target, const struct address_list *source);
void address_list_finish(struct address_list *list);
