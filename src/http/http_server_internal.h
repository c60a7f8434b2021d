// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: what a server consists of.
#pragma once

#include "http/exchange_internal.h"
#include "http/http_server.h"
#include "net/acceptor.h"

extern const struct http_limits http_usual_limits; // those of descriptors unset

struct http_server {
    struct connections connections;
    struct exchanges exchanges;
    struct acceptor *acceptor; // NULL once it shuts down
    struct descriptor_budget *descriptors;
    int newest_descriptor; // of a connection
    struct timer *grace_timer;
    struct deferred end;
    void (*on_end)(void *data);
    void *on_end_data;
    bool is_destroyed; // but exchanges are still kept
};
