// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: the structure of a server.
#pragma once

#include "http/exchange_internal.h"
#include "http/http_server.h"
#include "net/acceptor.h"

extern const struct http_limits http_usual_limits; // without those of descriptors

struct http_server {
    struct connections connections;
    struct exchanges exchanges;
    struct acceptor *acceptor; // NULL during a shutdown
    struct http_tls_hooks tls;
    struct descriptor_budget *descriptors;
    int newest_descriptor; // of a connection
    struct timer *grace_timer;
    struct deferred end;
    void (*on_end)(void *data);
    void *on_end_data;
    bool is_destroyed; // pending exchanges or held shares remain
};
